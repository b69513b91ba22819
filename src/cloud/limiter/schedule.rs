//! The limiter as a pure state machine: time comes in as a value, nothing waits.
//!
//! Time is counted twice. *Real* time is the time since the limiter's start. *Permit* time runs at
//! `rate` seconds a second, so that one permit falls due in every second of it; when the rate changes,
//! permit time bends and every outstanding place moves with it, in order.
//!
//! Two rules work together. The *schedule* gives every key a slot, one second of permit time after the
//! slot before. The *guard* (GCRA over the permits really granted) has the last word when a key comes
//! back, because keys that come late come in crowds. Whom the guard turns away gets the next time that
//! the guard can serve. A few such keys are welcome: on the way back everyone is a little late, and they
//! use the permits that would pass unused. If they become more, the schedule shifts back to make room.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// The part of the quota that is used: the service's clock and ours do not cut seconds alike.
const SHARE: f64 = 0.98;
/// The rate never falls below this part of the quota.
const LEAST_SHARE: f64 = 1.0 / 64.0;
/// How long a halved rate takes to grow back, with steady successes.
const RECOVERY: Duration = Duration::from_secs(10);
/// The rate is halved at most once in this time: one overload is reported by many calls.
const HALVING_PAUSE: Duration = Duration::from_secs(1);
/// A success lets the rate grow for at most this time without successes before it.
const LONGEST_QUIET: Duration = Duration::from_secs(1);
/// One permit in permit time.
const PERMIT: Duration = Duration::from_secs(1);
/// How far grants may run ahead of the rate: two permits can be granted at once.
const TOLERANCE: Duration = PERMIT;
/// How many keys that were turned away may wait before the schedule shifts, in permits. In simulation two
/// lose 0.1 % of the rate (none lose 13 %) if everyone is up to two permits' distance late, and keep the
/// order to within some dozen places.
const SLACK: Duration = Duration::from_secs(2);
/// Absorbs the rounding between the two times; a millionth of a permit.
const ROUNDING: Duration = Duration::from_micros(1);
/// A place whose owner is this late, in real time, is not kept.
const STALE: Duration = Duration::from_secs(600);
/// A time that does not come.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A quota that no limiter can be made for.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("qps must be a number between 0.001 and 1000000, not {0}")]
pub struct QpsError(pub f64);

/// Who has a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An object, by its uid.
    Object(String),
    /// A future that waits inline.
    Waiter(u64),
}

/// What a key is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A permit; the place is used up.
    Granted,
    /// The real time to come back at.
    At(Duration),
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// A slot of the schedule, which shifts with it.
    Slot(Duration),
    /// A permit time that stays, for a key that was turned away by the guard.
    Fixed(Duration),
}

#[derive(Debug)]
pub(super) struct Schedule {
    ceiling: f64,
    floor: f64,
    rate: f64,
    /// Permit time was `anchor.1` at real time `anchor.0` and has run at `rate` since. During a hold the
    /// real time lies ahead and permit time stands still.
    anchor: (Duration, Duration),
    /// The first slot that nobody ever had.
    next: Duration,
    /// By how much all slots have been shifted.
    shifted: Duration,
    /// Slots that were given up, earliest first.
    free: BinaryHeap<Reverse<Duration>>,
    places: HashMap<Key, Place>,
    /// The number of places at which stale ones are looked for.
    prune_at: usize,
    /// The guard: the permit time at which all permits granted so far would have fallen due.
    granted: Duration,
    /// The last time given to a key that was turned away.
    turned_away: Duration,
    halved_at: Option<Duration>,
    grown_at: Duration,
}

impl Schedule {
    pub(super) fn new(qps: f64) -> Result<Self, QpsError> {
        // NaN is in no range.
        if !(0.001..=1_000_000.0).contains(&qps) {
            return Err(QpsError(qps));
        }
        Ok(Self {
            ceiling: qps * SHARE,
            floor: qps * LEAST_SHARE,
            rate: qps * SHARE,
            // A second ahead, so that the tolerance never reaches below zero.
            anchor: (Duration::ZERO, TOLERANCE),
            next: Duration::ZERO,
            shifted: Duration::ZERO,
            free: BinaryHeap::new(),
            places: HashMap::new(),
            prune_at: 1024,
            granted: Duration::ZERO,
            turned_away: Duration::ZERO,
            halved_at: None,
            grown_at: Duration::ZERO,
        })
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// A permit for `key`, or the time at which to ask again.
    pub(super) fn ask(&mut self, now: Duration, key: Key) -> Verdict {
        let permit_now = self.permit_time(now);
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.take_slot(permit_now),
        };
        let due = self.due(place);
        let held = now < self.anchor.0;
        if due <= permit_now + ROUNDING && !held {
            if self.granted <= permit_now + TOLERANCE + ROUNDING {
                self.granted = self.granted.max(permit_now) + PERMIT;
                self.places.remove(&key);
                return Verdict::Granted;
            }
            let due = self.turn_away(permit_now, place);
            self.places.insert(key, Place::Fixed(due));
            return Verdict::At(self.real_time(due).max(now));
        }
        self.places.insert(key, place);
        self.prune(permit_now);
        Verdict::At(self.real_time(due).max(now))
    }

