//! What the service says when it has had enough.

use std::time::Duration;

/// Ownership calls were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of the account, or nobody knows.
    Account,
    /// Those of the operation.
    Operation,
}

/// A call was not carried out because of flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Ownership calls were too many.
    pub scope: Scope,
    /// How long the service asks to wait.
    pub after: Option<Duration>,
}

impl Scope {
    /// What a code of the service says. `Throttling.User` is the account, `Throttling` and a bare status 429 name
    /// nobody; any other, such as `Throttling.Api`, is about the operation.
    pub fn of(code: Option<&str>) -> Self {
        match code {
            None | Some("Throttling" | "Throttling.User") => Self::Account,
            Some(_) => Self::Operation,
        }
    }
}
