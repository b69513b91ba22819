//! Towards what a seeded view leans.

/// Where an object stands, so that what else is chosen matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lean {
    Anywhere,
    /// With its remote.
    Settled,
    /// Nobody has worked on it, or nothing came of that.
    Free,
    /// What came of its attempt is not known.
    Doubt,
    /// It is being deleted, with its remote.
    Leaving,
    /// A claim was stored in this pass.
    Flying,
    /// Its remote carries no mark of it.
    Unmarked,
    /// Its remote is not there any more.
    Gone,
    /// It takes what has its name.
    Named,
    /// It takes the one that it names by its id.
    Adopting,
    /// The service said that its name is taken.
    Taken,
    /// It is being deleted, with a remote and a newer attempt.
    Twice,
    /// It is being deleted, and nothing is recorded.
    Empty,
}
