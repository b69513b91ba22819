//! Counting what there is, when somebody asks for metrics: objects from the stores, remotes from the index.

use std::sync::Arc;

use super::kinship::Kinship;
use crate::api::{CommonStatus, ConditionType};
use crate::engine::kind::Kind;
use crate::kinds::{Around, DatasetVersions, Datasets};
use crate::metrics::{Census, Count};

/// Counts everything. Orphans are counted only if the objects of all namespaces are seen: an object elsewhere would
/// be taken for gone.
pub(super) fn census(around: &Arc<Around>, kinship: &Arc<Kinship>, everywhere: bool) -> Census {
    let index = &around.index;
    let (mut datasets, mut versions) = (Count::default(), Count::default());
    for object in around.datasets.state() {
        let status = object.status.as_ref().map(|status| &status.common);
        datasets.add(status, object.metadata.generation);
    }
    for object in around.versions.state() {
        let status = object.status.as_ref().map(|status| &status.common);
        versions.add(status, object.metadata.generation);
    }
    let orphans = || index.marked_uids().iter().filter(|uid| !kinship.lives_here(uid)).count();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Census {
        kinds: vec![(Datasets::NAME, datasets), (DatasetVersions::NAME, versions)],
        remotes: number(index.len()),
        sweeps: index.sweeps(),
        orphans: (everywhere && kinship.is_complete()).then(|| number(orphans())),
    }
}

impl Count {
    fn add(&mut self, status: Option<&CommonStatus>, generation: Option<i64>) {
        let holds = |kind| {
            let condition = status.and_then(|status| status.condition(kind));
            condition.is_some_and(|condition| condition.status == "True")
        };
        let observed = status.and_then(|status| status.observed_generation) == generation;
        self.exists += 1;
        self.ready += u64::from(observed && holds(ConditionType::Ready));
        self.stalled += u64::from(holds(ConditionType::Stalled));
        self.duplicates += u64::from(holds(ConditionType::DuplicatesFound));
    }
}
