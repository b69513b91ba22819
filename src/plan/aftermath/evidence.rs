//! What may be concluded from what was seen: whether an absence counts, whose an answer is, when a read can say anything.

use std::time::Duration;

use crate::api::condition::Reason;
use crate::plan::profile::Profile;
use crate::plan::report::{Next, Report};
use crate::plan::view::View;
use crate::remote::id::RemoteId;

/// Was the place of an object looked at in this term: its workspace (`None`: it has no target), and, for one whose
/// remote is in another, all that is in that? What is gone for certain needs no look.
#[must_use]
pub fn place_is_swept(workspace: Option<bool>, children: Option<bool>, parent_gone: bool) -> bool {
    (workspace.unwrap_or(false) && children.unwrap_or(true)) || parent_gone
}

/// Is the remote that an answer to a create names another one than what was made with the mark `sent`? `shown` is the
/// mark under which it is known.
#[must_use]
pub fn names_another<M: PartialEq>(shown: Option<M>, sent: &M, recorded_elsewhere: bool) -> bool {
    shown.is_some_and(|shown| shown != *sent) || recorded_elsewhere
}

/// A read says nothing as long as a delete that was sent for an earlier object may still take effect, for another `left`.
/// Only of remotes of its own kind: a version waits for nobody who deletes its dataset.
#[must_use]
pub fn waits_for_a_delete(kind: &Profile, id: &RemoteId, left: Option<Duration>) -> Option<Report> {
    let left = left.filter(|_| kind.names(id))?;
    let message = format!("a delete of {id} that was sent for an earlier object may still take effect");
    Some(Report::working(Reason::Uncertain, message, Next::After(left)))
}

/// May the read be one that many objects share? Those before a delete come in crowds, and a list by ids shows datasets.
#[must_use]
pub fn reads_shared(view: &View, id: &RemoteId, workspace: &str) -> bool {
    view.object.deleting && id.child().is_none() && !workspace.is_empty()
}
