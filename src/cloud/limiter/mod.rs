//! One rate limiter per account and region, in front of every call to `AIWorkSpace` and `Imm`.
//!
//! What it promises:
//! * In any window of `w` seconds it grants at most `0.98 × qps × w + 2` permits, over all lanes together, so neither a
//!   token bucket nor a quota per second rejects anything. The same holds for each operation with a quota of its own.
//! * Lanes: a user's change goes before creates, and creates before sweeps; but a tenth of the rate is reserved for
//!   creates and a twentieth for sweeps. In a lane, calls that wait inline go before objects that come back for their
//!   permit; each of the two groups is served in the order of arrival, as long as an object comes back in time.
//! * It does not queue futures: an object that reserves a permit gets a time, holds nothing and comes back then. Coming
//!   back a few milliseconds late costs nobody a permit.
//! * A throttled call halves the rate of the account or of its operation, whichever the service names, and each call
//!   that is carried out raises it again, up to the stated limit. Nothing is granted before the service's `Retry-After`
//!   has passed.
//! * With a daily budget, sweeps stop when nine tenths of it are spent and creates when all of it is; changes and
//!   deletions by users go on. The count lives in memory and begins again with the process.
//!
//! The rules are in [`schedule`], a pure state machine that gets the time as a value; this module has only the lock,
//! the clock and the waiting.

mod bucket;
mod budget;
mod guard;
mod lane;
mod limits;
mod pace;
mod queues;
mod registry;
mod schedule;
mod throttling;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::operation::Operation;
use crate::lock::lock;
use budget::Budget;
use queues::{Key, Line, Waiting};
use schedule::{Schedule, Verdict};

pub use lane::Lane;
pub use limits::{Limits, Statement};
pub use registry::{Limiters, Quota};
pub use throttling::{Scope, Throttling};

/// A quota that no limiter can be made for.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("qps must be a number between 0.001 and 1000000, not {0}")]
pub struct QpsError(pub f64);

/// The answer of [`Limiter::reserve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// A permit for one call now; the place is used up.
    Granted,
    /// No permit yet: the place is kept. Come back at this time.
    At(Instant),
    /// The daily budget is spent for this lane; come back at this time, when a new day begins. No place is kept.
    Spent(Instant),
}

/// The position of a place in the limiter's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// How many calls go before it.
    pub before: usize,
    /// Its turn, as it was estimated last.
    pub due: Instant,
}

/// The limiter of one account. Cheap to ask, never blocks for longer than a few instructions.
#[derive(Debug)]
pub struct Limiter {
    schedule: Mutex<Schedule>,
    origin: Instant,
    waiters: AtomicU64,
}

/// The state of a limiter at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct LimiterSnapshot {
    /// The number of places in each lane: of objects that come back, and of calls that wait inline.
    pub waiting: [(Lane, usize); Lane::ALL.len()],
    /// Permits per second of the account.
    pub rate: f64,
    /// Permits per second of operations whose own limit was stated or that throttling slowed down.
    pub operation_rates: Vec<(Operation, f64)>,
    /// The calls that are allowed per day, and how many of today's are spent.
    pub budget: Option<(u64, u64)>,
}

impl Limiter {
    /// A limiter for an account that may make `qps` calls per second; 98 % of that is used. `qps` must
    /// lie between 0.001 and 1,000,000.
    pub fn new(qps: f64) -> Result<Self, QpsError> {
        Limits::new(qps).map(|limits| Self::of(&limits))
    }

