//! The permit that a caller may bring along for its next call.

use super::limiter::Lane;

/// A caller's place in the limiter: it may hold a permit for one call already; further calls wait inline in its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    lane: Lane,
    granted: bool,
}

impl Permit {
    /// Every call waits in this lane for its permit.
    #[must_use]
    pub const fn wait(lane: Lane) -> Self {
        Self { lane, granted: false }
    }

    /// The next call has its permit.
    #[must_use]
    pub const fn granted(lane: Lane) -> Self {
        Self { lane, granted: true }
    }

    /// Whether the next call must wait for its permit. Uses up a permit that was granted.
    pub(super) const fn take(&mut self) -> bool {
        !std::mem::replace(&mut self.granted, false)
    }

    /// The lane that its calls belong to.
    pub(super) const fn lane(self) -> Lane {
        self.lane
    }
}
