//! 2 000 statuses, the statuses that follow with a report, and the patches that are written.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use super::dice::Dice;
use super::files::{Outcome, compare, compare_text};
use super::views::uid;
use crate::api::condition::Reason;
use crate::kinds::{dataset, version};
use crate::plan::intent::{Attempt, Intent, Target};
use crate::plan::profile::Profile;
use crate::plan::recorded::{Ended, LastError, Outcome as Ending, Recorded};
use crate::plan::report::{Next, Ready, Report};
use crate::reconcile::conditions::{next_status, patch};
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Origin, Owner};

const STATUSES: u32 = 2_400;
const FIXED: [&str; 3] = ["Uri", "WorkspaceId", "ImportInfo"];

/// The kinds. The second one knows all members of status.
static DATASETS: Profile = Profile { fixed: &FIXED, ..dataset::PROFILE };
static ALL: Profile = Profile { fixed: &FIXED, info_keys: dataset::PROFILE.info_keys, ..version::PROFILE };

fn time(dice: &mut Dice) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + i64::from(dice.below(3)) * 60).unwrap()
}

fn error(dice: &mut Dice) -> LastError {
    LastError {
        code: dice.one(&["InvalidUri", "503", "malformed"]).into(),
        request_id: dice.one(&[None, Some("r-1"), Some("r-2")]).map(str::to_owned),
        operation: dice.one(&["CreateDataset", "UpdateDataset"]).into(),
        time: dice.one(&["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]).into(),
    }
}

/// The reasons that there were when the golden files were made.
const REASONS: &[Reason] = Reason::ALL.split_at(23).0;

fn report(dice: &mut Dice) -> Report {
    let reason = dice.one(REASONS);
    let long = "ü".repeat(1200);
    let messages = ["dial tcp 10.0.0.7:40001: refused", "dial tcp 10.0.0.7:52345: refused", "fine", &long];
    let message = dice.one(&messages).to_owned();
    let ready = match dice.below(6) {
        0 => Ready::Available(message),
        1 => Ready::Paused(message),
        2 => Ready::PausedReady(message),
        _ if reason.stalled() => Ready::Stuck(reason, message),
        _ => Ready::Working(reason, message),
    };
    let note = |dice: &mut Dice, text: &str| dice.maybe(20, text.to_owned());
    Report {
        drifted: note(dice, "changed outside Kubernetes: description"),
        normalised: note(dice, "spec.description is \" new \", the service shows \"new\""),
        duplicates: note(dice, "d-2 also carries this object's ownership labels"),
        error: dice.chance(30).then(|| error(dice)),
        ..Report::new(ready, Next::After(Duration::ZERO))
    }
}

fn condition(dice: &mut Dice, kind: &str) -> Condition {
    Condition {
        type_: kind.into(),
        status: dice.one(&["True", "False"]).into(),
        reason: dice.one(REASONS).to_string(),
        message: dice.one(&["dial tcp 10.0.0.7:40001: refused", "fine", ""]).into(),
        observed_generation: dice.one(&[None, Some(1), Some(2)]),
        last_transition_time: Time(time(dice)),
    }
}

fn recorded(dice: &mut Dice) -> Recorded {
    let ids = [None, Some(RemoteId::new("d-1")), Some(RemoteId::new("d-2")), Some(RemoteId::new("d-1").join("v2"))];
    let mut recorded = Recorded {
        observed_generation: dice.one(&[-1, 1, 2]),
        id: dice.one(&ids),
        origin: dice.one(&[None, Some(Origin::Created), Some(Origin::Adopted)]),
        recovered: dice.chance(20),
        last_error: dice.chance(30).then(|| error(dice)),
        principal: dice.maybe(50, "LTAI5tExample".into()),
        handled: dice.maybe(30, "2026-07-01T08:30:00Z".into()),
        ..Recorded::default()
    };
    for name in FIXED {
        let value = json!(format!("{name} of it"));
        recorded.fixed.extend(dice.maybe(50, (name.to_owned(), value)));
    }
    if dice.chance(60) {
        let outcome = dice.one(&[Ending::Created, Ending::Adopted, Ending::Refused]);
        recorded.attempt = Some(Ended { nonce: dice.one(&["c1", "a1"]).into(), outcome });
    }
    for key in ["team", "stage", "v1=light"] {
        recorded.label_keys.extend(dice.maybe(25, key.to_owned()));
    }
    for key in ["name", "ownerId", "latestVersion", "mountPath", "mountAccess"] {
        recorded.info.extend(dice.maybe(30, (key.to_owned(), json!(format!("{key} of it")))));
    }
    for kind in ["Ready", "Reconciling", "Stalled", "Drifted", "DuplicatesFound", "Paused"] {
        if dice.chance(35) {
            recorded.conditions.push(condition(dice, kind));
        }
    }
    recorded
}

struct Case {
    before: Recorded,
    report: Report,
    generation: i64,
    now: Timestamp,
}

fn case(number: u32) -> Case {
    let mut before = recorded(&mut Dice::of(number, "before"));
    let report = report(&mut Dice::of(number, "report"));
    let dice = &mut Dice::of(number, "more");
    if dice.chance(40) {
        // Status shows the same report already, or nearly.
        let now = time(dice);
        let mut same = report.clone();
        if let (Some(error), true) = (&mut same.error, dice.chance(70)) {
            error.request_id = Some("an earlier one".into());
        }
        before = next_status(&before, &same, before.observed_generation, now);
    }
    Case { before, report, generation: dice.one(&[1, 2, 3]), now: time(dice) }
}

/// Canonical: `json!` sorts the keys of objects.
fn written(value: Option<Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

#[test]
fn every_status_is_written_as_it_was() {
    let outcome = |number: u32| {
        let Case { before, report, generation, now } = case(number);
        let after = next_status(&before, &report, generation, now);
        let status = Value::Object(after.to_status(&ALL));
        let versioned = after.id.as_ref().is_some_and(|id| id.child().is_some());
        assert_eq!(
            Value::Object(Recorded::of(&status, if versioned { &ALL } else { &DATASETS }).to_status(&ALL)),
            status,
            "{number}"
        );
        // A record may also replace another id.
        let mut replaced = after.clone();
        replaced.id = recorded(&mut Dice::of(number, "replaced")).id;
        let patches = [patch(&ALL, uid(), &before, &after), patch(&ALL, uid(), &before, &replaced)];
        let word = if patches[0].is_some() { "patch" } else { "nothing" };
        let [told, placed] = patches.map(written);
        Outcome { word: word.to_owned(), text: format!("{told}\n{placed}\n{status}") }
    };
    let outcomes: Vec<_> = (0..STATUSES).map(outcome).collect();
    let told = |number: u32| {
        let Case { before, report, generation, now } = case(number);
        format!("generation {generation} at {now}\n{before:#?}\n{report:#?}")
    };
    compare("status.txt", &outcomes, told);
}

fn status_of_everything() -> Recorded {
    let condition = |kind: &str| Condition {
        type_: kind.into(),
        status: "True".into(),
        reason: "Reason".into(),
        message: "message".into(),
        observed_generation: Some(3),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    };
    let text = |name: &str| (name.to_owned(), json!(name));
    Recorded {
        observed_generation: 3,
        id: Some(RemoteId::new("d-1").join("v2")),
        origin: Some(Origin::Adopted),
        recovered: true,
        fixed: FIXED.iter().map(|name| text(name)).collect::<Fields>(),
        attempt: Some(Ended { nonce: "c1".into(), outcome: Ending::Created }),
        label_keys: ["a".to_owned(), "v1=b".to_owned()].into(),
        provider: None,
        principal: Some("ak".into()),
        info: ["name", "ownerId", "latestVersion", "mountPath", "mountAccess"].into_iter().map(text).collect(),
        handled: Some("now".into()),
        last_error: Some(LastError {
            code: "503".into(),
            request_id: Some("r".into()),
            operation: "GetDataset".into(),
            time: "2026-01-01T00:00:00Z".into(),
        }),
        conditions: ["Ready", "Paused"].map(condition).into(),
    }
}

/// The stored forms, in full: a status with everything, intents, and marks.
#[test]
fn what_is_stored_reads_as_it_did() {
    let mut lines = vec![format!("status {}", Value::Object(status_of_everything().to_status(&ALL)))];
    let attempt = |nonce: &str| Attempt { nonce: nonce.into(), hash: "9b2f6d1c0a8e4735".into() };
    let target = Target { account: "default".into(), workspace: "12345".into(), ..Target::default() };
    let whole = Target { region: "cn-hangzhou".into(), dataset_id: Some("d-1".into()), ..target.clone() };
    let intent = |target: &Target, attempts| Intent {
        uid: uid().into(),
        target: target.clone(),
        principal: "LTAI5tExample".into(),
        attempts,
        ..Intent::default()
    };
    let intents = [
        intent(&target, vec![]),
        intent(&target, vec![attempt("c0123456789abcdef")]),
        intent(&whole, vec![attempt("c0123456789abcdef"), attempt("a0123456789abcdef")]),
    ];
    for intent in &intents {
        assert_eq!(Intent::parse(&intent.to_annotation()).as_ref(), Some(intent));
        lines.push(format!("intent {}", intent.to_annotation()));
    }
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let identities = [
        ("by the cluster", Identity::new(&[], &[], "5f5c2e61-5f96-462c-a94f-63eb9bc2a3ff")),
        ("by a domain", Identity::new(&texts(&["domain", "older"]), &[], "5f5c2e61-5f96-462c-a94f-63eb9bc2a3ff")),
        (
            "by a key",
            Identity::new(&texts(&["domain"]), &texts(&["key", "older"]), "5f5c2e61-5f96-462c-a94f-63eb9bc2a3ff"),
        ),
        ("without a cluster", Identity::without_cluster(&texts(&["domain"]), &texts(&["key"]))),
    ];
    for (name, identity) in &identities {
        for (kind, object) in [("Dataset", "flowers"), ("DatasetVersion", "flowers-2026")] {
            let owner = Owner {
                kind: format!("{kind}.{}", crate::api::names::GROUP),
                namespace: "vision".into(),
                name: object.into(),
            };
            let mark = identity.mark(&owner, uid(), "c0123456789abcdef");
            let looked_for = (identity.domains(), identity.owner_values(&owner));
            lines.push(format!("mark {name}, {kind}: {}", json!(mark.labels())));
            lines.push(format!("looked for {name}, {kind}: {looked_for:?}"));
        }
    }
    compare_text("stored.txt", &(lines.join("\n") + "\n"));
}
