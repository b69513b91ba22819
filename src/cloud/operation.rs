//! The operations of the dataset API that the operator calls, by the service's own names.

use std::str::FromStr;

use reqwest::Method;

/// The version of the service's API.
pub(super) const VERSION: &str = "2021-02-04";

/// One operation of the service. The name goes into `x-acs-action` and is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // each variant is the service's operation of that name
pub enum Operation {
    CreateDataset,
    ListDatasets,
    GetDataset,
    UpdateDataset,
    DeleteDataset,
    PublishDataset,
    CreateDatasetLabels,
    DeleteDatasetLabels,
    CreateDatasetVersion,
    ListDatasetVersions,
    GetDatasetVersion,
    UpdateDatasetVersion,
    DeleteDatasetVersion,
    CreateDatasetVersionLabels,
    DeleteDatasetVersionLabels,
}

impl Operation {
    /// Every operation, in the order of the service's index.
    pub const ALL: [Self; 15] = [
        Self::CreateDataset,
        Self::ListDatasets,
        Self::GetDataset,
        Self::UpdateDataset,
        Self::DeleteDataset,
        Self::PublishDataset,
        Self::CreateDatasetLabels,
        Self::DeleteDatasetLabels,
        Self::CreateDatasetVersion,
        Self::ListDatasetVersions,
        Self::GetDatasetVersion,
        Self::UpdateDatasetVersion,
        Self::DeleteDatasetVersion,
        Self::CreateDatasetVersionLabels,
        Self::DeleteDatasetVersionLabels,
    ];

    /// The service's name of the operation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateDataset => "CreateDataset",
            Self::ListDatasets => "ListDatasets",
            Self::GetDataset => "GetDataset",
            Self::UpdateDataset => "UpdateDataset",
            Self::DeleteDataset => "DeleteDataset",
            Self::PublishDataset => "PublishDataset",
            Self::CreateDatasetLabels => "CreateDatasetLabels",
            Self::DeleteDatasetLabels => "DeleteDatasetLabels",
            Self::CreateDatasetVersion => "CreateDatasetVersion",
            Self::ListDatasetVersions => "ListDatasetVersions",
            Self::GetDatasetVersion => "GetDatasetVersion",
            Self::UpdateDatasetVersion => "UpdateDatasetVersion",
            Self::DeleteDatasetVersion => "DeleteDatasetVersion",
            Self::CreateDatasetVersionLabels => "CreateDatasetVersionLabels",
            Self::DeleteDatasetVersionLabels => "DeleteDatasetVersionLabels",
        }
    }

    /// Whether the operation changes nothing, so that repeating it is always safe.
    pub const fn reads(self) -> bool {
        matches!(self, Self::ListDatasets | Self::GetDataset | Self::ListDatasetVersions | Self::GetDatasetVersion)
    }

    /// Calls per second of this operation that the vendor publishes, for one account in one region. The source is the
    /// vendor's quota pages of the product `AIWorkSpace`; they do not name the other operations, and accounts differ.
    ///
    /// | operation | calls per second |
    /// | --- | --- |
    /// | GetDataset, GetDatasetVersion | 50 |
    /// | CreateDataset, UpdateDataset, CreateDatasetLabels, DeleteDatasetLabels | 20 |
    pub const fn documented_qps(self) -> Option<f64> {
        match self {
            Self::GetDataset | Self::GetDatasetVersion => Some(50.0),
            Self::CreateDataset | Self::UpdateDataset | Self::CreateDatasetLabels | Self::DeleteDatasetLabels => {
                Some(20.0)
            }
            Self::ListDatasets
            | Self::DeleteDataset
            | Self::PublishDataset
            | Self::CreateDatasetVersion
            | Self::ListDatasetVersions
            | Self::UpdateDatasetVersion
            | Self::DeleteDatasetVersion
            | Self::CreateDatasetVersionLabels
            | Self::DeleteDatasetVersionLabels => None,
        }
    }

    /// The HTTP method. Version labels are created by PUT, dataset labels by POST.
    pub(super) const fn method(self) -> Method {
        match self {
            Self::ListDatasets | Self::GetDataset | Self::ListDatasetVersions | Self::GetDatasetVersion => Method::GET,
            Self::CreateDataset | Self::CreateDatasetLabels | Self::CreateDatasetVersion => Method::POST,
            Self::UpdateDataset
            | Self::PublishDataset
            | Self::UpdateDatasetVersion
            | Self::CreateDatasetVersionLabels => Method::PUT,
            Self::DeleteDataset
            | Self::DeleteDatasetLabels
            | Self::DeleteDatasetVersion
            | Self::DeleteDatasetVersionLabels => Method::DELETE,
        }
    }

    /// How many ids the path names (dataset, then version), and what follows them.
    pub(super) const fn path_shape(self) -> (usize, &'static str) {
        match self {
            Self::CreateDataset | Self::ListDatasets => (0, ""),
            Self::GetDataset | Self::UpdateDataset | Self::DeleteDataset => (1, ""),
            Self::PublishDataset => (1, "/publish"),
            Self::CreateDatasetLabels | Self::DeleteDatasetLabels => (1, "/labels"),
            Self::CreateDatasetVersion | Self::ListDatasetVersions => (1, "/versions"),
            Self::GetDatasetVersion | Self::UpdateDatasetVersion | Self::DeleteDatasetVersion => (2, ""),
            Self::CreateDatasetVersionLabels | Self::DeleteDatasetVersionLabels => (2, "/labels"),
        }
    }
}

/// A name that no operation here has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an operation that is called here, such as CreateDataset or GetDatasetVersion")]
pub struct UnknownOperation(String);

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = |operation: &Self| operation.as_str() == name;
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
