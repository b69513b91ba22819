//! A case for each rule of the protocol that one view is enough to break; seeded bugs (`tests/mutants`) showed the
//! missing ones.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::cloud::Request;
use crate::plan::desired::Deletion;
use crate::plan::edit::Purpose;
use crate::plan::intent::Attempt;
use crate::plan::marked::cases::{attempted, desire, fields, kept, twin};
use crate::plan::marked::tests::{is_edit, view};
use crate::plan::object::Stored;
use crate::plan::recorded::Ended;
use crate::plan::relations::Hold;
use crate::plan::step::{Flight, Look};
use crate::remote::Remote;
use crate::remote::id::{JOBS, RemoteId, VERSIONS};
use crate::remote::mark::Origin;

fn id() -> RemoteId {
    RemoteId::new("d-1")
}

/// A settled object with its remote, as the spec wants it.
fn settled() -> (View, Arc<Remote>) {
    let (mut view, remote) = kept(&id(), json!({"Name": "o", "Uri": "oss://b/", "Description": "new"}), &[]);
    view.observed.remotes.insert(id(), Observation::Read(remote.clone()));
    view.observed.object_is_fresh = true;
    (view, remote)
}

/// The same object while it is being deleted, with v1 as its only version.
fn deleted() -> View {
    let (mut view, remote) = settled();
    let v1 = Remote { id: RemoteId::new("d-1").join("v1"), latest: None, ..(*remote).clone() };
    let remote = Remote { latest: Some(Box::new(v1)), ..(*remote).clone() };
    view.observed.remotes.insert(id(), Observation::Read(Arc::new(remote)));
    view.object.deleting = true;
    view
}

/// Its remote, as it was read.
fn read(view: &View) -> Arc<Remote> {
    let Some(Observation::Read(remote)) = view.observation(&id()) else { panic!("{:?}", view.observation(&id())) };
    remote.clone()
}

/// Puts the object in doubt: nothing is recorded of its attempt.
fn unrecord(view: &mut View) {
    view.recorded.id = None;
    view.recorded.attempt = None;
}

/// Makes the object one that was never reconciled.
fn untouched(view: &mut View) {
    view.recorded = crate::plan::recorded::Recorded::default();
    view.object.intent = Stored::Absent;
    view.object.finalizer = false;
}

/// Makes its status say that the object is Ready.
fn told_ready(view: &mut View) {
    let report = Report::new(Ready::Available(String::new()), Next::Event);
    view.recorded = crate::reconcile::conditions::next_status(&view.recorded, &report, 1, jiff::Timestamp::UNIX_EPOCH);
}

fn told(view: &View) -> Report {
    let Step::Report(report) = plan(view) else { panic!("{:?}", plan(view)) };
    *report
}

fn is_stuck(view: &View, reason: Reason) -> bool {
    matches!(told(view).ready, Ready::Stuck(why, _) if why == reason)
}

#[test]
fn force_release_must_name_what_is_let_go() {
    let mut view = deleted();
    for (value, step) in [("d-1", Step::RemoveFinalizer), ("d-2", Step::Delete(id())), ("none", Step::Delete(id()))] {
        view.object.force_release = Some(value.to_owned());
        assert_eq!(plan(&view), step, "{value}");
    }
}

#[test]
fn living_and_strange_versions_keep_their_dataset() {
    let mut view = deleted();
    assert_eq!(plan(&view), Step::Delete(id()));
    view.relations.hold("DatasetVersion", "child".to_owned(), Hold::Living);
    assert!(matches!(told(&view).ready, Ready::Working(Reason::Deleting, _)), "it may be about to go as well");
    view.state.deleting_age = std::time::Duration::from_secs(2);
    assert!(is_stuck(&view, Reason::DeletionBlocked));
    view.relations.hold("DatasetVersion", "second".to_owned(), Hold::Living);
    view.relations.hold("Twin", "other".to_owned(), Hold::Living);
    let expected = "DatasetVersion child, second and Twin other still exist; delete them first";
    assert!(matches!(told(&view).ready, Ready::Stuck(_, message) if message == expected));
    view.relations.living.clear();
    view.relations.hold("Twin", "other".to_owned(), Hold::Leaving);
    let expected = "waiting for its Twins to be deleted or released";
    assert!(matches!(told(&view).ready, Ready::Working(_, message) if message == expected));
    view.relations.leaving.clear();
    let remote = read(&view);
    let v2 = Remote { id: RemoteId::new("d-1").join("v2"), latest: None, ..(*remote).clone() };
    let remote = Remote { latest: Some(Box::new(v2.clone())), ..(*remote).clone() };
    view.observed.remotes.insert(id(), Observation::Read(Arc::new(remote)));
    assert_eq!(plan(&view), Step::Look(Look::Children(RemoteId::new("d-1"), VERSIONS)));
    view.observed.children.insert(VERSIONS, vec![Arc::new(v2)]);
    assert!(is_stuck(&view, Reason::DeletionBlocked));
    view.relations.delete_foreign = true;
    assert_eq!(plan(&view), Step::Delete(id()));
}

