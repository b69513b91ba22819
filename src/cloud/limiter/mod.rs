//! One rate limiter per account, in front of every call.
//!
//! What it promises: in any window of `w` seconds it grants at most `0.98 × qps × w + 2` permits; of those
//! who come at their time places are served in the order in which they were taken; a place that is given
//! up goes to the next one who asks. It does not queue futures: who reserves gets a time, holds nothing and comes back then.
//! Throttling by the service halves the rate; successes let it grow back.
//!
//! The rules are in [`schedule`], a pure state machine over time as a value; here are only the lock, the
//! clock and the waiting.

mod schedule;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub use schedule::QpsError;
use schedule::{Key, Schedule, Verdict};

/// What a permit is for. All share one queue for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// A change or deletion that a user asked for.
    UserChange,
    /// The creation of a dataset or version.
    Create,
    /// Reading the cloud in the background.
    Sweep,
}

impl Lane {
    /// The lane's name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserChange => "user-change",
            Self::Create => "create",
            Self::Sweep => "sweep",
        }
    }
}

/// What [`Limiter::reserve`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// A permit for one call now; the place is used up.
    Granted,
    /// No permit yet: the place is kept, come back at this time.
    At(Instant),
}

/// The limiter of one account. Cheap to ask, never blocks for longer than a few instructions.
#[derive(Debug)]
pub struct Limiter {
    schedule: Mutex<Schedule>,
    origin: Instant,
    waiters: AtomicU64,
}

impl Limiter {
    /// A limiter for an account that may make `qps` calls per second; 98 % of that is used. `qps` must
    /// lie between 0.001 and 1,000,000.
    pub fn new(qps: f64) -> Result<Self, QpsError> {
        Ok(Self { schedule: Mutex::new(Schedule::new(qps)?), origin: Instant::now(), waiters: AtomicU64::new(0) })
    }

    /// Asks for a permit for the object `key`. One place is kept per key: asked again before its time
    /// the answer is the same time (it moves if the rate changes meanwhile or if many come late). At its
    /// time or after it the permit is granted, unless others came late and the rate would be exceeded;
    /// then the place gets a new time, as soon as possible. Coming back within one permit's distance
    /// costs nothing; up to five times as late it costs little.
    pub fn reserve(&self, key: &str, lane: Lane) -> Reservation {
        match self.ask(Key::Object(key.to_owned()), lane) {
            Verdict::Granted => Reservation::Granted,
            Verdict::At(time) => Reservation::At(self.instant(time)),
        }
    }

    /// Gives up the place of `key`, if it has one; its time goes to the next one who asks.
    pub fn forget(&self, key: &str) {
        self.schedule().forget(&Key::Object(key.to_owned()));
    }

    /// Waits for a permit. Dropping the future gives the place up.
    pub async fn acquire(&self, lane: Lane) {
        let number = self.waiters.fetch_add(1, Ordering::Relaxed);
        let waiter = Waiter { limiter: self, key: Key::Waiter(number) };
        while let Verdict::At(time) = self.ask(waiter.key.clone(), lane) {
            sleep_until(self.instant(time)).await;
        }
    }

    /// The service throttled a call: the rate is halved, at most once per second, and nothing is granted
    /// before `after` has passed.
    pub fn throttled(&self, after: Option<Duration>) {
        let now = self.origin.elapsed();
        self.schedule().throttled(now, after.unwrap_or_default());
    }

    /// The service carried out a call: a lowered rate grows, from half to full in about 10 s.
    pub fn succeeded(&self) {
        let now = self.origin.elapsed();
        self.schedule().succeeded(now);
    }

    /// Permits per second at present.
    pub fn rate(&self) -> f64 {
        self.schedule().rate()
    }

    fn ask(&self, key: Key, _lane: Lane) -> Verdict {
        let mut schedule = self.schedule();
        // Read under the lock, so that time never runs backwards for the schedule.
        let now = self.origin.elapsed();
        schedule.ask(now, key)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instant(&self, time: Duration) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let far = || Instant::now() + FAR;
        self.origin.checked_add(time).unwrap_or_else(far)
    }
}

/// Gives the place up when the waiting ends, however it ends.
struct Waiter<'a> {
    limiter: &'a Limiter,
    key: Key,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.limiter.schedule().forget(&self.key);
    }
}

#[cfg(test)]
mod tests;
