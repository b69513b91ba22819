//! Counting what there is, when somebody asks for metrics: objects from the stores, remotes from the inventory.

use std::sync::Arc;

use kube::runtime::reflector::Store;

use super::kinship::Kinship;
use crate::api::Reason;
use crate::kinds::{Around, DatasetVersions, Datasets};
use crate::metrics::{Count, Counts};
use crate::reconcile::kind::{Kind, Managed};
use crate::reconcile::stored::StoredObject;

/// Counts everything. Orphans are counted only if the objects of all namespaces are seen: an object elsewhere would
/// be taken for gone.
pub(super) fn counts(around: &Arc<Around>, kinship: &Arc<Kinship>, everywhere: bool) -> Counts {
    let inventory = &around.inventory;
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let orphans = || inventory.orphans(|uid| kinship.lives_here(uid)).len();
    Counts {
        kinds: vec![
            (Datasets::PROFILE.name, count(&around.datasets)),
            (DatasetVersions::PROFILE.name, count(&around.versions)),
        ],
        workspaces: inventory.standing().into_iter().map(|standing| (standing.workspace, standing.listed)).collect(),
        remotes: number(inventory.len()),
        sweeps: inventory.sweeps(),
        orphans: (everywhere && kinship.is_complete()).then(|| number(orphans())),
    }
}

fn count<O: Managed>(store: &Store<StoredObject<O>>) -> Count {
    let mut count = Count::default();
    for standing in store.state().iter().map(|object| object.standing()) {
        count.exists += 1;
        if !standing.ready {
            *count.not_ready.entry(standing.reason.map_or("none", Reason::as_str)).or_default() += 1;
        }
        count.ready += u64::from(standing.ready);
        count.stalled += u64::from(standing.stalled);
        count.duplicates += u64::from(standing.duplicates);
    }
    count
}
