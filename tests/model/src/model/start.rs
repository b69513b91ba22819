//! The state in which a scenario begins.

use super::{Model, processes};
use crate::faults::Action;
use crate::references;
use crate::world::{MESSAGES, Object, State, Status, first_life};

impl Model {
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
        let mut state = State {
            lives: vec![1; slots],
            snapshot: None,
            remotes: scenario.remotes,
            messages: [None; MESSAGES],
            straggler: None,
            processes: (0..scenario.processes).map(|_| processes::begun(&objects)).collect(),
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

    /// Takes all quiet steps, which need no fault and no person.
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
}
