//! The rows: the effects of the operator, each with a job that brings it about, and the request by which it is known.

mod table;

use dataset_operator::cloud::{self, Operation};
use dataset_operator::plan::edit::Purpose;
use dataset_operator::plan::{Look, Step};
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
    /// The patch that removes the finalizer.
    Finalizer,
    /// A GET whose path ends with this text.
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

/// The rows of a step. A new step does not compile without an entry here.
pub fn rows_of(step: &Step) -> &'static [&'static str] {
    match step {
        Step::Reread => &["D1"],
        Step::Look(Look::Sweep) => &["C4", "V3"],
        Step::Read(_) => &["U5g", "V8g", "W0", "D2", "A2"],
        Step::Look(Look::Owned) => &["C4d", "D6"],
        Step::Look(Look::Named(_)) => &["C4n"],
        Step::Look(Look::Children(..)) => &["D3"],
        Step::Permit => &["C0"],
        Step::Claim(..) => &["C3", "V2", "A3"],
        Step::Create => &["C5", "V4"],
        Step::Edit(edit) => match &edit.purpose {
            Purpose::Spec(_) => rows_of_change(&edit.request),
            Purpose::Mark => &["U10", "A4"],
            Purpose::ClearReleased => &["U9"],
            Purpose::Release => &["W4", "D8"],
            // The stories of jobs end the operator before and after each stop.
            Purpose::Stop => &[],
        },
        Step::Delete(_) => &["W1", "D4", "D4t", "D4s"],
        Step::Resolve => &["C4r"],
        Step::Record(_) => &["C6", "C6d", "V5", "A6"],
        Step::Refuse(..) => &["C6r"],
        Step::RemoveFinalizer => &["W3", "D7"],
        Step::Report(_) => &["U8"],
        // The pass ends, and it did nothing that could be lost.
        Step::Ignore => &[],
    }
}

fn rows_of_change(request: &cloud::Request) -> &'static [&'static str] {
    match (request.operation(), request.version_name()) {
        (Operation::UpdateDataset, _) => &["U4"],
        (Operation::CreateDatasetLabels, _) => &["U5"],
        (Operation::DeleteDatasetLabels, _) => &["U6"],
        (Operation::PublishDataset, _) => &["U7"],
        (Operation::UpdateDatasetVersion, Some("v1")) => &["U4f"],
        (Operation::CreateDatasetVersionLabels, Some("v1")) => &["U5f"],
        (Operation::DeleteDatasetVersionLabels, Some("v1")) => &["U6f"],
        (Operation::UpdateDatasetVersion, _) => &["V7"],
        (Operation::CreateDatasetVersionLabels, _) => &["V8"],
        (Operation::DeleteDatasetVersionLabels, _) => &["V8r"],
        // No other operation changes an existing remote.
        _ => &[],
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

    use dataset_operator::plan::edit::Edit;
    use dataset_operator::remote::fields::Fields;
    use dataset_operator::remote::id::{RemoteId, VERSIONS};
    use dataset_operator::remote::mark::Labels;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let ids: BTreeSet<_> = ROWS.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), ROWS.len());
    }

    /// For each step that can be built here, `rows_of` names only rows of this step.
    #[test]
    fn the_rows_of_a_step_are_its_rows() {
        let (id, keys, labels) = (RemoteId::new("d"), ["k".to_owned()], Labels::default());
        let changes = [
            cloud::Request::update_dataset("d", Fields::default()),
            cloud::Request::create_dataset_labels("d", &labels),
            cloud::Request::publish_dataset("d"),
            cloud::Request::delete_dataset_labels("d", &keys),
        ];
        let of_version = ["v1", "v2"].into_iter().flat_map(|version| {
            [
                cloud::Request::update_dataset_version("d", version, Fields::default()),
                cloud::Request::create_dataset_version_labels("d", version, &labels),
                cloud::Request::delete_dataset_version_labels("d", version, &keys),
            ]
        });
        let edit = |(request, purpose): (cloud::Request, Purpose)| {
            Step::Edit(Box::new(Edit { id: id.clone(), request, after: Vec::new(), replaces: None, purpose }))
        };
        let purposes = [Purpose::Mark, Purpose::ClearReleased, Purpose::Release];
        let marks = purposes.map(|purpose| (cloud::Request::publish_dataset("d"), purpose));
        let changes = changes.into_iter().chain(of_version).map(|request| (request, Purpose::Spec(Vec::new())));
        let mut steps = vec![
            Step::Reread,
            Step::Look(Look::Sweep),
            Step::Read(id.clone()),
            Step::Look(Look::Owned),
            Step::Look(Look::Named(String::new())),
            Step::Look(Look::Children(id.clone(), VERSIONS)),
            Step::Permit,
            Step::Claim(Box::default(), None),
            Step::Create,
            Step::Delete(id.clone()),
            Step::Resolve,
            Step::RemoveFinalizer,
        ];
        steps.extend(changes.chain(marks).map(edit));
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
