//! One pass: ask [`plan`] for a step, do it, feed back what it taught, until the pass ends. All waiting is here and
//! in [`effects`](super::effects); all deciding is in `plan`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use super::context::Context;
use super::desired::Desired;
use super::facts::Facts;
use super::fields;
use super::journal::Journal;
use super::kind::{Kind, recorded};
use super::mark::{Owner, marked_uid};
use super::memory::backoff;
use super::plan::plan;
use super::recorded::{Recorded, RemoteId};
use super::report::{Hold, Next, Report};
use super::view::{Relations, Seen, Sight, View};
use crate::ambient;
use crate::api::condition::Reason;
use crate::cloud::{Lane, Turn};
use crate::index::ObjectKey;
use crate::metrics::Outcome;

/// No sane pass has more steps; one that does is a defect and is reported as one.
const MOST_STEPS: u32 = 40;

/// The state of one pass.
pub(super) struct Pass<'c, K: Kind> {
    pub(super) ctx: &'c Context<K>,
    /// The newest copy of the object, and what is read from it: [`Pass::set`] keeps them together.
    pub(super) object: Arc<K::Object>,
    pub(super) facts: Facts,
    pub(super) recorded: Recorded,
    pub(super) wanted: Option<(Result<Desired, Hold>, Relations)>,
    pub(super) seen: Seen,
    pub(super) claimed: Option<Duration>,
    pub(super) corrected: bool,
    /// The permit for the first call was granted, and whether it is still there.
    pub(super) admitted: bool,
    pub(super) turn: Turn,
    pub(super) journal: Journal,
}

/// Does a step end the pass?
pub(super) enum Flow {
    /// Ask again.
    Again,
    /// It is over.
    End(Action),
}

/// Reconciles one object. Never fails and never panics outward: what goes wrong becomes the object's status, or at
/// least a log line and a delay.
pub async fn reconcile<K: Kind>(object: Arc<K::Object>, ctx: Arc<Context<K>>) -> Action {
    let uid = object.uid().unwrap_or_default();
    let facts = Facts::of(&*object);
    let running = ctx.metrics.begin(K::NAME, &facts.namespace, &facts.name);
    if let Some(left) = ctx.memories.with(&uid, |memory| cooling(memory.cooldown.as_ref(), &facts)) {
        running.end(Outcome::Requeued);
        return Action::requeue(left);
    }
    let limit = ctx.limits.pass;
    let guarded = std::panic::AssertUnwindSafe(tokio::time::timeout(limit, run(&ctx, object.clone()))).catch_unwind();
    let result = guarded.await;
    ctx.index.unreserve(&uid);
    if !matches!(result, Ok(Ok(_)))
        && let Some(id) = recorded::<K>(&object).id
    {
        // A call may have been cut off.
        ctx.index.doubt(&id);
    }
    let (action, outcome) = match result {
        Ok(Ok((action, true))) => (action, Outcome::Failed),
        Ok(Ok((action, false))) if action == Action::await_change() => (action, Outcome::Done),
        Ok(Ok((action, false))) => (action, Outcome::Requeued),
        Ok(Err(_)) => {
            tracing::error!(
                controller = K::NAME,
                namespace = facts.namespace,
                name = facts.name,
                "a pass took too long"
            );
            (later(&ctx, &facts), Outcome::TimedOut)
        }
        Err(_) => {
            tracing::error!(controller = K::NAME, namespace = facts.namespace, name = facts.name, "a pass panicked");
            let telling = internal_error(&ctx, &object, "a pass panicked; this is a defect of the operator");
            let told = std::panic::AssertUnwindSafe(telling).catch_unwind().await;
            (told.unwrap_or_else(|_| later(&ctx, &facts)), Outcome::Panicked)
        }
    };
    running.end(outcome);
    if ctx.memories.end(&uid) { Action::requeue(Duration::ZERO) } else { action }
}

/// Still cooling down after a failure, and nothing about the object changed since.
fn cooling(cooldown: Option<&(String, Instant)>, facts: &Facts) -> Option<Duration> {
    let (of, until) = cooldown?;
    let left = until.saturating_duration_since(Instant::now());
    (*of == fingerprint(facts) && !left.is_zero()).then_some(left)
}

/// What of an object makes a failed pass worth trying again at once.
pub(super) fn fingerprint(facts: &Facts) -> String {
    format!(
        "{} {} {} {:?} {:?} {}",
        facts.generation, facts.deleting, facts.paused, facts.force_release, facts.requested, facts.finalizer
    )
}

