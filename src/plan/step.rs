//! What a decision can answer: the one thing to do next, and what it carries.

use super::edit::Edit;
use super::intent::Intent;
use super::recorded::Ended;
use super::report::Report;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// The one thing to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read the object again, with quorum.
    Reread,
    /// Look for remotes.
    Look(Look),
    /// Read this remote.
    Read(RemoteId),
    /// Get the limiter's permit for a create.
    Permit,
    /// Store finalizer and intent in one guarded patch; the attempt is then in flight.
    Claim(Box<Intent>, Option<Flight>),
    /// Send the create of the attempt in flight.
    Create,
    /// Make one change to the remote.
    Edit(Box<Edit>),
    /// Delete the remote, or a surplus one.
    Delete(RemoteId),
    /// Nothing came of the attempt in doubt: go on without it.
    Resolve,
    /// Write down the remote.
    Record(Box<Record>),
    /// Write down that the attempt in flight was refused, with the report.
    Refuse(Ended, Box<Report>),
    /// Remove the finalizer.
    RemoveFinalizer,
    /// End the pass: tell the user.
    Report(Box<Report>),
    /// End the pass: the object is none of our business (any more).
    Ignore,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Wait until the inventory has seen the place in this term.
    Sweep,
    /// What carries this object's owner mark.
    Owned,
    /// What has exactly this name.
    Named(String),
    /// All that is in this remote.
    Children(RemoteId),
}

impl Step {
    /// Its name, for logs and for naming failpoints.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reread => "Reread",
            Self::Look(look) => look.name(),
            Self::Read(_) => "Read",
            Self::Permit => "Permit",
            Self::Claim(..) => "Claim",
            Self::Create => "Create",
            Self::Edit(edit) => edit.name(),
            Self::Delete(_) => "Delete",
            Self::Resolve => "Resolve",
            Self::Record(_) => "Record",
            Self::Refuse(..) => "Refuse",
            Self::RemoveFinalizer => "RemoveFinalizer",
            Self::Report(_) => "Report",
            Self::Ignore => "Ignore",
        }
    }
}

impl Look {
    const fn name(&self) -> &'static str {
        match self {
            Self::Sweep => "Sweep",
            Self::Owned => "FindOwned",
            Self::Named(_) => "FindNamed",
            Self::Children(_) => "ListChildren",
        }
    }
}

/// An attempt claimed in this pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Flight {
    /// A create.
    Create {
        /// Nonce of the attempt.
        nonce: String,
        /// What came of it, once it was sent.
        landed: Option<Landed>,
    },
    /// Taking an existing remote.
    Take {
        /// Nonce of the attempt.
        nonce: String,
        /// The remote.
        id: RemoteId,
        /// It was ours before.
        recovered: bool,
    },
}

/// What came of a create.
#[derive(Debug, Clone, PartialEq)]
pub enum Landed {
    /// It made this remote.
    At(RemoteId),
    /// The service refused it; nothing came of it.
    Refused(Box<Report>),
}

/// What is written down of a remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The remote.
    pub id: RemoteId,
    /// Created or adopted.
    pub origin: Origin,
    /// Found again by its mark.
    pub recovered: bool,
    /// Immutables as sent (created in this pass) or as read.
    pub fixed: Fields,
    /// The attempt that brought it.
    pub attempt: Option<Ended>,
    /// Label keys that the attempt set.
    pub label_keys: Vec<String>,
    /// The remote equals the spec already: Ready=True goes into the same write.
    pub settled: bool,
}
