//! What people do to objects and remotes, and what becomes of the relatives of an object.

use crate::faults::{Action, Fault};
use crate::model::{Model, spend};
use crate::rows::DATASET_GONE;
use crate::store;
use crate::world::{
    Attempt, Domain, Intent, Kin, Life, Mark, Object, STRANGER, State, Status, Told, each, first_life, index,
};

impl Model {
    pub(crate) fn list_people(&self, state: &State, slots: u8, actions: &mut Vec<Action>) {
        let has = |fault: &Fault| state.budget[fault.at()] > 0;
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
        ];
        for (id, _) in state.living() {
            actions.extend(outside.into_iter().filter(has).map(|fault| Action::Outside(id, fault)));
        }
        if state.snapshot.is_none() && state.objects[0].is_some() && (has(&Fault::Restore) || has(&Fault::RestoreBare))
        {
            actions.push(Action::Snapshot);
        }
        if state.snapshot.is_some() {
            actions.extend([Fault::Restore, Fault::RestoreBare].into_iter().filter(has).map(Action::Restore));
        }
        if has(&Fault::Principal) {
            actions.push(Action::Principal);
        }
        let moved = [Kin::Doomed, Kin::Leaving, Kin::Gone].into_iter().filter(|_| has(&Fault::Kin));
        actions.extend(moved.chain((state.kin != Kin::Quiet).then_some(Kin::Quiet)).map(Action::Kin));
        if self.scenario.versioned && state.kin != Kin::Quiet {
            actions.push(Action::DatasetGoes);
        }
    }

    pub(crate) fn user(&self, state: &mut State, slot: u8, fault: Fault) -> Option<()> {
        spend(state, fault)?;
        let at = usize::from(slot);
        let version = store::next_version(state, slot);
        if matches!(fault, Fault::Recreate | Fault::RecreateCopied) {
            return self.recreate(state, slot, fault, version);
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

    fn recreate(&self, state: &mut State, slot: u8, fault: Fault, version: u8) -> Option<()> {
        let at = usize::from(slot);
        let lives = state.lives[at];
        if state.objects[at].is_some() || lives >= 3 {
            return None;
        }
        state.lives[at] += 1;
        let mut object = anew(slot, lives, self.scenario.specs[at], version);
        if fault == Fault::RecreateCopied {
            // A manifest saved from the object before: its intent names a uid that is gone.
            let mut attempts = [Attempt::default(); crate::world::ATTEMPTS];
            attempts[0] = Attempt { nonce: 1, hash: self.scenario.copied_hash() };
            let uid = first_life(slot) + lives - 1;
            object.intent = Some(Intent { uid, principal: 1, elsewhere: self.scenario.copied_elsewhere, attempts });
            object.finalizer = true;
        }
        state.objects[at] = Some(object);
        Some(())
    }

    pub(crate) fn kin(&self, state: &mut State, to: Kin) -> Option<()> {
        let versioned = self.scenario.versioned;
        let object = state.objects[0];
        let refused = state.processes.iter().any(|process| process.refused);
        let remote_gone = state.living().next().is_none();
        let free = match (versioned, state.kin, to) {
            // A child is done with: its finalizer leaves.
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
            self.drop_versions(state);
        }
        Some(())
    }

    /// A dataset that is being deleted goes: with its versions if they may go with it, after them otherwise.
    pub(crate) fn dataset_goes(&self, state: &mut State) -> Option<()> {
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
        self.drop_versions(state);
        Some(())
    }

    /// All versions are gone with their dataset, and processes that have a Dataset for it know.
    fn drop_versions(&self, state: &mut State) {
        for remote in state.remotes.iter_mut().flatten() {
            remote.life = Life::Gone;
        }
        if self.scenario.dataset_is_ours {
            for process in &mut state.processes {
                process.gone |= DATASET_GONE;
            }
        }
    }
}

fn anew(slot: u8, lives: u8, spec: crate::world::Spec, version: u8) -> Object {
    Object {
        uid: first_life(slot) + lives,
        version,
        generation: 1,
        spec: crate::world::Spec { force: 0, paused: false, ..spec },
        deleting: false,
        finalizer: false,
        intent: None,
        status: Status { told: Told::Nothing, ..Status::default() },
    }
}

pub(crate) fn outside(state: &mut State, id: u8, fault: Fault) -> Option<()> {
    spend(state, fault)?;
    // Who takes a remote that is being worked on races with us; that race is not asked here.
    let worked_on = state.processes.iter().flat_map(|process| &process.desks).any(|desk| desk.pass.is_some())
        || state.under_way().next().is_some();
    let at = index(id)?;
    let copied = state.living().find_map(|(_, remote)| remote.look.mark);
    let remote = state.remotes[at].as_mut().filter(|remote| remote.lives())?;
    let look = &mut remote.look;
    let marks = |domain, forged| Mark { domain, owner: if forged { 0 } else { 9 }, uid: STRANGER, nonce: 1, forged };
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