/// The delay after one more failed pass.
pub(super) fn later<K: Kind>(ctx: &Context<K>, facts: &Facts) -> Action {
    Action::requeue(cool(ctx, facts, Duration::ZERO..=Duration::MAX))
}

/// One more pass failed: the delay before the next one, within these bounds. Nothing is tried earlier.
pub(super) fn cool<K: Kind>(ctx: &Context<K>, facts: &Facts, within: RangeInclusive<Duration>) -> Duration {
    ctx.memories.with(&facts.uid, |memory| {
        memory.failures += 1;
        let delay = backoff(memory.failures, random_byte()).clamp(*within.start(), *within.end());
        memory.cooldown = Some((fingerprint(facts), Instant::now() + delay));
        delay
    })
}

async fn internal_error<K: Kind>(ctx: &Arc<Context<K>>, object: &Arc<K::Object>, message: &str) -> Action {
    let mut pass = Pass::new(ctx, object.clone());
    let report = Report::working(Reason::InternalError, message, Next::Backoff);
    pass.finish(report).await
}

/// One pass, and whether it failed.
async fn run<K: Kind>(ctx: &Arc<Context<K>>, object: Arc<K::Object>) -> (Action, bool) {
    let mut pass = Pass::new(ctx, object);
    let before = pass.failures();
    let action = steps(&mut pass).await;
    let failed = pass.journal.failed() || pass.failures() > before;
    pass.log_end(failed);
    (action, failed)
}

async fn steps<K: Kind>(pass: &mut Pass<'_, K>) -> Action {
    let stale = pass.ctx.memories.with(&pass.facts.uid, |memory| memory.is_stale(&pass.facts.resource_version));
    if stale && let Flow::End(action) = pass.reread().await {
        return action;
    }
    pass.warn_of_unknown_annotations();
    for _ in 0..MOST_STEPS {
        let view = pass.view();
        let step = plan(&view);
        let name = step.name();
        tracing::debug!(
            controller = K::NAME,
            namespace = view.object.namespace,
            name = view.object.name,
            reconcileID = pass.journal.id,
            step = name,
            "step"
        );
        pass.journal.step(&step);
        ambient::seam("before", name, K::NAME).await;
        let flow = pass.take(&view, step).await;
        ambient::seam("after", name, K::NAME).await;
        if let Flow::End(action) = flow {
            return action;
        }
    }
    let report = Report::working(Reason::InternalError, "a pass did not come to an end", Next::Backoff);
    pass.finish(report).await
}

impl<'c, K: Kind> Pass<'c, K> {
    fn new(ctx: &'c Context<K>, object: Arc<K::Object>) -> Self {
        Self {
            ctx,
            facts: Facts::of(&*object),
            recorded: recorded::<K>(&object),
            object,
            wanted: None,
            seen: Seen::default(),
            claimed: None,
            corrected: false,
            admitted: false,
            turn: Turn::wait(Lane::UserChange),
            journal: Journal::new(random_hex()),
        }
    }

    /// Goes on with this copy of the object.
    pub(super) fn set(&mut self, object: K::Object) {
        self.facts = Facts::of(&object);
        self.recorded = recorded::<K>(&object);
        self.wanted = None;
        self.object = Arc::new(object);
    }

    /// What this copy of the object wants, and what its neighbours meant for it when that was first asked.
    pub(super) fn wanted(&mut self) -> &(Result<Desired, Hold>, Relations) {
        let (ctx, object, recorded) = (self.ctx, &self.object, &self.recorded);
        let deleting = self.facts.deleting;
        self.wanted.get_or_insert_with(|| {
            let desired = K::desire(object, recorded, &ctx.around);
            let relations = if deleting { K::relations(object, recorded, &ctx.around) } else { Relations::default() };
            (desired, relations)
        })
    }

