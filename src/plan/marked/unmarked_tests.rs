//! The truth table of the plan for remotes that carry no mark: where an object stands, what a list shows of its type, and
//! the step that follows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::cloud::codec::job_config::{ANOTHER, KEY};
use crate::kinds::job_config::PROFILE;
use crate::plan::desired::Deletion;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::cases::{desire, fields};
use crate::plan::marked::tests::view;
use crate::plan::object::Stored;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::{Blocked, Ready};
use crate::plan::secret::{SECRET, SecretVersion};
use crate::plan::step::{Flight, Look};
use crate::remote::Remote;
use crate::remote::id::{JOB_CONFIGS, RemoteId};
use crate::remote::mark::{Labels, Origin};

const NONCE: &str = "c0123456789abcdef";
const TAG: &str = "MultimodalIntelligentTag";
const INDEX: &str = "MultimodalSemanticIndex";

fn id(name: &str) -> RemoteId {
    RemoteId::new("d-1").within(JOB_CONFIGS, name)
}

fn version(number: &str) -> SecretVersion {
    SecretVersion { uid: "u".into(), resource_version: number.into() }
}

/// A configuration of this type, with this in the place of its key.
fn remote(name: &str, config_type: &str, key: &serde_json::Value) -> Arc<Remote> {
    let mut shown = fields(json!({"ConfigType": config_type, KEY: key}));
    shown.retain(|_, value| !value.is_null());
    Arc::new(Remote::labelled(id(name), Labels::new(), shown, None))
}

/// An object that wants the configuration with a key of the dataset `d-1`.
fn wants() -> View {
    let mut view = View { profile: &PROFILE, ..view() };
    let desired = desire(&mut view);
    desired.target.workspace = "478".to_owned();
    desired.target.dataset_id = Some("d-1".to_owned());
    desired.target.name = Some(TAG.to_owned());
    desired.fixed = fields(json!({"ConfigType": TAG}));
    desired.create = fields(json!({"ConfigType": TAG, "WorkspaceId": "478"}));
    desired.mutable.clear();
    *desired = desired.clone().with_secret(version("7"));
    view.observed.swept = true;
    view.state.uncertain_for = Duration::from_secs(1);
    view
}

/// What a list of this reconcile showed.
fn listed(mut view: View, there: &[Arc<Remote>]) -> View {
    view.observed.children.insert(JOB_CONFIGS, there.to_vec());
    view
}

/// The same with an attempt in doubt, after a fresh list.
fn in_doubt(there: &[Arc<Remote>]) -> View {
    let mut view = listed(wants(), there);
    let attempts = vec![Attempt { nonce: NONCE.to_owned(), hash: desire(&mut view).hash() }];
    let (uid, target) = (view.object.uid.clone(), view.target().unwrap());
    let secret = Some(version("7"));
    let intent = Intent { uid, target, principal: "ak".to_owned(), attempts, secret, ..Intent::default() };
    view.object.intent = Stored::Own(intent);
    view.object.finalizer = true;
    view.observed.owned_is_fresh = true;
    view.state.lists = 1;
    view
}

fn settled(mut view: View) -> View {
    (view.state.uncertain_for, view.state.lists, view.state.settled_lists) = (Duration::from_secs(60), 2, 2);
    view
}

fn recorded(origin: Origin) -> View {
    let mut view = in_doubt(&[]);
    view.observed.children.clear();
    view.observed.owned_is_fresh = false;
    view.recorded.id = Some(id("own"));
    view.recorded.origin = Some(origin);
    view.recorded.fixed = fields(json!({"ConfigType": TAG}));
    view.recorded.attempt = Some(Ended { nonce: NONCE.to_owned(), outcome: Outcome::Created });
    view.recorded.info.insert(SECRET.to_owned(), json!(version("7")));
    view
}

fn saw(mut view: View, sight: Observation) -> View {
    view.observed.remotes.insert(id("own"), sight);
    view
}

/// The step in a few words.
fn short(view: &View) -> String {
    match plan(view) {
        Step::Look(Look::Children(dataset, collection)) => format!("list {collection} of {dataset}"),
        Step::Read(id) => format!("read {id}"),
        Step::Claim(intent, Some(Flight::Create { .. })) => format!("claim with Secret {}", version_of(&intent)),
        Step::Claim(_, Some(Flight::Take { id, .. })) => format!("take {id}"),
        Step::Record(record) => {
            let how = if record.recovered { ", recovered" } else { "" };
            format!("record {} as {}{how}", record.id, record.origin.as_str())
        }
        Step::Refuse(_, report) => format!("refuse: {}", reason(&report.ready)),
        Step::Report(report) => reason(&report.ready),
        step @ (Step::Reread
        | Step::Look(_)
        | Step::Permit
        | Step::Claim(..)
        | Step::Create
        | Step::Edit(_)
        | Step::Delete(_)
        | Step::Resolve
        | Step::RemoveFinalizer
        | Step::Ignore) => step.name().to_owned(),
    }
}

