//! Time passes in ticks. In each tick everything that waits grows older, and lists catch up.

use super::{Model, has, spend};
use crate::faults::{Action, Fault};
use crate::rows;
use crate::world::{Doing, Flight, Id, Landed, Life, State, Wire, each};

/// The list lag, in ticks.
pub(super) const LIST_LAG: u8 = 1;

pub(super) fn list(state: &State, actions: &mut Vec<Action>) {
    if !is_about_to_create(state) {
        actions.push(Action::Tick);
    } else if has(state, Fault::Freeze) {
        actions.push(Action::Freeze);
    }
    for (id, remote) in each(&state.remotes) {
        if matches!(remote.life, Life::Unlisted | Life::Ghost) {
            actions.push(Action::Catch(id));
        }
        if remote.lives() && remote.look.doing == Doing::Runs {
            actions.push(Action::Succeeds(id));
        }
    }
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
pub(super) fn tick(model: &Model, state: &mut State) -> Option<()> {
    for message in state.messages.iter_mut().flatten() {
        match message.wire {
            Wire::Bounded(0) => message.wire = Wire::Bounded(1),
            Wire::Bounded(_) => return None,
            Wire::Unbounded => {}
        }
    }
    state.remotes.iter_mut().flatten().for_each(|remote| catch(&mut remote.life));
    for process in &mut state.processes {
        rows::tick(process);
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

/// Time passes although a create is about to be sent.
pub(super) fn freeze(model: &Model, state: &mut State) -> Option<()> {
    spend(state, Fault::Freeze)?;
    tick(model, state)
}

/// A run ends.
pub(super) fn ends(state: &mut State, id: Id, how: Doing) -> Option<()> {
    let run = state.remote_mut(id).filter(|remote| remote.lives() && remote.look.doing == Doing::Runs)?;
    run.look.doing = how;
    Some(())
}

/// Lists catch up with one remote.
pub(super) fn catch_up(state: &mut State, id: Id) -> Option<()> {
    catch(&mut state.remote_mut(id)?.life);
    Some(())
}
