//! Which remote: the ids that the service gave it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which remote.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemoteId {
    /// `DatasetId`
    pub dataset: String,
    /// `VersionName`, for a version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl RemoteId {
    /// The id of a dataset.
    #[must_use]
    pub fn dataset(id: impl Into<String>) -> Self {
        Self { dataset: id.into(), version: None }
    }

    /// The identity of a version.
    #[must_use]
    pub fn version(dataset: impl Into<String>, name: impl Into<String>) -> Self {
        Self { dataset: dataset.into(), version: Some(name.into()) }
    }
}

/// The number of `v7`.
#[must_use]
pub fn version_number(name: &str) -> Option<u64> {
    name.strip_prefix('v')?.parse().ok()
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            None => write!(f, "{}", self.dataset),
            Some(version) => write!(f, "{}/{version}", self.dataset),
        }
    }
}
