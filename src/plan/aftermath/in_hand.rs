//! A remote in hand that its object cannot be told of: the object is gone, or another life of it is there.

use crate::plan::edit::Purpose;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Recorded;
use crate::plan::step::{Look, Record, Step};
use crate::plan::view::View;

/// What becomes of a remote whose record the API server did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// The object is as it was: it is tried again.
    Retry,
    /// Another id is there, and is never overwritten: ours is surplus now, and a later pass sees to it.
    Surplus,
    /// The object is gone: the remote is let go.
    Release,
}

/// What becomes of the remote `record`, by the id that was there `before` the write and the one that is there `now`;
/// `None` if the object is gone, or another life of it is there.
#[must_use]
pub fn after_unrecorded<I: PartialEq>(record: &I, before: Option<&I>, now: Option<Option<&I>>) -> Unrecorded {
    match now {
        None => Unrecorded::Release,
        Some(now) if now != before && now != Some(record) => Unrecorded::Surplus,
        Some(_) => Unrecorded::Retry,
    }
}

/// The object as it would be if it had been told of the remote and then deleted: its own policy says what becomes of it.
pub fn released(facts: &mut ObjectFacts, recorded: &mut Recorded, record: &Record) {
    (facts.deleting, facts.finalizer) = (true, true);
    (facts.force_release, facts.paused) = (None, false);
    recorded.id = Some(record.id.clone());
    recorded.origin = Some(record.origin);
    recorded.attempt.clone_from(&record.attempt);
    recorded.fixed.clone_from(&record.fixed);
}

/// What of a step is done for an object that is gone: its remote is looked at and let go. Everything else would be for
/// the object; [`Step::Ignore`] leaves the remote as it is.
#[must_use]
pub fn in_hand(view: &View, step: Step) -> Step {
    match step {
        // What was made a moment ago carries the mark; what does not is what an answer named wrongly.
        Step::Delete(id) if !view.shows_our_mark(&id) => Step::Ignore,
        Step::Edit(edit) if edit.purpose != Purpose::Release => Step::Ignore,
        Step::Read(_) | Step::Look(Look::Owned) | Step::Delete(_) | Step::Edit(_) | Step::RemoveFinalizer => step,
        // Something stands in the way of it.
        Step::Reread
        | Step::Look(Look::Sweep | Look::Named(_) | Look::Children(_))
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
