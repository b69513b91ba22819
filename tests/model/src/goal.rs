//! The states in which everything should come to rest: each object is either Ready or says why not, and no remote is
//! left over. What runs must come to is in `run`.

mod run;

use crate::faults::Fault;
use crate::look::carries_owner;
use crate::model::Model;
use crate::words::{self, own_mark};
use crate::world::{ADOPTED, Domain, Kin, Look, Object, Remote, State, Told, slot_of};

/// Is this a state in which nothing is left to do?
#[must_use]
pub fn is_reached(model: &Model, state: &State) -> bool {
    let slots = (0..).zip(&state.objects);
    slots.into_iter().all(|(slot, object)| match object {
        None => true,
        Some(object) if blind(state, object) => true,
        Some(object) if object.deleting => waits_rightly(model, state, slot, object),
        Some(object) => is_carried_out(model, state, slot, object) || is_told(model, state, slot, object),
    }) && no_orphans(model, state)
}

/// Another identity is in use than the one that the object names: nothing can be known of its remote.
fn blind(state: &State, object: &Object) -> bool {
    let own = object.intent.filter(|intent| intent.uid == object.uid).map(|intent| intent.principal);
    let named = own.unwrap_or(object.status.principal);
    (named > 0 && named != state.principal) || state.principal != 1
}

/// No remote is left of an object that is gone. If that cannot be prevented, the mark of the remote makes it an orphan
/// that is reported.
fn no_orphans(model: &Model, state: &State) -> bool {
    let told = [
        Fault::Duplicate,
        Fault::Replay,
        Fault::Replace,
        Fault::Force,
        Fault::StripIntent,
        Fault::StripFinalizer,
        Fault::Restore,
        Fault::RestoreBare,
        Fault::ForgedMark,
        Fault::ForeignMark,
        Fault::ClusterMark,
        Fault::Principal,
        Fault::Unmark,
        Fault::CopyMark,
        Fault::WrongAnswer,
    ];
    let orphan = |look: &Look| {
        look.mark.is_some_and(|mark| mark.domain == Domain::Ours && !mark.forged && !state.is_alive(mark.uid))
            && !look.released
    };
    let some = state.living().any(|(_, remote)| orphan(&remote.look) && !run::is_kept(model, remote));
    !some || told.iter().any(|fault| model.used(state, *fault)) || model.scenario.short_settle_is_shown
}

fn waits_rightly(model: &Model, state: &State, slot: u8, object: &Object) -> bool {
    let retains = object.spec.retain || object.status.origin == 2;
    let elsewhere = object.intent.is_some_and(|intent| intent.elsewhere);
    let blocked = slot == 0
        && !model.scenario.versioned
        && (state.kin == Kin::Holds
            || (state.stranger_version && !model.scenario.wishes[0].delete_foreign && !retains));
    (object.spec.paused && object.status.told == Told::Paused)
        || blocked
        || (elsewhere && is(object, "AccountMismatch"))
}

/// Ready, and the remote agrees.
fn is_carried_out(model: &Model, state: &State, slot: u8, object: &Object) -> bool {
    let (spec, status) = (&object.spec, &object.status);
    if model.scenario.runs {
        return run::has_ended(model, state, slot, object);
    }
    if spec.paused {
        return matches!(status.told, Told::Paused | Told::PausedReady) && status.observed == object.generation;
    }
    let Some(remote) = state.remote(status.id).filter(|remote| remote.lives()) else { return false };
    let look = &remote.look;
    let marked = look.mark.is_some_and(|mark| mark == own_mark(slot, object.uid, mark.nonce)) && !look.released;
    let named = model.scenario.versioned || spec.adopt > 0 || look.name == slot + 1;
    let equal = look.mutable == spec.mutable && look.fixed == spec.fixed && named;
    let surplus: Vec<_> =
        state.living().filter(|(id, other)| *id != status.id && is_created(slot, object, other)).collect();
    // The operator removes a remote that this object made; it may only report one that the intent has forgotten or that
    // a person marked.
    let forgot = [Fault::StripIntent, Fault::Restore, Fault::RestoreBare, Fault::RecreateCopied];
    let told = forgot.iter().any(|fault| model.used(state, *fault))
        || surplus.iter().all(|(_, other)| other.maker != object.uid);
    let secured = object.finalizer && object.intent.is_some_and(|intent| intent.uid == object.uid);
    let ready = status.told == Told::Ready && status.observed == object.generation;
    ready && marked && equal && secured && (surplus.is_empty() || (status.duplicates && told))
}

