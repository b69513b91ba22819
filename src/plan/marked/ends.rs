//! The steps that end a reconcile with a report, each for one cause.

use std::time::Duration;

use crate::api::condition::Reason;
use crate::plan::edit::Edit;
use crate::plan::report::{About, Blocked, Next, Report};
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::lower_camel;

/// How long an object waits before it asks again for the name of the caller.
const UNNAMED: Duration = Duration::from_secs(15);

/// Ends the reconcile: the spec cannot be worked on.
pub(super) fn end(hold: Blocked) -> Step {
    Step::Report(Box::new(hold.into()))
}

/// Ends the reconcile: a person must act.
pub(super) fn stuck(reason: Reason, message: impl Into<String>) -> Step {
    Step::Report(Box::new(Report::stuck(reason, message)))
}

/// Ends the reconcile: the object waits.
pub(super) fn working(reason: Reason, message: impl Into<String>, next: Next) -> Step {
    Step::Report(Box::new(Report::working(reason, message, next)))
}

/// Ends the reconcile: the name of the caller is not known yet, and absences do not count until it is.
pub(super) fn unnamed(reason: Reason) -> Step {
    working(
        reason,
        "an earlier request was made by an identity that may be this one, but GetCallerIdentity, which says so, fails; it is \
         tried again",
        Next::After(UNNAMED),
    )
}

/// Ends the reconcile: the grace period of the newest attempt is not over.
pub(super) fn settling(view: &View) -> Step {
    let left = view.config.settle.saturating_sub(view.state.uncertain_for);
    working(
        Reason::Uncertain,
        "an earlier create request may still take effect; waiting for the grace period (--settle-time) before the next",
        Next::After(left),
    )
}

/// Ends the reconcile: a person must act, or these remotes must change.
pub(super) fn told(reason: Reason, message: String, about: Vec<About>) -> Step {
    Step::Report(Box::new(Report::stuck(reason, message).about(about)))
}

/// Ends the reconcile: there is no room for our mark, so nothing is sent.
pub(super) fn unwritable(view: &View, why: &Unwritable) -> Step {
    let message = match view.profile.codec.carrier() {
        Carrier::Text(member) => format!("spec.{}: {why}", lower_camel(member)),
        Carrier::Labels | Carrier::Nowhere => why.to_string(),
    };
    stuck(Reason::InvalidSpec, message)
}

/// The step that makes this change, or a report if there is no room for our mark.
pub(super) fn edit(view: &View, edit: Result<Edit, Unwritable>) -> Step {
    edit.map_or_else(|why| unwritable(view, &why), |edit| Step::Edit(Box::new(edit)))
}
