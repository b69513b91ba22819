//! From a report to the status that is written: conditions that GitOps tools understand, and a patch only when
//! something changed.
//!
//! `Ready` exists after the first reconcile, and is True only if the remote equals the spec of this generation.
//! `Reconciling` and `Stalled` exist only while True, never both. A transition time moves only with its status.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use crate::api::condition::{ConditionType, Reason};
use crate::plan::Record;
use crate::plan::object::ObjectFacts;
use crate::plan::profile::{Profile, Shape};
use crate::plan::recorded::{Ended, Recorded};
use crate::plan::report::{Next, Ready, Report};
use crate::plan::run::{self, RunReport};
use crate::reconcile::write_errors::gist;
use crate::remote::Remote;
use crate::words;

/// Why the condition `Drifted` stays on an object that is Ready: the service keeps another form of what it was sent.
pub(super) const SERVICE_NORMALISES: &str = "ServiceNormalises";

/// The status that `before` becomes when this report is written for `generation`.
#[must_use]
pub fn next_status(before: &Recorded, report: &Report, generation: i64, now: Timestamp) -> Recorded {
    let mut after = before.clone();
    after.observed_generation = generation;
    if same_failure(before, report) {
        // A retry that failed the same way is no news: message and error keep their first RequestId.
        for condition in &mut after.conditions {
            condition.observed_generation = Some(generation);
        }
        return after;
    }
    let mut conditions = Vec::new();
    let mut add = |kind: &str, status: &str, reason: &str, message: &str| {
        let previous = before.condition(kind).filter(|condition| condition.status == status);
        conditions.push(Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: cut(message),
            observed_generation: Some(generation),
            last_transition_time: previous.map_or(Time(now), |condition| condition.last_transition_time.clone()),
        });
    };
    match &report.ready {
        Ready::Available(message) => add("Ready", "True", Reason::Available.as_str(), message),
        Ready::Working(reason, message) => {
            add("Ready", "False", reason.as_str(), message);
            add("Reconciling", "True", reason.as_str(), message);
        }
        Ready::Stuck(reason, message) => {
            add("Ready", "False", reason.as_str(), message);
            add("Stalled", "True", reason.as_str(), message);
        }
        Ready::Paused(message) => {
            add("Ready", "False", Reason::Paused.as_str(), message);
            add("Paused", "True", Reason::Paused.as_str(), message);
        }
        Ready::PausedReady(message) => {
            add("Ready", "True", Reason::Available.as_str(), message);
            add("Paused", "True", Reason::Paused.as_str(), message);
        }
    }
    let is_over = before.condition("Complete").or(before.condition("Failed")).is_some();
    match (&report.run, &report.ready) {
        (Some((_, RunReport::Complete)), Ready::Available(message)) if !is_over => {
            add("Complete", "True", Reason::Available.as_str(), message);
        }
        (Some((_, RunReport::Failed)), Ready::Stuck(reason, message)) if !is_over => {
            add("Failed", "True", reason.as_str(), message);
        }
        _ => {}
    }
    if let Some(message) = &report.drifted {
        add("Drifted", "True", "Drifted", message);
    } else if let Some(message) = &report.normalised {
        add("Drifted", "True", SERVICE_NORMALISES, message);
    }
    if let Some(message) = &report.duplicates {
        add("DuplicatesFound", "True", "DuplicatesFound", message);
    }
    // A run that has ended stays so, whatever else is said of its object.
    let ended = ["Complete", "Failed"].map(|kind| before.condition(kind).filter(|held| held.status == "True"));
    conditions.extend(
        ended.into_iter().flatten().map(|held| Condition { observed_generation: Some(generation), ..held.clone() }),
    );
    after.conditions = conditions;
    after.last_error.clone_from(&report.error);
    after
}

/// The status `after` with the condition `AccountKept`, if there is something to say, and otherwise without it.
#[must_use]
pub fn with_account_kept(before: &Recorded, mut after: Recorded, message: Option<&str>, now: Timestamp) -> Recorded {
    const KEPT: &str = ConditionType::AccountKept.as_str();
    after.conditions.retain(|condition| condition.type_ != KEPT);
    after.conditions.extend(message.map(|message| Condition {
        type_: KEPT.to_owned(),
        status: "True".to_owned(),
        reason: KEPT.to_owned(),
        message: cut(message),
        observed_generation: Some(after.observed_generation),
        last_transition_time: before.condition(KEPT).map_or(Time(now), |held| held.last_transition_time.clone()),
    }));
    after
}

