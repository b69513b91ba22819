//! The writes to Kubernetes, each guarded: by `resourceVersion` on the object, by the uid on its status (where the
//! API server ignores the uid of a merge patch or an apply).

use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use crate::api::condition::Reason;
use crate::api::{EventReason, names};
use crate::environment;
use crate::plan::aftermath::{self, ClaimAfter, FinalizerAfter, RECORD_TRIES, RefuseAfter};
use crate::plan::intent::Intent;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Ended;
use crate::plan::report::{Next, Report};
use crate::plan::{Flight, Record};
use crate::reconcile::conditions;
use crate::reconcile::kind::{AnyKind, Kind};
use crate::reconcile::object_state::ObjectState;
use crate::reconcile::pass::{Flow, Pass, fingerprint};
use crate::reconcile::write_errors::{KubeError, Write};
use crate::remote::mark::Origin;
use crate::remote::uid::Uid;

impl<K: AnyKind> Pass<'_, K> {
    /// Makes a write to the object.
    async fn write<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, KubeError> {
        self.ctx.states.with(&self.facts.uid, |state| state.echo.write());
        self.kube(call).await
    }

    pub(super) async fn kube<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, KubeError> {
        match tokio::time::timeout(self.ctx.limits.kube_call, call).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(KubeError::Timeout),
        }
    }

    /// Goes on with a copy of the object that is newer than all others.
    pub(super) fn adopt_copy(&mut self, object: K::Object) {
        let version = object.resource_version();
        self.ctx.states.with(&self.facts.uid, |state| state.echo.read(version));
        self.set(object);
    }

    /// Goes on with the copy of the object in the answer to a write of ours.
    fn adopt_own(&mut self, object: K::Object) {
        let before = said(&self.facts);
        let version = object.resource_version();
        self.set(object);
        let ours = before == said(&self.facts);
        self.ctx.states.with(&self.facts.uid, |state| {
            state.echo.wrote(version, ours);
            state.written();
        });
    }

    /// Reads the object with quorum. Ends the reconcile if it is gone, or if another one has its name.
    pub(super) async fn reread(&mut self) -> Flow {
        match self.kube(self.api().get_opt(&self.facts.name)).await {
            Ok(Some(object)) if object.uid().as_ref() == Some(&self.facts.uid) => {
                self.adopt_copy(object);
                self.observed.object_is_fresh = true;
                Flow::Again
            }
            Ok(_) => {
                self.ctx.states.lost(&self.facts, &self.recorded);
                self.forget();
                Flow::End(Action::await_change())
            }
            Err(error) => self.kube_failed(&error, "reading the object"),
        }
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self) {
        let uid = &self.facts.uid;
        self.ctx.states.forget(uid);
        self.account.client.limiter().forget(uid);
        if let Some(id) = &self.recorded.id {
            self.account.inventory.forget(id, uid);
        }
    }

    pub(super) fn kube_failed(&self, error: &KubeError, doing: &str) -> Flow {
        let (namespace, name) = (&self.facts.namespace, &self.facts.name);
        let reconcile_id = &self.journal.id;
        tracing::warn!(controller = K::NAME, namespace, name, reconcileID = reconcile_id, %error, doing, "the apiserver did not take it");
        self.later()
    }

    /// Stores finalizer and intent in one patch.
    pub(super) async fn claim(&mut self, intent: &Intent, flight: Option<Flight>) -> Flow {
        let facts = self.facts.clone();
        let mut finalizers = facts.finalizers.clone();
        if !facts.finalizer {
            finalizers.push(names::FINALIZER.to_owned());
        }
        let patch = json!({"metadata": {
            "resourceVersion": facts.resource_version,
            "finalizers": finalizers,
            "annotations": {names::INTENT: intent.to_annotation()},
        }});
        let result = self.write(self.api().patch(&facts.name, &ours(), &Patch::Merge(&patch))).await;
        match result {
            Ok(object) => self.adopt_own(object),
            Err(error) => {
                let known = error.known();
                if known.may_be_stored()
                    && let ended @ Flow::End(_) = self.reread().await
                {
                    return ended;
                }
                match aftermath::after_claim(known, intent, &self.facts) {
                    ClaimAfter::Stored => {}
                    ClaimAfter::Again => return Flow::Again,
                    ClaimAfter::NotStored => return self.write_failed(&error, Write::Claim).await,
                    ClaimAfter::NotSent => {
                        if let Some(Flight::Create { nonce, .. }) = flight {
                            self.ctx.states.with(&facts.uid, |state| state.never_executed = Some(nonce));
                        }
                        return self.write_failed(&error, Write::Claim).await;
                    }
                }
            }
        }
        if intent.delete_sent {
            self.ctx.states.with(&facts.uid, |state| state.claimed_delete = true);
        }
        self.claimed = Some(environment::since_boot());
        self.observed.object_is_fresh = true;
        self.observed.flight = flight;
        Flow::Again
    }

    /// Writes a status patch and takes over the answer.
    pub(super) async fn write_status(&mut self, patch: Value) -> Result<(), KubeError> {
        let patch: json_patch::Patch = serde_json::from_value(patch)?;
        let params = ours();
        let api = self.api();
        let before = self.recorded.clone();
        let object = self.write(api.patch_status(&self.facts.name, &params, &Patch::Json::<()>(patch))).await?;
        self.adopt_own(object);
        self.count_turn(&before);
        Ok(())
    }

    pub(super) async fn remove_finalizer(&mut self) -> Flow {
        let facts = self.facts.clone();
        let finalizers: Vec<_> = facts.finalizers.iter().filter(|name| *name != names::FINALIZER).collect();
        let patch = json!({"metadata": {"resourceVersion": facts.resource_version, "finalizers": finalizers}});
        let result = self.kube(self.api().patch(&facts.name, &ours(), &Patch::Merge(&patch))).await;
        if let Err(error) = result {
            match aftermath::after_finalizer(error.known()) {
                FinalizerAfter::Gone => {}
                FinalizerAfter::Reread => return self.reread().await,
                FinalizerAfter::Failed => return self.write_failed(&error, Write::Finalizer).await,
            }
        }
        self.count_let_go();
        if let Some(note) = self.left.take() {
            self.tell(EventReason::Retained, &note);
        }
        if self.observed.definition_going {
            self.left_with_definition();
        }
        self.forget();
        Flow::End(Action::await_change())
    }

    /// Ends the reconcile with the object's own delay.
    pub(super) fn later(&self) -> Flow {
        Flow::End(crate::reconcile::pass::later(self.ctx, &self.facts))
    }

    /// Ends the reconcile: the user is told of a defect or an unexpected state.
    pub(super) async fn internal(&mut self, message: &str) -> Flow {
        Flow::End(self.finish(Report::working(Reason::InternalError, message, Next::Backoff)).await)
    }
}

