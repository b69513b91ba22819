//! One thing over time: as it is now, and as lists that lag still show it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Clock;

/// One thing with as much of its past as a lagging list can still show.
#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) current: Option<Arc<T>>,
    /// Earlier states and the times of their ends, oldest first.
    past: VecDeque<(i64, Option<Arc<T>>)>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { current: None, past: VecDeque::new() }
    }
}

impl<T> Slot<T> {
    /// What lists show.
    pub(super) fn seen(&self, clock: Clock) -> Option<&Arc<T>> {
        let past = self.past.iter().find(|(until_ms, _)| *until_ms > clock.seen_ms());
        past.map_or(self.current.as_ref(), |(_, was)| was.as_ref())
    }

    /// Sets the next state; returns the one before.
    pub(super) fn replace(&mut self, next: Option<Arc<T>>, clock: Clock) -> Option<Arc<T>> {
        let was = std::mem::replace(&mut self.current, next);
        self.past.retain(|(until_ms, _)| *until_ms > clock.seen_ms());
        if clock.lag_ms > 0 {
            self.past.push_back((clock.now_ms, was.clone()));
        }
        was
    }
}
