//! A bucket into which permits drip at a rate, and the rule of every limit: in any window of `w` seconds at most
//! `rate × w + capacity` permits are taken out, with a capacity of at most 2.

use std::time::Duration;

/// Tolerance for rounding, in permits.
const ROUNDING: f64 = 1e-6;
/// A time that never comes.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[derive(Debug)]
pub(super) struct Bucket {
    /// Permits per second.
    rate: f64,
    /// Permits at `at`.
    level: f64,
    /// Before this time nothing is given and nothing drips.
    at: Duration,
}

impl Bucket {
    pub(super) fn new(rate: f64) -> Self {
        Self { rate, level: capacity(rate), at: Duration::ZERO }
    }

    pub(super) const fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether a permit can be taken now.
    pub(super) fn has_one(&self, now: Duration) -> bool {
        now >= self.at && self.level(now) >= 1.0 - ROUNDING
    }

    /// Whether permits that drip from now on are lost.
    pub(super) fn is_full(&self, now: Duration) -> bool {
        now >= self.at && self.level(now) >= capacity(self.rate) - ROUNDING
    }

    /// When this many permits will have been there, `now` at the earliest. If they are more than the bucket holds, the
    /// others are assumed to be taken meanwhile.
    pub(super) fn when(&self, now: Duration, permits: f64) -> Duration {
        let missing = (permits - self.level(now)).max(0.0);
        let seconds = if missing <= ROUNDING { 0.0 } else { missing / self.rate };
        now.max(self.at).saturating_add(time(seconds))
    }

    /// When the bucket will be full.
    pub(super) fn when_full(&self, now: Duration) -> Duration {
        self.when(now, capacity(self.rate))
    }

    pub(super) fn take(&mut self, now: Duration) {
        self.settle(now);
        self.level -= 1.0;
    }

    /// Gives nothing before `until`.
    pub(super) fn pause_until(&mut self, now: Duration, until: Duration) {
        self.settle(now);
        self.at = self.at.max(until);
    }

    pub(super) fn set_rate(&mut self, now: Duration, rate: f64) {
        self.settle(now);
        self.rate = rate;
        self.level = self.level.min(capacity(rate));
    }

    fn settle(&mut self, now: Duration) {
        self.level = self.level(now);
        self.at = self.at.max(now);
    }

    fn level(&self, now: Duration) -> f64 {
        let dripped = now.saturating_sub(self.at).as_secs_f64() * self.rate;
        (self.level + dripped).min(capacity(self.rate))
    }
}

/// A bucket holds two permits from a rate of 50 up. At lower rates two would be too many for a service that counts
/// calls by the second: of a quota of 20 it accepts 20 in a second, but 98 % of 20 and two more are 21.6.
fn capacity(rate: f64) -> f64 {
    (1.0 + rate / 50.0).min(2.0)
}

/// Seconds as a duration; too many become [`NEVER`].
pub(super) fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(NEVER)
}
