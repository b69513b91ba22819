//! The model itself: which actions a state has, and what each makes of it. Production decides, the rest is here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use dataset_operator::engine::plan::{self, Step};
use dataset_operator::engine::view::View;

use crate::actor::Actor;
use crate::compare;
use crate::faults::{Action, Fate, Fault, KINDS};
use crate::goal;
use crate::memory::{FRESH, Memories};
use crate::oracle::Oracle;
use crate::people;
use crate::properties::{self, Breach, Event};
use crate::references;
use crate::rows;
use crate::scenario::Scenario;
use crate::service::{self, Answer};
use crate::store;
use crate::world::{
    Call, Desk, Domain, Flight, Kin, Landed, Life, Message, Object, Process, REMOTES, State, Status, Told, Wire, each,
    first_life,
};

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

    /// Another `plan` in a scenario: tests show with it that a wrong one is found out.
    #[must_use]
    pub fn with(scenario: Scenario, plan: fn(&View) -> Step) -> Self {
        let (versioned, settle) = (scenario.versioned, scenario.settle);
        Self {
            oracle: Oracle::new(versioned, settle, LIST_LAG, plan),
            memories: Memories::new(versioned, settle, LIST_LAG),
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

    /// The state in which the scenario begins.
    #[must_use]
    pub fn start(&self) -> State {
        let scenario = &self.scenario;
        let slots = scenario.wishes.len();
        let object = |slot: u8| Object {
            uid: first_life(slot),
            version: 1,
            generation: 1,
            spec: scenario.specs[usize::from(slot)],
            deleting: false,
            finalizer: false,
            intent: None,
            status: Status::default(),
        };
        let objects: Vec<_> = (0..).take(slots).map(|slot| Some(object(slot))).collect();
        let desk = |object: &Option<Object>| Desk { shown: *object, uid: 0, memory: FRESH, written: 0, pass: None };
        let process = || Process {
            swept: false,
            versions_known: false,
            held: [0; REMOTES],
            rows: [None; REMOTES],
            gone: 0,
            refused: false,
            desks: objects.iter().map(desk).collect(),
        };
        let mut state = State {
            lives: vec![1; slots],
            snapshot: None,
            remotes: scenario.remotes,
            messages: [None; crate::world::MESSAGES],
            straggler: None,
            processes: (0..scenario.processes).map(|_| process()).collect(),
            principal: 1,
            kin: scenario.kin,
            stranger_version: scenario.stranger_version,
            budget: scenario.budget,
            broken: 0,
            objects,
        };
        references::tidy(self, &mut state);
        if scenario.settled {
            self.settle(&mut state);
        }
        state
    }

    /// Lets everything happen that happens by itself.
    fn settle(&self, state: &mut State) {
        let mut actions = Vec::new();
        for _ in 0..1_000 {
            actions.clear();
            self.list(state, &mut actions);
            let order = |action: &&Action| matches!(action, Action::Tick);
            let quiet = actions.iter().filter(|action| action.is_quiet() && !matches!(action, Action::Vanish(_)));
            let (later, first): (Vec<_>, Vec<_>) = quiet.partition(order);
            let next = first.into_iter().chain(later).find_map(|action| self.apply(state, action));
            match next {
                Some(next) => *state = next,
                None => return,
            }
        }
    }

    /// What can happen.
    pub fn list(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken > 0 {
            return;
        }
        let has = |fault: Fault| state.budget[fault.at()] > 0;
        let slots = u8::try_from(state.objects.len()).unwrap_or_default();
        for (process, at) in (0..).zip(&state.processes) {
            for slot in 0..slots {
                if Actor::is_ready(state, process, slot) {
                    actions.push(Action::Step(process, slot, Fate::Well));
                    for fate in [Fate::Unanswered, Fate::Lost, Fate::Late] {
                        let free = fate != Fate::Late || state.straggler.is_none();
                        if properties::fault_of(fate).is_some_and(has) && free {
                            actions.push(Action::Step(process, slot, fate));
                        }
                    }
                }
                if at.desks[usize::from(slot)].shown != state.objects[usize::from(slot)] {
                    actions.push(Action::Watch(process, slot));
                }
            }
            actions.push(Action::Sweep(process));
            if has(Fault::HalfList) {
                actions.extend(each(&state.remotes).map(|(id, _)| Action::Page(process, id)));
            }
            if has(Fault::Crash) {
                actions.push(Action::Crash(process));
            }
        }
        for (at, message) in (0..).zip(state.under_way()) {
            actions.push(Action::Arrive(at));
            if message.waits.is_none() {
                actions.push(Action::Vanish(at));
                continue;
            }
            for fault in [
                Fault::Loss,
                Fault::LostAnswer,
                Fault::Late,
                Fault::Unsent,
                Fault::Duplicate,
                Fault::Replay,
                Fault::Refused,
                Fault::WrongAnswer,
            ] {
                if has(fault) {
                    actions.push(Action::Wire(at, fault));
                }
            }
        }
        if state.straggler.is_some() {
            actions.extend([Action::Straggle, Action::StragglerVanishes]);
        }
        if !is_about_to_create(state) {
            actions.push(Action::Tick);
        } else if has(Fault::Freeze) {
            actions.push(Action::Freeze);
        }
        for (id, remote) in each(&state.remotes) {
            if matches!(remote.life, Life::Unlisted | Life::Ghost) {
                actions.push(Action::Catch(id));
            }
        }
        self.list_people(state, slots, actions);
    }

    /// What becomes of a state; `None` if nothing changes, or the action is not possible.
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
            Action::Arrive(at) => {
                let message = state.messages[usize::from(at)].take()?;
                let answer = service::execute(state, &message, self.scenario.unique_names);
                self.answer(state, &message, answer);
                Some(())
            }
            Action::Vanish(at) => state.messages[usize::from(at)].take().map(drop),
            Action::Wire(at, fault) => self.wire(state, at, fault),
            Action::Straggle => {
                let straggler = state.straggler.take()?;
                let _ = store::store(&self.oracle, state, straggler.slot, &straggler.write);
                Some(())
            }
            Action::StragglerVanishes => state.straggler.take().map(drop),
            Action::Watch(process, slot) => {
                let shown = state.objects[usize::from(slot)];
                let desk = &mut state.processes[usize::from(process)].desks[usize::from(slot)];
                desk.shown = shown;
                if shown.is_none() {
                    (desk.uid, desk.memory, desk.written) = (0, FRESH, 0);
                }
                Some(())
            }
            Action::Sweep(process) => {
                self.sweep(state, process);
                Some(())
            }
            Action::Page(process, id) => {
                spend(state, Fault::HalfList)?;
                let shown = service::list(state, |shown, _| shown == id);
                rows::put_listed(state, process, &shown);
                Some(())
            }
            Action::Tick => tick(self, state),
            Action::Freeze => {
                spend(state, Fault::Freeze)?;
                tick(self, state)
            }
            Action::Catch(id) => {
                catch(&mut state.remote_mut(id)?.life);
                Some(())
            }
            Action::Crash(process) => {
                spend(state, Fault::Crash)?;
                Self::crash(state, process);
                Some(())
            }
            Action::User(slot, fault) => self.user(state, slot, fault),
            Action::Outside(id, fault) => people::outside(state, id, fault),
            Action::Snapshot => {
                state.snapshot = Some(Box::new(state.objects[0]?));
                Some(())
            }
            Action::Restore(fault) => {
                spend(state, fault)?;
                let version = store::next_version(state, 0);
                let mut object = **state.snapshot.as_ref()?;
                object.version = version;
                if fault == Fault::RestoreBare {
                    object.status = Status::default();
                }
                state.snapshot = None;
                state.objects[0] = Some(object);
                Some(())
            }
            Action::Principal => {
                // A process has one identity for its life, and no request of the one before is under way.
                spend(state, Fault::Principal)?;
                if state.under_way().next().is_some() {
                    return None;
                }
                (0..self.scenario.processes).for_each(|process| Self::crash(state, process));
                state.principal = 3 - state.principal;
                Some(())
            }
            Action::Kin(kin) => self.kin(state, kin),
            Action::DatasetGoes => self.dataset_goes(state),
        }
    }

    fn answer(&self, state: &mut State, message: &Message, answer: Answer) {
        if let Some((process, slot)) = message.waits {
            Actor { model: self, state, process, slot }.answered(&message.call, answer);
        }
    }

    fn wire(&self, state: &mut State, at: u8, fault: Fault) -> Option<()> {
        spend(state, fault)?;
        let place = &mut state.messages[usize::from(at)];
        let message = place.take()?;
        let creates = matches!(message.call, Call::Create(_));
        let answer = match fault {
            Fault::Loss => Answer::Ambiguous,
            Fault::LostAnswer => {
                let _ = service::execute(state, &message, self.scenario.unique_names);
                Answer::Ambiguous
            }
            Fault::Late => {
                *place = Some(Message { waits: None, ..message });
                Answer::Ambiguous
            }
            Fault::Replay => {
                *place = Some(Message { waits: None, wire: Wire::Unbounded, ..message });
                Answer::Ambiguous
            }
            Fault::Duplicate => {
                *place = Some(Message { waits: None, wire: Wire::Unbounded, ..message });
                service::execute(state, &message, self.scenario.unique_names)
            }
            Fault::WrongAnswer if creates => {
                let others: Vec<_> = state.living().map(|(id, _)| id).collect();
                let Answer::Done(_) = service::execute(state, &message, self.scenario.unique_names) else {
                    return None;
                };
                Answer::Done(*others.first()?)
            }
            Fault::Unsent if creates => Answer::Unsent,
            Fault::Refused if creates || (matches!(message.call, Call::Delete(_)) && state.kin == Kin::Doomed) => {
                Answer::Refused
            }
            _ => return None,
        };
        self.answer(state, &message, answer);
        Some(())
    }

    /// A whole list by our domain, and by id of what somebody recorded: `round` and `confirm` of `sweep.rs`.
    fn sweep(&self, state: &mut State, process: u8) {
        let desks = &state.processes[usize::from(process)].desks;
        let recorded: Vec<_> = desks.iter().filter_map(|desk| desk.shown).map(|object| object.status.id).collect();
        let known = state.processes[usize::from(process)].versions_known;
        if self.scenario.versioned {
            if known {
                rows::list_versions(state, process);
            }
        } else {
            let shown = service::list(state, |id, look| {
                recorded.contains(&id) || look.mark.is_some_and(|mark| mark.domain != Domain::Foreign)
            });
            rows::sweep_rows(state, process, &shown);
        }
        state.processes[usize::from(process)].swept = true;
    }

    fn crash(state: &mut State, process: u8) {
        for message in state.messages.iter_mut().flatten() {
            if message.waits.is_some_and(|(waiting, _)| waiting == process) {
                message.waits = None;
            }
        }
        let objects = state.objects.clone();
        let process = &mut state.processes[usize::from(process)];
        let desk = |object: Option<Object>| Desk { shown: object, uid: 0, memory: FRESH, written: 0, pass: None };
        *process = Process {
            swept: false,
            versions_known: false,
            held: [0; REMOTES],
            rows: [None; REMOTES],
            gone: 0,
            refused: false,
            desks: objects.into_iter().map(desk).collect(),
        };
    }
}

