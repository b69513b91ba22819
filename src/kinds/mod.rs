//! The kinds: what a Dataset and a DatasetVersion want, in the API's terms. Pure; one file a kind.

mod compare;
pub mod dataset;
pub mod family;
mod first_version;
mod info;
mod members;
pub mod version;

use std::sync::Arc;

use kube::runtime::reflector::Store;

use crate::api::values::Origin;
use crate::api::{Dataset, DatasetVersion, DeletionPolicy};
use crate::inventory::Inventory;
use crate::plan::desired::Deletion;
use crate::reconcile::stored::StoredObject;

pub use dataset::Datasets;
pub use family::Family;
pub use version::DatasetVersions;

/// What the kinds may look at besides the object.
pub struct Around {
    /// All Datasets in view.
    pub datasets: Store<StoredObject<Dataset>>,
    /// All DatasetVersions in view.
    pub versions: Store<StoredObject<DatasetVersion>>,
    /// Which of them refer to which dataset.
    pub family: Arc<Family>,
    /// The remote side.
    pub inventory: Arc<Inventory>,
    /// Defaults of this operator.
    pub defaults: Defaults,
}

/// What a spec that says nothing gets.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// `--workspace-id`
    pub workspace: Option<String>,
    /// `--default-deletion-policy`
    pub deletion: Option<Deletion>,
}

impl Defaults {
    /// Is what an object stands for kept when the object is deleted? Its spec says so, or else the operator's default, or
    /// else that it was adopted.
    fn keeps(&self, policy: Option<DeletionPolicy>, origin: Option<Origin>) -> bool {
        let default = || if origin == Some(Origin::Adopted) { Deletion::Retain } else { Deletion::Delete };
        deletion(policy).or(self.deletion).unwrap_or_else(default) == Deletion::Retain
    }
}

fn deletion(policy: Option<DeletionPolicy>) -> Option<Deletion> {
    policy.map(|policy| match policy {
        DeletionPolicy::Delete => Deletion::Delete,
        DeletionPolicy::Retain => Deletion::Retain,
    })
}
