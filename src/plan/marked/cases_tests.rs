//! Single cases of `plan` that stories on a real apiserver brought to light.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::api::names::MARK_RELEASED;
use crate::cloud::Request;
use crate::plan::desired::{Desired, Policy};
use crate::plan::edit::Purpose;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::tests::{is_edit, owner, requests, view};
use crate::plan::object::Stored;
use crate::plan::profile::Profile;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::step::{Flight, Landed, Look};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, Origin};

pub(crate) fn fields(value: serde_json::Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

/// The desired state of a view, to be changed.
pub(crate) fn desire(view: &mut View) -> &mut Desired {
    view.desired.as_mut().unwrap()
}

/// An object that recorded `id`, with finalizer and intent in place, and its remote with these members and labels.
pub(crate) fn kept(id: &RemoteId, members: serde_json::Value, labels: &[(&str, &str)]) -> (View, Arc<Remote>) {
    let mut view = view();
    let nonce = "c1".to_owned();
    let uid = view.object.uid.clone();
    let attempts = vec![Attempt { nonce: nonce.clone(), hash: desire(&mut view).hash() }];
    let target = view.target().unwrap();
    view.object.intent =
        Stored::Own(Intent { uid: uid.clone(), target, principal: "ak".into(), attempts, ..Intent::default() });
    view.object.finalizer = true;
    if id.parent().is_some() {
        view.profile = &crate::kinds::version::PROFILE;
    }
    view.recorded.id = Some(id.clone());
    view.recorded.origin = Some(Origin::Created);
    view.recorded.fixed = fields(json!({"Uri": "oss://b/"}));
    view.recorded.attempt = Some(Ended { nonce: nonce.clone(), outcome: Outcome::Created });
    view.observed.swept = true;
    let mut all = view.config.identity.mark(&owner(), &uid, &nonce).labels();
    all.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    (view, Arc::new(Remote::labelled(id.clone(), all, fields(members), None)))
}

#[test]
fn a_refused_way_back_from_public_comes_after_all_other_changes() {
    let members = json!({"Name": "o", "Uri": "oss://b/", "Accessibility": "PUBLIC"});
    let (mut view, remote) = kept(&RemoteId::new("d-1"), members, &[]);
    desire(&mut view).mutable.insert("Accessibility".into(), json!("PRIVATE"));
    desire(&mut view).labels.insert("key".into(), "value".into());
    let made = requests(&view, view.desired.as_ref().unwrap(), &remote);
    let labels = [("key".to_owned(), "value".to_owned())].into();
    let expected = [
        Request::update_dataset("d-1", fields(json!({"Description": "new"}))),
        Request::create_dataset_labels("d-1", &labels),
        Request::update_dataset("d-1", fields(json!({"Accessibility": "PRIVATE"}))),
    ];
    assert_eq!(made, expected);
}

#[test]
fn a_full_set_of_version_labels_needs_a_read_of_the_same_pass() {
    let id = RemoteId::new("d-1").join("v2");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, members, &[("foreign", "theirs")]);
    desire(&mut view).labels.insert("key".into(), "value".into());
    view.observed.remotes.insert(id.clone(), Observation::Listed(remote.clone()));
    assert_eq!(plan(&view), Step::Read(id.clone()));
    view.observed.remotes.insert(id.clone(), Observation::Read(remote));
    let Step::Edit(edit) = plan(&view) else { panic!("{:?}", plan(&view)) };
    let labels = &edit.after[0].all_labels();
    assert_eq!((labels.get("foreign").map(String::as_str), labels.len()), (Some("theirs"), 5));
    assert_eq!(edit.request, Request::create_dataset_version_labels("d-1", "v2", labels));
    // Labels that are already as the spec wants them are sent too.
    desire(&mut view).labels.insert("foreign".into(), "theirs".into());
    let Step::Edit(edit) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(edit.request, Request::create_dataset_version_labels("d-1", "v2", &edit.after[0].all_labels()));
    assert_eq!(edit.after[0].labels.get("foreign").map(String::as_str), Some("theirs"));
    // A release writes the full set of labels as well.
    view.object.deleting = true;
    view.observed.object_is_fresh = true;
    view.deletion = Some(crate::plan::desired::Deletion::Retain);
    assert!(is_edit(&plan(&view), &Purpose::Release, &id));
    let Some(Observation::Read(remote)) = view.observed.remotes.remove(&id) else { panic!() };
    view.observed.remotes.insert(id.clone(), Observation::Listed(remote));
    assert_eq!(plan(&view), Step::Read(id));
}

