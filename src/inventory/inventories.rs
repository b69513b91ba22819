//! The inventories of all accounts. Ids of the dataset API mean one thing in all of them, so what is asked by such an id alone is
//! asked of each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Inventory, InventoryTasks, ObjectKey, Settings};
use crate::lock::lock;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::uid::Uid;

/// The name of an account, and its region.
type Place<'a> = (&'a str, &'a str);

/// One inventory per account and region.
#[derive(Debug)]
pub struct Inventories {
    settings: Settings,
    flags: Arc<Inventory>,
    others: Mutex<BTreeMap<(String, String), Kept>>,
}

/// An inventory, and its tasks until somebody runs them.
#[derive(Debug)]
struct Kept {
    inventory: Arc<Inventory>,
    tasks: Option<InventoryTasks>,
}

impl Inventories {
    /// That of the flags' account alone, and its tasks.
    #[must_use]
    pub fn new(settings: Settings) -> (Arc<Self>, InventoryTasks) {
        let (flags, tasks) = Inventory::new(settings.clone());
        (Arc::new(Self { settings, flags, others: Mutex::default() }), tasks)
    }

    /// That of the flags' account.
    #[must_use]
    pub const fn flags(&self) -> &Arc<Inventory> {
        &self.flags
    }

    /// That of this account, which is not the flags'.
    pub fn of(&self, (alias, region): Place<'_>) -> Arc<Inventory> {
        let mut others = lock(&self.others);
        let kept = others.entry((alias.to_owned(), region.to_owned())).or_insert_with(|| {
            let (inventory, tasks) = Inventory::new(self.settings.clone());
            Kept { inventory, tasks: Some(tasks) }
        });
        kept.inventory.clone()
    }

    /// The tasks of this account's inventory, for whoever asks first.
    pub fn tasks(&self, (alias, region): Place<'_>) -> Option<InventoryTasks> {
        lock(&self.others).get_mut(&(alias.to_owned(), region.to_owned()))?.tasks.take()
    }

    /// Each of them, that of the flags first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Inventory>> {
        let others = lock(&self.others);
        std::iter::once(&self.flags).chain(others.values().map(|kept| &kept.inventory)).cloned().collect()
    }

    /// The objects that recorded something in this dataset.
    #[must_use]
    pub fn recorders_of(&self, dataset: &str) -> Vec<ObjectKey> {
        self.all().iter().flat_map(|inventory| inventory.recorders_of(dataset)).collect()
    }

    /// The remote, if it was shown or written recently.
    #[must_use]
    pub fn get(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        self.all().iter().find_map(|inventory| inventory.get(id))
    }

    /// Did the service refuse to delete this dataset because of its versions?
    #[must_use]
    pub fn is_refused(&self, dataset: &str) -> bool {
        self.all().iter().any(|inventory| inventory.is_refused(dataset))
    }

    /// Was this collection of the dataset listed as a whole?
    #[must_use]
    pub fn children_known(&self, dataset: &str, collection: &str) -> bool {
        self.all().iter().any(|inventory| inventory.children_known(dataset, collection))
    }

    /// The object is gone: nothing wakes it any more.
    pub fn unwatch(&self, key: &ObjectKey) {
        self.all().iter().for_each(|inventory| inventory.watch(key, "", &[]));
    }

    /// The object does not stand for this remote any more.
    pub fn forget(&self, id: &RemoteId, uid: &str) {
        self.all().iter().for_each(|inventory| inventory.forget(id, uid));
    }

    /// Forgets all objects but those that live here.
    pub fn forget_others(&self, lives_here: impl Fn(Uid) -> bool) {
        self.all().iter().for_each(|inventory| inventory.forget_others(&lives_here));
    }

    /// Wakes the objects that recorded something in this dataset.
    pub fn wake_recorders(&self, dataset: &str) {
        self.all().iter().for_each(|inventory| inventory.wake_recorders(dataset));
    }

    /// Drops what is not needed any more.
    pub fn tidy(&self) {
        self.all().iter().for_each(|inventory| inventory.tidy());
    }
}
