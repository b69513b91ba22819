//! The names that objects, remotes and people share: API group, finalizer, annotations, marks.
//!
//! They are public API: renaming one loses the objects and remotes that earlier releases wrote.

/// API group of the PAI kinds.
pub const GROUP: &str = "pai.dataset-operator.dev";
/// The one API version that is served and stored.
pub const VERSION: &str = "v1alpha1";

/// Every annotation and the finalizer begin with this; an annotation that begins so and is not in
/// [`ANNOTATIONS`] is a typing error worth a warning.
pub const PREFIX: &str = "dataset-operator.dev/";

/// Keeps an object until its cloud dataset is deleted, known to be gone, or released.
pub const FINALIZER: &str = "dataset-operator.dev/remote";

/// Keeps a ProviderConfig or ClusterProviderConfig until no object is in its account.
pub const IN_USE: &str = "dataset-operator.dev/in-use";

/// Stops writes to the cloud for the object, except the release by `Retain`, unless the value is a word for false.
pub const PAUSED: &str = "dataset-operator.dev/paused";
/// Each new value forces one fresh read of the cloud dataset; echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUESTED_AT: &str = "dataset-operator.dev/reconcile-requested-at";
/// How often the cloud dataset is compared with the spec: a Go duration such as `30m`; `0` means only on request.
pub const POLL_INTERVAL: &str = "dataset-operator.dev/poll-interval";
/// Removes the finalizer of a deleted object without a cloud call; the value is the recorded id, or `none`.
pub const FORCE_RELEASE: &str = "dataset-operator.dev/force-release";
/// Written by the operator: the create or adoption that it is about to make. Users do not change it.
pub const INTENT: &str = "dataset-operator.dev/intent";

/// Allows a large prune of a `DatasetFileSet`; the value is the hash of its list (`status.contentHash`).
pub const ALLOW_PRUNE: &str = "dataset-operator.dev/allow-prune";

/// Every annotation the operator knows, with what it does.
pub const ANNOTATIONS: [(&str, &str); 6] = [
    (
        PAUSED,
        "`\"true\"` stops every write to the cloud for this object. A deletion waits until you remove the annotation, \
         except with `deletionPolicy: Retain`: the operator then sets the label `dso-released` and the deletion ends. \
         `1`, `t`, `T`, `TRUE` and `True` mean the same; `0`, `f`, `F`, `false`, `FALSE` and `False` stop nothing. Any \
         other value stops too, with a warning.",
    ),
    (
        RECONCILE_REQUESTED_AT,
        "Each new value makes the operator read the cloud dataset once. The value then appears in \
         `status.lastHandledReconcileAt`.",
    ),
    (
        POLL_INTERVAL,
        "How often the operator reads the cloud dataset and compares it with the spec: a Go duration such as `30m`, \
         at least 10 seconds and at most 24 hours. `0`: only when you ask for it. Any other value changes nothing, with a \
         warning.",
    ),
    (
        FORCE_RELEASE,
        "Removes the finalizer of an object that is being deleted, without any call to the cloud. The value must be \
         the recorded id (of a version `<datasetId>/<versionName>`, of a job `<datasetId>/jobs/<datasetJobId>`, of a \
         configuration `<datasetId>/configs/<datasetJobConfigId>`), or `none` if there is none, as for a DatasetFileSet.",
    ),
    (
        ALLOW_PRUNE,
        "Only a DatasetFileSet: allows the operator to delete the metadata of many files that the set no longer lists. The \
         value is the hash of the list (`status.contentHash`), so it allows nothing after another edit.",
    ),
    (INTENT, "The operator writes its intent here before it creates anything. Do not change it."),
];

/// Prefix of the label keys on remotes that belong to the operator; refused in specs.
pub const MARK_PREFIX: &str = "dso-";
/// Mark: hash of the owner domain.
pub const MARK_DOMAIN: &str = "dso-domain";
/// Mark: MAC of group, kind, namespace and name of the owner.
pub const MARK_OWNER: &str = "dso-owner";
/// Mark: `<nonce>.<uid>.<cluster>.<mac>` of the attempt that made or took the remote.
pub const MARK_ATTEMPT: &str = "dso-attempt";
/// Mark: the owner has released the remote.
pub const MARK_RELEASED: &str = "dso-released";
/// Every mark key.
pub const MARKS: [&str; 4] = [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT, MARK_RELEASED];
