//! Whether the remote of an object may be released or deleted now: the answer of its kind, which `plan` asks first.

use super::report::{Next, Ready, Report};
use super::step::Look;
use crate::api::condition::Reason;

/// May the remote be released or deleted?
#[derive(Debug, Clone, PartialEq)]
pub enum Clearance {
    /// Nothing stands in the way.
    Go,
    /// The deletion waits; the report says why.
    Wait(Box<Report>),
    /// The version is deleted with its dataset.
    WithParent,
    /// The answer depends on this look, which must come first.
    Needs(Look),
}

impl Clearance {
    /// The deletion waits for something that ends without a person.
    #[must_use]
    pub fn waits(message: impl Into<String>, next: Next) -> Self {
        Self::Wait(Box::new(Report::working(Reason::Deleting, message, next)))
    }

    /// The deletion waits until a person removes what blocks it.
    #[must_use]
    pub fn blocked(message: String, next: Next) -> Self {
        Self::Wait(Box::new(Report::new(Ready::Stuck(Reason::DeletionBlocked, message), next)))
    }
}
