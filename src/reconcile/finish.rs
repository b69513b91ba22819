//! The end of a reconcile: status, events, and when to look again. Short troubles are not reported.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::api::condition::Reason;
use crate::api::{EventReason, News};
use crate::cloud::CallError;
use crate::environment;
use crate::plan::error_report::last_words;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Recorded;
use crate::plan::report::{Next, Ready, Report, STALLED_RETRY};
use crate::plan::run::RunReport;
use crate::reconcile::conditions;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::{Flow, Pass, cool};
use crate::reconcile::write_errors::KubeError;
use crate::remote::uid::Uid;

/// A wait shorter than this is not worth a status write.
const PATIENCE: Duration = Duration::from_secs(5);
/// A settled object stays Ready through failures shorter than this.
const GRACE: Duration = Duration::from_secs(300);
/// An object that waits for an event is looked at again after this time all the same.
const FALLBACK: Duration = Duration::from_secs(300);

impl<K: AnyKind> Pass<'_, K> {
    /// Ends the reconcile: writes status if it is worth it, and says when to look again.
    pub(super) async fn finish(&mut self, mut report: Report) -> Action {
        if !matches!(report.ready, Ready::Available(_)) {
            // This reconcile found drift and could not correct it.
            report.drifted.clone_from(&self.observed.drifted);
        }
        self.journal.report(&report);
        self.watch(&report);
        self.follow(&report);
        let (facts, before) = (self.facts.clone(), self.recorded.clone());
        match self.show(&report).await {
            Ok(Some(again)) => self.look(&facts, again),
            Ok(None) => {
                self.announce(&before, &report);
                self.next(&facts, &report)
            }
            Err(error) => self.status_failed(&error, &report),
        }
    }

    /// Makes status say a report. Returns when to look again, if it is not worth a write yet.
    pub(super) async fn show(&mut self, report: &Report) -> Result<Option<Again>, KubeError> {
        let (facts, before) = (self.facts.clone(), self.recorded.clone());
        let after = self.after(&before, report, &facts);
        // What a run is doing is told at once.
        let news = report.run.is_some() && after.info != before.info;
        if let Some(again) = self.not_yet(&facts, &before, report).filter(|_| !news) {
            return Ok(Some(again));
        }
        if let Some(patch) = conditions::patch(K::shape(), &facts.uid, &before, &after) {
            self.write_status(patch).await?;
        }
        Ok(None)
    }

    /// Ends the reconcile with the report of a failed call.
    pub(super) async fn call_failed(&mut self, error: &CallError) -> Flow {
        Flow::End(self.finish(last_words(error, environment::now())).await)
    }

    /// Makes a change of the remotes that the report is about wake the object.
    fn watch(&mut self, report: &Report) {
        let desired = if report.about.is_empty() { None } else { K::desired(self) };
        let workspace = desired.map(|desired| desired.target.workspace.clone()).unwrap_or_default();
        // An object that went during its reconcile waits for nothing.
        let about =
            if self.ctx.lookups.live.lives_here(Uid::of(&self.facts.uid)) { report.about.as_slice() } else { &[] };
        self.account.inventory.watch(&self.key(), &workspace, about);
    }

    /// Makes a change of the state of a run wake the object, as long as it goes on.
    fn follow(&self, report: &Report) {
        if !K::shape().runs {
            return;
        }
        match &report.run {
            // An object that went during its reconcile waits for nothing.
            Some((id, RunReport::GoesOn | RunReport::Stops(_)))
                if self.ctx.lookups.live.lives_here(Uid::of(&self.facts.uid)) =>
            {
                self.account.inventory.follow(id, &self.key());
            }
            Some(_) | None => self.account.inventory.unfollow(&self.facts.uid),
        }
    }

    /// The status that follows `before` with this report.
    pub(super) fn after(&mut self, before: &Recorded, report: &Report, facts: &ObjectFacts) -> Recorded {
        let id = before.id.as_ref();
        let remote = id.and_then(|id| match self.observed.remotes.get(id) {
            Some(sight) => sight.remote().cloned(),
            None => self.account.inventory.get(id),
        });
        let ready = matches!(report.ready, Ready::Available(_));
        // An object that went during its reconcile records nothing any more: what has its name now must not meet it.
        let lives = || self.ctx.lookups.live.lives_here(Uid::of(&self.facts.uid));
        if let (Some(id), true) = (id, ready && lives()) {
            let workspace = before.fixed.get("WorkspaceId").and_then(serde_json::Value::as_str);
            self.account.inventory.found(id, &self.key(), workspace);
        }
        let desired = if ready { K::desired(self) } else { None };
        let label_keys = desired.map(|desired| desired.label_keys.as_slice());
        let now = environment::now();
        let after = conditions::after_report(K::shape(), facts, before, report, remote.as_deref(), label_keys, now);
        let kept = self.instead.as_ref().map(|other| {
            let (own, other) = (self.account.place().words(), other.words());
            format!("the object belongs to {own} and stays there; a new object without providerConfigRef would belong to {other}")
        });
        self.belonging(conditions::with_account_kept(before, after, kept.as_deref(), now))
    }

    /// When to look again, if the report is not worth a write yet.
    pub(super) fn not_yet(&self, facts: &ObjectFacts, before: &Recorded, report: &Report) -> Option<Again> {
        let now = Instant::now();
        let (patience, waited) = match patience(facts, before, report) {
            Patience::None => return None,
            Patience::Short(news) => (PATIENCE, self.ctx.states.with(&facts.uid, |state| state.waiting(now, news))),
            Patience::Grace => (GRACE, self.ctx.states.with(&facts.uid, |state| state.failing(now))),
        };
        held_back(report, patience, waited)
    }

    pub(super) fn next(&self, facts: &ObjectFacts, report: &Report) -> Action {
        let goes_on = matches!(report.run, Some((_, RunReport::GoesOn))) && report.error.is_none();
        if goes_on || matches!(report.ready, Ready::Available(_) | Ready::PausedReady(_)) {
            self.ctx.states.with(&facts.uid, crate::reconcile::object_state::ObjectState::calm);
        }
        self.look(facts, told(report))
    }

    fn look(&self, facts: &ObjectFacts, again: Again) -> Action {
        match again {
            Again::OnChange => Action::await_change(),
            Again::After(wait) => Action::requeue(wait),
            Again::Backoff { least, most } => Action::requeue(cool(self.ctx, facts, least..=most)),
        }
    }

    /// Sends events on transitions: a new reason of `Ready`, and new findings. A return to Ready has none.
    pub(super) fn announce(&self, before: &Recorded, report: &Report) {
        for (reason, message) in found(before, report) {
            self.tell(reason, message);
        }
        if self.corrected && matches!(report.ready, Ready::Available(_)) {
            let note = format!("set back to what the spec says: {}", self.changed.join(", "));
            self.tell(EventReason::DriftCorrected, &note);
        }
        if let Some((reason, message)) = turned(before, report) {
            self.tell(reason, message);
            if reason.stalled() {
                self.warn_owners(report);
            }
        }
    }

    /// Sends an event about the object.
    pub(super) fn tell(&self, news: impl Into<News>, note: &str) {
        self.ctx.recorder.tell(self.object.object_ref(&()), news, note);
    }
}

