//! Single cases of `plan` that stories on a real apiserver brought to light.

use std::sync::Arc;

use serde_json::json;

use super::super::desired::Desired;
use super::super::facts::Stored;
use super::super::recorded::Outcome;
use super::super::view::Remote;
use super::tests::{owner, view};
use super::*;

fn fields(value: serde_json::Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

/// The desire of a view, to be changed.
fn desire(view: &mut View) -> &mut Desired {
    view.desired.as_mut().unwrap()
}

/// An object that recorded `id`, with finalizer and intent in place, and its remote with these members and labels.
fn kept(id: &RemoteId, members: serde_json::Value, labels: &[(&str, &str)]) -> (View, Arc<Remote>) {
    let mut view = view();
    let nonce = "c1".to_owned();
    let uid = view.object.uid.clone();
    let attempts = vec![Attempt { nonce: nonce.clone(), hash: desire(&mut view).hash() }];
    let target = view.target().unwrap();
    view.object.intent = Stored::Own(Intent { uid: uid.clone(), target, principal: "ak".into(), attempts });
    view.object.finalizer = true;
    view.recorded.id = Some(id.clone());
    view.recorded.origin = Some(Origin::Created);
    view.recorded.fixed = fields(json!({"Uri": "oss://b/"}));
    view.recorded.attempt = Some(Ended { nonce: nonce.clone(), outcome: Outcome::Created });
    view.seen.swept = true;
    let mut all = view.world.identity.mark(&owner(), &uid, &nonce);
    all.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    (view, Arc::new(Remote { id: id.clone(), labels: all, fields: fields(members), latest: None }))
}

#[test]
fn a_refused_way_back_from_public_comes_after_all_other_changes() {
    let members = json!({"Name": "o", "Uri": "oss://b/", "Accessibility": "PUBLIC"});
    let (mut view, remote) = kept(&RemoteId::dataset("d-1"), members, &[]);
    desire(&mut view).mutable.insert("Accessibility".into(), json!("PRIVATE"));
    desire(&mut view).labels.insert("key".into(), "value".into());
    let made = changes(&view, view.desired.as_ref().unwrap(), &remote);
    let [first, Change::SetLabels(_), last] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!(*first, Change::Update(fields(json!({"Description": "new"}))));
    assert_eq!(*last, Change::Update(fields(json!({"Accessibility": "PRIVATE"}))));
}

#[test]
fn a_full_set_of_version_labels_needs_a_read_of_the_same_pass() {
    let id = RemoteId::version("d-1", "v2");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, members, &[("foreign", "theirs")]);
    desire(&mut view).labels.insert("key".into(), "value".into());
    view.seen.sights.insert(id.clone(), Sight::Indexed(remote.clone()));
    assert_eq!(plan(&view), Step::Fetch(id.clone()));
    view.seen.sights.insert(id.clone(), Sight::Read(remote));
    let Step::Change(_, Change::SetLabels(labels)) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!((labels.get("foreign").map(String::as_str), labels.len()), (Some("theirs"), 5));
    // Letting it go writes the full set as well.
    view.object.deleting = true;
    view.seen.object_is_fresh = true;
    view.deletion = Some(super::super::desired::Deletion::Retain);
    assert_eq!(plan(&view), Step::Release(id.clone()));
    let Some(Sight::Read(remote)) = view.seen.sights.remove(&id) else { panic!() };
    view.seen.sights.insert(id.clone(), Sight::Indexed(remote));
    assert_eq!(plan(&view), Step::Fetch(id));
}

#[test]
fn a_create_records_what_it_sent_by_default_and_all_its_label_keys() {
    let mut view = View { fixed_names: &["Uri", "WorkspaceId"], ..view() };
    desire(&mut view).labels.insert("key".into(), "value".into());
    desire(&mut view).first.labels = Some([("light".to_owned(), "day".to_owned())].into());
    let landed = Some(Landed::At(RemoteId::dataset("d-1")));
    view.seen.flight = Some(Flight::Create { nonce: "c1".into(), landed });
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(record.fixed, fields(json!({"Uri": "oss://b/", "WorkspaceId": "478"})));
    assert_eq!(record.label_keys, ["key", "v1=light"]);
}

#[test]
fn a_found_remote_that_seems_to_differ_is_read_before_it_is_recorded() {
    let id = RemoteId::dataset("d-1");
    let listed = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, listed, &[]);
    view.recorded.id = None;
    view.recorded.attempt = None;
    desire(&mut view).fixed.insert("Provider".into(), json!("team"));
    view.seen.owned = vec![remote.clone()];
    view.seen.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::Fetch(id.clone()));
    let mut read = (*remote).clone();
    read.fields.insert("Provider".into(), json!("team"));
    view.seen.sights.insert(id.clone(), Sight::Read(Arc::new(read)));
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!((record.id, record.settled), (id, true));
}

#[test]
fn a_version_waits_a_moment_for_its_family() {
    let id = RemoteId::version("d-1", "v2");
    let (mut view, remote) = kept(&id, json!({"Uri": "oss://b/"}), &[]);
    view.object.deleting = true;
    view.seen.object_is_fresh = true;
    view.relations.alone = true;
    view.seen.sights.insert(id.clone(), Sight::Read(remote));
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.next, Next::After(_)));
    view.process.deleting_age = std::time::Duration::from_secs(3);
    assert_eq!(plan(&view), Step::Delete(id));
}
