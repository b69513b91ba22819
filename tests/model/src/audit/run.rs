//! The promises about runs: which one may be stopped or deleted, and when another attempt may begin (section 12).

use super::is_mine;
use crate::properties::Breach;
use crate::question::Question;
use crate::world::{ADOPTED, Doing, Id, Look, each};

/// Is this the run of a recorded attempt, or a copy of its mark?
pub(super) fn is_of_attempt(question: &Question, id: Id, look: &Look) -> bool {
    let course = &question.object.status.course;
    course.has(id) || look.mark.is_some_and(|mark| course.lists(mark.nonce))
}

/// May an attempt be claimed? The first one always; another one only after one that failed.
pub(super) fn may_begin(question: &Question) -> bool {
    let status = &question.object.status;
    let begun = status.course.attempts.iter().filter(|started| started.id > 0).count();
    let failed = question.look(status.id).is_some_and(|look| look.doing == Doing::Failed);
    begun == 0 || (failed && begun <= usize::from(question.wish.backoff) && !status.course.stops)
}

/// A stop of this run.
pub(super) fn stops(question: &Question, id: Id) -> Option<Breach> {
    let (object, recorded) = (&question.object, question.object.status.course.has(id));
    if object.spec.paused {
        return Some(Breach::NotPaused);
    }
    if recorded {
        return match (object.deleting, object.status.course.stops) {
            (false, _) => Some(Breach::ForeignChange),
            (true, false) => Some(Breach::StopUnsaid),
            (true, true) => kept(question, id),
        };
    }
    (!is_late_attempts(question, id)).then_some(Breach::ForeignChange)
}

/// A delete of this run.
pub(super) fn deletes(question: &Question, id: Id) -> Option<Breach> {
    let object = &question.object;
    // What is in hand was made a moment ago, and its object could not be told.
    let in_hand = question.in_hand && !object.status.recovered && id == object.status.id;
    let recorded = in_hand || object.status.course.has(id);
    let shown = each(&question.owned()).find(|(owned, _)| *owned == id).map(|(_, look)| *look);
    if object.spec.paused {
        return Some(Breach::NotPaused);
    }
    if question.look(id).or(shown).is_none_or(|look| look.doing == Doing::Runs) {
        return Some(Breach::DeletedRunning);
    }
    if !question.object_is_fresh {
        return Some(Breach::Unread);
    }
    match (recorded, object.deleting) {
        (true, true) => kept(question, id),
        (true, false) => Some(Breach::DeletedWanted),
        (false, _) => (!is_late_attempts(question, id)).then_some(Breach::ForeignDelete),
    }
}

/// A recorded run that is to be kept.
fn kept(question: &Question, id: Id) -> Option<Breach> {
    let object = &question.object;
    let mut attempts = object.status.course.attempts.iter();
    let adopted = attempts.any(|started| started.id == id && started.nonce & ADOPTED > 0);
    (object.spec.retain || adopted).then_some(Breach::Retained)
}

/// Did an attempt of the intent make it, of which nothing is recorded? Of several with its mark, it must be the oldest.
fn is_late_attempts(question: &Question, id: Id) -> bool {
    let object = &question.object;
    let owned = question.owned();
    let nonce = |look: &Look| look.mark.filter(|_| is_mine(question, look)).map(|mark| mark.nonce);
    let Some(own) = each(&owned).find(|(owned, _)| *owned == id).and_then(|(_, look)| nonce(look)) else {
        return false;
    };
    let listed = object.intent.is_some_and(|intent| intent.uid == object.uid && intent.lists(own));
    let older = each(&owned).any(|(other, look)| other < id && nonce(look) == Some(own));
    own & ADOPTED == 0 && listed && !object.status.course.lists(own) && !older
}
