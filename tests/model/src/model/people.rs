//! What people do: to objects, to remotes behind the operator's back, to etcd, and to the operator's credentials.

use super::{Model, has, processes, spend, time};
use crate::faults::{Action, Fault};
use crate::service;
use crate::store;
use crate::world::{
    ATTEMPTS, Attempt, Doing, Domain, Intent, Life, Look, Mark, Object, Remote, STRANGER, Spec, State, Status, Told,
    each, first_life, index,
};

pub(super) fn list(state: &State, slots: u8, actions: &mut Vec<Action>) {
    let has = |fault: &Fault| has(state, *fault);
    for slot in 0..slots {
        let users = [
            Fault::Edit,
            Fault::EditFixed,
            Fault::Delete,
            Fault::Recreate,
            Fault::RecreateCopied,
            Fault::Replace,
            Fault::StripIntent,
            Fault::MoveIntent,
            Fault::StripFinalizer,
            Fault::Adopt,
            Fault::Pause,
            Fault::Force,
        ];
        actions.extend(users.into_iter().filter(has).map(|fault| Action::User(slot, fault)));
    }
    let outside = [
        Fault::RemoteEdit,
        Fault::RemoteDelete,
        Fault::Unmark,
        Fault::CopyMark,
        Fault::ForeignMark,
        Fault::ClusterMark,
        Fault::ForgedMark,
        Fault::Fails,
        Fault::Clone,
    ];
    for (id, _) in state.living() {
        actions.extend(outside.into_iter().filter(has).map(|fault| Action::Outside(id, fault)));
    }
    if state.snapshot.is_none() && state.objects[0].is_some() && (has(&Fault::Restore) || has(&Fault::RestoreBare)) {
        actions.push(Action::Snapshot);
    }
    if state.snapshot.is_some() {
        actions.extend([Fault::Restore, Fault::RestoreBare].into_iter().filter(has).map(Action::Restore));
    }
    if has(&Fault::Principal) {
        actions.push(Action::Principal);
    }
}

pub(super) fn user(model: &Model, state: &mut State, slot: u8, fault: Fault) -> Option<()> {
    spend(state, fault)?;
    let at = usize::from(slot);
    let version = store::next_version(state, slot);
    if matches!(fault, Fault::Recreate | Fault::RecreateCopied) {
        return recreate(model, state, slot, fault, version);
    }
    let adopted = each(&state.remotes).filter(|(_, remote)| remote.lives()).map(|(id, _)| id).max();
    let lives = state.lives[at];
    let object = state.objects[at].as_mut()?;
    let mut edited = true;
    match fault {
        Fault::Edit if !object.deleting => object.spec.mutable = 1 - object.spec.mutable.min(1),
        Fault::EditFixed if !object.deleting => object.spec.fixed = 1 - object.spec.fixed.min(1),
        Fault::Adopt if !object.deleting && object.spec.adopt == 0 => object.spec.adopt = adopted?,
        Fault::Pause => (object.spec.paused, edited) = (!object.spec.paused, false),
        Fault::Force if object.spec.force == 0 => (object.spec.force, edited) = (object.status.id + 1, false),
        Fault::StripIntent if object.intent.is_some() => (object.intent, edited) = (None, false),
        Fault::MoveIntent => {
            object.intent.as_mut().filter(|intent| !intent.elsewhere)?.elsewhere = true;
            edited = false;
        }
        Fault::StripFinalizer if object.finalizer => (object.finalizer, edited) = (false, false),
        Fault::Delete if !object.deleting => object.deleting = true,
        Fault::Replace if lives < 3 => {
            state.lives[at] += 1;
            let spec = state.objects[at]?.spec;
            state.objects[at] = Some(anew(slot, lives, spec, version));
            return Some(());
        }
        _ => return None,
    }
    let object = state.objects[at].as_mut()?;
    object.generation += u8::from(edited);
    object.version = version;
    if object.deleting && !object.finalizer {
        state.objects[at] = None;
    }
    Some(())
}

