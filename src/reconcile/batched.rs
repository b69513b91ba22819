//! Reconciling an object that stands for many small remotes at once ([`batch`](crate::batch)): claim, compare, send batch
//! after batch, report. It shares finalizer, conditions, annotations and admission with all other kinds.
//!
//! A reconcile sends no more than [`SLICE`] calls and then comes back for the rest, so that none is cut off.

use std::collections::HashMap;
use std::time::Duration;

use kube::runtime::controller::Action;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::batch::diff::Allowed;
use crate::batch::item::Row;
use crate::batch::memory::{Memory, Place};
use crate::batch::run::{self, Came};
use crate::batch::walk::Look;
use crate::batch::{Batch, Guard, Item, Page, Rules, SetTags, Todo, Walk, Wanted, diff};
use crate::cloud::{Answer, CallError, ErrorClass, Lane, MOST_FILES, Permit, Request, codec};
use crate::environment;
use crate::plan::account::absence_counts;
use crate::plan::annotations::not_a_boolean;
use crate::plan::desired::Deletion;
use crate::plan::intent::{Intent, Target};
use crate::plan::report::{Blocked, Next, Ready, Report, Told};
use crate::reconcile::gather::owner;
use crate::reconcile::kind::{AnyKind, policy};
use crate::reconcile::lookups::Lookups;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::id::RemoteId;
use crate::remote::uid::Uid;
use crate::words;

/// The most calls of one reconcile.
const SLICE: u32 = 40;
/// The longest time in which a reconcile begins another call.
const TIME: Duration = Duration::from_secs(20);
/// A time that nobody waits for.
const NEVER: Duration = Duration::from_secs(365 * 86_400);
/// Files that failed and are named in status.
const NAMED: usize = 20;
/// The name of the step that sends a batch, for log lines and tests.
const STEP: &str = "Batch";

/// What an object lists, and where.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The dataset.
    pub dataset: String,
    /// What messages call it.
    pub called: String,
    /// Its workspace; `None`: only the service knows it.
    pub workspace: Option<String>,
    /// The version; `None`: the newest one when the set first acts.
    pub version: Option<String>,
    /// The newest version, if it is known.
    pub newest: Option<String>,
    /// Its edition, if it is known.
    pub edition: Option<String>,
    /// The files.
    pub items: Vec<Item>,
    /// Files that are no longer listed are removed.
    pub prune: bool,
    /// Files that somebody else made are taken over.
    pub adopt: bool,
}

/// A kind whose objects stand for many small remotes at once.
pub trait Batched: AnyKind {
    /// What the object lists; [`Blocked`] if the spec is wrong or a reference is not ready.
    fn wish(object: &Self::Object, lookups: &Lookups) -> Result<Wish, Blocked>;
    /// The workspace that holds the dataset, or else the operator's own.
    fn workspace(object: &Self::Object, lookups: &Lookups) -> Option<String>;
    /// The dataset goes as a whole, and all that is in it, so nothing of it is deleted one by one.
    fn goes_with_its_dataset(object: &Self::Object, lookups: &Lookups) -> bool;
    /// The value of the annotation that allows a large prune.
    fn allowed(object: &Self::Object) -> Option<&str>;
}

/// What a reconcile does next.
enum Then<T> {
    Go(T),
    End(Flow),
}

/// `Go`'s value, or the end of the reconcile.
macro_rules! go {
    ($then:expr) => {
        match $then {
            Then::Go(value) => value,
            Then::End(flow) => return flow,
        }
    };
}

/// The calls that a reconcile has made.
struct Spent {
    calls: u32,
    since: Instant,
}

impl Spent {
    fn is_over(&self) -> bool {
        self.calls >= SLICE || self.since.elapsed() >= TIME
    }
}

