//! Whether this process may change anything now. With leader election it may do so only while it surely holds the lease.
//! The clients ask right before they send a call that changes something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::environment;

/// Why a call that changes something was not sent.
pub(crate) const CLOSED: &str = "this process may change nothing, as it does not surely hold the lease";

/// Holds until a certain time since boot, which counts suspends too: a process that was frozen finds the fence closed.
/// Clones share their state.
#[derive(Debug, Clone)]
pub struct Fence(Arc<AtomicU64>);

impl Fence {
    /// It always holds: there is no leader election.
    #[must_use]
    pub fn open() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }

    /// It does not hold yet.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(AtomicU64::new(0)))
    }

    /// From now on it holds until this time since boot.
    pub(crate) fn set(&self, until: Duration) {
        self.0.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// It holds no more.
    pub(crate) fn close(&self) {
        self.set(Duration::ZERO);
    }

    /// Whether a call that changes something may be sent now.
    #[must_use]
    pub fn holds(&self) -> bool {
        environment::since_boot().as_millis() < u128::from(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_until_its_time() {
        assert!(Fence::open().holds());
        let fence = Fence::closed();
        assert!(!fence.holds());
        fence.set(environment::since_boot() + Duration::from_secs(60));
        assert!(fence.clone().holds(), "clones share their state");
        fence.set(environment::since_boot());
        assert!(!fence.holds());
        fence.set(Duration::MAX);
        assert!(fence.holds());
        fence.close();
        assert!(!fence.holds());
    }
}
