//! Seeded knowledge of the cloud: what the inventory showed, what was read in this reconcile, and an attempt under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dice::Dice;
use super::lean::Lean;
use super::wishes::{LIVING, MARKS, Mark, Model, Scene};
use crate::api::condition::Reason;
use crate::plan::desired::Desired;
use crate::plan::intent::Intent;
use crate::plan::neighbour::Neighbour;
use crate::plan::recorded::LastError;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::view::{Observation, View};
use crate::plan::{Flight, Landed};
use crate::remote::Remote;
use crate::remote::id::{RemoteId, VERSIONS};
use crate::remote::mark::{Owner, RawMark};

/// What is known of the cloud.
#[allow(clippy::too_many_lines, reason = "one list of odds")]
pub(super) fn see(part: &dyn Fn(&str) -> Dice, view: &mut View, wanted: &Desired, scene: &Scene, lean: Lean) {
    let owner = view.owner.clone();
    let alike = part("likeness").pick(&[(3, 70), (3, 92), (3, 100)]);
    let model = Model { scene, owner: &owner, desired: wanted, alike };
    let dice = &mut part("seen");
    let calm = lean != Lean::Anywhere;
    let seen = &mut view.observed;
    seen.object_is_fresh = dice.chance(60);
    seen.swept = dice.chance(if calm { 88 } else { 70 });
    seen.absence_counts = dice.chance(85);
    seen.owned_is_fresh = dice.chance(if lean == Lean::Taken { 90 } else { 65 });
    seen.permit = dice.chance(50);
    seen.delete_refused = dice.chance(8);
    seen.definition_going = view.object.deleting && dice.chance(3);
    seen.drifted = dice.maybe(5, "description: found \"a\", wanted \"b\"".to_owned());
    seen.live_here = BTreeSet::from([LIVING.to_owned()]);
    if dice.chance(50) {
        seen.neighbours = BTreeMap::from([(LIVING.to_owned(), neighbour(dice, &owner))]);
    }
    seen.name_refused = dice.maybe(7, Box::new(refusal(Reason::NameTaken)));
    let mark = match lean {
        Lean::Unmarked => Mark::Nobody,
        Lean::Settled | Lean::Leaving | Lean::Twice if dice.chance(72) => Mark::Mine,
        Lean::Anywhere
        | Lean::Settled
        | Lean::Free
        | Lean::Doubt
        | Lean::Leaving
        | Lean::Flying
        | Lean::Gone
        | Lean::Named
        | Lean::Adopting
        | Lean::Taken
        | Lean::Twice
        | Lean::Empty => dice.pick(&MARKS),
    };
    let recorded = view.recorded.id.clone();
    for id in ids(view, wanted) {
        let dice = &mut part(&format!("sight of {id}"));
        let own = recorded.as_ref() == Some(&id);
        let mark = if own { mark } else { dice.pick(&MARKS) };
        let nonce = if own { "c1" } else { dice.one(&["c1", "c2", "a1"]) };
        let remote = model.remote(dice, &id, mark, nonce);
        let remote = if own && id.child().is_none() && dice.chance(30) { private(&remote) } else { remote };
        let first = id.child() == Some("v1") && !wanted.bind;
        let remote = if first { model.first(dice, id.root(), "v1") } else { remote };
        let odds = match lean {
            Lean::Unmarked if own => [2, 8, 20, 70],
            Lean::Gone if own => [1, 97, 1, 1],
            Lean::Gone => [15, 65, 10, 10],
            Lean::Anywhere => [30, 15, 25, 30],
            Lean::Settled
            | Lean::Free
            | Lean::Doubt
            | Lean::Leaving
            | Lean::Flying
            | Lean::Unmarked
            | Lean::Named
            | Lean::Adopting
            | Lean::Taken
            | Lean::Twice
            | Lean::Empty => {
                if own {
                    [3, 12, 40, 45]
                } else {
                    [20, 15, 30, 35]
                }
            }
        };
        let sights =
            [None, Some(Observation::Gone), Some(Observation::Listed(remote.clone())), Some(Observation::Read(remote))];
        let sights: Vec<_> = odds.into_iter().zip(sights).collect();
        view.observed.remotes.extend(dice.pick(&sights).map(|sight| (id, sight)));
    }
    let owns = match lean {
        Lean::Settled | Lean::Gone => 25,
        Lean::Named | Lean::Adopting | Lean::Taken => 10,
        Lean::Twice => 90,
        Lean::Anywhere | Lean::Free | Lean::Doubt | Lean::Leaving | Lean::Flying | Lean::Unmarked | Lean::Empty => 65,
    };
    if part("owned at all").chance(owns) {
        owned(&part, view, &model);
    }
    let dice = &mut part("lists");
    if dice.chance(if matches!(lean, Lean::Named | Lean::Taken) { 85 } else { 50 }) {
        let count = dice.below(4);
        let id = |at: u32| RemoteId::new(format!("d-{}", at + 1));
        let list = (0..count).map(|at| model.remote(dice, &id(at), dice_mark(at, part), "c2")).collect();
        view.observed.named = Some(list);
    }
    if dice.chance(60) {
        let count = dice.one(&[1, 2, 2, 3]);
        let list = (1..=count).map(|at| model.first(dice, "d-1", &format!("v{at}"))).collect();
        view.observed.children.insert(VERSIONS, list);
    }
    if dice.chance(12) {
        let elsewhere = view.observed.owned.iter().map(|remote| remote.id.clone());
        view.observed.recorded_elsewhere = elsewhere.filter(|_| dice.chance(60)).collect();
    }
    if lean == Lean::Flying || part("flies").chance(2) {
        let (flight, marked) = flight(&mut part("flight"), view);
        view.observed.flight = Some(flight);
        mark_what_is_taken(view, marked);
    }
}

