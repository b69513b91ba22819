//! The lane in which a reconcile waits for its first call, and the operation whose permit it waits for.

use super::*;
use crate::cloud::Request;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::marked::tests::view;
use crate::plan::report::{Next, Ready, Report};
use crate::reconcile::conditions;
use crate::remote::id::VERSIONS;

fn edit(request: Request) -> Step {
    let purpose = Purpose::Spec(Vec::new());
    Step::Edit(Box::new(Edit { id: id(), request, after: Vec::new(), replaces: None, purpose }))
}

fn id() -> RemoteId {
    RemoteId::new("d-1")
}

/// An object that recorded its remote and is Ready for its generation.
fn settled() -> View {
    let mut view = view();
    let ready = Report::new(Ready::Available("fine".into()), Next::Event);
    view.recorded =
        conditions::next_status(&view.recorded, &ready, view.object.generation, jiff::Timestamp::UNIX_EPOCH);
    view.recorded.id = Some(id());
    view
}

#[test]
fn a_look_at_a_settled_object_gives_way_unless_somebody_asked_for_it() {
    let (mut view, look) = (settled(), Step::Read(id()));
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
    let drift = edit(Request::update_dataset("d-1", Fields::new()));
    assert_eq!(lane_of(&settled(), &drift), Lane::Create, "what it lacks comes before what is only looked after");
    let mut edited = settled();
    edited.object.generation += 1;
    let mut deleted = settled();
    deleted.object.deleting = true;
    let mut unmade = settled();
    unmade.recorded.id = None;
    for step in [Step::Read(id()), drift] {
        assert_eq!(lane_of(&edited, &step), Lane::UserChange);
        assert_eq!(lane_of(&deleted, &step), Lane::UserChange);
        assert_eq!(lane_of(&unmade, &step), Lane::Create);
    }
    unmade.object.deleting = true;
    assert_eq!(lane_of(&unmade, &Step::Look(Look::Owned)), Lane::UserChange);
}

#[test]
fn a_pass_waits_for_the_permit_of_the_call_that_it_makes_first() {
    let (mut view, version) = (settled(), RemoteId::new("d-1").join("v2"));
    let first = |view: &View, step: Step| operation_of(view, &step);
    assert_eq!(first(&view, Step::Read(id())), Some(Operation::GetDataset));
    assert_eq!(first(&view, Step::Read(version.clone())), Some(Operation::GetDatasetVersion));
    assert_eq!(first(&view, Step::Look(Look::Owned)), Some(Operation::ListDatasets));
    assert_eq!(first(&view, Step::Look(Look::Named("n".into()))), Some(Operation::ListDatasets));
    assert_eq!(first(&view, Step::Look(Look::Children(id(), VERSIONS))), Some(Operation::ListDatasetVersions));
    assert_eq!(
        first(&view, edit(Request::create_dataset_labels("d-1", &Labels::new()))),
        Some(Operation::CreateDatasetLabels)
    );
    assert_eq!(
        first(&view, edit(Request::delete_dataset_version_labels("d-1", "v2", &[]))),
        Some(Operation::DeleteDatasetVersionLabels)
    );
    assert_eq!(first(&view, edit(Request::publish_dataset("d-1"))), Some(Operation::PublishDataset));
    let of_version = View { profile: &crate::kinds::version::PROFILE, ..view.clone() };
    assert_eq!(first(&of_version, Step::Delete(version.clone())), Some(Operation::DeleteDatasetVersion));
    assert_eq!(first(&of_version, Step::Look(Look::Owned)), Some(Operation::ListDatasetVersions));
    assert_eq!(first(&view, Step::Create), None, "it has a permit of its own");

    // The read before a delete is shared, so the object waits for the permit of the delete.
    view.object.deleting = true;
    assert_eq!(first(&view, Step::Read(id())), Some(Operation::DeleteDataset));
    view.deletion = Some(Deletion::Retain);
    assert_eq!(first(&view, Step::Read(id())), Some(Operation::CreateDatasetLabels));
    assert_eq!(first(&view, Step::Read(version)), Some(Operation::GetDatasetVersion));
    assert_eq!(first(&view, Step::Read(RemoteId::new("d-2"))), Some(Operation::GetDataset), "not its own");
}

#[test]
fn an_object_that_goes_waits_in_line_before_it_is_read() {
    let mut view = settled();
    view.object.deleting = true;
    view.object.finalizer = true;
    view.recorded.origin = Some(crate::remote::mark::Origin::Created);
    assert_eq!(plan(&view), Step::Reread);
    assert_eq!(after_reread(&view), Some(Operation::DeleteDataset));
    view.deletion = Some(Deletion::Retain);
    assert_eq!(after_reread(&view), Some(Operation::CreateDatasetLabels));
    view.object.force_release = Some("d-1".to_owned());
    assert_eq!(after_reread(&view), None, "no call follows");
}
