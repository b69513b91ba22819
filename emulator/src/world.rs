//! Everything the emulator remembers, and its reading and writing as a whole.

use std::sync::Arc;

use crate::actions::Recall;
use crate::auth::{Caller, Nonces};
use crate::clock::{now_ms, timestamp};
use crate::faults::Faults;
use crate::ids::Ids;
use crate::knobs::Knobs;
use crate::ledger::Ledger;
use crate::quota::Quota;
use crate::state::{State, StateError, View};
use crate::store::{Clock, Store};

/// The emulator's memory. All of it sits behind one lock: a call is decided in microseconds.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) recall: Recall,
    pub(crate) ids: Ids,
    pub(crate) knobs: Knobs,
    pub(crate) credentials: Vec<Caller>,
    pub(crate) faults: Faults,
    pub(crate) nonces: Nonces,
    pub(crate) quota: Quota,
    pub(crate) ledger: Ledger,
    /// What a reset goes back to.
    start: View,
}

impl World {
    /// A world in this state.
    pub(crate) fn new(start: State) -> Result<Self, StateError> {
        let mut world = Self {
            store: Store::default(),
            recall: Recall::default(),
            ids: Ids::new(start.seed),
            knobs: Knobs::default(),
            credentials: Vec::new(),
            faults: Faults::default(),
            nonces: Nonces::default(),
            quota: Quota::default(),
            ledger: Ledger::default(),
            start: View::default(),
        };
        world.set_state(start)?;
        world.start = world.view();
        Ok(world)
    }

    /// Back to the start: state, log, counts, used nonces.
    pub(crate) fn reset(&mut self) {
        let start = self.start.state();
        // The start was taken before, so it is taken again.
        if let Ok(fresh) = Self::new(start) {
            *self = fresh;
        }
    }

    /// Everything but the log and the counts.
    pub(crate) fn state(&self) -> State {
        self.view().state()
    }

    /// The same at the price of a list.
    pub(crate) fn view(&self) -> View {
        let rest = State {
            seed: Some(self.ids.seed),
            next_id: Some(self.ids.next),
            credentials: Some(self.credentials.iter().map(|known| known.as_ref().clone()).collect()),
            knobs: Some(self.knobs.clone()),
            faults: Some(self.faults.list().to_vec()),
            datasets: None,
        };
        View { rest, datasets: self.store.all() }
    }

    /// Puts the parts that `state` has in the place of ours; all of them or, when one is wrong, none.
    pub(crate) fn set_state(&mut self, state: State) -> Result<(), StateError> {
        let now_ms = now_ms();
        let state = state.checked(&timestamp(now_ms))?;
        if let Some(seed) = state.seed {
            self.ids.reseed(seed);
        }
        if let Some(next) = state.next_id {
            self.ids.next = next;
        }
        if let Some(credentials) = state.credentials {
            self.credentials = credentials.into_iter().map(Arc::new).collect();
        }
        if let Some(knobs) = state.knobs {
            self.knobs = knobs;
        }
        if let Some(faults) = state.faults {
            self.faults = Faults::default();
            self.faults.append(faults);
        }
        if let Some(datasets) = state.datasets {
            // A new store counts its revisions anew.
            (self.store, self.recall) = (Store::default(), Recall::default());
            for dataset in datasets {
                self.store.put(dataset, Clock { now_ms, lag_ms: 0 });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credential;
    use crate::store::Dataset;

    #[test]
    fn a_state_that_was_read_can_be_written_and_reset_goes_back_to_the_start() {
        let dataset = Dataset { dataset_id: "d-1".into(), name: "x".into(), ..Dataset::default() };
        let start = State {
            seed: Some(5),
            credentials: Some(Credential::defaults()),
            datasets: Some(vec![dataset]),
            ..State::default()
        };
        let mut world = World::new(start).unwrap();
        let whole = world.state();
        let mut other = World::new(State::default()).unwrap();
        other.set_state(whole.clone()).unwrap();
        assert_eq!(other.state(), whole);

        let first_id = world.ids.dataset();
        world
            .set_state(State { datasets: Some(Vec::new()), credentials: Some(Vec::new()), ..State::default() })
            .unwrap();
        assert_eq!(world.store.len(), 0);
        world.reset();
        assert_eq!(world.state(), whole);
        assert_eq!(world.ids.dataset(), first_id);
    }

    #[test]
    fn a_wrong_part_changes_nothing() {
        let mut world = World::new(State::default()).unwrap();
        let before = world.state();
        let wrong = State { datasets: Some(vec![Dataset::default()]), next_id: Some(9), ..State::default() };
        assert!(world.set_state(wrong).is_err());
        assert_eq!(world.state(), before);
    }
}
