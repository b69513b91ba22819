//! A remote in hand that its object cannot record: the object is gone, or another one of the same name took its place.

use crate::plan::edit::Purpose;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Recorded;
use crate::plan::step::{Look, Record, Step};
use crate::plan::view::View;

/// What happens to a remote that the API server did not let us record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// The object exists and recorded no other id: the record is tried again.
    Retry,
    /// The object has another id, which is never overwritten: ours is surplus, and a later reconcile handles it.
    Surplus,
    /// The object is gone: its deletion policy decides about the remote.
    Release,
}

/// What happens to the remote `record`, by the id in status `before` the write and `now`; `None` if the object is gone,
/// or another one of the same name exists.
#[must_use]
pub fn after_unrecorded<I: PartialEq>(record: &I, before: Option<&I>, now: Option<Option<&I>>) -> Unrecorded {
    match now {
        None => Unrecorded::Release,
        Some(now) if now != before && now != Some(record) => Unrecorded::Surplus,
        Some(_) => Unrecorded::Retry,
    }
}

/// Makes the object look as if it had recorded the remote and then been deleted, so that its policy decides.
pub fn released(facts: &mut ObjectFacts, recorded: &mut Recorded, record: &Record) {
    (facts.deleting, facts.finalizer) = (true, true);
    (facts.force_release, facts.paused) = (None, false);
    recorded.id = Some(record.id.clone());
    recorded.origin = Some(record.origin);
    recorded.recovered = record.recovered;
    recorded.attempt.clone_from(&record.attempt);
    recorded.fixed.clone_from(&record.fixed);
}

/// The step for an object that is gone: its remote is read, and deleted or released. All other steps are for the object
/// and become [`Step::Ignore`], which leaves the remote as it is.
#[must_use]
pub fn in_hand(view: &View, step: Step) -> Step {
    match step {
        // A remote that we just made carries our mark. If this one does not, the answer named a wrong one.
        Step::Delete(id) if !view.shows_our_mark(&id) => Step::Ignore,
        // One that was found may be a clone of the run that the object had: its status, which could tell, is gone (12.6).
        Step::Delete(_) if view.profile.runs && view.recorded.recovered => Step::Ignore,
        Step::Edit(edit) if edit.purpose != Purpose::Release => Step::Ignore,
        // There is no object to note it on; the delete follows in this reconcile.
        Step::Claim(intent, None) if intent.delete_sent => match view.recorded.id.clone() {
            Some(id) if view.shows_our_mark(&id) => Step::Delete(id),
            Some(_) | None => Step::Ignore,
        },
        Step::Read(_) | Step::Look(Look::Owned) | Step::Delete(_) | Step::Edit(_) | Step::RemoveFinalizer => step,
        // These are for the object, or say that something stands in the way.
        Step::Reread
        | Step::Look(Look::Sweep | Look::Named(_) | Look::Children(..))
        | Step::Permit
        | Step::Claim(..)
        | Step::Create
        | Step::Resolve
        | Step::Record(_)
        | Step::Refuse(..)
        | Step::Report(_)
        | Step::Ignore => Step::Ignore,
    }
}
