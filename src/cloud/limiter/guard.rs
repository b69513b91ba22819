//! One limit, of the account or of one operation: how fast it may be used, and what is there to be used now.

use std::time::Duration;

use super::bucket::Bucket;
use super::pace::{Lesson, Pace};

#[derive(Debug)]
pub(super) struct Guard {
    pub(super) bucket: Bucket,
    pub(super) pace: Pace,
}

impl Guard {
    /// `ceiling` permits per second; `promised` if the service is said to allow that much.
    pub(super) fn new(ceiling: f64, promised: bool) -> Self {
        Self { bucket: Bucket::new(ceiling), pace: Pace::new(ceiling, promised) }
    }

    /// A call sent at `sent` was throttled, and the service asks for a pause of `after`.
    pub(super) fn throttled(&mut self, now: Duration, sent: Duration, after: Duration) -> Option<Lesson> {
        self.bucket.hold(now, now.saturating_add(after));
        let (lesson, debt) = self.pace.throttled(now, sent)?;
        self.bucket.set_rate(now, self.pace.rate());
        self.bucket.owe(now, debt);
        self.pace.goes_on(now, self.bucket.when(now, 1.0), lesson);
        Some(lesson)
    }

    /// When so many permits will have been there at the present rate, and when at best.
    pub(super) fn when(&self, now: Duration, permits: f64) -> (Duration, Duration) {
        let (first, last) = (self.bucket.when(now, 1.0), self.bucket.when(now, permits));
        (last, first + self.pace.at_best(first, last.saturating_sub(first)))
    }

    pub(super) fn succeeded(&mut self, now: Duration) {
        self.pace.succeeded(now);
        self.bucket.set_rate(now, self.pace.rate());
    }
}
