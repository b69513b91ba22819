//! The last look before a call leaves: calls that got their permits evenly may still leave in a crowd, because what
//! lies between (a write to Kubernetes before a create) takes its time. A quota that counts calls by the second would
//! reject the last of such a crowd.

use std::collections::VecDeque;
use std::time::Duration;

/// The part of a quota that may leave within its span. Permits come at 98 %, so this seldom holds anybody back, and a
/// crowd gets smaller by one in each second.
const SHARE: f64 = 0.99;

/// Lets at most so many calls leave within any span of time.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    span: Duration,
    /// When the latest calls leave, in order.
    left: VecDeque<Duration>,
}

impl Gate {
    /// A gate for a quota of `qps`: 99 % of it in each second, or one call in as long as it takes at a low one.
    pub(super) fn new(qps: f64) -> Self {
        // Quotas lie between 0.001 and 1,000,000.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let most = (qps * SHARE).floor().max(1.0) as usize;
        let span = if qps >= 1.0 / SHARE { Duration::from_secs(1) } else { super::bucket::time(1.0 / qps) };
        Self { most, span, left: VecDeque::new() }
    }

    /// When a call may leave that is ready now; it is taken to leave then.
    pub(super) fn pass(&mut self, now: Duration) -> Duration {
        let mut at = self.left.back().copied().unwrap_or_default().max(now);
        if self.left.len() >= self.most
            && let Some(first) = self.left.pop_front()
        {
            at = at.max(first + self.span);
        }
        self.left.push_back(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_the_quota_however_calls_crowd() {
        let mut gate = Gate::new(100.0);
        // Nothing for a while, then everything at once, twice.
        let times: Vec<Duration> = [0, 1500].iter().flat_map(|at| vec![Duration::from_millis(*at); 150]).collect();
        let left: Vec<Duration> = times.into_iter().map(|now| gate.pass(now)).collect();
        for (place, begin) in left.iter().enumerate() {
            let within = left[place..].iter().filter(|time| **time < *begin + Duration::from_secs(1)).count();
            assert!(within <= 99, "{within} from {begin:?} on");
        }
        assert!(*left.last().unwrap() < Duration::from_secs(4), "{:?}", left.last());
    }

    #[test]
    fn calls_that_come_at_the_permitted_rate_are_not_held_back() {
        let mut gate = Gate::new(100.0);
        for number in 0..1000_u32 {
            let now = Duration::from_secs(1) * number / 98;
            assert_eq!(gate.pass(now), now, "call {number}");
        }
    }

    #[test]
    fn a_low_quota_has_a_longer_span() {
        let mut gate = Gate::new(0.5);
        assert_eq!(gate.pass(Duration::ZERO), Duration::ZERO);
        assert_eq!(gate.pass(Duration::ZERO), Duration::from_secs(2));
    }
}
