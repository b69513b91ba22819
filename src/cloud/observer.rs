//! The client's reports about its calls, for metrics.

use std::time::Duration;

use super::{limiter::Lane, operation::Operation};

/// The code of a call that was not given to the network.
pub(super) const NOT_SENT: &str = "not_sent";
/// The code of a call for which no connection was made.
pub(super) const NO_CONNECTION: &str = "connect";
/// The codes of calls that the service cannot have seen.
pub const UNSENT: [&str; 2] = [NOT_SENT, NO_CONNECTION];

/// Receives a report about every call. Implementations return at once and do not panic.
pub trait Observer: Send + Sync {
    /// A call ended. `code` is `OK`, a code of the service, or one of `http_3xx`, `http_4xx`,
    /// `http_5xx` (no code could be read), `connect`, `timeout`, `broken`, `garbled`, `not_sent`,
    /// `other`. Its values are bounded in number and length and safe as a metric label.
    fn call_finished(&self, operation: Operation, code: &str, took: Duration);
    /// A call in `lane` got its permit after `time`.
    fn waited(&self, lane: Lane, time: Duration);
    /// The service throttled a call (which is also reported as finished).
    fn throttled(&self, operation: Operation);
}

/// Observes nothing.
impl Observer for () {
    fn call_finished(&self, _: Operation, _: &str, _: Duration) {}
    fn waited(&self, _: Lane, _: Duration) {}
    fn throttled(&self, _: Operation) {}
}
