//! The truth table of `plan`, by counting rather than by example: every combination of where an object, its intent,
//! its status and its remote can stand, and what must hold for the answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::api::condition::Reason;
use crate::cloud::Request;
use crate::plan::account::{AccountView, Caller};
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::edit::Purpose;
use crate::plan::intent::{Attempt, Intent, Target};
use crate::plan::object::{ObjectFacts, Stored};
use crate::plan::profile::Profile;
use crate::plan::recorded::{Ended, Outcome, Recorded};
use crate::plan::step::{Flight, Look};
use crate::plan::view::{Observation, Observed, OperatorConfig, Relations, StateView};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Labels, Origin, Owner, Ownership, RawMark};

const UID: &str = "11111111-1111-1111-1111-111111111111";
const DEAD: &str = "22222222-2222-2222-2222-222222222222";
const LIVING: &str = "33333333-3333-3333-3333-333333333333";

/// The remote as one row of "Whose is it?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Mine,
    Released,
    Predecessor,
    Other,
    Forged,
    Nobody,
}

const MARKS: [Mark; 6] = [Mark::Mine, Mark::Released, Mark::Predecessor, Mark::Other, Mark::Forged, Mark::Nobody];

pub(crate) fn owner() -> Owner {
    Owner { kind: "Dataset.pai.dataset-operator.dev".into(), namespace: "ns".into(), name: "o".into() }
}

fn identity() -> Identity {
    Identity::new(&["domain".into()], &[], "cluster")
}

fn remote(id: &str, mark: Mark, nonce: &str) -> Arc<Remote> {
    let of = |uid: &str| identity().mark(&owner(), uid, nonce);
    let mut raw = match mark {
        Mark::Mine | Mark::Forged => of(UID),
        Mark::Released | Mark::Predecessor => of(DEAD),
        Mark::Other => of(LIVING),
        Mark::Nobody => RawMark::default(),
    };
    if mark == Mark::Released {
        raw = raw.into_released();
    }
    if mark == Mark::Forged {
        raw.attempt.iter_mut().for_each(|text| text.push('0'));
    }
    let fields = json!({"Name": "o", "Uri": "oss://b/", "Description": "old"});
    let id = RemoteId::new(id);
    let first = Remote::labelled(id.join("v1"), Labels::new(), Fields::new(), None);
    let fields = fields.as_object().cloned().unwrap_or_default();
    Arc::new(Remote::labelled(id, raw.labels(), fields, Some(Box::new(first))))
}

fn target() -> Target {
    Target { account: "default".into(), workspace: "478".into(), ..Target::default() }
}

fn desired() -> Desired {
    let fields = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    Desired {
        target: target(),
        create: fields(json!({"Name": "o", "Uri": "oss://b/", "Description": "new", "WorkspaceId": "478"})),
        fixed: fields(json!({"Uri": "oss://b/"})),
        mutable: fields(json!({"Name": "o", "Description": "new"})),
        labels: Labels::new(),
        label_keys: Vec::new(),
        first: FirstVersion::default(),
        adopt: None,
        policy: Policy::IfMarked,
        bind: false,
        recreate: false,
        run: None,
        secret: None,
    }
}

pub(crate) fn view() -> View {
    View {
        object: ObjectFacts {
            uid: UID.into(),
            namespace: "ns".into(),
            name: "o".into(),
            resource_version: "1".into(),
            generation: 1,
            deleting: false,
            finalizer: false,
            finalizers: vec![],
            intent: Stored::Absent,
            paused: false,
            unclear_pause: None,
            force_release: None,
            poll: None,
            requested: None,
        },
        recorded: Recorded { observed_generation: -1, ..Recorded::default() },
        owner: owner(),
        profile: &PROFILE,
        desired: Ok(desired()),
        deletion: None,
        relations: Relations::default(),
        state: StateView { fresh: "0123456789abcdef".into(), ..StateView::default() },
        observed: Observed {
            absence_counts: true,
            live_here: BTreeSet::from([LIVING.to_owned()]),
            ..Observed::default()
        },
        account: Arc::new(AccountView { alias: "default".into(), region: String::new(), caller: Caller::by_key("ak") }),
        config: Arc::new(OperatorConfig {
            identity: identity(),
            settle: Duration::from_secs(6),
            list_lag: Duration::from_secs(1),
            default_deletion: None,
        }),
    }
}

