//! Runs: what they are called, what they show of themselves, and what status says of them.

use dataset_operator::api::JobAttempt;
use dataset_operator::plan::report::Report;
use dataset_operator::plan::run::RunReport;
use dataset_operator::remote::fields::Fields;
use dataset_operator::remote::id::RemoteId;
use dataset_operator::remote::mark::RawMark;
use serde_json::{Map, Value, json};

use super::{Words, nonce, of_nonce, own_mark, report};
use crate::world::{ADOPTED, Course, Doing, Id, Mark, REMOTES, RUNS, STRANGER, Started, Told};

/// The place of all runs as their marks sign it: account, region, workspace and dataset.
pub(super) const TARGET: &str = "default  478 d-p";

const STATES: [(Doing, &str); 4] = [
    (Doing::Runs, "Running"),
    (Doing::Succeeded, "Succeeded"),
    (Doing::Failed, "Failed"),
    (Doing::Stopped, "ManuallyStop"),
];

/// The name of a run.
pub(super) fn name(id: Id) -> String {
    format!("dsjob-{id}")
}

/// Which run that is.
#[must_use]
pub fn of_run(id: &RemoteId) -> Option<Id> {
    of_name(id.name())
}

fn of_name(text: &str) -> Option<Id> {
    (1..=u8::try_from(REMOTES).ok()?).find(|id| name(*id) == text)
}

fn state(doing: Doing) -> Option<&'static str> {
    STATES.iter().find(|(known, _)| *known == doing).map(|(_, word)| *word)
}

fn of_state(text: &str) -> Option<Doing> {
    STATES.iter().find(|(_, word)| *word == text).map(|(doing, _)| *doing)
}

/// The members of a remote that say what it is doing and when it was made; none if it is no run.
pub(super) fn members(id: Id, doing: Doing) -> Fields {
    let Some(word) = state(doing) else { return Fields::new() };
    let made = format!("2026-01-01T00:00:0{id}Z");
    Fields::from_iter([("Status".to_owned(), json!(word)), ("CreateTime".to_owned(), json!(made))])
}

/// The report of a run that ended for good, with which production writes this; `None` if it has not.
#[must_use]
pub fn ended(id: RemoteId, told: Told) -> Option<Report> {
    let run = if told == Told::Ready { RunReport::Complete } else { RunReport::Failed };
    report(told).map(|report| Report { run: Some((id, run)), ..report })
}

/// What status says of a run besides its conditions.
#[must_use]
pub fn course(course: &Course) -> Map<String, Value> {
    let started = course.attempts.iter().filter(|started| started.id > 0);
    let attempts: Vec<_> = (1..)
        .zip(started)
        .map(|(number, started)| JobAttempt {
            number,
            nonce: nonce(started.nonce),
            dataset_job_id: Some(name(started.id)),
            state: state(started.doing).map(str::to_owned),
        })
        .collect();
    let mut info = Map::new();
    if !attempts.is_empty() {
        info.insert("attempts".to_owned(), json!(attempts));
    }
    info.extend(state(course.doing).map(|word| ("state".to_owned(), json!(word))));
    info.extend(course.stops.then(|| ("stopReason".to_owned(), json!("Deleted"))));
    info
}

/// The same back; `None` if it is nothing that the model knows.
pub(super) fn of_course(info: &Map<String, Value>, ended: Told) -> Option<Course> {
    let attempts = info.get("attempts").cloned().unwrap_or_else(|| json!([]));
    let attempts: Vec<JobAttempt> = serde_json::from_value(attempts).ok()?;
    let mut all = [Started::default(); RUNS];
    for (at, attempt) in attempts.iter().enumerate() {
        let doing = attempt.state.as_deref().map_or(Some(Doing::Nothing), of_state)?;
        let id = of_name(attempt.dataset_job_id.as_deref()?)?;
        *all.get_mut(at)? = Started { nonce: of_nonce(&attempt.nonce)?, id, doing };
    }
    let doing = info.get("state").and_then(Value::as_str).map_or(Some(Doing::Nothing), of_state)?;
    let stops = info.get("stopReason").is_some_and(|reason| reason == "Deleted");
    Some(Course { attempts: all, doing, stops, ended })
}

impl Words {
    /// What a mark in a text says. It shows neither owner nor uid, so that every one is tried.
    pub(super) fn mark_in_text(&self, raw: &RawMark, fixed: u8) -> Option<Mark> {
        let nonces = (0..ADOPTED).flat_map(|number| [number, number | ADOPTED]);
        let made = |nonce| (1..STRANGER).map(move |uid| own_mark((uid - 1) / 3, uid, nonce));
        nonces.flat_map(made).find(|mark| self.raw(mark, fixed) == *raw)
    }
}
