//! Condition types and the closed list of reasons: public API, one anchor each in the troubleshooting page.

use super::values::values;

values! {
    /// The types of condition an object can carry.
    ConditionType {
        /// True only if the cloud dataset equals the current generation of the spec.
        Ready = "Ready",
        /// Present only while True: the operator works or will retry.
        Reconciling = "Reconciling",
        /// Present only while True: a person must change something.
        Stalled = "Stalled",
        /// Present only while True: somebody else changed the cloud dataset.
        Drifted = "Drifted",
        /// Present only while True: more than one cloud dataset carries the object's ownership labels.
        DuplicatesFound = "DuplicatesFound",
        /// Present only while True: the object is paused.
        Paused = "Paused",
    }
}

values! {
    /// Why `Ready` has its value. Nothing else is ever written there.
    Reason {
        /// The cloud dataset equals the spec.
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
        /// The spec changes a field that cannot change.
        ImmutableChanged = "ImmutableChanged",
        /// The name belongs to another dataset.
        NameTaken = "NameTaken",
        /// The cloud dataset belongs to another owner.
        OwnedByOther = "OwnedByOther",
        /// The dataset to be adopted does not exist.
        AdoptionNotFound = "AdoptionNotFound",
        /// Somebody else deleted the cloud dataset.
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
            Self::Ready => "True only if the cloud dataset equals the current generation of the spec.",
            Self::Reconciling => "The operator works on the object, or waits and will continue without your help.",
            Self::Stalled => "A person must change something. The reason and the message of `Ready` say what.",
            Self::Drifted => "Somebody else changed the cloud dataset. The operator restores it, or will restore it.",
            Self::DuplicatesFound => {
                "More than one cloud dataset carries the ownership labels of this object. The message lists them."
            }
            Self::Paused => "The annotation `dataset-operator.dev/paused` stops every write to the cloud.",
        }
    }
}

impl Reason {
    /// Whether this reason comes with `Stalled`: nothing improves until a person changes something.
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
            Self::Available => "The cloud dataset equals the current generation of the spec.",
            Self::Progressing => "The operator is working on the object. You need not do anything.",
            Self::Queued => "The object waits for the operator's own rate limit (`--qps`). You need not do anything.",
            Self::Uncertain => {
                "The operator does not know yet whether a create request was carried out, or whether the cloud dataset is gone. \
                 It waits and looks again."
            }
            Self::DependencyNotReady => "Another object that this one needs does not exist or is not Ready yet.",
            Self::CloudUnavailable => {
                "The service does not answer, or answers with a server error. The operator retries."
            }
            Self::Throttled => {
                "The service, or the daily budget, limits the calls. The operator continues when it may."
            }
            Self::QuotaExceeded => {
                "A quota of the account, the workspace or the service is used up. Delete something or get a higher quota. The \
                 operator retries."
            }
            Self::WriteRefused => {
                "The API server refuses a write of the operator to this object. The message says why. The operator retries."
            }
            Self::MalformedResponse => "The operator cannot read an answer of the service, and retries.",
            Self::InternalError => "A defect of the operator. Please report it. The operator retries.",
            Self::Deleting => "The object is being deleted.",
            Self::DeletionBlocked => {
                "The deletion waits for the versions, or for the annotation `paused`, that the message names."
            }
            Self::Paused => "The object is paused, and the operator has not carried out an edit because of that.",
            Self::InvalidSpec => {
                "The service or the operator refuses the spec. The message says which field. Correct it."
            }
            Self::ImmutableChanged => {
                "The spec and the cloud dataset differ in a field that cannot change. Set the field back."
            }
            Self::NameTaken => "Another dataset has this name. Choose another name, or adopt that dataset by its id.",
            Self::OwnedByOther => {
                "The cloud dataset carries the ownership labels of another owner. The operator sends nothing to it."
            }
            Self::AdoptionNotFound => {
                "The dataset to be adopted does not exist or is hidden from the operator. Correct `adoption`."
            }
            Self::RemoteDeleted => {
                "Somebody else deleted the cloud dataset. Delete the object, or set `onExternalDeletion: Recreate`."
            }
            Self::AccessDenied => "The operator's identity lacks the permission that the message names. Grant it.",
            Self::CredentialsInvalid => "The credentials are missing, wrong or expired. Correct them.",
            Self::AccountMismatch => {
                "The object belongs to an account, region, workspace or identity that this operator does not use."
            }
        }
    }
}
