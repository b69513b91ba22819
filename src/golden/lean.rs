//! The states that seeded views lean towards, so that each occurs often.

/// The state of an object, to which the other choices fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lean {
    Anywhere,
    /// It has its remote.
    Settled,
    /// No attempt was made for it, or nothing came of one.
    Free,
    /// The result of its attempt is not known.
    Doubt,
    /// It is being deleted, with its remote.
    Leaving,
    /// A claim was stored in this reconcile.
    Flying,
    /// Its remote does not carry its mark.
    Unmarked,
    /// Its remote does not exist any more.
    Gone,
    /// It adopts the remote that has its name.
    Named,
    /// It adopts the remote that its spec names by id.
    Adopting,
    /// The service said that its name is taken.
    Taken,
    /// It is being deleted, with a remote and a newer attempt.
    Twice,
    /// It is being deleted, and nothing is recorded.
    Empty,
}