/// A Dataset of which only the Uri is fixed.
static PROFILE: Profile = Profile { fixed: &["Uri"], ..crate::kinds::dataset::PROFILE };

/// Is the step an edit of this remote, for this purpose?
pub(super) fn is_edit(step: &Step, purpose: &Purpose, id: &RemoteId) -> bool {
    matches!(step, Step::Edit(edit) if edit.purpose == *purpose && edit.id == *id)
}

/// The requests that make a remote equal to the spec.
pub(super) fn requests(view: &View, desired: &Desired, remote: &Remote) -> Vec<Request> {
    (view.profile.compare)(view, desired, remote).unwrap().edits.into_iter().map(|edit| edit.request).collect()
}

fn intent(uid: &str, nonces: &[&str]) -> Intent {
    let attempts = nonces.iter().map(|nonce| Attempt { nonce: (*nonce).into(), hash: desired().hash() }).collect();
    Intent { uid: uid.into(), target: target(), principal: "ak".into(), attempts, ..Intent::default() }
}

fn intents() -> Vec<Stored> {
    vec![
        Stored::Absent,
        Stored::Own(intent(UID, &[])),
        Stored::Own(intent(UID, &["c1"])),
        Stored::Own(intent(UID, &["c1", "c2"])),
        Stored::Own(intent(UID, &["a1"])),
        Stored::Foreign(intent(DEAD, &["c9"])),
    ]
}

fn outcomes() -> Vec<Option<Ended>> {
    let ended = |nonce: &str, outcome| Some(Ended { nonce: nonce.into(), outcome });
    vec![None, ended("c1", Outcome::Created), ended("c1", Outcome::Refused), ended("a1", Outcome::Adopted)]
}

fn sights() -> Vec<Option<Observation>> {
    let marked = MARKS.iter().flat_map(|mark| {
        let remote = remote("d-1", *mark, "c1");
        [Some(Observation::Listed(remote.clone())), Some(Observation::Read(remote))]
    });
    [None, Some(Observation::Gone)].into_iter().chain(marked).collect()
}

/// Calls `check` with every view, and returns how many there were.
fn every_view(check: impl Fn(&View, &Step)) -> usize {
    let mut count = 0;
    for intent in intents() {
        for attempt in outcomes() {
            for sight in sights() {
                for owned in std::iter::once(None).chain(MARKS.iter().map(Some)) {
                    // Bits: id, finalizer, deleting, paused, swept and permitted, absence counts, settled, object fresh.
                    for bits in (0_u32..256).filter(|bits| bits & 8 == 0 || bits & 16 != 0) {
                        let mut view = view();
                        view.object.intent = intent.clone();
                        view.recorded.attempt.clone_from(&attempt);
                        if bits & 1 != 0 {
                            view.recorded.id = Some(RemoteId::new("d-1"));
                            view.recorded.origin = Some(Origin::Created);
                            view.recorded.fixed = desired().fixed;
                        }
                        if let Some(sight) = &sight {
                            view.observed.remotes.insert(RemoteId::new("d-1"), sight.clone());
                        }
                        view.observed.owned = owned.iter().map(|mark| remote("d-2", **mark, "c2")).collect();
                        view.object.finalizer = bits & 2 != 0;
                        view.object.deleting = bits & 4 != 0;
                        view.object.paused = bits & 8 != 0;
                        view.observed.swept = bits & 16 != 0;
                        view.observed.absence_counts = bits & 32 != 0;
                        view.observed.permit = view.observed.swept;
                        if bits & 64 != 0 {
                            view.state.uncertain_for = Duration::from_secs(7);
                            view.state.lists = 2;
                            view.state.settled_lists = 2;
                            view.observed.owned_is_fresh = true;
                        }
                        view.observed.object_is_fresh = bits & 128 != 0;
                        check(&view, &plan(&view));
                        count += 1;
                    }
                }
            }
        }
    }
    count
}

