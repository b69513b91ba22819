//! Makes the service show what an object lists.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use super::report::basic;
use super::{Batched, NEVER, Then, Wish, go};
use crate::api::condition::Reason;
use crate::batch::diff::Allowed;
use crate::batch::memory::{Listed, Memory, Place};
use crate::batch::{Rules, Wanted, diff};
use crate::cloud::{CallError, ErrorClass, Operation, Request};
use crate::plan::intent::{Intent, Target};
use crate::plan::report::{Next, Report};
use crate::reconcile::kube_writes::said;
use crate::reconcile::object_state::ObjectState;
use crate::reconcile::pass::{Flow, Pass};

impl<K: Batched> Pass<'_, K> {
    /// Makes the service show what the object lists.
    pub(super) async fn keep(&mut self, memory: &mut Memory) -> Flow {
        // Only while reconciles go on with one work, nothing is read again.
        let open = memory.listed.take();
        if self.facts.paused {
            return Flow::End(self.finish(self.paused_report()).await);
        }
        let asked = self.asked();
        let mut wish = match K::wish(&self.object, &self.ctx.lookups) {
            Ok(wish) => wish,
            Err(blocked) => return Flow::End(self.finish(blocked.into()).await),
        };
        let refused = self.blocked.clone().or_else(|| {
            let begins = self.facts.intent.own().is_none();
            begins.then(|| self.refused_workspace(wish.workspace.as_deref()))?
        });
        if let Some(blocked) = refused {
            return Flow::End(self.finish(blocked.into()).await);
        }
        if wish.edition.as_deref() == Some("BASIC") {
            return self.stuck(Reason::InvalidSpec, basic(&wish.called)).await;
        }
        let mut slice = self.slice();
        let place = go!(self.place(&wish).await);
        go!(self.claimed(memory, &place).await);
        if self.asked() != asked {
            // The answer to the claim has brought an edit.
            return Flow::Again;
        }
        memory.go_to(&place);
        let interval = self.interval();
        if let Some(wait) = go!(self.is_settled(memory, &wish, &place).await) {
            self.ctx.states.with(&self.facts.uid, ObjectState::calm);
            return Flow::End(Action::requeue(wait));
        }
        // What fails from here on is tried again.
        memory.settled = None;
        memory.statistics.take_if(|(by, _, _)| Some(*by) != wish.statistics);
        let listed = go!(self.listed(open, &mut wish).await);
        let wanted = &listed.wanted;
        let tags = self.tags();
        let (hash, adopt, resync) = (wanted.hash().to_owned(), wish.adopt, self.ctx.limits.resync);
        loop {
            let now = Instant::now();
            let requested = self.facts.requested.clone();
            if memory.walk_is_due((&hash, adopt), requested.as_deref(), resync, self.spread(), now) {
                go!(self.walk(memory, (&listed, &tags, adopt), &place, &[], &mut slice).await);
                memory.asked = requested;
                continue;
            }
            memory.settle_refusals(wanted);
            let Some(shown) = memory.shown.as_ref() else { continue };
            let allowed = Allowed::For(K::allowed(&self.object));
            let rules = Rules { tags: &tags, prune: wish.prune, complete: memory.complete, allowed };
            let mut todo = diff(wanted, shown, &memory.refusals, rules, now);
            if todo.lacks_ids && todo.acts.is_empty() && todo.guard.is_none() {
                // The walk that follows tells the ids.
                memory.unsure = true;
                continue;
            }
            if todo.acts.is_empty() && memory.count_is_due(interval, now) {
                go!(self.count(memory, &tags, &place).await);
                continue;
            }
            if todo.acts.is_empty() && memory.statistics_are_due(wish.statistics, resync, now) {
                go!(self.tell_statistics(memory, wish.statistics, &place).await);
                continue;
            }
            if todo.acts.is_empty() {
                let again = memory.next_look(interval, resync, Instant::now());
                let is_done = todo.later.is_none() && todo.unpruned == 0;
                let (flow, is_told) = self.tell_of_set(memory, wanted, &todo, &place, again).await;
                // The write may have failed, and its answer may have brought an edit.
                let is_settled = is_done && is_told && self.asked() == asked;
                let versions = listed.versions.clone();
                memory.settled = is_settled.then(|| (self.facts.resource_version.clone(), versions));
                return flow;
            }
            go!(self.send_all(memory, &mut todo, &place, &mut slice, &listed).await);
        }
    }

    /// What the object lists: what the work that goes on has read, or else the spec and its sources.
    async fn listed(&mut self, open: Option<Arc<Listed>>, wish: &mut Wish) -> Then<Arc<Listed>> {
        let (generation, known) = (self.facts.generation, self.versions(&wish.sources));
        if let Some(listed) =
            open.filter(|open| open.generation == generation && Some(&open.versions) == known.as_ref())
        {
            return Then::Go(listed);
        }
        let mut items = std::mem::take(&mut wish.items);
        let versions = match self.read_sources(&wish.sources, &mut items).await {
            Then::Go(versions) => versions,
            Then::End(flow) => return Then::End(flow),
        };
        match Wanted::new(items) {
            Ok(wanted) => Then::Go(Arc::new(Listed { generation, versions, wanted })),
            Err(twice) => {
                let uris = twice.join(", ");
                let message = format!("the set lists a uri more than once: {uris}; leave each uri in one place only");
                Then::End(self.stuck(Reason::InvalidSpec, message).await)
            }
        }
    }

    /// Nothing has changed since the last report, and nothing is due but a count, which shows no difference: when to look again.
    async fn is_settled(&mut self, memory: &mut Memory, wish: &Wish, place: &Place) -> Then<Option<Duration>> {
        let (resync, interval) = (self.ctx.limits.resync, self.interval());
        let told = (self.facts.resource_version.clone(), self.versions(&wish.sources).unwrap_or_default());
        if memory.settled.as_ref() != Some(&told) {
            return Then::Go(None);
        }
        let (hash, adopt) = memory.compared.clone();
        let requested = self.facts.requested.clone();
        let walk_is_due = |memory: &Memory, spread: u8| {
            memory.walk_is_due((&hash, adopt), requested.as_deref(), resync, spread, Instant::now())
        };
        let spread = self.spread();
        if walk_is_due(memory, spread) || memory.statistics_are_due(wish.statistics, resync, Instant::now()) {
            return Then::Go(None);
        }
        if memory.count_is_due(interval, Instant::now()) {
            let tags = self.tags();
            match self.count(memory, &tags, place).await {
                Then::Go(()) => {}
                Then::End(flow) => return Then::End(flow),
            }
        }
        let wait = memory.next_look(interval, resync, Instant::now());
        Then::Go((!walk_is_due(memory, spread)).then_some(wait))
    }

    /// What people ask for, as far as it decides what is sent. Our own writes do not change it.
    fn asked(&self) -> (String, Option<String>) {
        (said(&self.facts), K::allowed(&self.object).map(str::to_owned))
    }

    /// Time between two counts.
    fn interval(&self) -> Duration {
        match self.facts.poll {
            Some(never) if never.is_zero() => NEVER,
            Some(poll) => poll,
            None => self.ctx.limits.resync,
        }
    }

    /// Where the files are. A set stays in the version in which it began, as long as its dataset is the same.
    pub(super) async fn place(&mut self, wish: &Wish) -> Then<Place> {
        let kept = self.facts.intent.own().map(|intent| &intent.target);
        let kept = kept.filter(|target| target.dataset_id.as_deref() == Some(wish.dataset.as_str())).cloned();
        let (kept_version, kept_workspace) = kept.map(|kept| (kept.name, Some(kept.workspace))).unwrap_or_default();
        let version = wish.version.clone().or(kept_version).or_else(|| wish.newest.clone());
        let workspace = wish.workspace.clone().or(kept_workspace);
        if let (Some(version), Some(workspace)) = (&version, &workspace) {
            let dataset = wish.dataset.clone();
            return Then::Go(Place { dataset, version: version.clone(), workspace: workspace.clone() });
        }
        let request = Request::get_dataset(&wish.dataset);
        let answer = match self.ask(&request).await {
            Then::Go(answer) => answer.and_then(|answer| {
                answer.dataset().map_err(|malformed| CallError::malformed(request.operation(), malformed))
            }),
            Then::End(flow) => return Then::End(flow),
        };
        let dataset = match answer {
            Ok(dataset) => dataset,
            Err(error) if matches!(error.class, ErrorClass::NotFound) => {
                let message = format!("{} does not exist, or is hidden from the operator", wish.called);
                let report = Report::working(Reason::DependencyNotReady, message, Next::Backoff);
                return Then::End(Flow::End(self.finish(report).await));
            }
            Err(error) => return Then::End(self.call_failed(&error).await),
        };
        let text = |name: &str| Some(dataset.fields.get(name)?.as_str()?.to_owned());
        if text("Edition").as_deref() == Some("BASIC") {
            return Then::End(self.stuck(Reason::InvalidSpec, basic(&wish.called)).await);
        }
        let newest = dataset.latest_version.as_ref().map_or("v1", |newest| &newest.name).to_owned();
        let Some(workspace) = workspace.or_else(|| text("WorkspaceId")) else {
            let message = format!("the service does not say in which workspace {} is", wish.called);
            return Then::End(self.stuck(Reason::InvalidSpec, message).await);
        };
        Then::Go(Place { dataset: wish.dataset.clone(), version: version.unwrap_or(newest), workspace })
    }

    /// Stores finalizer and place on the object, before anything is sent there.
    pub(super) async fn claimed(&mut self, memory: &mut Memory, place: &Place) -> Then<()> {
        let target = Target {
            account: self.account_view.alias.clone(),
            region: self.account_view.region.clone(),
            workspace: place.workspace.clone(),
            dataset_id: Some(place.dataset.clone()),
            name: Some(place.version.clone()),
        };
        if let Some(intent) = self.facts.intent.own() {
            let stored = intent.target.clone();
            if let Some(flow) = self.wrong_account(&stored).await {
                return Then::End(flow);
            }
            if self.facts.finalizer && stored == target {
                return Then::Go(());
            }
        }
        if let Some(ended) = self.turn(Operation::ListDatasetFileMetas).await {
            return Then::End(ended);
        }
        let is_new = self.facts.intent.own().is_none() && !self.facts.finalizer;
        let intent = Intent {
            uid: self.facts.uid.clone(),
            target,
            principal: self.account_view.caller.principal.clone(),
            ..Intent::default()
        };
        self.journal.did("Claim");
        match self.claim(&intent, None).await {
            Flow::Again if self.facts.finalizer && self.facts.intent.own() == Some(&intent) => {
                if is_new {
                    // No process has sent anything for this object.
                    memory.unanswered = None;
                }
                Then::Go(())
            }
            flow @ (Flow::Again | Flow::End(_)) => Then::End(flow),
        }
    }
}
