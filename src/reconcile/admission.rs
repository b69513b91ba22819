//! A reconcile asks for the permit of its first call before it begins, and if it has to wait, it ends and holds
//! nothing. So only reconciles that can work are running, and no edit queues behind one that cannot.

use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::codec::{self, Codec, Nested};
use crate::cloud::{Lane, Observer as _, Operation, Permit, Reservation};
use crate::environment;
use crate::plan::desired::Deletion;
use crate::plan::plan;
use crate::plan::report::Report;
use crate::plan::step::{Look, Step};
use crate::plan::view::View;
use crate::reconcile::kind::{AnyKind, Kind};
use crate::reconcile::pass::{Flow, Pass};
use crate::reconcile::queued::may_say;
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

/// A reconcile waits inline for a permit that is this near; at 100 calls per second that keeps some two ready.
const NEAR: Duration = Duration::from_millis(40);

impl<K: Kind> Pass<'_, K> {
    /// Gets the permit for the first call of this reconcile. `Some` ends it: the object comes back when its turn is.
    pub(super) async fn admit(&mut self, view: &View, step: &Step) -> Option<Flow> {
        // A reconcile that has begun waits for its permits inline, ahead of those that have not.
        if self.admitted || view.observed.flight.is_some() {
            return None;
        }
        let operation = operation_of(view, step)?;
        let lane = lane_of(view, step);
        match self.reserve(may_say(view), lane, operation).await {
            None => {
                self.permit = Permit::granted(lane);
                self.admitted = true;
                None
            }
            ended => ended,
        }
    }
}

impl<K: AnyKind> Pass<'_, K> {
    /// Takes a place in the limiter. `None` if the permit is granted; otherwise the reconcile ends, and the object
    /// comes back when its turn is. `may_say`: its status may say that it waits.
    pub(super) async fn reserve(&mut self, may_say: bool, lane: Lane, operation: Operation) -> Option<Flow> {
        loop {
            let reservation = self.account.client.limiter().reserve(&self.facts.uid, lane, operation);
            let now = Instant::now();
            match reservation {
                Reservation::Granted => {
                    let since = self.ctx.states.with(&self.facts.uid, |state| {
                        state.slot = None;
                        state.permit_since.take()
                    });
                    self.ctx.metrics.waited(lane, since.map(|since| since.elapsed()).unwrap_or_default());
                    return None;
                }
                Reservation::At(at) => {
                    self.ctx.states.with(&self.facts.uid, |state| *state.permit_since.get_or_insert(now));
                    let wait = at.saturating_duration_since(now);
                    if wait > NEAR {
                        // The object comes back a little early, because a timer that is late would lose the permit.
                        return Some(self.wait_in_line(may_say, wait.saturating_sub(NEAR / 2)).await);
                    }
                    tokio::time::sleep_until(at).await;
                }
                Reservation::Spent(until) => {
                    let calls = self.account.client.limiter().daily_budget().unwrap_or_default();
                    let wait = until.saturating_duration_since(now);
                    let report = Report::budget_spent(calls, wait, environment::now());
                    return Some(Flow::End(self.finish(report).await));
                }
            }
        }
    }
}

/// Edits and deletions by users go first. Work on an object without a remote goes before reads that only check.
fn lane_of(view: &View, step: &Step) -> Lane {
    let carried_out = view.carried_out();
    let asked = view.object.requested.is_some() && view.object.requested != view.recorded.handled;
    if view.object.deleting || asked || (view.id().is_some() && !carried_out) {
        Lane::UserChange
    } else if view.id().is_none() || !matches!(step, Step::Read(_)) {
        Lane::Create
    } else {
        Lane::Sweep
    }
}

/// The operation whose permit is needed first if a read of the object shows nothing new. So the object waits in line before it is
/// read, and is not read again each time that it comes back.
fn after_reread(view: &View) -> Option<Operation> {
    if view.observed.object_is_fresh {
        return None;
    }
    let mut view = view.clone();
    view.observed.object_is_fresh = true;
    operation_of(&view, &plan(&view))
}

/// The operation whose permit a step needs; `None` without a call, or with a permit of its own.
fn operation_of(view: &View, step: &Step) -> Option<Operation> {
    let codec = view.profile.codec;
    Some(match step {
        Step::Reread => after_reread(view)?,
        // The read before a delete is shared and paced by itself, so the object waits for the permit of the delete.
        Step::Read(id) if view.object.deleting && view.id() == Some(id) && !view.profile.is_nested() => {
            match view.deletion_policy() {
                Deletion::Delete => codec.delete(id).operation(),
                Deletion::Retain => releases(codec, id)?,
            }
        }
        Step::Read(id) => view.profile.codec_of(id).get(id).operation(),
        Step::Look(Look::Children(_, collection)) => codec::nested(collection)?.lists(),
        Step::Look(Look::Owned) => codec.nested().map_or(Operation::ListDatasets, Nested::lists),
        Step::Look(Look::Named(_)) => Operation::ListDatasets,
        Step::Edit(edit) => edit.request.operation(),
        Step::Delete(id) => codec.delete(id).operation(),
        Step::Look(Look::Sweep)
        | Step::Permit
        | Step::Claim(..)
        | Step::Create
        | Step::Resolve
        | Step::Record(_)
        | Step::Refuse(..)
        | Step::RemoveFinalizer
        | Step::Report(_)
        | Step::Ignore => return None,
    })
}

/// The operation that marks a remote as released.
fn releases(codec: &dyn Codec, id: &RemoteId) -> Option<Operation> {
    let remote = Remote::labelled(id.clone(), Labels::new(), Fields::new(), None);
    let request = match codec.labels() {
        Some(labels) => labels.put(&remote, &Labels::new()),
        None => codec.update(&remote, Fields::new()).ok()?,
    };
    Some(request.operation())
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
