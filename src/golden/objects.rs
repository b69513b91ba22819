//! Seeded objects: what people and earlier reconciles wrote on them, and what this process remembers.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::dice::Dice;
use super::wishes::{DEAD, UID};
use crate::plan::desired::{Deletion, Desired};
use crate::plan::futile::{Futile, print};
use crate::plan::intent::{Attempt, Intent};
use crate::plan::object::{ObjectFacts, Stored};
use crate::plan::recorded::{Ended, Outcome, Recorded};
use crate::plan::report::{Next, Ready, Report};
use crate::plan::view::{Relations, StateView};
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

const NONCES: [&[&str]; 9] = [
    &[],
    &["c1"],
    &["c1"],
    &["c1", "c2"],
    &["c1", "c2"],
    &["a1"],
    &["c1", "a2"],
    &["a1", "c2"],
    &["c0", "c3", "c4", "c5", "c6", "c7", "c1", "c2"],
];

/// An intent with these attempts, most of which sent what is wanted now.
pub(super) fn intent(dice: &mut Dice, desired: &Desired, nonces: &[&str]) -> Intent {
    let mut target = desired.target.clone();
    match dice.below(24) {
        0 => target.account = "elsewhere".into(),
        1 => target.region = "eu-central-1".into(),
        2 => target.workspace = "479".into(),
        _ => {}
    }
    let hash = |dice: &mut Dice| if dice.chance(80) { desired.hash() } else { "0123456789abcdef".to_owned() };
    let attempts = nonces.iter().map(|nonce| Attempt { nonce: (*nonce).into(), hash: hash(dice) }).collect();
    Intent {
        uid: UID.into(),
        target,
        principal: dice.one(&["ak", "ak", "former"]).into(),
        attempts,
        ..Intent::default()
    }
}

/// The object. `poll`, `requested` and the like come and go independently.
pub(super) fn facts(dice: &mut Dice, desired: &Desired) -> ObjectFacts {
    let finalizer = dice.chance(85);
    let nonces = dice.one(&NONCES);
    let own = intent(dice, desired, nonces);
    let foreign = Intent { uid: DEAD.into(), ..own.clone() };
    let kept = [(80, Stored::Own(own)), (12, Stored::Absent), (8, Stored::Foreign(foreign))];
    let force = [(90, None), (3, Some("d-1")), (2, Some("d-1/v2")), (2, Some("none")), (3, Some("wrong"))];
    let unclear_pause = dice.maybe(3, "nein".to_owned());
    let ours = finalizer.then(|| "dataset-operator.dev/remote".to_owned());
    let theirs = dice.maybe(10, "example.org/theirs".to_owned());
    let polls = [(80, None), (6, Some(0)), (7, Some(30)), (7, Some(600))];
    ObjectFacts {
        uid: UID.into(),
        namespace: "ns".into(),
        name: "o".into(),
        resource_version: "7".into(),
        generation: dice.one(&[1, 2, 3]),
        deleting: dice.chance(30),
        finalizer,
        finalizers: theirs.into_iter().chain(ours).collect(),
        intent: dice.pick(&kept),
        paused: unclear_pause.is_some() || dice.chance(9),
        unclear_pause,
        force_release: dice.pick(&force).map(str::to_owned),
        poll: dice.pick(&polls).map(Duration::from_secs),
        requested: dice.maybe(20, "now".to_owned()),
    }
}

/// A status. Most of it fits the object.
pub(super) fn recorded(dice: &mut Dice, object: &ObjectFacts, desired: &Desired) -> Recorded {
    let id = match &desired.target.dataset_id {
        None => RemoteId::new("d-1"),
        Some(_) if desired.bind => RemoteId::new("d-1").join("v1"),
        Some(_) => RemoteId::new("d-1").join("v2"),
    };
    let has = dice.chance(65);
    let newest = object.intent.own().and_then(Intent::newest).unwrap_or("c1").to_owned();
    let outcome = match Origin::of_nonce(&newest) {
        Origin::Created => Outcome::Created,
        Origin::Adopted => Outcome::Adopted,
    };
    let ended = |nonce: &str, outcome| Some(Ended { nonce: nonce.to_owned(), outcome });
    let attempts = if has {
        [
            (12, ended(&newest, outcome)),
            (3, ended("c1", Outcome::Created)),
            (1, None),
            (1, ended("c2", Outcome::Refused)),
        ]
    } else {
        [
            (4, None),
            (4, ended(&newest, Outcome::Refused)),
            (1, ended("c1", Outcome::Refused)),
            (1, ended("c0", outcome)),
        ]
    };
    let mut fixed = desired.fixed.clone();
    match dice.below(12) {
        0 => drop(fixed.insert("Uri".into(), json!("oss://other/"))),
        1 => drop(fixed.remove("DataSourceType")),
        2 => fixed.clear(),
        _ => {}
    }
    let keys = [&[][..], &["old"], &["team"], &["team", "old", "v1=light", "v1=old"]];
    let mut recorded = Recorded {
        observed_generation: -1,
        id: has.then_some(id),
        origin: has.then_some(dice.pick(&[(8, Origin::Created), (3, Origin::Adopted)])),
        recovered: dice.chance(10),
        fixed: if has { fixed } else { Fields::new() },
        attempt: dice.pick(&attempts),
        label_keys: dice.one(&keys).iter().map(|key| (*key).to_owned()).collect(),
        principal: dice.maybe(80, "ak".to_owned()),
        handled: if dice.chance(60) { object.requested.clone() } else { None },
        ..Recorded::default()
    };
    if dice.chance(60) {
        recorded.info.insert("name".into(), json!("o"));
    }
    let generation = if dice.chance(70) { object.generation } else { object.generation - 1 };
    let ready = if dice.chance(60) { Ready::Available("fine".into()) } else { Ready::Paused("paused".into()) };
    if dice.chance(85) {
        recorded = crate::reconcile::conditions::next_status(
            &recorded,
            &Report::new(ready, Next::Event),
            generation,
            Timestamp::UNIX_EPOCH,
        );
    }
    recorded
}

