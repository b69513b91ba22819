//! One limit, of the account or of one operation: its present rate, and its permits.

use std::time::Duration;

use super::bucket::Bucket;
use super::pace::Pace;

/// The shortest pause after a throttled call, if the service does not ask for a longer one. A quota that counts by the
/// second has nothing left in this second.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Guard {
    /// Permits.
    pub(super) bucket: Bucket,
    pub(super) pace: Pace,
    /// Calls that leave. Permits are given evenly, but their calls may come in a crowd, because a write to Kubernetes
    /// comes in between; a quota that counts by the second would reject the last of such a crowd.
    departures: Bucket,
}

impl Guard {
    /// `ceiling` permits per second.
    pub(super) fn new(ceiling: f64) -> Self {
        Self { bucket: Bucket::new(ceiling), pace: Pace::new(ceiling), departures: Bucket::new(ceiling) }
    }

    /// From now on `ceiling` permits per second.
    pub(super) fn set_ceiling(&mut self, now: Duration, ceiling: f64) {
        if self.pace.set_ceiling(ceiling) {
            self.bucket.set_rate(now, self.pace.rate());
            self.departures.set_rate(now, ceiling);
        }
    }

    /// A call sent at `sent` was throttled, and the service asks for a pause of `after`.
    pub(super) fn throttled(&mut self, now: Duration, sent: Duration, after: Duration) {
        let resumed = now.saturating_add(after.max(PAUSE));
        self.pace.throttled(sent, resumed);
        self.bucket.set_rate(now, self.pace.rate());
        self.bucket.pause_until(now, resumed);
    }

    /// A call was carried out.
    pub(super) fn succeeded(&mut self, now: Duration) {
        self.pace.succeeded();
        self.bucket.set_rate(now, self.pace.rate());
    }

    /// When a call that is ready now may leave; it is counted as leaving then.
    pub(super) fn leave(&mut self, now: Duration) -> Duration {
        let at = self.departures.when(now, 1.0);
        self.departures.take(at);
        at
    }

    /// When this many permits will have been there: at the present rate, and at best.
    pub(super) fn when(&self, now: Duration, permits: f64) -> (Duration, Duration) {
        let (first, last) = (self.bucket.when(now, 1.0), self.bucket.when(now, permits));
        (last, first + self.pace.at_best(last.saturating_sub(first)))
    }
}