fn version_of(intent: &Intent) -> String {
    intent.secret.clone().map(|secret| secret.resource_version).unwrap_or_default()
}

fn reason(ready: &Ready) -> String {
    match ready {
        Ready::Stuck(reason, _) => format!("stuck {reason}"),
        Ready::Working(reason, _) => reason.to_string(),
        Ready::Available(_) => "Available".to_owned(),
        Ready::Paused(_) | Ready::PausedReady(_) => "Paused".to_owned(),
    }
}

fn said(view: &View) -> String {
    let (Step::Report(report) | Step::Refuse(_, report)) = plan(view) else { panic!("{}", short(view)) };
    let (Ready::Stuck(_, message) | Ready::Working(_, message)) = report.ready else { panic!("{report:?}") };
    message
}

#[test]
fn a_claim_follows_a_list_that_shows_none_of_the_type() {
    assert_eq!(short(&wants()), "list configs of d-1");
    let mut view = listed(wants(), &[remote("x", INDEX, &json!(null))]);
    assert_eq!(short(&view), "Permit", "one of another type is no obstacle");
    view.observed.permit = true;
    assert_eq!(short(&view), "claim with Secret 7");
    let mut taken = listed(wants(), &[remote("x", TAG, &json!(version("7")))]);
    taken.observed.permit = true;
    assert_eq!(short(&taken), "stuck NameTaken", "even one of the same content");
    let message = said(&taken);
    assert!(message.contains("d-1/configs/x exists already") && message.contains("datasetJobConfigId: x"), "{message}");
    taken.observed.recorded_elsewhere.insert(id("x"));
    assert_eq!(short(&taken), "stuck OwnedByOther");
}

#[test]
fn an_id_is_taken_only_by_consent_and_never_from_another_object() {
    let mut view = wants();
    desire(&mut view).adopt = Some(id("x"));
    assert_eq!(short(&view), "read d-1/configs/x");
    let read = |mut view: View, sight| {
        view.observed.remotes.insert(id("x"), sight);
        view
    };
    assert_eq!(short(&read(view.clone(), Observation::Gone)), "stuck AdoptionNotFound");
    let found = Observation::Read(remote("x", TAG, &json!(null)));
    assert_eq!(short(&read(view.clone(), Observation::Listed(remote("x", TAG, &json!(null))))), "read d-1/configs/x");
    let mut there = read(view, found);
    assert_eq!(short(&there), "take d-1/configs/x");
    there.observed.flight = Some(Flight::Take { nonce: "a1".into(), id: id("x"), recovered: false });
    assert_eq!(short(&there), "record d-1/configs/x as Adopted");
    there.observed.flight = None;
    there.observed.recorded_elsewhere.insert(id("x"));
    assert_eq!(short(&there), "stuck OwnedByOther");
}

#[test]
fn what_a_create_without_an_answer_made_is_recorded_as_adopted() {
    let like = "record d-1/configs/x as Adopted, recovered";
    for key in [json!(version("7")), json!(null)] {
        assert_eq!(short(&in_doubt(&[remote("x", TAG, &key)])), like, "{key}");
        assert_eq!(short(&settled(in_doubt(&[remote("x", TAG, &key)]))), like);
    }
    let nothing = in_doubt(&[remote("y", INDEX, &json!(null))]);
    assert_eq!(short(&nothing), "Uncertain", "the grace period");
    assert_eq!(short(&settled(nothing)), "Resolve", "a new attempt follows");
    // Somebody else's.
    let other = in_doubt(&[remote("x", TAG, &json!(ANOTHER))]);
    assert_eq!((short(&other), short(&settled(other.clone()))), ("Uncertain".into(), "refuse: stuck NameTaken".into()));
    let mut refused = in_doubt(&[remote("x", TAG, &json!(ANOTHER))]);
    refused.state.name_taken = Some(Duration::ZERO);
    assert_eq!(short(&refused), "refuse: stuck NameTaken", "at once, as the create was refused");
    let mut own = in_doubt(&[remote("x", TAG, &json!(null))]);
    own.state.name_taken = Some(Duration::ZERO);
    assert_eq!(short(&own), like, "the service got the create twice");
    let mut known = in_doubt(&[remote("x", TAG, &json!(null))]);
    known.observed.recorded_elsewhere.insert(id("x"));
    assert_eq!(short(&known), "Uncertain", "another object's is nobody's result");
}

