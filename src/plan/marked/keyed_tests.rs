//! The truth table of the plan for remotes that are known by their names: where an object stands, what a read of the name
//! shows, and the step that follows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::plan::desired::{Deletion, Policy};
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::cases::{desire, fields};
use crate::plan::marked::tests::view;
use crate::plan::object::Stored;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::Ready;
use crate::plan::step::Flight;
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, Origin, Owner, RawMark};
use crate::remote::place;

const NONCE: &str = "c0123456789abcdef";
const TAKEN: &str = "a0123456789abcdef";
const MADE: &str = "2026-11-29T00:00:00+08:00";
const LATER: &str = "2026-11-30T00:00:00+08:00";

/// What a read of the name shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Unknown,
    Listed(Mark),
    Read(Mark),
    Gone,
}

/// The mark of the remote, seen from the object.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Mine,
    Predecessor,
    Released,
    Other,
    Dead,
    Forged,
    Nobody,
}

use Mark::{Dead, Forged, Mine, Nobody, Other, Predecessor, Released};
use Seen::{Gone, Listed, Read, Unknown};

fn key() -> RemoteId {
    RemoteId::keyed("photos", "cats")
}

/// An object that wants the dataset `cats` of the project `photos`.
fn wants() -> View {
    let mut view = View { profile: &crate::kinds::media_dataset::PROFILE, ..view() };
    let desired = desire(&mut view);
    let members = json!({"ProjectName": "photos", "Name": "cats", "Description": "new"});
    desired.target.workspace = place::of_project("photos");
    desired.target.name = Some("cats".to_owned());
    desired.create = fields(members);
    desired.fixed = fields(json!({"ProjectName": "photos", "Name": "cats"}));
    desired.mutable = fields(json!({"Description": "new"}));
    view.observed.swept = true;
    view.state.uncertain_for = Duration::from_secs(1);
    view
}

/// The same with an attempt that is in doubt.
fn in_doubt() -> View {
    let mut view = wants();
    let attempts = vec![Attempt { nonce: NONCE.to_owned(), hash: desire(&mut view).hash() }];
    let (uid, target) = (view.object.uid.clone(), view.target().unwrap());
    let intent = Intent { uid, target, principal: "ak".to_owned(), attempts, ..Intent::default() };
    view.object.intent = Stored::Own(intent);
    view.object.finalizer = true;
    view
}

/// The same once the attempt is recorded.
fn recorded() -> View {
    let mut view = in_doubt();
    view.recorded.id = Some(key());
    view.recorded.origin = Some(Origin::Created);
    view.recorded.fixed = fields(json!({"ProjectName": "photos", "Name": "cats"}));
    view.recorded.attempt = Some(Ended { nonce: NONCE.to_owned(), outcome: Outcome::Created });
    view.recorded.info.insert("createTime".to_owned(), json!(MADE));
    view
}

fn deleting() -> View {
    let mut view = recorded();
    (view.object.deleting, view.observed.object_is_fresh) = (true, true);
    view
}

/// The intent says that a delete was sent.
fn delete_sent() -> View {
    let mut view = deleting();
    let Stored::Own(intent) = &mut view.object.intent else { unreachable!() };
    intent.delete_sent = true;
    view
}

fn mark(view: &View, mark: Mark) -> Option<RawMark> {
    let identity = &view.config.identity;
    let (target, hash) = (" imm:photos cats", "0123456789abcdef");
    let of = |owner: &Owner, uid: &str| identity.text_mark(owner, &format!("default {target}"), uid, NONCE, hash);
    let stranger = Owner { name: "stranger".to_owned(), ..view.owner.clone() };
    match mark {
        Mine => Some(view.mark(NONCE)),
        Predecessor => of(&view.owner, "dead"),
        Released => of(&view.owner, "dead").map(RawMark::into_released),
        Other => of(&stranger, "other"),
        Dead => of(&stranger, "other").map(RawMark::into_released),
        Forged => identity.text_mark(&view.owner, "elsewhere", "dead", NONCE, hash),
        Nobody => None,
    }
}

fn shows(view: &View, whose: Mark, members: Fields) -> Arc<Remote> {
    let mut fields = fields(json!({"ProjectName": "photos", "Name": "cats", "Description": "old", "CreateTime": MADE}));
    fields.extend(members);
    let remote = Remote::labelled(key(), Labels::new(), fields, None);
    let remote = Remote { mark: mark(view, whose), ..remote };
    Arc::new(remote)
}

/// What the view's object does if a read of the name shows this.
fn step_of(view: &View, seen: Seen) -> Step {
    step_if(view, seen, Fields::new())
}

