//! The relatives of an object and how they change: the versions of a dataset, the dataset of a version.

use super::{Model, has, spend};
use crate::faults::{Action, Fault};
use crate::rows;
use crate::world::{Kin, Life, State};

pub(super) fn list(model: &Model, state: &State, actions: &mut Vec<Action>) {
    let moved = [Kin::Doomed, Kin::Leaving, Kin::Gone].into_iter().filter(|_| has(state, Fault::Kin));
    actions.extend(moved.chain((state.kin != Kin::Quiet).then_some(Kin::Quiet)).map(Action::Kin));
    if model.scenario.versioned && state.kin != Kin::Quiet {
        actions.push(Action::DatasetGoes);
    }
}

pub(super) fn kin(model: &Model, state: &mut State, to: Kin) -> Option<()> {
    let versioned = model.scenario.versioned;
    let object = state.objects[0];
    let refused = state.processes.iter().any(|process| process.refused);
    let remote_gone = state.living().next().is_none();
    let free = match (versioned, state.kin, to) {
        // A child is finished: its finalizer is removed.
        (false, Kin::Leaving, Kin::Quiet) | (true, Kin::Holds, Kin::Quiet) => true,
        (false, Kin::Doomed, Kin::Quiet) => refused || remote_gone,
        _ => false,
    };
    let possible = match (versioned, state.kin, to) {
        (false, Kin::Holds, Kin::Doomed | Kin::Leaving) | (true, Kin::Quiet, Kin::Doomed | Kin::Leaving) => true,
        (true, Kin::Quiet, Kin::Gone) => object.is_some(),
        _ => free,
    };
    if !possible {
        return None;
    }
    if !free {
        spend(state, Fault::Kin)?;
    }
    state.kin = to;
    if to == Kin::Gone {
        drop_versions(model, state);
    }
    Some(())
}

/// A dataset that is being deleted goes: with its versions if they may go with it, after them otherwise.
pub(super) fn dataset_goes(model: &Model, state: &mut State) -> Option<()> {
    let object = state.objects[0];
    let doomed = object.is_none_or(|object| object.deleting && !object.spec.retain && object.status.id > 0);
    let possible = match state.kin {
        Kin::Doomed => doomed,
        Kin::Leaving => object.is_none(),
        Kin::Quiet | Kin::Holds | Kin::Gone => false,
    };
    if !possible {
        return None;
    }
    state.kin = Kin::Gone;
    drop_versions(model, state);
    Some(())
}

/// All versions are gone with their dataset, and processes that have a Dataset for it know.
fn drop_versions(model: &Model, state: &mut State) {
    for remote in state.remotes.iter_mut().flatten() {
        remote.life = Life::Gone;
    }
    if model.scenario.dataset_is_ours {
        for process in (0..).take(state.processes.len()) {
            rows::dataset_gone(state, process);
        }
    }
}