/// The status after this report. `before` is the status until now, `remote` the recorded remote if it is known, and
/// `label_keys` the keys that the spec wants, if they are known.
#[must_use]
pub fn after_report(
    kind: impl Into<Shape>,
    facts: &ObjectFacts,
    before: &Recorded,
    report: &Report,
    remote: Option<&Remote>,
    label_keys: Option<&[String]>,
    now: Timestamp,
) -> Recorded {
    let kind: Shape = kind.into();
    let mut after = next_status(before, report, facts.generation, now);
    let available = matches!(report.ready, Ready::Available(_));
    if let Some(told) = &report.told {
        let stays = |name: &&String| told.beside.contains_key(*name);
        let kept =
            before.info.iter().filter(|(name, _)| stays(name)).map(|(name, value)| (name.clone(), value.clone()));
        after.info = told.info.clone().into_iter().chain(kept).collect();
        // Such a report is made only after all that was asked for was looked at.
        after.handled.clone_from(&facts.requested);
        if patch(kind, "", before, &after).is_some() {
            after.info.extend(told.beside.clone());
        }
        return after;
    }
    if !available && report.run.is_none() {
        return after;
    }
    after.handled.clone_from(&facts.requested);
    if let Some((_, RunReport::Stops(reason))) = report.run {
        run::note_stop(&mut after.info, reason);
    }
    if let Some(keys) = label_keys {
        after.label_keys = keys.iter().cloned().collect();
    }
    let Some(remote) = remote else { return after };
    (kind.info)(remote, &mut after.info, false);
    if patch(kind, "", before, &after).is_some() {
        (kind.info)(remote, &mut after.info, true);
    }
    after
}

/// The status after the record of a remote: id, identity and outcome, with Ready=True if nothing is left to do. `remote`
/// is the recorded remote if it is known.
#[must_use]
pub fn after_record(
    kind: &Profile,
    facts: &ObjectFacts,
    before: &Recorded,
    record: &Record,
    principal: &str,
    remote: Option<&Remote>,
    now: Timestamp,
) -> Recorded {
    let mut after = before.clone();
    if record.settled {
        let report = Report::new(Ready::Available("the cloud dataset equals the spec".to_owned()), Next::Event);
        after = next_status(before, &report, facts.generation, now);
        after.handled.clone_from(&facts.requested);
    } else if let Some(remote) = remote.filter(|_| kind.runs) {
        after = next_status(before, &run::running(remote), facts.generation, now);
    }
    after.id = Some(record.id.clone());
    after.origin = Some(record.origin);
    after.recovered = record.recovered;
    after.fixed.clone_from(&record.fixed);
    after.attempt = record.attempt.clone().or(after.attempt);
    after.label_keys = record.label_keys.iter().cloned().collect();
    after.principal = Some(principal.to_owned());
    if kind.runs {
        run::note_attempt(&mut after.info, record, remote, now);
    }
    if let Some(remote) = remote {
        (kind.info)(remote, &mut after.info, true);
    }
    after
}

/// The status after the service refused an attempt.
#[must_use]
pub fn after_refusal(
    facts: &ObjectFacts,
    before: &Recorded,
    ended: Ended,
    report: &Report,
    now: Timestamp,
) -> Recorded {
    Recorded { attempt: Some(ended), ..next_status(before, report, facts.generation, now) }
}

/// Is this the failure that status shows already, maybe with another RequestId?
fn same_failure(before: &Recorded, report: &Report) -> bool {
    let (Ready::Working(reason, message) | Ready::Stuck(reason, message)) = &report.ready else { return false };
    let stalled = matches!(report.ready, Ready::Stuck(..));
    let told = before.condition("Ready").filter(|ready| ready.status == "False" && ready.reason == reason.as_str());
    let Some(told) = told.filter(|_| before.condition("Stalled").is_some() == stalled) else { return false };
    match (&before.last_error, &report.error) {
        (Some(old), Some(new)) => (&old.code, &old.operation) == (&new.code, &new.operation),
        (None, None) => *reason == Reason::WriteRefused && !is_news(*reason, &told.message, message),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Does a message say anything new, compared with the one that status shows for the same reason?
pub(super) fn is_news(reason: Reason, told: &str, message: &str) -> bool {
    let message = cut(message);
    if reason == Reason::WriteRefused { gist(told) != gist(&message) } else { told != message }
}

/// The JSON Patch of `/status` from `before` to `after`, guarded by the uid, by the id that was read if it changes, and
/// by the observed generation that was read if it grows. `None` if nothing changed.
#[must_use]
pub fn patch(kind: impl Into<Shape>, uid: &str, before: &Recorded, after: &Recorded) -> Option<Value> {
    let kind: Shape = kind.into();
    let (old, new) = (before.to_status(kind), after.to_status(kind));
    let mut operations = vec![json!({"op": "test", "path": "/metadata/uid", "value": uid})];
    if before.id != after.id {
        for key in kind.id_keys {
            if new.contains_key(*key) || old.contains_key(*key) {
                let value = old.get(*key).cloned().unwrap_or_default();
                operations.push(json!({"op": "test", "path": format!("/status/{key}"), "value": value}));
            }
        }
    }
    if (0..after.observed_generation).contains(&before.observed_generation) {
        // A write that is delivered late does not turn the status back.
        let seen = before.observed_generation;
        operations.push(json!({"op": "test", "path": "/status/observedGeneration", "value": seen}));
    }
    let guards = operations.len();
    for (key, value) in &new {
        if old.get(key) != Some(value) {
            operations.push(json!({"op": "add", "path": format!("/status/{key}"), "value": value}));
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        operations.push(json!({"op": "remove", "path": format!("/status/{key}")}));
    }
    (operations.len() > guards).then_some(Value::Array(operations))
}

/// Condition messages stay readable in `kubectl describe`, and well below the API server's limit.
fn cut(message: &str) -> String {
    words::cut(message, 1000)
}

#[cfg(test)]
#[path = "conditions_tests.rs"]
mod tests;
