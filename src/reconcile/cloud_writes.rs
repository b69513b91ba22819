//! The calls that change remotes. The view and the inventory learn each result without another read.

use std::sync::Arc;

use tokio::time::Instant;

use crate::api::EventReason;
use crate::cloud::codec::JobConfigs;
use crate::cloud::{CallError, Lane, Malformed, Request};
use crate::environment;
use crate::plan::aftermath::{self, ChangeAfter, CreateAfter, DeleteAfter};
use crate::plan::edit::{Edit, Purpose};
use crate::plan::field::FieldChange;
use crate::plan::marked::{attempt, unmarked};
use crate::plan::step::{Flight, Landed};
use crate::plan::view::{Observation, View};
use crate::reconcile::kind::Kind;
use crate::reconcile::object_state::ObjectState;
use crate::reconcile::pass::{Flow, Pass};
use crate::reconcile::queued::may_say;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::RawMark;

impl<K: Kind> Pass<'_, K> {
    /// The permit for a create, before it is claimed.
    pub(super) async fn permit(&mut self, view: &View) -> Flow {
        if let Some(flow) = self.need_secret().await {
            return flow;
        }
        match self.reserve(may_say(view), Lane::Create, K::PROFILE.codec.creates()).await {
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
        let claimed = self.claimed.map(|at| environment::since_boot().saturating_sub(at));
        if aftermath::is_late(claimed, self.ctx.limits.send_deadline) {
            self.never_executed(view, nonce);
            return self.later();
        }
        let mark = view.mark(&nonce);
        let (codec, parent) = (K::PROFILE.codec, desired.target.dataset_id.as_deref());
        let Ok(request) = attempt::request(view, desired, &nonce) else {
            // The claim asked for the same request, so this is a defect; nothing was sent.
            self.never_executed(view, nonce);
            return self.internal("a create whose mark cannot be written").await;
        };
        let Some(request) = self.complete(request) else {
            self.never_executed(view, nonce);
            return self.internal("a create without the key of its Secret").await;
        };
        // What was listed before the create says nothing of what it made.
        self.observed.children.clear();
        let sent = self.account.client.send(&request).await;
        self.journal.answered(sent.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        let made = sent.and_then(|answer| {
            let malformed = |malformed| CallError::malformed(request.operation(), malformed);
            let id = codec.created(parent, &answer).map_err(malformed)?;
            if self.is_anothers(&id, &mark) {
                let what = "the answer names what was there before".into();
                return Err(malformed(Malformed { what, request_id: answer.request_id }));
            }
            // An answer that shows the whole remote says when it was made.
            let shown = id.key().and_then(|_| codec.shown(&id, &answer).ok());
            Ok((id, shown))
        });
        match made {
            Ok((id, shown)) => {
                let made = shown.unwrap_or_else(|| (K::PROFILE.made)(&id, desired));
                let remote = Arc::new(Remote { mark: mark.present(), ..made });
                self.account.inventory.put_created(&remote);
                if self.facts.poll.is_some() {
                    self.ctx.states.with(&self.facts.uid, |state| state.read = Some(Instant::now()));
                }
                // The remote as asked for, with the id of the answer. A deletion still reads it (section 5).
                self.observed.remotes.insert(id.clone(), Observation::Listed(remote));
                // An earlier list cannot show the remote that was made now.
                self.observed.owned_is_fresh = false;
                self.observed.flight = Some(Flight::Create { nonce, landed: Some(Landed::At(id)) });
                Flow::Again
            }
            Err(error) => self.create_failed(view, nonce, &error).await,
        }
    }

    /// The request with the text of the Secret, if it needs that; `None` if that is not in hand.
    fn complete(&self, request: Request) -> Option<Request> {
        if !JobConfigs::lacks_key(&request) {
            return Some(request);
        }
        let (text, _) = self.secret.text.as_ref()?;
        Some(JobConfigs::complete(request, text))
    }

    /// Is the remote with this id known to be another one than the one made with this mark?
    fn is_anothers(&self, id: &RemoteId, mark: &RawMark) -> bool {
        let inventory = &self.account.inventory;
        let attempt = |remote: &Remote| remote.mark.as_ref().and_then(|held| held.attempt.clone());
        if K::PROFILE.is_unmarked() {
            // Nothing tells it from the one that was there.
            return inventory.get(id).is_some() || inventory.recorded_elsewhere(id, &self.facts.uid);
        }
        let shown = inventory.get(id).map(|remote| attempt(&remote));
        let elsewhere = inventory.recorded_elsewhere(id, &self.facts.uid);
        aftermath::names_another(shown, &mark.attempt, elsewhere)
    }

    async fn create_failed(&mut self, view: &View, nonce: String, error: &CallError) -> Flow {
        let (namespace, name) = (&view.object.namespace, &view.object.name);
        let reconcile_id = &self.journal.id;
        if error.never_executed() {
            // The line at the end of the reconcile says so too.
            tracing::debug!(controller = K::PROFILE.name, namespace, name, reconcileID = reconcile_id, %error, nonce, "nothing came of a create");
        } else {
            tracing::info!(controller = K::PROFILE.name, namespace, name, reconcileID = reconcile_id, %error, nonce, "a create may have been carried out or not: it is looked for");
        }
        self.observed.flight = None;
        // What was known of the name before the create says nothing of what has it now.
        view.key().and_then(|key| self.observed.remotes.remove(&key));
        let dataset = view.target().and_then(|target| target.dataset_id).map(RemoteId::new);
        let gone = match dataset.filter(|_| aftermath::may_lack_its_parent(error)) {
            Some(dataset) => self.is_gone(view, &dataset).await == Ok(true),
            None => false,
        };
        if K::PROFILE.is_unmarked() && !gone && aftermath::may_be_there(error) {
            // The service may have refused it because there is one already, which may be this object's own.
            if let ended @ Flow::End(_) = self.find_owned(view).await {
                return ended;
            }
            if self.observed.children.values().flatten().any(|remote| unmarked::is_in_the_way(view, remote)) {
                self.ctx.states.with(&view.object.uid, |state| state.name_taken = Some(Instant::now()));
                return Flow::Again;
            }
        }
        match aftermath::after_create(error, gone, environment::now()) {
            CreateAfter::NameTaken => {
                self.ctx.states.with(&view.object.uid, |state| state.name_taken = Some(Instant::now()));
                Flow::Again
            }
            CreateAfter::Refused(report) => {
                self.observed.flight = Some(Flight::Create { nonce, landed: Some(Landed::Refused(report)) });
                Flow::Again
            }
            CreateAfter::NeverExecuted(report) => {
                self.never_executed(view, nonce);
                Flow::End(self.finish(*report).await)
            }
            CreateAfter::Uncertain => Flow::Again,
        }
    }

    fn never_executed(&mut self, view: &View, nonce: String) {
        self.observed.flight = None;
        self.ctx.states.with(&view.object.uid, |state| state.never_executed = Some(nonce));
    }

    /// Sends a change of the remote, and updates what is known of it.
    pub(super) async fn edit(&mut self, view: &View, edit: Edit) -> Flow {
        if let Purpose::Spec(_) = edit.purpose {
            self.note_drift(view, &edit.id);
        }
        let mut edit = edit;
        if JobConfigs::lacks_key(&edit.request) {
            if let Some(flow) = self.need_secret().await {
                return flow;
            }
            let Some(request) = self.complete(edit.request) else {
                return self.internal("a change without the key of its Secret").await;
            };
            edit.request = request;
        }
        match self.account.client.call_in(&mut self.permit, &edit.request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                self.edited(view, edit);
                Flow::Again
            }
            Err(error) => self.change_failed(view, &edit.id, edit.purpose == Purpose::Stop, &error).await,
        }
    }

    /// An edit was acknowledged: updates what is known, and sends the event.
    fn edited(&mut self, view: &View, edit: Edit) {
        if let Some((reason, note)) =
            aftermath::news_of(&edit, K::PROFILE.codec.carrier(), view.observed.flight.is_some())
        {
            self.tell(reason, &note);
        }
        if let Purpose::Spec(fields) = &edit.purpose {
            let sent = fields.iter().map(FieldChange::sent).collect();
            self.changed.extend(fields.iter().map(|change| change.field.name()));
            let (now, again) = (Instant::now(), self.account.inventory.shown_again_within(&edit.id));
            self.ctx.states.with(&self.facts.uid, |state| state.repairs.sent(&view.object, sent, now, again));
        }
        if edit.purpose == Purpose::Stop {
            self.ctx.states.with(&self.facts.uid, |state| state.asks_to_stop(&edit.id, Instant::now()));
        }
        if !K::PROFILE.update_lag.is_zero() {
            self.ctx.states.with(&self.facts.uid, |state| state.edited = Some(Instant::now()));
        }
        for remote in edit.after {
            self.wrote(view, remote);
        }
    }

    /// A change or a delete failed. If the remote may differ now, its row does not count until it is shown again.
    /// `stopping`: the change was to stop a run.
    async fn change_failed(&mut self, view: &View, id: &RemoteId, stopping: bool, error: &CallError) -> Flow {
        if aftermath::leaves_a_doubt(error) {
            self.account.inventory.doubt(id);
        }
        let was_read = matches!(view.observation(id), Some(Observation::Read(_)));
        if aftermath::reads_first(error, was_read)
            && let ended @ Flow::End(_) = self.fetch(view, id).await
        {
            return ended;
        }
        let now = self.observed.remotes.get(id);
        let gone = now == Some(&Observation::Gone);
        if stopping && aftermath::has_stopped(now) {
            return Flow::Again;
        }
        if stopping {
            // It is not asked for again at once.
            self.ctx.states.with(&self.facts.uid, |state| state.asks_to_stop(id, Instant::now()));
        }
        match aftermath::after_change(error, gone, stopping, view.object.deleting, environment::now()) {
            ChangeAfter::NameRefused(report) => {
                self.observed.name_refused = Some(report);
                Flow::Again
            }
            ChangeAfter::Report(report) => Flow::End(self.finish(*report).await),
            ChangeAfter::Gone => Flow::Again,
        }
    }

    /// A difference from a spec that had been carried out is drift. It is reported once per reconcile.
    fn note_drift(&mut self, view: &View, id: &RemoteId) {
        if self.corrected {
            return;
        }
        let Some(told) = aftermath::drift(view, id) else { return };
        self.corrected = true;
        self.ctx.metrics.drifted(K::PROFILE.name);
        self.observed.drifted = Some(format!("changed outside Kubernetes: {told}"));
        self.tell(EventReason::DriftDetected, &format!("changed outside Kubernetes: {told}"));
        self.journal.drift(told);
    }

    pub(super) async fn delete(&mut self, view: &View, id: &RemoteId) -> Flow {
        let request = K::PROFILE.codec.delete(id);
        self.account.inventory.hold(id, &self.facts.uid, self.ctx.config.settle);
        self.ctx.states.with(&self.facts.uid, |state| state.sends_delete(Instant::now()));
        let answer = self.account.client.call_in(&mut self.permit, &request).await;
        self.journal.answered(answer.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        let answer = answer.as_ref().map(drop);
        if answer.map_or_else(|error| !aftermath::leaves_a_doubt(error), |()| true) {
            self.ctx.states.with(&self.facts.uid, ObjectState::answered_delete);
        }
        match aftermath::after_delete(answer, !view.relations.doomed.is_empty()) {
            DeleteAfter::Deleted => {
                self.gone(id);
                self.ctx.states.with(&self.facts.uid, |state| state.deleted(id));
                self.tell(EventReason::Deleted, &format!("{id} was deleted"));
            }
            DeleteAfter::WasGone => self.gone(id),
            DeleteAfter::OneByOne => self.account.inventory.refuse(id.root()),
            DeleteAfter::Failed(error) => return self.change_failed(view, id, false, error).await,
        }
        Flow::Again
    }
}
