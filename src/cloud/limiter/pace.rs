//! How fast one limit may be used: additive increase, multiplicative decrease, as TCP does it.
//!
//! A throttled call halves the rate. Each call that is carried out adds the same small amount to it, up to the ceiling.
//! So a limit that is not used keeps its rate, and a rate doubles in the same time whether it is high or low.

use std::time::Duration;

/// What each call that is carried out adds, in calls per second. A rate that is used doubles in less than two seconds:
/// once a limit that had fallen to a fifth is back, the rate is back within five seconds. Twice the step would double
/// the rejected calls.
const STEP: f64 = 0.4;
/// The rate does not fall below one call per second: only a call can show that there is room again.
const LEAST: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// The rate that is never exceeded.
    ceiling: f64,
    rate: f64,
    /// A call that was sent before this time says nothing about the present rate.
    counts_from: Duration,
}

impl Pace {
    /// A pace of `ceiling` calls per second.
    pub(super) const fn new(ceiling: f64) -> Self {
        Self { ceiling, rate: ceiling, counts_from: Duration::ZERO }
    }

    /// From now on the rate may rise to `ceiling`; one that throttling has not lowered is `ceiling` at once. Returns whether
    /// that is another ceiling.
    pub(super) fn set_ceiling(&mut self, ceiling: f64) -> bool {
        let (before, lowered) = (self.ceiling, self.is_lowered());
        self.ceiling = ceiling;
        self.rate = if lowered { self.rate.min(ceiling) } else { ceiling };
        (before - ceiling).abs() > f64::EPSILON
    }

    pub(super) const fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether the service throttled calls lately.
    pub(super) fn is_lowered(&self) -> bool {
        self.rate < self.ceiling
    }

    /// A call sent at `sent` was throttled, and no permit is given before `resumed`. All calls that were under way in
    /// the meantime count as one.
    pub(super) fn throttled(&mut self, sent: Duration, resumed: Duration) {
        if sent >= self.counts_from {
            self.rate = (self.rate / 2.0).max(LEAST.min(self.ceiling));
            self.counts_from = resumed;
        }
    }

    /// A call was carried out.
    pub(super) fn succeeded(&mut self) {
        self.rate = (self.rate + STEP).min(self.ceiling);
    }

    /// How long work that takes `time` at the present rate takes at the ceiling.
    pub(super) fn at_best(&self, time: Duration) -> Duration {
        time.mul_f64(self.rate / self.ceiling)
    }
}
