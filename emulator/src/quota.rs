//! The token bucket of each account.

use std::collections::HashMap;

use crate::knobs::Knobs;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at_ms: i64,
}

/// One bucket per parent account, refilled at `quotaPerSecond`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota {
    buckets: HashMap<String, Bucket>,
}

impl Quota {
    /// Takes one token of the account; false when there is none. A rejected call costs nothing.
    pub(crate) fn take(&mut self, account: &str, knobs: &Knobs, now_ms: i64) -> bool {
        if knobs.quota_per_second == 0 {
            self.buckets.clear();
            return true;
        }
        let rate = f64::from(knobs.quota_per_second);
        let size = if knobs.quota_burst == 0 { rate } else { f64::from(knobs.quota_burst) };
        let full = Bucket { tokens: size, at_ms: now_ms };
        let bucket = self.buckets.entry(account.to_owned()).or_insert(full);
        // A clock set back must not take tokens away.
        let passed = u32::try_from((now_ms - bucket.at_ms).max(0)).unwrap_or(u32::MAX);
        let tokens = (bucket.tokens + f64::from(passed) * rate / 1000.0).min(size);
        let granted = tokens >= 1.0;
        *bucket = Bucket { tokens: if granted { tokens - 1.0 } else { tokens }, at_ms: now_ms };
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(quota: &mut Quota, knobs: &Knobs, now_ms: i64) -> usize {
        (0..100).filter(|_| quota.take("a", knobs, now_ms)).count()
    }

    #[test]
    fn a_full_bucket_then_the_rate() {
        let knobs = Knobs { quota_per_second: 10, ..Knobs::default() };
        let mut quota = Quota::default();
        assert_eq!(granted(&mut quota, &knobs, 0), 10);
        assert_eq!(granted(&mut quota, &knobs, 500), 5);
        assert_eq!(granted(&mut quota, &knobs, 60_000), 10, "a bucket never holds more than its size");
        assert!(quota.take("b", &knobs, 60_000), "accounts do not share");
        assert_eq!(granted(&mut quota, &knobs, 0), 0, "a clock set back gives nothing and breaks nothing");
    }

    #[test]
    fn the_burst_is_a_size_of_its_own_and_zero_is_no_limit() {
        let mut quota = Quota::default();
        let knobs = Knobs { quota_per_second: 10, quota_burst: 3, ..Knobs::default() };
        assert_eq!(granted(&mut quota, &knobs, 0), 3);
        assert_eq!(granted(&mut quota, &Knobs::default(), 0), 100);
    }
}