/// Takes the steps of one reconcile.
pub async fn steps<K: Batched>(pass: &mut Pass<'_, K>) -> Action {
    if let Some(action) = pass.begin().await {
        return action;
    }
    if let Some(action) = pass.look_at_definition().await {
        return action;
    }
    let uid = pass.facts.uid.clone();
    for _ in 0..3 {
        // Whoever ends this reconcile loses the memory, and so the next one looks at everything anew.
        let mut memory = pass.ctx.states.take_set(&uid, Instant::now());
        let flow = if pass.facts.deleting { pass.remove(&mut memory).await } else { pass.keep(&mut memory).await };
        if pass.ctx.lookups.live.lives_here(Uid::of(&uid)) && !pass.let_go {
            pass.ctx.states.put_set(&uid, memory);
        }
        if let Flow::End(action) = flow {
            return action;
        }
    }
    // Somebody changes the object again and again.
    Action::requeue(Duration::from_millis(500))
}

impl<K: Batched> Pass<'_, K> {
    /// Makes the service show what the object lists.
    async fn keep(&mut self, memory: &mut Memory) -> Flow {
        if self.facts.paused {
            return Flow::End(self.finish(self.paused_report()).await);
        }
        let mut wish = match K::wish(&self.object, &self.ctx.lookups) {
            Ok(wish) => wish,
            Err(blocked) => return Flow::End(self.finish(blocked.into()).await),
        };
        let wanted = match Wanted::new(std::mem::take(&mut wish.items)) {
            Ok(wanted) => wanted,
            Err(twice) => {
                let uris = twice.join(", ");
                let message = format!("the set lists a uri more than once: {uris}; leave each uri in one place only");
                return self.stuck(Reason::InvalidSpec, message).await;
            }
        };
        if wish.edition.as_deref() == Some("BASIC") {
            return self.stuck(Reason::InvalidSpec, basic(&wish.called)).await;
        }
        let mut spent = Spent { calls: 0, since: Instant::now() };
        let place = go!(self.place(&wish, &mut spent).await);
        go!(self.claimed(memory, &place).await);
        memory.go_to(&place);
        let tags = self.tags();
        let (hash, adopt, resync) = (wanted.hash().to_owned(), wish.adopt, self.ctx.limits.resync);
        let interval = match self.facts.poll {
            Some(never) if never.is_zero() => NEVER,
            Some(poll) => poll,
            None => resync,
        };
        loop {
            let now = Instant::now();
            let requested = self.facts.requested.clone();
            if memory.walk_is_due((&hash, adopt), requested.as_deref(), resync, self.spread(), now) {
                go!(self.walk(memory, (&wanted, &tags, adopt), &place, &[], &mut spent).await);
                memory.asked = requested;
                continue;
            }
            memory.settle_refusals(&wanted);
            let Some(shown) = memory.shown.as_ref() else { continue };
            let allowed = Allowed::For(K::allowed(&self.object));
            let rules = Rules { tags: &tags, prune: wish.prune, complete: memory.complete, allowed };
            let mut todo = diff(&wanted, shown, &memory.refusals, rules, now);
            if todo.lacks_ids && todo.acts.is_empty() && todo.guard.is_none() {
                memory.unsure = true;
                // The walk that follows tells the ids.
                if !spent.is_over() {
                    continue;
                }
            }
            if todo.acts.is_empty() && memory.count_is_due(interval, now) {
                go!(self.count(memory, &tags, &place, &mut spent).await);
                continue;
            }
            if todo.acts.is_empty() {
                let again = memory.next_look(interval, resync, Instant::now());
                return self.tell_of_set(memory, &wanted, &todo, &place, again).await;
            }
            go!(self.send_all(memory, &mut todo, &place, &mut spent, &wanted).await);
        }
    }

    /// Sends the changes in batches, until one of them asks for another look.
    async fn send_all(
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
                    memory.unanswered = before;
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
                    memory.lost(now);
                    return Then::End(self.call_failed(&error).await);
                }
                Err(error) => {
                    memory.unanswered = before;
                    return Then::End(self.refused(memory, place, &error).await);
                }
            }
        }
        Then::Go(())
    }

    /// One walk through the files, or those with one of these `tags` of ours.
    async fn walk(
        &mut self,
        memory: &mut Memory,
        (wanted, tags, adopt): (&Wanted, &SetTags, bool),
        place: &Place,
        filter: &[String],
        spent: &mut Spent,
    ) -> Then<()> {
        let hash = wanted.hash();
        let question = format!("{hash} {adopt} {filter:?}");
        if memory.walk.as_ref().is_none_or(|walk| !walk.is_of(&question)) {
            (memory.walk, memory.began) = (Some(Walk::new(&question)), Some(Instant::now()));
        }
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        loop {
            let Some(walk) = memory.walk.as_ref() else { return Then::Go(()) };
            if spent.is_over() {
                return Then::End(self.goes_on(memory, wanted).await);
            }
            let request = Request::list_file_metas(place.files(), filter, walk.token());
            let page = match self.ask(&request, spent).await {
                Then::Go(answer) => answer.and_then(|answer| {
                    answer.file_metas().map_err(|malformed| CallError::malformed(request.operation(), malformed))
                }),
                Then::End(flow) => return Then::End(flow),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    // A token may be refused because it is old.
                    memory.walk = None;
                    return Then::End(self.refused(memory, place, &error).await);
                }
            };
            let (lookups, config, everywhere) = (&self.ctx.lookups, &self.ctx.config, self.ctx.everywhere);
            let mut who = |named: &str| {
                let find = || {
                    let is = |object: &_| SetTags::of(&config.identity, &owner::<K>(object)).is(named);
                    let found = lookups.live.neighbour_of(K::NAME, &is, config.default_deletion);
                    let found = found.map(|set| format!("{} {}/{}", K::NAME, set.namespace, set.name));
                    // Sets of other namespaces may live where this operator does not look.
                    found.or_else(|| (!everywhere).then(|| format!("a {} of another namespace", K::NAME)))
                };
                known.entry(named.to_owned()).or_insert_with(find).clone()
            };
            let Some(walk) = memory.walk.as_mut() else { return Then::Go(()) };
            let Page::End { complete } = walk.take(page, &mut Look { wanted, tags, adopt, who: &mut who }) else {
                continue;
            };
            let shown = memory.walk.take().map(Walk::end).unwrap_or_default();
            let cut = shown.total() == MOST_FILES && complete;
            let complete = if cut {
                match self.has_no_more(place, spent).await {
                    Then::Go(complete) => complete,
                    Then::End(flow) => return Then::End(flow),
                }
            } else {
                complete
            };
            memory.walked(shown, complete, (hash, adopt), Instant::now());
            memory.checked = Some(environment::now());
            return Then::Go(());
        }
    }

    /// Counts the files of the set, and notes whether there are others than are known.
    async fn count(&mut self, memory: &mut Memory, tags: &SetTags, place: &Place, spent: &mut Spent) -> Then<()> {
        let request = Request::file_metas_statistics(place.files(), "tags.user");
        let answer = match self.ask(&request, spent).await {
            Then::Go(answer) => answer.and_then(|answer| {
                answer.statistics().map_err(|malformed| CallError::malformed(request.operation(), malformed))
            }),
            Then::End(flow) => return Then::End(flow),
        };
        let counted = match answer {
            Ok(counted) => counted,
            Err(error) => return Then::End(self.refused(memory, place, &error).await),
        };
        memory.counted(&counted, tags, Instant::now());
        Then::Go(())
    }

    /// Do the statistics count no more files than a walk showed that may have been cut?
    async fn has_no_more(&mut self, place: &Place, spent: &mut Spent) -> Then<bool> {
        let request = Request::file_metas_statistics(place.files(), "filetype");
        match self.ask(&request, spent).await {
            Then::Go(answer) => {
                let total = answer.ok().and_then(|answer| answer.statistics().ok()).map(|counted| counted.total);
                Then::Go(total == Some(MOST_FILES))
            }
            Then::End(flow) => Then::End(flow),
        }
    }

    /// Removes what the set made, and then the finalizer.
    async fn remove(&mut self, memory: &mut Memory) -> Flow {
        if !self.facts.finalizer {
            return Flow::End(Action::await_change());
        }
        if !self.observed.object_is_fresh {
            return self.reread().await;
        }
        let target = self.facts.intent.own().map(|intent| intent.target.clone());
        let released = self.facts.force_release.as_deref() == Some("none") || self.observed.definition_going;
        // Without its intent, what status says is the best that is known.
        let target = target.or_else(|| self.recorded_target());
        let Some((target, place)) = target.and_then(|target| place_of(&target).map(|place| (target, place))) else {
            return self.leave().await;
        };
        if released {
            return self.leave().await;
        }
        if policy::<K>(&self.object, &self.recorded, self.ctx.config.default_deletion) == Deletion::Retain {
            self.left = Some("the file metadata stays as it is".to_owned());
            return self.leave().await;
        }
        if self.facts.paused {
            let message =
                "paused: the file metadata is deleted once the annotation dataset-operator.dev/paused is removed";
            let report = Report::new(Ready::Paused(format!("{message}{}", self.unclear_pause())), Next::Event);
            return Flow::End(self.finish(report).await);
        }
        let dataset = RemoteId::new(&place.dataset);
        if self.account.inventory.is_gone(&dataset) {
            return self.leave().await;
        }
        if K::goes_with_its_dataset(&self.object, &self.ctx.lookups) {
            let message = format!("{dataset} is being deleted, and its file metadata with it");
            return Flow::End(self.finish(Report::working(Reason::Deleting, message, Next::Event)).await);
        }
        if let Some(flow) = self.wrong_account(&target).await {
            return flow;
        }
        memory.go_to(&place);
        let (tags, nothing) = (self.tags(), Wanted::default());
        let rules = Rules { tags: &tags, prune: true, complete: true, allowed: Allowed::Always };
        let mut spent = Spent { calls: 0, since: Instant::now() };
        // The files that are known go first. Then a walk shows whether there are more.
        let mut looked = false;
        loop {
            let now = Instant::now();
            if let Some(shown) = &memory.shown {
                let mut todo = diff(&nothing, shown, &memory.refusals, rules, now);
                if !todo.acts.is_empty() {
                    looked = false;
                    go!(self.send_all(memory, &mut todo, &place, &mut spent, &nothing).await);
                    continue;
                }
                if looked {
                    let (own, complete) = (shown.own().len(), memory.complete);
                    return self.last_look(memory, &todo, own, complete).await;
                }
            }
            go!(self.walk(memory, (&nothing, &tags, false), &place, &tags.all(), &mut spent).await);
            looked = true;
        }
    }

    /// Ends a deletion, if the last walk says that nothing of the set is left and none of its batches can still take effect.
    async fn last_look(&mut self, memory: &mut Memory, todo: &Todo<'_>, own: usize, complete: bool) -> Flow {
        let now = Instant::now();
        let report = if let Some(at) = todo.later {
            let message = format!("{own} files could not be deleted and are tried again: {}", first(memory));
            Report::working(Reason::Deleting, message, Next::After(at.saturating_duration_since(now)))
        } else if own > 0 {
            let message = format!(
                "{own} files of the set cannot be deleted: {}; delete their metadata in the console, or set deletionPolicy: \
                 Retain",
                first(memory)
            );
            memory.refusals.retain(|_, _| false);
            Report { next: Next::Backoff, ..Report::stuck(Reason::DeletionBlocked, message) }
        } else if complete {
            let settle = self.ctx.config.settle;
            let began = memory.began.unwrap_or(now);
            let clear = memory.unanswered.map_or(began, |sent| sent + settle);
            if began >= clear {
                let Came { changed, deleted, .. } = memory.came;
                if changed + deleted > 0 {
                    let note = format!("file metadata: {deleted} deleted, the tag taken from {changed}");
                    self.tell(EventReason::Deleted, &note);
                }
                return self.leave().await;
            }
            let message = "an earlier batch may still take effect; waiting for the grace period (--settle-time)";
            Report::working(Reason::Deleting, message, Next::After(clear.saturating_duration_since(now)))
        } else {
            let message = "the list of the files kept changing while it was read; it is read again";
            Report::working(Reason::Deleting, message, Next::Backoff)
        };
        Flow::End(self.finish(report).await)
    }

    /// The place that status names.
    fn recorded_target(&self) -> Option<Target> {
        let text = |name: &str| Some(self.recorded.info.get(name)?.as_str()?.to_owned());
        Some(Target {
            account: self.account_view.alias.clone(),
            region: self.account_view.region.clone(),
            workspace: K::workspace(&self.object, &self.ctx.lookups)?,
            dataset_id: Some(text("datasetId")?),
            name: Some(text("datasetVersion")?),
        })
    }

    /// Removes the finalizer.
    async fn leave(&mut self) -> Flow {
        self.let_go = true;
        let flow = self.remove_finalizer().await;
        if let Flow::Again = flow {
            self.let_go = false;
        }
        flow
    }

    /// Ends the reconcile after a call that failed for good or for now. The list that shows the dataset decides whether it
    /// is gone: then an object that is being deleted has nothing left to do.
    async fn refused(&mut self, memory: &mut Memory, place: &Place, error: &CallError) -> Flow {
        let explained = !matches!(error.class, ErrorClass::NotFound | ErrorClass::Unexplained | ErrorClass::Refused);
        if explained {
            return self.call_failed(error).await;
        }
        let dataset = RemoteId::new(&place.dataset);
        let exists = self.account.reader.exists(&mut self.permit, &codec::Datasets, &place.workspace, &dataset).await;
        let exists = match exists {
            Ok(true) if self.facts.deleting => {
                let version = dataset.join(&place.version);
                let read = self.account.reader.read(&mut self.permit, &codec::Versions, &place.workspace, &version);
                read.await.map(|version| version.is_some())
            }
            exists => exists,
        };
        match exists {
            Ok(false) if self.facts.deleting => {
                let named = self.facts.intent.own().map(|intent| intent.principal.clone());
                let seen = |named: &str| self.account.inventory.can_see(named);
                if absence_counts(named.as_deref(), &self.account_view.caller, seen) {
                    return self.leave().await;
                }
                let message = format!(
                    "{dataset} is not visible to this identity, which is not the one that worked on it; restore that \
                     identity, grant ListAllDatasets, or annotate force-release: none"
                );
                self.stuck(Reason::AccountMismatch, message).await
            }
            Ok(false) => {
                memory.walk = None;
                let message = format!("{dataset} does not exist, or is hidden from the operator");
                let report = Report::working(Reason::DependencyNotReady, message, Next::Backoff);
                Flow::End(self.finish(report).await)
            }
            Ok(true) => {
                let request = Request::get_dataset(&place.dataset);
                let read = self.account.client.call_in(&mut self.permit, &request).await;
                let edition = read.ok().and_then(|answer| answer.dataset().ok());
                let edition = edition.and_then(|dataset| Some(dataset.fields.get("Edition")?.as_str()?.to_owned()));
                if edition.as_deref() == Some("BASIC") {
                    return self.stuck(Reason::InvalidSpec, basic(&place.dataset)).await;
                }
                self.call_failed(error).await
            }
            Err(unknown) => self.call_failed(&unknown).await,
        }
    }

    /// Where the files are. A set stays in the version in which it began, as long as its dataset is the same.
    async fn place(&mut self, wish: &Wish, spent: &mut Spent) -> Then<Place> {
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
        let answer = match self.ask(&request, spent).await {
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
    async fn claimed(&mut self, memory: &mut Memory, place: &Place) -> Then<()> {
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
        if let Some(ended) = self.turn(crate::cloud::Operation::ListDatasetFileMetas).await {
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

    /// An object that was worked on with another account is not worked on with this one.
    async fn wrong_account(&mut self, stored: &Target) -> Option<Flow> {
        let account = &self.account_view;
        if stored.account == account.alias && stored.region == account.region {
            return None;
        }
        let message = format!(
            "the files are in account {} and region {:?}, and this operator works with account {} and region {:?}",
            stored.account, stored.region, account.alias, account.region
        );
        Some(self.stuck(Reason::AccountMismatch, message).await)
    }

    /// Waits for the permit of the first call; further calls wait inline. `Some` ends the reconcile.
    async fn turn(&mut self, operation: crate::cloud::Operation) -> Option<Flow> {
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
    async fn ask(&mut self, request: &Request, spent: &mut Spent) -> Then<Result<Answer, CallError>> {
        if let Some(ended) = self.turn(request.operation()).await {
            return Then::End(ended);
        }
        spent.calls += 1;
        let answer = self.account.client.call_in(&mut self.permit, request).await;
        self.journal.answered(answer.as_ref().ok().and_then(|answer| answer.request_id.as_deref()));
        Then::Go(answer)
    }

    /// Edits and deletions by users go first, and checks last.
    fn lane(&self) -> Lane {
        let requested = self.facts.requested.is_some() && self.facts.requested != self.recorded.handled;
        let begun = self.recorded.info.contains_key("datasetId");
        match (self.facts.deleting || requested, begun, self.recorded.observed_generation == self.facts.generation) {
            (true, _, _) | (false, true, false) => Lane::UserChange,
            (false, false, _) => Lane::Create,
            (false, true, true) => Lane::Sweep,
        }
    }

    /// May status say that the object waits in line? Not in place of something that matters more.
    fn may_say(&self) -> bool {
        let weaker = [Reason::Available, Reason::Progressing, Reason::DependencyNotReady].map(Reason::as_str);
        let carried_out = self.recorded.was_ready() && self.recorded.observed_generation == self.facts.generation;
        !carried_out && self.recorded.condition("Ready").is_none_or(|ready| weaker.contains(&&*ready.reason))
    }

    fn tags(&self) -> SetTags {
        SetTags::of(&self.ctx.config.identity, &owner::<K>(kube::Resource::meta(&*self.object)))
    }

    /// 0 to 255, by the uid.
    fn spread(&self) -> u8 {
        self.facts.uid.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
    }

    fn unclear_pause(&self) -> String {
        let value = self.facts.unclear_pause.as_deref();
        value.map(|value| format!("; {}", not_a_boolean(value))).unwrap_or_default()
    }

    fn paused_report(&self) -> Report {
        let unclear = self.unclear_pause();
        let carried_out = self.recorded.was_ready() && self.recorded.observed_generation == self.facts.generation;
        let ready = if carried_out {
            Ready::PausedReady(format!("the files were as the set lists them; paused{unclear}"))
        } else {
            Ready::Paused(format!(
                "paused: the spec is not carried out; remove the annotation dataset-operator.dev/paused{unclear}"
            ))
        };
        Report::new(ready, Next::Event)
    }

    async fn stuck(&mut self, reason: Reason, message: String) -> Flow {
        Flow::End(self.finish(Report::stuck(reason, message)).await)
    }

    /// The reconcile has made its calls, and another one goes on.
    async fn goes_on(&mut self, memory: &Memory, wanted: &Wanted) -> Flow {
        let message = if self.facts.deleting {
            "the metadata of its files is being deleted".to_owned()
        } else if memory.walk.is_some() {
            "the files of the version are being listed".to_owned()
        } else {
            format!("the metadata of {} files is being written", wanted.len())
        };
        let reason = if self.facts.deleting { Reason::Deleting } else { Reason::Progressing };
        Flow::End(self.finish(Report::working(reason, message, Next::After(Duration::from_millis(10)))).await)
    }

    /// Ends the reconcile: nothing can be sent now.
    async fn tell_of_set(
        &mut self,
        memory: &mut Memory,
        wanted: &Wanted,
        todo: &Todo<'_>,
        place: &Place,
        again: Duration,
    ) -> Flow {
        let now = Instant::now();
        let is_there = |row: &&Row| {
            let known = memory.shown.as_ref().and_then(|shown| shown.get(row.key));
            known.is_some_and(|known| known.is(row.content))
        };
        let present = wanted.rows().filter(is_there).count();
        let failures = failures(memory, wanted);
        let (desired, failed) = (wanted.len(), failures.len());
        let said = |failure: &(String, String)| format!("{}: {}", failure.0, failure.1);
        let first = failures.first().map(said).unwrap_or_default();
        let (ready, next) = match (&todo.guard, todo.later) {
            (Some(guard), _) => (Ready::Stuck(Reason::PruneBlocked, blocked(*guard, wanted.hash())), again),
            (None, Some(at)) => {
                let message = format!("{failed} of {desired} files were refused and are tried again; {first}");
                (Ready::Working(Reason::Progressing, message), at.saturating_duration_since(now).min(again))
            }
            (None, None) if todo.failed > 0 => {
                let message = format!("{failed} of {desired} files failed; {first}");
                (Ready::Stuck(Reason::PartialFailed, message), again)
            }
            (None, None) if todo.unpruned > 0 => {
                let message = format!(
                    "{} files that the set no longer lists stay, because the service did not show all files; it is asked \
                     again",
                    todo.unpruned
                );
                memory.differs = true;
                (Ready::Working(Reason::CloudUnavailable, message), again)
            }
            (None, None) => {
                (Ready::Available(format!("the metadata of all {desired} files is as the set lists it")), again)
            }
        };
        let named: Vec<Value> =
            failures.iter().take(NAMED).map(|(uri, result)| json!({"uri": uri, "result": result})).collect();
        let mut info = Map::new();
        info.insert("datasetId".to_owned(), json!(place.dataset));
        info.insert("datasetVersion".to_owned(), json!(place.version));
        let summary = format!("{present}/{desired}");
        let counts = json!({"desired": desired, "present": present, "failed": failed, "summary": summary});
        info.insert("files".to_owned(), counts);
        if !named.is_empty() {
            info.insert("failures".to_owned(), Value::Array(named));
        }
        info.insert("contentHash".to_owned(), json!(wanted.hash()));
        let checked = memory.checked.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let beside = checked.map(|time| ("lastFullCheckTime".to_owned(), json!(time))).into_iter().collect();
        self.tell_what_came(std::mem::take(&mut memory.came), wanted.hash());
        let told = Told { info, beside };
        let report = Report { told: Some(Box::new(told)), ..Report::new(ready, Next::After(next)) };
        Flow::End(self.finish(report).await)
    }

    /// Sends an event about what was done. What is done although the same list had been carried out repairs drift.
    fn tell_what_came(&self, came: Came, hash: &str) {
        if came.created + came.changed + came.deleted == 0 {
            return;
        }
        let carried_out = self.recorded.was_ready()
            && self.recorded.observed_generation == self.facts.generation
            && self.recorded.info.get("contentHash").is_some_and(|known| known == hash);
        let note =
            format!("file metadata: {} created, {} changed, {} deleted", came.created, came.changed, came.deleted);
        if carried_out {
            self.ctx.metrics.drifted(K::NAME);
        }
        self.tell(if carried_out { EventReason::DriftCorrected } else { EventReason::Updated }, &note);
    }
}

/// The files that failed, the listed ones first: their Uris, and why.
fn failures(memory: &Memory, wanted: &Wanted) -> Vec<(String, String)> {
    let shown = memory.shown.as_ref();
    let conflict = |key: u64| shown.and_then(|shown| shown.conflict(key)).map(str::to_owned);
    let listed = wanted.rows().filter_map(|row| Some((row.item.uri.clone(), conflict(row.key)?)));
    let refused = memory.refusals.all().map(|(what, result)| (what.to_owned(), way_out(result)));
    listed.chain(refused).collect()
}

/// The service's words about an item, with what a person can do if that is known.
fn way_out(result: &str) -> String {
    if result.to_ascii_lowercase().contains("deleted") {
        return format!(
            "{result}: metadata of this uri was deleted, and the service does not take it again; list the file under \
             another uri, or use another version of the dataset"
        );
    }
    result.to_owned()
}

/// The first refused item, in words.
fn first(memory: &Memory) -> String {
    memory.refusals.all().next().map(|(what, result)| format!("{what}: {result}")).unwrap_or_default()
}

/// The place in an intent.
fn place_of(target: &Target) -> Option<Place> {
    let (dataset, version) = (target.dataset_id.clone()?, target.name.clone()?);
    Some(Place { dataset, version, workspace: target.workspace.clone() })
}

/// Was the batch refused as a whole, maybe because of its size?
fn is_about_the_batch(error: &CallError) -> bool {
    error.class == ErrorClass::Refused || error.status == Some(413) || error.status == Some(414)
}

fn basic(dataset: &str) -> String {
    format!(
        "{dataset} has the edition BASIC, which has no file metadata: set edition: ADVANCED in its Dataset (BASIC can be \
         changed to ADVANCED), or name a dataset of the edition ADVANCED or LOGICAL"
    )
}

fn blocked(Guard { pruned, own }: Guard, hash: &str) -> String {
    format!(
        "{pruned} of the {own} files that this set has are not listed any more; nothing is sent until the list is mended, \
         prune: false is set, or the prune is allowed with the annotation dataset-operator.dev/allow-prune={}",
        words::cut(hash, 64)
    )
}