#[test]
fn running_jobs_keep_their_dataset() {
    let mut view = deleted();
    view.relations.hold("DatasetJob", "nightly".to_owned(), Hold::Running);
    let expected = "waiting for DatasetJob nightly to end";
    assert!(matches!(told(&view).ready, Ready::Working(_, message) if message == expected));
    view.relations.running.clear();
    view.relations.jobs_listed = true;
    assert_eq!(plan(&view), Step::Look(Look::Children(id(), JOBS)));
    let job = |name: &str, state: &str| {
        let fields = fields(json!({"Status": state}));
        Arc::new(Remote { id: id().within(JOBS, name), fields, mark: None, latest: None, ..(*read(&view)).clone() })
    };
    let (ended, running) = (job("dsjob-1", "Failed"), job("dsjob-2", "Running"));
    view.observed.children.insert(JOBS, vec![ended.clone(), running]);
    let expected = "d-1 has running jobs that no DatasetJob here stands for: dsjob-2;";
    assert!(
        matches!(told(&view).ready, Ready::Stuck(Reason::DeletionBlocked, message) if message.starts_with(expected))
    );
    view.observed.children.insert(JOBS, vec![ended]);
    assert_eq!(plan(&view), Step::Delete(id()));
}

#[test]
fn an_unmarked_remote_is_deleted_only_if_status_proves_it() {
    let mut view = deleted();
    let remote = read(&view);
    let unmarked = Remote { mark: None, ..(*remote).clone() };
    view.observed.remotes.insert(id(), Observation::Read(Arc::new(unmarked.clone())));
    // A list shows that its create made no other remote.
    view.state.recorded_age = Some(view.config.list_lag * 2);
    view.observed.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::Delete(id()));
    view.recorded.origin = Some(Origin::Adopted);
    view.deletion = Some(Deletion::Delete);
    assert_eq!(plan(&view), Step::RemoveFinalizer, "it was there before");
    view.recorded.origin = Some(Origin::Created);
    let other = Remote { fields: fields(json!({"Name": "o", "Uri": "oss://other/"})), ..unmarked };
    view.observed.remotes.insert(id(), Observation::Read(Arc::new(other)));
    assert_eq!(plan(&view), Step::RemoveFinalizer, "it is not what was made");
}

#[test]
fn what_other_attempts_made_is_looked_for_before_the_finalizer_leaves() {
    let mut view = deleted();
    view.observed.remotes.insert(id(), Observation::Gone);
    assert_eq!(plan(&view), Step::RemoveFinalizer);
    let Stored::Own(intent) = &mut view.object.intent else { panic!() };
    intent.attempts.insert(0, Attempt { nonce: "c0".into(), hash: "what it sent".into() });
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.observed.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::RemoveFinalizer);
}

/// The named principal may be the caller, which the token service has not named yet: the object waits for that.
#[test]
fn a_caller_without_a_name_is_no_other_caller() {
    let mut gone = deleted();
    gone.observed.remotes.insert(id(), Observation::Gone);
    let (mut doubt, _) = settled();
    unrecord(&mut doubt);
    (doubt.observed.swept, doubt.observed.owned_is_fresh, doubt.state.lists) = (true, true, 1);
    doubt.observed.owned.clear();
    for (mut view, reason) in [(gone, Reason::Deleting), (doubt, Reason::Uncertain)] {
        view.observed.absence_counts = false;
        let Stored::Own(intent) = &mut view.object.intent else { panic!("no intent") };
        intent.principal = "acs:ram::1:role/r".to_owned();
        assert!(is_stuck(&view, Reason::AccountMismatch), "{reason:?}");
        let mut account = (*view.account).clone();
        account.caller.unconfirmed = true;
        view.account = Arc::new(account);
        let report = told(&view);
        assert!(matches!(&report.ready, Ready::Working(why, _) if *why == reason), "{report:?}");
    }
}

