//! The answer of `plan` in the numbers of the model.

use dataset_operator::cloud::{Operation, Request};
use dataset_operator::plan::edit::Purpose;
use dataset_operator::plan::{self, Look, Step};
use dataset_operator::remote::mark::{Origin, RawMark};

use crate::words::{self, Words};
use crate::world::{Flight, Id, Intent, Landed, Mark, Nonce, Record, Told};

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
    /// Write our mark.
    Mark(Id, Mark),
    /// Take the release off.
    Unrelease(Id),
    /// Change members.
    Update {
        /// Of which remote.
        id: Id,
        /// The mutable one.
        mutable: Option<u8>,
        /// The name.
        name: Option<u8>,
    },
    /// Delete.
    Delete(Id),
    /// Release it, with `dso-released`.
    Release(Id),
    /// The doubt is over.
    Resolve,
    /// Write down.
    Record(Record),
    /// Write down a refusal.
    Refuse(Nonce, Told),
    /// Take the finalizer off.
    LetGo,
    /// Tell, and whether it tells of duplicates.
    Report(Told, bool),
    /// Nothing.
    Leave,
    /// A step that the model does not have: a breach.
    Strange,
}

/// Reads a step.
#[must_use]
pub fn read(words: &Words, step: &Step) -> Do {
    known(words, step).unwrap_or(Do::Strange)
}

fn known(words: &Words, step: &Step) -> Option<Do> {
    Some(match step {
        Step::Reread => Do::Reread,
        Step::Look(Look::Sweep) => Do::Sweep,
        Step::Read(id) if words::is_dataset_of_versions(id) => Do::FetchDataset,
        Step::Read(id) => Do::Fetch(words.of_id(id)?),
        Step::Look(Look::Owned) => Do::FindOwned,
        Step::Look(Look::Named(_)) => Do::FindNamed,
        Step::Look(Look::Children(_)) => Do::ListVersions,
        Step::Permit => Do::Permit,
        Step::Claim(intent, None) => Do::Claim(words.of_intent(intent)?, None),
        Step::Claim(intent, Some(flight)) => Do::Claim(words.of_intent(intent)?, Some(read_flight(words, flight)?)),
        Step::Create => Do::Create,
        Step::Edit(edit) => {
            let id = words.of_id(&edit.id)?;
            match edit.purpose {
                Purpose::Mark => {
                    let written = edit.after.first()?.mark.clone()?;
                    Do::Mark(id, words.mark(&RawMark { released: None, ..written })?)
                }
                Purpose::ClearReleased => Do::Unrelease(id),
                Purpose::Release => Do::Release(id),
                Purpose::Spec(_) => update(id, &edit.request)?,
            }
        }
        Step::Delete(id) => Do::Delete(words.of_id(id)?),
        Step::Resolve => Do::Resolve,
        Step::Record(record) => Do::Record(Record {
            id: words.of_id(&record.id)?,
            origin: match record.origin {
                Origin::Created => 1,
                Origin::Adopted => 2,
            },
            recovered: record.recovered,
            fixed: words::of_uri(&record.fixed),
            attempt: match &record.attempt {
                Some(ended) => Some(words::of_ended(ended)?),
                None => None,
            },
            settled: record.settled,
        }),
        Step::Refuse(ended, report) => Do::Refuse(words::of_nonce(&ended.nonce)?, words::told(report)),
        Step::RemoveFinalizer => Do::LetGo,
        Step::Report(report) => Do::Report(words::told(report), report.duplicates.is_some()),
        Step::Ignore => Do::Leave,
    })
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

fn update(id: Id, request: &Request) -> Option<Do> {
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
    Some(Do::Update { id, mutable, name })
}