#[test]
fn a_create_records_what_it_sent_by_default_and_all_its_label_keys() {
    static PROFILE: Profile = Profile { fixed: &["Uri", "WorkspaceId"], ..crate::kinds::dataset::PROFILE };
    let mut view = View { profile: &PROFILE, ..view() };
    desire(&mut view).labels.insert("key".into(), "value".into());
    desire(&mut view).label_keys = vec!["key".into(), "v1=light".into()];
    let landed = Some(Landed::At(RemoteId::new("d-1")));
    view.observed.flight = Some(Flight::Create { nonce: "c1".into(), landed });
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(record.fixed, fields(json!({"Uri": "oss://b/", "WorkspaceId": "478"})));
    assert_eq!(record.label_keys, ["key", "v1=light"]);
}

#[test]
fn a_found_remote_that_seems_to_differ_is_read_before_it_is_recorded() {
    let id = RemoteId::new("d-1");
    let listed = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, listed, &[]);
    view.recorded.id = None;
    view.recorded.attempt = None;
    desire(&mut view).fixed.insert("Provider".into(), json!("team"));
    view.observed.owned = vec![remote.clone()];
    view.observed.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::Read(id.clone()));
    let mut read = (*remote).clone();
    read.fields.insert("Provider".into(), json!("team"));
    view.observed.remotes.insert(id.clone(), Observation::Read(Arc::new(read)));
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!((record.id, record.settled), (id, true));
}

#[test]
fn a_version_waits_a_moment_for_its_family() {
    let id = RemoteId::new("d-1").join("v2");
    let (mut view, remote) = kept(&id, json!({"Uri": "oss://b/"}), &[]);
    view.object.deleting = true;
    view.observed.object_is_fresh = true;
    view.relations.alone = true;
    view.observed.remotes.insert(id.clone(), Observation::Read(remote));
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.next, Next::After(_)));
    view.state.deleting_age = std::time::Duration::from_secs(3);
    assert_eq!(plan(&view), Step::Delete(id));
}

/// Adds a newer attempt without an outcome to the intent of a view.
pub(crate) fn attempted(view: &mut View, nonce: &str) {
    let hash = desire(view).hash();
    let Stored::Own(intent) = &mut view.object.intent else { panic!("no intent") };
    intent.attempts.push(Attempt { nonce: nonce.to_owned(), hash });
}

/// A remote like `remote` that carries the mark of another attempt of the same object.
pub(crate) fn twin(view: &View, remote: &Remote, id: &str, nonce: &str) -> Arc<Remote> {
    let mut twin = Remote { id: RemoteId::new(id), ..remote.clone() };
    twin.mark = Some(view.config.identity.mark(&owner(), &view.object.uid, nonce));
    Arc::new(twin)
}

#[test]
fn a_recorded_remote_that_exists_is_never_put_aside_for_a_newer_attempt() {
    let id = RemoteId::new("d-1");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, members, &[]);
    attempted(&mut view, "c2");
    let newer = twin(&view, &remote, "d-2", "c2");
    assert_eq!(plan(&view), Step::Read(id.clone()), "whether it exists comes first");
    view.observed.remotes.insert(id.clone(), Observation::Read(remote.clone()));
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Available(_)), "{report:?}");
    // The remote that the newer attempt made is surplus.
    view.observed.owned = vec![remote.clone(), newer.clone()];
    view.observed.owned_is_fresh = true;
    view.observed.object_is_fresh = true;
    view.observed.remotes.insert(newer.id.clone(), Observation::Read(newer.clone()));
    assert_eq!(plan(&view), Step::Delete(newer.id.clone()));
    // A remote that was not found is not known gone: the read may be a moment behind.
    view.observed.remotes.insert(id.clone(), Observation::Gone);
    view.state.recorded_age = Some(std::time::Duration::ZERO);
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Working(Reason::Uncertain, _)), "{report:?}");
    view.state.recorded_age = None;
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(record.id, newer.id);
}

