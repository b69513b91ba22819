//! The arms of `plan`, and which of them the scenarios took. The name of an arm is its step and, if a step has several
//! arms, the thing that it writes or reports.

use std::collections::BTreeMap;

use dataset_operator::plan::report::Ready;
use dataset_operator::plan::{Flight, Step};

/// Every arm that the model can take, as the beginning of its name.
pub const ARMS: &[&str] = &[
    "Reread",
    "Sweep",
    "Read",
    "FindOwned",
    "FindNamed",
    "ListChildren",
    "Permit",
    "Claim put back",
    "Claim a create",
    "Claim a predecessor's",
    "Claim an adoption",
    "Create",
    "Mark",
    "ClearReleased",
    "Change",
    "Delete",
    "Release",
    "Stop",
    "Resolve",
    "Record Created",
    "Record Created, settled",
    "Record Created, recovered, settled",
    "Record Created, recovered",
    "Record Adopted, settled",
    "Record Adopted",
    "Record Adopted, recovered",
    "Refuse DependencyNotReady",
    "Refuse InvalidSpec",
    "Refuse NameTaken",
    "RemoveFinalizer",
    "Report Available",
    "Report Available, duplicates told",
    "Report PausedReady",
    "Report Paused: paused: the spec is not carried out;",
    "Report Paused: paused: is deleted once the annotation",
    "Report Paused: paused: its earlier attempts are looked for",
    "Report Uncertain: an earlier create request may still take effect;",
    "Report Uncertain: was not found; the operator looks again",
    "Report Progressing: the name is taken; checking whether by",
    "Report DependencyNotReady",
    "Report AccountMismatch: an earlier attempt was made in account",
    "Report AccountMismatch: an earlier attempt was made by another",
    "Report AccountMismatch: is not visible to this identity,",
    "Report NameTaken: was made by an earlier",
    "Report NameTaken: was retained when an earlier object",
    "Report OwnedByOther: carries this object's ownership labels with a signature",
    "Report OwnedByOther: belongs to another owner",
    "Report OwnedByOther: now belongs to another owner",
    "Report OwnedByOther: does not carry this object's ownership labels, but",
    "Report AdoptionNotFound: is AdoptOnly",
    "Report AdoptionNotFound: named in adoption, does not exist",
    "Report AdoptionNotFound: datasets are named",
    "Report ImmutableChanged",
    "Report RemoteDeleted: was deleted outside Kubernetes;",
    "Report Deleting: the cloud dataset does not carry this object's",
    "Report Uncertain: the cloud dataset does not carry this object's",
    "Report Deleting: is being deleted, and this version with it",
    "Report Deleting: its dataset and other versions may",
    "Report Deleting: was not found; the operator looks again before",
    "Report Deleting: waiting for its DatasetVersions",
    "Report Deleting: DatasetVersion v still exists, and may be",
    "Report DeletionBlocked: DatasetVersion v still exists; delete it first",
    "Report DeletionBlocked: has version",
    "Report Progressing: is Running",
    "Report JobFailed",
    "Report JobLost: was deleted outside Kubernetes before it ended",
    "Report Deleting: is stopped: the object is being deleted",
    "Report Deleting: waiting for to stop",
];

/// Arms that no scenario can take, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "Ignore",
        "an object that is being deleted without our finalizer is held by somebody else's, of which there is none here",
    ),
    (
        "Report Deleting: waiting for DatasetVersion …, which is newer",
        "one version a scenario; the order among versions is a story",
    ),
    ("Report RemoteDeleted: is gone with its dataset", "binding v1 owns no life: no create, no delete, no mark"),
    (
        "Report Deleting, Uncertain: an earlier request was made by an identity that may be this one",
        "the caller has a name",
    ),
    ("Report DependencyNotReady: the Dataset of this version is now …", "there is one dataset of versions"),
    (
        "Report NameTaken: another dataset is named …",
        "the service refuses no new name; a refused create is `Refuse NameTaken`",
    ),
    ("Report InternalError", "a view that nothing makes"),
    ("Change of labels, of v1, PublishDataset", "differences of members are compared in the unit tests of `changes`"),
];

/// Arms that should have been taken and were not.
#[must_use]
pub fn missing(taken: &BTreeMap<String, u64>) -> Vec<&'static str> {
    ARMS.iter()
        .filter(|arm| !taken.contains_key(**arm) && !taken.keys().any(|name| has_prefix(name, arm)))
        .copied()
        .collect()
}

/// Arms that were taken but are not in the list: `plan` has something new.
#[must_use]
pub fn unlisted(taken: &BTreeMap<String, u64>) -> Vec<&str> {
    taken.keys().filter(|name| !ARMS.iter().any(|arm| has_prefix(name, arm))).map(String::as_str).collect()
}

fn has_prefix(name: &str, arm: &str) -> bool {
    name == arm
        || (arm.starts_with("Report ") && arm.contains(':') || !arm.contains(',') && arm.starts_with("Re"))
            && name.starts_with(arm)
}

/// The arm of `plan` that this step came from, as far as it shows.
pub(crate) fn arm(step: &Step) -> String {
    let name = step.name();
    match step {
        Step::Report(report) | Step::Refuse(_, report) => match &report.ready {
            Ready::Available(_) if report.duplicates.is_some() => format!("{name} Available, duplicates told"),
            Ready::Available(_) => format!("{name} Available"),
            Ready::PausedReady(_) => format!("{name} PausedReady"),
            Ready::Paused(text) => format!("{name} Paused: {}", gist(text)),
            Ready::Working(reason, text) | Ready::Stuck(reason, text) => format!("{name} {reason}: {}", gist(text)),
        },
        Step::Claim(_, flight) => match flight {
            None => format!("{name} put back"),
            Some(Flight::Create { .. }) => format!("{name} a create"),
            Some(Flight::Take { recovered: true, .. }) => format!("{name} a predecessor's"),
            Some(Flight::Take { recovered: false, .. }) => format!("{name} an adoption"),
        },
        Step::Record(record) => format!(
            "{name} {}{}{}",
            record.origin.as_str(),
            if record.recovered { ", recovered" } else { "" },
            if record.settled { ", settled" } else { "" }
        ),
        Step::Reread
        | Step::Look(_)
        | Step::Read(_)
        | Step::Permit
        | Step::Create
        | Step::Edit(_)
        | Step::Delete(_)
        | Step::Resolve
        | Step::RemoveFinalizer
        | Step::Ignore => name.to_owned(),
    }
}

/// The words of a message without what changes from object to object.
fn gist(text: &str) -> String {
    let plain = |word: &&str| word.chars().all(|letter| letter.is_ascii_alphabetic() || ",;:'".contains(letter));
    text.split(' ').filter(plain).take(8).collect::<Vec<_>>().join(" ")
}
