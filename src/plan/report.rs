//! How a reconcile ends: what the user is told, and when the object is looked at again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Map, Value};

use crate::api::condition::Reason;
use crate::plan::neighbour::Neighbour;
use crate::plan::recorded::LastError;
use crate::plan::run::RunReport;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::is_mark;
use crate::words;

/// The end of a reconcile.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Becomes the conditions.
    pub ready: Ready,
    /// A message about members that somebody else changed.
    pub drifted: Option<String>,
    /// A message about members that the service keeps in another form than they were sent, and that are left so.
    pub normalised: Option<String>,
    /// A message about surplus or unclear remotes that carry this object's mark.
    pub duplicates: Option<String>,
    /// The error of the service that caused the report.
    pub error: Option<LastError>,
    /// The remotes that caused the report and are not this object's own.
    pub about: Vec<About>,
    /// For a remote that runs and ends: which one, and what else status says of it.
    pub run: Option<(RemoteId, RunReport)>,
    /// Members of status that inform users, for a kind that has no remote of its own. `None`: they stay.
    pub told: Option<Box<Told>>,
    /// When to look again.
    pub next: Next,
}

/// What a report says in the members of status that inform users.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// All of them, but those in `beside`.
    pub info: Map<String, Value>,
    /// Members that are written only together with something else.
    pub beside: Map<String, Value>,
}

/// A remote that caused a report and is not the object's own. When that remote changes, the object is woken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Which remote.
    pub id: RemoteId,
    /// Its name and marks; `None` if it did not exist.
    pub face: Option<String>,
    /// The object here that owns it, if that is the cause.
    pub owner: Option<Neighbour>,
}

impl About {
    /// A remote as the service showed it.
    #[must_use]
    pub fn shown(remote: &Remote) -> Self {
        let name = remote.fields.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let labels = remote.all_labels();
        let marks = labels.iter().filter(|(key, _)| is_mark(key));
        let face = marks.fold(name.to_owned(), |face, (key, value)| format!("{face}\n{key}={value}"));
        Self { id: remote.id.clone(), face: Some(face), owner: None }
    }

    /// A remote that does not exist.
    #[must_use]
    pub const fn absent(id: RemoteId) -> Self {
        Self { id, face: None, owner: None }
    }
}

/// The readiness of an object, from which all conditions are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// The remote equals the spec of this generation.
    Available(String),
    /// Not there yet; the operator goes on by itself.
    Working(Reason, String),
    /// A human must change something.
    Stuck(Reason, String),
    /// Paused, with an edit that was not carried out.
    Paused(String),
    /// Paused, and nothing is outstanding.
    PausedReady(String),
}

/// When to look again, if nothing happens first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Only when something changes: the object, a related object, or the remote (the inventory tells).
    Event,
    /// After this long.
    After(Duration),
    /// After the object's own exponential delay.
    Backoff,
}

/// Why a spec cannot be worked on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// A human must act; otherwise something else must become ready.
    pub stuck: bool,
    /// The reason shown.
    pub reason: Reason,
    /// What to do about it.
    pub message: String,
}

impl Blocked {
    /// A human must change something.
    #[must_use]
    pub fn stuck(reason: Reason, message: impl Into<String>) -> Self {
        Self { stuck: true, reason, message: message.into() }
    }

    /// Something else must happen first.
    #[must_use]
    pub fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Self { stuck: false, reason, message: message.into() }
    }
}

impl Report {
    /// A report with nothing but its readiness.
    #[must_use]
    pub const fn new(ready: Ready, next: Next) -> Self {
        Self {
            ready,
            drifted: None,
            normalised: None,
            duplicates: None,
            error: None,
            about: Vec::new(),
            run: None,
            told: None,
            next,
        }
    }

    /// Stuck until something changes.
    #[must_use]
    pub fn stuck(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Ready::Stuck(reason, message.into()), Next::After(STALLED_RETRY))
    }

    /// Working, to be looked at again after `next`.
    #[must_use]
    pub fn working(reason: Reason, message: impl Into<String>, next: Next) -> Self {
        Self::new(Ready::Working(reason, message.into()), next)
    }

    /// The same report, about these remotes: a change of one of them wakes the object.
    #[must_use]
    pub fn about(self, about: Vec<About>) -> Self {
        Self { about, ..self }
    }

    /// The object is in line for a permit behind `before` others, for about `turn`; it comes back after `wait`.
    #[must_use]
    pub fn queued(before: usize, turn: Duration, wait: Duration) -> Self {
        let message = format!(
            "in line for the operator's rate limit (--qps): {before} before it, which takes about {}",
            words::about(turn)
        );
        Self::working(Reason::Queued, message, Next::After(wait))
    }

    /// The object waits for the next day: the budget of `calls` calls is spent for another `wait`, counted from `now`.
    #[must_use]
    pub fn budget_spent(calls: u64, wait: Duration, now: Timestamp) -> Self {
        // `wait` and `now` come from two clocks that differ a little; rounding keeps the message the same.
        let then = SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(now);
        let then = then.round(Unit::Minute).unwrap_or(then);
        let message = format!(
            "the daily budget of {calls} calls is spent; creates go on at {then} (00:00 UTC), or raise --daily-budget"
        );
        Self::working(Reason::Throttled, message, Next::After(wait))
    }
}

/// A stalled object is reconciled again after this time, unless it or its surroundings change earlier.
pub const STALLED_RETRY: Duration = Duration::from_secs(3600);

impl From<Blocked> for Report {
    fn from(hold: Blocked) -> Self {
        if hold.stuck {
            Self::stuck(hold.reason, hold.message)
        } else {
            Self::working(hold.reason, hold.message, Next::Event)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_is_told_with_the_way_out_and_always_in_the_same_words() {
        let now: Timestamp = "2026-07-01T23:59:00Z".parse().unwrap();
        let report = Report::budget_spent(1000, Duration::from_millis(60_003), now);
        let message = "the daily budget of 1000 calls is spent; creates go on at 2026-07-02T00:00:00Z (00:00 UTC), \
                       or raise --daily-budget";
        assert_eq!(report.ready, Ready::Working(Reason::Throttled, message.to_owned()));
        assert_eq!(report.next, Next::After(Duration::from_millis(60_003)));
        let later = now + SignedDuration::from_secs(50);
        assert_eq!(Report::budget_spent(1000, Duration::from_millis(9_990), later).ready, report.ready);
    }
}