fn ownership(view: &View, id: &RemoteId) -> Option<Ownership> {
    let owned = view.observed.owned.iter().find(|remote| remote.id == *id);
    view.observation(id).and_then(Observation::remote).or(owned).map(|remote| view.ownership(remote))
}

#[test]
fn what_always_holds() {
    let count = every_view(|view, step| {
        let context = || format!("{step:?}\nfor {view:#?}");
        match step {
            // R1: no create is sent that was not claimed in this reconcile.
            Step::Create => panic!("{}", context()),
            Step::Claim(intent, flight) => {
                assert!(!view.object.deleting, "the server forbids a new finalizer\n{}", context());
                assert_eq!(intent.uid, UID, "{}", context());
                if let Some(Flight::Create { nonce, .. }) = flight {
                    assert!(view.observed.swept && view.observed.permit, "look first, permit first\n{}", context());
                    assert_eq!(intent.newest(), Some(nonce.as_str()), "{}", context());
                    let settled = view.state.settled_lists >= 2;
                    let doubt = matches!(view.object.intent, Stored::Foreign(_))
                        || (view.object.intent == Stored::Absent
                            && view.object.finalizer
                            && view.recorded.id.is_none());
                    assert!(settled || !doubt, "a doubt is not stepped over\n{}", context());
                    assert!(view.id().is_none(), "onExternalDeletion is Fail\n{}", context());
                }
            }
            // Only a remote that was read in this reconcile, and that provably is ours, is deleted.
            Step::Delete(id) => {
                assert!(matches!(view.observation(id), Some(Observation::Read(_))), "{}", context());
                assert!(view.observed.object_is_fresh, "{}", context());
                assert!(!(view.object.paused && view.object.deleting), "{}", context());
                let ours = matches!(ownership(view, id), Some(Ownership::Mine { .. } | Ownership::Predecessor { .. }));
                let proven = ownership(view, id) == Some(Ownership::Nobody) && view.id() == Some(id);
                assert!(ours || proven, "{}", context());
            }
            Step::Edit(edit) if edit.purpose == Purpose::Release => {}
            Step::Edit(edit) => {
                let id = &edit.id;
                assert!(!view.object.paused && !view.object.deleting, "{}", context());
                assert_ne!(ownership(view, id), Some(Ownership::Other), "{}", context());
                if matches!(edit.purpose, Purpose::Mark | Purpose::ClearReleased) && view.observed.flight.is_none() {
                    assert!(view.observed.object_is_fresh, "the object may have let go since\n{}", context());
                }
                if matches!(edit.purpose, Purpose::Spec(_)) {
                    assert!(
                        matches!(ownership(view, id), Some(Ownership::Mine { released: false, .. })),
                        "{}",
                        context()
                    );
                }
            }
            Step::RemoveFinalizer => {
                assert!(
                    view.object.deleting && view.object.finalizer && view.observed.object_is_fresh,
                    "{}",
                    context()
                );
                if let Some(id) = view.id()
                    && matches!(ownership(view, id), Some(Ownership::Mine { .. } | Ownership::Predecessor { .. }))
                {
                    panic!("a remote of ours would be orphaned\n{}", context());
                }
            }
            Step::Record(record) => {
                let mine = matches!(ownership(view, &record.id), Some(Ownership::Mine { .. }));
                assert!(mine, "only what carries our uid is recorded without a claim\n{}", context());
                let kept = view.id().is_none_or(|id| record.id == *id || view.known_gone(id));
                assert!(kept, "an id that may live is never overwritten\n{}", context());
            }
            Step::Ignore => assert!(view.object.deleting && !view.object.finalizer, "{}", context()),
            Step::Report(report) => {
                if let Ready::Available(_) = report.ready {
                    let id = view.id().unwrap_or_else(|| panic!("{}", context()));
                    assert!(
                        matches!(ownership(view, id), Some(Ownership::Mine { released: false, .. })),
                        "{}",
                        context()
                    );
                    assert!(view.in_good_order(), "{}", context());
                }
            }
            Step::Refuse(..) | Step::Reread | Step::Read(_) | Step::Look(_) | Step::Permit | Step::Resolve => {}
        }
        if view.object.paused && !view.object.deleting {
            assert!(matches!(step, Step::Report(_)), "paused\n{}", context());
        }
        if view.object.deleting && view.object.finalizer {
            let mut view = view.clone();
            view.observed.definition_going = true;
            let let_go = if view.observed.object_is_fresh { Step::RemoveFinalizer } else { Step::Reread };
            assert_eq!(plan(&view), let_go, "its definition goes\n{}", context());
        }
    });
    println!("{count} views");
    assert!(count > 400_000);
}

