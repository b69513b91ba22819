//! The kinds: what a Dataset and a DatasetVersion want, in the API's terms. Pure; one file a kind.

mod compare;
pub mod dataset;
mod first_version;
mod info;
mod members;
mod part;
mod tree;
pub mod version;

use crate::reconcile::kind::Kind;

pub use dataset::Datasets;
pub use version::DatasetVersions;

/// Something to do for each kind.
pub trait ForEachKind {
    /// Does it for kind `K`.
    fn visit<K: Kind>(&mut self);
}

/// Does it for all kinds: the one place that lists them.
pub fn for_each(work: &mut impl ForEachKind) {
    work.visit::<Datasets>();
    work.visit::<DatasetVersions>();
}
