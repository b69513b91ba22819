//! Operator processes: the steps of their passes, what watch and sweep show them, and their end.

use super::{Model, has, spend};
use crate::actor::Actor;
use crate::faults::{Action, Fate, Fault};
use crate::memory::FRESH;
use crate::properties;
use crate::rows;
use crate::service;
use crate::world::{Desk, Domain, Id, Object, Process, REMOTES, State, each};

pub(super) fn list(state: &State, slots: u8, actions: &mut Vec<Action>) {
    for (process, at) in (0..).zip(&state.processes) {
        for slot in 0..slots {
            if Actor::is_ready(state, process, slot) {
                actions.push(Action::Step(process, slot, Fate::Well));
                for fate in [Fate::Unanswered, Fate::Lost, Fate::Late] {
                    let free = fate != Fate::Late || state.straggler.is_none();
                    if properties::fault_of(fate).is_some_and(|fault| has(state, fault)) && free {
                        actions.push(Action::Step(process, slot, fate));
                    }
                }
            }
            if at.desks[usize::from(slot)].shown != state.objects[usize::from(slot)] {
                actions.push(Action::Watch(process, slot));
            }
        }
        actions.push(Action::Sweep(process));
        if has(state, Fault::HalfList) {
            actions.extend(each(&state.remotes).map(|(id, _)| Action::Page(process, id)));
        }
        if has(state, Fault::Crash) {
            actions.push(Action::Crash(process));
        }
    }
}

/// A process that has just begun: the watch has shown it what is there.
pub(super) fn begun(objects: &[Option<Object>]) -> Process {
    let desk = |object: &Option<Object>| Desk { shown: *object, uid: 0, memory: FRESH, written: 0, pass: None };
    Process {
        swept: false,
        versions_known: false,
        held: [0; REMOTES],
        rows: [None; REMOTES],
        gone: 0,
        refused: false,
        desks: objects.iter().map(desk).collect(),
    }
}

pub(super) fn watch(state: &mut State, process: u8, slot: u8) -> Option<()> {
    let shown = state.objects[usize::from(slot)];
    let desk = &mut state.processes[usize::from(process)].desks[usize::from(slot)];
    desk.shown = shown;
    if shown.is_none() {
        (desk.uid, desk.memory, desk.written) = (0, FRESH, 0);
    }
    Some(())
}

/// A whole list by our domain, and then by id of the remotes that an object recorded: `round` and `confirm` of `sweep.rs`.
pub(super) fn sweep(model: &Model, state: &mut State, process: u8) -> Option<()> {
    let desks = &state.processes[usize::from(process)].desks;
    let recorded: Vec<_> = desks.iter().filter_map(|desk| desk.shown).map(|object| object.status.id).collect();
    let known = state.processes[usize::from(process)].versions_known;
    if model.scenario.versioned {
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
    Some(())
}

/// One page of a list.
pub(super) fn page(state: &mut State, process: u8, id: Id) -> Option<()> {
    spend(state, Fault::HalfList)?;
    let shown = service::list(state, |shown, _| shown == id);
    rows::put_listed(state, process, &shown);
    Some(())
}

pub(super) fn crash(state: &mut State, process: u8) -> Option<()> {
    spend(state, Fault::Crash)?;
    end(state, process);
    Some(())
}

/// Ends a process. Another one begins in its place; requests that it has sent stay under way.
pub(super) fn end(state: &mut State, process: u8) {
    for message in state.messages.iter_mut().flatten() {
        if message.waits.is_some_and(|(waiting, _)| waiting == process) {
            message.waits = None;
        }
    }
    state.processes[usize::from(process)] = begun(&state.objects);
}
