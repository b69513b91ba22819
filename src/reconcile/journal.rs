//! The log line at the end of a reconcile, if it changed something or failed, and the counts of transitions. A
//! reconcile without a change logs nothing at `info`, and a failure that many objects share is logged once a minute
//! ([`Folded`](crate::folded::Folded)).

use kube::Resource;

use crate::api::condition::Reason;
use crate::environment;
use crate::plan::Step;
use crate::plan::recorded::Recorded;
use crate::plan::report::{Ready, Report};
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::Pass;
use crate::remote::carrier::Carrier;

/// The notes of one reconcile.
#[derive(Debug)]
pub(super) struct Journal {
    /// The id of the reconcile in all its log lines.
    pub(super) id: String,
    /// The names of the steps that changed something, in order.
    did: Vec<&'static str>,
    /// What others had changed, with both values.
    drift: Option<String>,
    /// The last RequestId of a change or a failure.
    request_id: Option<String>,
    /// Reason and message of a report that is not Ready.
    why: Option<(Reason, String)>,
    /// The error code of the service, or the kind of failure, if a call failed.
    code: Option<String>,
    failed: bool,
    /// Where marks are written, as far as the reconcile is about remotes with marks.
    pub(super) carrier: Carrier,
}

impl Journal {
    pub(super) const fn new(id: String) -> Self {
        Self {
            id,
            did: Vec::new(),
            drift: None,
            request_id: None,
            why: None,
            code: None,
            failed: false,
            carrier: Carrier::Labels,
        }
    }

    /// Notes a step that is being taken, if it changes something.
    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Claim(..)
            | Step::Create
            | Step::Edit(_)
            | Step::Delete(_)
            | Step::Record(_)
            | Step::Refuse(..)
            | Step::RemoveFinalizer => self.did.push(step.name()),
            Step::Reread
            | Step::Look(_)
            | Step::Read(_)
            | Step::Permit
            | Step::Resolve
            | Step::Report(_)
            | Step::Ignore => {}
        }
    }

    /// Notes a step of this name, which changes something.
    pub(super) fn did(&mut self, step: &'static str) {
        self.did.push(step);
    }

    /// Notes what others changed on the remote: the found and the wanted values.
    pub(super) fn drift(&mut self, what: String) {
        self.drift = Some(what);
    }

    /// Notes the RequestId of an answer.
    pub(super) fn answered(&mut self, request_id: Option<&str>) {
        if let Some(id) = request_id {
            self.request_id = Some(id.to_owned());
        }
    }

    pub(super) fn report(&mut self, report: &Report) {
        let (reason, message, stuck) = match &report.ready {
            Ready::Available(_) | Ready::PausedReady(_) => return,
            Ready::Working(reason, message) => (*reason, message, false),
            Ready::Stuck(reason, message) => (*reason, message, true),
            Ready::Paused(message) => (Reason::Paused, message, false),
        };
        self.why = Some((reason, message.clone()));
        self.failed |= stuck || report.error.is_some();
        self.code = report.error.as_ref().map(|error| error.code.clone());
        self.answered(report.error.as_ref().and_then(|error| error.request_id.as_deref()));
    }

    /// The reconcile failed: a person or the service must help.
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }

    /// Code and message of a failure that all objects share, because its cause is not in the object.
    fn shared_cause(&self) -> Option<(&str, &str)> {
        let (reason, message) = self.why.as_ref()?;
        let shared = matches!(
            reason,
            Reason::CredentialsInvalid
                | Reason::AccessDenied
                | Reason::CloudUnavailable
                | Reason::Throttled
                | Reason::QuotaExceeded
                | Reason::MalformedResponse
        );
        self.code.as_deref().filter(|_| shared).map(|code| (code, message.as_str()))
    }

    /// What happened, in words.
    fn said(&self, failed: bool, changed: &[String]) -> String {
        let mut did: Vec<String> =
            self.did.iter().filter_map(|step| done(step, self.carrier, self.drift.is_some(), changed)).collect();
        did.dedup();
        let did = did.join(", ");
        match (&self.why, failed, did.is_empty()) {
            (Some((reason, _)), true, true) => format!("failed: {reason}"),
            (Some((reason, _)), true, false) => format!("failed: {reason}; before that: {did}"),
            (None, true, true) => "failed".to_owned(),
            (None, true, false) => format!("failed; before that: {did}"),
            (Some((reason, _)), false, true) => format!("waiting: {reason}"),
            (Some((reason, _)), false, false) => format!("{did}; now {reason}"),
            (None, false, true) => "nothing to do".to_owned(),
            (None, false, false) => did,
        }
    }
}

