//! Simulated time: the runtime's paused clock, counted from the first day of 2026, and random numbers of the seed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dataset_operator::environment::Simulated;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::world::World;

/// 2026-01-01T00:00:00Z
const EPOCH: i64 = 1_767_225_600;

thread_local! {
    static ORIGIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Time begins now, on this thread.
pub(crate) fn begin() {
    ORIGIN.set(Some(Instant::now()));
}

/// Time since the beginning.
pub(crate) fn elapsed() -> Duration {
    ORIGIN.get().map(|origin| origin.elapsed()).unwrap_or_default()
}

/// The time of day; where no simulated time began, that of the machine.
pub(crate) fn now() -> Timestamp {
    let simulated = |_| Timestamp::from_second(EPOCH).unwrap_or_default() + elapsed();
    ORIGIN.get().map_or_else(Timestamp::now, simulated)
}

/// The same in milliseconds since 1970.
pub(crate) fn millis() -> i64 {
    now().as_millisecond()
}

/// The clock and the random numbers that the operator gets instead of those of a machine.
pub(crate) struct Stage {
    world: Arc<World>,
    random: RefCell<fastrand::Rng>,
}

impl Stage {
    /// The stage of this world.
    pub(crate) fn new(world: Arc<World>, seed: u64) -> Rc<Self> {
        Rc::new(Self { world, random: RefCell::new(fastrand::Rng::with_seed(seed)) })
    }
}

impl Simulated for Stage {
    fn now(&self) -> Timestamp {
        now()
    }

    fn since_boot(&self) -> Duration {
        elapsed() + self.world.slept()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.random.borrow_mut().fill(bytes);
    }

    fn goes_on(&self, when: &str, step: &str) -> bool {
        self.world.seam(when, step)
    }
}
