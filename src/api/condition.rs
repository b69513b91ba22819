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
        /// Present only while True: a config that came later would give the object another account. It stays in its own.
        AccountKept = "AccountKept",
        /// Present only while True: the object is paused.
        Paused = "Paused",
        /// Present only while True, which is final: the job has ended and counts as a success.
        Complete = "Complete",
        /// Present only while True, which is final: the job has ended and counts as a failure.
        Failed = "Failed",
    }
}

/// How a reason is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By `Ready` alone: it lasts only a reconcile or two, or the action has an event of its own.
    Quiet,
    /// By an event as well.
    Told,
    /// By an event, and by `Stalled`: nothing improves until a person changes something.
    Stalled,
}

/// Generates the enumeration and its table from one list: the reason, how it is reported, and one sentence for people,
/// which says what it means and, if something must be done, what.
macro_rules! reasons {
    ($($variant:ident = $text:literal, $telling:ident, $meaning:literal;)+) => {
        values! {
            /// Why `Ready` has its value. Nothing else is ever written there.
            Reason { $(#[doc = $meaning] $variant = $text,)+ }
        }

        impl Reason {
            const fn telling(self) -> Telling {
                match self { $(Self::$variant => Telling::$telling,)+ }
            }

            /// One sentence for people: what it means and, if something must be done, what.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

reasons! {
    Available = "Available", Quiet,
        "The cloud dataset equals the current generation of the spec.";
    Progressing = "Progressing", Quiet,
        "The operator is working on the object. You need not do anything.";
    Queued = "Queued", Quiet,
        "The object waits for the operator's own rate limit (`--qps`). You need not do anything.";
    Uncertain = "Uncertain", Quiet,
        "The operator does not know yet whether a create request was carried out, or whether the cloud dataset is \
         gone. It waits and looks again.";
    DependencyNotReady = "DependencyNotReady", Told,
        "Another object that this one needs does not exist or is not Ready yet.";
    CloudUnavailable = "CloudUnavailable", Told,
        "The service does not answer, or answers with a server error. The operator retries.";
    Throttled = "Throttled", Told,
        "The service, or the daily budget, limits the calls. The operator continues when it may.";
    QuotaExceeded = "QuotaExceeded", Told,
        "A quota of the account, the workspace or the service is used up. Delete something or get a higher quota. \
         The operator retries.";
    WriteRefused = "WriteRefused", Told,
        "The API server refuses a write of the operator to this object. The message says why. The operator retries.";
    MalformedResponse = "MalformedResponse", Quiet,
        "The operator cannot read an answer of the service, and retries.";
    InternalError = "InternalError", Quiet,
        "A defect of the operator. Please report it. The operator retries.";
    Deleting = "Deleting", Quiet,
        "The object is being deleted.";
    DeletionBlocked = "DeletionBlocked", Stalled,
        "The deletion waits for the versions, or for the annotation `paused`, that the message names.";
    Paused = "Paused", Told,
        "The object is paused, and the operator has not carried out an edit because of that.";
    InvalidSpec = "InvalidSpec", Stalled,
        "The service or the operator refuses the spec. The message says which field. Correct it.";
    ImmutableChanged = "ImmutableChanged", Stalled,
        "The spec and the cloud dataset differ in a field that cannot change. Set the field back.";
    NameTaken = "NameTaken", Stalled,
        "Another dataset has this name. Choose another name, or adopt that dataset by its id.";
    OwnedByOther = "OwnedByOther", Stalled,
        "The cloud dataset carries the ownership labels of another owner. The operator sends nothing to it.";
    AdoptionNotFound = "AdoptionNotFound", Stalled,
        "The dataset to be adopted does not exist or is hidden from the operator. Correct `adoption`.";
    RemoteDeleted = "RemoteDeleted", Stalled,
        "Somebody else deleted the cloud dataset. Delete the object, or set `onExternalDeletion: Recreate`.";
    AccessDenied = "AccessDenied", Stalled,
        "The operator's identity lacks the permission that the message names. Grant it.";
    CredentialsInvalid = "CredentialsInvalid", Stalled,
        "The credentials are missing, wrong or expired. Correct them.";
    AccountMismatch = "AccountMismatch", Stalled,
        "The object belongs to an account, region, workspace or identity that this operator does not use.";
    PartialFailed = "PartialFailed", Stalled,
        "The job ended, but it failed for some of its files, and `partialFailure` does not accept that; or some files of a \
         DatasetFileSet failed. The message and `status.failures` say why.";
    JobFailed = "JobFailed", Stalled,
        "The job failed, and `backoffLimit` allows no further attempt. To run it again, create another DatasetJob.";
    JobStopped = "JobStopped", Stalled,
        "Somebody else stopped the job. To run it again, create another DatasetJob.";
    JobDeadlineExceeded = "JobDeadlineExceeded", Stalled,
        "The job did not end within `activeDeadlineSeconds`, and the operator stopped it.";
    JobLost = "JobLost", Stalled,
        "Somebody else deleted the job or its dataset before the end of the job was seen.";
    PruneBlocked = "PruneBlocked", Stalled,
        "The list of a DatasetFileSet lost so many files that a person must allow their removal. Nothing is sent until then.";
}

impl Reason {
    /// Whether this reason comes with `Stalled`: nothing improves until a person changes something.
    pub const fn stalled(self) -> bool {
        matches!(self.telling(), Telling::Stalled)
    }

    /// Whether an event reports that `Ready` turned to this reason.
    pub const fn is_told(self) -> bool {
        !matches!(self.telling(), Telling::Quiet)
    }
}
