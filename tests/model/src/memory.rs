//! The production memory of an object, by number. It is the real `ObjectState` with its real `process` and `listed`.
//! "Now" is fixed, and the instants in the memory move away from it tick by tick.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dataset_operator::plan::intent::Intent;
use dataset_operator::plan::object::{ObjectFacts, Stored};
use dataset_operator::reconcile::object_state::ObjectState;
use dataset_operator::reconcile::own_writes::OwnWrites;
use dataset_operator::remote::id::RemoteId;
use tokio::time::Instant;

use crate::question;
use crate::scenario::Scenario;
use crate::words::{self, ticks};
use crate::world::{ADOPTED, Kin, Nonce, Object};

/// A memory of an object that was never seen before.
pub const FRESH: u16 = 0;

/// How long the service has to stop a run before it is asked again (`plan/marked/run_end.rs`).
pub const STOPPING: Duration = Duration::from_secs(30);

/// All memories that occur.
pub struct Memories {
    now: Instant,
    caps: Caps,
    table: Mutex<Table>,
}

/// Ages from which on nothing changes any more, in ticks.
struct Caps {
    doubt: u8,
    recorded: u8,
    name_taken: u8,
    deleting: u8,
}

#[derive(Default)]
struct Table {
    all: Vec<ObjectState>,
    prints: Vec<u64>,
    numbers: HashMap<ObjectState, u16>,
    processed: HashMap<(u16, Nonce, bool), (u16, question::Memory)>,
    ticked: HashMap<u16, u16>,
}

impl Memories {
    /// None yet.
    #[must_use]
    pub fn new(scenario: &Scenario, list_lag: u8) -> Self {
        let now = Instant::now() + Duration::from_secs(1_000);
        let caps = Caps {
            doubt: scenario.settle + 1,
            recorded: list_lag + 1,
            name_taken: list_lag,
            // `TOGETHER` of `kinds/tree.rs`: so long a deletion waits for those of its relatives.
            deleting: if scenario.versioned || scenario.kin != Kin::Quiet { 2 } else { 0 },
        };
        let memories = Self { now, caps, table: Mutex::default() };
        memories.table().number(ObjectState::new(now), now);
        memories
    }

    /// The facts that a decision may know, and the memory after it: a nonce that is new to the process starts its
    /// settle time.
    #[must_use]
    pub fn process(&self, number: u16, object: &Object) -> (u16, question::Memory) {
        let own = object.intent.filter(|intent| intent.uid == object.uid);
        let newest = own.and_then(|intent| intent.attempts.iter().rev().find(|attempt| attempt.nonce > 0).copied());
        let newest = newest.map_or(0, |attempt| attempt.nonce);
        let key = (number, newest, object.deleting);
        let mut table = self.table();
        if let Some(known) = table.processed.get(&key) {
            return *known;
        }
        let mut memory = table.get(number);
        let seen = memory.process(&facts(newest, object.deleting), self.now, "");
        let after = table.number(memory, self.now);
        let age = |age: Duration| u8::try_from(age.as_secs()).unwrap_or(u8::MAX);
        let compact = question::Memory {
            doubt_age: age(seen.uncertain_for),
            lists: u8::try_from(seen.lists).unwrap_or(u8::MAX),
            settled_lists: u8::try_from(seen.settled_lists).unwrap_or(u8::MAX),
            resolved: seen.resolved,
            never_executed: seen.never_executed.as_deref().and_then(words::of_nonce),
            name_taken: seen.name_taken.map(age),
            deleting_age: age(seen.deleting_age),
            recorded_age: seen.recorded_age.map(age),
            stopped: seen.stopped.and_then(|(id, age)| Some((words::of_run(&id)?, age >= STOPPING))),
        };
        table.processed.insert(key, (after, compact));
        (after, compact)
    }

    /// The id that this process recorded.
    #[must_use]
    pub fn recorded_id(&self, number: u16) -> Option<RemoteId> {
        self.table().all.get(usize::from(number)).and_then(|memory| memory.recorded.clone()).map(|(id, _)| id)
    }

    /// The ids that a memory refers to.
    pub fn ids(&self, number: u16) -> impl Iterator<Item = RemoteId> {
        let memory = self.table().all.get(usize::from(number)).cloned();
        memory.into_iter().flat_map(|memory| memory.recorded.into_iter().chain(memory.stopped)).map(|(id, _)| id)
    }