#[test]
fn a_fresh_object_looks_asks_claims_and_sends() {
    let mut view = view();
    assert_eq!(plan(&view), Step::Look(Look::Sweep));
    view.observed.swept = true;
    assert_eq!(plan(&view), Step::Permit);
    view.observed.permit = true;
    let Step::Claim(intent, Some(flight)) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(intent.attempts.len(), 1);
    view.object.intent = Stored::Own(*intent);
    view.object.finalizer = true;
    view.observed.flight = Some(flight);
    assert_eq!(plan(&view), Step::Create);
}

#[test]
fn a_doubt_looks_waits_looks_twice_and_only_then_tries_again() {
    let mut view = view();
    view.object.finalizer = true;
    view.object.intent = Stored::Own(intent(UID, &["c1"]));
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.state.lists = 1;
    view.observed.owned_is_fresh = true;
    let Step::Report(report) = plan(&view) else { panic!("waits") };
    assert_eq!(report.next, Next::After(Duration::from_secs(6)));
    view.state.uncertain_for = Duration::from_secs(6);
    assert_eq!(plan(&view), Step::Look(Look::Owned));
    view.state.settled_lists = 2;
    assert_eq!(plan(&view), Step::Resolve);
    view.state.resolved = true;
    view.observed.swept = true;
    view.observed.permit = true;
    let Step::Claim(next, _) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(next.attempts.len(), 2, "the doubtful attempt stays on the list");
}

#[test]
fn of_several_hits_the_newest_attempt_is_recorded() {
    let mut view = view();
    view.object.finalizer = true;
    view.object.intent = Stored::Own(intent(UID, &["c1", "c2"]));
    view.observed.owned = vec![remote("d-1", Mark::Mine, "c1"), remote("d-2", Mark::Mine, "c2")];
    view.observed.owned_is_fresh = true;
    view.state.lists = 1;
    let Step::Record(record) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(record.id, RemoteId::new("d-2"));
}

#[test]
fn an_unmarked_remote_gets_no_mark_while_another_one_carries_that_of_its_create() {
    let mut view = view();
    view.object.finalizer = true;
    view.object.intent = Stored::Own(intent(UID, &["c1"]));
    view.observed.swept = true;
    let id = RemoteId::new("d-1");
    view.recorded.id = Some(id.clone());
    view.recorded.origin = Some(Origin::Created);
    view.recorded.attempt = Some(Ended { nonce: "c1".into(), outcome: Outcome::Created });
    view.recorded.fixed = desired().fixed;
    view.observed.remotes.insert(id.clone(), Observation::Read(remote("d-1", Mark::Nobody, "c1")));
    view.observed.object_is_fresh = true;
    for deleting in [false, true] {
        view.object.deleting = deleting;
        view.state.recorded_age = Some(Duration::from_millis(900));
        assert!(matches!(plan(&view), Step::Report(_)), "a list could be too old to show the other one");
        view.state.recorded_age = Some(Duration::from_secs(1));
        assert_eq!(plan(&view), Step::Look(Look::Owned));
        view.state.recorded_age = None;
        assert!(matches!(plan(&view), Step::Report(_)), "another process recorded it, just now perhaps");
    }
    view.object.deleting = false;
    view.state.uncertain_for = Duration::from_secs(1);
    view.observed.owned_is_fresh = true;
    assert!(is_edit(&plan(&view), &Purpose::Mark, &id));
    view.observed.owned = vec![remote("d-2", Mark::Mine, "c2")];
    assert!(is_edit(&plan(&view), &Purpose::Mark, &id), "of another attempt");
    view.observed.owned = vec![remote("d-2", Mark::Mine, "c1")];
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Stuck(Reason::OwnedByOther, _)));
    view.object.deleting = true;
    assert_eq!(plan(&view), Step::RemoveFinalizer, "and none is deleted");
}

