//! What other objects mean for one that is being deleted: the facts that the order of deletions depends on.

use std::collections::{BTreeMap, BTreeSet};

/// Names of objects, by kind.
pub type Objects = BTreeMap<&'static str, Vec<String>>;

/// What other objects here mean for this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a rule of its own")]
pub struct Relations {
    /// Objects in this Dataset that are not being deleted; they block its deletion.
    pub living: Objects,
    /// Objects in it that are being deleted one by one; their finalizers must be removed first.
    pub leaving: Objects,
    /// Objects in it whose runs have not ended.
    pub running: Objects,
    /// The jobs of this dataset were listed, so those that run although no object here stands for them are known.
    pub jobs_listed: bool,
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

/// What an object means for the deletion of the Dataset that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It is not being deleted and blocks the deletion.
    Living,
    /// Its run has not ended, and the deletion waits for that.
    Running,
    /// It is being deleted, and its finalizer must be removed first.
    Leaving,
    /// It is being deleted, and its version of this name may be deleted with the dataset.
    Doomed(String),
}

impl Relations {
    /// Adds what the object of this kind and name means.
    pub fn hold(&mut self, kind: &'static str, name: String, hold: Hold) {
        match hold {
            Hold::Living => self.living.entry(kind).or_default().push(name),
            Hold::Running => self.running.entry(kind).or_default().push(name),
            Hold::Leaving => self.leaving.entry(kind).or_default().push(name),
            Hold::Doomed(version) => {
                self.doomed.insert(version);
            }
        }
    }
}
