//! How fast one limit may be used, learnt from what the service throttles.
//!
//! One rate is remembered: the lowest that failed lately. The pace settles just below it. After some time it doubts
//! it, first by a little and for a second, then doubling, until that fails too or the ceiling is reached. A limit
//! that was promised is doubted every few seconds, since it should come back; one that was found out is most likely
//! what it is, and is doubted ever less often.
//!
//! A call that is throttled can mean three things:
//! * The *doubt* was wrong: back to what worked.
//! * A *surprise*: for some time nothing was throttled, and nearly all that was tried was carried out. Half the pace
//!   for a moment, and then a little less than before.
//! * An *alarm* otherwise: the limit has fallen, or nobody knew it. Half of what the service bears, after a second
//!   without calls, and from there up again.
//!
//! What the service bears is not asked of the pace but of the service: a quota of any form lets through no less in a
//! second than its limit, and on the average no more. So it lies between the number of calls carried out within the
//! last second, and their rate since one was throttled the last time.

use std::time::Duration;

use super::bucket::time;
use super::recent::Recent;

/// The pace settles at this part of the rate that failed.
const MARGIN: f64 = 0.97;
/// How long a promised rate that failed is not doubted. A found one has twice as much patience at first.
const PATIENCE: Duration = Duration::from_millis(2300);
/// The most patience with a found one.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// A doubt begins with this part of the rate that failed, for so long: a quota by the second shows by then.
const TRIAL: (f64, Duration) = (1.06, Duration::from_secs(1));
/// The pace doubles in this time while it rises.
const DOUBLING: Duration = Duration::from_millis(400);
/// A success lets the pace rise for at most this time without successes before it.
const STRIDE: Duration = Duration::from_millis(250);
/// For how long nothing was throttled before a surprise, and after a doubt that was right.
const CALM: Duration = Duration::from_secs(2);
/// Of what was tried, this part at least was carried out before a surprise.
const NEARLY: f64 = 0.8;
/// Some calls that have their permits are not sent yet when the pace changes.
const ON_THE_WAY: Duration = Duration::from_millis(50);
/// A surprise that goes on for so many calls is an alarm.
const FEW: f64 = 3.0;
/// The pace does not fall below one call per second: only a call can show that the limit is back.
const LEAST: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// The rate that is never exceeded.
    ceiling: f64,
    /// Whether the service is said to allow the ceiling.
    promised: bool,
    rate: f64,
    /// The lowest rate that failed lately.
    failed: Option<f64>,
    /// When it will be doubted.
    doubt_at: Duration,
    patience: Duration,
    /// Since the last alarm there was no doubt yet. A bucket of the service may have filled in the pause; from it more
    /// can be had than the limit.
    rested: bool,
    /// Calls sent before this say nothing about the present rate.
    counts_from: Duration,
    throttled_at: Option<Duration>,
    /// When it was throttled last without a doubt.
    surprised_at: Option<Duration>,
    grown_at: Duration,
    last_second: Recent,
    /// Calls carried out since one was throttled.
    carried_out: f64,
}

