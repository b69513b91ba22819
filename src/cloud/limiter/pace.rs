//! How fast one limit may be used, learnt from what the service throttles.
//!
//! One rate is remembered: the lowest that failed lately. The pace settles just below it, and after some time doubts
//! it: then it rises above it, doubling every half second, until it fails again or reaches its ceiling. A limit that
//! was promised is doubted every 3 s, since it should come back; one that was found out is most likely what it
//! is, and is doubted ever less often.
//!
//! What the service carried out within the last second bounds what it bears: in any form of quota it is not less
//! than the limit, if we are alone. So one second is enough to find an unknown limit.
//!
//! When a call is throttled:
//! * Calls that were sent before the last change of the pace say nothing about the present one.
//! * Above the remembered rate it was the doubt that failed: back to what worked.
//! * After a calm time, and if nearly all that was tried was carried out: a little slower.
//! * Otherwise the limit has fallen, or was never known: half of what it bears, and from there up again.
//!
//! In each case, what was sent within the last second beyond the new pace is a debt that is waited for: a quota that
//! counts by the second is used up until the second is over.

use std::time::Duration;

use super::recent::Recent;

/// The pace settles at this part of the rate that failed.
const MARGIN: f64 = 0.97;
/// The first doubt about a rate that failed, and the only interval of a promised one.
const PATIENCE: Duration = Duration::from_secs(3);
/// The rarest doubt.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// While it rises the pace doubles in this time.
const DOUBLING: Duration = Duration::from_millis(500);
/// A success lets the pace rise for at most this time without successes before it.
const STRIDE: Duration = Duration::from_millis(250);
/// How long nothing was throttled when a single failure is no alarm.
const CALM: Duration = Duration::from_secs(2);
/// Of calls that have their permits, some are not sent yet when the pace changes.
const ON_THE_WAY: Duration = Duration::from_millis(50);
/// The pace does not fall below one call per second: only a call can show that the limit is back.
const LEAST: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// The rate that is never exceeded.
    ceiling: f64,
    /// Whether the ceiling is what the service is said to allow.
    promised: bool,
    rate: f64,
    /// The lowest rate that failed lately.
    failed: Option<f64>,
    /// When that rate will be tried again.
    doubt_at: Duration,
    patience: Duration,
    /// Calls sent before this say nothing about the present rate.
    counts_from: Duration,
    throttled_at: Option<Duration>,
    grown_at: Duration,
    carried_out: Recent,
}

/// What a throttled call meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lesson {
    /// Permits that were used beyond what the new rate would have allowed.
    pub(super) debt: f64,
    /// It was we who tried more than worked before.
    pub(super) expected: bool,
}

impl Pace {
    /// A pace of `ceiling` calls per second.
    pub(super) fn new(ceiling: f64, promised: bool) -> Self {
        Self {
            ceiling,
            promised,
            rate: ceiling,
            failed: None,
            doubt_at: Duration::ZERO,
            patience: PATIENCE,
            counts_from: Duration::ZERO,
            throttled_at: None,
            grown_at: Duration::ZERO,
            carried_out: Recent::default(),
        }
    }

    pub(super) const fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether the rate is lower than it may be.
    pub(super) fn is_lowered(&self) -> bool {
        self.rate < self.ceiling
    }

    pub(super) const fn is_promised(&self) -> bool {
        self.promised
    }

    /// A call sent at `sent` was throttled. `None` if that says nothing new.
    pub(super) fn throttled(&mut self, now: Duration, sent: Duration) -> Option<Lesson> {
        if sent < self.counts_from {
            return None;
        }
        let carried_out = self.carried_out.count(now);
        // Who hardly calls learns little from how much was carried out.
        let bears = carried_out.max(self.rate / 4.0).min(self.rate);
        let calm = self.throttled_at.is_none_or(|at| now.saturating_sub(at) >= CALM);
        let expected = self.rate > self.settled();
        if expected {
            let worked = self.failed.unwrap_or(self.ceiling);
            self.failed = Some(worked.max(bears * MARGIN));
            self.rate = self.settled();
            if !self.promised {
                self.patience = (self.patience * 2).min(MOST_PATIENCE);
            }
        } else {
            let nearly = calm && bears >= 0.8 * self.rate;
            self.failed = Some(bears);
            self.rate = if nearly { self.settled() } else { bears / 2.0 };
            self.patience = PATIENCE;
        }
        self.rate = self.rate.max(LEAST.min(self.ceiling / 4.0));
        self.throttled_at = Some(now);
        self.doubt_at = now.saturating_add(self.patience);
        Some(Lesson { debt: (carried_out - self.rate).max(0.0), expected })
    }

    /// The lowered rate begins to count then, or a moment later.
    pub(super) fn resumes(&mut self, now: Duration, at: Duration) {
        self.counts_from = at.max(now.saturating_add(ON_THE_WAY));
        self.grown_at = self.grown_at.max(at);
    }

    /// A call was carried out. A lowered rate rises only as long as it is used.
    pub(super) fn succeeded(&mut self, now: Duration) {
        self.carried_out.add(now);
        let passed = now.saturating_sub(self.grown_at).min(STRIDE);
        self.grown_at = self.grown_at.max(now);
        let used = self.carried_out.count(now) >= self.rate / 4.0;
        let aim = if now >= self.doubt_at { self.ceiling } else { self.settled() };
        if used && self.rate < aim {
            self.rate = (self.rate * passed.div_duration_f64(DOUBLING).exp2()).min(aim);
        }
        if !self.is_lowered() {
            self.failed = None;
            self.patience = PATIENCE;
        }
    }

    fn settled(&self) -> f64 {
        self.failed.map_or(self.ceiling, |failed| failed * MARGIN)
    }
}
