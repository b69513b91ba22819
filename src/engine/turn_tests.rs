//! In which lane a pass waits for its first call, and for the permit of which operation.

use super::super::plan::Change;
use super::super::plan::tests::view;
use super::super::report::{Next, Ready, Report};
use super::super::status;
use super::*;
use crate::engine::fields::Fields;

fn id() -> RemoteId {
    RemoteId::dataset("d-1")
}

/// An object that recorded its remote and is Ready for its generation.
fn settled() -> View {
    let mut view = view();
    let ready = Report::new(Ready::Available("fine".into()), Next::Event);
    view.recorded = status::told(&view.recorded, &ready, view.object.generation, jiff::Timestamp::UNIX_EPOCH);
    view.recorded.id = Some(id());
    view
}

#[test]
fn a_look_at_a_settled_object_gives_way_unless_somebody_asked_for_it() {
    let (mut view, look) = (settled(), Step::Fetch(id()));
    assert_eq!(lane_of(&view, &look), Lane::Sweep);
    view.object.requested = Some("2026-01-01".into());
    assert_eq!(lane_of(&view, &look), Lane::UserChange, "a requested reconcile");
    view.recorded.handled = Some("2026-01-01".into());
    assert_eq!(lane_of(&view, &look), Lane::Sweep, "it was carried out");
    view.object.requested = Some("2026-01-02".into());
    assert_eq!(lane_of(&view, &look), Lane::UserChange, "the next one");
}

#[test]
fn edits_and_deletions_go_before_creates_and_creates_before_looks() {
    let drift = Step::Change(id(), Change::Update(Fields::new()));
    assert_eq!(lane_of(&settled(), &drift), Lane::Create, "what it lacks comes before what is only looked after");
    let mut edited = settled();
    edited.object.generation += 1;
    let mut deleted = settled();
    deleted.object.deleting = true;
    let mut unmade = settled();
    unmade.recorded.id = None;
    for step in [Step::Fetch(id()), drift] {
        assert_eq!(lane_of(&edited, &step), Lane::UserChange);
        assert_eq!(lane_of(&deleted, &step), Lane::UserChange);
        assert_eq!(lane_of(&unmade, &step), Lane::Create);
    }
    unmade.object.deleting = true;
    assert_eq!(lane_of(&unmade, &Step::FindOwned), Lane::UserChange);
}

#[test]
fn a_pass_waits_for_the_permit_of_the_call_that_it_makes_first() {
    let (mut view, version) = (settled(), RemoteId::version("d-1", "v2"));
    let first = |view: &View, step: Step| operation_of(view, &step);
    assert_eq!(first(&view, Step::Fetch(id())), Some(Operation::GetDataset));
    assert_eq!(first(&view, Step::Fetch(version.clone())), Some(Operation::GetDatasetVersion));
    assert_eq!(first(&view, Step::FindOwned), Some(Operation::ListDatasets));
    assert_eq!(first(&view, Step::FindNamed("n".into())), Some(Operation::ListDatasets));
    assert_eq!(first(&view, Step::ListVersions("d-1".into())), Some(Operation::ListDatasetVersions));
    assert_eq!(first(&view, Step::Release(id())), Some(Operation::CreateDatasetLabels));
    assert_eq!(first(&view, Step::Unrelease(version.clone())), Some(Operation::DeleteDatasetVersionLabels));
    assert_eq!(first(&view, Step::Change(id(), Change::Publish)), Some(Operation::PublishDataset));
    assert_eq!(first(&view, Step::Delete(version.clone())), Some(Operation::DeleteDatasetVersion));
    assert_eq!(first(&view, Step::Create), None, "it has a permit of its own");

    // The read before a delete is shared: the delete is what is waited for.
    view.object.deleting = true;
    assert_eq!(first(&view, Step::Fetch(id())), Some(Operation::DeleteDataset));
    view.deletion = Some(Deletion::Retain);
    assert_eq!(first(&view, Step::Fetch(id())), Some(Operation::CreateDatasetLabels));
    assert_eq!(first(&view, Step::Fetch(version)), Some(Operation::GetDatasetVersion));
    assert_eq!(first(&view, Step::Fetch(RemoteId::dataset("d-2"))), Some(Operation::GetDataset), "not its own");
}
