//! Writes that the API server does not take: which of them it refuses, and how the object says so.
//!
//! Promises: a refused write stored nothing, so nothing that depends on it is done; the object says who refuses what,
//! in the API server's own words, in its status or, if that is refused too, in an event and the log; the write is tried
//! again with growing delays, and at once when somebody changes the object. A conflict, a missing object and a guard of
//! ours that does not hold are no refusals; a write without an answer is reported only if that lasts.

use std::time::Duration;

use kube::core::Status;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::api::condition::Reason;
use crate::plan::aftermath::NotWritten;
use crate::plan::report::{Next, Ready, Report};
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::{Flow, Pass, cool};
use crate::refusals::refuses;

/// Writes without a clear answer are reported once they have failed for this long.
const LASTING: Duration = Duration::from_secs(30);
/// The longest part of an API server's message that is shown, in characters.
const WORDS: usize = 400;

/// Why a call of the API server failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum KubeError {
    #[error("{}", crate::words::error(.0))]
    Api(#[from] kube::Error),
    #[error("the apiserver did not answer in time")]
    Timeout,
    /// A patch that cannot be built: a defect.
    #[error("the patch is not a JSON Patch: {0}")]
    Patch(#[from] serde_json::Error),
}

impl KubeError {
    /// What is known of the write. Unless it was refused, 404 and 409 mean what they say, and 422 means that a `test`
    /// of a JSON Patch does not hold.
    pub(super) fn known(&self) -> NotWritten {
        match self.status().map(|status| (refuses(status), status.code)) {
            Some((true, _)) => NotWritten::Refused,
            Some((false, 409)) => NotWritten::Conflict,
            Some((false, 404)) => NotWritten::NotFound,
            Some((false, 422)) => NotWritten::Untrue,
            Some(_) | None => NotWritten::Unclear,
        }
    }

    /// The operator lacks a right.
    pub(super) fn is_forbidden(&self) -> bool {
        self.status().is_some_and(|status| status.code == 403)
    }

    /// The answer, if it is a refusal: nothing was stored, and nothing will be until somebody changes something.
    pub(super) fn refusal(&self) -> Option<&Status> {
        self.status().filter(|status| refuses(status))
    }

    fn status(&self) -> Option<&Status> {
        match self {
            Self::Api(kube::Error::Api(status)) => Some(status),
            Self::Api(_) | Self::Timeout | Self::Patch(_) => None,
        }
    }

    /// How long the API server asks its client to wait.
    fn retry_after(&self) -> Duration {
        let seconds =
            self.status().and_then(|status| status.details.as_ref()).map(|details| details.retry_after_seconds);
        Duration::from_secs(seconds.unwrap_or_default().into())
    }

    /// The error in words for people.
    fn words(&self) -> String {
        self.status().map_or_else(|| one_line(&self.to_string()), words)
    }
}

/// `422 Invalid: …`
fn words(status: &Status) -> String {
    one_line(&format!("{} {}: {}", status.code, status.reason, status.message))
}

fn one_line(text: &str) -> String {
    crate::words::cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), WORDS)
}

/// What a person can do about a refusal.
fn advice(status: &Status) -> &'static str {
    let says = |words: &str| status.message.contains(words);
    if says("failed calling webhook") || says("failed to call webhook") {
        "bring that webhook back, or exempt the operator's ServiceAccount from it"
    } else if says("denied request") || says("denied the request") {
        "change the object so that it is admitted, or exempt the operator's ServiceAccount"
    } else if says("cannot patch") || says("cannot update") {
        "give the operator's ServiceAccount this right again"
    } else if status.code == 413 || says("may not be more than") || says("Too long") {
        "make the object smaller: remove or shorten annotations of others"
    } else {
        "change the object, or what refuses it"
    }
}

/// The writes of the operator to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// Finalizer and intent, onto the object.
    Claim,
    /// The finalizer, off the object.
    Finalizer,
    /// The status.
    Status,
}

impl Write {
    const fn label(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Finalizer => "finalizer",
            Self::Status => "status",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Claim => "store the operator's finalizer and annotation on this object",
            Self::Finalizer => "remove the operator's finalizer from this object",
            Self::Status => "write the status of this object",
        }
    }
}

/// The message about a refusal of this write.
fn refused(write: Write, status: &Status) -> String {
    format!(
        "the API server refuses to {}: {}; {}; the operator tries again by itself",
        write.what(),
        words(status),
        advice(status)
    )
}

impl<K: AnyKind> Pass<'_, K> {
    /// Ends the reconcile: the API server did not take a write of this object, and nothing of it counts as stored.
    pub(super) async fn write_failed(&mut self, error: &KubeError, write: Write) -> Flow {
        let Some(report) = self.judge(error, write) else {
            return Flow::End(self.unwritten(error, write));
        };
        let action = self.finish(report).await;
        if error.refusal().is_some() && write != Write::Status {
            // Any change of the object may remove the cause of the refusal.
            self.ctx.states.with(&self.facts.uid, |state| state.cooldown = None);
        }
        Flow::End(action)
    }

    /// Status could not be written, so an event and the log report that.
    pub(super) fn status_failed(&self, error: &KubeError, report: &Report) -> Action {
        if let Some(own) = self.judge(error, Write::Status) {
            // If the status was to report another refusal, that one comes first.
            let told = [report, &own].into_iter().find_map(|report| match &report.ready {
                Ready::Working(Reason::WriteRefused, message) => Some(message.as_str()),
                Ready::Available(_)
                | Ready::Working(..)
                | Ready::Stuck(..)
                | Ready::Paused(_)
                | Ready::PausedReady(_) => None,
            });
            self.tell_once(told.unwrap_or_default());
        }
        self.unwritten(error, Write::Status)
    }

    /// What a failed write means for the object. `None`: nothing yet.
    fn judge(&self, error: &KubeError, write: Write) -> Option<Report> {
        let message = if let Some(status) = error.refusal() {
            self.ctx.metrics.write_refused(K::NAME, write.label(), status.code);
            refused(write, status)
        } else {
            let now = Instant::now();
            let since = self.ctx.states.with(&self.facts.uid, |state| *state.unwritten.get_or_insert(now));
            if now.saturating_duration_since(since) < LASTING {
                return None;
            }
            let (what, words) = (write.what(), error.words());
            format!("the API server has not taken the request to {what} for a while: {words}; it is tried again")
        };
        Some(Report::working(Reason::WriteRefused, message, Next::Backoff))
    }

    /// Ends the reconcile after a failed write, with the object's own delay or a longer one of the API server.
    fn unwritten(&self, error: &KubeError, write: Write) -> Action {
        let (namespace, name) = (&self.facts.namespace, &self.facts.name);
        let (reconcile_id, what, error_text) = (&self.journal.id, write.label(), error.words());
        tracing::warn!(
            controller = K::NAME,
            namespace,
            name,
            reconcileID = reconcile_id,
            write = what,
            error = error_text,
            "the API server did not take a write"
        );
        Action::requeue(cool(self.ctx, &self.facts, error.retry_after()..=Duration::MAX))
    }

    /// Sends a warning event, unless the last one of this object said the same.
    fn tell_once(&self, message: &str) {
        let gist = gist(message);
        let known = self.ctx.states.with(&self.facts.uid, |state| state.refused.replace(gist.clone()));
        if known.as_ref() != Some(&gist) {
            self.tell(Reason::WriteRefused, message);
        }
    }
}

/// The part of a message by which two refusals are the same: ports, counts and times in it are no news.
pub(super) fn gist(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

#[cfg(test)]
#[path = "write_errors_tests.rs"]
mod tests;
