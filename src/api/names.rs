//! The names that objects, remotes and people share: API group, finalizer, annotations, marks.
//!
//! They are public API: renaming one orphans what earlier releases wrote.

/// API group of the PAI kinds.
pub const GROUP: &str = "pai.dataset-operator.dev";
/// The one API version that is served and stored.
pub const VERSION: &str = "v1alpha1";

/// Every annotation and the finalizer begin with this; an annotation that begins so and is not in
/// [`ANNOTATIONS`] is a typing error worth a warning.
pub const PREFIX: &str = "dataset-operator.dev/";

/// Keeps an object until its remote is deleted, known gone or let go.
pub const FINALIZER: &str = "dataset-operator.dev/remote";

/// Stops every cloud write for the object, unless it is a word for false.
pub const PAUSED: &str = "dataset-operator.dev/paused";
/// Any new value forces one fresh read of the remote; echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUESTED_AT: &str = "dataset-operator.dev/reconcile-requested-at";
/// How often the remote is compared with the spec: a Go duration such as `30m`, `0` = on demand.
pub const POLL_INTERVAL: &str = "dataset-operator.dev/poll-interval";
/// Lets a deleted object go without a cloud call; the value is the recorded id, or `none`.
pub const FORCE_RELEASE: &str = "dataset-operator.dev/force-release";
/// Written by the operator: what it was about to create. People leave it alone.
pub const INTENT: &str = "dataset-operator.dev/intent";

/// Every annotation the operator knows, with what it does.
pub const ANNOTATIONS: [(&str, &str); 5] = [
    (
        PAUSED,
        "`\"true\"` stops every cloud write for this object (the label that Retain sets is the one \
         exception). Deletion proceeds with Retain and waits otherwise. `1`, `t`, `T`, `TRUE` and `True` say the same; \
         `0`, `f`, `F`, `false`, `FALSE` and `False` stop nothing. Any other value stops too, with a warning.",
    ),
    (
        RECONCILE_REQUESTED_AT,
        "Any new value forces one fresh read of the remote, then appears in \
         `status.lastHandledReconcileAt`.",
    ),
    (
        POLL_INTERVAL,
        "How often the remote is compared with the spec: a Go duration such as `30m`, at least 10 s and at most a \
         day; `0` means only on demand. Another value changes nothing and is told in a warning.",
    ),
    (
        FORCE_RELEASE,
        "Lets an object that is being deleted go without any cloud call. The value must be the \
         recorded id, or `none` if there is none.",
    ),
    (
        INTENT,
        "Written by the operator before it creates anything; leave it alone. If it is lost, the \
         operator looks before it creates.",
    ),
];

/// Prefix of the label keys on remotes that belong to the operator; refused in specs.
pub const MARK_PREFIX: &str = "dso-";
/// Mark: hash of the owner domain.
pub const MARK_DOMAIN: &str = "dso-domain";
/// Mark: MAC of group, kind, namespace and name of the owner.
pub const MARK_OWNER: &str = "dso-owner";
/// Mark: `<nonce>.<uid>.<cluster>.<mac>` of the attempt that made or took the remote.
pub const MARK_ATTEMPT: &str = "dso-attempt";
/// Mark: the owner has let the remote go.
pub const MARK_RELEASED: &str = "dso-released";
/// Every mark key.
pub const MARKS: [&str; 4] = [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT, MARK_RELEASED];
