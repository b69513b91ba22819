//! The promises that every single step of `plan` must keep, judged by the knowledge of the pass. They are written here
//! a second time. Those about runs are in `run`.

mod run;

use crate::answer::Do;
use crate::properties::Breach;
use crate::question::Question;
use crate::words::own_mark;
use crate::world::{ADOPTED, Call, Domain, Flight, Id, Look, Mark, Sight, each, index};

/// The promise that a step breaks, judged by the knowledge of the pass.
#[must_use]
pub fn audit(question: &Question, answer: &Do) -> Option<Breach> {
    let object = &question.object;
    let look = |id: Id| question.look(id);
    let broken = |breach, broken: bool| broken.then_some(breach);
    let elsewhere = object.intent.is_some_and(|intent| intent.elsewhere && intent.uid == object.uid);
    if elsewhere && is_in_doubt(question) && question.flight.is_none() && acts(answer) {
        return Some(Breach::Elsewhere);
    }
    match *answer {
        Do::Edit(id, Call::Update { .. }) => {
            let mine = look(id).is_some_and(|look| !look.released && is_mine(question, &look));
            broken(Breach::NotPaused, object.spec.paused)
                .or_else(|| broken(Breach::ForeignChange, !mine || id != object.status.id))
        }
        Do::Edit(id, Call::Mark(_, mark)) => {
            let wrong = mark != own_mark(question.slot, object.uid, mark.nonce);
            let theirs = look(id).is_none_or(|look| is_theirs(question, &look));
            let taken = matches!(question.flight, Some(Flight::Take { id: taken, nonce, .. }) if taken == id && nonce == mark.nonce);
            broken(Breach::ForeignChange, wrong || theirs || !(taken || id == object.status.id))
        }
        Do::Edit(id, Call::Unrelease(_) | Call::Release(_)) => {
            // A remote that a list showed counts as known, like one that a read showed.
            let listed = index(id).and_then(|at| question.owned()[at]);
            let known = || [look(id), listed].into_iter().flatten();
            let ours = known().any(|look| is_mine(question, &look) || is_predecessors(question, &look));
            // The released label also comes off a remote that this attempt has marked and that is not recorded yet.
            let taken = matches!(answer, Do::Edit(_, Call::Unrelease(_)))
                && matches!(question.flight, Some(Flight::Take { id: taken, nonce, .. }) if taken == id
                    && known().any(|look| look.mark == Some(own_mark(question.slot, object.uid, nonce))));
            broken(Breach::ForeignChange, !ours || !(taken || id == object.status.id))
        }
        Do::Edit(id, Call::Stop(_)) => run::stops(question, id),
        Do::Delete(id) if question.is_of_run() => run::deletes(question, id),
        Do::Delete(id) => deletes(question, id, &question.sight(id)),
        Do::Claim(intent, flight) => {
            let create = matches!(flight, Some(Flight::Create { .. }));
            let owned = question.owned();
            let known = each(&owned).any(|(id, look)| {
                is_mine(question, look) && question.sight(id) != Sight::Gone && !run::is_of_attempt(question, id, look)
            });
            let unready = !is_swept(question) || !question.permit || known || is_in_doubt(question);
            broken(Breach::LetGoAlive, object.deleting)
                .or_else(|| broken(Breach::Strange, intent.uid != object.uid))
                .or_else(|| broken(Breach::NotPaused, object.spec.paused && flight.is_some()))
                .or_else(|| broken(Breach::NotLooked, create && unready))
                .or_else(|| broken(Breach::TriedAgain, create && !run::may_begin(question)))
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
        Do::Edit(_, Call::Create(_) | Call::Delete(_)) | Do::Strange => Some(Breach::Strange),
        Do::Reread
        | Do::Sweep
        | Do::Fetch(_)
        | Do::FindOwned
        | Do::FindNamed
        | Do::ListVersions
        | Do::FetchDataset
        | Do::Permit
        | Do::Resolve
        | Do::Record { .. }
        | Do::Refuse(_)
        | Do::Report(_)
        | Do::Leave => None,
    }
}

/// Was the place of its remote listed in this term, or is the dataset that holds it known to be gone?
fn is_swept(question: &Question) -> bool {
    question.swept && question.versions_known || question.is_gone(question.object.status.id)
}

/// Does the step change a remote, or write anything except the reason why it does not?
fn acts(answer: &Do) -> bool {
    matches!(answer, Do::Claim(..) | Do::Create | Do::Edit(..) | Do::Delete(_) | Do::Record { .. } | Do::Resolve)
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
    let kept_is_read = object.deleting || matches!(question.sight(object.status.id), Sight::Read(_));
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
