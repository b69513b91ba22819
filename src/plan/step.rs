//! What `plan` can answer: the one thing to do next, with all that is needed to do it.

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
    /// The doubt about the newest attempt is over: remember that, and go on.
    Resolve,
    /// Record the remote in status.
    Record(Box<Record>),
    /// Record in status that the attempt was refused, with the report.
    Refuse(Ended, Box<Report>),
    /// Remove the finalizer.
    RemoveFinalizer,
    /// End the reconcile with this report.
    Report(Box<Report>),
    /// End the reconcile: the operator has nothing (more) to do with the object.
    Ignore,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Wait until the inventory has listed the place of the object since this process started.
    Sweep,
    /// Remotes that carry this object's owner mark.
    Owned,
    /// Remotes that have exactly this name.
    Named(String),
    /// All remotes in this collection of a dataset.
    Children(RemoteId, &'static str),
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
            Self::Children(..) => "ListChildren",
        }
    }
}

/// An attempt that was claimed in this reconcile.
#[derive(Debug, Clone, PartialEq)]
pub enum Flight {
    /// A create.
    Create {
        /// Nonce of the attempt.
        nonce: String,
        /// The result, once the create was sent.
        landed: Option<Landed>,
    },
    /// Taking an existing remote.
    Take {
        /// Nonce of the attempt.
        nonce: String,
        /// The remote.
        id: RemoteId,
        /// An earlier object of this name owned the remote.
        recovered: bool,
    },
}

/// The result of a create.
#[derive(Debug, Clone, PartialEq)]
pub enum Landed {
    /// It made this remote.
    At(RemoteId),
    /// The service refused it; nothing came of it.
    Refused(Box<Report>),
}

/// What status records of a remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The remote.
    pub id: RemoteId,
    /// Created or adopted.
    pub origin: Origin,
    /// Found again by its mark.
    pub recovered: bool,
    /// Immutable fields as sent (if created in this reconcile) or as read.
    pub fixed: Fields,
    /// The attempt that made or took it.
    pub attempt: Option<Ended>,
    /// Label keys that the attempt set.
    pub label_keys: Vec<String>,
    /// The remote equals the spec already: Ready=True goes into the same write.
    pub settled: bool,
}
