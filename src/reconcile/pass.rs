//! One reconcile: ask [`plan`] for a step, do it, put the result into the view, until a step ends the reconcile. All
//! waiting is in this folder, all deciding in `plan`.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use crate::accounts::{Account, Chosen, Place};
use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::cloud::{Lane, Permit};
use crate::environment;
use crate::inventory::ObjectKey;
use crate::metrics::Outcome;
use crate::plan::account::AccountView;
use crate::plan::aftermath::in_hand;
use crate::plan::desired::Desired;
use crate::plan::object::ObjectFacts;
use crate::plan::plan;
use crate::plan::recorded::Recorded;
use crate::plan::report::{Blocked, Next, Report};
use crate::plan::view::{Observed, Relations};
use crate::reconcile::context::Context;
use crate::reconcile::journal::Journal;
use crate::reconcile::kind::{AnyKind, Kind, facts, recorded};
use crate::reconcile::permitted::permitted;
use crate::reconcile::secrets::SecretInHand;
use crate::remote::backoff::backoff;
use crate::remote::fields;

/// A reconcile with more steps than this is a defect, and is reported as one.
const MOST_STEPS: u32 = 40;

/// The state of one reconcile.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Pass<'c, K: AnyKind> {
    pub(super) ctx: &'c Context,
    /// The account of the reconcile, the same from begin to end.
    pub(super) account: &'c Account,
    /// The account as decisions know it.
    pub(super) account_view: Arc<AccountView>,
    /// Why the object cannot be worked on with any account.
    pub(super) blocked: Option<Blocked>,
    /// The other account that it would get now if it were new.
    pub(super) instead: Option<Place>,
    /// The newest copy of the object, and what is read from it: [`Pass::set`] keeps them together.
    pub(super) object: Arc<K::Object>,
    pub(super) facts: ObjectFacts,
    pub(super) recorded: Recorded,
    pub(super) wanted: Option<(Result<Desired, Blocked>, Relations)>,
    pub(super) secret: SecretInHand,
    pub(super) observed: Observed,
    pub(super) claimed: Option<Duration>,
    /// The object is gone: the reconcile goes on for the remote that it could not record.
    pub(super) in_hand: bool,
    pub(super) corrected: bool,
    /// The fields that were made equal to the spec.
    pub(super) changed: Vec<String>,
    /// What to say of the run that is kept when the finalizer is removed.
    pub(super) left: Option<String>,
    /// The finalizer is being removed, or was: nothing is remembered of the object any more.
    pub(super) let_go: bool,
    /// The permit for the first call was granted; `permit` holds it until the call uses it.
    pub(super) admitted: bool,
    pub(super) permit: Permit,
    pub(super) journal: Journal,
}

/// Does a step end the reconcile?
pub(super) enum Flow {
    /// Ask `plan` again.
    Again,
    /// The reconcile is over.
    End(Action),
}

/// Reconciles one object. Never fails and never panics: a failure becomes status, or at least a log line and a delay.
pub async fn reconcile<K: AnyKind>(object: Arc<K::Object>, ctx: Arc<Context>) -> Action {
    let uid = object.uid().unwrap_or_default();
    let facts = ObjectFacts::of(object.meta());
    let running = ctx.metrics.begin(K::NAME, &facts.namespace, &facts.name);
    let Chosen { place, stored, instead, blocked } = ctx.lookups.account::<K>(&object);
    let (account, blocked) = match ctx.accounts.at(&place) {
        Ok(account) => (account, blocked),
        Err(refused) => (ctx.accounts.flags().clone(), Some(refused)),
    };
    let lacks = || {
        // An object that has a remote is told by its calls.
        let begins = !facts.deleting && (!stored || K::remote(&object).is_none());
        let why = account.lacks().filter(|_| begins)?;
        Some(Blocked::waiting(Reason::DependencyNotReady, format!("{} is not ready: {why}", place.words())))
    };
    let blocked = blocked.or_else(lacks);
    if account.inventory.take_news(&uid) {
        // A remote that the last report was about has changed: that is worth a try at once.
        ctx.states.with(&uid, |state| state.cooldown = None);
    }
    if let Some(secret) = K::secret(&object) {
        let known = ctx.lookups.named.get(&secret.object);
        ctx.states.with(&uid, |state| state.meets_secret(known));
    }
    if let Some(left) = ctx.states.with(&uid, |state| cooling(state.cooldown.as_ref(), &facts)) {
        running.end(Outcome::Requeued);
        return Action::requeue(left);
    }
    let share = match ctx.shares.begin(&account.alias, ctx.accounts.is_one()) {
        Ok(share) => share,
        Err(wait) => {
            running.end(Outcome::Requeued);
            return Action::requeue(wait);
        }
    };
    let limit = ctx.limits.pass;
    let guarded = std::panic::AssertUnwindSafe(tokio::time::timeout(
        limit,
        run::<K>(&ctx, (&account, blocked, instead), object.clone()),
    ))
    .catch_unwind();
    let result = guarded.await;
    account.inventory.unreserve(&uid);
    if !matches!(result, Ok(Ok(_)))
        && let Some(id) = recorded::<K>(&object).id
    {
        // A call may have been cut off, so the row of the remote is not believed any more.
        account.inventory.doubt(&id);
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
                error = format!("it did not end within {} s", limit.as_secs()),
                "a pass was cut off"
            );
            (later(&ctx, &facts), Outcome::TimedOut)
        }
        Err(_) => {
            tracing::error!(
                controller = K::NAME,
                namespace = facts.namespace,
                name = facts.name,
                error = "a defect of the operator; the lines before say where",
                "a reconcile panicked"
            );
            let telling =
                internal_error::<K>(&ctx, &account, &object, "a reconcile panicked; this is a defect of the operator");
            let told = std::panic::AssertUnwindSafe(telling).catch_unwind().await;
            (told.unwrap_or_else(|_| later(&ctx, &facts)), Outcome::Panicked)
        }
    };
    drop(share);
    running.end(outcome);
    if ctx.states.end(&uid) { Action::requeue(Duration::ZERO) } else { action }
}