#[test]
fn a_deleted_object_learns_what_came_of_its_newest_attempt_and_removes_both() {
    let id = RemoteId::new("d-1");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, members, &[]);
    attempted(&mut view, "c2");
    view.object.deleting = true;
    view.relations.delete_foreign = true;
    view.observed.object_is_fresh = true;
    view.observed.remotes.insert(id.clone(), Observation::Read(remote.clone()));
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.observed.owned = vec![remote.clone()];
    view.observed.owned_is_fresh = true;
    view.state.lists = 1;
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Working(Reason::Uncertain, _)), "it may still come: {report:?}");
    let newer = twin(&view, &remote, "d-2", "c2");
    view.observed.owned.push(newer.clone());
    assert_eq!(plan(&view), Step::Resolve, "it came");
    view.state.resolved = true;
    assert_eq!(plan(&view), Step::Delete(id.clone()));
    view.observed.remotes.insert(id, Observation::Gone);
    view.observed.remotes.insert(newer.id.clone(), Observation::Read(newer.clone()));
    assert_eq!(plan(&view), Step::Delete(newer.id.clone()));
}

#[test]
fn what_is_retained_is_left_without_a_word_only_after_a_read() {
    let id = RemoteId::new("d-1");
    let (mut view, remote) = kept(&id, json!({"Name": "o", "Uri": "oss://b/"}), &[]);
    view.object.deleting = true;
    view.observed.object_is_fresh = true;
    view.deletion = Some(crate::plan::desired::Deletion::Retain);
    let unmarked = Arc::new(Remote { mark: None, ..(*remote).clone() });
    view.observed.remotes.insert(id.clone(), Observation::Listed(unmarked.clone()));
    assert_eq!(plan(&view), Step::Read(id.clone()), "its mark may have been written since");
    view.observed.remotes.insert(id.clone(), Observation::Read(unmarked));
    assert_eq!(plan(&view), Step::RemoveFinalizer);
    view.observed.owned = vec![remote.clone()];
    assert!(is_edit(&plan(&view), &Purpose::Release, &id), "a list showed it");
    view.observed.owned.clear();
    view.observed.remotes.insert(id.clone(), Observation::Listed(remote));
    assert!(is_edit(&plan(&view), &Purpose::Release, &id));
}

#[test]
fn a_mark_is_put_back_only_on_the_word_of_a_fresh_copy() {
    let id = RemoteId::new("d-1");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    for released in [true, false] {
        let (mut view, remote) = kept(&id, members.clone(), &[(MARK_RELEASED, "true")]);
        let mut remote = (*remote).clone();
        if !released {
            remote.mark = None;
        }
        view.observed.remotes.insert(id.clone(), Observation::Read(Arc::new(remote)));
        view.state.uncertain_for = view.config.list_lag;
        view.observed.owned_is_fresh = true;
        assert_eq!(plan(&view), Step::Reread);
        view.observed.object_is_fresh = true;
        let step = plan(&view);
        let expected = if released { Purpose::ClearReleased } else { Purpose::Mark };
        assert!(is_edit(&step, &expected, &id), "{step:?}");
    }
}

#[test]
fn a_version_is_made_again_only_in_a_dataset_that_exists() {
    let id = RemoteId::new("d-1").join("v2");
    let dataset = RemoteId::new("d-1");
    let (mut view, remote) = kept(&id, json!({"Uri": "oss://b/"}), &[]);
    desire(&mut view).recreate = true;
    desire(&mut view).target.dataset_id = Some("d-1".into());
    view.observed.absence_counts = true;
    view.observed.remotes.insert(id.clone(), Observation::Gone);
    assert_eq!(plan(&view), Step::Read(dataset.clone()));
    view.observed.remotes.insert(dataset.clone(), Observation::Gone);
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Working(Reason::DependencyNotReady, _)), "{report:?}");
    view.observed
        .remotes
        .insert(dataset.clone(), Observation::Read(Arc::new(Remote { id: dataset.clone(), ..(*remote).clone() })));
    assert_eq!(plan(&view), Step::Permit);
    view.observed.remotes.insert(dataset, Observation::Gone);
    desire(&mut view).target.dataset_id = Some("d-2".into());
    assert_eq!(plan(&view), Step::Permit, "another dataset took the place of the old one");
}

