//! Runs: remotes that work for a while and then end for good, such as jobs. Here is what a spec says of one, what the
//! service and status say of it, and what a report says of it besides readiness. `marked/run.rs` decides.

use std::borrow::Cow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::api::{JobAttempt, Reason, StopReason};
use crate::plan::desired::Desired;
use crate::plan::report::{Next, Report};
use crate::plan::step::Record;
use crate::plan::view::{Mine, View};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// How a spec wants its run to be handled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// Further attempts after one that failed.
    pub backoff_limit: u32,
    /// How long all attempts may take together.
    pub deadline: Option<Duration>,
    /// The run counts as a success although it failed for some files.
    pub accepts_partial: bool,
    /// Its Dataset is being deleted, so no further attempt begins.
    pub dataset_leaves: bool,
}

/// What a run is doing, by the service's word for its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It runs or is about to. A word that is not known counts as this.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended, but failed for some files.
    PartialFailed,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// It is deleted, or about to be.
    Deleted,
}

/// What a report says of a run besides its readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunReport {
    /// It goes on; its object is woken when its state changes.
    GoesOn,
    /// The operator is about to stop it: status says so first.
    Stops(StopReason),
    /// It ended for good, and well.
    Complete,
    /// It ended for good, and not well.
    Failed,
}

/// Members of status that the functions here keep.
const ATTEMPTS: &str = "attempts";
const STATE: &str = "state";
const START: &str = "startTime";
const STOP: &str = "stopReason";
/// The service's word for a run that failed.
const FAILED: &str = "Failed";
/// The member that names the version of the dataset on which a run works.
const VERSION: &str = "DatasetVersion";

impl RunState {
    /// The state of this remote.
    #[must_use]
    pub fn of(remote: &Remote) -> Self {
        match word(remote) {
            "Succeeded" => Self::Succeeded,
            "PartialFailed" => Self::PartialFailed,
            FAILED => Self::Failed,
            "ManuallyStop" => Self::Stopped,
            "Deleting" | "Deleted" => Self::Deleted,
            _ => Self::Running,
        }
    }
}

/// The service's word for the state of this remote.
#[must_use]
pub fn word(remote: &Remote) -> &str {
    remote.fields.get("Status").and_then(Value::as_str).unwrap_or_default()
}

/// The report about a run that goes on.
#[must_use]
pub fn running(remote: &Remote) -> Report {
    let message = format!("{} is {}", remote.id, word(remote));
    let report = Report::working(Reason::Progressing, message, Next::Event);
    Report { run: Some((remote.id.clone(), RunReport::GoesOn)), ..report }
}