fn recreate(model: &Model, state: &mut State, slot: u8, fault: Fault, version: u8) -> Option<()> {
    let at = usize::from(slot);
    let lives = state.lives[at];
    if state.objects[at].is_some() || lives >= 3 {
        return None;
    }
    state.lives[at] += 1;
    let mut object = anew(slot, lives, model.scenario.specs[at], version);
    if fault == Fault::RecreateCopied {
        // A manifest saved from the object before: its intent names a uid that is gone.
        let mut attempts = [Attempt::default(); ATTEMPTS];
        attempts[0] = Attempt { nonce: 1, hash: model.scenario.copied_hash() };
        let uid = first_life(slot) + lives - 1;
        object.intent = Some(Intent { uid, principal: 1, elsewhere: model.scenario.copied_elsewhere, attempts });
        object.finalizer = true;
    }
    state.objects[at] = Some(object);
    Some(())
}

fn anew(slot: u8, lives: u8, spec: Spec, version: u8) -> Object {
    Object {
        uid: first_life(slot) + lives,
        version,
        generation: 1,
        spec: Spec { force: 0, paused: false, ..spec },
        deleting: false,
        finalizer: false,
        intent: None,
        status: Status { told: Told::Nothing, ..Status::default() },
    }
}

pub(super) fn outside(state: &mut State, id: u8, fault: Fault) -> Option<()> {
    spend(state, fault)?;
    match fault {
        Fault::Fails => return time::ends(state, id, Doing::Failed),
        Fault::Clone => {
            let look = state.remote(id).filter(|remote| remote.look.doing != Doing::Nothing)?.look;
            let principal = state.principal;
            let look = Look { doing: Doing::Runs, ..look };
            return service::make(state, Remote { look, life: Life::Unlisted, maker: 0, principal }).map(drop);
        }
        _ => {}
    }
    // If a person takes a remote while a pass works on it, the two race; the model does not check this race.
    let worked_on = state.processes.iter().flat_map(|process| &process.desks).any(|desk| desk.pass.is_some())
        || state.under_way().next().is_some();
    let at = index(id)?;
    let copied = state.living().find_map(|(_, remote)| remote.look.mark);
    let remote = state.remotes[at].as_mut().filter(|remote| remote.lives())?;
    let look = &mut remote.look;
    // Another cluster is a copy of this one, with objects of the same names.
    let owner = if fault == Fault::ForeignMark { 9 } else { 0 };
    let marks = |domain, forged| Mark { domain, owner, uid: STRANGER, nonce: 1, forged };
    match fault {
        Fault::RemoteEdit => look.mutable = 2,
        Fault::RemoteDelete => remote.life = Life::Ghost,
        Fault::Unmark if look.mark.is_some() => (look.mark, look.released) = (None, false),
        Fault::CopyMark if look.mark.is_none() => look.mark = Some(copied?),
        Fault::ForeignMark if !worked_on => look.mark = Some(marks(Domain::Foreign, false)),
        Fault::ClusterMark if !worked_on => look.mark = Some(marks(Domain::OtherCluster, false)),
        Fault::ForgedMark if !worked_on => look.mark = Some(marks(Domain::Ours, true)),
        _ => return None,
    }
    Some(())
}

pub(super) fn snapshot(state: &mut State) -> Option<()> {
    state.snapshot = Some(Box::new(state.objects[0]?));
    Some(())
}

pub(super) fn restore(state: &mut State, fault: Fault) -> Option<()> {
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

/// Other credentials.
pub(super) fn principal(state: &mut State) -> Option<()> {
    // A process has one identity for its life, and no request of the one before is under way.
    spend(state, Fault::Principal)?;
    if state.under_way().next().is_some() {
        return None;
    }
    (0..).take(state.processes.len()).for_each(|process| processes::end(state, process));
    state.principal = 3 - state.principal;
    Some(())
}
