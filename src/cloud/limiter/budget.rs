//! How many calls may be made in a day. The day is that of UTC; the count begins with the process.

use std::time::Duration;

use super::lane::Lane;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The calls that are allowed per day, and how many of today's are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    limit: u64,
    spent: u64,
    /// When today ends.
    midnight: Duration,
}

impl Budget {
    /// `limit` calls a day, where now is `of_day` after midnight.
    pub(super) fn new(limit: u64, of_day: Duration) -> Self {
        Self { limit, spent: 0, midnight: DAY.saturating_sub(of_day) }
    }

    /// Until when `lane` gets no permits; `None` if it gets some. Sweeps leave the last tenth to creates; changes and
    /// deletions by users never stop.
    pub(super) fn closed(&self, now: Duration, lane: Lane) -> Option<Duration> {
        let open = match lane {
            Lane::UserChange => u64::MAX,
            Lane::Create => self.limit,
            Lane::Sweep => self.limit - self.limit / 10,
        };
        (now < self.midnight && self.spent >= open).then_some(self.midnight)
    }

    pub(super) fn spend(&mut self, now: Duration) {
        self.turn_page(now);
        self.spent = self.spent.saturating_add(1);
    }

    /// A call was counted but not made.
    pub(super) fn refund(&mut self, now: Duration) {
        self.turn_page(now);
        self.spent = self.spent.saturating_sub(1);
    }

    /// The limit, and how much of it is spent.
    pub(super) fn state(&self, now: Duration) -> (u64, u64) {
        (self.limit, if now < self.midnight { self.spent } else { 0 })
    }

    /// Begins a new count if a new day has begun.
    fn turn_page(&mut self, now: Duration) {
        while now >= self.midnight {
            self.midnight += DAY;
            self.spent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_secs(12 * 3600);

    #[test]
    fn sweeps_stop_first_then_creates_and_never_changes() {
        let mut budget = Budget::new(10, NOON);
        let closed: Vec<_> = (0..12)
            .map(|_| {
                let closed = Lane::ALL.map(|lane| budget.closed(Duration::ZERO, lane).is_some());
                budget.spend(Duration::ZERO);
                closed
            })
            .collect();
        assert!(closed[..9].iter().all(|closed| *closed == [false, false, false]), "{closed:?}");
        assert_eq!(closed[9], [false, false, true]);
        assert_eq!(closed[10..], [[false, true, true]; 2]);
        budget.refund(Duration::ZERO);
        assert_eq!(budget.state(Duration::ZERO), (10, 11));
    }

    #[test]
    fn midnight_opens_all_lanes_and_begins_a_new_count() {
        let mut budget = Budget::new(1, NOON);
        budget.spend(Duration::ZERO);
        assert_eq!(budget.closed(NOON.mul_f64(0.999), Lane::Create), Some(NOON));
        assert_eq!(budget.closed(NOON, Lane::Create), None);
        assert_eq!(budget.state(NOON), (1, 0));
        // Several days without calls.
        budget.spend(NOON * 9);
        assert_eq!(budget.closed(NOON * 10, Lane::Sweep), Some(NOON * 11));
    }
}