/// When to look at an object again, if nothing happens first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Only when something changes.
    OnChange,
    /// After this long.
    After(Duration),
    /// After the object's own delay, within these bounds.
    Backoff {
        /// Not before.
        least: Duration,
        /// Not later.
        most: Duration,
    },
}

/// How long a report may be held back that status does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience<'a> {
    /// Status shows it at once.
    None,
    /// For a moment, because the wait may end. Holds the message if status shows another one with the same reason.
    Short(Option<&'a str>),
    /// As long as a settled object keeps its status through a trouble.
    Grace,
}

fn patience<'a>(facts: &ObjectFacts, before: &Recorded, report: &'a Report) -> Patience<'a> {
    let Ready::Working(reason, message) = &report.ready else { return Patience::None };
    let same = before
        .condition("Ready")
        .filter(|ready| ready.reason == reason.as_str() && before.observed_generation == facts.generation);
    let news = same.map(|ready| conditions::is_news(*reason, &ready.message, message));
    if news == Some(false) {
        return Patience::None;
    }
    // A list that is under way is harmless too.
    let harmless = report.error.is_some()
        || *reason == Reason::WriteRefused
        || (*reason == Reason::Progressing && report.next == Next::Event);
    // Status stays true through a short trouble, but an object that is being deleted must not stay Ready.
    let told = before.was_ready() || before.condition("Stalled").is_some();
    let settled = told && before.observed_generation == facts.generation && harmless && !facts.deleting;
    if facts.deleting && before.was_ready() {
        return Patience::None;
    }
    if settled { Patience::Grace } else { Patience::Short(news.and(Some(message))) }
}

