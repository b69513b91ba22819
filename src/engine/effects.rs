//! The effects: one function per step, each at most one call to the service, whose result is fed back into the view.

use std::sync::Arc;

use kube::runtime::controller::Action;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::facts::Facts;
use super::fields::Fields;
use super::kind::{Kind, recorded};
use super::mark::Labels;
use super::pass::{Flow, Pass};
use super::plan::{Change, Flight, Landed, Record, Step, plan};
use super::recorded::RemoteId;
use super::report::{Next, Report};
use super::verdict::verdict;
use super::view::{Remote, Sight, View};
use super::writes::boot_clock;
use crate::api::condition::Reason;
use crate::api::names::MARK_RELEASED;
use crate::cloud::{Answer, CallError, ErrorClass, Lane, ListDatasets, Observer as _, Request, Reservation};
use crate::index::{Swept, listing};

impl<K: Kind> Pass<'_, K> {
    /// Does one step.
    pub(super) async fn take(&mut self, view: &View, step: Step) -> Flow {
        match step {
            Step::Reread => self.reread().await,
            Step::Sweep => self.sweep(view).await,
            Step::Fetch(id) => self.fetch(view, &id).await,
            Step::FindOwned => self.find_owned(view).await,
            Step::FindNamed(name) => self.find_named(view, name).await,
            Step::ListVersions(dataset) => match self.list_versions(&dataset).await {
                Ok(versions) => {
                    self.seen.versions = Some(versions);
                    Flow::Again
                }
                Err(flow) => flow,
            },
            Step::Permit => self.permit(view),
            Step::Claim(intent, flight) => self.claim(&intent, flight).await,
            Step::Create => self.create(view).await,
            Step::Mark(id, labels) => self.mark(view, &id, labels).await,
            Step::Unrelease(id) => self.change(view, &id, Change::RemoveLabels(vec![MARK_RELEASED.to_owned()])).await,
            Step::Change(id, change) => {
                self.note_drift(view, &change);
                self.change(view, &id, change).await
            }
            Step::Delete(id) => self.delete(view, &id).await,
            Step::Release(id) => self.release(view, &id).await,
            Step::Resolve => {
                self.ctx.memories.with(&view.object.uid, super::memory::Memory::resolve);
                Flow::Again
            }
            Step::Record(record) => self.record(*record).await,
            Step::Refuse(ended, report) => self.refuse(ended, *report).await,
            Step::LetGo => self.let_go().await,
            Step::Report(report) => Flow::End(self.finish(*report).await),
            Step::Leave => Flow::End(Action::await_change()),
        }
    }

    /// A failed call ends the pass with its verdict.
    async fn call_failed(&mut self, error: &CallError) -> Flow {
        let mut report = verdict(error, &now());
        if let ErrorClass::Throttled { after: Some(after) } = error.class {
            report.next = Next::After(after.max(std::time::Duration::from_millis(200)));
        }
        Flow::End(self.finish(report).await)
    }

    async fn sweep(&mut self, view: &View) -> Flow {
        let Some(target) = view.target() else {
            return self.internal("no workspace is known for this object").await;
        };
        match self.ctx.index.want(&target.workspace, Some(&self.key())) {
            Swept::Soon => {
                let message = format!("waiting for workspace {} to be listed", target.workspace);
                Flow::End(self.finish(Report::working(Reason::Progressing, message, Next::Event)).await)
            }
            Swept::Failed(error) => {
                let mut report = verdict(&error, &now());
                report.next = Next::Event;
                Flow::End(self.finish(report).await)
            }
            Swept::Yes => match target.dataset_id {
                // Another version's pass is listing them for all.
                Some(dataset) if !self.ctx.index.reserve(&RemoteId::dataset(&dataset), &view.object.uid) => {
                    Flow::End(Action::requeue(std::time::Duration::from_millis(200)))
                }
                Some(dataset) => match self.list_versions(&dataset).await {
                    Ok(_) => Flow::Again,
                    Err(flow) => flow,
                },
                None => Flow::Again,
            },
        }
    }

    async fn list_versions(&mut self, dataset: &str) -> Result<Vec<Arc<Remote>>, Flow> {
        let since = Instant::now();
        match listing::versions(&self.ctx.cloud, Lane::UserChange, dataset).await {
            Ok(listing) if listing.complete => {
                self.ctx.index.put_versions(dataset, &listing.remotes, since);
                Ok(listing.remotes)
            }
            Ok(_) => Err(self.unsteady().await),
            Err(error) if error.class == ErrorClass::NotFound => {
                self.gone(&RemoteId::dataset(dataset));
                Ok(Vec::new())
            }
            Err(error) => Err(self.call_failed(&error).await),
        }
    }

    async fn unsteady(&mut self) -> Flow {
        let message = "a list kept changing while it was read; it is read again";
        Flow::End(self.finish(Report::working(Reason::CloudUnavailable, message, Next::Backoff)).await)
    }

    async fn fetch(&mut self, view: &View, id: &RemoteId) -> Flow {
        if !self.ctx.index.reserve(id, &view.object.uid) {
            return Flow::End(Action::requeue(std::time::Duration::from_millis(500)));
        }
        let read = match (view.object.deleting, view.target()) {
            (true, Some(target)) if id.version.is_none() => self.ctx.reader.read_shared(&target.workspace, id).await,
            _ => self.ctx.reader.read(Lane::UserChange, id).await,
        };
        match read {
            Ok(Some(remote)) => {
                if view.recorded.id.as_ref() == Some(id) {
                    self.ctx.memories.with(&view.object.uid, |memory| memory.read = Some(Instant::now()));
                }
                self.saw(remote);
                Flow::Again
            }
            Ok(None) => {
                self.seen.sights.insert(id.clone(), Sight::Gone);
                Flow::Again
            }
            Err(error) => self.call_failed(&error).await,
        }
    }

    /// A remote as our acknowledged write left it. What was not read in this pass is not by that.
    fn wrote(&mut self, before: &Sight, remote: Remote) {
        let remote = Arc::new(remote);
        self.ctx.index.put(&remote);
        let sight = match before {
            Sight::Read(_) => Sight::Read(remote.clone()),
            Sight::Indexed(_) | Sight::Gone => Sight::Indexed(remote.clone()),
        };
        self.seen.sights.insert(remote.id.clone(), sight);
    }

    /// A remote as read.
    fn saw(&mut self, remote: Arc<Remote>) {
        self.ctx.index.put(&remote);
        self.seen.sights.insert(remote.id.clone(), Sight::Read(remote));
    }

    /// A remote is gone for certain.
    fn gone(&mut self, id: &RemoteId) {
        self.ctx.index.remove(id);
        self.seen.sights.insert(id.clone(), Sight::Gone);
    }

    async fn find_owned(&mut self, view: &View) -> Flow {
        let Some(target) = view.target() else {
            return self.internal("no target is known").await;
        };
        let owners = view.world.identity.owner_values(&view.owner);
        let since = Instant::now();
        let mut owned = Vec::new();
        if let Some(dataset) = &target.dataset_id {
            match self.list_versions(dataset).await {
                Ok(versions) => owned = versions,
                Err(flow) => return flow,
            }
        } else {
            for owner in &owners {
                let query = ListDatasets {
                    workspace_id: Some(target.workspace.clone()),
                    label: Some(owner.clone()),
                    ..ListDatasets::default()
                };
                match listing::datasets(&self.ctx.cloud, Lane::UserChange, &query).await {
                    Ok(listing) if listing.complete => owned.extend(listing.remotes),
                    Ok(_) => return self.unsteady().await,
                    Err(error) => return self.call_failed(&error).await,
                }
            }
        }
        owned.retain(|remote| {
            remote.labels.get(crate::api::names::MARK_OWNER).is_some_and(|owner| owners.contains(owner))
        });
        self.ctx.index.put_listed(&owned, since);
        self.seen.owned = owned;
        self.seen.owned_is_fresh = true;
        let now = Instant::now();
        self.ctx.memories.with(&view.object.uid, |memory| memory.listed(&view.world, now));
        Flow::Again
    }

    async fn find_named(&mut self, view: &View, name: String) -> Flow {
        let query = ListDatasets {
            workspace_id: view.target().map(|target| target.workspace),
            name: Some(name.clone()),
            ..ListDatasets::default()
        };
        match listing::datasets(&self.ctx.cloud, Lane::UserChange, &query).await {
            Ok(listing) if listing.complete => {
                let same = |remote: &Arc<Remote>| remote.fields.get("Name").is_some_and(|value| *value == name);
                self.seen.named = Some(listing.remotes.into_iter().filter(same).collect());
                Flow::Again
            }
            Ok(_) => self.unsteady().await,
            Err(error) => self.call_failed(&error).await,
        }
    }

    /// A place in the limiter; the pass holds nothing while it waits for it.
    fn permit(&mut self, view: &View) -> Flow {
        match self.ctx.cloud.limiter().reserve(&view.object.uid, Lane::Create) {
            Reservation::Granted => {
                let since = self.ctx.memories.with(&view.object.uid, |memory| memory.permit_since.take());
                let waited = since.map(|since| since.elapsed()).unwrap_or_default();
                self.ctx.metrics.waited(Lane::Create, waited);
                self.seen.permit = true;
                Flow::Again
            }
            Reservation::At(at) => {
                let now = Instant::now();
                self.ctx.memories.with(&view.object.uid, |memory| *memory.permit_since.get_or_insert(now));
                Flow::End(Action::requeue(at.saturating_duration_since(now)))
            }
        }
    }

    async fn create(&mut self, view: &View) -> Flow {
        let (Some(Flight::Create { nonce, .. }), Ok(desired)) = (self.seen.flight.clone(), &view.desired) else {
            return self.internal("a create without a claim").await;
        };
        let late = self.claimed.is_none_or(|at| boot_clock().saturating_sub(at) > self.ctx.limits.send_deadline);
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
        match sent.and_then(|answer| created(&request, &answer, desired.target.dataset_id.as_deref())) {
            Ok(id) => {
                let remote = Arc::new(as_created(&id, labels, desired));
                if id.version.is_some() {
                    self.ctx.index.put_created_version(&remote);
                } else {
                    self.ctx.index.put(&remote);
                }
                self.seen.sights.insert(id.clone(), Sight::Read(remote));
                self.seen.flight = Some(Flight::Create { nonce, landed: Some(Landed::At(id)) });
                Flow::Again
            }
            Err(error) => self.create_failed(view, nonce, &error).await,
        }
    }

    async fn create_failed(&mut self, view: &View, nonce: String, error: &CallError) -> Flow {
        let (namespace, name) = (&view.object.namespace, &view.object.name);
        let reconcile_id = &self.journal.id;
        tracing::info!(controller = K::NAME, namespace, name, reconcileID = reconcile_id, %error, nonce, "a create did not succeed");
        self.seen.flight = None;
        match &error.class {
            ErrorClass::NameTaken => {
                self.ctx.memories.with(&view.object.uid, |memory| memory.name_taken = Some(Instant::now()));
                Flow::Again
            }
            ErrorClass::Refused | ErrorClass::NotFound | ErrorClass::Unauthorised(_) => {
                let mut report = verdict(error, &now());
                if error.class == ErrorClass::NotFound {
                    report = Report {
                        next: Next::Backoff,
                        ..Report::working(Reason::DependencyNotReady, error.to_string(), Next::Backoff)
                    };
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

    fn never_executed(&mut self, view: &View, nonce: String) {
        self.seen.flight = None;
        self.ctx.memories.with(&view.object.uid, |memory| memory.never_executed = Some(nonce));
    }

    async fn mark(&mut self, view: &View, id: &RemoteId, mark: Labels) -> Flow {
        let current = view.sight(id).and_then(Sight::remote).map(|remote| remote.labels.clone()).unwrap_or_default();
        let released = current.contains_key(MARK_RELEASED);
        let labels = if id.version.is_some() { current.into_iter().chain(mark).collect() } else { mark };
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
        }
        Flow::Again
    }

    /// Changes the remote, and what is known of it with it.
    async fn change(&mut self, view: &View, id: &RemoteId, change: Change) -> Flow {
        let request = request_of(id, &change);
        match self.ctx.cloud.call(Lane::UserChange, &request).await {
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
            Err(error) if error.class == ErrorClass::NotFound => {
                self.seen.sights.insert(id.clone(), Sight::Gone);
                Flow::Again
            }
            Err(error) => self.call_failed(&error).await,
        }
    }

    /// A difference from a spec that had been carried out is drift; it is told once per pass.
    fn note_drift(&mut self, view: &View, change: &Change) {
        let carried_out = view.recorded.was_ready() && view.recorded.observed_generation == view.object.generation;
        if !carried_out || self.corrected {
            return;
        }
        self.corrected = true;
        self.ctx.metrics.drifted(K::NAME);
        let what = match change {
            Change::Update(fields) | Change::UpdateFirst(fields) => {
                fields.keys().cloned().collect::<Vec<_>>().join(", ")
            }
            Change::SetLabels(_)
            | Change::RemoveLabels(_)
            | Change::SetFirstLabels(_)
            | Change::RemoveFirstLabels(_) => "Labels".to_owned(),
            Change::Publish => "Accessibility".to_owned(),
        };
        self.seen.drifted = Some(format!("{what} of the remote differ from the spec"));
        self.tell(false, "DriftDetected", "Observe", &format!("{what} of the remote differ from the spec"));
    }

    async fn delete(&mut self, view: &View, id: &RemoteId) -> Flow {
        let request = match &id.version {
            None => Request::delete_dataset(&id.dataset),
            Some(version) => Request::delete_dataset_version(&id.dataset, version),
        };
        match self.ctx.cloud.call(Lane::UserChange, &request).await {
            Ok(answer) => {
                self.journal.answered(answer.request_id.as_deref());
                self.gone(id);
                self.tell(false, "Deleted", "Delete", &format!("{id} was deleted"));
                Flow::Again
            }
            Err(error) if error.class == ErrorClass::NotFound => {
                self.gone(id);
                Flow::Again
            }
            Err(error) if error.class == ErrorClass::Refused && !view.relations.doomed.is_empty() => {
                self.ctx.index.refuse(&id.dataset);
                Flow::Again
            }
            Err(error) => self.call_failed(&error).await,
        }
    }

    async fn release(&mut self, view: &View, id: &RemoteId) -> Flow {
        let current = view.sight(id).and_then(Sight::remote).map(|remote| remote.labels.clone()).unwrap_or_default();
        let released = [(MARK_RELEASED.to_owned(), "true".to_owned())];
        let labels =
            if id.version.is_some() { current.into_iter().chain(released).collect() } else { Labels::from(released) };
        let flow = self.change(view, id, Change::SetLabels(labels)).await;
        if matches!(flow, Flow::Again) {
            self.tell(false, "Retained", "Delete", &format!("{id} is kept and marked as released"));
        }
        flow
    }

    /// A remote in hand whose object is gone: it is let go by the old object's policy through the same rules, as if
    /// that object were being deleted.
    pub(super) async fn let_go_in_hand(&mut self, record: &Record) -> Flow {
        let mut view = View {
            object: Facts {
                deleting: true,
                finalizer: true,
                force_release: None,
                paused: false,
                ..Facts::of(&*self.object)
            },
            recorded: recorded::<K>(&self.object),
            ..self.view()
        };
        view.recorded.id = Some(record.id.clone());
        view.recorded.origin = Some(record.origin);
        view.recorded.attempt.clone_from(&record.attempt);
        self.seen.flight = None;
        self.seen.object_is_fresh = true;
        self.seen.sights.remove(&record.id);
        for _ in 0..10 {
            view.seen = self.seen.clone();
            view.seen.absence_counts = true;
            view.seen.swept = true;
            let flow = match plan(&view) {
                Step::Fetch(id) => self.fetch(&view, &id).await,
                Step::FindOwned => self.find_owned(&view).await,
                Step::Delete(id) => self.delete(&view, &id).await,
                Step::Release(id) => self.release(&view, &id).await,
                // Let go, or something stands in the way of it.
                Step::Reread
                | Step::Sweep
                | Step::FindNamed(_)
                | Step::ListVersions(_)
                | Step::Permit
                | Step::Claim(..)
                | Step::Create
                | Step::Mark(..)
                | Step::Unrelease(_)
                | Step::Change(..)
                | Step::Resolve
                | Step::Record(_)
                | Step::Refuse(..)
                | Step::LetGo
                | Step::Report(_)
                | Step::Leave => break,
            };
            if let Flow::End(_) = flow {
                tracing::warn!(id = %record.id, "the object is gone and its remote could not be let go; it is left as an orphan");
                break;
            }
        }
        self.forget();
        Flow::End(Action::await_change())
    }
}

/// The request for one change.
fn request_of(id: &RemoteId, change: &Change) -> Request {
    let dataset = &id.dataset;
    match (change, &id.version) {
        (Change::Update(fields), None) => Request::update_dataset(dataset, fields.clone()),
        (Change::Update(fields), Some(version)) => Request::update_dataset_version(dataset, version, fields.clone()),
        (Change::SetLabels(labels), None) => Request::create_dataset_labels(dataset, labels),
        (Change::SetLabels(labels), Some(version)) => Request::create_dataset_version_labels(dataset, version, labels),
        (Change::RemoveLabels(keys), None) => Request::delete_dataset_labels(dataset, keys),
        (Change::RemoveLabels(keys), Some(version)) => Request::delete_dataset_version_labels(dataset, version, keys),
        (Change::Publish, _) => Request::publish_dataset(dataset),
        (Change::UpdateFirst(fields), _) => Request::update_dataset_version(dataset, "v1", fields.clone()),
        (Change::SetFirstLabels(labels), _) => Request::create_dataset_version_labels(dataset, "v1", labels),
        (Change::RemoveFirstLabels(keys), _) => Request::delete_dataset_version_labels(dataset, "v1", keys),
    }
}

/// The remote after an acknowledged change, and its v1 if that is what changed.
fn changed(remote: &Remote, first: Option<&Arc<Remote>>, change: Change) -> (Remote, Option<Remote>) {
    let mut remote = remote.clone();
    match change {
        Change::Update(fields) => remote.fields.extend(fields),
        Change::SetLabels(labels) => remote.labels.extend(labels),
        Change::RemoveLabels(keys) => remote.labels.retain(|key, _| !keys.contains(key)),
        Change::Publish => drop(remote.fields.insert("Accessibility".to_owned(), json!("PUBLIC"))),
        Change::UpdateFirst(fields) => return with_first(remote, first, |first| first.fields.extend(fields.clone())),
        Change::SetFirstLabels(labels) => {
            return with_first(remote, first, |first| first.labels.extend(labels.clone()));
        }
        Change::RemoveFirstLabels(keys) => {
            return with_first(remote, first, |first| first.labels.retain(|key, _| !keys.contains(key)));
        }
    }
    (remote, None)
}

fn with_first(
    mut remote: Remote,
    first: Option<&Arc<Remote>>,
    change: impl Fn(&mut Remote),
) -> (Remote, Option<Remote>) {
    let latest = remote.latest.as_mut().filter(|latest| latest.id.version.as_deref() == Some("v1"));
    let first = first.map(|first| {
        let mut first = (**first).clone();
        change(&mut first);
        first
    });
    if let Some(latest) = latest {
        match &first {
            Some(first) => **latest = first.clone(),
            None => change(latest),
        }
    }
    (remote, first)
}

/// The id that a create's answer brings.
fn created(request: &Request, answer: &Answer, dataset: Option<&str>) -> Result<RemoteId, CallError> {
    let id = match dataset {
        Some(dataset) => answer.version_name().map(|name| RemoteId::version(dataset, name)),
        None => answer.dataset_id().map(RemoteId::dataset),
    };
    id.map_err(|malformed| CallError::malformed(request.operation(), malformed))
}

/// What a create made, as far as we know without reading it.
fn as_created(id: &RemoteId, labels: Labels, desired: &super::desired::Desired) -> Remote {
    let mut fields: Fields = desired.create.clone();
    fields.remove("VersionLabels");
    fields.remove("VersionDescription");
    let latest = id.version.is_none().then(|| {
        Box::new(Remote {
            id: RemoteId::version(id.dataset.clone(), "v1"),
            labels: desired.first.labels.clone().unwrap_or_default(),
            fields: desired.first.fields.clone(),
            latest: None,
        })
    });
    Remote { id: id.clone(), labels, fields, latest }
}

/// Labels as the API lists them.
pub(crate) fn label_list(labels: &Labels) -> Value {
    Value::Array(labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
