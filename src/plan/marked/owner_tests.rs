//! The messages about remotes that are not this object's: the owner, the next command, and what wakes the object.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::cloud::Request;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::cases::{desire, fields, kept};
use crate::plan::marked::tests::{owner, view};
use crate::plan::neighbour::Neighbour;
use crate::plan::report::About;
use crate::plan::step::Look;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Labels, Owner, RawMark};

const OTHER: &str = "99999999-9999-9999-9999-999999999999";

fn id() -> RemoteId {
    RemoteId::new("d-1")
}

fn remote(mark: Option<RawMark>) -> Arc<Remote> {
    let members = fields(json!({"Name": "theirs", "Uri": "oss://b/"}));
    Arc::new(Remote { mark, ..Remote::labelled(id(), Labels::new(), members, None) })
}

fn neighbour() -> Neighbour {
    let (namespace, name, uid) = ("team-a".into(), "flowers".into(), OTHER.into());
    Neighbour { kind: "Dataset", resource: "paids", namespace, name, uid, deletes: true }
}

/// Adds another object here to the view, and returns its mark.
fn lives(view: &mut View) -> RawMark {
    view.observed.live_here.insert(OTHER.into());
    view.observed.neighbours.insert(OTHER.into(), neighbour());
    let owner = Owner { namespace: "team-a".into(), name: "flowers".into(), ..owner() };
    view.config.identity.mark(&owner, OTHER, "c1")
}

/// An object that is to adopt this remote, which it just read.
fn adopts(view: &mut View, mark: RawMark) {
    view.observed.swept = true;
    desire(view).adopt = Some(id());
    view.observed.remotes.insert(id(), Observation::Read(remote(Some(mark))));
}

fn stuck_with(view: &View) -> (Reason, String, Vec<About>) {
    let step = plan(view);
    let (Step::Report(report) | Step::Refuse(_, report)) = step else { panic!("{step:?}") };
    let Ready::Stuck(reason, message) = report.ready else { panic!("{:?}", report.ready) };
    assert!(message.chars().count() < 900, "{message}");
    (reason, message, report.about)
}

#[test]
fn an_owner_that_lives_here_is_named_with_the_commands_that_hand_its_dataset_over() {
    let mut view = view();
    let mark = lives(&mut view);
    adopts(&mut view, mark.clone());
    let (reason, message, about) = stuck_with(&view);
    assert_eq!(reason, Reason::OwnedByOther);
    let commands = "kubectl -n team-a patch paids flowers --type=merge -p '{\"spec\":{\"deletionPolicy\":\"Retain\"}}' && \
                    kubectl -n team-a delete paids flowers";
    let expected = format!("d-1 belongs to Dataset team-a/flowers; it is not taken. To hand it over: {commands}");
    assert_eq!(message, expected);
    let owned = About { owner: Some(neighbour()), ..About::shown(&remote(Some(mark))) };
    assert_eq!(about, [owned], "and the object is woken when that changes");
}

#[test]
fn the_owner_of_a_recorded_remote_is_named_as_well() {
    let (mut view, mut mine) = kept(&id(), json!({"Name": "o", "Uri": "oss://b/"}), &[]);
    let mark = lives(&mut view);
    Arc::make_mut(&mut mine).mark = Some(mark);
    view.observed.remotes.insert(id(), Observation::Listed(mine));
    let (reason, message, about) = stuck_with(&view);
    assert_eq!((reason, about.len()), (Reason::OwnedByOther, 1));
    assert!(message.contains("now belongs to Dataset team-a/flowers; nothing is sent to it"), "{message}");
}

#[test]
fn an_owner_elsewhere_is_named_by_its_cluster_and_domain() {
    let elsewhere = Identity::new(&["domain".into()], &[], "another cluster");
    let mark = elsewhere.mark(&owner(), OTHER, "c1");
    let cluster = mark.place().1.unwrap();
    let stranger = Identity::new(&["another domain".into()], &[], "another cluster");
    for (identity, under) in [(elsewhere, None), (stranger.clone(), stranger.domains().first())] {
        let mut view = view();
        let theirs = Owner { name: "theirs".into(), ..owner() };
        adopts(&mut view, identity.mark(&theirs, OTHER, "c1"));
        let (reason, message, about) = stuck_with(&view);
        assert_eq!((reason, about.len()), (Reason::OwnedByOther, 1));
        assert!(message.contains(&format!("another owner of the cluster with hash {cluster}")), "{message}");
        assert!(message.contains("set deletionPolicy: Retain on that object"), "{message}");
        assert_eq!(message.contains("owner domain"), under.is_some(), "{message}");
        assert!(under.is_none_or(|domain| message.contains(domain)), "{message}");
    }
}

#[test]
fn labels_that_no_operator_wrote_are_not_repeated() {
    let mut view = view();
    let [domain, owner, attempt] = ["<b>x</b>", "x", "c1.u.`rm -rf`.m"].map(|text| Some(text.to_owned()));
    adopts(&mut view, RawMark { domain, owner, attempt, released: None });
    let (reason, message, _) = stuck_with(&view);
    assert_eq!(reason, Reason::OwnedByOther);
    assert!(!message.contains("<b>") && !message.contains("rm -rf"), "{message}");
}