/// A step that was taken, in words; `None` for a step that changes nothing.
fn done(step: &str, carrier: Carrier, drift: bool, changed: &[String]) -> Option<String> {
    let what = match step {
        "Claim" => "stored the intent on the object",
        "Create" => "sent the create request",
        "Mark" => return Some(format!("put the {} on the cloud dataset", carrier.words())),
        "ClearReleased" if carrier == Carrier::Labels => "removed the label dso-released",
        "ClearReleased" => "marked the cloud dataset as ours again",
        "Change" if changed.is_empty() => "tried to change the cloud dataset",
        "Change" if drift => return Some(format!("set back {}", changed.join(", "))),
        "Change" => return Some(format!("changed {}", changed.join(", "))),
        "Delete" => "deleted the cloud dataset",
        "Release" => "released the cloud dataset",
        "Record" => "recorded the cloud dataset",
        "Refuse" => "recorded the refusal",
        "RemoveFinalizer" => "removed the finalizer",
        "Batch" => "sent batches of file metadata",
        _ => return None,
    };
    Some(what.to_owned())
}

impl<K: AnyKind> Pass<'_, K> {
    /// Writes the log line at the end of the reconcile.
    pub(super) fn log_end(&self, failed: bool) {
        let (facts, journal, id) = (&self.facts, &self.journal, self.recorded.id.as_ref());
        let (reason, message) = journal.why.as_ref().map(|(reason, text)| (reason.as_str(), text.as_str())).unzip();
        let said = journal.said(failed, &self.changed);
        macro_rules! line {
            ($level:ident, $cause:ident) => {
                tracing::$level!(
                    controller = K::NAME,
                    namespace = facts.namespace,
                    name = facts.name,
                    generation = facts.generation,
                    reconcileID = journal.id,
                    cloudId = id.map(tracing::field::display),
                    requestId = journal.request_id,
                    did = (!journal.did.is_empty()).then(|| journal.did.join(" ")),
                    changed = (!self.changed.is_empty()).then(|| self.changed.join(", ")),
                    drift = journal.drift,
                    reason,
                    $cause = message,
                    "{said}"
                )
            };
        }
        let news = journal
            .shared_cause()
            .is_none_or(|(code, error)| self.account.inventory.folded().is_news(code, error, Some(&facts.uid)));
        if failed && news {
            line!(warn, error);
        } else if failed {
            line!(debug, error);
        } else if !journal.did.is_empty() {
            line!(info, waiting);
        } else {
            line!(debug, waiting);
        }
    }

    /// Counts the transitions of a status write: Ready for the first time, and Stalled.
    pub(super) fn count_turn(&self, before: &Recorded) {
        let (after, metrics) = (&self.recorded, &self.ctx.metrics);
        if before.condition("Stalled").is_none() && after.condition("Stalled").is_some() {
            metrics.stalled(K::NAME);
        }
        if after.was_ready()
            && self.ctx.states.became_ready(&self.facts.uid)
            && let Some(created) = &self.object.meta().creation_timestamp
        {
            metrics.first_ready(K::NAME, created.0, environment::now());
        }
    }

    /// Counts the end of a deletion.
    pub(super) fn count_let_go(&self) {
        if let Some(asked) = &self.object.meta().deletion_timestamp {
            self.ctx.metrics.let_go(K::NAME, asked.0, environment::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::recorded::LastError;
    use crate::plan::report::Next;
    use crate::plan::step::Look;
    use crate::remote::id::RemoteId;

    #[test]
    fn looking_is_not_doing() {
        let mut journal = Journal::new("id".into());
        for step in
            [Step::Reread, Step::Look(Look::Sweep), Step::Read(RemoteId::new("d-1")), Step::Permit, Step::Ignore]
        {
            journal.step(&step);
        }
        assert!(journal.did.is_empty());
        journal.step(&Step::Create);
        journal.step(&Step::RemoveFinalizer);
        assert_eq!(journal.did, ["Create", "RemoveFinalizer"]);
    }

    #[test]
    fn the_line_says_what_happened_and_tells_an_edit_from_drift() {
        let said = |journal: &Journal, failed, changed: &[String]| journal.said(failed, changed);
        let mut journal = Journal::new("id".into());
        assert_eq!(said(&journal, false, &[]), "nothing to do");
        journal.did = vec!["Change", "Change"];
        let changed = ["description".to_owned(), "labels.team".to_owned()];
        assert_eq!(said(&journal, false, &changed), "changed description, labels.team");
        journal.drift("description: found \"a\", wanted \"b\"".to_owned());
        assert_eq!(said(&journal, false, &changed), "set back description, labels.team");
        journal.report(&Report::stuck(Reason::InvalidSpec, "no"));
        assert_eq!(said(&journal, true, &[]), "failed: InvalidSpec; before that: tried to change the cloud dataset");
    }

    #[test]
    fn only_what_is_the_same_for_all_objects_is_logged_once_for_all() {
        let cause = |reason: Reason, code: Option<&str>| {
            let mut journal = Journal::new("id".into());
            let error = code.map(|code| LastError { code: code.into(), ..LastError::default() });
            journal.report(&Report { error, ..Report::stuck(reason, "why") });
            journal.shared_cause().map(|(code, _)| code.to_owned())
        };
        assert_eq!(cause(Reason::CredentialsInvalid, Some("Nope")).as_deref(), Some("Nope"));
        assert_eq!(cause(Reason::InvalidSpec, Some("InvalidUri")), None);
        assert_eq!(cause(Reason::NameTaken, None), None);
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