#[test]
fn a_doubt_that_content_cannot_end_is_told_with_the_ids() {
    let several = in_doubt(&[remote("x", TAG, &json!(null)), remote("y", TAG, &json!(null))]);
    assert_eq!(short(&several), "stuck NameTaken");
    let message = said(&several);
    assert!(message.contains("d-1/configs/x, d-1/configs/y") && message.contains("datasetJobConfigId: x"), "{message}");
    let mut changed = in_doubt(&[remote("x", TAG, &json!(null))]);
    *desire(&mut changed) = desire(&mut changed).clone().with_secret(version("8"));
    assert_eq!(short(&changed), "stuck NameTaken");
    assert!(said(&changed).contains("the Secret has changed since"));
    // Consent ends it, once the create cannot execute any more.
    let mut chosen = changed;
    desire(&mut chosen).adopt = Some(id("x"));
    assert_eq!((short(&chosen), short(&settled(chosen.clone()))), ("Uncertain".into(), "Resolve".into()));
    let mut waiting = in_doubt(&[remote("x", TAG, &json!(null))]);
    waiting.desired = Err(Blocked::waiting(Reason::DependencyNotReady, "no Secret"));
    assert_eq!(short(&waiting), "DependencyNotReady");
}

#[test]
fn a_deletion_in_doubt_takes_what_is_provable_and_leaves_the_rest() {
    let leaves = |mut view: View| {
        (view.object.deleting, view.observed.object_is_fresh) = (true, true);
        view
    };
    let one = || in_doubt(&[remote("x", TAG, &json!(null))]);
    assert_eq!(short(&leaves(one())), "record d-1/configs/x as Adopted, recovered");
    let mut without = leaves(one());
    without.desired = Err(Blocked::waiting(Reason::DependencyNotReady, "no Secret"));
    assert_eq!((short(&without), short(&settled(without.clone()))), ("Uncertain".into(), "Resolve".into()));
    let mut over = settled(without);
    over.state.resolved = true;
    assert_eq!(short(&over), "RemoveFinalizer");
}

#[test]
fn a_recorded_one_is_kept_equal_and_made_anew_in_a_new_dataset() {
    let own = |key: serde_json::Value| remote("own", TAG, &key);
    let view = recorded(Origin::Created);
    assert_eq!(short(&view), "read d-1/configs/own");
    for key in [json!(null), json!(version("7"))] {
        assert_eq!(short(&saw(view.clone(), Observation::Read(own(key)))), "Available");
    }
    assert_eq!(short(&saw(view.clone(), Observation::Read(own(json!(ANOTHER))))), "Change");
    let mut rotated = saw(view.clone(), Observation::Listed(own(json!(version("7")))));
    *desire(&mut rotated) = desire(&mut rotated).clone().with_secret(version("8"));
    assert_eq!(short(&rotated), "Change", "without a read");
    assert!(!rotated.carried_out() && view.carried_out() == view.recorded.was_ready());
    let gone = saw(view.clone(), Observation::Gone);
    assert_eq!(short(&gone), "stuck RemoteDeleted");
    let mut again = gone;
    desire(&mut again).recreate = true;
    again.observed.remotes.insert(RemoteId::new("d-1"), Observation::Read(own(json!(null))));
    assert_eq!(short(&again), "list configs of d-1", "look first");
    let mut moved = saw(view, Observation::Listed(own(json!(null))));
    desire(&mut moved).target.dataset_id = Some("d-2".to_owned());
    assert_eq!(short(&moved), "list configs of d-2");
}

#[test]
fn a_deletion_deletes_what_was_made_or_meant_and_keeps_the_rest() {
    let leaves = |origin, policy: Option<Deletion>, sight: Option<Observation>| {
        let mut view = recorded(origin);
        (view.object.deleting, view.observed.object_is_fresh, view.deletion) = (true, true, policy);
        view.observed.remotes.extend(sight.map(|sight| (id("own"), sight)));
        short(&view)
    };
    let read = |config_type| Some(Observation::Read(remote("own", config_type, &json!(null))));
    assert_eq!(leaves(Origin::Created, None, None), "read d-1/configs/own");
    assert_eq!(leaves(Origin::Created, None, read(TAG)), "Delete");
    assert_eq!(leaves(Origin::Created, None, read(INDEX)), "RemoveFinalizer", "that is another one");
    assert_eq!(leaves(Origin::Created, None, Some(Observation::Gone)), "RemoveFinalizer");
    assert_eq!(leaves(Origin::Created, Some(Deletion::Retain), None), "RemoveFinalizer", "without a call");
    assert_eq!(leaves(Origin::Adopted, None, None), "RemoveFinalizer");
    assert_eq!(leaves(Origin::Adopted, Some(Deletion::Delete), read(TAG)), "Delete");
}