/// When to look again at a report that was held back for `waited`: no later than it is due; `None` if that is now.
fn held_back(report: &Report, patience: Duration, waited: Duration) -> Option<Again> {
    let Ready::Working(reason, _) = &report.ready else { return None };
    // A longer wait that the service asks for is reported at once, and so is a place far back in line.
    let long = *reason == Reason::Queued
        || (*reason == Reason::Throttled && matches!(report.next, Next::After(wait) if wait >= patience));
    if waited >= patience || long {
        return None;
    }
    let left = patience.saturating_sub(waited);
    Some(match report.next {
        Next::Event => Again::After(left),
        Next::After(wait) => Again::After(wait.min(left)),
        Next::Backoff => Again::Backoff { least: Duration::ZERO, most: left.max(Duration::from_secs(1)) },
    })
}

/// When to look again after a report that is not held back.
fn told(report: &Report) -> Again {
    match (&report.ready, report.next) {
        (Ready::Available(_), Next::Event) => Again::OnChange,
        (_, Next::Event) if matches!(report.run, Some((_, RunReport::Failed))) => Again::OnChange,
        (Ready::Stuck(reason, _), Next::Backoff) => {
            // A person often mends these outside Kubernetes, where no event comes from.
            let outside = matches!(reason, Reason::CredentialsInvalid | Reason::AccessDenied | Reason::DeletionBlocked);
            let least = if outside { Duration::ZERO } else { STALLED_RETRY };
            Again::Backoff { least, most: Duration::MAX }
        }
        (_, Next::Event) => Again::After(FALLBACK),
        (_, Next::After(wait)) => Again::After(wait),
        (_, Next::Backoff) => Again::Backoff { least: Duration::ZERO, most: Duration::MAX },
    }
}

/// The findings about the remote that status does not show yet.
fn found<'a>(before: &Recorded, report: &'a Report) -> Vec<(EventReason, &'a str)> {
    let mut news = Vec::new();
    if let Some(duplicates) = &report.duplicates
        && before.condition("DuplicatesFound").is_none()
    {
        news.push((EventReason::DuplicatesFound, duplicates.as_str()));
    }
    if let (Some((_, RunReport::Complete)), Ready::Available(message)) = (&report.run, &report.ready)
        && before.condition("Complete").is_none()
    {
        news.push((EventReason::Completed, message));
    }
    let known = |drifted: &Condition| drifted.reason == conditions::SERVICE_NORMALISES;
    if let Some(message) = &report.normalised
        && !before.condition("Drifted").is_some_and(known)
    {
        news.push((EventReason::ServiceNormalises, message));
    }
    news
}

/// The new reason of `Ready` and its message, if they are worth an event.
fn turned<'a>(before: &Recorded, report: &'a Report) -> Option<(Reason, &'a str)> {
    let (reason, message) = match &report.ready {
        Ready::Stuck(reason, message) | Ready::Working(reason, message) => (*reason, message),
        Ready::Paused(message) => (Reason::Paused, message),
        Ready::PausedReady(message) => {
            return before.condition("Paused").is_none().then_some((Reason::Paused, message));
        }
        Ready::Available(_) => return None,
    };
    let was = before.condition("Ready").is_some_and(|ready| ready.reason == reason.as_str());
    (reason.is_told() && !was).then_some((reason, message))
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