/// A remote that carries the mark of a create of this object.
fn is_created(slot: u8, object: &Object, remote: &Remote) -> bool {
    let mark = remote.look.mark.filter(|mark| mark.nonce & ADOPTED == 0);
    mark.is_some_and(|mark| mark == own_mark(slot, object.uid, mark.nonce))
}

fn is(object: &Object, reason: &str) -> bool {
    let (Told::Stuck(number) | Told::Working(number)) = object.status.told else { return false };
    object.status.observed == object.generation && words::reason(number) == reason
}

/// Not Ready, with the right reason.
fn is_told(model: &Model, state: &State, slot: u8, object: &Object) -> bool {
    let (spec, status, wish) = (&object.spec, &object.status, &model.scenario.wishes[usize::from(slot)]);
    let recorded = state.remote(status.id).filter(|remote| remote.lives()).map(|remote| remote.look);
    let named = state.remote(spec.adopt).filter(|remote| remote.lives()).map(|remote| remote.look);
    let any = |test: &dyn Fn(&Look) -> bool| state.living().any(|(_, remote)| test(&remote.look));
    let theirs =
        |look: &Look| look.mark.is_some_and(|mark| mark != own_mark(slot, object.uid, mark.nonce)) && !look.released;
    let owners = |look: &Look| carries_owner(look, slot);
    let predecessors =
        |look: &Look| owners(look) && look.mark.is_some_and(|mark| mark.uid != object.uid && slot_of(mark.uid) == slot);
    // A refused create is tried again and again; between the tries the object reports the refusal.
    if model.scenario.retries && status.id == 0 && any(&|look: &Look| look.name == slot + 1 && look.mark.is_none()) {
        return true;
    }
    let unmarked =
        state.living().filter(|(_, remote)| remote.look.mark.is_none() && remote.look.name == slot + 1).count();
    let versioned_nowhere = model.scenario.versioned && matches!(state.kin, Kin::Holds | Kin::Gone);
    (is(object, "ImmutableChanged") && status.id > 0 && status.fixed != Some(spec.fixed))
        || (is(object, "RemoteDeleted") && status.id > 0 && recorded.is_none() && !wish.recreate)
        || (is(object, "OwnedByOther")
            && (recorded.is_some_and(|look| theirs(&look)) || named.is_some_and(|look| theirs(&look))))
        || (is(object, "OwnedByOther") && model.used(state, Fault::WrongAnswer) && is_misnamed(state, slot, object))
        || (is(object, "OwnedByOther")
            && status.id == 0
            && any(&|look: &Look| owners(look) && look.mark.is_some_and(|mark| mark.forged)))
        || (is(object, "NameTaken") && status.id == 0 && any(&|look: &Look| owners(look) && look.released))
        || (is(object, "NameTaken")
            && status.id == 0
            && model.scenario.unique_names
            && any(&|look: &Look| look.name == slot + 1))
        || (is(object, "NameTaken") && status.id == 0 && wish.policy == 1 && any(&predecessors))
        || (is(object, "AdoptionNotFound")
            && status.id == 0
            && (wish.policy == 3 || (spec.adopt > 0 && named.is_none())))
        || (is(object, "AdoptionNotFound") && status.id == 0 && wish.policy == 2 && unmarked > 1)
        || (is(object, "AccountMismatch") && object.intent.is_some_and(|intent| intent.elsewhere))
        || (is(object, "DependencyNotReady") && versioned_nowhere)
}

/// The recorded remote is not the one that the recorded attempt made: that is another.
fn is_misnamed(state: &State, slot: u8, object: &Object) -> bool {
    let Some((nonce, _)) = object.status.attempt else { return false };
    let made = |look: &Look| look.mark == Some(own_mark(slot, object.uid, nonce));
    let recorded = state.remote(object.status.id).is_some_and(|remote| made(&remote.look));
    !recorded && state.living().any(|(_, remote)| made(&remote.look))
}
