//! The decision: given everything known, what is the one thing to do next?
//!
//! A pure total function. The pass calls it again after each step with what the step taught, until it answers with
//! an ending ([`Step::Report`], [`Step::LetGo`] or [`Step::Leave`]). Rule numbers in comments are those of
//! `docs/protocol.md`.

mod changes;
mod create;
mod doubt;
mod keep;
mod owner;
mod remove;
mod surplus;

use super::annotations::not_a_boolean;
use super::fields::Fields;
use super::intent::{Attempt, Intent};
use super::mark::{Labels, Origin};
use super::recorded::{Ended, RemoteId};
use super::report::{Hold, Next, Ready, Report};
use super::stand::Stand;
use super::view::{Sight, View};
use crate::api::condition::Reason;

pub use changes::{changes, label_keys};
pub(super) use changes::{sent, shown_of_left};
#[cfg(test)]
pub(super) use keep::first_of;

/// The one thing to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read the object again, with quorum.
    Reread,
    /// Wait until the index has seen the place in this term.
    Sweep,
    /// Read this remote.
    Fetch(RemoteId),
    /// List what carries this object's owner mark.
    FindOwned,
    /// List datasets with exactly this name.
    FindNamed(String),
    /// List all versions of this dataset.
    ListVersions(String),
    /// Get the limiter's permit for a create.
    Permit,
    /// Store finalizer and intent in one guarded patch; the attempt is then in flight.
    Claim(Box<Intent>, Option<Flight>),
    /// Send the create of the attempt in flight.
    Create,
    /// Write labels of ours on a remote: a mark taken back, restored, or put on what is adopted.
    Mark(RemoteId, Labels),
    /// Take `dso-released` off again.
    Unrelease(RemoteId),
    /// Make one change to the remote.
    Change(RemoteId, Change),
    /// Delete the remote, or a surplus one.
    Delete(RemoteId),
    /// Set `dso-released`: the remote is kept and no longer ours to manage.
    Release(RemoteId),
    /// The doubt about the newest attempt is over: nothing came of it.
    Resolve,
    /// Write down the remote.
    Record(Box<Record>),
    /// Write down that the attempt in flight was refused, with the report.
    Refuse(Ended, Box<Report>),
    /// Remove the finalizer.
    LetGo,
    /// End the pass: tell the user.
    Report(Box<Report>),
    /// End the pass: the object is none of our business (any more).
    Leave,
}

impl Step {
    /// Its name, for logs and for naming crash points.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reread => "Reread",
            Self::Sweep => "Sweep",
            Self::Fetch(_) => "Fetch",
            Self::FindOwned => "FindOwned",
            Self::FindNamed(_) => "FindNamed",
            Self::ListVersions(_) => "ListVersions",
            Self::Permit => "Permit",
            Self::Claim(..) => "Claim",
            Self::Create => "Create",
            Self::Mark(..) => "Mark",
            Self::Unrelease(_) => "Unrelease",
            Self::Change(..) => "Change",
            Self::Delete(_) => "Delete",
            Self::Release(_) => "Release",
            Self::Resolve => "Resolve",
            Self::Record(_) => "Record",
            Self::Refuse(..) => "Refuse",
            Self::LetGo => "LetGo",
            Self::Report(_) => "Report",
            Self::Leave => "Leave",
        }
    }
}

/// An attempt claimed in this pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Flight {
    /// A create.
    Create {
        /// Nonce of the attempt.
        nonce: String,
        /// What came of it, once it was sent.
        landed: Option<Landed>,
    },
    /// Taking an existing remote.
    Take {
        /// Nonce of the attempt.
        nonce: String,
        /// The remote.
        id: RemoteId,
        /// Our mark is on it.
        marked: bool,
        /// It was ours before.
        recovered: bool,
    },
}

/// What came of a create.
#[derive(Debug, Clone, PartialEq)]
pub enum Landed {
    /// It made this remote.
    At(RemoteId),
    /// The service refused it; nothing came of it.
    Refused(Box<Report>),
}

/// One change to an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Change members.
    Update(Fields),
    /// Add labels or change their values. For a version this is the full set (the vendor's PUT may replace).
    SetLabels(Labels),
    /// Remove labels.
    RemoveLabels(Vec<String>),
    /// PRIVATE to PUBLIC.
    Publish,
    /// Change members of a dataset's v1.
    UpdateFirst(Fields),
    /// The full set of labels of a dataset's v1.
    SetFirstLabels(Labels),
    /// Remove labels of a dataset's v1.
    RemoveFirstLabels(Vec<String>),
}

/// What is written down of a remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The remote.
    pub id: RemoteId,
    /// Created or adopted.
    pub origin: Origin,
    /// Found again by its mark.
    pub recovered: bool,
    /// Immutables as sent (created in this pass) or as read.
    pub fixed: Fields,
    /// The attempt that brought it.
    pub attempt: Option<Ended>,
    /// Label keys that the attempt set.
    pub label_keys: Vec<String>,
    /// The remote equals the spec already: Ready=True goes into the same write.
    pub settled: bool,
}

