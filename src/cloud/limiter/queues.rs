//! Who waits, in which line, in which order.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::lane::Lane;
use crate::cloud::operation::Operation;

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
    ticket: u64,
    /// When its turn is, as it was estimated last; `None` for a newcomer.
    pub(super) due: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    /// Tickets in ascending order. No line is empty.
    lines: BTreeMap<Line, VecDeque<u64>>,
    places: HashMap<Key, Place>,
    next: u64,
    /// The number of places at which stale ones are looked for.
    prune_at: usize,
}

impl Queues {
    /// The place of `key` in `line`, the last one if it had none there.
    pub(super) fn place(&mut self, now: Duration, key: &Key, line: Line) -> Place {
        if let Some(place) = self.places.get(key) {
            if place.line == line {
                return *place;
            }
            self.remove(key);
        }
        self.prune(now);
        let place = Place { line, ticket: self.next, due: None };
        self.next += 1;
        self.lines.entry(line).or_default().push_back(place.ticket);
        self.places.insert(key.clone(), place);
        place
    }

    /// How many are before it in its line.
    pub(super) fn rank(&self, place: &Place) -> usize {
        let line = self.lines.get(&place.line);
        line.map_or(0, |line| line.binary_search(&place.ticket).unwrap_or_else(|rank| rank))
    }

    pub(super) fn postpone(&mut self, key: &Key, due: Duration) {
        if let Some(place) = self.places.get_mut(key) {
            place.due = Some(due);
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let Some(place) = self.places.remove(key) else { return };
        let Some(line) = self.lines.get_mut(&place.line) else { return };
        if let Ok(rank) = line.binary_search(&place.ticket) {
            // Cheap near the beginning, where those are who get permits.
            line.remove(rank);
        }
        if line.is_empty() {
            self.lines.remove(&place.line);
        }
    }

    /// The lines with somebody in them, and how many.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Line, usize)> {
        self.lines.iter().map(|(line, tickets)| (*line, tickets.len()))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Drops places whose owners have not come for long, so that those of nobody do not pile up.
    fn prune(&mut self, now: Duration) {
        if self.places.len() < self.prune_at.max(1024) {
            return;
        }
        let is_stale = |place: &Place| place.due.is_some_and(|due| due.saturating_add(STALE) < now);
        let stale: HashSet<u64> = self.places.values().filter(|place| is_stale(place)).map(|place| place.ticket).collect();
        self.places.retain(|_, place| !stale.contains(&place.ticket));
        self.lines.retain(|_, line| {
            line.retain(|ticket| !stale.contains(ticket));
            !line.is_empty()
        });
        self.prune_at = self.places.len() * 2;
    }
}
