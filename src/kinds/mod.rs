//! The kinds: the wishes of each custom resource in terms of the API. Pure; one file per kind.

mod compare;
pub mod dataset;
mod file_lines;
pub mod file_set;
mod first_version;
mod info;
pub mod job;
pub mod job_config;
pub mod media_dataset;
mod members;
mod parent;
mod part;
mod shares;
mod tree;
pub mod version;

use crate::reconcile::kind::AnyKind;

pub use dataset::Datasets;
pub use file_set::DatasetFileSets;
pub use job::DatasetJobs;
pub use job_config::DatasetJobConfigs;
pub use media_dataset::MediaDatasets;
pub use version::DatasetVersions;

/// Work to do for each kind.
pub trait ForEachKind {
    /// Does it for kind `K`.
    fn visit<K: AnyKind>(&mut self);
}

/// Does the work for all kinds. This is the only place that lists them.
pub fn for_each(work: &mut impl ForEachKind) {
    work.visit::<Datasets>();
    work.visit::<DatasetVersions>();
    work.visit::<DatasetJobs>();
    work.visit::<DatasetJobConfigs>();
    work.visit::<DatasetFileSets>();
    work.visit::<MediaDatasets>();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::codec;

    struct Listed;

    impl ForEachKind for Listed {
        fn visit<K: AnyKind>(&mut self) {
            let Some(collection) = K::shape().collection else { return };
            assert!(codec::nested(collection).is_some(), "{collection} of {}", K::NAME);
            assert!(K::shape().id_keys.len() > 1, "the status of a {} tells only the dataset", K::NAME);
        }
    }

    #[test]
    fn whatever_is_in_a_dataset_can_be_listed_there() {
        for_each(&mut Listed);
    }
}
