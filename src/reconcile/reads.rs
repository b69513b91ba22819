//! The steps that only look, and [`Pass::take`], which does any step. Each result goes into the next view.

use std::sync::Arc;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::api::condition::Reason;
use crate::cloud::CallError;
use crate::cloud::codec::{self, Codec, Nested, Select};
use crate::environment;
use crate::inventory::{ListError, Swept, listing};
use crate::plan::aftermath;
use crate::plan::create_state::CreateState;
use crate::plan::error_report::report_for;
use crate::plan::field::FieldChange;
use crate::plan::intent::Target;
use crate::plan::report::{Next, Report};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::place;

impl<K: Kind> Pass<'_, K> {
    /// Does one step.
    pub(super) async fn take(&mut self, view: &View, step: Step) -> Flow {
        if let Some(ended) = self.admit(view, &step).await {
            return ended;
        }
        match step {
            Step::Reread => self.reread().await,
            Step::Look(Look::Sweep) => self.sweep(view).await,
            Step::Look(Look::Owned) => self.find_owned(view).await,
            Step::Look(Look::Named(name)) => self.find_named(view, name).await,
            Step::Look(Look::Children(id, collection)) => self.look_into(view, &id, collection).await,
            Step::Read(id) => self.fetch(view, &id).await,
            Step::Permit => self.permit(view).await,
            Step::Claim(intent, flight) => self.claim(&intent, flight).await,
            Step::Create => self.create(view).await,
            Step::Edit(edit) => self.edit(view, *edit).await,
            Step::Delete(id) => self.delete(view, &id).await,
            Step::Resolve => {
                self.ctx.states.with(&view.object.uid, crate::reconcile::object_state::ObjectState::resolve);
                self.ctx.states.found(&view.object);
                Flow::Again
            }
            Step::Record(record) => self.record(*record).await,
            Step::Refuse(ended, report) => self.refuse(ended, *report).await,
            Step::RemoveFinalizer if self.in_hand => self.let_go_in_hand(),
            Step::RemoveFinalizer => {
                self.left = aftermath::left_unmarked(view);
                self.remove_finalizer().await
            }
            Step::Report(report) => {
                self.leave_normalised(view, &report);
                Flow::End(self.finish(*report).await)
            }
            Step::Ignore => Flow::End(Action::await_change()),
        }
    }

    /// Remembers the values that the service shows for the fields that are left as it keeps them.
    fn leave_normalised(&self, view: &View, report: &Report) {
        let remote = view.id().and_then(|id| view.observation(id)).and_then(Observation::remote);
        if let (Some(_), Some(remote), Ok(desired)) = (&report.normalised, remote, &view.desired) {
            let comparison = (K::PROFILE.compare)(view, desired, remote).unwrap_or_default();
            let shown = comparison.left.iter().map(FieldChange::shown).collect();
            self.ctx.states.with(&view.object.uid, |state| state.repairs.leave(shown));
        }
    }

    async fn sweep(&mut self, view: &View) -> Flow {
        let Some(target) = view.target() else {
            return self.internal("no workspace is known for this object").await;
        };
        match self.account.inventory.want(&target.workspace, Some(&self.key())) {
            Swept::Soon => {
                let message = format!("waiting for {} to be listed", place::words(&target.workspace));
                Flow::End(self.finish(Report::working(Reason::Progressing, message, Next::Event)).await)
            }
            Swept::Failed(trouble) => {
                let report = match *trouble {
                    ListError::Call(error) => Report { next: Next::Event, ..report_for(&error, environment::now()) },
                    ListError::Unsteady => {
                        let message = format!("{} is not known yet: {trouble}", place::words(&target.workspace));
                        Report::working(Reason::MalformedResponse, message, Next::Event)
                    }
                };
                Flow::End(self.finish(report).await)
            }
            Swept::Yes => match K::PROFILE.codec.nested().zip(target.dataset_id) {
                // The reconcile of another object is listing what is in it for all.
                Some((_, dataset)) if !self.account.inventory.reserve(&RemoteId::new(&dataset), &view.object.uid) => {
                    Flow::End(Action::requeue(std::time::Duration::from_millis(200)))
                }
                Some((codec, dataset)) => match self.list_children(view, codec, &dataset).await {
                    Ok(_) => Flow::Again,
                    Err(flow) => flow,
                },
                None => Flow::Again,
            },
        }
    }

    /// Lists a collection of a dataset for what a decision asks of it.
    async fn look_into(&mut self, view: &View, dataset: &RemoteId, collection: &'static str) -> Flow {
        let Some(codec) = codec::nested(collection) else {
            return self.internal("no codec of this collection is known").await;
        };
        match self.list_children(view, codec, dataset.root()).await {
            Ok(remotes) => {
                self.observed.children.insert(collection, remotes);
                Flow::Again
            }
            Err(flow) => flow,
        }
    }

    async fn list_children(
        &mut self,
        view: &View,
        codec: &dyn Nested,
        dataset: &str,
    ) -> Result<Vec<Arc<Remote>>, Flow> {
        let since = Instant::now();
        let knowing = self.secret.knowing().filter(|_| K::PROFILE.collection() == Some(codec.collection()));
        let codec: &dyn Nested = match &knowing {
            Some(codec) => codec,
            None => codec,
        };
        match listing::children(&self.account.client, &mut self.permit, codec, dataset).await {
            Ok(listing) => match listing.whole() {
                Some(remotes) => {
                    self.account.inventory.put_children((dataset, codec.collection()), &remotes, since);
                    Ok(remotes)
                }
                None => Err(self.unsteady().await),
            },
            Err(error) => {
                let gone = match aftermath::says_gone(&error) {
                    Some(gone) => Ok(gone),
                    None => self.is_gone(view, &RemoteId::new(dataset)).await,
                };
                match gone {
                    Ok(true) => {
                        self.account.inventory.missed(&RemoteId::new(dataset), &self.facts.uid);
                        self.gone(&RemoteId::new(dataset));
                        Ok(Vec::new())
                    }
                    Ok(false) => Err(self.call_failed(&error).await),
                    Err(unknown) => Err(self.call_failed(&unknown).await),
                }
            }
        }
    }

    /// Do lists say that the remote does not exist?
    pub(super) async fn is_gone(&mut self, view: &View, id: &RemoteId) -> Result<bool, CallError> {
        let workspace = view.target().map(|target| target.workspace).unwrap_or_default();
        let codec = K::PROFILE.codec_of(id);
        self.account.reader.exists(&mut self.permit, codec, &workspace, id).await.map(|exists| !exists)
    }

    async fn unsteady(&mut self) -> Flow {
        let message = "a list kept changing while it was read; it is read again";
        Flow::End(self.finish(Report::working(Reason::CloudUnavailable, message, Next::Backoff)).await)
    }

    pub(super) async fn fetch(&mut self, view: &View, id: &RemoteId) -> Flow {
        if K::PROFILE.names(id)
            && let Some(flow) = self.need_secret().await
        {
            return flow;
        }
        let held = self.account.inventory.held(id, &view.object.uid);
        if let Some(report) = aftermath::waits_for_a_delete(K::PROFILE, id, held) {
            return Flow::End(self.finish(report).await);
        }
        if !self.account.inventory.reserve(id, &view.object.uid) {
            return Flow::End(Action::requeue(std::time::Duration::from_millis(500)));
        }
        let since = Instant::now();
        let workspace = view.target().map(|target| target.workspace).unwrap_or_default();
        let read = if aftermath::reads_shared(view, id, &workspace) {
            self.account.reader.read_shared(&workspace, id).await
        } else {
            let knowing = self.secret.knowing().filter(|_| K::PROFILE.names(id));
            let known = K::PROFILE.codec_of(id);
            // The numbers also tell why a deletion must wait.
            let counts = K::counts(&self.object) || self.facts.deleting;
            let codec: &dyn Codec = match &knowing {
                Some(codec) => codec,
                None => known.counting().filter(|_| counts).unwrap_or(known),
            };
            self.account.reader.read(&mut self.permit, codec, &workspace, id).await
        };
        match read {
            Ok(Some(remote)) => {
                if view.object.poll.is_some() && view.recorded.id.as_ref() == Some(id) {
                    self.ctx.states.with(&view.object.uid, |state| state.read = Some(Instant::now()));
                }
                self.saw(remote, since);
                Flow::Again
            }
            Ok(None) => {
                self.account.inventory.missed(id, &view.object.uid);
                self.observed.remotes.insert(id.clone(), Observation::Gone);
                Flow::Again
            }
            Err(error) => self.call_failed(&error).await,
        }
    }

    /// A remote as our acknowledged write left it. The write does not turn an inventory row into a fresh read.
    pub(super) fn wrote(&mut self, view: &View, remote: Remote) {
        let remote = Arc::new(remote);
        self.account.inventory.put_written(&remote);
        let sight = match view.observation(&remote.id) {
            Some(Observation::Read(_)) => Observation::Read(remote.clone()),
            Some(Observation::Listed(_) | Observation::Gone) | None => Observation::Listed(remote.clone()),
        };
        self.observed.remotes.insert(remote.id.clone(), sight);
    }

    /// A remote as a read that began at `since` showed it.
    pub(super) fn saw(&mut self, remote: Arc<Remote>, since: Instant) {
        self.account.inventory.put_read(&remote, since);
        self.observed.remotes.insert(remote.id.clone(), Observation::Read(remote));
    }

    /// A remote is certainly gone.
    pub(super) fn gone(&mut self, id: &RemoteId) {
        self.account.inventory.remove(id);
        self.observed.remotes.insert(id.clone(), Observation::Gone);
    }

    pub(super) async fn find_owned(&mut self, view: &View) -> Flow {
        let Some(target) = view.target() else {
            return self.internal("no target is known").await;
        };
        let owners = view.owner_values();
        let since = Instant::now();
        if let Some(owned) = self.listed_for_deletion(view, &target) {
            // The reconcile of another object has listed them for all.
            (self.observed.owned, self.observed.owned_is_fresh) = (owned, true);
            return Flow::Again;
        }
        let mut owned = Vec::new();
        if let (Some(codec), Some(dataset)) = (K::PROFILE.codec.nested(), &target.dataset_id) {
            if K::PROFILE.runs && !self.account.inventory.reserve(&RemoteId::new(dataset), &view.object.uid) {
                return Flow::End(Action::requeue(std::time::Duration::from_millis(200)));
            }
            match self.list_children(view, codec, dataset).await {
                Ok(siblings) => {
                    if K::PROFILE.is_unmarked() {
                        self.observed.children.insert(codec.collection(), siblings.clone());
                    }
                    owned = siblings;
                }
                Err(flow) => return flow,
            }
        } else {
            for owner in &owners {
                match self.list(&target.workspace, Select::Labelled(owner)).await {
                    Ok(remotes) => owned.extend(remotes),
                    Err(flow) => return flow,
                }
            }
        }
        owned.retain(|remote| remote.mark.as_ref().is_some_and(|mark| mark.is_of(&owners)));
        self.account.inventory.put_listed(&owned, since);
        self.observed.owned = owned;
        self.observed.owned_is_fresh = true;
        self.ctx.states.with(&view.object.uid, |state| state.listed(&view.config, since));
        Flow::Again
    }

    /// The runs in the dataset, if they were listed after the deletion of the object was seen: many objects are deleted at
    /// a time, and one list tells all of them what has ended. A doubt needs lists of its own.
    fn listed_for_deletion(&self, view: &View, target: &Target) -> Option<Vec<Arc<Remote>>> {
        if !K::PROFILE.runs || !view.object.deleting || view.create_state() == CreateState::Uncertain {
            return None;
        }
        let within = target.dataset_id.as_deref().zip(K::PROFILE.collection());
        let (dataset, collection) = within?;
        let inventory = &self.account.inventory;
        let since = self.ctx.states.with(&view.object.uid, |state| state.deleting_since)?;
        inventory
            .children_listed_since(dataset, collection, since)
            .then(|| inventory.owned(&view.owner_values(), within))
    }

    async fn find_named(&mut self, view: &View, name: String) -> Flow {
        let workspace = view.target().map(|target| target.workspace).unwrap_or_default();
        let since = Instant::now();
        let remotes = match self.list(&workspace, Select::Named(&name)).await {
            Ok(remotes) => remotes,
            Err(flow) => return flow,
        };
        self.account.inventory.put_listed(&remotes, since);
        let same = |remote: &Arc<Remote>| remote.fields.get("Name").is_some_and(|value| *value == name);
        self.observed.named = Some(remotes.into_iter().filter(same).collect());
        Flow::Again
    }

    async fn list(&mut self, place: &str, select: Select<'_>) -> Result<Vec<Arc<Remote>>, Flow> {
        match listing::place(&self.account.client, &mut self.permit, place, select).await {
            Ok(listing) => match listing.whole() {
                Some(remotes) => Ok(remotes),
                None => Err(self.unsteady().await),
            },
            Err(error) => Err(self.call_failed(&error).await),
        }
    }
}
