//! The promises that every change of the world must keep, judged by the true state, which no pass can know.

use crate::faults::{Action, Fault};
use crate::model::Model;
use crate::properties::Breach;
use crate::words::own_mark;
use crate::world::{Call, Doing, Id, Kin, Look, Object, Remote, Started, State, Uid, Wire, Write, slot_of};

/// The promise that an action broke, judged by the true state.
#[must_use]
pub fn compare(model: &Model, before: &State, action: &Action, after: &State) -> Option<Breach> {
    let used = |faults: &[Fault]| faults.iter().any(|fault| model.used(after, *fault));
    let restored = used(&[Fault::Restore, Fault::RestoreBare]);
    let by_us = matches!(action, Action::Step(..) | Action::Arrive(_) | Action::Wire(..) | Action::Straggle);
    if !by_us {
        return None;
    }
    touched(model, before, after)
        .or_else(|| created(model, before, after))
        .or_else(|| sent(model, before, after))
        .or_else(|| deleted(before, after).filter(|_| !restored))
        .or_else(|| {
            (0..).zip(before.objects.iter().zip(&after.objects)).find_map(|(slot, (old, new))| {
                let old = old.as_ref()?;
                let lost_finalizer = old.finalizer && new.is_none_or(|new| new.uid != old.uid || !new.finalizer);
                if lost_finalizer {
                    return left(model, before, slot, old);
                }
                rewritten(model, before, action, old, new.as_ref()?)
            })
        })
}

/// I4: a remote that no object here made or may take stays as it is, whatever an answer said.
fn touched(model: &Model, before: &State, after: &State) -> Option<Breach> {
    let wrong = [Fault::WrongAnswer, Fault::Clone].iter().any(|fault| model.used(after, *fault));
    let mut pairs = before.remotes.iter().zip(&after.remotes);
    let others = |before: &Remote| before.maker == 0 && before.lives();
    pairs.find_map(|(old, new)| {
        let old = old.as_ref().filter(|old| wrong && others(old))?;
        match new.as_ref().filter(|new| new.lives()) {
            None => Some(Breach::ForeignDelete),
            Some(new) => (new.look != old.look).then_some(Breach::ForeignChange),
        }
    })
}

/// I1: two remotes that live for one object.
fn created(model: &Model, before: &State, after: &State) -> Option<Breach> {
    let excused = model.scenario.short_settle_is_shown
        || [
            Fault::Duplicate,
            Fault::Replay,
            Fault::Restore,
            Fault::RestoreBare,
            Fault::Unmark,
            Fault::ForeignMark,
            Fault::ClusterMark,
            Fault::ForgedMark,
        ]
        .iter()
        .any(|fault| model.used(after, *fault))
        || (model.used(after, Fault::StripIntent) && model.used(after, Fault::StripFinalizer));
    let made = (1..)
        .zip(before.remotes.iter().zip(&after.remotes))
        .find(|(_, (old, new))| new.is_some_and(|new| new.lives()) && old.is_none_or(|old| !old.lives()));
    let maker = made.and_then(|(_, (_, new))| new.as_ref()).map(|remote| remote.maker).filter(|maker| *maker > 0)?;
    // Of runs, those of earlier attempts may be there, but have ended.
    let counts = |remote: &Remote| matches!(remote.look.doing, Doing::Nothing | Doing::Runs);
    let twins = after.living().filter(|(_, remote)| remote.maker == maker && counts(remote)).count();
    (twins > 1 && !excused).then_some(Breach::TwoLive)
}

/// R1: a create needs a stored claim, and no attempt is sent twice.
fn sent(model: &Model, before: &State, after: &State) -> Option<Breach> {
    if before.under_way().count() >= after.under_way().count() {
        return None;
    }
    let new = after.under_way().find(|message| !before.under_way().any(|old| old == *message))?;
    let (Call::Create(look), Some((_, slot))) = (new.call, new.waits) else { return None };
    let mark = look.mark?;
    let carries = |other: &Look| other.mark.is_some_and(|other| other.nonce == mark.nonce);
    let made = before.remotes.iter().flatten().any(|remote| carries(&remote.look));
    let sent = before.under_way().any(|old| matches!(old.call, Call::Create(look) if carries(&look)));
    if made || sent {
        return Some(Breach::SentTwice);
    }
    let meddled = [Fault::StripIntent, Fault::StripFinalizer, Fault::Replace, Fault::Restore, Fault::RestoreBare];
    let stored = after.objects[usize::from(slot)].filter(|object| object.uid == new.uid);
    let claimed = stored.is_some_and(|object| {
        object.finalizer && object.intent.is_some_and(|intent| intent.uid == object.uid && intent.lists(mark.nonce))
    });
    let excused = meddled.iter().any(|fault| model.used(after, *fault));
    (!claimed && !excused).then_some(Breach::CreateUnclaimed)
}