/// Notes the attempt of a record, and when the first one began: as the service shows it, or else `now`.
pub fn note_attempt(info: &mut Map<String, Value>, record: &Record, remote: Option<&Remote>, now: Timestamp) {
    let Some(attempt) = &record.attempt else { return };
    let mut attempts = attempts_in(info);
    let job = record.id.name();
    if attempts.iter().all(|known| known.dataset_job_id.as_deref() != Some(job)) {
        // Another attempt follows only one that failed.
        for before in &mut attempts {
            before.state = Some(FAILED.to_owned());
        }
        attempts.push(JobAttempt {
            number: attempts.last().map_or(1, |last| last.number + 1),
            nonce: attempt.nonce.clone(),
            dataset_job_id: Some(job.to_owned()),
            state: None,
        });
    }
    info.insert(ATTEMPTS.to_owned(), json!(attempts));
    // What these say was of the attempt before.
    for member in ["progress", "completionTime", "logs"] {
        info.remove(member);
    }
    let shown = remote.and_then(|remote| remote.fields.get("CreateTime")).filter(|time| time.is_string()).cloned();
    let began = || shown.unwrap_or_else(|| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
    info.entry(START).or_insert_with(began);
}

/// Notes the state of this remote, for its attempt as well.
pub fn note_state(info: &mut Map<String, Value>, remote: &Remote) {
    let state = word(remote);
    if state.is_empty() {
        return;
    }
    info.insert(STATE.to_owned(), state.into());
    let mut attempts = attempts_in(info);
    if let Some(own) = attempts.iter_mut().find(|own| own.dataset_job_id.as_deref() == Some(remote.id.name())) {
        own.state = Some(state.to_owned());
        info.insert(ATTEMPTS.to_owned(), json!(attempts));
    }
}

/// Notes why the operator stops the run.
pub fn note_stop(info: &mut Map<String, Value>, reason: StopReason) {
    info.insert(STOP.to_owned(), json!(reason));
}

fn attempts_in(info: &Map<String, Value>) -> Vec<JobAttempt> {
    info.get(ATTEMPTS).and_then(|all| serde_json::from_value(all.clone()).ok()).unwrap_or_default()
}

impl View {
    /// The recorded attempts, oldest first.
    #[must_use]
    pub fn attempts(&self) -> Vec<JobAttempt> {
        if self.id().is_some() { attempts_in(&self.recorded.info) } else { Vec::new() }
    }

    /// The remotes of the recorded attempts, newest first.
    #[must_use]
    pub fn attempt_ids(&self) -> Vec<RemoteId> {
        let Some((id, collection)) = self.id().and_then(|id| Some((id, id.collection()?))) else { return Vec::new() };
        let parent = RemoteId::new(id.root());
        let attempts = self.attempts();
        let older = attempts.iter().rev().filter_map(|attempt| attempt.dataset_job_id.as_deref());
        let older = older.map(|name| parent.within(collection, name)).filter(|older| older != id);
        std::iter::once(id.clone()).chain(older).collect()
    }

    /// Why the operator stopped the run, or is about to.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.recorded.info.get(STOP).and_then(|reason| serde_json::from_value(reason.clone()).ok())
    }

    /// Was the run of this recorded attempt adopted?
    #[must_use]
    pub fn was_adopted(&self, id: &RemoteId) -> bool {
        let of = |attempt: &JobAttempt| attempt.dataset_job_id.as_deref() == Some(id.name());
        let attempts = self.attempts();
        let nonce = attempts.iter().find(|attempt| of(attempt)).map(|attempt| attempt.nonce.as_str());
        nonce.is_some_and(|nonce| Origin::of_nonce(nonce) == Origin::Adopted)
    }

    /// The time that is left until the deadline of all attempts; `None` if there is no deadline.
    #[must_use]
    pub fn time_left(&self, run: &Run) -> Option<Duration> {
        let began: Timestamp = self.recorded.info.get(START)?.as_str()?.parse().ok()?;
        let end = began.checked_add(SignedDuration::try_from(run.deadline?).ok()?).ok()?;
        Some(Duration::try_from(end.duration_since(self.state.now)).unwrap_or_default())
    }

    /// Does the intent list an attempt of which neither a run nor a refusal is recorded? It may yet execute.
    #[must_use]
    pub fn has_stray_attempts(&self) -> bool {
        let attempts = self.attempts();
        let known = |nonce: &str| {
            self.outcome_of(nonce).is_some()
                || self.state.never_executed.as_deref() == Some(nonce)
                || attempts.iter().any(|attempt| attempt.nonce == nonce)
        };
        self.object.intent.own().is_some_and(|intent| intent.attempts.iter().any(|attempt| !known(&attempt.nonce)))
    }

    /// The members with which a run is created: those of the spec, and if it names no version the newest one, which later
    /// attempts keep. `Err`: the dataset that must be read first.
    pub fn begun(&self, desired: &Desired) -> Result<Fields, RemoteId> {
        let mut members = desired.create.clone();
        if members.contains_key(VERSION) {
            return Ok(members);
        }
        if let Some(kept) = self.id().and_then(|_| self.recorded.fixed.get(VERSION)) {
            members.insert(VERSION.to_owned(), kept.clone());
            return Ok(members);
        }
        let dataset = RemoteId::new(desired.target.dataset_id.as_deref().unwrap_or_default());
        let Some(known) = self.observation(&dataset) else { return Err(dataset) };
        let newest = known.remote().and_then(|remote| remote.latest.as_deref()?.id.child());
        members.extend(newest.map(|version| (VERSION.to_owned(), version.into())));
        Ok(members)
    }

    /// The members of a remote, and those that answers leave out, if its mark says that it was made from this spec.
    #[must_use]
    pub fn shown_of<'a>(&self, remote: &'a Remote) -> Cow<'a, Fields> {
        let hash = self.desired.as_ref().ok().filter(|_| !self.profile.unshown.is_empty()).map(Desired::hash);
        let same = hash.zip(remote.mark.as_ref()).is_some_and(|(hash, mark)| mark.is_of_spec(&hash));
        if same { Cow::Owned(self.with_unshown(&remote.fields)) } else { Cow::Borrowed(&remote.fields) }
    }

    /// These members, and those that answers leave out: what the spec says of them stands for the remote.
    #[must_use]
    pub fn with_unshown(&self, fields: &Fields) -> Fields {
        let mut all = fields.clone();
        let wanted = self.desired.as_ref().ok().map(|desired: &Desired| &desired.fixed);
        for name in self.profile.unshown {
            if let Some(value) = wanted.and_then(|wanted| wanted.get(*name)) {
                all.entry(*name).or_insert_with(|| value.clone());
            }
        }
        all
    }
}

/// Of several runs with one nonce only the oldest is that attempt's, and none if the attempt is recorded with another:
/// somebody copied its mark. Is this such a copy among `all` with this object's mark?
#[must_use]
pub fn is_copy(view: &View, (nonce, remote): &Mine, all: &[Mine]) -> bool {
    let age = |remote: &Remote| {
        let time = remote.fields.get("CreateTime").and_then(Value::as_str).unwrap_or_default();
        (time.to_owned(), remote.id.clone())
    };
    view.attempts().iter().any(|attempt| attempt.nonce == *nonce)
        || all.iter().any(|(other, older)| other == nonce && age(older) < age(remote))
}