    pub(super) fn api(&self) -> Api<K::Object> {
        Api::namespaced(self.ctx.kube.clone(), &self.facts.namespace)
    }

    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey::new(K::NAME, &self.facts.namespace, &self.facts.name, &self.facts.uid)
    }

    fn failures(&self) -> u32 {
        self.ctx.memories.with(&self.facts.uid, |memory| memory.failures)
    }

    /// Everything known right now, as values.
    pub(super) fn view(&mut self) -> View {
        let ctx = self.ctx;
        let (desired, relations) = self.wanted().clone();
        let (object, recorded) = (self.facts.clone(), self.recorded.clone());
        // A new one for each decision: a pass may claim twice, and those are two attempts.
        let fresh = random_hex();
        let process = ctx.memories.with(&object.uid, |memory| memory.process(&object, Instant::now(), &fresh));
        let mut view = View {
            owner: Owner {
                kind: format!("{}.{}", K::NAME, crate::api::names::GROUP),
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            },
            fixed_names: K::FIXED,
            deletion: K::deletion(&self.object),
            seen: self.seen.clone(),
            world: ctx.world.clone(),
            object,
            recorded,
            desired,
            relations,
            process,
        };
        self.look_at_index(&mut view);
        view
    }

    /// Fills in what the index knows and this pass did not read itself.
    fn look_at_index(&self, view: &mut View) {
        let index = &self.ctx.index;
        let target = view.target();
        let dataset = target.as_ref().and_then(|target| target.dataset_id.clone());
        view.seen.swept = target.as_ref().is_some_and(|target| {
            index.is_swept(&target.workspace) && dataset.as_ref().is_none_or(|dataset| index.versions_known(dataset))
        });
        view.seen.delete_refused = view.recorded.id.as_ref().is_some_and(|id| index.is_refused(&id.dataset));
        let mut ids: BTreeSet<RemoteId> = view.recorded.id.iter().cloned().collect();
        ids.extend(view.recorded.id.iter().map(|id| RemoteId::dataset(id.dataset.clone())));
        ids.extend(dataset.clone().map(RemoteId::dataset));
        if K::VERSIONED {
            view.seen.swept |= ids.iter().any(|id| index.is_gone(id));
        }
        if !view.seen.owned_is_fresh && target.is_some() {
            view.seen.owned = index.owned(&view.world.identity.owner_values(&view.owner), dataset.as_deref());
        }
        ids.extend(view.seen.owned.iter().map(|remote| remote.id.clone()));
        for id in ids {
            self.look_up(view, id);
        }
        if let Some(id) = view.recorded.id.as_ref().filter(|_| !K::VERSIONED) {
            let first = RemoteId::version(id.dataset.clone(), "v1");
            let latest = view.sight(id).and_then(Sight::remote).and_then(|remote| remote.latest.as_deref());
            match latest.filter(|latest| latest.id == first).cloned() {
                // The row of the dataset was opened for it already.
                Some(latest) => drop(view.seen.sights.entry(first).or_insert_with(|| Sight::Indexed(Arc::new(latest)))),
                None => self.look_up(view, first),
            }
        }
        self.who_is_who(view);
    }

    /// What the index knows of one remote, unless this pass knows better.
    fn look_up(&self, view: &mut View, id: RemoteId) {
        let index = &self.ctx.index;
        if view.seen.sights.contains_key(&id) {
            return;
        }
        let sight = if index.is_gone(&id) { Some(Sight::Gone) } else { index.get(&id).map(Sight::Indexed) };
        if let Some(sight) = sight {
            view.seen.sights.insert(id, sight);
        }
    }

    /// Which marks name objects that live here, and whether absences count.
    fn who_is_who(&self, view: &mut View) {
        let index = &self.ctx.index;
        let stored = view.object.intent.own().map(|intent| intent.principal.clone());
        let named = stored.or_else(|| view.recorded.principal.clone());
        view.seen.absence_counts = named.is_none_or(|named| named == view.world.principal || index.can_see(&named));
        let sights = view.seen.sights.values().filter_map(Sight::remote);
        let remotes: Vec<_> = sights.chain(&view.seen.owned).chain(view.seen.named.iter().flatten()).cloned().collect();
        for remote in remotes {
            if let Some(uid) = marked_uid(&remote.labels).filter(|uid| *uid != view.object.uid)
                && (self.ctx.lives_here)(uid)
            {
                view.seen.live_here.insert(uid.to_owned());
            }
            if index.recorded_elsewhere(&remote.id, &view.object.uid) {
                view.seen.recorded_elsewhere.insert(remote.id.clone());
            }
            let private = remote.fields.get("Accessibility").is_some_and(|value| value == "PRIVATE");
            if let (true, true, Some(principal)) =
                (private, view.recorded.id.as_ref() == Some(&remote.id), &view.recorded.principal)
            {
                index.sees(principal);
            }
        }
    }
}

fn random_byte() -> u8 {
    ambient::random().map_or(0, |[byte]| byte)
}

/// Without random numbers it is a constant, which only costs a collision check.
fn random_hex() -> String {
    fields::hex(&ambient::random::<8>().unwrap_or_default(), 16)
}
