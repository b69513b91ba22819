//! Checking one scenario: stateright for the promises, the graph for coming to rest.

use std::collections::BTreeMap;
use std::time::Instant;

use dataset_operator::plan::view::View;
use dataset_operator::plan::{self, Step};
use stateright::{Checker as _, Model as _};

use crate::faults::{Action, Fault};
use crate::goal;
use crate::graph::Graph;
use crate::model::Model;
use crate::properties::{Breach, Event};
use crate::scenario::Scenario;
use crate::tell;
use crate::world::{State, Told};

/// The result of one scenario.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub edges: u64,
    /// States that cannot come to rest.
    pub stuck: usize,
    /// There were more states than allowed.
    pub cut: bool,
    /// States that break a promise that is known to be broken here, and how.
    pub known: Vec<(usize, &'static str)>,
    /// The violations, each with its shortest trace.
    pub violations: Vec<String>,
    /// Arms of `plan`, with the number of different questions that took them.
    pub arms: BTreeMap<String, u64>,
    /// Kinds of action, with how often they were taken.
    pub actions: BTreeMap<String, u64>,
    /// Events.
    pub events: BTreeMap<Event, u64>,
    /// How long it took.
    pub seconds: f64,
}

impl Outcome {
    /// Everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.violations.is_empty() && self.stuck == 0
    }
}

/// Checks the production code in a scenario, up to so many states.
#[must_use]
pub fn check(scenario: Scenario, most: usize) -> Outcome {
    check_with(scenario, plan::plan, most)
}

/// Checks another `plan`.
#[must_use]
pub fn check_with(scenario: Scenario, plan: fn(&View) -> Step, most: usize) -> Outcome {
    let began = Instant::now();
    let model = Model::with(scenario.clone(), plan);
    let graph = Graph::explore(&model, most);
    let mut outcome =
        Outcome { name: scenario.name.to_owned(), states: graph.states(), edges: graph.edges, ..Outcome::default() };
    outcome.cut = graph.cut;
    for (breach, (first, states)) in &graph.broken {
        match scenario.how_known(*breach) {
            Some(how) => outcome.known.push((*states, how)),
            None => outcome.violations.push(tell::trace(&model, &format!("{breach:?}"), &graph.path(&model, *first))),
        }
    }
    for (breach, _) in scenario.known.iter().filter(|(breach, _)| !graph.broken.contains_key(breach)) {
        outcome.violations.push(format!("{breach:?} is known no more"));
    }
    if !graph.cut {
        let stuck = graph.stuck();
        outcome.stuck = stuck.len();
        if let Some(first) = stuck.first() {
            outcome.violations.push(tell::trace(&model, "stuck", &graph.path(&model, *first)));
        }
    }
    if let Some(at) = graph.circle().filter(|_| !model.scenario.retries) {
        outcome.violations.push(tell::trace(&model, "a circle that writes", &graph.path(&model, at)));
    }
    unused(&model, &mut outcome);
    outcome.arms = model.oracle.arms();
    outcome.actions = model.taken();
    outcome.events = model.events();
    if outcome.violations.is_empty() && !outcome.cut {
        safety(Model::with(scenario, plan), &mut outcome);
    }
    outcome.seconds = began.elapsed().as_secs_f64();
    outcome
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

/// stateright explores the same states independently: it checks the promises, the events that must be reachable, and
/// the number of states.
fn safety(model: Model, outcome: &mut Outcome) {
    let checker = model.checker().threads(1).spawn_bfs().join();
    for property in checker.model().properties() {
        let found = checker.discovery(property.name);
        match (property.expectation, found) {
            (stateright::Expectation::Always, Some(path)) => {
                let way: Vec<(Action, State)> = ways(path.into_vec());
                outcome.violations.push(tell::trace(checker.model(), property.name, &way));
            }
            (stateright::Expectation::Sometimes, None) => {
                outcome.violations.push(format!("never: {}", property.name));
            }
            (stateright::Expectation::Always, None)
            | (stateright::Expectation::Sometimes, Some(_))
            | (stateright::Expectation::Eventually, _) => {}
        }
    }
    if checker.unique_state_count() != outcome.states {
        outcome.violations.push(format!(
            "stateright counts {} states, the graph {}",
            checker.unique_state_count(),
            outcome.states
        ));
    }
}

fn ways(path: Vec<(State, Option<Action>)>) -> Vec<(Action, State)> {
    let after = path.iter().skip(1).map(|(state, _)| state.clone()).collect::<Vec<_>>();
    path.into_iter().filter_map(|(_, action)| action).zip(after).collect()
}

/// Faults that have a budget and never happened: the scenario then shows less than it seems to.
fn unused(model: &Model, outcome: &mut Outcome) {
    let taken = model.taken();
    for fault in Fault::ALL {
        let name = format!("{fault:?}");
        if model.scenario.budget[fault.at()] > 0 && !taken.contains_key(&name) {
            outcome.violations.push(format!("never: {name}"));
        }
    }
    let start = model.start();
    if model.scenario.settled && !goal::is_reached(model, &start) {
        outcome.violations.push(tell::state("the beginning is no state of rest", &start));
    }
}
