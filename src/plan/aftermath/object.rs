//! What the answers of the API server to our writes mean.

use std::time::Duration;

use crate::plan::intent::Intent;
use crate::plan::object::ObjectFacts;
use crate::plan::report::{Next, Ready, Report};

/// Why a write to the object did not come back as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// It was refused: nothing was stored, and nothing will be until somebody changes something.
    Refused,
    /// Another version is there (409).
    Conflict,
    /// The object is not there (404).
    NotFound,
    /// A test of the patch does not hold (422).
    Untrue,
    /// It may have been stored, or still may be.
    Unclear,
}

impl NotWritten {
    /// It may have been stored all the same: the object says whether it was.
    #[must_use]
    pub const fn may_be_stored(self) -> bool {
        !matches!(self, Self::Refused)
    }

    /// It is as if the object that it was for were not there: it is read to see whether it is.
    #[must_use]
    pub const fn misses_its_object(self) -> bool {
        matches!(self, Self::Refused | Self::NotFound | Self::Untrue)
    }
}

/// What is known of a claim that did not come back as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAfter {
    /// Nothing was stored, so nothing is sent and no attempt is in doubt.
    NotStored,
    /// It is stored: the attempt is in flight.
    Stored,
    /// Someone else wrote meanwhile: decide again from what is there now.
    Again,
    /// It may be stored yet, but its attempt is not sent: that never executes.
    NotSent,
}

/// What is known of the claim of `intent`; `now` is the object as it was read after the write.
#[must_use]
pub fn after_claim(error: NotWritten, intent: &Intent, now: &ObjectFacts) -> ClaimAfter {
    match error {
        NotWritten::Refused => ClaimAfter::NotStored,
        // A 409 against oneself is recognised by the nonce.
        _ if now.intent.own() == Some(intent) && now.finalizer => ClaimAfter::Stored,
        NotWritten::Conflict => ClaimAfter::Again,
        NotWritten::NotFound | NotWritten::Untrue | NotWritten::Unclear => ClaimAfter::NotSent,
    }
}

/// How often a record of a remote in hand is tried before it is left to recovery by mark.
pub const RECORD_TRIES: u64 = 4;

/// After what time a record that failed this many times before is tried again; `None`: it is left to recovery by mark.
#[must_use]
pub fn records_again(error: NotWritten, failed: u64) -> Option<Duration> {
    if error == NotWritten::Refused || failed + 1 >= RECORD_TRIES {
        return None;
    }
    // What could not fit the object is tried anew on what is there now.
    Some(if error.misses_its_object() { Duration::ZERO } else { Duration::from_millis(250 << failed) })
}

/// Is there nothing left to do once a remote is recorded? `settled`: it equals the spec. Nothing wakes the object because
/// of that write, so what is left to do is done in the same pass.
#[must_use]
pub const fn ends_with_its_record(settled: bool, deleting: bool, polled: bool) -> bool {
    settled && !deleting && !polled
}

/// How a pass goes on once a refusal of its attempt is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefuseAfter {
    /// Nobody needs the remote any more: what is left to do is to let go.
    LetGo,
    /// Someone spoke while the refusal was written: that is not what was refused.
    Soon,
    /// The pass ends, and the same create is not sent again, and billed again, because something else wakes the object
    /// within this time.
    Ended(Option<Duration>),
}

/// How a pass goes on; `spoken`: the object is not as it was when its attempt was refused.
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

/// What follows when the finalizer could not be taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalizerAfter {
    /// It went with the object.
    Gone,
    /// It is read again: it is not as it was.
    Reread,
    /// It is told, and tried again.
    Failed,
}

/// What follows when the finalizer could not be taken off.
#[must_use]
pub const fn after_finalizer(error: NotWritten) -> FinalizerAfter {
    match error {
        NotWritten::NotFound => FinalizerAfter::Gone,
        NotWritten::Conflict => FinalizerAfter::Reread,
        NotWritten::Refused | NotWritten::Untrue | NotWritten::Unclear => FinalizerAfter::Failed,
    }
}
