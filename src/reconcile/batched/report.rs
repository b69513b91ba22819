//! What status, events and the log say of a set.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Batched, NAMED, Slice, TELLS};
use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::batch::item::Row;
use crate::batch::memory::{Listed, Memory, Place};
use crate::batch::run::Came;
use crate::batch::{Guard, Todo, Wanted};
use crate::plan::intent::Target;
use crate::plan::report::{Next, Ready, Report, Told};
use crate::reconcile::conditions;
use crate::reconcile::pass::{Flow, Pass};
use crate::words;

/// The time until the next of several reconciles that do one work together.
const AT_ONCE: Duration = Duration::from_millis(10);

/// The reconcile has made its calls, and another one goes on.
pub(super) fn goes_on(memory: &mut Memory, listed: &Arc<Listed>) -> Flow {
    memory.listed = Some(listed.clone());
    Flow::End(Action::requeue(AT_ONCE))
}

impl<K: Batched> Pass<'_, K> {
    /// An object that was worked on with another account is not worked on with this one.
    pub(super) async fn wrong_account(&mut self, stored: &Target) -> Option<Flow> {
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

    pub(super) fn paused_report(&self) -> Report {
        let unclear = self.facts.pause_note();
        let carried_out = self.recorded.carried_out(self.facts.generation);
        let ready = if carried_out {
            Ready::PausedReady(format!("the files were as the set lists them; paused{unclear}"))
        } else {
            Ready::Paused(format!(
                "paused: the spec is not carried out; remove the annotation dataset-operator.dev/paused{unclear}"
            ))
        };
        Report::new(ready, Next::Event)
    }

    pub(super) async fn stuck(&mut self, reason: Reason, message: String) -> Flow {
        Flow::End(self.finish(Report::stuck(reason, message)).await)
    }

    /// Says in status what goes on, from time to time. While a set that was carried out is only looked at, nothing is said of it.
    pub(super) async fn tell_progress(&mut self, memory: &Memory, wanted: &Wanted, slice: &mut Slice) {
        let now = Instant::now();
        let only_looks = !self.facts.deleting && memory.walk.is_some() && self.is_carried_out(wanted.hash());
        if now < slice.tells || only_looks {
            return;
        }
        slice.tells = now + TELLS;
        let (reason, message) = if self.facts.deleting {
            (Reason::Deleting, "the metadata of its files is being deleted".to_owned())
        } else if memory.walk.is_some() {
            (Reason::Progressing, "the files of the version are being listed".to_owned())
        } else {
            (Reason::Progressing, format!("the metadata of {} files is being written", wanted.len()))
        };
        // If this write fails, the reconcile goes on: its end writes status again.
        let _ = self.show(&Report::working(reason, message, Next::After(TELLS))).await;
    }

    /// Ends the reconcile: nothing can be sent now. Returns also whether status says so.
    pub(super) async fn tell_of_set(
        &mut self,
        memory: &mut Memory,
        wanted: &Wanted,
        todo: &Todo<'_>,
        place: &Place,
        again: Duration,
    ) -> (Flow, bool) {
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
        if let Some((_, _, counts)) = &memory.statistics {
            let counts = counts.iter().map(|(key, count)| json!({"key": key, "count": count}));
            info.insert("statistics".to_owned(), counts.collect());
        }
        info.insert("contentHash".to_owned(), json!(wanted.hash()));
        let checked = memory.checked.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let beside = checked.map(|time| ("lastFullCheckTime".to_owned(), json!(time))).into_iter().collect();
        self.tell_what_came(std::mem::take(&mut memory.came), wanted.hash());
        let told = Told { info, beside };
        let report = Report { told: Some(Box::new(told)), ..Report::new(ready, Next::After(next)) };
        let flow = Flow::End(self.finish(report.clone()).await);
        (flow, self.says(&report))
    }

    /// Does status say this already?
    fn says(&mut self, report: &Report) -> bool {
        let (facts, recorded) = (self.facts.clone(), self.recorded.clone());
        let after = self.after(&recorded, report, &facts);
        conditions::patch(K::shape(), &facts.uid, &recorded, &after).is_none()
    }

    /// Does status say that this list, by its hash, was carried out?
    fn is_carried_out(&self, hash: &str) -> bool {
        self.recorded.carried_out(self.facts.generation)
            && self.recorded.info.get("contentHash").is_some_and(|known| known == hash)
    }

    /// Sends an event about what was done. What is done although the same list had been carried out repairs drift.
    pub(super) fn tell_what_came(&self, came: Came, hash: &str) {
        if came.created + came.changed + came.deleted == 0 {
            return;
        }
        let carried_out = self.is_carried_out(hash);
        let note =
            format!("file metadata: {} created, {} changed, {} deleted", came.created, came.changed, came.deleted);
        if carried_out {
            self.ctx.metrics.drifted(K::NAME);
        }
        self.tell(if carried_out { EventReason::DriftCorrected } else { EventReason::Updated }, &note);
    }
}

/// The files that failed, the listed ones first: their Uris, and why.
pub(super) fn failures(memory: &Memory, wanted: &Wanted) -> Vec<(String, String)> {
    let shown = memory.shown.as_ref();
    let conflict = |key: u64| shown.and_then(|shown| shown.conflict(key)).map(str::to_owned);
    let listed = wanted.rows().filter_map(|row| Some((row.item.uri.clone(), conflict(row.key)?)));
    let refused = memory.refusals.all().map(|(what, result)| (what.to_owned(), way_out(result)));
    listed.chain(refused).collect()
}

/// The service's words about an item, with what a person can do if that is known.
pub(super) fn way_out(result: &str) -> String {
    if result.to_ascii_lowercase().contains("deleted") {
        return format!(
            "{result}: metadata of this uri was deleted, and the service does not take it again; list the file under \
             another uri, or use another version of the dataset"
        );
    }
    result.to_owned()
}

/// The first refused item, in words.
pub(super) fn first(memory: &Memory) -> String {
    memory.refusals.all().next().map(|(what, result)| format!("{what}: {result}")).unwrap_or_default()
}

pub(super) fn blocked(Guard { pruned, own }: Guard, hash: &str) -> String {
    format!(
        "{pruned} of the {own} files that this set has are not listed any more; nothing is sent until the list is mended, \
         prune: false is set, or the prune is allowed with the annotation dataset-operator.dev/allow-prune={}",
        words::cut(hash, 64)
    )
}

pub(super) fn basic(dataset: &str) -> String {
    format!(
        "{dataset} has the edition BASIC, which has no file metadata: set edition: ADVANCED in its Dataset (BASIC can be \
         changed to ADVANCED), or name a dataset of the edition ADVANCED or LOGICAL"
    )
}