#[test]
fn not_found_is_gone_only_for_who_would_see_it() {
    let mut view = deleted();
    view.observed.remotes.insert(id(), Observation::Gone);
    view.observed.absence_counts = false;
    assert!(is_stuck(&view, Reason::AccountMismatch));
    view.observed.absence_counts = true;
    for age in [Duration::ZERO, view.config.list_lag] {
        view.state.recorded_age = Some(age);
        assert!(matches!(told(&view).ready, Ready::Working(Reason::Deleting, _)), "a list may lag");
    }
}

#[test]
fn a_doubt_is_resolved_before_the_finalizer_leaves() {
    let mut view = deleted();
    unrecord(&mut view);
    assert_eq!(plan(&view), Step::Look(Look::Owned));
}

#[test]
fn retained_and_released_is_one_thing() {
    let mut view = deleted();
    view.deletion = Some(Deletion::Retain);
    assert!(is_edit(&plan(&view), &Purpose::Release, &id()));
}

#[test]
fn surplus_goes_only_if_it_is_provably_our_own_work() {
    let (mut view, remote) = settled();
    attempted(&mut view, "c2");
    view.recorded.attempt = Some(Ended { nonce: "c2".into(), outcome: crate::plan::recorded::Outcome::Created });
    told_ready(&mut view);
    let second = RemoteId::new("d-2");
    view.observed.owned = vec![twin(&view, &remote, "d-2", "c1")];
    assert_eq!(plan(&view), Step::Read(second.clone()), "long after it became Ready as well");
    view.observed.remotes.insert(second.clone(), Observation::Read(twin(&view, &remote, "d-2", "c1")));
    assert_eq!(plan(&view), Step::Delete(second.clone()));
    let stays = |view: &View, why: &str| {
        assert!(matches!(told(view).ready, Ready::Available(_)), "{why}");
        assert!(told(view).duplicates.is_some_and(|text| text.contains("d-2")), "{why}");
    };
    let mut recorded = view.clone();
    recorded.observed.recorded_elsewhere.insert(second.clone());
    stays(&recorded, "another object recorded it");
    let mut adopted = view.clone();
    let copy = twin(&view, &remote, "d-2", "a1");
    adopted.observed.owned = vec![copy.clone()];
    adopted.observed.remotes.insert(second.clone(), Observation::Read(copy));
    stays(&adopted, "it was there before");
    let other = Remote {
        fields: fields(json!({"Name": "o", "Uri": "oss://other/"})),
        ..(*twin(&view, &remote, "d-2", "c1")).clone()
    };
    view.observed.remotes.insert(second, Observation::Read(Arc::new(other)));
    stays(&view, "its attempt sent something else");
}

#[test]
fn what_status_says_is_compared_with_what_is_seen() {
    let (mut view, remote) = settled();
    told_ready(&mut view);
    assert!(matches!(told(&view).ready, Ready::Available(_)));
    let edited = Remote {
        fields: fields(json!({"Name": "o", "Uri": "oss://b/", "Description": "theirs"})),
        ..(*remote).clone()
    };
    view.observed.remotes.insert(id(), Observation::Listed(Arc::new(edited)));
    let Step::Edit(edit) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(edit.request, Request::update_dataset("d-1", fields(json!({"Description": "new"}))));
    desire(&mut view).fixed = fields(json!({"Uri": "oss://new/"}));
    assert!(is_stuck(&view, Reason::ImmutableChanged));
}

#[test]
fn a_remote_found_again_is_not_called_ready_before_it_equals_the_spec() {
    let (mut view, _) = settled();
    unrecord(&mut view);
    view.observed.remotes.clear();
    for (description, settled) in [("new", true), ("old", false)] {
        let (_, found) = kept(&id(), json!({"Name": "o", "Uri": "oss://b/", "Description": description}), &[]);
        view.observed.owned = vec![found];
        view.observed.owned_is_fresh = true;
        let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
        assert_eq!(record.settled, settled, "{description}");
    }
}

#[test]
fn a_mark_elsewhere_comes_before_making_it_again() {
    let (mut view, remote) = settled();
    desire(&mut view).recreate = true;
    view.observed.remotes.insert(id(), Observation::Gone);
    assert_eq!(plan(&view), Step::Permit);
    view.observed.owned = vec![twin(&view, &remote, "d-2", "c1")];
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(record.id, RemoteId::new("d-2"));
}

#[test]
fn an_object_whose_predecessor_went_in_doubt_waits_as_if_the_attempt_were_its_own() {
    let mut view = view();
    view.observed.swept = true;
    assert_eq!(plan(&view), Step::Permit);
    view.state.predecessor_uncertain = true;
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.state.resolved = true;
    assert_eq!(plan(&view), Step::Permit);
}

