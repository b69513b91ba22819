//! The columns of the table of operations.

use crate::cloud::product::Product;

/// The HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloud) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Delete => Self::DELETE,
        }
    }
}

/// Whether the operation may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Writes,
}

/// What the body of a success must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloud) enum Shows {
    /// Nothing: the status is enough.
    Nothing,
    /// The id of what was created, in the member of this name.
    Id(&'static str),
    Dataset,
    /// A page of them.
    Datasets,
    Version,
    /// A page of them.
    Versions,
    Job,
    /// A page of them.
    Jobs,
    /// Which items of a batch of file metadata failed.
    Batch,
    /// A page of file metadata.
    FileMetas,
    /// How many files have what in common.
    Statistics,
    /// A configuration of jobs, which may hold a secret.
    JobConfig,
    /// A page of them.
    JobConfigs,
    /// The project and the name of the media dataset that was created.
    Key,
    MediaDataset,
    /// A page of them.
    MediaDatasets,
    /// The caller.
    Identity,
    /// A session of a role, which is a secret.
    Session,
}

impl Shows {
    /// Whether it is a page.
    pub(in crate::cloud) const fn is_page(self) -> bool {
        matches!(
            self,
            Self::Datasets | Self::Versions | Self::Jobs | Self::JobConfigs | Self::FileMetas | Self::MediaDatasets
        )
    }

    /// Whether its body may hold a secret.
    pub(in crate::cloud) const fn may_hold_a_secret(self) -> bool {
        matches!(self, Self::JobConfig | Self::JobConfigs | Self::Session)
    }

    /// The largest body that is read, in MiB. Many reconciles may wait for answers at a time, so only pages, the results of
    /// batches, and jobs, whose logs the service shows as a whole, may be long.
    pub(in crate::cloud) const fn largest(self) -> usize {
        if matches!(self, Self::Job) {
            32
        } else if self.is_page() || matches!(self, Self::Batch) {
            8
        } else {
            1
        }
    }
}

/// The meaning of a refusal with the one code that `AIWorkSpace` has for both "name already existed" and "not found".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloud) enum NameOrMissing {
    /// The name is taken.
    Name,
    /// The name is taken, if the call sets one and the status is not 404; else as for [`Self::ByStatus`].
    NewName,
    /// The resource in the path does not exist.
    Gone,
    /// The operation neither sets a name nor names a resource.
    Neither,
    /// Only the status 404 says that something is missing; otherwise the next reconcile reads the remote.
    ByStatus,
}

/// The price of one call in the vendor's price list (the page "PAI dataset management API", section "Pricing &
/// Billing"), in the units of the list.
///
/// The list gives no currency. It says that failed calls are generally billed, and that `GetDataset` is billed only if
/// it succeeds. It does not say whether both the input and the output price of `ListDatasets` are due, so they are kept
/// apart. Operations that are not on the list have no published price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// For the call.
    pub input: f64,
    /// For its answer.
    pub output: f64,
    /// Whether the list can be read so that a failed call is billed.
    pub failures: bool,
}

impl Price {
    /// The price of a call that may be billed even if it fails.
    pub(super) const fn billed(input: f64, output: f64) -> Self {
        Self { input, output, failures: true }
    }

    /// The price of a call that is billed only if it succeeds.
    pub(super) const fn if_ok(input: f64) -> Self {
        Self { input, output: 0.0, failures: false }
    }
}

/// All that is known of one operation.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) product: Product,
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) effect: Effect,
    pub(super) shows: Shows,
    pub(super) clash: NameOrMissing,
    pub(super) price: Option<Price>,
    pub(super) qps: Option<f64>,
}

impl Row {
    /// A row with the columns that every operation has.
    pub(super) const fn new(
        product: Product,
        name: &'static str,
        method: Method,
        path: &'static str,
        effect: Effect,
    ) -> Self {
        let (shows, clash) = (Shows::Nothing, NameOrMissing::ByStatus);
        Self { product, name, method, path, effect, shows, clash, price: None, qps: None }
    }
}
