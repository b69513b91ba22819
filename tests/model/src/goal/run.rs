//! What a run must come to: status says how it ended, and says so truly. Only what others cloned, and what was to be kept,
//! stays beside it.

use super::is_created;
use crate::faults::Fault;
use crate::model::Model;
use crate::words::{self, own_mark};
use crate::world::{Doing, Object, Remote, State, Told};

/// A run of nobody here: a clone, or one whose object kept it.
pub(super) fn is_kept(model: &Model, remote: &Remote) -> bool {
    model.scenario.runs && (remote.maker == 0 || model.scenario.specs[0].retain)
}

/// Status says how the run of the last attempt ended.
pub(super) fn has_ended(model: &Model, state: &State, slot: u8, object: &Object) -> bool {
    let (status, wish) = (&object.status, &model.scenario.wishes[usize::from(slot)]);
    let recorded = state.remote(status.id).filter(|remote| remote.lives()).map(|remote| remote.look);
    let begun = status.course.attempts.iter().filter(|started| started.id > 0).count();
    let says = |reason: &str| matches!(status.told, Told::Stuck(number) if words::reason(number) == reason);
    let truly = match recorded.map(|look| look.doing) {
        Some(Doing::Succeeded) => status.told == Told::Ready,
        Some(Doing::Failed) => says("JobFailed") && begun == usize::from(wish.backoff) + 1,
        Some(Doing::Stopped) => says("JobStopped"),
        None => says("JobLost"),
        Some(Doing::Nothing | Doing::Runs) => false,
    };
    let marked = recorded.and_then(|look| look.mark);
    let marked = recorded.is_none() || marked.is_some_and(|mark| mark == own_mark(slot, object.uid, mark.nonce));
    let others = || state.living().filter(|(id, other)| !status.course.has(*id) && is_created(slot, object, other));
    // One more run of an attempt is a clone, or what a copy of the request made. After a restart nothing lists the runs of an
    // object whose own has ended (12.10), so that the report about it may go.
    let copies = others().all(|(_, other)| other.look.mark.is_some_and(|mark| status.course.lists(mark.nonce)));
    let secured = object.finalizer && object.intent.is_some_and(|intent| intent.uid == object.uid);
    let final_word = status.course.ended == status.told && status.observed == object.generation;
    let told = status.duplicates || model.used(state, Fault::Crash) || others().next().is_none();
    truly && marked && secured && final_word && copies && told
}
