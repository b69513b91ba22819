//! The limit of events when many objects turn at once. Pure: it gets the time as a value.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::News;

/// How many events per second may be about `Ready` turning to another reason.
const MOST: f64 = 10.0;
/// For how long left-out events are counted before the sum is written.
const SUM: Duration = Duration::from_secs(30);

/// Lets through all events about things that were done or found, and a bounded number of those about `Ready`; counts
/// the rest.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// How much of [`MOST`] is used up as of `at`; each tenth of a second gives one back.
    used: f64,
    at: Option<Instant>,
    left_out: BTreeMap<News, u64>,
    since: Option<Instant>,
}

impl Gate {
    /// Whether this gets an event of its own.
    pub(super) fn admits(&mut self, news: News, now: Instant) -> bool {
        let News::Turned(_) = news else { return true };
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.used = (self.used - passed.as_secs_f64() * MOST).max(0.0);
        let admitted = self.used + 1.0 <= MOST;
        if admitted {
            self.used += 1.0;
        }
        admitted
    }

    /// Counts an event that is not written.
    pub(super) fn leave_out(&mut self, news: News, now: Instant) {
        *self.left_out.entry(news).or_default() += 1;
        self.since.get_or_insert(now);
    }

    /// When the sum of the left-out events is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + SUM)
    }

    /// The sum of the events that were left out since the last sum.
    pub(super) fn sum_up(&mut self) -> Option<String> {
        self.since.take()?;
        let left_out = std::mem::take(&mut self.left_out);
        let counts: Vec<_> = left_out.iter().map(|(news, count)| format!("{count} {}", news.as_str())).collect();
        Some(format!(
            "more events than are written in a second; left out: {}. The column REASON of `kubectl get \
             paids,paidsv -A` shows how each object is",
            counts.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EventReason, Reason};

    const OUTAGE: News = News::Turned(Reason::CloudUnavailable);

    #[tokio::test(start_paused = true)]
    async fn of_an_outage_of_everything_ten_are_told_a_second_and_the_rest_is_counted() {
        let mut gate = Gate::default();
        let mut told = 0;
        let began = Instant::now();
        for _ in 0..10_000 {
            if gate.admits(OUTAGE, Instant::now()) {
                told += 1;
            } else {
                gate.leave_out(OUTAGE, Instant::now());
            }
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        assert!((100..=110).contains(&told), "{told}");
        let due = gate.due().unwrap();
        assert!(due > began + SUM && due <= began + SUM + Duration::from_secs(1), "counted from the first one");
        let note = gate.sum_up().unwrap();
        assert!(note.contains(&format!("left out: {} CloudUnavailable", 10_000 - told)), "{note}");
        assert_eq!((gate.due(), gate.sum_up()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_done_is_always_told() {
        let mut gate = Gate::default();
        let now = Instant::now();
        assert_eq!((0..100).filter(|_| gate.admits(OUTAGE, now)).count(), 10);
        assert!((0..100).all(|_| gate.admits(EventReason::Created.into(), now)));
    }
}