fn step_if(view: &View, seen: Seen, members: Fields) -> Step {
    let mut view = view.clone();
    let sight = match seen {
        Unknown => None,
        Listed(mark) => Some(Observation::Listed(shows(&view, mark, members))),
        Read(mark) => Some(Observation::Read(shows(&view, mark, members))),
        Gone => Some(Observation::Gone),
    };
    view.observed.remotes.extend(sight.map(|sight| (key(), sight)));
    plan(&view)
}

/// The step in words.
pub(super) fn words(step: &Step) -> String {
    match step {
        Step::Report(report) => match &report.ready {
            Ready::Available(_) => "Available".to_owned(),
            Ready::Working(reason, _) | Ready::Stuck(reason, _) => reason.to_string(),
            paused @ (Ready::Paused(_) | Ready::PausedReady(_)) => format!("{paused:?}"),
        },
        Step::Claim(intent, None) if intent.delete_sent => "Claim the delete".to_owned(),
        Step::Claim(_, Some(Flight::Take { recovered, .. })) => {
            if *recovered { "Claim to take back" } else { "Claim to adopt" }.to_owned()
        }
        Step::Record(record) => format!("Record {}", record.origin.as_str()),
        Step::Reread
        | Step::Look(_)
        | Step::Read(_)
        | Step::Permit
        | Step::Claim(..)
        | Step::Create
        | Step::Edit(_)
        | Step::Delete(_)
        | Step::Resolve
        | Step::Refuse(..)
        | Step::RemoveFinalizer
        | Step::Ignore => step.name().to_owned(),
    }
}

fn check(what: &str, view: &View, rows: &[(Seen, &str)]) {
    for (seen, expected) in rows {
        assert_eq!(words(&step_of(view, *seen)), *expected, "{what}, {seen:?}");
    }
}

#[test]
fn an_object_without_a_remote_reads_the_name_and_creates_once() {
    let mut view = wants();
    let always = [(Unknown, "Read"), (Listed(Mine), "Read"), (Listed(Nobody), "Read"), (Read(Mine), "Record Created")];
    let never = [(Read(Other), "OwnedByOther"), (Read(Forged), "OwnedByOther")];
    for policy in [Policy::IfMarked, Policy::CreateOnly, Policy::ByName, Policy::Only] {
        desire(&mut view).policy = policy;
        check("any policy", &view, &always);
        check("any policy", &view, &never);
    }
    for (policy, gone, predecessor, released, nobody) in [
        (Policy::IfMarked, "Permit", "Claim to take back", "NameTaken", "NameTaken"),
        (Policy::CreateOnly, "Permit", "NameTaken", "NameTaken", "NameTaken"),
        (Policy::ByName, "Permit", "Claim to take back", "Claim to adopt", "Claim to adopt"),
        (Policy::Only, "AdoptionNotFound", "Claim to take back", "NameTaken", "NameTaken"),
    ] {
        desire(&mut view).policy = policy;
        let rows = [
            (Gone, gone),
            (Read(Predecessor), predecessor),
            (Read(Released), released),
            (Read(Nobody), nobody),
            (Read(Dead), nobody),
        ];
        check(&format!("{policy:?}"), &view, &rows);
    }
    desire(&mut view).policy = Policy::ByName;
    view.observed.recorded_elsewhere.insert(key());
    let taken = [(Gone, "OwnedByOther"), (Read(Nobody), "OwnedByOther"), (Read(Predecessor), "OwnedByOther")];
    check("another object recorded it", &view, &taken);
    let mut view = wants();
    view.observed.permit = true;
    check("with a permit", &view, &[(Gone, "Claim")]);
    view.object.paused = true;
    assert!(words(&step_of(&view, Gone)).contains("Paused"));
}

#[test]
fn a_doubt_ends_with_a_read_of_the_name() {
    let mut view = in_doubt();
    let soon = [
        (Unknown, "Read"),
        (Listed(Nobody), "Read"),
        (Read(Mine), "Record Created"),
        (Gone, "Uncertain"),
        (Read(Nobody), "Uncertain"),
        (Read(Other), "Uncertain"),
    ];
    check("in the grace period", &view, &soon);
    view.state.name_taken = Some(Duration::ZERO);
    let refused = [
        (Read(Mine), "Record Created"),
        (Gone, "Resolve"),
        (Read(Nobody), "Refuse"),
        (Read(Other), "Refuse"),
        (Read(Predecessor), "Refuse"),
    ];
    check("the service said that the name is taken", &view, &refused);
    view.state.name_taken = None;
    view.state.uncertain_for = view.config.settle;
    let later =
        [(Read(Mine), "Record Created"), (Gone, "FindOwned"), (Read(Nobody), "Refuse"), (Read(Released), "Refuse")];
    check("after the grace period", &view, &later);
    (view.observed.owned_is_fresh, view.state.lists, view.state.settled_lists) = (true, 2, 2);
    check("after two lists", &view, &[(Gone, "Resolve")]);
    (view.object.deleting, view.observed.object_is_fresh) = (true, true);
    check("deleted meanwhile", &view, &[(Gone, "Resolve"), (Read(Nobody), "Resolve"), (Read(Mine), "Record Created")]);
    view.observed.absence_counts = false;
    check("another account calls", &view, &[(Gone, "AccountMismatch"), (Read(Mine), "Record Created")]);
}

