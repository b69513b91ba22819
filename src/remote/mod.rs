//! The ground floor: what the service holds, as values. Nothing here sends, waits or knows Kubernetes.

pub mod backoff;
pub mod fields;
pub mod id;
pub mod json;
pub mod mark;
pub mod uid;

use serde::{Deserialize, Serialize};

use fields::Fields;
use id::RemoteId;
use mark::Labels;

/// A dataset or a version as the service shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remote {
    /// Its identity.
    pub id: RemoteId,
    /// Its labels, marks included.
    pub labels: Labels,
    /// Its other members by API name.
    pub fields: Fields,
    /// A dataset's newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Box<Remote>>,
}