/// The same remote as a private one.
fn private(remote: &Remote) -> Arc<Remote> {
    let mut remote = remote.clone();
    remote.fields.insert("Accessibility".into(), "PRIVATE".into());
    Arc::new(remote)
}

/// The remote is mostly unmarked, because only then it can be adopted by its name.
fn dice_mark(at: u32, part: &dyn Fn(&str) -> Dice) -> Mark {
    let dice = &mut part(&format!("mark of {at}"));
    if dice.chance(60) { Mark::Nobody } else { dice.pick(&MARKS) }
}

/// The remotes that a view may know.
fn ids(view: &View, wanted: &Desired) -> BTreeSet<RemoteId> {
    let mut ids: BTreeSet<RemoteId> = view.recorded.id.iter().chain(&wanted.adopt).cloned().collect();
    if let Some(dataset) = &wanted.target.dataset_id {
        ids.extend([RemoteId::new(dataset.clone()), RemoteId::new("d-1")]);
    } else {
        ids.insert(RemoteId::new("d-1").join("v1"));
    }
    ids
}

/// Remotes that carry the owner's mark, or look like it to the service's filters.
fn owned(part: &dyn Fn(&str) -> Dice, view: &mut View, model: &Model<'_>) {
    let dice = &mut part("owned");
    let versioned = model.desired.target.dataset_id.is_some();
    for at in 0..dice.pick(&[(6, 1_u32), (3, 2), (1, 3)]) {
        let number = if dice.chance(12) { 1 } else { at + 2 };
        let id = if versioned {
            RemoteId::new("d-1").join(format!("v{}", number + 1))
        } else {
            RemoteId::new(format!("d-{number}"))
        };
        let mark = if dice.chance(40) { Mark::Mine } else { dice.pick(&MARKS) };
        let nonce = dice.one(&["c1", "c2", "c2", "a1", "c9"]);
        let remote = model.remote(dice, &id, mark, nonce);
        let sights = [
            (20, None),
            (10, Some(Observation::Gone)),
            (30, Some(Observation::Listed(remote.clone()))),
            (45, Some(Observation::Read(remote.clone()))),
        ];
        let sight = dice.pick(&sights);
        let known = view.observed.remotes.contains_key(&id);
        view.observed.remotes.extend(sight.filter(|_| !known).map(|sight| (id, sight)));
        view.observed.owned.push(remote);
    }
}

fn neighbour(dice: &mut Dice, owner: &Owner) -> Neighbour {
    Neighbour {
        kind: if owner.kind.starts_with("DatasetVersion") { "DatasetVersion" } else { "Dataset" },
        resource: if owner.kind.starts_with("DatasetVersion") { "paidsv" } else { "paids" },
        namespace: dice.one(&["ns", "team-a"]).into(),
        name: "flowers".into(),
        uid: LIVING.into(),
        deletes: dice.chance(50),
    }
}

/// A report about a refusal by the service.
fn refusal(reason: Reason) -> Report {
    let error = LastError {
        code: "InvalidUri".into(),
        request_id: Some("r-1".into()),
        operation: "CreateDataset".into(),
        time: "2026-01-01T00:00:00Z".into(),
    };
    let ready = if reason.stalled() {
        Ready::Stuck(reason, "the service says no".into())
    } else {
        Ready::Working(reason, "the service says no".into())
    };
    Report { error: Some(error), ..Report::new(ready, Next::Backoff) }
}

/// Gives a remote that is being taken the mark of that attempt, exactly if it was written already.
fn mark_what_is_taken(view: &mut View, marked: bool) {
    let Some(Flight::Take { nonce, id, .. }) = view.observed.flight.clone() else { return };
    let mark = view.config.identity.mark(&view.owner, &view.object.uid, &nonce);
    let Some(Observation::Listed(remote) | Observation::Read(remote)) = view.observed.remotes.get_mut(&id) else {
        return;
    };
    let held = &mut Arc::make_mut(remote).mark;
    if marked {
        *held = Some(mark);
    } else if let Some(same) = held.take_if(|held| held.names_the_same(&mark)) {
        *held = RawMark { released: same.released, ..RawMark::default() }.present();
    }
}

/// An attempt under way, and whether its mark was written already.
fn flight(dice: &mut Dice, view: &View) -> (Flight, bool) {
    let newest = view.object.intent.own().and_then(Intent::newest).unwrap_or("c1").to_owned();
    let id = match &view.owner.kind {
        kind if kind.starts_with("DatasetVersion") => RemoteId::new("d-1").join("v2"),
        _ => RemoteId::new("d-1"),
    };
    let sighted = view.observed.remotes.keys().find(|known| known.child().is_some() == id.child().is_some());
    let taken = sighted.filter(|_| dice.chance(80)).cloned().unwrap_or_else(|| id.clone());
    let create = |landed| Flight::Create { nonce: newest.clone(), landed };
    let refused = refusal(dice.one(&[Reason::InvalidSpec, Reason::AccessDenied, Reason::QuotaExceeded]));
    let recovered = dice.chance(30);
    let take = || Flight::Take { nonce: "a7".into(), id: taken.clone(), recovered };
    let flights = [
        (5, (create(None), false)),
        (1, (Flight::Create { nonce: String::new(), landed: None }, false)),
        (5, (create(Some(Landed::Refused(Box::new(refused)))), false)),
        (5, (create(Some(Landed::At(id))), false)),
        (5, (take(), false)),
        (7, (take(), true)),
    ];
    dice.pick(&flights)
}
