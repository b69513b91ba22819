//! The answer of `plan` in the numbers of the model, with what production makes of status by it.

use dataset_operator::cloud::{Operation, Request};
use dataset_operator::plan::aftermath::released;
use dataset_operator::plan::edit::{Edit, Purpose};
use dataset_operator::plan::recorded::Recorded;
use dataset_operator::plan::report::Report;
use dataset_operator::plan::view::{Observation, View};
use dataset_operator::plan::{self, Look, Record, Step};
use dataset_operator::reconcile::conditions;
use dataset_operator::remote::Remote;
use dataset_operator::remote::mark::RawMark;
use jiff::Timestamp;

use crate::oracle::Oracle;
use crate::question::Question;
use crate::words::{self, Words};
use crate::world::{Call, Flight, Id, Intent, Landed, Object, Spec, Status, index};

/// When everything is written: times decide nothing here.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The one thing to do next. Its variants are those of the production `Step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Do {
    /// Read the object.
    Reread,
    /// Wait for the index.
    Sweep,
    /// Read a remote.
    Fetch(Id),
    /// List by owner mark.
    FindOwned,
    /// List by name.
    FindNamed,
    /// List versions.
    ListVersions,
    /// Read the dataset of this version.
    FetchDataset,
    /// Get a permit.
    Permit,
    /// Store finalizer and intent.
    Claim(Intent, Option<Flight>),
    /// Send the create.
    Create,
    /// Change this remote.
    Edit(Id, Call),
    /// Delete.
    Delete(Id),
    /// The doubt is over.
    Resolve,
    /// Write down.
    Record {
        /// The remote.
        id: Id,
        /// Found by its mark.
        recovered: bool,
        /// Ready goes into the same write.
        settled: bool,
        /// What status becomes.
        after: Status,
        /// The object if it is gone and the remote is let go for it.
        released: Object,
    },
    /// Write down a refusal, which makes this of status.
    Refuse(Status),
    /// Take the finalizer off.
    LetGo,
    /// Tell, which makes this of status.
    Report(Status),
    /// Nothing.
    Leave,
    /// A step that the model does not have: a breach.
    Strange,
}

impl Oracle {
    /// Reads a step that `view` of `question` was answered with.
    pub(crate) fn read(&self, question: &Question, view: &View, step: &Step) -> Do {
        self.known_step(question, view, step).unwrap_or(Do::Strange)
    }

    fn known_step(&self, question: &Question, view: &View, step: &Step) -> Option<Do> {
        let words = self.words();
        Some(match step {
            Step::Reread => Do::Reread,
            Step::Look(Look::Sweep) => Do::Sweep,
            Step::Read(id) if words::is_dataset_of_versions(id) => Do::FetchDataset,
            Step::Read(id) => Do::Fetch(words.of_id(id)?),
            Step::Look(Look::Owned) => Do::FindOwned,
            Step::Look(Look::Named(_)) => Do::FindNamed,
            Step::Look(Look::Children(..)) => Do::ListVersions,
            Step::Permit => Do::Permit,
            Step::Claim(intent, None) => Do::Claim(words.of_intent(intent)?, None),
            Step::Claim(intent, Some(flight)) => Do::Claim(words.of_intent(intent)?, Some(read_flight(words, flight)?)),
            Step::Create => Do::Create,
            Step::Edit(edit) => {
                let id = words.of_id(&edit.id)?;
                let listed = || index(id).and_then(|at| question.owned()[at]);
                let call = words.of_edit(edit, question.look(id).or_else(listed)?.fixed)?;
                self.is_what_follows(question, id, &call, edit).then_some(Do::Edit(id, call))?
            }
            Step::Delete(id) => Do::Delete(words.of_id(id)?),
            Step::Resolve => Do::Resolve,
            Step::Record(record) => Do::Record {
                id: words.of_id(&record.id)?,
                recovered: record.recovered,
                settled: record.settled,
                after: words.of_recorded(&after_record(view, record))?,
                released: self.released(question, view, record)?,
            },
            Step::Refuse(ended, report) => {
                let after = conditions::after_refusal(&view.object, &view.recorded, ended.clone(), report, NOW);
                Do::Refuse(words.of_recorded(&after)?)
            }
            Step::RemoveFinalizer => Do::LetGo,
            Step::Report(report) => Do::Report(words.of_recorded(&after_report(view, report))?),
            Step::Ignore => Do::Leave,
        })
    }

