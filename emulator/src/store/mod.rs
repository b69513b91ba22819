//! The datasets, indexed by id, name and workspace, with as much history as lagging lists need.
//!
//! Finding, making, changing and deleting one dataset costs the same however many there are. Every change goes through
//! [`Store::put`] or [`Store::remove`], which keep the indexes right.

mod dataset;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

pub use dataset::{Dataset, Label, ShareRelationship, SharingConfig, UserMetricsEndpoint, Version};

/// A workspace of an account.
type Place = (String, String);

/// The time of a change and how long lists may go on showing what was before, both in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) now_ms: i64,
    pub(crate) lag_ms: i64,
}

impl Clock {
    /// The time that lists show.
    fn seen_ms(self) -> i64 {
        self.now_ms - self.lag_ms
    }
}

/// One dataset over time.
#[derive(Debug)]
struct Slot {
    /// Place in the order of creation.
    order: u64,
    /// Every workspace whose lists ever had a reason to show it.
    places: BTreeSet<Place>,
    current: Option<Arc<Dataset>>,
    /// What was there until when, oldest first; only what a lagging list can still see.
    past: VecDeque<(i64, Option<Arc<Dataset>>)>,
}

impl Slot {
    fn seen(&self, clock: Clock) -> Option<&Arc<Dataset>> {
        let past = self.past.iter().find(|(until_ms, _)| *until_ms > clock.seen_ms());
        past.map_or(self.current.as_ref(), |(_, was)| was.as_ref())
    }

    fn replace(&mut self, next: Option<Arc<Dataset>>, clock: Clock) {
        let was = std::mem::replace(&mut self.current, next);
        self.past.retain(|(until_ms, _)| *until_ms > clock.seen_ms());
        if clock.lag_ms > 0 {
            self.past.push_back((clock.now_ms, was));
        }
    }
}

/// All datasets of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Store {
    slots: HashMap<String, Slot>,
    /// Ids in order of creation, per workspace: its own datasets and those shared to it.
    places: HashMap<Place, BTreeMap<u64, String>>,
    /// Ids per lower-cased name.
    names: HashMap<String, BTreeSet<String>>,
    /// Deleted datasets that a lagging list still shows, and until when.
    graves: VecDeque<(i64, String)>,
    next_order: u64,
    revision: u64,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.slots.values().filter(|slot| slot.current.is_some()).count()
    }

    /// A number that goes up with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The dataset as it is now.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Dataset>> {
        self.slots.get(id)?.current.as_ref()
    }

    /// Whether this id is in use, be it by a dataset that only lagging lists still show.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.slots.contains_key(id)
    }

    /// Puts a dataset in place, new or changed; its workspace and account never change.
    pub(crate) fn put(&mut self, dataset: Dataset, clock: Clock) {
        self.bury(clock);
        self.revision += 1;
        let id = dataset.dataset_id.clone();
        if let Some(was) = self.get(&id).map(|was| was.name.clone()) {
            self.forget_name(&was, &id);
        }
        self.names.entry(dataset.name.to_lowercase()).or_default().insert(id.clone());
        let order = self.slots.get(&id).map_or(self.next_order, |slot| slot.order);
        self.next_order = self.next_order.max(order + 1);
        let new = || Slot { order, places: BTreeSet::new(), current: None, past: VecDeque::new() };
        let slot = self.slots.entry(id.clone()).or_insert_with(new);
        for place in places(&dataset) {
            if !slot.places.contains(&place) {
                self.places.entry(place.clone()).or_default().insert(order, id.clone());
                slot.places.insert(place);
            }
        }
        slot.replace(Some(Arc::new(dataset)), clock);
    }

    /// Deletes a dataset; lists go on showing it for as long as they lag.
    pub(crate) fn remove(&mut self, id: &str, clock: Clock) {
        self.bury(clock);
        self.revision += 1;
        let Some(was) = self.get(id).cloned() else {
            return;
        };
        self.forget_name(&was.name, id);
        if let Some(slot) = self.slots.get_mut(id) {
            slot.replace(None, clock);
        }
        self.graves.push_back((clock.now_ms + clock.lag_ms, id.to_owned()));
        self.bury(clock);
    }

    /// Datasets of this name (in any case of letters), in no useful order.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Arc<Dataset>> {
        self.names.get(&name.to_lowercase()).into_iter().flatten().filter_map(|id| self.get(id))
    }

    /// What lists of a workspace see, shares included, with each one's place in the order of creation.
    pub(crate) fn seen_in(
        &self,
        account: &str,
        workspace: &str,
        clock: Clock,
    ) -> impl Iterator<Item = (u64, &Arc<Dataset>)> {
        let ids = self.places.get(&(account.to_owned(), workspace.to_owned())).into_iter().flatten();
        ids.filter_map(move |(order, id)| {
            let seen = self.slots.get(id)?.seen(clock)?;
            belongs(seen, account, workspace).then_some((*order, seen))
        })
    }

    /// What lists of a workspace see of one dataset.
    pub(crate) fn seen(&self, id: &str, account: &str, workspace: &str, clock: Clock) -> Option<(u64, &Arc<Dataset>)> {
        let slot = self.slots.get(id)?;
        let seen = slot.seen(clock)?;
        belongs(seen, account, workspace).then_some((slot.order, seen))
    }

    /// What lists see of one dataset, wherever it is.
    pub(crate) fn seen_anywhere(&self, id: &str, clock: Clock) -> Option<&Arc<Dataset>> {
        self.slots.get(id)?.seen(clock)
    }

    /// All datasets as they are now, in order of creation.
    pub(crate) fn all(&self) -> Vec<Arc<Dataset>> {
        let mut all: Vec<_> =
            self.slots.values().filter_map(|slot| Some((slot.order, slot.current.clone()?))).collect();
        all.sort_unstable_by_key(|(order, _)| *order);
        all.into_iter().map(|(_, dataset)| dataset).collect()
    }

    fn forget_name(&mut self, name: &str, id: &str) {
        let name = name.to_lowercase();
        if let Some(ids) = self.names.get_mut(&name) {
            ids.remove(id);
            if ids.is_empty() {
                self.names.remove(&name);
            }
        }
    }

    /// Drops deleted datasets that no list can show any more.
    fn bury(&mut self, clock: Clock) {
        while self.graves.front().is_some_and(|(until_ms, _)| *until_ms <= clock.now_ms) {
            let Some((_, id)) = self.graves.pop_front() else {
                return;
            };
            let Some(slot) = self.slots.remove(&id) else {
                continue;
            };
            for place in &slot.places {
                if let Some(ids) = self.places.get_mut(place) {
                    ids.remove(&slot.order);
                }
            }
        }
    }
}

/// Whether lists of this workspace show the dataset: as its own, or shared to it.
fn belongs(dataset: &Dataset, account: &str, workspace: &str) -> bool {
    is_home(dataset, account, workspace) || dataset.share_with(account, workspace).is_some()
}

/// Whether the dataset was made in this workspace.
pub(crate) fn is_home(dataset: &Dataset, account: &str, workspace: &str) -> bool {
    dataset.owner_id == account && dataset.workspace_id == workspace
}

/// The workspaces whose lists may show the dataset.
fn places(dataset: &Dataset) -> Vec<Place> {
    let shares = dataset.sharing_config.iter().flat_map(|config| &config.shared_to);
    let receivers = shares.map(|share| (share.tenant_id.clone(), share.workspace_id.clone()));
    std::iter::once((dataset.owner_id.clone(), dataset.workspace_id.clone())).chain(receivers).collect()
}