#[test]
fn an_intent_for_an_account_that_is_not_configured_is_never_followed() {
    let mut view = view();
    let mut elsewhere = intent(UID, &["c1"]);
    elsewhere.target.region = "eu-central-1".into();
    view.object.finalizer = true;
    view.object.intent = Stored::Own(elsewhere);
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert!(matches!(report.ready, Ready::Stuck(Reason::AccountMismatch, _)));
}

#[test]
fn deletion_defaults_follow_the_origin() {
    let mut view = view();
    for (origin, deletion) in
        [(None, Deletion::Delete), (Some(Origin::Created), Deletion::Delete), (Some(Origin::Adopted), Deletion::Retain)]
    {
        view.recorded.origin = origin;
        assert_eq!(view.deletion_policy(), deletion);
    }
    view.deletion = Some(Deletion::Delete);
    assert_eq!(view.deletion_policy(), Deletion::Delete);
    view.deletion = None;
    for default in [Deletion::Delete, Deletion::Retain] {
        Arc::make_mut(&mut view.config).default_deletion = Some(default);
        for origin in [None, Some(Origin::Created), Some(Origin::Adopted)] {
            view.recorded.origin = origin;
            assert_eq!(view.deletion_policy(), default, "{origin:?}");
        }
    }
    view.deletion = Some(Deletion::Delete);
    assert_eq!(view.deletion_policy(), Deletion::Delete, "the spec says so");
}

#[test]
fn labels_of_others_are_never_touched() {
    let mut view = view();
    let mut remote = (*remote("d-1", Mark::Mine, "c1")).clone();
    remote.labels.extend([("theirs".to_owned(), "1".to_owned()), ("old".to_owned(), "1".to_owned())]);
    view.recorded.label_keys = BTreeSet::from(["old".to_owned()]);
    let mut wanted = desired();
    wanted.mutable = Fields::new();
    wanted.labels = Labels::from([("new".to_owned(), "1".to_owned())]);
    let expected =
        [Request::delete_dataset_labels("d-1", &["old".into()]), Request::create_dataset_labels("d-1", &wanted.labels)];
    assert_eq!(requests(&view, &wanted, &remote), expected);
}

#[test]
fn a_version_gets_its_full_set_of_labels() {
    let view = View { profile: &crate::kinds::version::PROFILE, ..view() };
    let mut version = (*remote("d-1", Mark::Mine, "c1")).clone();
    version.id = RemoteId::new("d-1").join("v2");
    version.labels.insert("theirs".to_owned(), "1".to_owned());
    let mut wanted = desired();
    wanted.mutable = Fields::new();
    wanted.labels = Labels::from([("new".to_owned(), "1".to_owned())]);
    let mut set = version.all_labels();
    set.extend(wanted.labels.clone());
    assert!(["new", "theirs", "dso-domain", "dso-owner", "dso-attempt"].iter().all(|key| set.contains_key(*key)));
    assert_eq!(requests(&view, &wanted, &version), [Request::create_dataset_version_labels("d-1", "v2", &set)]);
}