/// How long the object still cools down after a failure; `None` if it does not, or has changed since.
fn cooling(cooldown: Option<&(String, Instant)>, facts: &ObjectFacts) -> Option<Duration> {
    let (of, until) = cooldown?;
    let left = until.saturating_duration_since(Instant::now());
    (*of == fingerprint(facts) && !left.is_zero()).then_some(left)
}

/// The facts of an object whose change makes a failed reconcile worth trying again at once.
pub(super) fn fingerprint(facts: &ObjectFacts) -> String {
    format!(
        "{} {} {} {:?} {:?} {}",
        facts.generation, facts.deleting, facts.paused, facts.force_release, facts.requested, facts.finalizer
    )
}

/// Ends a failed reconcile with the object's own delay.
pub(super) fn later(ctx: &Context, facts: &ObjectFacts) -> Action {
    Action::requeue(cool(ctx, facts, Duration::ZERO..=Duration::MAX))
}

/// Counts a failed reconcile, and returns the delay before the next one, within these bounds.
pub(super) fn cool(ctx: &Context, facts: &ObjectFacts, within: RangeInclusive<Duration>) -> Duration {
    ctx.states.with(&facts.uid, |state| {
        state.failures += 1;
        let delay = backoff(state.failures, random_byte()).clamp(*within.start(), *within.end());
        state.cooldown = Some((fingerprint(facts), Instant::now() + delay));
        delay
    })
}

async fn internal_error<K: AnyKind>(
    ctx: &Arc<Context>,
    account: &Account,
    object: &Arc<K::Object>,
    message: &str,
) -> Action {
    let mut pass = Pass::<K>::new(ctx, (account, account.last_view()), object.clone());
    let report = Report::working(Reason::InternalError, message, Next::Backoff);
    pass.finish(report).await
}

/// Runs one reconcile, and returns also whether it failed.
async fn run<K: AnyKind>(
    ctx: &Arc<Context>,
    (account, blocked, instead): (&Account, Option<Blocked>, Option<Place>),
    object: Arc<K::Object>,
) -> (Action, bool) {
    let mut pass = Pass::<K>::new(ctx, (account, account.view().await), object);
    (pass.blocked, pass.instead) = (blocked, instead);
    let before = pass.failures();
    let action = K::steps(&mut pass).await;
    if !pass.corrected && !pass.changed.is_empty() {
        pass.tell(EventReason::Updated, &format!("changed to what the spec says: {}", pass.changed.join(", ")));
    }
    let failed = pass.journal.failed() || pass.failures() > before;
    pass.log_end(failed);
    (action, failed)
}

