//! Condition types and the closed list of reasons: public API, one anchor each in the troubleshooting page.

use super::values::values;

values! {
    /// The types of condition an object can carry.
    ConditionType {
        /// True only if the remote equals the spec of this generation.
        Ready = "Ready",
        /// Present only while True: work is going on or will be retried by itself.
        Reconciling = "Reconciling",
        /// Present only while True: a human must change something.
        Stalled = "Stalled",
        /// Present only while True: the remote was changed by someone else.
        Drifted = "Drifted",
        /// Present only while True: more than one remote carries our mark.
        DuplicatesFound = "DuplicatesFound",
        /// Present only while True: the object is paused.
        Paused = "Paused",
    }
}

values! {
    /// Why `Ready` has its value. Nothing else is ever written there.
    Reason {
        /// The remote equals the spec.
        Available = "Available",
        /// A step is being taken.
        Progressing = "Progressing",
        /// The object waits in line behind the operator's own rate limit.
        Queued = "Queued",
        /// A create may or may not have happened.
        Uncertain = "Uncertain",
        /// Another object is not ready.
        DependencyNotReady = "DependencyNotReady",
        /// The service does not answer.
        CloudUnavailable = "CloudUnavailable",
        /// The service, or the daily budget, limits our calls.
        Throttled = "Throttled",
        /// A quota or limit of the account, the workspace or the service is used up.
        QuotaExceeded = "QuotaExceeded",
        /// The API server refuses a write of the operator.
        WriteRefused = "WriteRefused",
        /// The answer cannot be read.
        MalformedResponse = "MalformedResponse",
        /// A defect of the operator.
        InternalError = "InternalError",
        /// The object is being deleted.
        Deleting = "Deleting",
        /// Deletion waits for something.
        DeletionBlocked = "DeletionBlocked",
        /// An edit waits because the object is paused.
        Paused = "Paused",
        /// The service, or our own check, refused the spec.
        InvalidSpec = "InvalidSpec",
        /// The spec asks to change what cannot change.
        ImmutableChanged = "ImmutableChanged",
        /// The name belongs to another dataset.
        NameTaken = "NameTaken",
        /// The remote belongs to another owner.
        OwnedByOther = "OwnedByOther",
        /// What should be adopted does not exist.
        AdoptionNotFound = "AdoptionNotFound",
        /// The remote was deleted by someone else.
        RemoteDeleted = "RemoteDeleted",
        /// The identity lacks a permission.
        AccessDenied = "AccessDenied",
        /// The credentials are missing or wrong.
        CredentialsInvalid = "CredentialsInvalid",
        /// The object belongs to an account that is not configured.
        AccountMismatch = "AccountMismatch",
    }
}

impl ConditionType {
    /// One sentence for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ready => "True only if the remote equals the spec of this generation.",
            Self::Reconciling => "Work is going on, or will be retried without anybody's help.",
            Self::Stalled => "A human must change something; the reason and the message of `Ready` say what.",
            Self::Drifted => "Somebody else changed the remote; it is being, or will be, set back.",
            Self::DuplicatesFound => "More than one remote carries this object's mark; the message lists them.",
            Self::Paused => "The annotation `dataset-operator.dev/paused` stops every cloud write.",
        }
    }
}

impl Reason {
    /// Whether this reason comes with `Stalled`: nothing improves until a human changes something.
    pub const fn stalled(self) -> bool {
        match self {
            Self::Available
            | Self::Progressing
            | Self::Queued
            | Self::Uncertain
            | Self::DependencyNotReady
            | Self::CloudUnavailable
            | Self::Throttled
            | Self::QuotaExceeded
            | Self::WriteRefused
            | Self::MalformedResponse
            | Self::InternalError
            | Self::Deleting
            | Self::Paused => false,
            Self::DeletionBlocked
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

    /// One sentence for people: what it means and, if something must be done, what.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Available => "The remote equals the spec of this generation.",
            Self::Progressing => "A step is being taken; no action needed.",
            Self::Queued => {
                "The object waits in line behind the operator's own rate limit (`--qps`); it goes on by itself."
            }
            Self::Uncertain => {
                "A create may or may not have reached the service; the operator waits and looks before it tries again."
            }
            Self::DependencyNotReady => "Another object that this one needs does not exist or is not ready yet.",
            Self::CloudUnavailable => "The service does not answer or answers with a server error; retried.",
            Self::Throttled => "The service, or the daily budget, limits our calls; it goes on by itself.",
            Self::QuotaExceeded => {
                "A quota of the account, the workspace or the service is used up; raise it or free some, it is retried."
            }
            Self::WriteRefused => {
                "The API server refuses a write of the operator to this object; the message says why. Retried."
            }
            Self::MalformedResponse => "The service answered with something that cannot be read; retried.",
            Self::InternalError => "A defect of the operator; retried, and worth a bug report.",
            Self::Deleting => "The object is being deleted.",
            Self::DeletionBlocked => {
                "The object cannot go yet: the message names the versions, or the pause, that hold it."
            }
            Self::Paused => "The object is paused and an edit has not been carried out yet.",
            Self::InvalidSpec => "The spec is refused; the message says which field. Correct it.",
            Self::ImmutableChanged => {
                "The spec differs from the remote in a field that cannot change; take the edit back."
            }
            Self::NameTaken => "Another dataset has this name; choose another, or adopt that one by id.",
            Self::OwnedByOther => "The remote carries another live owner's mark; nothing is sent.",
            Self::AdoptionNotFound => "What should be adopted does not exist; correct the id or the name.",
            Self::RemoteDeleted => {
                "The remote was deleted by someone else; delete the object or set onExternalDeletion: Recreate."
            }
            Self::AccessDenied => "The identity in use lacks a permission that the message names; grant it.",
            Self::CredentialsInvalid => "The credentials are missing, wrong or expired; correct them.",
            Self::AccountMismatch => {
                "The object belongs to an account, region or workspace that is not configured here."
            }
        }
    }
}
