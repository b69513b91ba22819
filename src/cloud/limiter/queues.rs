//! The lines in which objects and calls wait for permits, and their order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::lane::Lane;
use crate::cloud::operation::Operation;

/// A place whose turn passed this long ago is taken out of its line. If its owner comes after all, it is the first of
/// the line.
const LATE: Duration = Duration::from_secs(1);
/// A place whose owner is this late is dropped.
const STALE: Duration = Duration::from_secs(600);

/// The owner of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An object, by its uid.
    Object(String),
    /// A future that waits.
    Waiter(u64),
}

/// How an owner waits. One that is present holds resources meanwhile, so it goes before those of its lane that come
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Waiting {
    Present,
    Away,
}

/// A line is served in the order of arrival. Lines that sort first go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) lane: Lane,
    pub(super) waiting: Waiting,
    pub(super) operation: Operation,
}

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: Line,
    /// Places with lower tickets were given earlier, over all lines.
    pub(super) ticket: u64,
    /// Its turn, as it was estimated last; `None` for a newcomer.
    pub(super) due: Option<Duration>,
    /// How many are before it in its line.
    pub(super) rank: usize,
}

/// The part of a place that its line keeps.
#[derive(Debug, Clone, Copy)]
struct Slot {
    ticket: u64,
    due: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    /// In the order of their tickets. No line is empty. A late place is taken out once it is the first of its line.
    lines: BTreeMap<Line, VecDeque<Slot>>,
    places: HashMap<Key, (Line, Slot)>,
    next: u64,
    /// The number of places from which on stale ones are dropped.
    prune_at: usize,
}

impl Queues {
    /// The place of `key` in `line`; a new place at the end if it had none there.
    pub(super) fn place(&mut self, now: Duration, key: &Key, line: Line) -> Place {
        self.expire(now);
        if self.places.get(key).is_some_and(|(other, _)| *other != line) {
            self.remove(key);
        }
        let slot = match self.places.get(key) {
            Some((_, slot)) => *slot,
            None => self.newcomer(now, key, line),
        };
        let slots = self.lines.entry(line).or_default();
        let rank = match slots.binary_search_by_key(&slot.ticket, |slot| slot.ticket) {
            Ok(rank) => rank,
            Err(rank) => {
                slots.insert(rank, slot);
                rank
            }
        };
        Place { line, ticket: slot.ticket, due: slot.due, rank }
    }

    /// Sets the turn of `key`.
    pub(super) fn postpone(&mut self, key: &Key, due: Duration) {
        let Some((line, slot)) = self.places.get_mut(key) else { return };
        slot.due = Some(due);
        let Some(slots) = self.lines.get_mut(line) else { return };
        if let Ok(rank) = slots.binary_search_by_key(&slot.ticket, |slot| slot.ticket) {
            slots[rank] = *slot;
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let Some((line, slot)) = self.places.remove(key) else { return };
        let Some(slots) = self.lines.get_mut(&line) else { return };
        if let Ok(rank) = slots.binary_search_by_key(&slot.ticket, |slot| slot.ticket) {
            // Cheap near the beginning of the line, where the places are that get permits.
            slots.remove(rank);
        }
        if slots.is_empty() {
            self.lines.remove(&line);
        }
    }

    /// The lines that are not empty, each with the ticket of its first place and its length.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Line, u64, usize)> {
        self.lines.iter().filter_map(|(line, slots)| Some((*line, slots.front()?.ticket, slots.len())))
    }

    /// How many are before `key`, and its turn as it was estimated last. `None` if it has no place.
    pub(super) fn ahead(&self, key: &Key) -> Option<(usize, Duration)> {
        let (line, slot) = self.places.get(key)?;
        let order = |line: &Line| (line.lane, line.waiting);
        let before = self.lines.iter().map(|(other, slots)| match order(other).cmp(&order(line)) {
            Ordering::Less => slots.len(),
            Ordering::Equal => slots.partition_point(|other| other.ticket < slot.ticket),
            Ordering::Greater => 0,
        });
        Some((before.sum(), slot.due?))
    }

    fn newcomer(&mut self, now: Duration, key: &Key, line: Line) -> Slot {
        if self.places.len() >= self.prune_at.max(1024) {
            // Places that nobody comes back for must not pile up. Stale places are in no line any more.
            self.places.retain(|_, (_, slot)| slot.due.is_none_or(|due| due.saturating_add(STALE) >= now));
            self.prune_at = self.places.len() * 2;
        }
        let slot = Slot { ticket: self.next, due: None };
        self.next += 1;
        self.places.insert(key.clone(), (line, slot));
        slot
    }

    /// Takes late places off the beginning of each line.
    fn expire(&mut self, now: Duration) {
        let is_late = |slot: &Slot| slot.due.is_some_and(|due| due.saturating_add(LATE) < now);
        self.lines.retain(|_, slots| {
            while slots.front().is_some_and(is_late) {
                slots.pop_front();
            }
            !slots.is_empty()
        });
    }
}
