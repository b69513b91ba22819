//! Removes the files of an object that is being deleted, and then its finalizer.

use std::sync::Arc;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use super::report::first;
use super::{Batched, go};
use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::batch::diff::Allowed;
use crate::batch::memory::{Listed, Memory, Place};
use crate::batch::run::Came;
use crate::batch::{Rules, Todo, diff};
use crate::plan::desired::Deletion;
use crate::plan::intent::Target;
use crate::plan::report::{Next, Ready, Report};
use crate::reconcile::kind::policy;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::id::RemoteId;

impl<K: Batched> Pass<'_, K> {
    /// Removes what the set made, and then the finalizer.
    pub(super) async fn remove(&mut self, memory: &mut Memory) -> Flow {
        if !self.facts.finalizer {
            return Flow::End(Action::await_change());
        }
        if !self.observed.object_is_fresh {
            return self.reread().await;
        }
        let target = self.facts.intent.own().map(|intent| intent.target.clone());
        let uncalled = self.observed.definition_going || self.observed.abandoned;
        let released = self.facts.force_release.as_deref() == Some("none") || uncalled;
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
            let report = Report::new(Ready::Paused(format!("{message}{}", self.facts.pause_note())), Next::Event);
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
        let (tags, nothing) = (self.tags(), Arc::new(Listed::default()));
        let rules = Rules { tags: &tags, prune: true, complete: true, allowed: Allowed::Always };
        let mut slice = self.slice();
        // The files that are known go first. Then a walk shows whether there are more.
        let mut looked = false;
        loop {
            let now = Instant::now();
            if let Some(shown) = &memory.shown {
                let mut todo = diff(&nothing.wanted, shown, &memory.refusals, rules, now);
                if !todo.acts.is_empty() {
                    // Files that are shown so soon after their deletion are most likely gone.
                    if looked && let Some(wait) = memory.is_old(self.ctx.config.list_lag, now) {
                        memory.shown = None;
                        let message =
                            "the metadata of its files is deleted; the lists of the service do not show it yet";
                        let report = Report::working(Reason::Deleting, message, Next::After(wait));
                        return Flow::End(self.finish(report).await);
                    }
                    looked = false;
                    go!(self.send_all(memory, &mut todo, &place, &mut slice, &nothing).await);
                    continue;
                }
                if looked {
                    let (own, complete) = (shown.own().len(), memory.complete);
                    return self.last_look(memory, &todo, own, complete).await;
                }
            }
            go!(self.walk(memory, (&nothing, &tags, false), &place, &tags.all(), &mut slice).await);
            looked = true;
        }
    }

    /// Ends a deletion, if the last walk says that nothing of the set is left and none of its batches can still take effect.
    pub(super) async fn last_look(&mut self, memory: &mut Memory, todo: &Todo<'_>, own: usize, complete: bool) -> Flow {
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
    pub(super) fn recorded_target(&self) -> Option<Target> {
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
    pub(super) async fn leave(&mut self) -> Flow {
        self.let_go = true;
        let flow = self.remove_finalizer().await;
        if let Flow::Again = flow {
            self.let_go = false;
        }
        flow
    }
}

/// The place in an intent.
pub(super) fn place_of(target: &Target) -> Option<Place> {
    let (dataset, version) = (target.dataset_id.clone()?, target.name.clone()?);
    Some(Place { dataset, version, workspace: target.workspace.clone() })
}
