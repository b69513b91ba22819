//! The reasons of events: public API, one row each in the table of the troubleshooting page.

use super::condition::Reason;
use super::values::values;

values! {
    /// What an event tells, besides what `Ready` turned to.
    EventReason {
        /// The remote was created and is recorded.
        Created = "Created",
        /// An existing remote was adopted and is recorded.
        Adopted = "Adopted",
        /// The remote was found again by its mark and is recorded.
        Recovered = "Recovered",
        /// An edit was carried out.
        Updated = "Updated",
        /// Somebody else changed the remote.
        DriftDetected = "DriftDetected",
        /// Such a change was set back.
        DriftCorrected = "DriftCorrected",
        /// The service keeps a field otherwise than it was sent.
        ServiceNormalises = "ServiceNormalises",
        /// Ownership labels that somebody else changed were restored.
        MarkRestored = "MarkRestored",
        /// The remote was deleted.
        Deleted = "Deleted",
        /// The remote was kept and marked as released.
        Retained = "Retained",
        /// The object went because its definition goes; the remote stays as it is.
        LeftInCloud = "LeftInCloud",
        /// Deleting one object deletes what another one waits for.
        HandoverAtRisk = "HandoverAtRisk",
        /// A second remote carries the object's mark.
        DuplicatesFound = "DuplicatesFound",
        /// A remote carries the mark of an object that does not live here.
        OrphanFound = "OrphanFound",
        /// An annotation under our prefix that means nothing.
        UnknownAnnotation = "UnknownAnnotation",
        /// An annotation of ours with a value that means nothing.
        InvalidAnnotation = "InvalidAnnotation",
        /// More events than are written in a second.
        EventsLeftOut = "EventsLeftOut",
    }
}

impl EventReason {
    /// A human should look at it.
    pub const fn is_warning(self) -> bool {
        match self {
            Self::Created
            | Self::Adopted
            | Self::Recovered
            | Self::Updated
            | Self::DriftDetected
            | Self::DriftCorrected
            | Self::MarkRestored
            | Self::Deleted
            | Self::Retained
            | Self::LeftInCloud => false,
            Self::ServiceNormalises
            | Self::HandoverAtRisk
            | Self::DuplicatesFound
            | Self::OrphanFound
            | Self::UnknownAnnotation
            | Self::InvalidAnnotation
            | Self::EventsLeftOut => true,
        }
    }

    /// What the operator was doing.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Created | Self::Adopted | Self::Recovered => "Create",
            Self::Updated | Self::DriftCorrected | Self::ServiceNormalises | Self::MarkRestored => "Update",
            Self::DriftDetected | Self::DuplicatesFound => "Observe",
            Self::Deleted | Self::Retained | Self::LeftInCloud => "Delete",
            Self::OrphanFound => "Sweep",
            Self::UnknownAnnotation | Self::InvalidAnnotation | Self::HandoverAtRisk | Self::EventsLeftOut => {
                "Reconcile"
            }
        }
    }
}

impl Reason {
    /// Whether an event tells that `Ready` turned to this reason. What comes and goes by itself within a pass or two is
    /// not told, and what was done is told by its own event.
    pub const fn is_told(self) -> bool {
        match self {
            Self::Available
            | Self::Progressing
            | Self::Queued
            | Self::Uncertain
            | Self::MalformedResponse
            | Self::InternalError
            | Self::Deleting => false,
            Self::DependencyNotReady
            | Self::CloudUnavailable
            | Self::Throttled
            | Self::QuotaExceeded
            | Self::WriteRefused
            | Self::DeletionBlocked
            | Self::Paused
            | Self::InvalidSpec
            | Self::ImmutableChanged
            | Self::NameTaken
            | Self::OwnedByOther
            | Self::AdoptionNotFound
            | Self::RemoteDeleted
            | Self::AccessDenied
            | Self::CredentialsInvalid
            | Self::AccountMismatch => true,
        }
    }
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
            // A pause is somebody's wish, and what an object depends on is told there.
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