    /// A limiter for an account with these limits; 98 % of each is used.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self { schedule: Mutex::new(Schedule::new(limits)), origin: Instant::now(), waiters: AtomicU64::new(0) }
    }

    /// From now on, these are the limits. Places are kept. An object that waits comes back at the time that it was told, so
    /// after a rise it should be woken.
    pub fn set(&self, limits: &Limits) {
        let mut schedule = lock(&self.schedule);
        schedule.set(self.origin.elapsed(), limits);
    }

    /// Allows at most `calls` calls per day of UTC, except changes and deletions by users; `now` is the time of day.
    #[must_use]
    pub fn with_daily_budget(self, calls: u64, now: Timestamp) -> Self {
        const DAY: i64 = 24 * 3600;
        let seconds = now.as_second().rem_euclid(DAY).unsigned_abs();
        let of_day = Duration::from_secs(seconds).saturating_sub(self.origin.elapsed());
        lock(&self.schedule).set_budget(Budget::new(calls, of_day));
        self
    }

    /// Asks for a permit to call `operation` for the object `key`. Each key has at most one place, in one lane and for
    /// one operation. A key that asks again before its time gets about the same time. At its time or later it gets the
    /// permit, unless others were late or went before and the rate would be exceeded; then the place gets a new time.
    pub fn reserve(&self, key: &str, lane: Lane, operation: Operation) -> Reservation {
        match self.ask(&Key::Object(key.to_owned()), Line { lane, waiting: Waiting::Away, operation }) {
            Verdict::Granted => Reservation::Granted,
            Verdict::At(time) => Reservation::At(self.instant(time)),
            Verdict::Spent(time) => Reservation::Spent(self.instant(time)),
        }
    }

    /// The position of `key` in the lines, if it has a place.
    pub fn ahead(&self, key: &str) -> Option<Ahead> {
        let (before, due) = lock(&self.schedule).ahead(&Key::Object(key.to_owned()))?;
        Some(Ahead { before, due: self.instant(due) })
    }

    /// Gives up the place of `key`, if it has one.
    pub fn forget(&self, key: &str) {
        lock(&self.schedule).forget(&Key::Object(key.to_owned()));
    }

    /// Waits for a permit to call `operation`; if the daily budget is spent for `lane`, until the next day. Dropping
    /// the future gives up the place.
    pub async fn acquire(&self, lane: Lane, operation: Operation) {
        let number = self.waiters.fetch_add(1, Ordering::Relaxed);
        let waiter = Waiter { limiter: self, key: Key::Waiter(number) };
        let place = Line { lane, waiting: Waiting::Present, operation };
        while let Verdict::At(time) | Verdict::Spent(time) = self.ask(&waiter.key, place) {
            sleep_until(self.instant(time)).await;
        }
    }

    /// Waits until a call that has its permit may leave. The work between permit and call takes a varying time, so
    /// calls may come in a crowd: they are spread so that no second sees more than the quota. Mostly there is no wait.
    /// Calls for a user's change never wait here, except deletes: those that shared a read come as a crowd too.
    pub async fn leave(&self, lane: Lane, operation: Operation) {
        let crowds = lane != Lane::UserChange || operation == Operation::DeleteDataset;
        if crowds {
            let at = lock(&self.schedule).leave(self.origin.elapsed(), operation);
            sleep_until(self.instant(at)).await;
        }
    }

    /// The service throttled a call of `operation` that was sent at `sent`: the rate of the account or of the operation
    /// is halved, and no permit of it is granted before `throttling.after` has passed.
    pub fn throttled(&self, operation: Operation, sent: Instant, throttling: Throttling) {
        let sent = sent.saturating_duration_since(self.origin);
        let mut schedule = lock(&self.schedule);
        schedule.throttled(self.origin.elapsed(), sent, operation, throttling);
    }

    /// The service carried out a call of `operation`: lowered rates rise a little.
    pub fn succeeded(&self, operation: Operation) {
        let mut schedule = lock(&self.schedule);
        schedule.succeeded(self.origin.elapsed(), operation);
    }

    /// A permit was granted, but its call did not reach the service: it does not count for the budget.
    pub fn unused(&self) {
        let mut schedule = lock(&self.schedule);
        schedule.unused(self.origin.elapsed());
    }

    /// Permits per second of the account at present.
    pub fn rate(&self) -> f64 {
        lock(&self.schedule).rate()
    }

    /// The calls that are allowed per day, if there is a daily budget.
    pub fn daily_budget(&self) -> Option<u64> {
        self.snapshot().budget.map(|(calls, _)| calls)
    }

    /// Its state now.
    pub fn snapshot(&self) -> LimiterSnapshot {
        let schedule = lock(&self.schedule);
        LimiterSnapshot {
            waiting: Lane::ALL.map(|lane| (lane, schedule.waiting(lane))),
            rate: schedule.rate(),
            operation_rates: schedule.operation_rates().collect(),
            budget: schedule.budget(self.origin.elapsed()),
        }
    }

    fn ask(&self, key: &Key, line: Line) -> Verdict {
        let mut schedule = lock(&self.schedule);
        // Read under the lock, so that time never runs backwards for the schedule.
        let now = self.origin.elapsed();
        schedule.ask(now, key, line)
    }

    fn instant(&self, time: Duration) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let far = || Instant::now() + FAR;
        self.origin.checked_add(time).unwrap_or_else(far)
    }
}

/// Gives up the place when the wait ends, for whatever reason.
struct Waiter<'a> {
    limiter: &'a Limiter,
    key: Key,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        lock(&self.limiter.schedule).forget(&self.key);
    }
}

#[cfg(test)]
mod tests;
