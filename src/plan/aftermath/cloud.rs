//! What the answers of the service mean: to a create, to a change, to a delete, to a list.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass};
use crate::plan::desired::Deletion;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::error_report::{last_words, report_for};
use crate::plan::field::FieldChange;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::run::RunState;
use crate::plan::view::{Observation, View};
use crate::remote::carrier::Carrier;
use crate::remote::id::RemoteId;

/// What is known of an attempt whose create failed.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateAfter {
    /// The name is in use, perhaps by a remote of an earlier attempt: the reconcile looks for one.
    NameTaken,
    /// Nothing came of the attempt. Status records that, with this report.
    Refused(Box<Report>),
    /// It was not carried out and never will be; the reconcile ends with this report.
    NeverExecuted(Box<Report>),
    /// The service may have carried it out, or still may.
    Uncertain,
}

/// Is a claim of this age too old to send its create? The grace period is counted from the claim.
#[must_use]
pub fn is_late(claimed: Option<Duration>, deadline: Duration) -> bool {
    claimed.is_none_or(|age| age > deadline)
}

/// May a create have failed because its dataset is gone? Any refusal may mean that, so lists are asked.
#[must_use]
pub fn may_lack_its_parent(error: &CallError) -> bool {
    error.class == ErrorClass::Refused
}

/// May a create have failed because what it was to make is there already? Not all codes are known, so a list is asked.
#[must_use]
pub fn may_be_there(error: &CallError) -> bool {
    matches!(error.class, ErrorClass::Refused | ErrorClass::NameTaken | ErrorClass::Unexplained)
}

/// What a failed create means. `parent_gone`: the dataset of the new version is known to be gone.
#[must_use]
pub fn after_create(error: &CallError, parent_gone: bool, now: Timestamp) -> CreateAfter {
    match &error.class {
        ErrorClass::NameTaken => CreateAfter::NameTaken,
        ErrorClass::NotFound => CreateAfter::Refused(Box::new(lacks_its_parent(error))),
        ErrorClass::Refused | ErrorClass::Unexplained | ErrorClass::QuotaExceeded | ErrorClass::Unauthorised(_) => {
            let report = if parent_gone { lacks_its_parent(error) } else { report_for(error, now) };
            CreateAfter::Refused(Box::new(report))
        }
        ErrorClass::Transient | ErrorClass::Throttled { .. } => {
            CreateAfter::NeverExecuted(Box::new(last_words(error, now)))
        }
        ErrorClass::Ambiguous | ErrorClass::Garbled => CreateAfter::Uncertain,
    }
}

fn lacks_its_parent(error: &CallError) -> Report {
    Report::working(Reason::DependencyNotReady, error.to_string(), Next::Backoff)
}

/// What a failed change means.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeAfter {
    /// The new name is taken: the reconcile finds out by which remote, and reports that.
    NameRefused(Box<Report>),
    /// The remote is gone: decide again.
    Gone,
    /// The reconcile ends with this report.
    Report(Box<Report>),
}

/// May the remote differ now from what was known before the failed call? The change may have been made all the same;
/// and "not found" may mean only a label, so a read must show whether the remote is gone.
#[must_use]
pub fn leaves_a_doubt(error: &CallError) -> bool {
    !error.never_executed() || error.class == ErrorClass::NotFound
}

/// Must the remote be read before this failure is reported (6.6)? Not all codes are known, so a refusal may mean that
/// the remote is gone; one read in a reconcile (`was_read`) is enough.
#[must_use]
pub fn reads_first(error: &CallError, was_read: bool) -> bool {
    error.class == ErrorClass::Refused && !was_read
}

/// Has the run ended that could not be stopped, as far as a read shows?
#[must_use]
pub fn has_stopped(now: Option<&Observation>) -> bool {
    match now {
        Some(Observation::Read(remote)) => RunState::of(remote) != RunState::Running,
        Some(Observation::Listed(_) | Observation::Gone) | None => false,
    }
}

/// What a failed change of a remote means. `gone`: a read found that the remote does not exist. `stopping`: the change
/// stops a run.
#[must_use]
pub fn after_change(error: &CallError, gone: bool, stopping: bool, deleting: bool, now: Timestamp) -> ChangeAfter {
    let refused = error.class == ErrorClass::Refused;
    if error.class == ErrorClass::NameTaken {
        return ChangeAfter::NameRefused(Box::new(report_for(error, now)));
    }
    if refused && gone {
        return ChangeAfter::Gone;
    }
    let mut report = last_words(error, now);
    if refused && stopping {
        // The run goes on; whether it can be stopped later is not known.
        report.ready = Ready::Working(Reason::CloudUnavailable, error.to_string());
    }
    if refused && deleting {
        // The deletion was refused, so the spec is not to blame.
        report.ready = Ready::Stuck(Reason::DeletionBlocked, error.to_string());
    }
    ChangeAfter::Report(Box::new(report))
}

