//! What an observation proves: whether a place was listed, an answer names our remote, or a read can be trusted.

use std::time::Duration;

use crate::api::condition::Reason;
use crate::plan::profile::Profile;
use crate::plan::report::{Next, Report};
use crate::plan::view::View;
use crate::remote::id::RemoteId;

/// Was the place of an object listed since this process started: its workspace (`None`: it has no target) and, for a
/// version, the versions of its dataset? A dataset that is certainly gone needs no list.
#[must_use]
pub fn place_is_swept(workspace: Option<bool>, children: Option<bool>, parent_gone: bool) -> bool {
    (workspace.unwrap_or(false) && children.unwrap_or(true)) || parent_gone
}

/// Does an answer to a create name another remote than the one made with the mark `sent`? `shown` is the known mark of
/// the named remote.
#[must_use]
pub fn names_another<M: PartialEq>(shown: Option<M>, sent: &M, recorded_elsewhere: bool) -> bool {
    shown.is_some_and(|shown| shown != *sent) || recorded_elsewhere
}

/// A read must wait while a delete that was sent for an earlier object may still take effect, for another `left`. This
/// concerns only remotes of the object's own kind: a version does not wait for a delete of its dataset.
#[must_use]
pub fn waits_for_a_delete(kind: &Profile, id: &RemoteId, left: Option<Duration>) -> Option<Report> {
    let left = left.filter(|_| kind.names(id))?;
    let message = format!("a delete of {id} that was sent for an earlier object may still take effect");
    Some(Report::working(Reason::Uncertain, message, Next::After(left)))
}

/// May many objects share this read, as a list by ids? Reads before deletes come in crowds; lists show only datasets.
#[must_use]
pub fn reads_shared(view: &View, id: &RemoteId, workspace: &str) -> bool {
    view.object.deleting && id.child().is_none() && id.key().is_none() && !workspace.is_empty()
}
