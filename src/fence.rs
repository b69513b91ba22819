//! Whether this process may change anything now. With leader election it may do so only while it surely holds the lease.
//! The clients ask before they send a call that changes something, and once more when it is written to a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};

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

/// The body of a request that was begun while a fence held, and fails if the fence holds no more when the request is
/// written. Between the two a request waits for a connection, and the process may stand still.
#[derive(Debug)]
pub(crate) struct FencedBody<B> {
    body: B,
    /// `None` if the fence did not hold when the request was begun: it changes nothing then.
    fence: Option<Fence>,
}

impl<B> FencedBody<B> {
    /// The body of a request that is begun now.
    pub(crate) fn new(body: B, fence: &Fence) -> Self {
        Self { body, fence: fence.holds().then(|| fence.clone()) }
    }

    fn is_late(&self) -> bool {
        self.fence.as_ref().is_some_and(|fence| !fence.holds())
    }
}

/// The HTTP library writes the head of a request to a buffer, asks the body for its bytes, and only then writes to the
/// connection; if the body fails, it closes the connection instead. It does not ask a body that is empty, so a late
/// one says that it has a byte.
impl<B: Body + Unpin> Body for FencedBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.is_late() {
            return Poll::Ready(Some(Err(CLOSED.into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.size_hint();
        if self.is_late() && hint.exact() == Some(0) { SizeHint::with_exact(1) } else { hint }
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
