//! Endings of a pass, and what they say.

use std::time::Duration;

use crate::api::condition::Reason;
use crate::plan::annotations::not_a_boolean;
use crate::plan::report::{About, Blocked, Next, Report};
use crate::plan::step::Step;
use crate::plan::view::View;

/// Who calls is looked up this often while it is not known.
const UNNAMED: Duration = Duration::from_secs(15);

/// Ends the pass with a hold.
pub(super) fn end(hold: Blocked) -> Step {
    Step::Report(Box::new(hold.into()))
}

/// Ends the pass: a human must act.
pub(super) fn stuck(reason: Reason, message: impl Into<String>) -> Step {
    Step::Report(Box::new(Report::stuck(reason, message)))
}

/// Ends the pass: waiting.
pub(super) fn working(reason: Reason, message: impl Into<String>, next: Next) -> Step {
    Step::Report(Box::new(Report::working(reason, message, next)))
}

/// Ends the pass: who calls is not known yet, and absences do not count until it is.
pub(super) fn unnamed(reason: Reason) -> Step {
    working(
        reason,
        "an earlier request was made by an identity that may be this one, but GetCallerIdentity, which says so, fails; it is \
         tried again",
        Next::After(UNNAMED),
    )
}

/// Ends the pass: a human must act, or these remotes must change.
pub(super) fn told(reason: Reason, message: String, about: Vec<About>) -> Step {
    Step::Report(Box::new(Report::stuck(reason, message).about(about)))
}

/// What to add to a message about a pause whose value is not understood.
pub(super) fn unclear_pause(view: &View) -> String {
    let value = view.object.unclear_pause.as_deref();
    value.map(|value| format!("; {}", not_a_boolean(value))).unwrap_or_default()
}
