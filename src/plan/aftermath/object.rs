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

/// What is known of a claim that did not come back as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAfter {
    /// Nothing was stored, so nothing is sent and no attempt is in doubt.
    NotStored,
    /// The object is read to see what is stored.
    Reread,
    /// It is stored: the attempt is in flight.
    Stored,
    /// Someone else wrote meanwhile: decide again from what is there now.
    Again,
    /// It may be stored yet, but its attempt is not sent: that never executes.
    NotSent,
}

/// What is known of the claim of `intent`; `now` is the object as it was read after the write.
#[must_use]
pub fn after_claim(error: NotWritten, intent: &Intent, now: Option<&ObjectFacts>) -> ClaimAfter {
    match (error, now) {
        (NotWritten::Refused, _) => ClaimAfter::NotStored,
        (NotWritten::Conflict | NotWritten::NotFound | NotWritten::Untrue | NotWritten::Unclear, None) => {
            ClaimAfter::Reread
        }
        // A 409 against oneself is recognised by the nonce.
        (_, Some(now)) if now.intent.own() == Some(intent) && now.finalizer => ClaimAfter::Stored,
        (NotWritten::Conflict, Some(_)) => ClaimAfter::Again,
        (NotWritten::NotFound | NotWritten::Untrue | NotWritten::Unclear, Some(_)) => ClaimAfter::NotSent,
    }
}

/// What is done about a record of a remote that did not come back as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordAfter {
    /// The object is read to see whether it is there to be told.
    Reread,
    /// It is tried again, at once or after a moment.
    Retry {
        /// After a moment.
        waits: bool,
    },
    /// It is left to recovery by mark.
    Failed,
}

/// What is done about a record that did not come back as taken. `reread`: the object was read since, and is still there
/// to be told; `last`: it is not tried again.
#[must_use]
pub fn after_record(error: NotWritten, reread: bool, last: bool) -> RecordAfter {
    match error {
        NotWritten::Refused | NotWritten::NotFound | NotWritten::Untrue if !reread => RecordAfter::Reread,
        NotWritten::Refused => RecordAfter::Failed,
        NotWritten::Conflict | NotWritten::NotFound | NotWritten::Untrue | NotWritten::Unclear if last => {
            RecordAfter::Failed
        }
        NotWritten::NotFound | NotWritten::Untrue => RecordAfter::Retry { waits: false },
        NotWritten::Conflict | NotWritten::Unclear => RecordAfter::Retry { waits: true },
    }
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