#[test]
fn a_doubt_ends_after_two_lists_and_its_nonce_is_never_used_again() {
    let (mut view, _) = settled();
    unrecord(&mut view);
    view.observed.owned_is_fresh = true;
    view.state.uncertain_for = view.config.settle;
    view.state.lists = 3;
    view.state.settled_lists = 1;
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.state.settled_lists = 2;
    assert_eq!(plan(&view), Step::Resolve);
    view.state.resolved = true;
    view.observed.permit = true;
    let Step::Claim(next, Some(Flight::Create { nonce, .. })) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_ne!(nonce, "c1");
    assert_eq!(next.attempts.len(), 2);
}

#[test]
fn a_name_is_taken_only_if_a_list_says_by_whom() {
    let (mut view, remote) = settled();
    unrecord(&mut view);
    view.state.name_taken = Some(Duration::ZERO);
    assert!(matches!(told(&view).ready, Ready::Working(Reason::Progressing, _)), "a list may lag");
    view.state.name_taken = Some(Duration::from_secs(2));
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.observed.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::Look(Look::Named("o".into())), "whose is it?");
    view.observed.named = Some(Vec::new());
    assert!(matches!(plan(&view), Step::Refuse(..)));
    view.observed.owned = vec![remote];
    assert!(matches!(plan(&view), Step::Record(_)));
}

#[test]
fn what_is_in_doubt_is_looked_for_where_it_was_sent() {
    let (mut view, _) = settled();
    desire(&mut view).target.workspace = "another".to_owned();
    assert_eq!(view.target().map(|target| target.workspace), Some("478".to_owned()));
}

#[test]
fn a_retained_remote_of_an_earlier_life_is_neither_taken_nor_made_again() {
    let (mut view, remote) = settled();
    let mark = Some(view.config.identity.mark(&view.owner, "an earlier life", "c0").into_released());
    untouched(&mut view);
    view.observed.permit = true;
    view.observed.owned = vec![Arc::new(Remote { mark, ..(*remote).clone() })];
    assert!(is_stuck(&view, Reason::NameTaken));
}

#[test]
fn another_owners_remote_is_not_adopted() {
    let (mut view, remote) = settled();
    let foreign = crate::remote::mark::Identity::new(&["another".into()], &[], "elsewhere");
    let mark = Some(foreign.mark(&view.owner, "theirs", "c0"));
    untouched(&mut view);
    desire(&mut view).adopt = Some(id());
    view.observed.remotes.insert(id(), Observation::Read(Arc::new(Remote { mark, ..(*remote).clone() })));
    assert!(is_stuck(&view, Reason::OwnedByOther));
}

#[test]
fn a_lost_mark_is_put_back_only_after_a_list_later_than_the_answer() {
    for deleting in [false, true] {
        let mut view = if deleting { deleted() } else { settled().0 };
        let remote = read(&view);
        view.observed.remotes.insert(id(), Observation::Read(Arc::new(Remote { mark: None, ..(*remote).clone() })));
        view.state.recorded_age = Some(Duration::ZERO);
        view.observed.owned_is_fresh = true;
        assert!(matches!(told(&view).ready, Ready::Working(..)), "a list may lag");
        view.state.recorded_age = Some(view.config.list_lag);
        view.observed.owned_is_fresh = false;
        assert_eq!(plan(&view), Step::Look(Look::Owned));
    }
}

#[test]
fn a_paused_object_is_ready_only_while_nothing_differs() {
    let (mut view, _) = settled();
    view.object.paused = true;
    let ready = |view: &View| matches!(told(view).ready, Ready::PausedReady(_));
    assert!(ready(&view));
    let mut edited = view.clone();
    desire(&mut edited).mutable.insert("Description".into(), json!("newer"));
    assert!(!ready(&edited));
    let mut moved = view.clone();
    desire(&mut moved).fixed.insert("Uri".into(), json!("oss://elsewhere/"));
    assert!(!ready(&moved));
}

#[test]
fn only_a_remote_that_is_seen_with_our_mark_shows_it() {
    let (mut view, remote) = settled();
    assert!(view.shows_our_mark(&id()));
    let unmarked = Remote { mark: None, ..(*remote).clone() };
    for sight in [Observation::Read(Arc::new(unmarked)), Observation::Gone] {
        view.observed.remotes.insert(id(), sight);
        assert!(!view.shows_our_mark(&id()));
    }
}
