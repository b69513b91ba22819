//! The calls: their permits, and the batches.

use tokio::time::Instant;

use super::{Batched, STEP, Spent, Then};
use crate::batch::memory::{Memory, Place};
use crate::batch::{Batch, Todo, Wanted, run};
use crate::cloud::{Answer, CallError, ErrorClass, Lane, Operation, Permit, Request};
use crate::environment;
use crate::reconcile::pass::{Flow, Pass};
use crate::reconcile::queued::says_little;

/// After so many single items in a row that were refused, the fault is taken for one of the whole set.
const ALONE: u32 = 3;

impl<K: Batched> Pass<'_, K> {
    /// Sends the changes in batches, until one of them asks for another look.
    pub(super) async fn send_all(
        &mut self,
        memory: &mut Memory,
        todo: &mut Todo<'_>,
        place: &Place,
        spent: &mut Spent,
        wanted: &Wanted,
    ) -> Then<()> {
        while let Some(batch) = Batch::next(&mut todo.acts, memory.limits) {
            if spent.is_over() {
                return Then::End(self.goes_on(memory, wanted).await);
            }
            let operation = batch.request(place.files()).operation();
            if let Some(ended) = self.turn(operation).await {
                return Then::End(ended);
            }
            spent.calls += 1;
            self.journal.did(STEP);
            environment::failpoint("before", STEP, K::NAME).await;
            // Until the answer is here, the batch counts as lost.
            let before = memory.unanswered.replace(Instant::now());
            let answer = run::send(&self.account.client, &mut self.permit, place.files(), &batch).await;
            environment::failpoint("after", STEP, K::NAME).await;
            let now = Instant::now();
            match answer {
                Ok(answer) => {
                    (memory.unanswered, memory.answered) = (before, Some(now));
                    memory.limits.took();
                    memory.refused_alone = 0;
                    let Some(shown) = memory.shown.as_mut() else { return Then::Go(()) };
                    let came = run::note(&batch, &answer, shown, &mut memory.refusals, now);
                    memory.came = memory.came.and(came);
                    if came.unclear || came.exists {
                        memory.unsure = true;
                        return Then::Go(());
                    }
                }
                Err(error) if is_about_the_batch(&error) && memory.limits.halve(batch.entries.len()) => {
                    memory.unanswered = before;
                    return Then::Go(());
                }
                Err(error) if !error.never_executed() => {
                    memory.lost(now, self.ctx.config.settle);
                    return Then::End(self.call_failed(&error).await);
                }
                Err(error) => {
                    memory.unanswered = before;
                    if error.class == ErrorClass::Refused && memory.refused_alone < ALONE {
                        // Maybe only this item is wrong, and the others are not concerned.
                        memory.refused_alone += 1;
                        for entry in &batch.entries {
                            let (item, why) = ((entry.key, entry.content), error.to_string());
                            memory.refusals.refused(item, &entry.what, &why, now);
                        }
                        continue;
                    }
                    return Then::End(self.refused(memory, place, &error).await);
                }
            }
        }
        Then::Go(())
    }

    /// Waits for the permit of the first call; further calls wait inline. `Some` ends the reconcile.
    pub(super) async fn turn(&mut self, operation: Operation) -> Option<Flow> {
        if self.admitted {
            return None;
        }
        let lane = self.lane();
        let ended = self.reserve(self.may_say(), lane, operation).await;
        if ended.is_none() {
            self.permit = Permit::granted(lane);
            self.admitted = true;
        }
        ended
    }

    /// Makes a call that only reads.
    pub(super) async fn ask(&mut self, request: &Request, spent: &mut Spent) -> Then<Result<Answer, CallError>> {
        if let Some(ended) = self.turn(request.operation()).await {
            return Then::End(ended);
        }
        spent.calls += 1;
        let answer = self.account.client.call_in(&mut self.permit, request).await;
        self.journal.answered(answer.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        Then::Go(answer)
    }

    /// Edits and deletions by users go first, and checks last.
    pub(super) fn lane(&self) -> Lane {
        let requested = self.facts.requested.is_some() && self.facts.requested != self.recorded.handled;
        let begun = self.recorded.info.contains_key("datasetId");
        match (self.facts.deleting || requested, begun, self.recorded.observed_generation == self.facts.generation) {
            (true, _, _) | (false, true, false) => Lane::UserChange,
            (false, false, _) => Lane::Create,
            (false, true, true) => Lane::Sweep,
        }
    }

    /// May status say that the object waits in line? Not in place of something that matters more.
    pub(super) fn may_say(&self) -> bool {
        !self.recorded.carried_out(self.facts.generation) && says_little(&self.recorded)
    }
}

/// Was the batch refused as a whole, maybe because of its size?
pub(super) fn is_about_the_batch(error: &CallError) -> bool {
    error.class == ErrorClass::Refused || error.status == Some(413) || error.status == Some(414)
}