/// Takes the steps that [`plan`] decides.
pub(super) async fn steps<K: Kind>(pass: &mut Pass<'_, K>) -> Action {
    pass.journal.carrier = K::PROFILE.codec.carrier();
    if let Some(action) = pass.begin().await {
        return action;
    }
    if let Some(action) = pass.look_at_secret().await {
        return action;
    }
    for _ in 0..MOST_STEPS {
        if !pass.in_hand {
            if let Some(action) = pass.look_at_definition().await {
                return action;
            }
            if let Some(action) = pass.leave_behind().await {
                return action;
            }
        }
        let view = pass.view();
        let step = if pass.in_hand { in_hand(&view, plan(&view)) } else { plan(&view) };
        let name = step.name();
        tracing::debug!(
            controller = K::NAME,
            namespace = view.object.namespace,
            name = view.object.name,
            reconcileID = pass.journal.id,
            step = name,
            "step"
        );
        if !pass.in_hand {
            pass.journal.step(&step);
        }
        environment::failpoint("before", name, K::NAME).await;
        let flow = pass.take(&view, step).await;
        environment::failpoint("after", name, K::NAME).await;
        if let Flow::End(action) = flow {
            return if pass.in_hand { pass.leave_in_hand() } else { action };
        }
    }
    if pass.in_hand {
        return pass.leave_in_hand();
    }
    let report = Report::working(Reason::InternalError, "a reconcile did not end", Next::Backoff);
    pass.finish(report).await
}

impl<K: Kind> Pass<'_, K> {
    /// What this copy of the object wants, and what its neighbours meant for it when this was first asked.
    pub(super) fn wanted(&mut self) -> &(Result<Desired, Blocked>, Relations) {
        let (ctx, object, recorded, account) = (self.ctx, &self.object, &self.recorded, &self.account_view);
        let (deleting, secret) = (self.facts.deleting, &self.secret.version);
        let (blocked, whose) = (&self.blocked, (self.account, &*ctx.lookups));
        self.wanted.get_or_insert_with(|| {
            let desired = match blocked {
                Some(blocked) => Err(blocked.clone()),
                None => K::desire(object, recorded, &ctx.lookups).map(|desired| desired.placed(account)),
            };
            let desired = match desired {
                Ok(desired) if recorded.id.is_none() && !deleting => permitted::<K>(object, whose, desired),
                desired => desired,
            };
            let desired = desired.and_then(|desired| match secret {
                _ if K::secret(object).is_none() => Ok(desired),
                Some(version) => version.clone().map(|version| desired.with_secret(version)),
                // The spec changed during this reconcile, and names another Secret now.
                None => Err(Blocked::waiting(Reason::Progressing, "the Secret of the new spec is being read")),
            });
            let relations = if deleting { K::relations(object, recorded, &ctx.lookups) } else { Relations::default() };
            (desired, relations)
        })
    }
}

impl<'c, K: AnyKind> Pass<'c, K> {
    fn new(ctx: &'c Context, (account, account_view): (&'c Account, Arc<AccountView>), object: Arc<K::Object>) -> Self {
        Self {
            ctx,
            account,
            account_view,
            blocked: None,
            instead: None,
            facts: facts::<K>(&object, ctx.limits.resync),
            recorded: recorded::<K>(&object),
            object,
            wanted: None,
            secret: SecretInHand::default(),
            observed: Observed::default(),
            claimed: None,
            in_hand: false,
            corrected: false,
            changed: Vec::new(),
            left: None,
            let_go: false,
            admitted: false,
            permit: Permit::wait(Lane::UserChange),
            journal: Journal::new(random_hex()),
        }
    }

    /// Makes sure that the copy of the object is not older than our own writes, and warns of what is wrong beside the spec.
    /// `Some` ends the reconcile.
    pub(super) async fn begin(&mut self) -> Option<Action> {
        let stale = self.ctx.states.with(&self.facts.uid, |state| state.echo.is_stale(&self.facts.resource_version));
        if stale && let Flow::End(action) = self.reread().await {
            return Some(action);
        }
        self.warn_of_annotations();
        self.warn_waiters();
        None
    }

    /// Goes on with this copy of the object.
    pub(super) fn set(&mut self, object: K::Object) {
        if K::secret(&object) != K::secret(&self.object) {
            self.secret = SecretInHand::default();
        }
        self.facts = facts::<K>(&object, self.ctx.limits.resync);
        self.recorded = recorded::<K>(&object);
        self.wanted = None;
        self.object = Arc::new(object);
    }

    pub(super) fn api(&self) -> Api<K::Object> {
        Api::namespaced(self.ctx.kube.clone(), &self.facts.namespace)
    }

    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey::new(K::NAME, &self.facts.namespace, &self.facts.name, &self.facts.uid)
    }

    fn failures(&self) -> u32 {
        self.ctx.states.with(&self.facts.uid, |state| state.failures)
    }
}

fn random_byte() -> u8 {
    environment::random().map_or(0, |[byte]| byte)
}

/// Sixteen random hex digits; all zero if the system gives no random bytes, which does not happen.
pub(super) fn random_hex() -> String {
    fields::hex(&environment::random::<8>().unwrap_or_default(), 16)
}