#[test]
fn a_name_that_is_taken_is_told_with_the_ids_and_what_takes_them() {
    let mut view = view();
    let intent = Intent {
        uid: view.object.uid.clone(),
        target: view.target().unwrap(),
        principal: "ak".into(),
        attempts: vec![Attempt { nonce: "c1".into(), hash: String::new() }],
        ..Intent::default()
    };
    view.object.intent = crate::plan::object::Stored::Own(intent);
    view.object.finalizer = true;
    view.state.name_taken = Some(view.config.list_lag);
    view.observed.owned_is_fresh = true;
    assert_eq!(plan(&view), Step::Look(Look::Named("o".into())));
    view.observed.named = Some(Vec::new());
    let (reason, message, about) = stuck_with(&view);
    assert_eq!((reason, about), (Reason::NameTaken, vec![]));
    assert!(message.contains("may not be visible"), "{message}");
    view.observed.named = Some(vec![remote(None)]);
    let (_, message, about) = stuck_with(&view);
    assert_eq!(about, [About::shown(&remote(None))], "woken when that is renamed or goes");
    let expected = "another dataset is named o: d-1; change spec.name, or take it with adoption: {datasetId: d-1}";
    assert_eq!(message, expected);
    let mark = lives(&mut view);
    view.observed.named = Some(vec![remote(Some(mark))]);
    assert!(stuck_with(&view).1.contains("d-1 of Dataset team-a/flowers"), "{}", stuck_with(&view).1);
    // An object that is being deleted does not care who has the name.
    view.object.deleting = true;
    view.observed.object_is_fresh = true;
    view.observed.named = None;
    assert!(matches!(plan(&view), Step::Refuse(..)));
}

#[test]
fn a_new_name_that_is_taken_is_told_in_the_same_way() {
    let (mut view, mine) = kept(&id(), json!({"Name": "before", "Uri": "oss://b/", "Description": "new"}), &[]);
    view.observed.remotes.insert(id(), Observation::Listed(mine));
    let Step::Edit(edit) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(edit.request, Request::update_dataset("d-1", fields(json!({"Name": "o"}))));
    let refused = Report::new(Ready::Stuck(Reason::NameTaken, "taken".into()), Next::Backoff);
    view.observed.name_refused = Some(Box::new(refused));
    assert_eq!(plan(&view), Step::Look(Look::Named("o".into())));
    let theirs = Arc::new(Remote { id: RemoteId::new("d-2"), ..(*remote(None)).clone() });
    view.observed.named = Some(vec![theirs]);
    let (reason, message, about) = stuck_with(&view);
    assert_eq!((reason, about.len()), (Reason::NameTaken, 1));
    assert!(message.contains("another dataset is named o: d-2;"), "{message}");
}

#[test]
fn what_an_earlier_object_left_behind_is_told_with_what_takes_it_and_woken_when_it_goes() {
    let mut view = view();
    view.observed.swept = true;
    let mark = view.config.identity.mark(&owner(), "an earlier life", "c0").into_released();
    view.observed.owned = vec![remote(Some(mark))];
    let (reason, message, about) = stuck_with(&view);
    assert_eq!((reason, about.len()), (Reason::NameTaken, 1));
    assert!(message.contains("set adoption: {datasetId: d-1} to take it back"), "{message}");
}

#[test]
fn what_is_to_be_adopted_and_is_not_there_is_waited_for() {
    let mut view = view();
    desire(&mut view).adopt = Some(id());
    view.observed.remotes.insert(id(), Observation::Gone);
    let (reason, _, about) = stuck_with(&view);
    assert_eq!((reason, about), (Reason::AdoptionNotFound, vec![About::absent(id())]));
}

#[test]
fn a_version_whose_dataset_object_stands_for_another_one_is_read_before_it_is_believed() {
    let version = RemoteId::new("d-1").join("v2");
    let (mut view, remote) = kept(&version, json!({"Uri": "oss://b/"}), &[]);
    desire(&mut view).target.dataset_id = Some("d-2".into());
    view.observed.remotes.insert(version.clone(), Observation::Listed(remote.clone()));
    assert_eq!(plan(&view), Step::Read(version.clone()));
    view.observed.remotes.insert(version.clone(), Observation::Read(remote));
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    let Ready::Working(Reason::DependencyNotReady, message) = &report.ready else { panic!("{:?}", report.ready) };
    assert!(message.contains("d-1/v2") && message.contains("d-2"), "{message}");
    // The version is gone as well: it is made again in d-2 if the spec wants that, and otherwise reported as deleted.
    view.observed.remotes.insert(version, Observation::Gone);
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Stuck(Reason::RemoteDeleted, _)), "{:?}", report.ready);
    desire(&mut view).recreate = true;
    assert_eq!(plan(&view), Step::Permit);
}