/// Decides the next step.
#[must_use]
pub fn plan(view: &View) -> Step {
    let step = decide(view);
    match full_set_of(&step) {
        Some(id) if !matches!(view.sight(&id), Some(Sight::Read(_))) => Step::Fetch(id),
        Some(_) | None => step,
    }
}

/// The version whose full set of labels a step writes: others' labels are kept only if they were read in this pass,
/// and the index may not have seen the newest of them.
fn full_set_of(step: &Step) -> Option<RemoteId> {
    if let Step::Change(id, Change::SetFirstLabels(_)) = step {
        return Some(RemoteId::version(id.dataset.clone(), "v1"));
    }
    let (Step::Mark(id, _) | Step::Release(id) | Step::Change(id, Change::SetLabels(_))) = step else { return None };
    id.version.is_some().then(|| id.clone())
}

fn decide(view: &View) -> Step {
    if view.object.deleting {
        return remove::remove(view);
    }
    if view.object.paused && view.seen.flight.is_none() {
        return paused(view);
    }
    match view.stand() {
        Stand::InFlight => create::in_flight(view),
        Stand::Doubt => doubt::doubt(view),
        Stand::Has(id) => repair(view).unwrap_or_else(|| keep::keep(view, &id)),
        Stand::Free => match &view.desired {
            Ok(desired) => create::make(view, desired),
            Err(hold) => end(hold.clone()),
        },
    }
}

/// A finalizer or intent that someone stripped is put back before anything else (3.2).
fn repair(view: &View) -> Option<Step> {
    if view.desired.as_ref().is_ok_and(|desired| desired.bind) {
        return None;
    }
    let intent = view.object.intent.own();
    if view.object.finalizer && intent.is_some() {
        return None;
    }
    let intent = intent.cloned().or_else(|| empty_intent(view))?;
    Some(Step::Claim(Box::new(intent), None))
}

/// An intent of ours that lists no attempt.
fn empty_intent(view: &View) -> Option<Intent> {
    Some(Intent {
        uid: view.object.uid.clone(),
        target: view.target()?,
        principal: view.world.principal.clone(),
        attempts: Vec::new(),
    })
}

/// The intent for a new attempt: refused attempts, and one known never executed, are dropped.
fn next_intent(view: &View, origin: Origin, hash: String) -> Option<(Intent, String)> {
    let nonce = format!("{}{}", origin.letter(), view.process.fresh);
    let previous = view.object.intent.own().cloned();
    let mut intent = previous.or_else(|| empty_intent(view))?;
    if let Ok(desired) = &view.desired {
        intent.target = desired.target.clone();
    }
    intent.principal.clone_from(&view.world.principal);
    let refused = view.recorded.attempt.as_ref().filter(|attempt| attempt.outcome == super::recorded::Outcome::Refused);
    let forget = refused.map(|attempt| attempt.nonce.as_str()).or(view.process.never_executed.as_deref());
    Some((intent.with(Attempt { nonce: nonce.clone(), hash }, forget), nonce))
}

/// No cloud write while paused; an edit that was not carried out says so.
fn paused(view: &View) -> Step {
    let mut normalised = None;
    let differs = match (view.id(), &view.desired) {
        (Some(id), Ok(desired)) => match view.sight(id).and_then(Sight::remote) {
            Some(remote) => {
                normalised = changes::normalised(view, desired, remote);
                !changes(view, desired, remote).is_empty() || !keep::fixed_conflicts(view, desired).is_empty()
            }
            None => !view.recorded.was_ready() || view.recorded.observed_generation != view.object.generation,
        },
        _ => true,
    };
    let unclear = unclear_pause(view);
    let ready = if differs {
        Ready::Paused(format!(
            "paused: the spec is not carried out; remove the annotation dataset-operator.dev/paused{unclear}"
        ))
    } else {
        Ready::PausedReady(format!("the cloud dataset equals the spec; paused{unclear}"))
    };
    Step::Report(Box::new(Report { normalised, ..Report::new(ready, Next::Event) }))
}

/// What to add to a message about a pause whose value is not understood.
fn unclear_pause(view: &View) -> String {
    let value = view.object.unclear_pause.as_deref();
    value.map(|value| format!("; {}", not_a_boolean(value))).unwrap_or_default()
}

/// Ends the pass with a hold.
fn end(hold: Hold) -> Step {
    Step::Report(Box::new(hold.into()))
}

/// Ends the pass: a human must act.
fn stuck(reason: Reason, message: impl Into<String>) -> Step {
    Step::Report(Box::new(Report::stuck(reason, message)))
}

/// Ends the pass: waiting.
fn working(reason: Reason, message: impl Into<String>, next: Next) -> Step {
    Step::Report(Box::new(Report::working(reason, message, next)))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(super) mod tests;

#[cfg(test)]
#[path = "plan/cases_tests.rs"]
mod cases;

#[cfg(test)]
#[path = "plan/owner_tests.rs"]
mod owners;

#[cfg(test)]
#[path = "plan/rules_tests.rs"]
mod rules;