/// A remote that a living object wants.
fn deleted(before: &State, after: &State) -> Option<Breach> {
    let gone = (1..)
        .zip(before.remotes.iter().zip(&after.remotes))
        .find(|(_, (old, new))| old.is_some_and(|old| old.lives()) && new.is_none_or(|new| !new.lives()));
    let (id, _) = gone?;
    let wanted = |object: &Object| !object.deleting && object.status.id == id;
    after.objects.iter().flatten().any(wanted).then_some(Breach::DeletedWanted)
}

/// I2: the finalizer was removed.
fn left(model: &Model, before: &State, slot: u8, old: &Object) -> Option<Breach> {
    let excused = [
        Fault::Duplicate,
        Fault::Replay,
        Fault::Force,
        Fault::Restore,
        Fault::RestoreBare,
        Fault::StripIntent,
        Fault::StripFinalizer,
        Fault::CopyMark,
        Fault::ForgedMark,
        // The remote that was made stays, with its mark, beside the remote that the answer named.
        Fault::WrongAnswer,
    ];
    if excused.iter().any(|fault| model.used(before, *fault)) || model.scenario.short_settle_is_shown {
        return None;
    }
    // A kept run keeps its mark, and so does the clone that somebody made of one.
    let kept = |remote: &Remote| model.scenario.runs && (remote.maker == 0 || old.spec.retain);
    let lives = before.living().any(|(_, remote)| {
        !kept(remote)
            && !remote.look.released
            && remote.look.mark.is_some_and(|mark| own_mark(slot, old.uid, mark.nonce) == mark)
    });
    let coming = before.under_way().any(|message| {
        matches!((message.call, message.wire), (Call::Create(_), Wire::Bounded(_))) && message.uid == old.uid
    });
    (lives || (coming && before.kin != Kin::Gone)).then_some(Breach::OrphanLeft)
}

/// I5: what may not change in status.
fn rewritten(model: &Model, before: &State, action: &Action, old: &Object, new: &Object) -> Option<Breach> {
    if old.uid != new.uid {
        return None;
    }
    let used = |faults: &[Fault]| faults.iter().any(|fault| model.used(before, *fault));
    let (was, is) = (&old.status, &new.status);
    let remote = before.remote(was.id).filter(|remote| remote.lives());
    let lives = remote.is_some_and(|remote| remote.principal == before.principal);
    let failed = remote.is_some_and(|remote| remote.look.doing == Doing::Failed);
    if was.id > 0 && is.id != was.id && lives && !failed && is_marked_for(before, was.id, old.uid) {
        return Some(Breach::IdOverwritten);
    }
    let twice = |one: &Started, other: &Started| one.id > 0 && (one.id == other.id || one.nonce == other.nonce);
    if let [first, second] = &is.course.attempts
        && twice(first, second)
    {
        return Some(Breach::RecordedTwice);
    }
    let unfenced = model.scenario.processes > 1 || used(&[Fault::KubeLate, Fault::Restore, Fault::RestoreBare]);
    let late = *action == Action::Straggle && is_guarded(before);
    if is.observed < was.observed && (late || !unfenced) {
        return Some(Breach::ObservedBack);
    }
    if is.observed > new.generation && !unfenced {
        return Some(Breach::ReadyUntrue);
    }
    let unseen = [
        Fault::Late,
        Fault::Replay,
        Fault::Duplicate,
        Fault::RemoteEdit,
        Fault::RemoteDelete,
        Fault::Unmark,
        Fault::ForeignMark,
        Fault::ClusterMark,
        Fault::ForgedMark,
        Fault::KubeLate,
        Fault::Kin,
        Fault::Principal,
        Fault::Crash,
    ];
    let news = (was.told, was.observed) != (is.told, is.observed);
    if news && is.told.is_ready() && is.observed == new.generation && !unfenced {
        let equal = before.remote(is.id).is_some_and(|remote| {
            let spec = &new.spec;
            let runs_well = matches!(remote.look.doing, Doing::Nothing | Doing::Succeeded);
            remote.lives()
                && runs_well
                && remote.look.fixed == spec.fixed
                && (remote.look.mutable == spec.mutable || spec.paused)
        });
        return (!equal && !used(&unseen)).then_some(Breach::ReadyUntrue);
    }
    None
}

fn is_marked_for(state: &State, id: Id, uid: Uid) -> bool {
    state
        .remote(id)
        .and_then(|remote| remote.look.mark)
        .is_some_and(|mark| mark == own_mark(slot_of(uid), uid, mark.nonce))
}

/// The late write is not the first one of a status, which nothing guards.
fn is_guarded(before: &State) -> bool {
    let write = before.straggler.as_deref().map(|straggler| straggler.write);
    matches!(write, Some(Write::Status { before, .. }) if before.observed > 0)
}