#[test]
fn a_recorded_remote_is_kept_whoever_edited_its_text() {
    let mut view = recorded();
    check("its text differs", &view, &[(Listed(Mine), "Read"), (Read(Mine), "Change"), (Read(Nobody), "Change")]);
    view.observed.object_is_fresh = true;
    view.recorded.attempt = Some(Ended { nonce: TAKEN.to_owned(), outcome: Outcome::Adopted });
    let marked = [(Read(Other), "OwnedByOther"), (Read(Predecessor), "OwnedByOther"), (Read(Released), "Mark")];
    check("someone wrote a mark", &view, &marked);
    let mut view = recorded();
    let equal = || fields(json!({"Description": "new"}));
    assert_eq!(words(&step_if(&view, Listed(Mine), equal())), "Available");
    assert_eq!(words(&step_if(&view, Read(Nobody), equal())), "Available", "not put back for its own sake");
    let Step::Edit(edit) = step_of(&view, Read(Nobody)) else { panic!() };
    assert_eq!(edit.after[0].mark, Some(view.mark(NONCE)), "it is put back with the next edit");
    let another = fields(json!({"CreateTime": LATER}));
    assert_eq!(words(&step_if(&view, Read(Nobody), another)), "RemoteDeleted", "another one of that name");
    check("gone", &view, &[(Gone, "RemoteDeleted")]);
    desire(&mut view).recreate = true;
    check("made anew", &view, &[(Gone, "Permit")]);
    view.observed.swept = false;
    check("the project was not listed", &view, &[(Gone, "Sweep")]);
}

#[test]
fn what_a_read_shows_soon_after_a_change_is_no_drift() {
    let mut view = recorded();
    view.recorded.observed_generation = view.object.generation;
    view.state.edited_age = Some(Duration::from_secs(60));
    check("a minute later", &view, &[(Read(Mine), "Progressing")]);
    view.object.generation += 1;
    check("a new spec", &view, &[(Read(Mine), "Change")]);
    view.object.generation -= 1;
    view.state.edited_age = Some(place::UPDATE_LAG);
    check("five minutes later", &view, &[(Read(Mine), "Change")]);
}

#[test]
fn a_delete_is_noted_before_it_is_sent_and_waited_for_if_it_was_not_answered() {
    let view = deleting();
    let rows = [
        (Listed(Mine), "Read"),
        (Read(Mine), "Claim the delete"),
        (Read(Nobody), "Claim the delete"),
        // It may be the mark of another cluster: this object has a remote.
        (Read(Predecessor), "RemoveFinalizer"),
        (Read(Other), "RemoveFinalizer"),
        (Read(Forged), "RemoveFinalizer"),
        (Read(Released), "RemoveFinalizer"),
        (Gone, "RemoveFinalizer"),
    ];
    check("no delete was sent", &view, &rows);
    let full = fields(json!({"BindCount": 2, "FileCount": 7}));
    let step = step_if(&view, Read(Mine), full);
    assert_eq!(words(&step), "DeletionBlocked");
    assert!(format!("{step:?}").contains("2 bindings and 7 files"), "{step:?}");
    let another = fields(json!({"CreateTime": LATER}));
    assert_eq!(words(&step_if(&view, Read(Nobody), another)), "RemoveFinalizer", "another one of that name");
    let mut adopted = view.clone();
    adopted.recorded.origin = Some(Origin::Adopted);
    adopted.deletion = Some(Deletion::Delete);
    check("adopted", &adopted, &[(Read(Nobody), "RemoveFinalizer"), (Read(Mine), "Claim the delete")]);

    let mut view = delete_sent();
    view.state.delete_age = Some(Duration::from_secs(1));
    check("a delete was not answered", &view, &[(Read(Mine), "Delete"), (Gone, "Deleting")]);
    view.state.delete_age = Some(view.config.settle);
    check("the grace period is over", &view, &[(Gone, "RemoveFinalizer")]);
    view.state.delete_age = None;
    check("the delete was answered", &view, &[(Gone, "RemoveFinalizer")]);
}

#[test]
fn a_retained_remote_is_read_before_its_text_is_written() {
    let mut view = deleting();
    view.deletion = Some(Deletion::Retain);
    let rows = [
        (Listed(Mine), "Read"),
        (Read(Mine), "Release"),
        (Read(Nobody), "RemoveFinalizer"),
        (Read(Other), "RemoveFinalizer"),
        (Read(Released), "RemoveFinalizer"),
        (Gone, "RemoveFinalizer"),
    ];
    check("retained", &view, &rows);
}