    /// Is a copy of this version older than our own last write?
    #[must_use]
    pub fn is_stale(&self, written: u8, seen: u8) -> bool {
        let mut echo = OwnWrites::default();
        echo.read((written > 0).then(|| written.to_string()));
        echo.is_stale(&seen.to_string())
    }

    /// The memory one tick later.
    #[must_use]
    pub fn tick(&self, number: u16) -> u16 {
        let mut table = self.table();
        if let Some(later) = table.ticked.get(&number) {
            return *later;
        }
        let mut memory = table.get(number);
        let older = |instant: Instant, cap: u8| {
            let age = (self.now - instant + ticks(1)).min(ticks(cap));
            self.now.checked_sub(age).unwrap_or(instant)
        };
        memory.doubt.since = older(memory.doubt.since, self.caps.doubt);
        memory.name_taken = memory.name_taken.map(|instant| older(instant, self.caps.name_taken));
        memory.deleting_since = memory.deleting_since.map(|instant| older(instant, self.caps.deleting));
        // After a tick a run that was asked to stop may be asked again.
        let long_ago = self.now.checked_sub(STOPPING);
        memory.stopped = memory.stopped.map(|(id, asked)| (id, long_ago.unwrap_or(asked)));
        memory.recorded = memory.recorded.map(|(id, instant)| (id, older(instant, self.caps.recorded)));
        let later = table.number(memory, self.now);
        table.ticked.insert(number, later);
        later
    }

    /// The nonces that a memory refers to, as bits.
    #[must_use]
    pub fn nonces(&self, number: u16) -> u64 {
        let table = self.table();
        let Some(memory) = table.all.get(usize::from(number)) else { return 0 };
        let nonces = memory.doubt.nonce.iter().chain(&memory.never_executed);
        nonces.filter_map(|nonce| words::of_nonce(nonce)).fold(0, |bits, nonce| bits | 1_u64 << (nonce & !ADOPTED))
    }

    /// The contents of a memory as a number that does not depend on the order of exploration.
    #[must_use]
    pub fn print(&self, number: u16) -> u64 {
        self.table().prints.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// The memory after a change at this time.
    #[must_use]
    pub fn change(&self, number: u16, change: impl FnOnce(&mut ObjectState, Instant)) -> u16 {
        let mut table = self.table();
        let mut memory = table.get(number);
        change(&mut memory, self.now);
        // More lists than two make no difference.
        memory.doubt.lists = memory.doubt.lists.min(2);
        memory.doubt.settled_lists = memory.doubt.settled_lists.min(2);
        table.number(memory, self.now)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn get(&self, number: u16) -> ObjectState {
        self.all[usize::from(number)].clone()
    }

    fn number(&mut self, memory: ObjectState, now: Instant) -> u16 {
        if let Some(number) = self.numbers.get(&memory) {
            return *number;
        }
        let number = u16::try_from(self.all.len()).unwrap_or(u16::MAX);
        self.prints.push(print_of(&memory, now));
        self.all.push(memory.clone());
        self.numbers.insert(memory, number);
        number
    }
}

/// The differences between memories, by ages instead of instants.
fn print_of(memory: &ObjectState, now: Instant) -> u64 {
    let age = |instant: Instant| now.duration_since(instant);
    let ages = (age(memory.doubt.since), memory.name_taken.map(age), memory.deleting_since.map(age));
    let recorded = memory.recorded.as_ref().map(|(id, instant)| (id.to_string(), age(*instant)));
    let lists = (memory.doubt.lists, memory.doubt.settled_lists, memory.doubt.resolved);
    let mut hasher = DefaultHasher::new();
    let stopped = memory.stopped.as_ref().map(|(id, instant)| (id.to_string(), age(*instant)));
    (ages, recorded, stopped, lists, &memory.doubt.nonce, &memory.never_executed).hash(&mut hasher);
    hasher.finish()
}

/// The facts that a memory reads.
fn facts(newest: Nonce, deleting: bool) -> ObjectFacts {
    let attempt = |nonce| dataset_operator::plan::intent::Attempt { nonce: words::nonce(nonce), hash: String::new() };
    let attempts = (newest > 0).then(|| attempt(newest)).into_iter().collect();
    let intent = Stored::Own(Intent { attempts, ..Intent::default() });
    ObjectFacts { deleting, intent, ..ObjectFacts::default() }
}