    /// Frees the place of `key`.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.free.push(Reverse(self.due(place).saturating_sub(self.shifted)));
        }
    }

    /// Halves the rate and holds all permits back until `after` has passed.
    pub(super) fn throttled(&mut self, now: Duration, after: Duration) {
        let rested = |at: Duration| now.saturating_sub(at) >= HALVING_PAUSE;
        if self.halved_at.is_none_or(rested) {
            self.halved_at = Some(now);
            self.set_rate(now, self.rate / 2.0);
        }
        let permit_now = self.permit_time(now);
        self.anchor = (self.anchor.0.max(now.saturating_add(after)), permit_now);
        self.grown_at = self.grown_at.max(self.anchor.0);
    }

    /// Lets a lowered rate grow for the time since it grew last; quiet times count little.
    pub(super) fn succeeded(&mut self, now: Duration) {
        let period = Duration::try_from_secs_f64(1.0 / self.rate).unwrap_or(NEVER);
        let quiet = now.saturating_sub(self.grown_at);
        self.grown_at = self.grown_at.max(now);
        if self.rate < self.ceiling {
            let time = quiet.min(period.max(LONGEST_QUIET));
            let growth = self.ceiling / 2.0 * time.div_duration_f64(RECOVERY);
            self.set_rate(now, self.rate + growth);
        }
    }

    /// The slot of a newcomer: the earliest that was given up and is still of use, else a new one.
    fn take_slot(&mut self, permit_now: Duration) -> Place {
        let useful = permit_now.saturating_sub(self.shifted + TOLERANCE);
        while let Some(Reverse(slot)) = self.free.pop() {
            if slot >= useful {
                return Place::Slot(slot);
            }
        }
        let slot = self.next.max(useful);
        self.next = slot + PERMIT;
        Place::Slot(slot)
    }

    /// The guard has no permit for a key whose time has come: it gets the next time that the guard can
    /// serve, behind the others that were turned away; and if these are many, everyone else moves back.
    fn turn_away(&mut self, permit_now: Duration, place: Place) -> Duration {
        let first = self.granted.saturating_sub(TOLERANCE);
        let due = match place {
            // Once is enough: from now on it only waits for the guard, so that nobody starves.
            Place::Fixed(_) => first,
            Place::Slot(_) => {
                self.turned_away = first.max(self.turned_away + PERMIT);
                self.turned_away
            }
        };
        let waiting = self.turned_away.saturating_sub(permit_now);
        self.shifted += waiting.saturating_sub(SLACK).min(PERMIT);
        due
    }

    /// Drops places whose owners have not come for long, so that forgotten keys do not pile up.
    fn prune(&mut self, permit_now: Duration) {
        if self.places.len() < self.prune_at {
            return;
        }
        let keep = permits(STALE, self.rate) + PERMIT;
        let (shifted, oldest) = (self.shifted, permit_now.saturating_sub(keep));
        self.places.retain(|_, place| due(*place, shifted) >= oldest);
        self.prune_at = (self.places.len() * 2).max(1024);
    }

    fn set_rate(&mut self, now: Duration, rate: f64) {
        let permit_now = self.permit_time(now);
        self.anchor = (self.anchor.0.max(now), permit_now);
        self.rate = rate.clamp(self.floor, self.ceiling);
    }

    fn due(&self, place: Place) -> Duration {
        due(place, self.shifted)
    }

    fn permit_time(&self, now: Duration) -> Duration {
        let (at, permit_time) = self.anchor;
        permit_time.saturating_add(permits(now.saturating_sub(at), self.rate))
    }

    fn real_time(&self, permit_time: Duration) -> Duration {
        let (at, anchored) = self.anchor;
        let seconds = permit_time.saturating_sub(anchored).as_secs_f64() / self.rate;
        at.saturating_add(Duration::try_from_secs_f64(seconds).unwrap_or(NEVER))
    }
}

fn due(place: Place, shifted: Duration) -> Duration {
    match place {
        Place::Slot(slot) => slot.saturating_add(shifted),
        Place::Fixed(due) => due,
    }
}

/// How far permit time runs in `time`.
fn permits(time: Duration, rate: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * rate).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
