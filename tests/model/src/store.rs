//! The objects in etcd: the effect of each write at the API server, with its guards.

use dataset_operator::plan::aftermath::NotWritten;

use crate::oracle::Oracle;
use crate::world::{Object, State, Status, Write};

/// The next version of a slot; versions are brought back into order afterwards.
#[must_use]
pub fn next_version(state: &State, slot: u8) -> u8 {
    versions(state, slot).max().unwrap_or_default() + 1
}

/// Stores a write. Returns the object as it is then.
pub fn store(oracle: &Oracle, state: &mut State, slot: u8, write: &Write) -> Result<Object, NotWritten> {
    let version = next_version(state, slot);
    let place = &mut state.objects[usize::from(slot)];
    let object = place.as_mut().ok_or(NotWritten::NotFound)?;
    match write {
        Write::Claim { version: read, intent } => {
            guard(object, *read)?;
            object.finalizer = true;
            object.intent = Some(*intent);
        }
        Write::Status { uid, before, after } => {
            let guards = oracle.guards(before, after);
            let is = &object.status;
            let refused = guards.uid && object.uid != *uid
                || guards.id && is.id != before.id
                || guards.observed && is.observed != before.observed;
            if refused {
                return Err(NotWritten::Untrue);
            }
            merge(&mut object.status, before, after);
        }
        Write::LetGo { version: read } => {
            guard(object, *read)?;
            object.finalizer = false;
            if object.deleting {
                let gone = *object;
                *place = None;
                return Ok(gone);
            }
        }
    }
    object.version = version;
    Ok(*object)
}

fn guard(object: &Object, read: u8) -> Result<(), NotWritten> {
    if object.version == read { Ok(()) } else { Err(NotWritten::Conflict) }
}

/// A JSON Patch has only what differs between `before` and `after`.
fn merge(status: &mut Status, before: &Status, after: &Status) {
    fn take<T: PartialEq + Copy>(field: &mut T, before: &T, after: &T) {
        if before != after {
            *field = *after;
        }
    }
    take(&mut status.observed, &before.observed, &after.observed);
    take(&mut status.id, &before.id, &after.id);
    take(&mut status.origin, &before.origin, &after.origin);
    take(&mut status.recovered, &before.recovered, &after.recovered);
    take(&mut status.fixed, &before.fixed, &after.fixed);
    take(&mut status.name, &before.name, &after.name);
    take(&mut status.attempt, &before.attempt, &after.attempt);
    take(&mut status.principal, &before.principal, &after.principal);
    let (course, was, is) = (&mut status.course, &before.course, &after.course);
    take(&mut course.attempts, &was.attempts, &is.attempts);
    take(&mut course.doing, &was.doing, &is.doing);
    take(&mut course.stops, &was.stops, &is.stops);
    // The conditions are one member.
    let conditions = |status: &Status| (status.told, status.duplicates, status.course.ended);
    if conditions(before) != conditions(after) || before.observed != after.observed {
        (status.told, status.duplicates, status.course.ended) = conditions(after);
    }
}

/// All versions of a slot to which there is a reference.
pub fn versions(state: &State, slot: u8) -> impl Iterator<Item = u8> {
    let at = usize::from(slot);
    let stored = state.objects.get(at).copied().flatten();
    let snapshot = state.snapshot.as_deref().copied().filter(|_| slot == 0);
    let held = state.processes.iter().filter_map(move |process| process.desks.get(at)).flat_map(|desk| {
        let pass = desk.pass.as_ref().map(|pass| pass.object.version);
        [desk.shown.map(|shown| shown.version), pass, Some(desk.written).filter(|written| *written > 0)]
    });
    let late = state.straggler.as_deref().filter(move |straggler| straggler.slot == slot);
    let late = late.and_then(|straggler| match straggler.write {
        Write::Claim { version, .. } | Write::LetGo { version } => Some(version),
        Write::Status { .. } => None,
    });
    let copies = stored.into_iter().chain(snapshot).map(|object| object.version);
    copies.chain(held.flatten()).chain(late)
}

/// Calls `change` with every version of a slot.
pub fn each_version(state: &mut State, slot: u8, mut change: impl FnMut(&mut u8)) {
    let at = usize::from(slot);
    if let Some(object) = &mut state.objects[at] {
        change(&mut object.version);
    }
    if let Some(snapshot) = state.snapshot.as_mut().filter(|_| slot == 0) {
        change(&mut snapshot.version);
    }
    for process in &mut state.processes {
        let desk = &mut process.desks[at];
        if let Some(shown) = &mut desk.shown {
            change(&mut shown.version);
        }
        if let Some(pass) = &mut desk.pass {
            change(&mut pass.object.version);
        }
        if desk.written > 0 {
            change(&mut desk.written);
        }
    }
    if let Some(straggler) = state.straggler.as_mut().filter(|straggler| straggler.slot == slot) {
        match &mut straggler.write {
            Write::Claim { version, .. } | Write::LetGo { version } => change(version),
            Write::Status { .. } => {}
        }
    }
}
