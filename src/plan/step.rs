//! What a decision can answer: the one thing to do next, and what it carries.

use super::intent::Intent;
use super::recorded::Ended;
use super::report::Report;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, Origin};

/// The one thing to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read the object again, with quorum.
    Reread,
    /// Wait until the index has seen the place in this term.
    Sweep,
    /// Read this remote.
    Fetch(RemoteId),
    /// List what carries this object's owner mark.
    FindOwned,
    /// List datasets with exactly this name.
    FindNamed(String),
    /// List all versions of this dataset.
    ListVersions(String),
    /// Get the limiter's permit for a create.
    Permit,
    /// Store finalizer and intent in one guarded patch; the attempt is then in flight.
    Claim(Box<Intent>, Option<Flight>),
    /// Send the create of the attempt in flight.
    Create,
    /// Write labels of ours on a remote: a mark taken back, restored, or put on what is adopted.
    Mark(RemoteId, Labels),
    /// Take `dso-released` off again.
    Unrelease(RemoteId),
    /// Make one change to the remote.
    Change(RemoteId, Change),
    /// Delete the remote, or a surplus one.
    Delete(RemoteId),
    /// Set `dso-released`: the remote is kept and no longer ours to manage.
    Release(RemoteId),
    /// The doubt about the newest attempt is over: nothing came of it.
    Resolve,
    /// Write down the remote.
    Record(Box<Record>),
    /// Write down that the attempt in flight was refused, with the report.
    Refuse(Ended, Box<Report>),
    /// Remove the finalizer.
    LetGo,
    /// End the pass: tell the user.
    Report(Box<Report>),
    /// End the pass: the object is none of our business (any more).
    Leave,
}

impl Step {
    /// Its name, for logs and for naming crash points.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reread => "Reread",
            Self::Sweep => "Sweep",
            Self::Fetch(_) => "Fetch",
            Self::FindOwned => "FindOwned",
            Self::FindNamed(_) => "FindNamed",
            Self::ListVersions(_) => "ListVersions",
            Self::Permit => "Permit",
            Self::Claim(..) => "Claim",
            Self::Create => "Create",
            Self::Mark(..) => "Mark",
            Self::Unrelease(_) => "Unrelease",
            Self::Change(..) => "Change",
            Self::Delete(_) => "Delete",
            Self::Release(_) => "Release",
            Self::Resolve => "Resolve",
            Self::Record(_) => "Record",
            Self::Refuse(..) => "Refuse",
            Self::LetGo => "LetGo",
            Self::Report(_) => "Report",
            Self::Leave => "Leave",
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
        /// Our mark is on it.
        marked: bool,
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

/// One change to an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Change members.
    Update(Fields),
    /// Add labels or change their values. For a version this is the full set (the vendor's PUT may replace).
    SetLabels(Labels),
    /// Remove labels.
    RemoveLabels(Vec<String>),
    /// PRIVATE to PUBLIC.
    Publish,
    /// Change members of a dataset's v1.
    UpdateFirst(Fields),
    /// The full set of labels of a dataset's v1.
    SetFirstLabels(Labels),
    /// Remove labels of a dataset's v1.
    RemoveFirstLabels(Vec<String>),
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