/// The list lag, in ticks.
pub const LIST_LAG: u8 = 1;

pub(crate) fn spend(state: &mut State, fault: Fault) -> Option<()> {
    let left = &mut state.budget[fault.at()];
    *left = left.checked_sub(1)?;
    Some(())
}

/// Does a pass hold a claim whose create it has not sent yet?
fn is_about_to_create(state: &State) -> bool {
    let passes = state.processes.iter().flat_map(|process| &process.desks).filter_map(|desk| desk.pass);
    passes.into_iter().any(|pass| {
        let unsent = matches!(pass.flight, Some(Flight::Create { landed: Landed::Not, .. }));
        unsent && pass.awaits.is_none() && pass.claimed == Some(0)
    })
}

fn catch(life: &mut Life) {
    match life {
        Life::Unlisted => *life = Life::Listed,
        Life::Ghost => *life = Life::Gone,
        Life::Listed | Life::Gone => {}
    }
}

/// Time passes, unless a request would be older than requests get.
fn tick(model: &Model, state: &mut State) -> Option<()> {
    for message in state.messages.iter_mut().flatten() {
        match message.wire {
            Wire::Bounded(0) => message.wire = Wire::Bounded(1),
            Wire::Bounded(_) => return None,
            Wire::Unbounded => {}
        }
    }
    state.remotes.iter_mut().flatten().for_each(|remote| catch(&mut remote.life));
    for process in &mut state.processes {
        process.rows.iter_mut().flatten().for_each(|row| row.age = 1);
        process.held.iter_mut().for_each(|left| *left = left.saturating_sub(1));
        for desk in &mut process.desks {
            desk.memory = model.memories.tick(desk.memory);
            if let Some(pass) = &mut desk.pass {
                pass.claimed = pass.claimed.map(|_| 1);
            }
        }
    }
    Some(())
}

impl stateright::Model for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.list(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.apply(state, &action)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        let mut properties = vec![
            stateright::Property::<Self>::always("no promise is broken", |model, state| {
                Breach::of(state).is_none_or(|breach| model.scenario.is_known(breach))
            }),
            stateright::Property::<Self>::sometimes("the goal is reached", |model, state| {
                goal::is_reached(model, state)
            }),
        ];
        if self.scenario.becomes_ready {
            properties.push(stateright::Property::<Self>::sometimes("Ready is reached", |_, state| {
                state.objects.iter().flatten().any(|object| object.status.told == Told::Ready)
            }));
        }
        properties
    }
}

/// Does an action write to an object, or send a request that changes a remote?
#[must_use]
pub fn writes(before: &State, action: &Action, after: &State) -> bool {
    if !matches!(action, Action::Step(..) | Action::Arrive(_)) {
        return false;
    }
    let plain = |object: &Object| Object { version: 0, ..*object };
    let objects = |state: &State| state.objects.iter().map(|object| object.as_ref().map(plain)).collect::<Vec<_>>();
    let sent =
        after.under_way().count() > before.under_way().count() - usize::from(matches!(action, Action::Arrive(_)));
    sent || objects(before) != objects(after)
}
