//! What must hold: promises about every single step (asked of what the pass knew) and about every change of the world
//! (asked of what is true). They are written down here a second time, on their own, and not taken from `plan`.

use crate::answer::Do;
use crate::faults::{Action, Fate, Fault};
use crate::model::Model;
use crate::question::Question;
use crate::words::own_mark;
use crate::world::{
    ADOPTED, Call, Domain, Flight, Id, Kin, Look, Mark, Object, Remote, Sight, State, Uid, Wire, index, slot_of,
};

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Two remotes that one object made live at once.
    TwoLive = 1,
    /// A create that no stored claim stands for.
    CreateUnclaimed,
    /// An attempt was sent twice.
    SentTwice,
    /// A create although a remote of this object is known, the workspace was not swept, or there is a doubt.
    NotLooked,
    /// A change of a remote that is not this object's to change.
    ForeignChange,
    /// A delete of a remote that is not this object's to delete.
    ForeignDelete,
    /// A delete without a read in the same pass, or of an object that was not just read.
    Unread,
    /// A delete against `deletionPolicy`.
    Retained,
    /// A remote was deleted that a living object has recorded.
    DeletedWanted,
    /// A recorded id was replaced while its remote lives.
    IdOverwritten,
    /// Ready was told of a remote that does not equal the spec.
    ReadyUntrue,
    /// `observedGeneration` went back.
    ObservedBack,
    /// The finalizer left while a remote of the object lives, or a create of it is under way.
    OrphanLeft,
    /// The finalizer was taken off a living object.
    LetGoAlive,
    /// A write to the remote of a paused object.
    NotPaused,
    /// `plan` wants something that has no meaning here.
    Strange,
    /// A pass that makes no progress.
    Endless,
    /// The model is too small.
    TooManyRemotes,
    /// The model is too small.
    TooManyMessages,
}

impl Breach {
    /// All.
    pub const ALL: [Self; 19] = [
        Self::TwoLive,
        Self::CreateUnclaimed,
        Self::SentTwice,
        Self::NotLooked,
        Self::ForeignChange,
        Self::ForeignDelete,
        Self::Unread,
        Self::Retained,
        Self::DeletedWanted,
        Self::IdOverwritten,
        Self::ReadyUntrue,
        Self::ObservedBack,
        Self::OrphanLeft,
        Self::LetGoAlive,
        Self::NotPaused,
        Self::Strange,
        Self::Endless,
        Self::TooManyRemotes,
        Self::TooManyMessages,
    ];

    /// The one that a state tells.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        index(state.broken).and_then(|at| Self::ALL.get(at)).copied()
    }
}

/// Something that should happen in some run, or the model shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A doubt ended with "nothing came of it".
    DoubtResolved,
    /// Surplus was deleted.
    SurplusRemoved,
    /// A remote was found by its mark.
    Recovered,
    /// A create was not sent because it was too late.
    SendDeadline,
    /// A remote in hand was let go because its object is gone.
    InHand,
}

impl Event {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::DoubtResolved, Self::SurplusRemoved, Self::Recovered, Self::SendDeadline, Self::InHand];
}

/// Writes down the first breach.
pub fn broke(state: &mut State, breach: Breach) {
    if state.broken == 0 {
        state.broken = breach as u8;
    }
}

