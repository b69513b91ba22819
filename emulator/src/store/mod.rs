//! The datasets, indexed by id, name and workspace, with as much history as lagging lists need.
//!
//! Finding, making, changing and deleting one dataset costs the same however many there are. Every change goes through
//! [`Store::put`] or [`Store::remove`], which keep the indexes right and note it in the journal.

pub(crate) mod dataset;
pub(crate) mod file_meta;
pub(crate) mod job;
mod journal;
pub(crate) mod media;
pub(crate) mod shelf;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

pub(crate) use dataset::Text;
pub(crate) use journal::Change;
use journal::Journal;
use slot::Slot;

// The types as they are kept.
pub(crate) type Dataset = dataset::Dataset<Text>;
pub(crate) type Label = dataset::Label<Text>;
pub(crate) type ShareRelationship = dataset::ShareRelationship<Text>;
pub(crate) type SharingConfig = dataset::SharingConfig<Text>;
pub(crate) type UserMetricsEndpoint = dataset::UserMetricsEndpoint<Text>;
pub(crate) type Version = dataset::Version<Text>;

/// A workspace of an account.
type Place = (Text, Text);

/// The time of a change and how long lists may still show the state before it, both in milliseconds.
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

/// All datasets of all accounts. Each has a number: its place in the order of creation.
#[derive(Debug, Default)]
pub(crate) struct Store {
    slots: BTreeMap<u64, Slot<Dataset>>,
    /// The number of each id.
    ids: HashMap<Text, u64>,
    /// Every workspace with what its lists ever had a reason to show: its own datasets and those shared to it.
    places: HashMap<Place, BTreeSet<u64>>,
    /// Lower-cased names with the datasets that have them.
    names: BTreeSet<(Text, u64)>,
    /// Deleted datasets that a lagging list still shows: until when, number, id.
    graves: VecDeque<(i64, u64, Text)>,
    next_order: u64,
    journal: Journal,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.ids.len() - self.graves.len()
    }

    /// A number that goes up by one with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.journal.revision()
    }

    /// The changes after this revision, oldest first; `None` when they are no longer known.
    pub(crate) fn changes_since(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        self.journal.since(revision)
    }

    /// All datasets as they are now, each with its place in the order of creation.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, &Arc<Dataset>)> {
        self.slots.iter().filter_map(|(order, slot)| Some((*order, slot.current.as_ref()?)))
    }

    fn slot(&self, id: &str) -> Option<(u64, &Slot<Dataset>)> {
        let order = *self.ids.get(id)?;
        Some((order, self.slots.get(&order)?))
    }

    /// The dataset as it is now.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Dataset>> {
        self.slot(id)?.1.current.as_ref()
    }

    /// Whether this id is in use, be it by a dataset that only lagging lists still show.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// Puts a dataset in place, new or changed; its workspace and account never change.
    pub(crate) fn put(&mut self, dataset: Dataset, clock: Clock) {
        let order = self.ids.get(&dataset.dataset_id).copied().unwrap_or(self.next_order);
        self.put_at(order, dataset, clock);
    }

    /// The same at a given place in the order of creation, which is the dataset's own or a free one.
    pub(crate) fn put_at(&mut self, order: u64, dataset: Dataset, clock: Clock) {
        self.bury(clock);
        self.ids.insert(dataset.dataset_id.clone(), order);
        self.next_order = self.next_order.max(order + 1);
        for place in places(&dataset) {
            self.places.entry(place).or_default().insert(order);
        }
        let name = dataset.name.to_lowercase();
        let now = Arc::new(dataset.trimmed());
        let was = self.slots.entry(order).or_default().replace(Some(Arc::clone(&now)), clock);
        if let Some(was) = &was {
            self.names.remove(&(was.name.to_lowercase(), order));
        }
        self.names.insert((name, order));
        self.journal.note(Change { order, was, now: Some(now) });
    }

    /// Deletes a dataset; lists go on showing it for as long as they lag.
    pub(crate) fn remove(&mut self, id: &str, clock: Clock) {
        self.bury(clock);
        let Some(order) = self.ids.get(id).copied() else {
            return;
        };
        if let Some(was) = self.slots.get_mut(&order).and_then(|slot| slot.replace(None, clock)) {
            self.names.remove(&(was.name.to_lowercase(), order));
            self.journal.note(Change { order, was: Some(was), now: None });
            self.graves.push_back((clock.now_ms + clock.lag_ms, order, id.into()));
        }
        self.bury(clock);
    }

    /// Datasets of this name (in any case of letters).
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Arc<Dataset>> {
        let name = Text::from(name).to_lowercase();
        let known = self.names.range((name.clone(), 0)..=(name, u64::MAX));
        known.filter_map(|(_, order)| self.slots.get(order)?.current.as_ref())
    }

    /// What lists of a workspace see, shares included, with each one's place in the order of creation.
    pub(crate) fn seen_in(
        &self,
        account: &str,
        workspace: &str,
        clock: Clock,
    ) -> impl Iterator<Item = (u64, &Arc<Dataset>)> {
        let orders = self.places.get(&(account.into(), workspace.into())).into_iter().flatten();
        let seen = orders.filter_map(move |order| Some((*order, self.slots.get(order)?.seen(clock)?)));
        seen.filter(move |(_, dataset)| belongs(dataset, account, workspace))
    }

    /// What lists of a workspace see of one dataset.
    pub(crate) fn seen(&self, id: &str, account: &str, workspace: &str, clock: Clock) -> Option<(u64, &Arc<Dataset>)> {
        let (order, slot) = self.slot(id)?;
        let seen = slot.seen(clock)?;
        belongs(seen, account, workspace).then_some((order, seen))
    }

    /// What lists see of one dataset, wherever it is.
    pub(crate) fn seen_anywhere(&self, id: &str, clock: Clock) -> Option<&Arc<Dataset>> {
        self.slot(id)?.1.seen(clock)
    }

    /// All datasets as they are now, in order of creation.
    pub(crate) fn all(&self) -> Vec<Arc<Dataset>> {
        self.numbered().map(|(_, dataset)| Arc::clone(dataset)).collect()
    }

    /// Drops deleted datasets that no list can show any more.
    fn bury(&mut self, clock: Clock) {
        while self.graves.front().is_some_and(|(until_ms, ..)| *until_ms <= clock.now_ms) {
            let Some((_, order, id)) = self.graves.pop_front() else {
                return;
            };
            self.slots.remove(&order);
            self.ids.remove(&id);
            for orders in self.places.values_mut() {
                orders.remove(&order);
            }
        }
    }
}

/// Whether lists of this workspace show the dataset: as its own, or shared to it.
pub(crate) fn belongs(dataset: &Dataset, account: &str, workspace: &str) -> bool {
    is_home(dataset, account, workspace) || dataset.share_with(account, workspace).is_some()
}

/// Whether the dataset was made in this workspace.
pub(crate) fn is_home(dataset: &Dataset, account: &str, workspace: &str) -> bool {
    dataset.owner_id == account && dataset.workspace_id == workspace
}

/// The workspaces whose lists may show the dataset.
fn places(dataset: &Dataset) -> impl Iterator<Item = Place> {
    let shares = dataset.sharing_config.iter().flat_map(|config| &config.shared_to);
    let receivers = shares.map(|share| (share.tenant_id.clone(), share.workspace_id.clone()));
    std::iter::once((dataset.owner_id.clone(), dataset.workspace_id.clone())).chain(receivers)
}