/// What an answered delete means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteAfter<'e> {
    /// The remote is known gone at once (6.2), without a wait for the list lag.
    Deleted,
    /// The remote did not exist.
    WasGone,
    /// The service keeps the dataset because of its versions: they are deleted one by one.
    OneByOne,
    /// The delete failed like any other change.
    Failed(&'e CallError),
}

/// What the answer to a delete means. `takes_along`: versions may be deleted with their dataset.
#[must_use]
pub fn after_delete(answer: Result<(), &CallError>, takes_along: bool) -> DeleteAfter<'_> {
    match answer {
        Ok(()) => DeleteAfter::Deleted,
        Err(error) if error.class == ErrorClass::NotFound => DeleteAfter::WasGone,
        Err(error) if takes_along && matches!(error.class, ErrorClass::Refused | ErrorClass::QuotaExceeded) => {
            DeleteAfter::OneByOne
        }
        Err(error) => DeleteAfter::Failed(error),
    }
}

/// What the event says about the remote of an object that is let go, if it is kept and no mark says so.
#[must_use]
pub fn left_unmarked(view: &View) -> Option<String> {
    let unmarked = view.profile.runs || view.profile.is_unmarked();
    let id = view.id().filter(|id| unmarked && !view.is_gone(id) && view.deletion_policy() == Deletion::Retain)?;
    let running = view.observation(id).and_then(Observation::remote).map(|remote| RunState::of(remote));
    let how = if running == Some(RunState::Running) { ", and goes on" } else { "" };
    Some(format!("{id} is kept{how}"))
}

/// Does a failed list of versions say that their dataset is gone? `None`: only a list of datasets can tell.
#[must_use]
pub fn says_gone(error: &CallError) -> Option<bool> {
    if error.class == ErrorClass::Unexplained { None } else { Some(error.class == ErrorClass::NotFound) }
}

/// The event for an acknowledged change of a remote whose mark is in `carrier`. `in_flight`: the change is a part of an
/// attempt that is under way.
#[must_use]
pub fn news_of(edit: &Edit, carrier: Carrier, in_flight: bool) -> Option<(EventReason, String)> {
    let id = &edit.id;
    let released = edit.after.iter().any(|remote| remote.id == *id && remote.is_released());
    match edit.purpose {
        Purpose::Spec(_) => None,
        // An adoption has its event when recorded; a mark beside `dso-released` is only the first of two changes.
        Purpose::Mark | Purpose::ClearReleased if in_flight || released => None,
        Purpose::Mark | Purpose::ClearReleased => {
            let note = match carrier {
                Carrier::Labels => {
                    format!("the ownership labels of {id} (dso-…) were changed by someone else and are restored")
                }
                Carrier::Text(member) => {
                    format!("the ownership mark of {id} (in its {member}) was changed by someone else and is restored")
                }
                Carrier::Nowhere => return None,
            };
            Some((EventReason::MarkRestored, note))
        }
        Purpose::Stop => Some((EventReason::Stopped, format!("{id} was asked to stop"))),
        Purpose::Release => {
            let how = match carrier {
                Carrier::Labels => "labelled",
                Carrier::Text(_) | Carrier::Nowhere => "marked",
            };
            Some((EventReason::Retained, format!("{id} is kept and {how} as released")))
        }
    }
}

/// What somebody else changed on the remote after the spec was carried out, in words.
#[must_use]
pub fn drift(view: &View, id: &RemoteId) -> Option<String> {
    let desired = view.desired.as_ref().ok().filter(|_| view.carried_out())?;
    let remote = view.observation(id).and_then(Observation::remote)?;
    let comparison = (view.profile.compare)(view, desired, remote).ok()?;
    let fields = comparison.edits.iter().flat_map(|edit| match &edit.purpose {
        Purpose::Spec(fields) => fields.as_slice(),
        Purpose::Mark | Purpose::ClearReleased | Purpose::Release | Purpose::Stop => &[],
    });
    Some(fields.map(FieldChange::drift).collect::<Vec<_>>().join("; "))
}
