//! Who waits, in which line, in which order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::lane::Lane;
use crate::cloud::operation::Operation;

/// Ownership turn was so long ago is not reckoned with any more. Who comes after all is the first of the line.
const LATE: Duration = Duration::from_secs(1);
/// A place whose owner is so late is not kept.
const STALE: Duration = Duration::from_secs(600);

/// Who has a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An object, by its uid.
    Object(String),
    /// A future that waits.
    Waiter(u64),
}

/// How somebody waits. Who is present holds something and so goes before those of its lane who come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Waiting {
    Present,
    Away,
}

/// A line: those in it are served in the order in which they came. Earlier lines go first.
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
    /// Lower ones were given earlier, over all lines.
    pub(super) ticket: u64,
    /// When its turn is, as it was estimated last; `None` for a newcomer.
    pub(super) due: Option<Duration>,
    /// How many are before it in its line.
    pub(super) rank: usize,
}

/// What is kept of a place in its line.
#[derive(Debug, Clone, Copy)]
struct Slot {
    ticket: u64,
    due: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    /// In the order of their tickets. No line is empty. Who is late is not in it.
    lines: BTreeMap<Line, VecDeque<Slot>>,
    places: HashMap<Key, (Line, Slot)>,
    next: u64,
    /// The number of places at which stale ones are looked for.
    prune_at: usize,
}

impl Queues {
    /// The place of `key` in `line`, the last one if it had none there.
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

    /// Sets when the turn of `key` is.
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
            // Cheap near the beginning, where those are who get permits.
            slots.remove(rank);
        }
        if slots.is_empty() {
            self.lines.remove(&line);
        }
    }

    /// The lines with somebody in them, the ticket of the first, and how many they are.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Line, u64, usize)> {
        self.lines.iter().filter_map(|(line, slots)| Some((*line, slots.front()?.ticket, slots.len())))
    }

    /// How many are before `key`, and when its turn is as it was estimated last. `None` for who has no place.
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
            // So that places of nobody do not pile up. Those are in no line any more.
            self.places.retain(|_, (_, slot)| slot.due.is_none_or(|due| due.saturating_add(STALE) >= now));
            self.prune_at = self.places.len() * 2;
        }
        let slot = Slot { ticket: self.next, due: None };
        self.next += 1;
        self.places.insert(key.clone(), (line, slot));
        slot
    }

    /// Takes those who are late out of the lines, as far as they are the first.
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
