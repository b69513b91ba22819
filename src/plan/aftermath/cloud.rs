//! What the answers of the service mean: to a create, to a change, to a delete, to a list.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass};
use crate::plan::edit::{Edit, Purpose};
use crate::plan::error_report::{last_words, report_for};
use crate::plan::field::FieldChange;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::view::{Observation, View};
use crate::remote::id::RemoteId;

/// What is known of an attempt whose create failed.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateAfter {
    /// The name is in use, perhaps by what an earlier attempt made: it is looked for.
    NameTaken,
    /// Nothing came of it; that is written down with this report.
    Refused(Box<Report>),
    /// It was not carried out and never will be; the pass ends with this report.
    NeverExecuted(Box<Report>),
    /// It may have been carried out, or still may be.
    Uncertain,
}

/// A create that was claimed so long ago is not sent any more: its settle time is counted from the claim.
#[must_use]
pub fn is_late(claimed: Option<Duration>, deadline: Duration) -> bool {
    claimed.is_none_or(|age| age > deadline)
}

/// A refused create may mean that what it is made in is gone, whatever the code says: lists are asked.
#[must_use]
pub fn may_lack_its_parent(error: &CallError) -> bool {
    error.class == ErrorClass::Refused
}

/// What a failed create means; `parent_gone`: what it was to be made in is known to be gone.
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
    /// The new name is taken; the object says so and is otherwise carried out.
    NameRefused(Box<Report>),
    /// The remote is gone: decide again.
    Gone,
    /// The pass ends with this report.
    Report(Box<Report>),
}

/// May the remote be another one now than what was known before the call? A change may have been made all the same; and
/// one that found nothing says too little: only a read says that the remote is gone, and a label may be what was missing.
#[must_use]
pub fn leaves_a_doubt(error: &CallError) -> bool {
    !error.never_executed() || error.class == ErrorClass::NotFound
}

/// Nobody knows all codes of the service, so a refusal may mean that the remote is gone: what was not read in this pass is
/// read before anybody is told (6.6).
#[must_use]
pub fn reads_first(error: &CallError, was_read: bool) -> bool {
    error.class == ErrorClass::Refused && !was_read
}

/// What a failed change of a remote means; `gone`: a read after it says so.
#[must_use]
pub fn after_change(error: &CallError, gone: bool, deleting: bool, now: Timestamp) -> ChangeAfter {
    let refused = error.class == ErrorClass::Refused;
    if error.class == ErrorClass::NameTaken {
        return ChangeAfter::NameRefused(Box::new(report_for(error, now)));
    }
    if refused && gone {
        return ChangeAfter::Gone;
    }
    let mut report = last_words(error, now);
    if refused && deleting {
        // It is not the spec that stands in the way.
        report.ready = Ready::Stuck(Reason::DeletionBlocked, error.to_string());
    }
    ChangeAfter::Report(Box::new(report))
}

/// What an answered delete means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteAfter<'e> {
    /// It is known gone at once (6.2): what was acknowledged needs no list that is newer than the create.
    Deleted,
    /// It was not there.
    WasGone,
    /// The service keeps it because of what is in it: that goes one by one.
    OneByOne,
    /// It failed as any change does.
    Failed(&'e CallError),
}

/// What the answer to a delete means; `takes_along`: what is in it may go with it.
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

/// Does a failed list of what is in a remote say that the remote is gone? `None`: only lists of such remotes can.
#[must_use]
pub fn says_gone(error: &CallError) -> Option<bool> {
    if error.class == ErrorClass::Unexplained { None } else { Some(error.class == ErrorClass::NotFound) }
}

/// What is told of an acknowledged change beside the status. `in_flight`: an attempt is under way that ends with it.
#[must_use]
pub fn news_of(edit: &Edit, in_flight: bool) -> Option<(EventReason, String)> {
    let id = &edit.id;
    let released = edit.after.iter().any(|remote| remote.id == *id && remote.is_released());
    match edit.purpose {
        Purpose::Spec(_) => None,
        // Taking a remote is told once it is recorded; a mark beside `dso-released` is not all of it yet.
        Purpose::Mark | Purpose::ClearReleased if in_flight || released => None,
        Purpose::Mark | Purpose::ClearReleased => {
            let note = format!("the ownership labels of {id} (dso-…) were changed by someone else and are restored");
            Some((EventReason::MarkRestored, note))
        }
        Purpose::Release => Some((EventReason::Retained, format!("{id} is kept and labelled as released"))),
    }
}

/// What was changed behind our back, in words: a difference from a spec that had been carried out.
#[must_use]
pub fn drift(view: &View, id: &RemoteId) -> Option<String> {
    let desired = view.desired.as_ref().ok().filter(|_| view.carried_out())?;
    let remote = view.observation(id).and_then(Observation::remote)?;
    let comparison = (view.profile.compare)(view, desired, remote);
    let fields = comparison.edits.iter().flat_map(|edit| match &edit.purpose {
        Purpose::Spec(fields) => fields.as_slice(),
        Purpose::Mark | Purpose::ClearReleased | Purpose::Release => &[],
    });
    Some(fields.map(FieldChange::drift).collect::<Vec<_>>().join("; "))
}