impl<K: Kind> Pass<'_, K> {
    /// Records a remote in status: id, identity and outcome, with Ready=True if there is nothing left to do.
    pub(super) async fn record(&mut self, record: Record) -> Flow {
        let facts = self.facts.clone();
        for failed in 0..RECORD_TRIES {
            let before = self.recorded.clone();
            if let Some(old) = before.id.as_ref().filter(|old| **old != record.id) {
                self.account.inventory.forget(old, &facts.uid);
            }
            let sight = self.observed.remotes.get(&record.id).and_then(crate::plan::view::Observation::remote).cloned();
            let remote = sight.or_else(|| self.account.inventory.get(&record.id));
            let (principal, now) = (&self.account_view.caller.principal, environment::now());
            let after =
                conditions::after_record(K::PROFILE, &facts, &before, &record, principal, remote.as_deref(), now);
            let after = self.belonging(after);
            let Some(patch) = conditions::patch(K::PROFILE, &facts.uid, &before, &after) else { break };
            let Err(error) = self.write_status(patch).await else { break };
            let known = error.known();
            if known.misses_its_object()
                && let Some(flow) = self.unrecorded(&record, &before).await
            {
                return flow;
            }
            match aftermath::records_again(known, failed) {
                None => return self.write_failed(&error, Write::Status).await,
                Some(wait) if wait.is_zero() => {}
                Some(wait) => tokio::time::sleep(wait).await,
            }
        }
        self.was_recorded(&record, &facts.uid)
    }

    fn was_recorded(&mut self, record: &Record, uid: &str) -> Flow {
        self.observed.flight = None;
        let workspace = self.facts.intent.own().map(|intent| intent.target.workspace.as_str());
        self.account.inventory.recorded(&record.id, &self.key(), workspace);
        if !self.ctx.lookups.live.lives_here(Uid::of(uid)) {
            // The watch showed that the object went before the answer to the write was here.
            self.account.inventory.forget(&record.id, uid);
        }
        let now = tokio::time::Instant::now();
        self.ctx.states.with(uid, |state| state.recorded = Some((record.id.clone(), now)));
        let (reason, what) = match (record.recovered, record.origin) {
            (true, _) => {
                let mark = K::PROFILE.codec.carrier().words();
                (EventReason::Recovered, format!("found again by its {mark}"))
            }
            (false, Origin::Created) => (EventReason::Created, "created".to_owned()),
            (false, Origin::Adopted) => (EventReason::Adopted, "adopted".to_owned()),
        };
        self.tell(reason, &format!("{} was {what}", record.id));
        if record.settled {
            self.ctx.states.with(uid, ObjectState::calm);
        }
        if aftermath::ends_with_its_record(record.settled, self.facts.deleting, self.facts.poll.is_some()) {
            return Flow::End(Action::await_change());
        }
        Flow::Again
    }

    /// Records in status that the attempt in flight was refused, and why.
    pub(super) async fn refuse(&mut self, ended: Ended, report: Report) -> Flow {
        let (facts, before) = (self.facts.clone(), self.recorded.clone());
        let after = conditions::after_refusal(&facts, &before, ended, &report, environment::now());
        let after = self.belonging(after);
        self.observed.flight = None;
        if let Some(patch) = conditions::patch(K::PROFILE, &facts.uid, &before, &after)
            && let Err(error) = self.write_status(patch).await
        {
            return self.write_failed(&error, Write::Status).await;
        }
        self.announce(&before, &report);
        let print = fingerprint(&self.facts);
        let cooldown = match aftermath::after_refuse(&report, self.facts.deleting, print != fingerprint(&facts)) {
            RefuseAfter::LetGo => return Flow::Again,
            RefuseAfter::Soon => return Flow::End(Action::requeue(std::time::Duration::ZERO)),
            RefuseAfter::Ended(cooldown) => cooldown,
        };
        if let Some(wait) = cooldown {
            let until = tokio::time::Instant::now() + wait;
            self.ctx.states.with(&facts.uid, |state| state.cooldown = Some((print, until)));
        }
        Flow::End(self.finish(report).await)
    }
}

/// The field manager under which Kubernetes notes our writes (`managedFields`).
fn ours() -> PatchParams {
    PatchParams { field_manager: Some("dataset-operator".to_owned()), ..PatchParams::default() }
}

/// A text that changes when other people change the object, and not by our own writes.
pub(super) fn said(facts: &ObjectFacts) -> String {
    fingerprint(&ObjectFacts { finalizer: true, ..facts.clone() })
}
