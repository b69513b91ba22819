//! The reasons of events: public API, one row each in the table of the troubleshooting page.

use super::condition::Reason;
use super::values::values;

/// Generates the enumeration and its table from one list: the reason, whether a human should look at it, and what the
/// operator was doing.
macro_rules! event_reasons {
    ($(#[doc = $doc:literal] $variant:ident = $text:literal, $kind:ident, $action:literal;)+) => {
        values! {
            /// Why an event was written, unless it is about `Ready` turning to another reason.
            EventReason { $(#[doc = $doc] $variant = $text,)+ }
        }

        impl EventReason {
            /// A human should look at it.
            pub const fn is_warning(self) -> bool {
                match self { $(Self::$variant => matches!(Kind::$kind, Kind::Warning),)+ }
            }

            /// What the operator was doing.
            pub const fn action(self) -> &'static str {
                match self { $(Self::$variant => $action,)+ }
            }
        }
    };
}

/// The types of event that Kubernetes knows.
enum Kind {
    Normal,
    Warning,
}

event_reasons! {
    /// The remote was created and is recorded.
    Created = "Created", Normal, "Create";
    /// An existing remote was adopted and is recorded.
    Adopted = "Adopted", Normal, "Create";
    /// The remote was found again by its mark and is recorded.
    Recovered = "Recovered", Normal, "Create";
    /// An edit was carried out.
    Updated = "Updated", Normal, "Update";
    /// Somebody else changed the remote.
    DriftDetected = "DriftDetected", Normal, "Observe";
    /// Such a change was undone.
    DriftCorrected = "DriftCorrected", Normal, "Update";
    /// The service keeps a field otherwise than it was sent.
    ServiceNormalises = "ServiceNormalises", Warning, "Update";
    /// Ownership labels that somebody else changed were restored.
    MarkRestored = "MarkRestored", Normal, "Update";
    /// The remote was deleted.
    Deleted = "Deleted", Normal, "Delete";
    /// The remote was kept and marked as released.
    Retained = "Retained", Normal, "Delete";
    /// The object is deleted together with its definition; the remote stays as it is.
    LeftInCloud = "LeftInCloud", Normal, "Delete";
    /// The object went with its namespace, without credentials for its account; the remote stays as it is.
    LeftBehind = "LeftBehind", Warning, "Delete";
    /// The deletion of one object deletes a remote that another object waits for.
    HandoverAtRisk = "HandoverAtRisk", Warning, "Reconcile";
    /// A second remote carries the object's mark.
    DuplicatesFound = "DuplicatesFound", Warning, "Observe";
    /// A remote carries the mark of an object that does not live here.
    OrphanFound = "OrphanFound", Warning, "Sweep";
    /// The job has ended and counts as a success.
    Completed = "Completed", Normal, "Run";
    /// The operator stops the job.
    Stopped = "Stopped", Normal, "Run";
    /// An annotation has our prefix but an unknown name.
    UnknownAnnotation = "UnknownAnnotation", Warning, "Reconcile";
    /// An annotation of ours has a value that the operator cannot read.
    InvalidAnnotation = "InvalidAnnotation", Warning, "Reconcile";
    /// This replica of the operator holds the lease.
    LeaderElection = "LeaderElection", Normal, "Elect";
    /// More events than are written in a second.
    EventsLeftOut = "EventsLeftOut", Warning, "Reconcile";
}

/// The reason of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum News {
    /// Something was done or found.
    Event(EventReason),
    /// `Ready` turned to this reason.
    Turned(Reason),
}

impl News {
    /// The reason as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event(reason) => reason.as_str(),
            Self::Turned(reason) => reason.as_str(),
        }
    }

    /// A human should look at it.
    pub const fn is_warning(self) -> bool {
        match self {
            Self::Event(reason) => reason.is_warning(),
            // A pause is a user's wish, and a missing dependency is reported on the dependency.
            Self::Turned(reason) => !matches!(reason, Reason::Paused | Reason::DependencyNotReady),
        }
    }

    /// What the operator was doing.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Event(reason) => reason.action(),
            Self::Turned(_) => "Reconcile",
        }
    }
}

impl From<EventReason> for News {
    fn from(reason: EventReason) -> Self {
        Self::Event(reason)
    }
}

impl From<Reason> for News {
    fn from(reason: Reason) -> Self {
        Self::Turned(reason)
    }
}
