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
        let lesson = self.pace.throttled(now, sent)?;
        self.bucket.set_rate(now, self.pace.rate());
        self.bucket.owe(now, lesson.debt);
        self.pace.resumes(now, self.bucket.when(now, 1.0));
        Some(lesson)
    }

    pub(super) fn succeeded(&mut self, now: Duration) {
        self.pace.succeeded(now);
        self.bucket.set_rate(now, self.pace.rate());
    }
}
