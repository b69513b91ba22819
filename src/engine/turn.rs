//! Whose turn it is: a pass asks for the permit of its first call before it begins, and if it has to wait for it, ends
//! and holds nothing. So the passes that run are those that can work, and an edit never queues behind those that
//! cannot.

use std::time::Duration;

use tokio::time::Instant;

use super::desired::Deletion;
use super::kind::Kind;
use super::pass::{Flow, Pass};
use super::plan::Step;
use super::recorded::RemoteId;
use super::report::Report;
use super::view::View;
use super::wire::request_of;
use crate::ambient;
use crate::cloud::{Lane, Observer as _, Operation, Reservation, Turn};

/// A permit that is so near is waited for inline; at 100 calls per second that keeps some two passes ready.
const NEAR: Duration = Duration::from_millis(40);

impl<K: Kind> Pass<'_, K> {
    /// The permit for the first call of this pass, if the step makes one. `Some` ends the pass: it comes back in turn.
    pub(super) async fn admit(&mut self, view: &View, step: &Step) -> Option<Flow> {
        // What was claimed is carried through, and whoever began goes on: they wait inline, ahead of those who have not.
        if self.admitted || view.seen.flight.is_some() {
            return None;
        }
        let operation = operation_of(view, step)?;
        let lane = lane_of(view, step);
        match self.reserve(view, lane, operation).await {
            None => {
                self.turn = Turn::granted(lane);
                self.admitted = true;
                None
            }
            ended => ended,
        }
    }

    /// A place in the limiter. `None` if the permit is granted; otherwise the pass ends, holds nothing, and comes back
    /// at its time.
    pub(super) async fn reserve(&mut self, view: &View, lane: Lane, operation: Operation) -> Option<Flow> {
        loop {
            let reservation = self.ctx.cloud.limiter().reserve(&view.object.uid, lane, operation);
            let now = Instant::now();
            match reservation {
                Reservation::Granted => {
                    let since = self.ctx.memories.with(&view.object.uid, |memory| {
                        memory.slot = None;
                        memory.permit_since.take()
                    });
                    self.ctx.metrics.waited(lane, since.map(|since| since.elapsed()).unwrap_or_default());
                    return None;
                }
                Reservation::At(at) => {
                    self.ctx.memories.with(&view.object.uid, |memory| *memory.permit_since.get_or_insert(now));
                    let wait = at.saturating_duration_since(now);
                    if wait > NEAR {
                        // Back a little early: a timer that is late would lose the permit.
                        return Some(self.wait_in_line(view, wait.saturating_sub(NEAR / 2)).await);
                    }
                    tokio::time::sleep_until(at).await;
                }
                Reservation::Spent(until) => {
                    let calls = self.ctx.cloud.limiter().daily_budget().unwrap_or_default();
                    let wait = until.saturating_duration_since(now);
                    let report = Report::budget_spent(calls, wait, ambient::now());
                    return Some(Flow::End(self.finish(report).await));
                }
            }
        }
    }
}

/// Users' edits and deletions go first; what an object still lacks comes before what is only looked after.
fn lane_of(view: &View, step: &Step) -> Lane {
    let carried_out = view.carried_out();
    let asked = view.object.requested.is_some() && view.object.requested != view.recorded.handled;
    if view.object.deleting || asked || (view.id().is_some() && !carried_out) {
        Lane::UserChange
    } else if view.id().is_none() || !matches!(step, Step::Fetch(_)) {
        Lane::Create
    } else {
        Lane::Sweep
    }
}

/// The operation that a step calls, for steps whose first call is not paced otherwise.
fn operation_of(view: &View, step: &Step) -> Option<Operation> {
    match step {
        // The read before a delete is shared and paced by itself; what is waited for is the delete.
        Step::Fetch(id) if view.object.deleting && view.id() == Some(id) && id.version.is_none() => {
            Some(match view.deletion_policy() {
                Deletion::Delete => Operation::DeleteDataset,
                Deletion::Retain => Operation::CreateDatasetLabels,
            })
        }
        Step::Fetch(id) => Some(of(id, Operation::GetDataset, Operation::GetDatasetVersion)),
        Step::FindOwned => Some(match view.target().and_then(|target| target.dataset_id) {
            Some(_) => Operation::ListDatasetVersions,
            None => Operation::ListDatasets,
        }),
        Step::FindNamed(_) => Some(Operation::ListDatasets),
        Step::ListVersions(_) => Some(Operation::ListDatasetVersions),
        Step::Mark(id, _) | Step::Release(id) => {
            Some(of(id, Operation::CreateDatasetLabels, Operation::CreateDatasetVersionLabels))
        }
        Step::Unrelease(id) => Some(of(id, Operation::DeleteDatasetLabels, Operation::DeleteDatasetVersionLabels)),
        Step::Change(id, change) => Some(request_of(id, change).operation()),
        Step::Delete(id) => Some(of(id, Operation::DeleteDataset, Operation::DeleteDatasetVersion)),
        Step::Reread
        | Step::Sweep
        | Step::Permit
        | Step::Claim(..)
        | Step::Create
        | Step::Resolve
        | Step::Record(_)
        | Step::Refuse(..)
        | Step::LetGo
        | Step::Report(_)
        | Step::Leave => None,
    }
}

fn of(id: &RemoteId, dataset: Operation, version: Operation) -> Operation {
    if id.version.is_some() { version } else { dataset }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
