//! The environment of a process: the time of day, the time since boot, random bytes. In debug builds a simulation can
//! replace all of it on its own thread, and tests can end a reconcile between two of its steps.

use std::time::Duration;

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The time of day.
pub(crate) fn now() -> Timestamp {
    #[cfg(debug_assertions)]
    if let Some(now) = simulated::with(|simulated| simulated.now()) {
        return now;
    }
    Timestamp::now()
}

/// Time since boot, suspend included, so that a process that was frozen sees how much time has gone by.
pub(crate) fn since_boot() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(time) = simulated::with(|simulated| simulated.since_boot()) {
        return time;
    }
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// The value of a variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Random bytes; `None` if the system has none, which does not happen on a running machine.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    #[cfg(debug_assertions)]
    if simulated::with(|simulated| simulated.fill(&mut bytes)).is_some() {
        return Some(bytes);
    }
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A reconcile is before or after a step; a test can make it end here. Does nothing in release builds.
///
/// With `DATASET_OPERATOR_CRASH="after Create"`, or for one kind only `"after Create of DatasetVersion"`, the process
/// aborts there, as if it were killed. With `DATASET_OPERATOR_PAUSE="before Create 3s"` the first reconcile that comes
/// there waits that long. In a simulation the reconcile stops for good, and the simulation ends the process.
#[cfg(debug_assertions)]
pub(crate) async fn failpoint(when: &str, step: &str, kind: &str) {
    let here = format!("{when} {step}");
    if std::env::var("DATASET_OPERATOR_CRASH").is_ok_and(|point| point == here || point == format!("{here} of {kind}"))
    {
        std::process::abort();
    }
    if let Some(time) = pause::at(&here) {
        tokio::time::sleep(time).await;
    }
    if simulated::with(|simulated| simulated.goes_on(when, step)) == Some(false) {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(debug_assertions))]
pub(crate) async fn failpoint(_: &str, _: &str, _: &str) {}

#[cfg(debug_assertions)]
pub use simulated::{Guard, Simulated, simulated};

#[cfg(debug_assertions)]
mod pause {
    use std::sync::{LazyLock, Mutex, PoisonError};
    use std::time::Duration;

    /// Where a reconcile waits, and how long; `None` once one did.
    static PAUSE: LazyLock<Mutex<Option<(String, Duration)>>> =
        LazyLock::new(|| Mutex::new(std::env::var("DATASET_OPERATOR_PAUSE").ok().and_then(|text| parse(&text))));

    /// How long the reconcile at this point waits.
    pub(super) fn at(here: &str) -> Option<Duration> {
        let mut pause = PAUSE.lock().unwrap_or_else(PoisonError::into_inner);
        pause.take_if(|(point, _)| point == here).map(|(_, time)| time)
    }

    fn parse(text: &str) -> Option<(String, Duration)> {
        let (point, time) = text.rsplit_once(' ')?;
        let time: jiff::SignedDuration = time.parse().ok()?;
        Some((point.to_owned(), time.try_into().ok()?))
    }
}

#[cfg(debug_assertions)]
mod simulated {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use jiff::Timestamp;

    /// A simulated environment.
    pub trait Simulated {
        /// The time of day.
        fn now(&self) -> Timestamp;
        /// The time since boot.
        fn since_boot(&self) -> Duration;
        /// Random bytes.
        fn fill(&self, bytes: &mut [u8]);
        /// A reconcile is before or after this step. `false`: the process dies here.
        fn goes_on(&self, when: &str, step: &str) -> bool;
    }

    thread_local! {
        static PRESENT: RefCell<Option<Rc<dyn Simulated>>> = const { RefCell::new(None) };
    }

    /// Ends the simulated environment when it is dropped.
    #[derive(Debug)]
    pub struct Guard(());

    impl Drop for Guard {
        fn drop(&mut self) {
            PRESENT.set(None);
        }
    }

    /// From now on everything that runs on this thread gets its environment from `with`.
    #[must_use]
    pub fn simulated(with: Rc<dyn Simulated>) -> Guard {
        PRESENT.set(Some(with));
        Guard(())
    }

    /// Asks the simulated environment, if there is one.
    pub(super) fn with<T>(ask: impl FnOnce(&dyn Simulated) -> T) -> Option<T> {
        let present = PRESENT.with_borrow(Clone::clone);
        present.map(|present| ask(&*present))
    }
}