    /// Does production believe of a remote after its change what the change makes of it?
    fn is_what_follows(&self, question: &Question, id: Id, call: &Call, edit: &Edit) -> bool {
        if matches!(call, Call::Stop(_)) {
            // What the run does then is not known before it is shown.
            return edit.after.is_empty();
        }
        let listed = || index(id).and_then(|at| question.owned()[at]);
        let Some(mut look) = question.look(id).or_else(listed) else { return false };
        call.change(&mut look);
        let remote = self.remote(question, id, &look);
        let mark = |remote: &Remote| remote.mark.clone().unwrap_or_default();
        edit.after.iter().any(|after| mark(after) == mark(&remote) && after.fields == remote.fields)
    }

    /// The object as production goes on with it when it is gone and cannot be told of its remote.
    fn released(&self, question: &Question, view: &View, record: &Record) -> Option<Object> {
        let (mut facts, mut recorded) = (view.object.clone(), view.recorded.clone());
        released(&mut facts, &mut recorded, record);
        let object = question.object;
        let force = if facts.force_release.is_some() { object.spec.force } else { 0 };
        Some(Object {
            deleting: facts.deleting,
            finalizer: facts.finalizer,
            spec: Spec { force, paused: facts.paused, ..object.spec },
            status: self.words().of_recorded(&recorded)?,
            ..object
        })
    }
}

/// What a record makes of status, by what is known of its remote.
fn after_record(view: &View, record: &Record) -> Recorded {
    let remote = view.observation(&record.id).and_then(Observation::remote);
    let (principal, remote) = (&view.account.caller.principal, remote.map(|remote| &**remote));
    conditions::after_record(view.profile, &view.object, &view.recorded, record, principal, remote, NOW)
}

/// What a report makes of status. (News that production holds back for some seconds is told at once here.)
fn after_report(view: &View, report: &Report) -> Recorded {
    let remote = view.recorded.id.as_ref().and_then(|id| view.observation(id)).and_then(Observation::remote);
    let keys = view.desired.as_ref().ok().map(|desired| desired.label_keys.as_slice());
    let remote = remote.map(|remote| &**remote);
    conditions::after_report(view.profile, &view.object, &view.recorded, report, remote, keys, NOW)
}

fn read_flight(words: &Words, flight: &plan::Flight) -> Option<Flight> {
    Some(match flight {
        plan::Flight::Create { nonce, landed: None } => {
            Flight::Create { nonce: words::of_nonce(nonce)?, landed: Landed::Not }
        }
        plan::Flight::Create { .. } => return None,
        plan::Flight::Take { nonce, id, recovered } => {
            Flight::Take { nonce: words::of_nonce(nonce)?, id: words.of_id(id)?, recovered: *recovered }
        }
    })
}

impl Words {
    /// The call of an edit of a remote with this immutable member.
    fn of_edit(&self, edit: &Edit, fixed: u8) -> Option<Call> {
        let id = self.of_id(&edit.id)?;
        match edit.purpose {
            Purpose::Mark => {
                let written = edit.after.first()?.mark.clone()?;
                Some(Call::Mark(id, self.mark(&RawMark { released: None, ..written }, fixed)?))
            }
            Purpose::ClearReleased => Some(Call::Unrelease(id)),
            Purpose::Release => Some(Call::Release(id)),
            Purpose::Spec(_) => update(id, &edit.request),
            Purpose::Stop => Some(Call::Stop(id)),
        }
    }
}

fn update(id: Id, request: &Request) -> Option<Call> {
    let (Operation::UpdateDataset | Operation::UpdateDatasetVersion) = request.operation() else { return None };
    let fields = request.body()?;
    let (mut mutable, mut name) = (None, None);
    for (key, value) in fields {
        match key.as_str() {
            "Description" => mutable = Some(words::of_description(value)?),
            "Name" => name = Some(words::of_name(value.as_str()?)?),
            _ => return None,
        }
    }
    Some(Call::Update { id, mutable, name })
}
