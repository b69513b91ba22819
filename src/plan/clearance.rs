//! Whether what an object stands for may be let go or deleted now: the kind's answer, asked before that is done.

use super::report::{Next, Ready, Report};
use super::step::Look;
use crate::api::condition::Reason;

/// May it be let go, or deleted?
#[derive(Debug, Clone, PartialEq)]
pub enum Clearance {
    /// Nothing stands in the way.
    Go,
    /// It waits, and says why.
    Wait(Box<Report>),
    /// It goes with the remote that it is in.
    WithParent,
    /// It is not known before this was looked for.
    Needs(Look),
}

impl Clearance {
    /// It waits: what stands in the way goes by itself.
    #[must_use]
    pub fn waits(message: impl Into<String>, next: Next) -> Self {
        Self::Wait(Box::new(Report::working(Reason::Deleting, message, next)))
    }

    /// A human must make way for the deletion.
    #[must_use]
    pub fn blocked(message: String, next: Next) -> Self {
        Self::Wait(Box::new(Report::new(Ready::Stuck(Reason::DeletionBlocked, message), next)))
    }
}
