//! What the answers of the API server to our writes mean.

use std::time::Duration;

use crate::plan::intent::Intent;
use crate::plan::object::ObjectFacts;
use crate::plan::report::{Next, Ready, Report};

/// Why the API server did not confirm a write to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// The API server refused it: nothing was stored, and nothing will be until somebody changes something.
    Refused,
    /// The object has another `resourceVersion` (409).
    Conflict,
    /// The object does not exist (404).
    NotFound,
    /// A test of the patch does not hold (422).
    Untrue,
    /// The write may have been stored, or still may be.
    Unclear,
}

impl NotWritten {
    /// The write may have been stored all the same: the object shows whether it was.
    #[must_use]
    pub const fn may_be_stored(self) -> bool {
        !matches!(self, Self::Refused)
    }

    /// The object of the write may be gone: a read shows whether it is.
    #[must_use]
    pub const fn misses_its_object(self) -> bool {
        matches!(self, Self::Refused | Self::NotFound | Self::Untrue)
    }
}

/// What is known of a claim that the API server did not confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAfter {
    /// Nothing was stored, so nothing is sent and no attempt is in doubt.
    NotStored,
    /// The claim is stored: the attempt is in flight.
    Stored,
    /// Somebody else wrote meanwhile: the reconcile decides again from the new copy of the object.
    Again,
    /// The claim may be stored yet, but its attempt is not sent and never executes.
    NotSent,
}

/// What is known of the claim of `intent`; `now` is the object as it was read after the write.
#[must_use]
pub fn after_claim(error: NotWritten, intent: &Intent, now: &ObjectFacts) -> ClaimAfter {
    match error {
        NotWritten::Refused => ClaimAfter::NotStored,
        // If an earlier write of ours caused the 409, the nonce shows it.
        _ if now.intent.own() == Some(intent) && now.finalizer => ClaimAfter::Stored,
        NotWritten::Conflict => ClaimAfter::Again,
        NotWritten::NotFound | NotWritten::Untrue | NotWritten::Unclear => ClaimAfter::NotSent,
    }
}

/// How often the operator tries to record a remote before it leaves that to recovery by mark.
pub const RECORD_TRIES: u64 = 4;

/// The wait before a record that failed this many times before is tried again; `None` leaves it to recovery by mark.
#[must_use]
pub fn records_again(error: NotWritten, failed: u64) -> Option<Duration> {
    if error == NotWritten::Refused || failed + 1 >= RECORD_TRIES {
        return None;
    }
    // The object was read since: the next try uses the new copy.
    Some(if error.misses_its_object() { Duration::ZERO } else { Duration::from_millis(250 << failed) })
}

/// Is there nothing left to do once a remote is recorded? `settled`: it equals the spec. Our write wakes no object, so
/// the same reconcile does the rest.
#[must_use]
pub const fn ends_with_its_record(settled: bool, deleting: bool, polled: bool) -> bool {
    settled && !deleting && !polled
}

/// How a reconcile goes on after it recorded that its attempt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefuseAfter {
    /// The object is being deleted and needs no remote: what is left is to remove the finalizer.
    LetGo,
    /// Somebody changed the object while the refusal was written: the new spec was not refused.
    Soon,
    /// The reconcile ends. An event within this time does not make it send, and pay for, the same create again.
    Ended(Option<Duration>),
}

/// How the reconcile goes on. `spoken`: somebody changed the object since its attempt was refused.
#[must_use]
pub const fn after_refuse(report: &Report, deleting: bool, spoken: bool) -> RefuseAfter {
    match (&report.ready, report.next) {
        _ if deleting => RefuseAfter::LetGo,
        _ if spoken => RefuseAfter::Soon,
        (Ready::Stuck(..), Next::After(wait)) => RefuseAfter::Ended(Some(wait)),
        (
            Ready::Stuck(..) | Ready::Available(_) | Ready::Working(..) | Ready::Paused(_) | Ready::PausedReady(_),
            Next::Event | Next::After(_) | Next::Backoff,
        ) => RefuseAfter::Ended(None),
    }
}

/// What follows when the finalizer could not be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalizerAfter {
    /// The object is gone, and its finalizer with it.
    Gone,
    /// The object has changed: it is read again.
    Reread,
    /// The failure is reported, and the removal is tried again.
    Failed,
}

/// What follows when the finalizer could not be removed.
#[must_use]
pub const fn after_finalizer(error: NotWritten) -> FinalizerAfter {
    match error {
        NotWritten::NotFound => FinalizerAfter::Gone,
        NotWritten::Conflict => FinalizerAfter::Reread,
        NotWritten::Refused | NotWritten::Untrue | NotWritten::Unclear => FinalizerAfter::Failed,
    }
}
