//! The calls: their permits, and the batches.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use super::report::goes_on;
use super::{Batched, STEP, Slice, Then};
use crate::batch::memory::{Listed, Memory, Place};
use crate::batch::{Act, Batch, Todo, run};
use crate::cloud::{self, Answer, CallError, Client, ErrorClass, Lane, Operation, Permit, Request};
use crate::environment;
use crate::reconcile::pass::{Flow, Pass};
use crate::reconcile::queued::says_little;

/// After so many single items in a row that were refused, the fault is taken for one of the whole set.
const ALONE: u32 = 3;

/// What a batch's answer means for those that follow.
enum Outcome {
    /// They can be sent.
    Goes,
    /// The files must be compared anew first.
    Changed,
    /// The call failed, and others would too.
    Failed(CallError),
}

impl<K: Batched> Pass<'_, K> {
    /// Sends the changes in batches, several at a time, until there are none or one of them asks for another look. What was
    /// begun is waited for in any case. Batches of different operations are not under way together.
    pub(super) async fn send_all(
        &mut self,
        memory: &mut Memory,
        todo: &mut Todo<'_>,
        place: &Place,
        slice: &mut Slice,
        listed: &Arc<Listed>,
    ) -> Then<()> {
        let Some(mut operation) = todo.acts.front().map(Act::operation) else { return Then::Go(()) };
        if let Some(ended) = self.turn(operation.of_service()).await {
            return Then::End(ended);
        }
        let client = self.account.client.clone();
        let (mut under_way, mut outcome) = (FuturesUnordered::new(), Outcome::Goes);
        loop {
            self.tell_progress(memory, &listed.wanted, slice).await;
            while let Some(next) = todo.acts.front().map(Act::operation)
                && matches!(outcome, Outcome::Goes)
                && under_way.len() < memory.limits.at_a_time()
                && (under_way.is_empty() || next == operation)
                && !self.is_over(slice)
                && let Some(batch) = Batch::next(&mut todo.acts, memory.limits)
            {
                operation = next;
                self.journal.did(STEP);
                // Only the first has a permit already.
                let further = Permit::wait(self.lane());
                let permit = std::mem::replace(&mut self.permit, further);
                under_way.push(send(&client, permit, place, K::NAME, batch));
            }
            let Some((batch, answer)) = under_way.next().await else { break };
            // What failed is told first.
            outcome = match (outcome, self.answered(memory, &batch, answer)) {
                (Outcome::Failed(error), _) | (_, Outcome::Failed(error)) => Outcome::Failed(error),
                (Outcome::Changed, _) | (_, Outcome::Changed) => Outcome::Changed,
                (Outcome::Goes, Outcome::Goes) => Outcome::Goes,
            };
        }
        match outcome {
            Outcome::Goes if !todo.acts.is_empty() => Then::End(goes_on(memory, listed)),
            Outcome::Goes | Outcome::Changed => Then::Go(()),
            Outcome::Failed(error) if error.never_executed() => Then::End(self.refused(memory, place, &error).await),
            Outcome::Failed(error) => Then::End(self.call_failed(&error).await),
        }
    }

    /// Notes the answer to a batch.
    fn answered(&self, memory: &mut Memory, batch: &Batch, answer: Result<cloud::Batch, CallError>) -> Outcome {
        let now = Instant::now();
        match answer {
            Ok(answer) => {
                memory.answered = Some(now);
                memory.limits.took();
                memory.refused_alone = 0;
                let Some(shown) = memory.shown.as_mut() else { return Outcome::Changed };
                let came = run::note(batch, &answer, shown, &mut memory.refusals, now);
                memory.came = memory.came.and(came);
                memory.unsure |= came.unclear || came.exists;
                if came.unclear || came.exists { Outcome::Changed } else { Outcome::Goes }
            }
            Err(error) if is_about_the_batch(&error) && memory.limits.halve(batch.entries.len()) => Outcome::Changed,
            Err(error) if !error.never_executed() => {
                memory.lost(now, self.ctx.config.settle);
                Outcome::Failed(error)
            }
            Err(error) if error.class == ErrorClass::Refused && memory.refused_alone < ALONE => {
                // Maybe only this item is wrong, and the others are not concerned.
                memory.refused_alone += 1;
                for entry in &batch.entries {
                    let (item, why) = ((entry.key, entry.content), error.to_string());
                    memory.refusals.refused(item, &entry.what, &why, now);
                }
                Outcome::Goes
            }
            Err(error) => Outcome::Failed(error),
        }
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
    pub(super) async fn ask(&mut self, request: &Request) -> Then<Result<Answer, CallError>> {
        if let Some(ended) = self.turn(request.operation()).await {
            return Then::End(ended);
        }
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

/// Sends a batch.
async fn send(
    client: &Client,
    mut permit: Permit,
    place: &Place,
    kind: &'static str,
    batch: Batch,
) -> (Batch, Result<cloud::Batch, CallError>) {
    environment::failpoint("before", STEP, kind).await;
    let answer = run::send(client, &mut permit, place.files(), &batch).await;
    environment::failpoint("after", STEP, kind).await;
    (batch, answer)
}
