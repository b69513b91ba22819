//! A kind in a collection of its own, whose mark a text carries: what is not sent for want of room, and who is named.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::cloud::codec::fake::{Copies, LONGEST};
use crate::plan::desired::Desired;
use crate::plan::index::Index;
use crate::plan::marked::cases::{desire, fields};
use crate::plan::marked::tests::view;
use crate::plan::neighbour::Neighbour;
use crate::plan::profile::{Profile, Shape};
use crate::plan::step::Flight;
use crate::remote::Remote;
use crate::remote::carrier::split;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, Owner, Ownership, RawMark};

static PROFILE: Profile =
    Profile { name: "Copy", id_keys: &["datasetId", "copyId"], codec: &Copies, ..crate::kinds::version::PROFILE };
/// The longest description that leaves room for the mark and the blank before it.
const ROOM: usize = LONGEST - 64;

/// An object that wants a copy of d-1 with this description.
fn wants(description: &str) -> View {
    let mut view = View { profile: &PROFILE, ..view() };
    let desired = desire(&mut view);
    let members = fields(json!({"Description": description}));
    *desired = Desired { create: members.clone(), mutable: members, fixed: fields(json!({})), ..desired.clone() };
    desired.target.dataset_id = Some("d-1".to_owned());
    (view.observed.swept, view.observed.permit) = (true, true);
    view.state.fresh = "0123456789abcdef".to_owned();
    view
}

fn id() -> RemoteId {
    RemoteId::new("d-1").within("copies", "c-1")
}

/// A copy with this text, read just now by an object that is to adopt it.
fn adopts(view: &mut View, text: &str, mark: Option<RawMark>) -> Arc<Remote> {
    let remote = Remote::labelled(id(), Labels::new(), fields(json!({"Description": text})), None);
    let remote = Arc::new(Remote { mark, ..remote });
    desire(view).adopt = Some(id());
    view.observed.remotes.insert(id(), Observation::Read(remote.clone()));
    remote
}

fn stuck(view: &View) -> (Reason, String) {
    let step = plan(view);
    let Step::Report(report) = step else { panic!("{step:?}") };
    let Ready::Stuck(reason, message) = report.ready else { panic!("{:?}", report.ready) };
    (reason, message)
}

#[test]
fn nothing_is_created_without_its_mark() {
    let view = wants(&"x".repeat(ROOM));
    let Step::Claim(intent, Some(Flight::Create { nonce, .. })) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(intent.newest(), Some(nonce.as_str()));
    let request = attempt::request(&view, view.desired.as_ref().unwrap(), &nonce).unwrap();
    let sent = request.body().unwrap()["Description"].as_str().unwrap();
    assert_eq!((sent.len(), split(sent).0.len()), (LONGEST, ROOM));
    let made = Remote { mark: split(sent).1, ..Remote::labelled(id(), Labels::new(), fields(json!({})), None) };
    assert_eq!(view.ownership(&made), Ownership::Mine { nonce, released: false });

    let expected = "spec.description: it is 193 characters long, and at most 192 leave room for the operator's ownership \
                    mark; shorten it";
    assert_eq!(stuck(&wants(&"x".repeat(ROOM + 1))), (Reason::InvalidSpec, expected.to_owned()));
}

#[test]
fn nothing_is_adopted_whose_text_leaves_no_room() {
    let mut view = wants("x");
    adopts(&mut view, &"x".repeat(ROOM + 1), None);
    let (reason, message) = stuck(&view);
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("it is 193 characters long"), "{message}");
    adopts(&mut view, &"x".repeat(ROOM), None);
    assert!(matches!(plan(&view), Step::Claim(_, Some(Flight::Take { .. }))));
}

#[test]
fn an_edit_that_leaves_no_room_is_not_sent() {
    let mut view = wants(&"x".repeat(ROOM + 1));
    let mark = view.mark("c0123456789abcdef");
    let remote = adopts(&mut view, "short", Some(mark));
    let compare = |view: &View| (view.profile.compare)(view, view.desired.as_ref().unwrap(), &remote);
    assert!(compare(&view).is_err());
    desire(&mut view).mutable = fields(json!({"Description": "other"}));
    let comparison = compare(&view).unwrap();
    let sent = comparison.edits[0].request.body().unwrap()["Description"].as_str().unwrap();
    assert_eq!(split(sent), ("other", remote.mark.clone()), "the mark stays");
}

#[test]
fn the_owner_in_a_text_is_named_if_it_lives_here() {
    let mut view = wants("x");
    let (namespace, name, uid) = ("team-a".to_owned(), "flowers".to_owned(), "other".to_owned());
    let owner = Owner { kind: "Copy.example".into(), namespace: namespace.clone(), name: name.clone() };
    let mark = view.config.identity.text_mark(&owner, "there", &uid, "c0123456789abcdef", "0123456789abcdef").unwrap();
    let remote = adopts(&mut view, "theirs", Some(mark.clone()));
    assert_eq!(view.ownership(&remote), Ownership::Other);
    assert!(stuck(&view).1.contains("belongs to another owner"), "{:?}", stuck(&view));
    let neighbour = Neighbour { kind: "Copy", resource: "copies", namespace, name, uid, deletes: true };
    view.observed.neighbours.insert(mark.named().unwrap().to_owned(), neighbour);
    let (reason, message) = stuck(&view);
    assert_eq!(reason, Reason::OwnedByOther);
    assert!(message.contains("belongs to Copy team-a/flowers"), "{message}");
}

/// An index of a workspace that was listed and in which nothing was found. It notes which places it is asked about.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl Index for Asked {
    fn is_swept(&self, _: &str) -> bool {
        true
    }

    fn children_known(&self, dataset: &str, collection: &str) -> bool {
        self.0.borrow_mut().push(format!("all {collection} of {dataset}"));
        false
    }

    fn is_gone(&self, _: &RemoteId) -> bool {
        false
    }

    fn get(&self, _: &RemoteId) -> Option<Arc<Remote>> {
        None
    }

    fn owned(&self, _: &[String], within: Option<(&str, &str)>) -> Vec<Arc<Remote>> {
        self.0.borrow_mut().extend(within.map(|(dataset, collection)| format!("our {collection} of {dataset}")));
        Vec::new()
    }

    fn is_refused(&self, _: &str) -> bool {
        false
    }

    fn recorded_elsewhere(&self, _: &RemoteId, _: &str) -> bool {
        false
    }

    fn can_see(&self, _: &str) -> bool {
        false
    }

    fn lives_here(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn a_remote_is_looked_for_in_its_own_collection() {
    let (mut view, asked) = (wants("x"), Asked::default());
    view.look_at_index(&asked, false);
    assert_eq!(*asked.0.borrow(), ["all copies of d-1", "our copies of d-1"]);
    assert!(!view.observed.swept, "that the versions are known says nothing of the copies");
    assert!(PROFILE.names(&id()) && !PROFILE.names(&RemoteId::new("d-1").join("v1")));
    assert_eq!(Shape::from(&PROFILE).id_of(&json!({"datasetId": "d-1", "copyId": "c-1"})), Some(id()));
}
