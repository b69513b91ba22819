//! Two replicas may change places without a loss: the checker finds the same violations with this symmetry and without it.

use std::collections::{HashSet, VecDeque};

use dataset_operator::plan::view::View;
use dataset_operator::plan::{Step, plan};
use model::check::check_with;
use model::faults::Fault;
use model::model::Model;
use model::references::order_replicas;
use model::scenario::Scenario;
use model::world::State;

use super::plans::{impatient, ruthless};

type Plan = fn(&View) -> Step;

const MOST: usize = 200_000;

fn fresh() -> Scenario {
    Scenario { processes: 2, ..Scenario::new("two replicas") }
}

fn settled(faults: &[(Fault, u8)]) -> Scenario {
    Scenario { settled: true, ..fresh().with(faults) }
}

/// All states, each with its replicas in order if `order` says so.
fn reached(model: &Model, order: bool) -> HashSet<State> {
    let arrange = |mut state: State| {
        if order {
            order_replicas(model, &mut state);
        }
        state
    };
    let start = arrange(model.start());
    let mut known = HashSet::from([start.clone()]);
    let mut next = VecDeque::from([start]);
    let mut actions = Vec::new();
    while let Some(state) = next.pop_front() {
        actions.clear();
        model.list(&state, &mut actions);
        for after in actions.iter().filter_map(|action| model.apply(&state, action)).map(arrange) {
            if known.insert(after.clone()) {
                next.push_back(after);
            }
        }
        assert!(known.len() < MOST, "more than {MOST} states");
    }
    known
}

#[test]
fn the_ordered_states_are_exactly_those_of_all_states() {
    for scenario in [fresh(), settled(&[(Fault::Delete, 1)])] {
        let model = Model::new(Scenario { replicas_differ: true, ..scenario });
        let all = reached(&model, false);
        let few = reached(&model, true);
        let images: HashSet<State> = all
            .iter()
            .map(|state| {
                let mut image = state.clone();
                order_replicas(&model, &mut image);
                image
            })
            .collect();
        assert!(images == few, "{} images, {} ordered states", images.len(), few.len());
        assert!(few.len() < all.len(), "nothing is saved");
    }
}

/// The violations by name, whether a state is stuck, and the number of states.
fn verdicts(scenario: Scenario, plan: Plan) -> (Vec<String>, bool, usize) {
    let outcome = check_with(scenario, plan, MOST);
    assert!(!outcome.cut, "more than {MOST} states");
    let name = |text: &String| text.split(',').next().unwrap_or_default().to_owned();
    (outcome.violations.iter().map(name).collect(), outcome.stuck > 0, outcome.states)
}

#[test]
fn the_same_promises_hold_and_the_same_are_broken() {
    let cases: [(Scenario, Plan, Option<&str>); 3] = [
        (settled(&[(Fault::Delete, 1)]), plan, None),
        (settled(&[(Fault::ForeignMark, 1), (Fault::Delete, 1)]), ruthless, Some("ForeignDelete")),
        (fresh(), impatient, Some("TwoLive")),
    ];
    for (scenario, plan, breach) in cases {
        let (with, stuck, states) = verdicts(scenario.clone(), plan);
        let (without, stuck_without, more) = verdicts(Scenario { replicas_differ: true, ..scenario }, plan);
        assert_eq!((&with, stuck), (&without, stuck_without));
        assert!(breach.map_or(with.is_empty(), |breach| with.iter().any(|name| name == breach)), "{with:?}");
        assert!(states < more, "nothing is saved");
    }
}
