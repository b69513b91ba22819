//! How a call comes by its permit.

use super::limiter::Lane;

/// A caller's place in the limiter: it may hold a permit for one call already; further calls wait inline in its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    lane: Lane,
    granted: bool,
}

impl Turn {
    /// Every call waits for its permit in this lane.
    #[must_use]
    pub const fn wait(lane: Lane) -> Self {
        Self { lane, granted: false }
    }

    /// The next call has its permit.
    #[must_use]
    pub const fn granted(lane: Lane) -> Self {
        Self { lane, granted: true }
    }

    /// The lane to wait in, or `None` if the permit that was granted is used up by this call.
    pub(super) const fn take(&mut self) -> Option<Lane> {
        if std::mem::replace(&mut self.granted, false) { None } else { Some(self.lane) }
    }
}
