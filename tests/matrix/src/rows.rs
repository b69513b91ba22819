//! The rows: the effects of the operator, each with a job that brings it about, and the request by which it is known.

mod table;

use dataset_operator::plan::{Change, Step};
use testbed::proxy::{Match, Side};

use crate::bed::domain_mark;
use crate::jobs::Job;
use crate::scene::DATASET;
pub use table::ROWS;

/// What kind of effect a row is; it says which faults make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A read that the process makes when it starts, a watch among them.
    Boot,
    /// A read of the object.
    Read,
    /// A write to the object or its status.
    Write,
    /// A Kubernetes event.
    Event,
    /// A list of the cloud.
    List,
    /// A read of one remote.
    Get,
    /// A create.
    Create,
    /// A change of a remote.
    Change,
    /// A deletion of a remote.
    Delete,
    /// Nothing is sent.
    Nothing,
}

/// The request of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// There is none.
    None,
    /// An operation of the dataset API.
    Cloud(&'static str),
    /// One whose query or body has this text.
    CloudWith(&'static str, &'static str),
    /// The list by domain mark.
    Sweep,
    /// A list by owner mark.
    Owned,
    /// A GET of the object.
    Object,
    /// The patch with the intent.
    Claim,
    /// The status patch with the id.
    Record,
    /// The status patch with a refusal.
    Refusal,
    /// Any status patch.
    Status,
    /// The patch that takes the finalizer away.
    Finalizer,
    /// A GET whose path ends so.
    Path(&'static str),
    /// A POST of an event.
    Event,
}

/// A row of the matrix.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `C5`: the step of the study, and a letter where we have several.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// The [`Step`] by name; empty if it is none.
    pub step: &'static str,
    /// The kind whose pass it is in.
    pub kind: &'static str,
    /// What kind of effect.
    pub class: Class,
    /// Its request.
    pub request: Request,
    /// What brings it about.
    pub job: Job,
}

/// The row of this id.
pub fn by_id(id: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id == id)
}

/// The rows in which a step is struck. A new step does not compile without one.
pub const fn rows_of(step: &Step) -> &'static [&'static str] {
    match step {
        Step::Reread => &["D1"],
        Step::Sweep => &["C4", "V3"],
        Step::Fetch(_) => &["U5g", "V8g", "W0", "D2", "A2"],
        Step::FindOwned => &["C4d", "D6"],
        Step::FindNamed(_) => &["C4n"],
        Step::ListVersions(_) => &["D3"],
        Step::Permit => &["C0"],
        Step::Claim(..) => &["C3", "V2", "A3"],
        Step::Create => &["C5", "V4"],
        Step::Mark(..) => &["U10", "A4"],
        Step::Unrelease(_) => &["U9"],
        Step::Change(_, change) => rows_of_change(change),
        Step::Delete(_) => &["W1", "D4", "D4t", "D4s"],
        Step::Release(_) => &["W4", "D8"],
        Step::Resolve => &["C4r"],
        Step::Record(_) => &["C6", "C6d", "V5", "A6"],
        Step::Refuse(..) => &["C6r"],
        Step::LetGo => &["W3", "D7"],
        Step::Report(_) => &["U8"],
        // The pass ends, and nothing was done that could be lost.
        Step::Leave => &[],
    }
}

const fn rows_of_change(change: &Change) -> &'static [&'static str] {
    match change {
        Change::Update(_) => &["U4", "V7"],
        Change::SetLabels(_) => &["U5", "V8"],
        Change::RemoveLabels(_) => &["U6", "V8r"],
        Change::Publish => &["U7"],
        Change::UpdateFirst(_) => &["U4f"],
        Change::SetFirstLabels(_) => &["U5f"],
        Change::RemoveFirstLabels(_) => &["U6f"],
    }
}

impl Row {
    /// Where and how its request is known; `None` if it sends none.
    pub fn matches(&self) -> Option<(Side, Match)> {
        let (kind, name) = self.job.subject();
        let object = format!("/{}/{name}", if kind == DATASET { "datasets" } else { "datasetversions" });
        let (cloud, kube) = (Side::Cloud, Side::Kubernetes);
        let status = Match::path("PATCH", format!("{object}/status"));
        let intent = "dataset-operator.dev/intent";
        Some(match self.request {
            Request::None => return None,
            Request::Cloud(operation) => (cloud, Match::operation(operation)),
            Request::CloudWith(operation, text) => (cloud, Match::operation(operation).with(text)),
            Request::Sweep => (cloud, Match::operation("ListDatasets").with(domain_mark())),
            Request::Owned => (cloud, Match::operation("ListDatasets").with("Label=").without(domain_mark())),
            Request::Object => (kube, Match::path("GET", object)),
            Request::Claim => (kube, Match::path("PATCH", object).with(intent)),
            Request::Record => (kube, status.with("/status/datasetId")),
            Request::Refusal => (kube, status.with("Refused")),
            Request::Status => (kube, status),
            Request::Finalizer => (kube, Match::path("PATCH", object).with("finalizers").without(intent)),
            Request::Path(path) => (kube, Match::path("GET", path)),
            Request::Event => (kube, Match::path("POST", "/events")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dataset_operator::remote::fields::Fields;
    use dataset_operator::remote::id::RemoteId;
    use dataset_operator::remote::mark::Labels;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let ids: BTreeSet<_> = ROWS.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), ROWS.len());
    }

    /// The rows that are named for the steps that can be made here are rows of that very step.
    #[test]
    fn the_rows_of_a_step_are_its_rows() {
        let id = RemoteId::new("d");
        let changes = [
            Change::Update(Fields::default()),
            Change::SetLabels(Labels::default()),
            Change::Publish,
            Change::RemoveLabels(Vec::new()),
            Change::UpdateFirst(Fields::default()),
            Change::SetFirstLabels(Labels::default()),
            Change::RemoveFirstLabels(Vec::new()),
        ];
        let mut steps = vec![
            Step::Reread,
            Step::Sweep,
            Step::Fetch(id.clone()),
            Step::FindOwned,
            Step::FindNamed(String::new()),
            Step::ListVersions(String::new()),
            Step::Permit,
            Step::Claim(Box::default(), None),
            Step::Create,
            Step::Mark(id.clone(), Labels::default()),
            Step::Unrelease(id.clone()),
            Step::Delete(id.clone()),
            Step::Release(id.clone()),
            Step::Resolve,
            Step::LetGo,
        ];
        steps.extend(changes.map(|change| Step::Change(id.clone(), change)));
        let mut named = BTreeSet::from(["C6", "C6d", "V5", "A6", "C6r", "U8"]);
        for step in &steps {
            for row in rows_of(step) {
                assert_eq!(by_id(row).map(|row| row.step), Some(step.name()), "{row}");
                named.insert(*row);
            }
            assert!(!rows_of(step).is_empty(), "{}", step.name());
        }
        let with_step = ROWS.iter().filter(|row| !row.step.is_empty()).map(|row| row.id);
        assert_eq!(with_step.collect::<BTreeSet<_>>(), named, "a row that no step names");
    }
}