/// What a step breaks, by what the pass knows.
#[must_use]
pub fn audit(question: &Question, answer: &Do) -> Option<Breach> {
    let object = &question.object;
    let sight = |id: Id| index(id).and_then(|at| question.sights.get(at)).copied().unwrap_or_default();
    let look = |id: Id| match sight(id) {
        Sight::Read(look) | Sight::Indexed(look) => Some(look),
        Sight::Unknown | Sight::Gone => None,
    };
    let broken = |breach, broken: bool| broken.then_some(breach);
    match *answer {
        Do::Update { id, .. } => {
            let mine = look(id).is_some_and(|look| !look.released && is_mine(question, &look));
            broken(Breach::NotPaused, object.spec.paused)
                .or_else(|| broken(Breach::ForeignChange, !mine || id != object.status.id))
        }
        Do::Mark(id, mark) => {
            let wrong = mark != own_mark(question.slot, object.uid, mark.nonce);
            let theirs = look(id).is_none_or(|look| is_theirs(question, &look));
            let taken = matches!(question.flight, Some(Flight::Take { id: taken, nonce, .. }) if taken == id && nonce == mark.nonce);
            broken(Breach::ForeignChange, wrong || theirs || !(taken || id == object.status.id))
        }
        Do::Unrelease(id) | Do::Release(id) => {
            // What a list showed is known as well as what a read did.
            let listed = index(id).and_then(|at| question.owned.get(at).copied().flatten());
            let known = [look(id), listed].into_iter().flatten();
            let ours = known.into_iter().any(|look| is_mine(question, &look) || is_predecessors(question, &look));
            broken(Breach::ForeignChange, !ours || id != object.status.id)
        }
        Do::Delete(id) => deletes(question, id, &sight(id)),
        Do::Claim(intent, flight) => {
            let create = matches!(flight, Some(Flight::Create { .. }));
            let known = question
                .owned
                .iter()
                .zip(&question.sights)
                .any(|(owned, sight)| owned.is_some_and(|look| is_mine(question, &look)) && *sight != Sight::Gone);
            let unready = !question.swept || !question.permit || known || is_in_doubt(question);
            broken(Breach::LetGoAlive, object.deleting)
                .or_else(|| broken(Breach::Strange, intent.uid != object.uid))
                .or_else(|| broken(Breach::NotPaused, object.spec.paused && flight.is_some()))
                .or_else(|| broken(Breach::NotLooked, create && unready))
        }
        Do::Create => {
            let claimed = object.intent.is_some_and(
                |intent| matches!(question.flight, Some(Flight::Create { nonce, .. }) if intent.lists(nonce)),
            );
            broken(Breach::CreateUnclaimed, !claimed || !object.finalizer)
        }
        Do::LetGo => {
            broken(Breach::LetGoAlive, !object.deleting).or_else(|| broken(Breach::Unread, !question.object_is_fresh))
        }
        Do::Strange => Some(Breach::Strange),
        Do::Reread
        | Do::Sweep
        | Do::Fetch(_)
        | Do::FindOwned
        | Do::FindNamed
        | Do::ListVersions
        | Do::FetchDataset
        | Do::Permit
        | Do::Resolve
        | Do::Record(_)
        | Do::Refuse(..)
        | Do::Report(..)
        | Do::Leave => None,
    }
}

/// An attempt without an outcome that may have executed, as the object itself tells (4.1).
fn is_in_doubt(question: &Question) -> bool {
    let (object, memory) = (&question.object, &question.memory);
    let Some(intent) = object.intent else { return object.finalizer && object.status.id == 0 && !memory.resolved };
    let newest = intent.attempts.iter().rev().find(|attempt| attempt.nonce > 0);
    let open = newest.is_some_and(|attempt| {
        let ended = object.status.attempt.is_some_and(|(nonce, _)| nonce == attempt.nonce);
        attempt.nonce & ADOPTED == 0 && !ended && memory.never_executed != Some(attempt.nonce)
    });
    (intent.uid != object.uid || open) && !memory.resolved
}

fn deletes(question: &Question, id: Id, sight: &Sight) -> Option<Breach> {
    let object = &question.object;
    let Sight::Read(look) = sight else { return Some(Breach::Unread) };
    if !question.object_is_fresh {
        return Some(Breach::Unread);
    }
    if object.spec.paused {
        return Some(Breach::NotPaused);
    }
    if id == object.status.id {
        let unmarked = look.mark.is_none() && object.status.origin == 1 && object.status.fixed == Some(look.fixed);
        let ours = is_mine(question, look) || (is_predecessors(question, look) && !look.released);
        if !object.deleting {
            return Some(Breach::DeletedWanted);
        }
        let retained = object.spec.retain || object.status.origin == 2;
        return match (retained, ours || unmarked) {
            (true, _) => Some(Breach::Retained),
            (false, false) => Some(Breach::ForeignDelete),
            (false, true) => None,
        };
    }
    let made = look.mark.is_some_and(|mark| mark.nonce & ADOPTED == 0);
    let elsewhere = question.elsewhere & (1 << id) > 0;
    let kept = index(object.status.id).map(|at| question.sights[at]);
    let kept_is_read = object.deleting || matches!(kept, Some(Sight::Read(_)));
    match (is_mine(question, look) && made && !elsewhere, kept_is_read) {
        (false, _) => Some(Breach::ForeignDelete),
        (true, false) => Some(Breach::Unread),
        (true, true) => None,
    }
}

