//! Counts when metrics are scraped: objects from the stores, remotes from the inventory.

use crate::api::Reason;
use crate::metrics::{Count, Counts};
use crate::reconcile::live_objects::AnyStore;
use crate::reconcile::lookups::Lookups;

/// Counts everything. Orphans are counted only if the operator sees the objects of all namespaces: otherwise the remote
/// of an object in another namespace would look like one.
pub(super) fn counts(lookups: &Lookups, everywhere: bool) -> Counts {
    let (inventories, live) = (lookups.inventories.all(), &lookups.live);
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let orphans = || inventories.iter().map(|inventory| inventory.orphans(|uid| live.lives_here(uid)).len()).sum();
    let standings = inventories.iter().flat_map(|inventory| inventory.standing());
    Counts {
        kinds: live.stores().map(|store| (store.kind(), count(store))).collect(),
        workspaces: standings.map(|standing| (standing.workspace, standing.listed)).collect(),
        remotes: number(inventories.iter().map(|inventory| inventory.len()).sum()),
        sweeps: inventories.iter().map(|inventory| inventory.sweeps()).sum(),
        orphans: (everywhere && live.is_complete()).then(|| number(orphans())),
    }
}

fn count(store: &dyn AnyStore) -> Count {
    let mut count = Count::default();
    for (_, standing) in store.all() {
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
