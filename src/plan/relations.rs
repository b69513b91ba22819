//! What other objects mean for one that is being deleted: the facts that the order of deletions depends on.

use std::collections::BTreeSet;

/// What other objects here mean for this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relations {
    /// `DatasetVersion`s of this Dataset that are not being deleted; they block its deletion.
    pub living: Vec<String>,
    /// `DatasetVersion`s that are being deleted one by one; their finalizers must be removed first.
    pub leaving: Vec<String>,
    /// Names of versions that are being deleted with policy Delete: they may be deleted with the dataset.
    pub doomed: BTreeSet<String>,
    /// `deleteForeignVersions: true`
    pub delete_foreign: bool,
    /// The dataset of this version is being deleted and takes the version along.
    pub swept_along: bool,
    /// The dataset of this version is being deleted, but not all its other versions are.
    pub alone: bool,
    /// A newer version of the same dataset is to be deleted before this one.
    pub after: Option<String>,
}
