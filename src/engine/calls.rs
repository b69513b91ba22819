//! The calls that change the remote side, each fed back into what the pass and the index know.

use std::sync::Arc;

use tokio::time::Instant;

use super::edits::{Edit, edits};
use super::kind::Kind;
use super::mark::Labels;
use super::pass::{Flow, Pass};
use super::plan::{Change, Flight, Landed, changes, sent};
use super::recorded::RemoteId;
use super::report::{Next, Ready, Report};
use super::verdict::verdict;
use super::view::{Remote, Sight, View};
use super::wire::{as_created, changed, created, label_list, labels_sent, now, request_of};
use crate::ambient;
use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::api::names::{MARK_ATTEMPT, MARK_RELEASED};
use crate::cloud::{CallError, ErrorClass, Lane, Malformed, Operation, Request, Turn};
use crate::levers;

const fn create_operation(versioned: bool) -> Operation {
    if versioned { Operation::CreateDatasetVersion } else { Operation::CreateDataset }
}

impl<K: Kind> Pass<'_, K> {
    /// The permit for a create, before it is claimed.
    pub(super) async fn permit(&mut self, view: &View) -> Flow {
        match self.reserve(view, Lane::Create, create_operation(K::VERSIONED)).await {
            None => {
                self.seen.permit = true;
                Flow::Again
            }
            Some(ended) => ended,
        }
    }

    pub(super) async fn create(&mut self, view: &View) -> Flow {
        let (Some(Flight::Create { nonce, .. }), Ok(desired)) = (self.seen.flight.clone(), &view.desired) else {
            return self.internal("a create without a claim").await;
        };
        self.ctx.cloud.limiter().leave(Lane::Create, create_operation(K::VERSIONED)).await;
        let late =
            self.claimed.is_none_or(|at| ambient::since_boot().saturating_sub(at) > self.ctx.limits.send_deadline);
        if late {
            self.never_executed(view, nonce);
            return self.later();
        }
        let mut labels = desired.labels.clone();
        labels.extend(view.world.identity.mark(&view.owner, &view.object.uid, &nonce));
        let mut body = desired.create.clone();
        body.insert("Labels".to_owned(), label_list(&labels));
        let request = match &desired.target.dataset_id {
            Some(dataset) => Request::create_dataset_version(dataset, body),
            None => Request::create_dataset(body),
        };
        let sent = self.ctx.cloud.send(&request).await;
        self.journal.answered(sent.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        let made = sent.and_then(|answer| {
            let id = created(&request, &answer, desired.target.dataset_id.as_deref())?;
            if self.is_anothers(&id, &labels) {
                let what = "the answer names what was there before";
                let malformed = Malformed { what, request_id: answer.request_id };
                return Err(CallError::malformed(request.operation(), malformed));
            }
            Ok(id)
        });
        match made {
            Ok(id) => {
                let remote = Arc::new(as_created(&id, labels, desired));
                if id.version.is_some() {
                    self.ctx.index.put_created_version(&remote);
                } else {
                    self.ctx.index.put_written(&remote);
                }
                if levers::read_back() {
                    let workspace = &desired.target.workspace;
                    let _ = self.ctx.reader.read(&mut Turn::wait(Lane::Create), workspace, &id).await;
                }
                if self.facts.poll.is_some() {
                    self.ctx.memories.with(&self.facts.uid, |memory| memory.read = Some(Instant::now()));
                }
                // What was asked for, under the id that the answer names. A deletion still reads what is there (section 5).
                self.seen.sights.insert(id.clone(), Sight::Indexed(remote));
                // A list from before says nothing of what was made now.
                self.seen.owned_is_fresh = false;
                self.seen.flight = Some(Flight::Create { nonce, landed: Some(Landed::At(id)) });
                Flow::Again
            }
            Err(error) => self.create_failed(view, nonce, &error).await,
        }
    }

    /// Is this, by what is known, another remote than the one that was made with these labels?
    fn is_anothers(&self, id: &RemoteId, labels: &Labels) -> bool {
        let index = &self.ctx.index;
        let shown = index.get(id).is_some_and(|remote| remote.labels.get(MARK_ATTEMPT) != labels.get(MARK_ATTEMPT));
        shown || index.recorded_elsewhere(id, &self.facts.uid)
    }

    async fn create_failed(&mut self, view: &View, nonce: String, error: &CallError) -> Flow {
        let (namespace, name) = (&view.object.namespace, &view.object.name);
        let reconcile_id = &self.journal.id;
        if error.never_executed() {
            // The line at the end of the pass says so too.
            tracing::debug!(controller = K::NAME, namespace, name, reconcileID = reconcile_id, %error, nonce, "nothing came of a create");
        } else {
            tracing::info!(controller = K::NAME, namespace, name, reconcileID = reconcile_id, %error, nonce, "a create may have been carried out or not: it is looked for");
        }
        self.seen.flight = None;
        match &error.class {
            ErrorClass::NameTaken => {
                self.ctx.memories.with(&view.object.uid, |memory| memory.name_taken = Some(Instant::now()));
                Flow::Again
            }
            ErrorClass::Refused
            | ErrorClass::Unexplained
            | ErrorClass::QuotaExceeded
            | ErrorClass::NotFound
            | ErrorClass::Unauthorised(_) => {
                let mut report = verdict(error, &now());
                if error.class == ErrorClass::NotFound || self.lacks_its_dataset(view, error).await {
                    report = Report::working(Reason::DependencyNotReady, error.to_string(), Next::Backoff);
                }
                self.seen.flight = Some(Flight::Create { nonce, landed: Some(Landed::Refused(Box::new(report))) });
                Flow::Again
            }
            ErrorClass::Transient | ErrorClass::Throttled { .. } => {
                self.never_executed(view, nonce);
                self.call_failed(error).await
            }
            // In doubt from here on.
            ErrorClass::Ambiguous | ErrorClass::Garbled => Flow::Again,
        }
    }

    /// A refused create of a version may mean that its dataset is gone, whatever the code says.
    async fn lacks_its_dataset(&mut self, view: &View, error: &CallError) -> bool {
        let dataset = view.target().and_then(|target| target.dataset_id).map(RemoteId::dataset);
        match dataset.filter(|_| error.class == ErrorClass::Refused) {
            Some(dataset) => self.is_gone(view, &dataset).await == Ok(true),
            None => false,
        }
    }

    fn never_executed(&mut self, view: &View, nonce: String) {
        self.seen.flight = None;
        self.ctx.memories.with(&view.object.uid, |memory| memory.never_executed = Some(nonce));
    }

    pub(super) async fn mark(&mut self, view: &View, id: &RemoteId, mark: Labels) -> Flow {
        let current = view.sight(id).and_then(Sight::remote).map(|remote| &remote.labels);
        let released = current.is_some_and(|labels| labels.contains_key(MARK_RELEASED));
        let labels = labels_sent(id, current, mark);
        let flow = self.change(view, id, Change::SetLabels(labels)).await;
        if let Flow::End(_) = flow {
            return flow;
        }
        if released
            && let flow @ Flow::End(_) =
                self.change(view, id, Change::RemoveLabels(vec![MARK_RELEASED.to_owned()])).await
        {
            return flow;
        }
        if let Some(Flight::Take { marked, .. }) = &mut self.seen.flight {
            *marked = true;
        } else {
            self.mark_restored(&flow, id);
        }
        Flow::Again
    }

    /// Ownership labels that somebody else changed or removed are as they were.
    pub(super) fn mark_restored(&self, flow: &Flow, id: &RemoteId) {
        if let Flow::Again = flow {
            let note = format!("the ownership labels of {id} (dso-…) were changed by someone else and are restored");
            self.tell(EventReason::MarkRestored, &note);
        }
    }

    /// Changes the remote, and what is known of it with it.
    pub(super) async fn change(&mut self, view: &View, id: &RemoteId, change: Change) -> Flow {
        let request = request_of(id, &change);
        match self.ctx.cloud.call_in(&mut self.turn, &request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                let known = |id: &RemoteId| self.seen.sights.get(id).or_else(|| view.sight(id)).cloned();
                let first = known(&RemoteId::version(id.dataset.clone(), "v1"));
                if let Some((sight, remote)) = known(id).as_ref().and_then(|sight| Some((sight, sight.remote()?))) {
                    let (remote, first_now) = changed(remote, first.as_ref().and_then(Sight::remote), change);
                    if let (Some(first), Some(now)) = (first, first_now) {
                        self.wrote(&first, now);
                    }
                    self.wrote(sight, remote);
                }
                Flow::Again
            }
            Err(error) => self.change_failed(view, id, &error).await,
        }
    }

    /// A change that may have been made all the same leaves the remote unknown until it is shown again; and so does one
    /// that found nothing: only a read says that the remote is gone, and a label may be what was missing.
    ///
    /// Nobody knows all codes of the service, so a refusal may mean that the remote is gone: what was not read in this
    /// pass is read before anybody is told (6.6).
    async fn change_failed(&mut self, view: &View, id: &RemoteId, error: &CallError) -> Flow {
        if matches!(error.class, ErrorClass::Ambiguous | ErrorClass::Garbled | ErrorClass::NotFound) {
            self.ctx.index.doubt(id);
        }
        if error.class == ErrorClass::NameTaken {
            self.seen.name_refused = Some(Box::new(verdict(error, &now())));
            return Flow::Again;
        }
        if error.class != ErrorClass::Refused {
            return self.call_failed(error).await;
        }
        if !matches!(view.sight(id), Some(Sight::Read(_))) {
            if let ended @ Flow::End(_) = self.fetch(view, id).await {
                return ended;
            }
            if self.seen.sights.get(id) == Some(&Sight::Gone) {
                return Flow::Again;
            }
        }
        let mut report = verdict(error, &now());
        if view.object.deleting {
            // It is not the spec that stands in the way.
            report.ready = Ready::Stuck(Reason::DeletionBlocked, error.to_string());
        }
        Flow::End(self.finish(report).await)
    }

    /// Makes one change that the spec asks for; which fields it changed is told at the end of the pass.
    pub(super) async fn equalise(&mut self, view: &View, id: &RemoteId, change: Change) -> Flow {
        self.note_drift(view, id);
        let (remote, first) = seen_of(view, id);
        let edits = edits(&change, remote, first);
        let sent = view.sight(id).and_then(Sight::remote).map(|remote| sent(view, remote, &change));
        let flow = self.change(view, id, change).await;
        if matches!(flow, Flow::Again) {
            self.changed.extend(edits.into_iter().map(|edit| edit.field));
            let (now, again) = (Instant::now(), self.ctx.index.shown_again_within(id));
            if let Some(sent) = sent {
                self.ctx.memories.with(&self.facts.uid, |memory| memory.repairs.sent(&view.object, sent, now, again));
            }
        }
        flow
    }

    /// A difference from a spec that had been carried out is drift; it is told once per pass.
    fn note_drift(&mut self, view: &View, id: &RemoteId) {
        let (remote, first) = seen_of(view, id);
        let (Ok(desired), Some(remote)) = (&view.desired, remote) else { return };
        if !view.carried_out() || self.corrected {
            return;
        }
        self.corrected = true;
        self.ctx.metrics.drifted(K::NAME);
        let all = changes(view, desired, remote);
        let told: Vec<_> = all.iter().flat_map(|change| edits(change, Some(remote), first)).collect();
        let told = told.iter().map(Edit::drift).collect::<Vec<_>>().join("; ");
        self.seen.drifted = Some(format!("changed outside Kubernetes: {told}"));
        self.tell(EventReason::DriftDetected, &format!("changed outside Kubernetes: {told}"));
        self.journal.drift(told);
    }

    pub(super) async fn delete(&mut self, view: &View, id: &RemoteId) -> Flow {
        let request = match &id.version {
            None => Request::delete_dataset(&id.dataset),
            Some(version) => Request::delete_dataset_version(&id.dataset, version),
        };
        self.ctx.index.hold(id, &self.facts.uid, self.ctx.world.settle);
        match self.ctx.cloud.call_in(&mut self.turn, &request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                self.gone(id);
                // Known gone at once (6.2): what was acknowledged needs no list that is newer than the create.
                self.ctx.memories.with(&self.facts.uid, |memory| {
                    memory.recorded.take_if(|(recorded, _)| recorded == id);
                });
                self.tell(EventReason::Deleted, &format!("{id} was deleted"));
                Flow::Again
            }
            Err(error) if error.class == ErrorClass::NotFound => {
                self.gone(id);
                Flow::Again
            }
            Err(error)
                if matches!(error.class, ErrorClass::Refused | ErrorClass::QuotaExceeded)
                    && !view.relations.doomed.is_empty() =>
            {
                self.ctx.index.refuse(&id.dataset);
                Flow::Again
            }
            Err(error) => self.change_failed(view, id, &error).await,
        }
    }

    pub(super) async fn release(&mut self, view: &View, id: &RemoteId) -> Flow {
        let current = view.sight(id).and_then(Sight::remote).map(|remote| &remote.labels);
        let labels = labels_sent(id, current, Labels::from([(MARK_RELEASED.to_owned(), "true".to_owned())]));
        let flow = self.change(view, id, Change::SetLabels(labels)).await;
        if matches!(flow, Flow::Again) {
            self.tell(EventReason::Retained, &format!("{id} is kept and labelled as released"));
        }
        flow
    }
}

/// A remote and its v1 as they were seen.
fn seen_of<'a>(view: &'a View, id: &RemoteId) -> (Option<&'a Remote>, Option<&'a Arc<Remote>>) {
    let first = RemoteId::version(id.dataset.clone(), "v1");
    (view.sight(id).and_then(Sight::remote).map(Arc::as_ref), view.sight(&first).and_then(Sight::remote))
}