/// What a throttled call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lesson {
    /// More was tried than had worked.
    Doubt,
    /// A little too much.
    Surprise,
    /// Much too much.
    Alarm,
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
            patience: first_patience(promised),
            rested: false,
            counts_from: Duration::ZERO,
            throttled_at: None,
            surprised_at: None,
            grown_at: Duration::ZERO,
            last_second: Recent::default(),
            carried_out: 0.0,
        }
    }

    pub(super) const fn rate(&self) -> f64 {
        self.rate
    }

    fn is_lowered(&self) -> bool {
        self.rate < self.ceiling
    }

    /// `time` at the present rate may be so short, from `now` on, if a doubt turns out right as soon as it can.
    pub(super) fn at_best(&self, now: Duration, time: Duration) -> Duration {
        let doubtful = if self.rate < self.settled() { now } else { self.doubt_at };
        let steady = doubtful.saturating_sub(now).min(time);
        steady + time.saturating_sub(steady).mul_f64(self.rate / self.ceiling)
    }

    /// Whether the limit is known, by promise or by failure.
    pub(super) const fn is_known(&self) -> bool {
        self.promised || self.failed.is_some()
    }

    /// A call sent at `sent` was throttled: what that means, and how many permits were used within the last second that
    /// have to be made up for. `None` if it says nothing new.
    pub(super) fn throttled(&mut self, now: Duration, sent: Duration) -> Option<(Lesson, f64)> {
        if sent < self.counts_from {
            return None;
        }
        let last_second = self.last_second.count(now);
        // Who hardly calls learns nothing from how much was carried out.
        let busy = last_second >= self.rate / 8.0;
        let bears = if busy { last_second.min(self.rate) } else { self.rate };
        let average = self.average(now).filter(|_| busy).map_or(bears, |average| average.min(bears));
        let middle = f64::midpoint(bears, average);
        let calm = self.surprised_at.is_none_or(|at| now.saturating_sub(at) >= CALM);
        let lesson = match self.failed {
            // Rounding is no doubt.
            Some(_) if self.rate > 1.001 * self.settled() => Lesson::Doubt,
            Some(_) | None if calm && bears >= NEARLY * self.rate => Lesson::Surprise,
            Some(_) | None => Lesson::Alarm,
        };
        let failed = match lesson {
            Lesson::Doubt => self.after_doubt(bears),
            Lesson::Surprise => middle.max(0.9 * bears),
            Lesson::Alarm => middle,
        };
        // Whether a surprise goes on shows in the calls that follow at the old rate.
        self.counts_from = sent.saturating_add(time(FEW / self.rate));
        let least = LEAST.min(self.ceiling / 4.0);
        self.failed = Some(failed.max(least / MARGIN));
        self.rate = if lesson == Lesson::Doubt { self.settled() } else { least.max(self.settled() / 2.0) };
        self.patience = match lesson {
            Lesson::Doubt if !self.promised => MOST_PATIENCE.min(self.patience * 2),
            Lesson::Doubt | Lesson::Surprise => self.patience,
            Lesson::Alarm => first_patience(self.promised),
        };
        self.rested = lesson == Lesson::Alarm || self.rested && lesson == Lesson::Surprise;
        self.throttled_at = Some(now);
        if lesson != Lesson::Doubt {
            self.surprised_at = Some(now);
        }
        self.carried_out = 0.0;
        let debt = match lesson {
            // Most of what remains of the second. A bucket would only be filled by a longer pause.
            Lesson::Doubt => (last_second - self.rate).min(0.4 * self.rate),
            Lesson::Surprise => last_second - self.settled(),
            Lesson::Alarm => (last_second - self.rate).min(self.rate),
        };
        Some((lesson, debt.max(0.0)))
    }

    /// After a lesson at `now` calls go on at `at`.
    pub(super) fn goes_on(&mut self, now: Duration, at: Duration, lesson: Lesson) {
        self.counts_from = match lesson {
            Lesson::Doubt => now.saturating_add(Duration::from_secs(1)),
            Lesson::Surprise => self.counts_from,
            Lesson::Alarm => at.max(now.saturating_add(ON_THE_WAY)),
        };
        self.grown_at = self.grown_at.max(at);
        self.doubt_at = at.saturating_add(self.patience);
    }

    /// A call was carried out. A lowered rate rises as long as it is used.
    pub(super) fn succeeded(&mut self, now: Duration) {
        self.last_second.add(now);
        self.carried_out += 1.0;
        if !self.is_lowered() {
            if now.saturating_sub(self.grown_at) >= CALM {
                self.failed = None;
                self.patience = first_patience(self.promised);
            }
            return;
        }
        let passed = now.saturating_sub(self.grown_at).min(STRIDE);
        self.grown_at = self.grown_at.max(now);
        let aim = self.aim(now);
        if self.rate < aim && self.last_second.count(now) >= self.rate / 4.0 {
            self.rate = (self.rate * passed.div_duration_f64(DOUBLING).exp2()).min(aim);
        }
    }

    /// The rate that is to be reached.
    fn aim(&self, now: Duration) -> f64 {
        let (part, time) = TRIAL;
        let aim = match self.failed {
            Some(_) if now < self.doubt_at => self.settled(),
            Some(failed) if now < self.doubt_at.saturating_add(time) => failed * part,
            Some(_) | None => self.ceiling,
        };
        aim.min(self.ceiling)
    }

    /// The rate that is not to be reached after a doubt was wrong.
    fn after_doubt(&self, bears: f64) -> f64 {
        let failed = self.failed.unwrap_or(self.ceiling);
        let only_begun = self.rate <= failed * TRIAL.0;
        if only_begun || self.rested {
            failed
        } else if bears >= 2.0 * failed {
            // No bucket holds so much.
            0.8 * bears
        } else {
            1.02 * failed
        }
    }

    /// Calls carried out per second since one was throttled last, if that is long enough ago.
    fn average(&self, now: Duration) -> Option<f64> {
        let seconds = now.saturating_sub(self.throttled_at?).as_secs_f64();
        (seconds >= 1.0).then(|| self.carried_out / seconds)
    }

    /// The rate that worked.
    fn settled(&self) -> f64 {
        self.failed.map_or(self.ceiling, |failed| failed * MARGIN)
    }
}

/// How long a rate that failed is not doubted, at first.
fn first_patience(promised: bool) -> Duration {
    if promised { PATIENCE } else { PATIENCE * 2 }
}
