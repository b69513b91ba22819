//! How long an object waits after a failure.

use std::time::Duration;

/// The delay after `failures` failed reconciles in a row: 1 s doubling to 5 minutes, with up to a quarter of jitter.
#[must_use]
pub fn backoff(failures: u32, jitter: u8) -> Duration {
    let base = Duration::from_secs(1u64 << failures.saturating_sub(1).min(8)).min(Duration::from_secs(300));
    base + base.mul_f64(f64::from(jitter) / 255.0 / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_to_five_minutes_and_jitters_upwards() {
        assert_eq!(backoff(0, 0), Duration::from_secs(1));
        assert_eq!(backoff(1, 0), Duration::from_secs(1));
        assert_eq!(backoff(4, 0), Duration::from_secs(8));
        for failures in 0..100 {
            let (low, high) = (backoff(failures, 0), backoff(failures, 255));
            assert!(low <= Duration::from_secs(300) && high <= low.mul_f64(1.25) + Duration::from_millis(1));
        }
    }
}
