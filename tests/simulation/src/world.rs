//! Everything around the operator in simulated time: both servers, and the faults with their places.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pai_emulator::{Emulator, Options};

use crate::apiserver::Apiserver;
use crate::apiserver::store::{Key, Resource};
use crate::clock;
use crate::evidence::{Evidence, is_unique, knobs};
use crate::history::{Class, Entry};
use crate::identity;
use crate::job::NAMESPACE;
use crate::kind::Kind;
use crate::life::Life;
use crate::scenario::{Fault, Place, Scenario, Side};

/// How long a machine sleeps.
const SLEEP: Duration = Duration::from_secs(60);
/// How long lists are short, writes are refused, or the identity is another: longer than the settle time.
const SPELL: Duration = Duration::from_secs(300);

/// The world of one run.
pub(crate) struct World {
    pub(crate) apiserver: Apiserver,
    pub(crate) evidence: Evidence,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    armed: bool,
    faults: Vec<Fault>,
    /// Calls of each side, and seams, since the faults were armed.
    numbers: [u32; 3],
    life: Life,
    /// How long the machine has slept.
    slept: Duration,
    /// Until then lists leave something out.
    short_until: Duration,
    /// Until then the API server refuses writes to objects.
    denied_until: Duration,
    /// Until then the operator runs under another identity.
    stranger_until: Duration,
}

impl World {
    /// The world at the beginning. The seed decides its sort.
    pub(crate) fn new(scenario: &Scenario) -> Arc<Self> {
        let (seed, credentials) = (Some(scenario.seed), identity::all());
        let options = Options { seed, credentials, knobs: knobs(scenario), clock: clock::millis, ..Options::default() };
        let cloud = Emulator::without_port(options).unwrap();
        let state = State {
            random: fastrand::Rng::with_seed(scenario.seed),
            armed: false,
            faults: scenario.faults.clone(),
            numbers: [0; 3],
            life: Life::default(),
            slept: Duration::ZERO,
            short_until: Duration::ZERO,
            denied_until: Duration::ZERO,
            stranger_until: Duration::ZERO,
        };
        Arc::new(Self {
            apiserver: Apiserver::new(if is_unique(scenario.seed) { 33 } else { 36 }, clock::now),
            evidence: Evidence::new(scenario, cloud),
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // --- faults ---

    /// From now on calls are counted, and faults happen.
    pub(crate) fn arm(&self) {
        self.state().armed = true;
    }

    /// A call or a step begins: returns its place in the history, and its fault.
    pub(crate) fn begin(&self, entry: Entry, side: Side) -> (usize, Option<Kind>) {
        let mut state = self.state();
        let place = state.armed.then(|| {
            let count = &mut state.numbers[side as usize];
            *count += 1;
            Place { side, number: *count }
        });
        let struck = place.and_then(|place| state.faults.iter().position(|fault| fault.place == place));
        let fault = struck.map(|at| state.faults.remove(at).kind);
        (self.evidence.note(Entry { place, fault, ..entry }), fault)
    }

    /// The time a message takes.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.state().random.u64(200..8000))
    }

    /// A pass is between two steps. `false`: the operator dies here.
    pub(crate) fn seam(self: &Arc<Self>, when: &str, step: &str) -> bool {
        let life = self.state().life.clone();
        if !life.lives() {
            return false;
        }
        let entry = Entry::new(clock::elapsed(), life.number, Class::Seam, format!("{when} {step}"));
        match self.begin(entry, Side::Seam).1 {
            Some(Kind::Crash) => {
                life.end();
                false
            }
            Some(Kind::Stranger) => {
                self.state().stranger_until = clock::elapsed() + SPELL;
                life.end();
                false
            }
            Some(kind) => {
                self.meddle(kind);
                true
            }
            None => true,
        }
    }

    /// How long the machine has slept so far.
    pub(crate) fn slept(&self) -> Duration {
        self.state().slept
    }

    /// From now on lists leave something out for a while.
    pub(crate) fn shorten_lists(&self) {
        self.state().short_until = clock::elapsed() + SPELL;
    }

    /// Do they?
    pub(crate) fn lists_are_short(&self) -> bool {
        clock::elapsed() < self.state().short_until
    }

    /// From now on writes to objects are refused for a while.
    pub(crate) fn deny_writes(&self) {
        self.state().denied_until = clock::elapsed() + SPELL;
    }

    /// Are they?
    pub(crate) fn writes_are_denied(&self) -> bool {
        clock::elapsed() < self.state().denied_until
    }

    /// For how long a life that begins now has another identity.
    pub(crate) fn stranger_for(&self) -> Duration {
        self.state().stranger_until.saturating_sub(clock::elapsed())
    }

    /// The next life of the operator.
    pub(crate) fn begin_life(&self) -> Life {
        let mut state = self.state();
        state.life = state.life.next();
        state.life.clone()
    }

    fn meddle(self: &Arc<Self>, kind: Kind) {
        let (resource, name, spec) = self.evidence.job.main();
        match kind {
            Kind::Sleep => self.state().slept += SLEEP,
            Kind::Edit => self.edit(resource, name, self.evidence.job.meddling()),
            Kind::Delete => self.delete(resource, name),
            Kind::Recreate => {
                self.recreate(resource, name, spec);
                self.delete(resource, name);
            }
            Kind::Replace => self.replace(resource, name, &spec),
            other => panic!("{other} is no fault between two steps"),
        }
    }
}

/// Where an object is.
pub fn key(resource: Resource, name: &str) -> Key {
    Key { resource, namespace: NAMESPACE.to_owned(), name: name.to_owned() }
}
