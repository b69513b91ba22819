//! The calls that change the remote side, each fed back into what the pass and the inventory know.

use std::sync::Arc;

use tokio::time::Instant;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass, Lane, Malformed};
use crate::environment;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::field::FieldChange;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Flight, Landed};
use crate::plan::view::{Observation, View};
use crate::reconcile::error_report::report_for;
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::RawMark;

impl<K: Kind> Pass<'_, K> {
    /// The permit for a create, before it is claimed.
    pub(super) async fn permit(&mut self, view: &View) -> Flow {
        match self.reserve(view, Lane::Create, K::PROFILE.codec.creates()).await {
            None => {
                self.observed.permit = true;
                Flow::Again
            }
            Some(ended) => ended,
        }
    }

    pub(super) async fn create(&mut self, view: &View) -> Flow {
        let (Some(Flight::Create { nonce, .. }), Ok(desired)) = (self.observed.flight.clone(), &view.desired) else {
            return self.internal("a create without a claim").await;
        };
        self.account.client.limiter().leave(Lane::Create, K::PROFILE.codec.creates()).await;
        let late =
            self.claimed.is_none_or(|at| environment::since_boot().saturating_sub(at) > self.ctx.limits.send_deadline);
        if late {
            self.never_executed(view, nonce);
            return self.later();
        }
        let mark = view.config.identity.mark(&view.owner, &view.object.uid, &nonce);
        let (codec, parent) = (K::PROFILE.codec, desired.target.dataset_id.as_deref());
        let request = codec.create(parent, &desired.create, &desired.labels, Some(&mark));
        let sent = self.account.client.send(&request).await;
        self.journal.answered(sent.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        let made = sent.and_then(|answer| {
            let malformed = |malformed| CallError::malformed(request.operation(), malformed);
            let id = codec.created(parent, &answer).map_err(malformed)?;
            if self.is_anothers(&id, &mark) {
                let what = "the answer names what was there before";
                return Err(malformed(Malformed { what, request_id: answer.request_id }));
            }
            Ok(id)
        });
        match made {
            Ok(id) => {
                let remote = Arc::new(Remote { mark: Some(mark), ..(K::PROFILE.made)(&id, desired) });
                if id.child().is_some() {
                    self.account.inventory.put_created_version(&remote);
                } else {
                    self.account.inventory.put_written(&remote);
                }
                if self.facts.poll.is_some() {
                    self.ctx.states.with(&self.facts.uid, |state| state.read = Some(Instant::now()));
                }
                // What was asked for, under the id that the answer names. A deletion still reads what is there (section 5).
                self.observed.remotes.insert(id.clone(), Observation::Listed(remote));
                // A list from before says nothing of what was made now.
                self.observed.owned_is_fresh = false;
                self.observed.flight = Some(Flight::Create { nonce, landed: Some(Landed::At(id)) });
                Flow::Again
            }
            Err(error) => self.create_failed(view, nonce, &error).await,
        }
    }

    /// Is this, by what is known, another remote than the one that was made with this mark?
    fn is_anothers(&self, id: &RemoteId, mark: &RawMark) -> bool {
        let inventory = &self.account.inventory;
        let shown = inventory
            .get(id)
            .is_some_and(|remote| remote.mark.as_ref().and_then(|held| held.attempt.as_ref()) != mark.attempt.as_ref());
        shown || inventory.recorded_elsewhere(id, &self.facts.uid)
    }

    async fn create_failed(&mut self, view: &View, nonce: String, error: &CallError) -> Flow {
        let (namespace, name) = (&view.object.namespace, &view.object.name);
        let reconcile_id = &self.journal.id;
        if error.never_executed() {
            // The line at the end of the pass says so too.
            tracing::debug!(controller = K::PROFILE.name, namespace, name, reconcileID = reconcile_id, %error, nonce, "nothing came of a create");
        } else {
            tracing::info!(controller = K::PROFILE.name, namespace, name, reconcileID = reconcile_id, %error, nonce, "a create may have been carried out or not: it is looked for");
        }
        self.observed.flight = None;
        match &error.class {
            ErrorClass::NameTaken => {
                self.ctx.states.with(&view.object.uid, |state| state.name_taken = Some(Instant::now()));
                Flow::Again
            }
            ErrorClass::Refused
            | ErrorClass::Unexplained
            | ErrorClass::QuotaExceeded
            | ErrorClass::NotFound
            | ErrorClass::Unauthorised(_) => {
                let mut report = report_for(error);
                if error.class == ErrorClass::NotFound || self.lacks_its_dataset(view, error).await {
                    report = Report::working(Reason::DependencyNotReady, error.to_string(), Next::Backoff);
                }
                self.observed.flight = Some(Flight::Create { nonce, landed: Some(Landed::Refused(Box::new(report))) });
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
        let dataset = view.target().and_then(|target| target.dataset_id).map(RemoteId::new);
        match dataset.filter(|_| error.class == ErrorClass::Refused) {
            Some(dataset) => self.is_gone(view, &dataset).await == Ok(true),
            None => false,
        }
    }

    fn never_executed(&mut self, view: &View, nonce: String) {
        self.observed.flight = None;
        self.ctx.states.with(&view.object.uid, |state| state.never_executed = Some(nonce));
    }

    /// Changes the remote, and what is known of it with it.
    pub(super) async fn edit(&mut self, view: &View, edit: Edit) -> Flow {
        if let Purpose::Spec(_) = edit.purpose {
            self.note_drift(view, &edit.id);
        }
        match self.account.client.call_in(&mut self.permit, &edit.request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                self.edited(view, edit);
                Flow::Again
            }
            Err(error) => self.change_failed(view, &edit.id, &error).await,
        }
    }

    /// An edit was acknowledged: what is known now, and what is told of it.
    fn edited(&mut self, view: &View, edit: Edit) {
        let id = edit.id;
        let released = edit.after.iter().any(|remote| remote.id == id && remote.is_released());
        match edit.purpose {
            Purpose::Spec(fields) => {
                let sent = fields.iter().map(FieldChange::sent).collect();
                self.changed.extend(fields.iter().map(|change| change.field.name()));
                let (now, again) = (Instant::now(), self.account.inventory.shown_again_within(&id));
                self.ctx.states.with(&self.facts.uid, |state| state.repairs.sent(&view.object, sent, now, again));
            }
            // Taking a remote is told once it is recorded; a mark beside `dso-released` is not all of it yet.
            Purpose::Mark | Purpose::ClearReleased if view.observed.flight.is_some() || released => {}
            Purpose::Mark | Purpose::ClearReleased => {
                let note =
                    format!("the ownership labels of {id} (dso-…) were changed by someone else and are restored");
                self.tell(EventReason::MarkRestored, &note);
            }
            Purpose::Release => self.tell(EventReason::Retained, &format!("{id} is kept and labelled as released")),
        }
        for remote in edit.after {
            self.wrote(view, remote);
        }
    }

    /// A change that may have been made all the same leaves the remote unknown until it is shown again; and so does one
    /// that found nothing: only a read says that the remote is gone, and a label may be what was missing.
    ///
    /// Nobody knows all codes of the service, so a refusal may mean that the remote is gone: what was not read in this
    /// pass is read before anybody is told (6.6).
    async fn change_failed(&mut self, view: &View, id: &RemoteId, error: &CallError) -> Flow {
        if matches!(error.class, ErrorClass::Ambiguous | ErrorClass::Garbled | ErrorClass::NotFound) {
            self.account.inventory.doubt(id);
        }
        if error.class == ErrorClass::NameTaken {
            self.observed.name_refused = Some(Box::new(report_for(error)));
            return Flow::Again;
        }
        if error.class != ErrorClass::Refused {
            return self.call_failed(error).await;
        }
        if !matches!(view.observation(id), Some(Observation::Read(_))) {
            if let ended @ Flow::End(_) = self.fetch(view, id).await {
                return ended;
            }
            if self.observed.remotes.get(id) == Some(&Observation::Gone) {
                return Flow::Again;
            }
        }
        let mut report = report_for(error);
        if view.object.deleting {
            // It is not the spec that stands in the way.
            report.ready = Ready::Stuck(Reason::DeletionBlocked, error.to_string());
        }
        Flow::End(self.finish(report).await)
    }

    /// A difference from a spec that had been carried out is drift; it is told once per pass.
    fn note_drift(&mut self, view: &View, id: &RemoteId) {
        let (Ok(desired), Some(remote)) = (&view.desired, view.observation(id).and_then(Observation::remote)) else {
            return;
        };
        if !view.carried_out() || self.corrected {
            return;
        }
        self.corrected = true;
        self.ctx.metrics.drifted(K::PROFILE.name);
        let comparison = (K::PROFILE.compare)(view, desired, remote);
        let fields = comparison.edits.iter().flat_map(|edit| match &edit.purpose {
            Purpose::Spec(fields) => fields.as_slice(),
            Purpose::Mark | Purpose::ClearReleased | Purpose::Release => &[],
        });
        let told = fields.map(FieldChange::drift).collect::<Vec<_>>().join("; ");
        self.observed.drifted = Some(format!("changed outside Kubernetes: {told}"));
        self.tell(EventReason::DriftDetected, &format!("changed outside Kubernetes: {told}"));
        self.journal.drift(told);
    }

    pub(super) async fn delete(&mut self, view: &View, id: &RemoteId) -> Flow {
        let request = K::PROFILE.codec.delete(id);
        self.account.inventory.hold(id, &self.facts.uid, self.ctx.config.settle);
        match self.account.client.call_in(&mut self.permit, &request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                self.gone(id);
                // Known gone at once (6.2): what was acknowledged needs no list that is newer than the create.
                self.ctx.states.with(&self.facts.uid, |state| {
                    state.recorded.take_if(|(recorded, _)| recorded == id);
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
                self.account.inventory.refuse(id.root());
                Flow::Again
            }
            Err(error) => self.change_failed(view, id, &error).await,
        }
    }
}