fn is_mine(question: &Question, look: &Look) -> bool {
    look.mark.is_some_and(|mark| {
        mark == own_mark(question.slot, question.object.uid, mark.nonce) || is_moved(question, &mark)
    })
}

/// The mark of this very object, by another cluster of our domain.
fn is_moved(question: &Question, mark: &Mark) -> bool {
    let own = own_mark(question.slot, question.object.uid, mark.nonce);
    *mark == Mark { domain: Domain::OtherCluster, ..own }
}

fn is_predecessors(question: &Question, look: &Look) -> bool {
    look.mark.is_some_and(|mark| {
        let lives = question.live_here & (1 << mark.uid) > 0;
        mark.owner == question.slot
            && !mark.forged
            && !lives
            && mark.uid != question.object.uid
            && mark.domain == Domain::Ours
    })
}

/// Another living owner's: nothing may be written on it.
fn is_theirs(question: &Question, look: &Look) -> bool {
    let Some(mark) = look.mark else { return false };
    let has_id = question.object.status.id > 0;
    let lives = mark.uid != question.object.uid && question.live_here & (1 << mark.uid) > 0;
    match mark.domain {
        Domain::Foreign => !look.released,
        Domain::OtherCluster => !look.released && !mark.forged && has_id && !is_moved(question, &mark),
        Domain::Ours if mark.forged => !has_id && (mark.owner == question.slot || mark.uid == question.object.uid),
        Domain::Ours => lives && !look.released,
    }
}

/// What an action broke, by what is true.
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
                rewritten(model, before, old, new.as_ref()?)
            })
        })
}

/// I4: what nobody here made, and nobody here may take, stays as it is, whatever an answer said.
fn touched(model: &Model, before: &State, after: &State) -> Option<Breach> {
    let wrong = model.used(after, Fault::WrongAnswer);
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
    let twins = after.living().filter(|(_, remote)| remote.maker == maker).count();
    (twins > 1 && !excused).then_some(Breach::TwoLive)
}

/// R1: a create stands on a stored claim, and no attempt is sent twice.
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

/// I2: the finalizer left.
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
        // The one that was made is left, marked, beside the one that was named.
        Fault::WrongAnswer,
    ];
    if excused.iter().any(|fault| model.used(before, *fault)) || model.scenario.short_settle_is_shown {
        return None;
    }
    let lives = before.living().any(|(_, remote)| {
        !remote.look.released && remote.look.mark.is_some_and(|mark| own_mark(slot, old.uid, mark.nonce) == mark)
    });
    let coming = before.under_way().any(|message| {
        matches!((message.call, message.wire), (Call::Create(_), Wire::Bounded(_))) && message.uid == old.uid
    });
    (lives || (coming && before.kin != Kin::Gone)).then_some(Breach::OrphanLeft)
}

/// I5: what may not change in status.
fn rewritten(model: &Model, before: &State, old: &Object, new: &Object) -> Option<Breach> {
    if old.uid != new.uid {
        return None;
    }
    let used = |faults: &[Fault]| faults.iter().any(|fault| model.used(before, *fault));
    let (was, is) = (&old.status, &new.status);
    let remote = before.remote(was.id).filter(|remote| remote.lives());
    let lives = remote.is_some_and(|remote| remote.principal == before.principal);
    if was.id > 0 && is.id != was.id && lives && is_marked_for(before, was.id, old.uid) {
        return Some(Breach::IdOverwritten);
    }
    let unfenced = model.scenario.processes > 1 || used(&[Fault::KubeLate, Fault::Restore, Fault::RestoreBare]);
    if is.observed < was.observed && !unfenced {
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
            remote.lives() && remote.look.fixed == spec.fixed && (remote.look.mutable == spec.mutable || spec.paused)
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

/// Does the fate of a write need a budget?
#[must_use]
pub const fn fault_of(fate: Fate) -> Option<Fault> {
    match fate {
        Fate::Well => None,
        Fate::Unanswered => Some(Fault::KubeAnswer),
        Fate::Lost => Some(Fault::KubeLoss),
        Fate::Late => Some(Fault::KubeLate),
    }
}
