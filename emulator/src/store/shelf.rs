//! Things of one kind that belong to something else, such as the jobs of a dataset: found by id, listed by owner in the
//! order of creation, with as much history as lagging lists need.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::slot::Slot;
use super::{Clock, Text};

/// What can be put on a shelf.
pub(crate) trait Kept: Serialize {
    /// Its own id, unique on its shelf.
    fn id(&self) -> Text;
    /// What it belongs to and is listed by; never changes.
    fn owner(&self) -> Text;
}

/// A change for the data directory: the place of a thing and its JSON; `None` = gone.
pub(crate) type Row = (u64, Option<Vec<u8>>);

/// Changes that a shelf remembers.
const RECENT: usize = 16_384;

/// All things of one kind. Each has a number: its place in the order of creation.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    slots: BTreeMap<u64, Slot<T>>,
    ids: HashMap<Text, u64>,
    owners: HashMap<Text, BTreeSet<u64>>,
    /// What is deleted and still shown by lists that lag: until when, number, id, owner.
    graves: VecDeque<(i64, u64, Text, Text)>,
    next: u64,
    revision: u64,
    /// The numbers that changed last, one for each revision.
    recent: VecDeque<u64>,
    /// Numbers that changed since the data directory last asked.
    changed: BTreeSet<u64>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
            ids: HashMap::new(),
            owners: HashMap::new(),
            graves: VecDeque::new(),
            next: 0,
            revision: 0,
            recent: VecDeque::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<T: Kept> Shelf<T> {
    /// The number that the next thing gets.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// A number that goes up with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The numbers that changed after this revision; `None` when it is too long ago.
    pub(crate) fn changed_since(&self, revision: u64) -> Option<BTreeSet<u64>> {
        let behind = usize::try_from(self.revision.checked_sub(revision)?).ok()?;
        let from = self.recent.len().checked_sub(behind)?;
        Some(self.recent.range(from..).copied().collect())
    }

    /// The thing of a number as it is now.
    pub(crate) fn at(&self, number: u64) -> Option<&Arc<T>> {
        self.slots.get(&number)?.current.as_ref()
    }

    /// The thing as it is now.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.slots.get(self.ids.get(id)?)?.current.as_ref()
    }

    /// All things as they are now, in the order of creation.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.slots.values().filter_map(|slot| slot.current.as_ref())
    }

    /// What belongs to an owner now, in the order of creation.
    pub(crate) fn of<'a>(&'a self, owner: &str) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        let numbers = self.owners.get(owner).into_iter().flatten();
        numbers.filter_map(|number| self.slots.get(number)?.current.as_ref())
    }

    /// What lists show of an owner, each with its place in the order of creation.
    pub(crate) fn seen<'a>(
        &'a self,
        owner: &str,
        clock: Clock,
    ) -> impl Iterator<Item = (u64, &'a Arc<T>)> + use<'a, T> {
        let numbers = self.owners.get(owner).into_iter().flatten();
        numbers.filter_map(move |number| Some((*number, self.slots.get(number)?.seen(clock)?)))
    }

    /// Puts a thing in place, new or changed.
    pub(crate) fn put(&mut self, thing: T, clock: Clock) {
        let number = self.ids.get(&thing.id()).copied().unwrap_or(self.next);
        self.put_at(number, thing, clock);
    }

    /// The same at a given place in the order of creation, which is its own or a free one.
    pub(crate) fn put_at(&mut self, number: u64, thing: T, clock: Clock) {
        self.bury(clock);
        self.ids.insert(thing.id(), number);
        self.owners.entry(thing.owner()).or_default().insert(number);
        self.next = self.next.max(number.saturating_add(1));
        self.slots.entry(number).or_default().replace(Some(Arc::new(thing)), clock);
        self.note(number);
    }

    /// Deletes a thing; lists go on showing it for as long as they lag.
    pub(crate) fn remove(&mut self, id: &str, clock: Clock) {
        self.bury(clock);
        let Some(number) = self.ids.get(id).copied() else {
            return;
        };
        if let Some(was) = self.slots.get_mut(&number).and_then(|slot| slot.replace(None, clock)) {
            self.graves.push_back((clock.now_ms + clock.lag_ms, number, id.into(), was.owner()));
            self.note(number);
        }
        self.bury(clock);
    }

    /// Deletes all that belongs to an owner.
    pub(crate) fn remove_of(&mut self, owner: &str, clock: Clock) {
        let ids: Vec<Text> = self.of(owner).map(|thing| thing.id()).collect();
        for id in ids {
            self.remove(&id, clock);
        }
    }

    /// The changes since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.changed).into_iter().map(|number| self.row(number)).collect()
    }

    /// Forgets the changes so far: nobody keeps them, or somebody has them.
    pub(crate) fn forget_changes(&mut self) {
        self.changed.clear();
    }

    /// Everything, as the data directory keeps it.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.slots.keys().map(|number| self.row(*number)).filter(|(_, json)| json.is_some()).collect()
    }

    fn row(&self, number: u64) -> Row {
        let current = self.slots.get(&number).and_then(|slot| slot.current.as_ref());
        // Our own types are objects with text keys: there is nothing here that could fail.
        (number, current.map(|thing| serde_json::to_vec(thing.as_ref()).unwrap_or_default()))
    }

    fn note(&mut self, number: u64) {
        self.revision += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(number);
        self.changed.insert(number);
    }

    /// Drops what is deleted and no list can show any more.
    fn bury(&mut self, clock: Clock) {
        while self.graves.front().is_some_and(|(until_ms, ..)| *until_ms <= clock.now_ms) {
            let Some((_, number, id, owner)) = self.graves.pop_front() else {
                return;
            };
            // The same id may have come back meanwhile; then it is no grave any more.
            if self.slots.get(&number).is_none_or(|slot| slot.current.is_none()) {
                self.slots.remove(&number);
                self.ids.remove(&id);
                if let Some(numbers) = self.owners.get_mut(&owner) {
                    numbers.remove(&number);
                    if numbers.is_empty() {
                        self.owners.remove(&owner);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize)]
    struct Thing(&'static str, &'static str, u32);

    impl Kept for Thing {
        fn id(&self) -> Text {
            self.0.into()
        }
        fn owner(&self) -> Text {
            self.1.into()
        }
    }

    fn at(now_ms: i64, lag_ms: i64) -> Clock {
        Clock { now_ms, lag_ms }
    }

    fn seen(shelf: &Shelf<Thing>, owner: &str, clock: Clock) -> Vec<(u64, u32)> {
        shelf.seen(owner, clock).map(|(number, thing)| (number, thing.2)).collect()
    }

    #[test]
    fn things_are_found_by_id_and_listed_by_owner() {
        let mut shelf = Shelf::default();
        for thing in [Thing("b", "x", 1), Thing("a", "x", 2), Thing("c", "y", 3), Thing("b", "x", 4)] {
            shelf.put(thing, at(0, 0));
        }
        assert_eq!(seen(&shelf, "x", at(0, 0)), [(0, 4), (1, 2)]);
        assert_eq!(shelf.get("c").map(|thing| thing.2), Some(3));
        assert_eq!(shelf.take_changes().len(), 3);
        shelf.remove_of("x", at(1, 0));
        assert_eq!((shelf.of("x").count(), shelf.all().count(), shelf.next()), (0, 1, 3));
        assert_eq!(shelf.take_changes(), [(0, None), (1, None)]);
        assert_eq!(shelf.rows().len(), 1);
        assert!(shelf.owners.len() == 1 && shelf.ids.len() == 1, "no index keeps the dead");
    }

    #[test]
    fn it_tells_what_changed_and_when_it_does_not_know() {
        let mut shelf = Shelf::default();
        let changed =
            |shelf: &Shelf<Thing>, revision| Some(shelf.changed_since(revision)?.into_iter().collect::<Vec<_>>());
        for thing in [Thing("a", "x", 1), Thing("b", "x", 2), Thing("a", "x", 3)] {
            shelf.put(thing, at(0, 0));
        }
        assert_eq!((changed(&shelf, 1), changed(&shelf, 3)), (Some(vec![0, 1]), Some(vec![])));
        assert_eq!(changed(&shelf, 4), None, "no state of this shelf");
        assert_eq!((shelf.at(0).map(|thing| thing.2), shelf.at(2)), (Some(3), None));
        for _ in 3..=RECENT {
            shelf.put(Thing("b", "x", 4), at(0, 0));
        }
        assert_eq!((changed(&shelf, 0), changed(&shelf, 1)), (None, Some(vec![0, 1])));
    }

    #[test]
    fn lagging_lists_show_creation_change_and_deletion_late() {
        let mut shelf = Shelf::default();
        shelf.put(Thing("a", "x", 1), at(100, 50));
        shelf.put(Thing("a", "x", 2), at(120, 50));
        shelf.remove("a", at(140, 50));
        assert!(shelf.get("a").is_none());
        let shown: Vec<_> = [149, 150, 169, 170, 189, 190].map(|now| seen(&shelf, "x", at(now, 50)).len()).into();
        assert_eq!(shown, [0, 1, 1, 1, 1, 0]);
        shelf.put(Thing("a", "x", 3), at(160, 50));
        shelf.put(Thing("b", "x", 4), at(500, 50));
        assert_eq!(seen(&shelf, "x", at(600, 50)), [(0, 3), (1, 4)], "what comes back is not buried");
    }
}
