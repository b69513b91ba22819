//! Everything the emulator remembers, and its reading and writing as a whole.

use std::sync::Arc;

use crate::actions::Recall;
use crate::attached::{Attached, shelf};
use crate::auth::{Caller, Nonces};
use crate::clock::{now_ms, timestamp};
use crate::disk::{Disk, Kept, Saved};
use crate::faults::Faults;
use crate::ids::Ids;
use crate::knobs::Knobs;
use crate::ledger::Ledger;
use crate::quota::Quota;
use crate::state::{State, StateError, View};
use crate::store::job::{Job, Said};
use crate::store::{Clock, Dataset, Store};

/// The emulator's memory. All of it sits behind one lock: a call is decided in microseconds.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) attached: Attached,
    pub(crate) recall: Recall,
    pub(crate) ids: Ids,
    pub(crate) knobs: Knobs,
    pub(crate) credentials: Vec<Caller>,
    pub(crate) faults: Faults,
    pub(crate) nonces: Nonces,
    pub(crate) quota: Quota,
    pub(crate) ledger: Ledger,
    /// The data directory, if there is one.
    pub(crate) disk: Option<Disk>,
    /// The time of day, in milliseconds since 1970.
    pub(crate) clock: fn() -> i64,
    /// What a reset goes back to.
    start: View,
}

impl World {
    /// A world in this state.
    pub(crate) fn new(start: State) -> Result<Self, StateError> {
        let mut world = Self {
            store: Store::default(),
            attached: Attached::default(),
            recall: Recall::default(),
            ids: Ids::new(start.seed),
            knobs: Knobs::default(),
            credentials: Vec::new(),
            faults: Faults::default(),
            nonces: Nonces::default(),
            quota: Quota::default(),
            ledger: Ledger::default(),
            disk: None,
            clock: now_ms,
            start: View::default(),
        };
        world.set_state(start)?;
        world.start = world.view();
        Ok(world)
    }

    /// Puts what a data directory holds in the place of datasets and ids, and keeps them there from now on. A new
    /// directory takes over what is here. A later reset goes back to what was here before.
    pub(crate) fn keep_on(&mut self, mut disk: Disk, kept: Option<Kept>) {
        if let Some(Kept { seed, next, datasets, attached }) = kept {
            self.ids.reseed(seed);
            self.ids.next = next;
            self.replace(datasets);
            self.attached = attached;
            disk.is_up_to_date(&self.store, &mut self.attached, &self.ids);
        }
        self.disk = Some(disk);
        self.save();
    }

    /// Hands what has changed to the data directory; what an answer must wait for. `None` without a data directory.
    pub(crate) fn save(&mut self) -> Option<Saved> {
        let Self { disk, store, attached, ids, .. } = self;
        if disk.is_none() {
            attached.forget_changes();
        }
        disk.as_mut().map(|disk| disk.save(store, attached, ids))
    }

    /// Back to the start: state, log, counts, used nonces.
    pub(crate) fn reset(&mut self) {
        let start = self.start.state();
        // The start was taken before, so it is taken again.
        if let Ok(mut fresh) = Self::new(start) {
            fresh.clock = self.clock;
            fresh.disk = self.disk.take();
            if let Some(disk) = &mut fresh.disk {
                disk.start_anew();
            }
            *self = fresh;
        }
    }

    /// Puts these datasets, each with its place in the order of creation, in the place of ours.
    fn replace(&mut self, datasets: impl IntoIterator<Item = (u64, Dataset)>) {
        // A new store counts its revisions from the beginning.
        (self.store, self.recall) = (Store::default(), Recall::default());
        for (order, dataset) in datasets {
            self.store.put_at(order, dataset, Clock { now_ms: 0, lag_ms: 0 });
        }
        let store = &self.store;
        self.attached.keep_only(|id| store.knows(id));
        if let Some(disk) = &mut self.disk {
            disk.start_anew();
        }
    }

    /// Makes a job say this from now on; false when there is no such job.
    pub(crate) fn tell_job(&mut self, id: &str, mut said: Said) -> bool {
        let Some(was) = self.attached.jobs.get(id).cloned() else {
            return false;
        };
        let now_ms = (self.clock)();
        let lag_ms = i64::try_from(self.knobs.list_lag_ms).unwrap_or(i64::MAX / 2);
        said.since_ms = said.since_ms.or(said.status.is_some().then_some(now_ms));
        self.attached.put_job(Job { said, ..Job::clone(&was) }, Clock { now_ms, lag_ms });
        true
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
            ..State::default()
        };
        let Attached { jobs, configs, files, media, bindings, .. } = &self.attached;
        View {
            rest,
            datasets: self.store.all(),
            jobs: jobs.all().cloned().collect(),
            job_configs: configs.all().cloned().collect(),
            file_metas: files.all().cloned().collect(),
            media_datasets: media.all().cloned().collect(),
            bindings: bindings.all().cloned().collect(),
        }
    }

    /// Puts the parts that `state` has in the place of ours; all of them or, when one is wrong, none.
    pub(crate) fn set_state(&mut self, state: State) -> Result<(), StateError> {
        let state = state.checked(&timestamp((self.clock)()))?;
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
            self.replace((0..).zip(datasets));
        }
        let attached = &mut self.attached;
        let replaced = [
            state.jobs.map(|all| attached.replace_jobs(all)).is_some(),
            state.job_configs.map(|all| attached.configs = shelf(all)).is_some(),
            state.file_metas.map(|all| attached.files = shelf(all)).is_some(),
            state.media_datasets.map(|all| attached.media = shelf(all)).is_some(),
            state.bindings.map(|all| attached.bindings = shelf(all)).is_some(),
        ];
        if replaced.contains(&true) {
            // What is new counts its revisions from the beginning.
            self.recall = Recall::default();
            if let Some(disk) = &mut self.disk {
                disk.start_anew();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credential;

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
