//! The model itself: the actions that are possible in a state, and the state after each of them. The production code makes
//! the decisions; everything else is here.
//!
//! Each room lists the actions of its part and computes the next state: `processes`, `wire`, `time`, `people` and
//! `relatives`; `start` is the state in which a scenario begins.

mod people;
mod processes;
mod relatives;
mod start;
mod time;
mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use dataset_operator::plan::view::View;
use dataset_operator::plan::{self, Step};

use crate::actor::Actor;
use crate::compare;
use crate::faults::{Action, Fault, KINDS};
use crate::memory::Memories;
use crate::oracle::Oracle;
use crate::properties::{self, Event};
use crate::references;
use crate::scenario::Scenario;
use crate::words::Words;
use crate::world::{Doing, State};
use time::LIST_LAG;

/// One scenario, with the production code in it.
pub struct Model {
    /// What happens in it.
    pub scenario: Scenario,
    /// Asks `plan`.
    pub oracle: Oracle,
    /// The production memories.
    pub memories: Memories,
    events: [AtomicU64; Event::ALL.len()],
    taken: [AtomicU64; KINDS],
}

impl Model {
    /// The production code in a scenario.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self::with(scenario, plan::plan)
    }

    /// Another `plan` in a scenario: with it tests show that the checker finds a wrong one.
    #[must_use]
    pub fn with(scenario: Scenario, plan: fn(&View) -> Step) -> Self {
        let (words, settle) = (Words::new(scenario.versioned, scenario.runs), scenario.settle);
        Self {
            oracle: Oracle::new(words, settle, LIST_LAG, plan),
            memories: Memories::new(&scenario, LIST_LAG),
            events: Default::default(),
            taken: [const { AtomicU64::new(0) }; KINDS],
            scenario,
        }
    }

    /// Was this fault used on the way to this state?
    #[must_use]
    pub fn used(&self, state: &State, fault: Fault) -> bool {
        state.budget[fault.at()] < self.scenario.budget[fault.at()]
    }

    /// Writes down that something happened.
    pub fn saw(&self, event: Event) {
        self.events[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What happened, and how often it was met.
    #[must_use]
    pub fn events(&self) -> BTreeMap<Event, u64> {
        Event::ALL.into_iter().zip(&self.events).map(|(event, count)| (event, count.load(Ordering::Relaxed))).collect()
    }

    /// Which kinds of action were taken, and how often.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<String, u64> {
        let counts = self.taken.iter().map(|count| count.load(Ordering::Relaxed)).enumerate();
        counts.filter(|(_, count)| *count > 0).map(|(kind, count)| (Action::kind_name(kind), count)).collect()
    }

    /// What can happen.
    pub fn list(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken > 0 {
            return;
        }
        let slots = u8::try_from(state.objects.len()).unwrap_or_default();
        processes::list(state, slots, actions);
        wire::list(state, actions);
        time::list(state, actions);
        people::list(state, slots, actions);
        relatives::list(self, state, actions);
    }

    /// The state after an action; `None` if nothing changes, or the action is not possible.
    #[must_use]
    pub fn apply(&self, before: &State, action: &Action) -> Option<State> {
        let mut state = before.clone();
        self.act(&mut state, action)?;
        if let Some(breach) = compare::compare(self, before, action, &state) {
            properties::broke(&mut state, breach);
        }
        references::tidy(self, &mut state);
        if state == *before {
            return None;
        }
        self.taken[action.kind()].fetch_add(1, Ordering::Relaxed);
        Some(state)
    }

    fn act(&self, state: &mut State, action: &Action) -> Option<()> {
        match *action {
            Action::Step(process, slot, fate) => {
                if let Some(fault) = properties::fault_of(fate) {
                    spend(state, fault)?;
                }
                Actor { model: self, state, process, slot }.step(fate).then_some(())
            }
            Action::Watch(process, slot) => processes::watch(state, process, slot),
            Action::Sweep(process) => processes::sweep(self, state, process),
            Action::Page(process, id) => processes::page(state, process, id),
            Action::Crash(process) => processes::crash(state, process),
            Action::Arrive(at) => wire::arrive(self, state, at),
            Action::Vanish(at) => state.messages[usize::from(at)].take().map(drop),
            Action::Wire(at, fault) => wire::fail(self, state, at, fault),
            Action::Straggle => wire::straggle(self, state),
            Action::StragglerVanishes => state.straggler.take().map(drop),
            Action::Tick => time::tick(self, state),
            Action::Freeze => time::freeze(self, state),
            Action::Catch(id) => time::catch_up(state, id),
            Action::Succeeds(id) => time::ends(state, id, Doing::Succeeded),
            Action::User(slot, fault) => people::user(self, state, slot, fault),
            Action::Outside(id, fault) => people::outside(state, id, fault),
            Action::Snapshot => people::snapshot(state),
            Action::Restore(fault) => people::restore(state, fault),
            Action::Principal => people::principal(state),
            Action::Kin(kin) => relatives::kin(self, state, kin),
            Action::DatasetGoes => relatives::dataset_goes(self, state),
        }
    }
}

/// Is something of this fault left?
fn has(state: &State, fault: Fault) -> bool {
    state.budget[fault.at()] > 0
}

fn spend(state: &mut State, fault: Fault) -> Option<()> {
    let left = &mut state.budget[fault.at()];
    *left = left.checked_sub(1)?;
    Some(())
}