#[test]
fn a_name_taken_by_an_attempt_whose_answer_was_lost_is_recorded_and_not_taken_again() {
    let id = RemoteId::new("d-1");
    let (mut view, remote) = kept(&id, json!({"Name": "o", "Uri": "oss://b/"}), &[]);
    let mut remote = (*remote).clone();
    remote.mark = Some(view.config.identity.mark(&owner(), &view.object.uid, "a2"));
    let Stored::Own(intent) = &mut view.object.intent else { panic!() };
    let hash = intent.attempts[0].hash.clone();
    intent.attempts = vec![Attempt { nonce: "a2".into(), hash }];
    (view.recorded.id, view.recorded.origin, view.recorded.attempt) = (None, None, None);
    desire(&mut view).policy = Policy::ByName;
    assert_eq!(plan(&view), Step::Look(Look::Named("o".into())));
    let unmarked = Remote { id: RemoteId::new("d-2"), mark: None, ..remote.clone() };
    view.observed.named = Some(vec![Arc::new(unmarked), Arc::new(remote)]);
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!((record.id, record.origin), (id, Origin::Adopted));
    assert_eq!(record.attempt, Some(Ended { nonce: "a2".into(), outcome: Outcome::Adopted }));
}

#[test]
fn what_nobody_has_seen_is_read_once_its_workspace_is_known() {
    let id = RemoteId::new("d-1");
    let (mut view, _) = kept(&id, json!({}), &[]);
    assert_eq!(plan(&view), Step::Read(id));
    view.observed.swept = false;
    assert_eq!(plan(&view), Step::Look(Look::Sweep));
}

#[test]
fn the_index_is_believed_unless_somebody_asks() {
    let id = RemoteId::new("d-1");
    let (mut view, remote) = kept(&id, json!({"Name": "o", "Uri": "oss://b/", "Description": "old"}), &[]);
    view.observed.remotes.insert(id.clone(), Observation::Listed(remote));
    assert!(matches!(plan(&view), Step::Edit(_)));
    view.object.requested = Some("now".into());
    for poll in [None, Some(std::time::Duration::ZERO)] {
        view.object.poll = poll;
        assert_eq!(plan(&view), Step::Read(id.clone()), "{poll:?}");
    }
}

#[test]
fn only_what_becomes_public_is_published() {
    let (mut view, remote) = kept(&RemoteId::new("d-1"), json!({"Name": "o", "Uri": "oss://b/"}), &[]);
    let mut made = |wanted: &str| {
        desire(&mut view).mutable.insert("Accessibility".into(), json!(wanted));
        requests(&view, view.desired.as_ref().unwrap(), &remote)
    };
    assert!(made("PUBLIC").contains(&Request::publish_dataset("d-1")));
    let update = fields(json!({"Accessibility": "ROLE", "Description": "new"}));
    assert_eq!(made("ROLE"), [Request::update_dataset("d-1", update)]);
}

#[test]
fn labels_are_removed_if_they_are_ours_and_there_and_set_if_they_differ() {
    let labels = [("keep", "1"), ("drop", "1"), ("foreign", "1")];
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&RemoteId::new("d-1"), members, &labels);
    view.recorded.label_keys = ["keep", "drop", "gone", "dso-owner"].map(str::to_owned).into_iter().collect();
    let mut changed = |value: &str| {
        desire(&mut view).labels = [("keep".to_owned(), value.to_owned())].into();
        requests(&view, view.desired.as_ref().unwrap(), &remote)
    };
    let dropped = || Request::delete_dataset_labels("d-1", &["drop".to_owned()]);
    assert_eq!(changed("1"), [dropped()]);
    let set = [("keep".to_owned(), "2".to_owned())].into();
    assert_eq!(changed("2"), [dropped(), Request::create_dataset_labels("d-1", &set)]);
}

#[test]
fn labels_of_v1_are_sent_as_a_full_set_too() {
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&RemoteId::new("d-1"), members, &[]);
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    desire(&mut view).first.labels = Some(labels(&[("same", "1"), ("edited", "2")]));
    view.recorded.label_keys = ["v1=same", "v1=edited", "v1=gone"].map(str::to_owned).into_iter().collect();
    let mut remote = (*remote).clone();
    let held = labels(&[("same", "1"), ("edited", "1"), ("gone", "1"), ("theirs", "1")]);
    let first = Remote::labelled(RemoteId::new("d-1").join("v1"), held, Fields::new(), None);
    remote.latest = Some(Box::new(first));
    let made = requests(&view, view.desired.as_ref().unwrap(), &remote);
    assert_eq!(made[0], Request::delete_dataset_version_labels("d-1", "v1", &["gone".to_owned()]));
    remote.latest.as_mut().unwrap().labels.remove("gone");
    let made = requests(&view, view.desired.as_ref().unwrap(), &remote);
    let full = labels(&[("same", "1"), ("edited", "2"), ("theirs", "1")]);
    assert_eq!(made, [Request::create_dataset_version_labels("d-1", "v1", &full)]);
}