/// What this process remembers.
pub(super) fn process(dice: &mut Dice, object: &ObjectFacts) -> StateView {
    let millis = |number: u64| Duration::from_millis(number);
    let newest = object.intent.own().and_then(Intent::newest).unwrap_or("c1").to_owned();
    StateView {
        uncertain_for: millis(dice.one(&[0, 400, 1000, 3000, 5999, 6000, 60_000])),
        lists: dice.below(4),
        settled_lists: dice.below(4),
        resolved: dice.chance(15),
        never_executed: dice.maybe(10, newest),
        name_taken: dice.pick(&[(85, None), (4, Some(0)), (3, Some(400)), (8, Some(1000))]).map(millis),
        deleting_age: millis(dice.one(&[0, 1500, 2000, 5000])),
        recorded_age: dice.one(&[None, None, Some(500), Some(1000), Some(1001), Some(5000)]).map(millis),
        read_age: dice.one(&[None, Some(1000), Some(30_000), Some(100_000)]).map(millis),
        predecessor_uncertain: dice.chance(10),
        futile: BTreeMap::new(),
        fresh: "0123456789abcdef".into(),
        ..StateView::default()
    }
}

/// Fields that were sent in vain, among those that are wanted or are to be removed.
pub(super) fn futile(dice: &mut Dice, desired: &Desired) -> BTreeMap<String, Futile> {
    let label = |prefix: &str, key: &str| format!("{prefix}labels={key}");
    let members = desired.mutable.iter().map(|(name, value)| (name.clone(), print(Some(value))));
    let firsts = desired.first.fields.iter().map(|(name, value)| (format!("v1={name}"), print(Some(value))));
    let of_labels = desired.labels.iter().map(|(key, value)| (label("", key), print(Some(&json!(value)))));
    let of_first = desired.first.labels.iter().flatten();
    let of_first = of_first.map(|(key, value)| (label("v1=", key), print(Some(&json!(value)))));
    let unset = ["", "v1="].map(|prefix| (label(prefix, "old"), print(None)));
    let all: Vec<_> = members.chain(firsts).chain(of_labels).chain(of_first).chain(unset).collect();
    let mut futile = BTreeMap::new();
    for (field, wanted) in all {
        let wanted = if dice.chance(90) { wanted } else { print(Some(&json!("before"))) };
        let seen =
            [None, None, Some(print(Some(&json!("by hand")))), Some(print(None)), Some(print(Some(&json!("1"))))];
        let left = dice.one(&seen);
        futile.extend(dice.maybe(80, (field, Futile { wanted, left })));
    }
    futile
}

/// What other objects mean for one that is being deleted.
pub(super) fn relations(dice: &mut Dice, versioned: bool) -> Relations {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let rare = |dice: &mut Dice| dice.chance(15);
    if versioned {
        let swept_along = dice.chance(25);
        return Relations {
            swept_along,
            alone: rare(dice),
            after: dice.maybe(8, "newer".into()),
            ..Relations::default()
        };
    }
    let versions = |named: &[&str]| [("DatasetVersion", names(named))].into();
    let living = if rare(dice) { versions(dice.one(&[&["a"], &["a", "b"]])) } else { [].into() };
    Relations {
        living,
        leaving: if rare(dice) { versions(&["c"]) } else { [].into() },
        doomed: if rare(dice) { dice.one(&[["v2"], ["v3"]]).map(str::to_owned).into() } else { [].into() },
        delete_foreign: rare(dice),
        ..Relations::default()
    }
}

/// `deletionPolicy` of a spec.
pub(super) fn deletion(dice: &mut Dice) -> Option<Deletion> {
    dice.pick(&[(5, None), (2, Some(Deletion::Delete)), (2, Some(Deletion::Retain))])
}
