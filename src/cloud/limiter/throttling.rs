//! Flow control of the service: which limit a throttled call exceeded, and how long to wait.

use std::time::Duration;

/// The calls that were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of the account; also if the service does not say which.
    Account,
    /// Those of the operation.
    Operation,
}

/// A call was not carried out because of flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// The calls that were too many.
    pub scope: Scope,
    /// How long the service asks to wait.
    pub after: Option<Duration>,
}

impl Scope {
    /// The scope that a code of the service names. `Throttling.User` is the account; `Throttling` and a bare status 429
    /// name none, which counts as the account; any other, such as `Throttling.Api`, is about the operation.
    pub fn of(code: Option<&str>) -> Self {
        match code {
            None | Some("Throttling" | "Throttling.User") => Self::Account,
            Some(_) => Self::Operation,
        }
    }
}
