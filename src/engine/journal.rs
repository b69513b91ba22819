//! What a pass leaves behind for those who watch: one log line at its end, if it did something or failed, and the
//! counts of what it turned. A settled pass leaves nothing at `info`.

use kube::Resource;

use super::kind::Kind;
use super::pass::Pass;
use super::plan::Step;
use super::recorded::Recorded;
use super::report::{Ready, Report};
use crate::ambient;

/// The notes of one pass.
#[derive(Debug)]
pub(super) struct Journal {
    /// Names the pass in all its log lines.
    pub(super) id: String,
    /// The names of the steps that changed something, in order.
    did: Vec<&'static str>,
    /// The last RequestId of a change or a failure.
    request_id: Option<String>,
    /// Reason and message of a report that is not Ready.
    why: Option<(&'static str, String)>,
    failed: bool,
}

impl Journal {
    pub(super) const fn new(id: String) -> Self {
        Self { id, did: Vec::new(), request_id: None, why: None, failed: false }
    }

    /// A step is being taken. Looking and waiting is nothing to write home about.
    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Claim(..)
            | Step::Create
            | Step::Mark(..)
            | Step::Unrelease(_)
            | Step::Change(..)
            | Step::Delete(_)
            | Step::Release(_)
            | Step::Record(_)
            | Step::Refuse(..)
            | Step::LetGo => self.did.push(step.name()),
            Step::Reread
            | Step::Sweep
            | Step::Fetch(_)
            | Step::FindOwned
            | Step::FindNamed(_)
            | Step::ListVersions(_)
            | Step::Permit
            | Step::Resolve
            | Step::Report(_)
            | Step::Leave => {}
        }
    }

    /// A change was answered.
    pub(super) fn answered(&mut self, request_id: Option<&str>) {
        if let Some(id) = request_id {
            self.request_id = Some(id.to_owned());
        }
    }

    /// The pass ends with this report.
    pub(super) fn report(&mut self, report: &Report) {
        let (reason, message, stuck) = match &report.ready {
            Ready::Available(_) | Ready::PausedReady(_) => return,
            Ready::Working(reason, message) => (reason.as_str(), message, false),
            Ready::Stuck(reason, message) => (reason.as_str(), message, true),
            Ready::Paused(message) => (crate::api::condition::Reason::Paused.as_str(), message, false),
        };
        self.why = Some((reason, message.clone()));
        self.failed |= stuck || report.error.is_some();
        self.answered(report.error.as_ref().and_then(|error| error.request_id.as_deref()));
    }

    /// It did not come to the end it wanted.
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }
}

impl<K: Kind> Pass<'_, K> {
    /// The line at the end of the pass.
    pub(super) fn log_end(&self, failed: bool) {
        let (facts, journal, id) = (&self.facts, &self.journal, self.recorded.id.as_ref());
        let (reason, why) = journal.why.as_ref().map(|(reason, message)| (*reason, message.as_str())).unzip();
        macro_rules! line {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    controller = K::NAME,
                    namespace = facts.namespace,
                    name = facts.name,
                    generation = facts.generation,
                    reconcileID = journal.id,
                    datasetId = id.map(|id| id.dataset.as_str()),
                    versionName = id.and_then(|id| id.version.as_deref()),
                    requestId = journal.request_id,
                    did = (!journal.did.is_empty()).then(|| journal.did.join(" ")),
                    reason,
                    why,
                    $text
                )
            };
        }
        if failed {
            line!(warn, "pass failed");
        } else if !journal.did.is_empty() {
            line!(info, "pass");
        } else {
            line!(debug, "pass");
        }
    }

    /// Counts what a status write turned: becoming Ready for the first time, becoming Stalled.
    pub(super) fn count_turn(&self, before: &Recorded) {
        let (after, metrics) = (&self.recorded, &self.ctx.metrics);
        if before.condition("Stalled").is_none() && after.condition("Stalled").is_some() {
            metrics.stalled(K::NAME);
        }
        if after.was_ready()
            && self.ctx.memories.became_ready(&self.facts.uid)
            && let Some(created) = &self.object.meta().creation_timestamp
        {
            metrics.first_ready(K::NAME, created.0, ambient::now());
        }
    }

    /// Counts the end of a deletion.
    pub(super) fn count_let_go(&self) {
        if let Some(asked) = &self.object.meta().deletion_timestamp {
            self.ctx.metrics.let_go(K::NAME, asked.0, ambient::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded::{LastError, RemoteId};
    use super::super::report::Next;
    use super::*;
    use crate::api::condition::Reason;

    #[test]
    fn looking_is_not_doing() {
        let mut journal = Journal::new("id".into());
        for step in [Step::Reread, Step::Sweep, Step::Fetch(RemoteId::dataset("d-1")), Step::Permit, Step::Leave] {
            journal.step(&step);
        }
        assert!(journal.did.is_empty());
        journal.step(&Step::Create);
        journal.step(&Step::LetGo);
        assert_eq!(journal.did, ["Create", "LetGo"]);
    }

    #[test]
    fn a_pass_failed_if_a_human_or_the_service_must_help() {
        let failed = |report: &Report| {
            let mut journal = Journal::new("id".into());
            journal.report(report);
            (journal.failed(), journal.request_id)
        };
        let waiting = Report::working(Reason::DependencyNotReady, "not yet", Next::Event);
        assert_eq!(failed(&waiting), (false, None));
        assert_eq!(failed(&Report::stuck(Reason::NameTaken, "taken")), (true, None));
        let error = LastError { request_id: Some("7C0F".into()), ..LastError::default() };
        assert_eq!(failed(&Report { error: Some(error), ..waiting }), (true, Some("7C0F".into())));
        assert_eq!(failed(&Report::new(Ready::Available("fine".into()), Next::Event)), (false, None));
    }
}
