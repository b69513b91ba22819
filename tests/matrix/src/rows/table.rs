//! The table of the rows, a line each.

use super::{Class as C, Request as R, Row};
use crate::jobs::{Edit, Job as J};
use crate::scene::{DATASET, VERSION};

const fn row(
    id: &'static str,
    what: &'static str,
    (step, kind): (&'static str, &'static str),
    class: C,
    request: R,
    job: J,
) -> Row {
    Row { id, what, step, kind, class, request, job }
}

/// Every row.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row("K1", "GET of kube-system at start", ("", ""), C::Boot, R::Path("/namespaces/kube-system"), J::CreateCold),
    row("K2", "list and watch of Datasets", ("", ""), C::Boot, R::Path("/datasets"), J::CreateCold),
    row("K3", "list and watch of DatasetVersions", ("", ""), C::Boot, R::Path("/datasetversions"), J::CreateCold),
    row("K4", "GET of the server's version at start", ("", ""), C::Boot, R::Path("/version"), J::CreateCold),
    row("C0", "permit of the limiter", ("Permit", DATASET), C::Nothing, R::None, J::Create),
    row("C3", "claim: finalizer and intent", ("Claim", DATASET), C::Write, R::Claim, J::Create),
    row("C4", "look first: the sweep", ("Sweep", DATASET), C::List, R::Sweep, J::CreateCold),
    row("C4d", "list by owner mark, in doubt", ("FindOwned", DATASET), C::List, R::Owned, J::Doubt),
    row("C4n", "list by name", ("FindNamed", DATASET), C::List, R::CloudWith("ListDatasets", "Name=one"), J::AdoptByName),
    row("C4r", "the doubt is over: nothing came of it", ("Resolve", DATASET), C::Nothing, R::None, J::Lost),
    row("C5", "CreateDataset", ("Create", DATASET), C::Create, R::Cloud("CreateDataset"), J::Create),
    row("C6", "record: id, identity, outcome, Ready", ("Record", DATASET), C::Write, R::Record, J::Create),
    row("C6d", "record of what was found by its mark", ("Record", DATASET), C::Write, R::Record, J::Doubt),
    row("C6r", "record of a refusal", ("Refuse", DATASET), C::Write, R::Refusal, J::Refused),
    row("C9", "event", ("", ""), C::Event, R::Event, J::Create),
    row("U4", "UpdateDataset", ("Change", DATASET), C::Change, R::Cloud("UpdateDataset"), J::Edit(Edit::Members)),
    row("U4f", "UpdateDatasetVersion of v1", ("Change", DATASET), C::Change, R::Cloud("UpdateDatasetVersion"), J::Edit(Edit::First)),
    row("U5", "CreateDatasetLabels", ("Change", DATASET), C::Change, R::Cloud("CreateDatasetLabels"), J::Edit(Edit::SetLabels)),
    row("U5g", "GetDatasetVersion before v1's full set of labels", ("Read", DATASET), C::Get, R::Cloud("GetDatasetVersion"), J::Edit(Edit::SetFirstLabels)),
    row("U5f", "CreateDatasetVersionLabels of v1", ("Change", DATASET), C::Change, R::Cloud("CreateDatasetVersionLabels"), J::Edit(Edit::SetFirstLabels)),
    row("U6", "DeleteDatasetLabels", ("Change", DATASET), C::Change, R::Cloud("DeleteDatasetLabels"), J::Edit(Edit::RemoveLabels)),
    row("U6f", "DeleteDatasetVersionLabels of v1", ("Change", DATASET), C::Change, R::Cloud("DeleteDatasetVersionLabels"), J::Edit(Edit::RemoveFirstLabels)),
    row("U7", "PublishDataset", ("Change", DATASET), C::Change, R::Cloud("PublishDataset"), J::Edit(Edit::Publish)),
    row("U8", "report: conditions", ("Report", DATASET), C::Write, R::Status, J::Edit(Edit::Members)),
    row("U9", "take dso-released off again", ("ClearReleased", DATASET), C::Change, R::CloudWith("DeleteDatasetLabels", "dso-released"), J::Unrelease),
    row("U10", "put our mark back", ("Mark", DATASET), C::Change, R::CloudWith("CreateDatasetLabels", "dso-attempt"), J::Remark),
    row("V2", "claim of a version", ("Claim", VERSION), C::Write, R::Claim, J::CreateVersion),
    row("V3", "ListDatasetVersions before a create", ("Sweep", VERSION), C::List, R::Cloud("ListDatasetVersions"), J::NextVersion),
    row("V4", "CreateDatasetVersion", ("Create", VERSION), C::Create, R::Cloud("CreateDatasetVersion"), J::CreateVersion),
    row("V5", "record of a version", ("Record", VERSION), C::Write, R::Record, J::CreateVersion),
    row("V7", "UpdateDatasetVersion", ("Change", VERSION), C::Change, R::Cloud("UpdateDatasetVersion"), J::Edit(Edit::VersionMembers)),
    row("V8g", "GetDatasetVersion before the full set of labels", ("Read", VERSION), C::Get, R::Cloud("GetDatasetVersion"), J::Edit(Edit::SetVersionLabels)),
    row("V8", "CreateDatasetVersionLabels", ("Change", VERSION), C::Change, R::Cloud("CreateDatasetVersionLabels"), J::Edit(Edit::SetVersionLabels)),
    row("V8r", "DeleteDatasetVersionLabels", ("Change", VERSION), C::Change, R::Cloud("DeleteDatasetVersionLabels"), J::Edit(Edit::RemoveVersionLabels)),
    row("W0", "GetDatasetVersion before the deletion", ("Read", VERSION), C::Get, R::Cloud("GetDatasetVersion"), J::DeleteVersion),
    row("W1", "DeleteDatasetVersion", ("Delete", VERSION), C::Delete, R::Cloud("DeleteDatasetVersion"), J::DeleteVersion),
    row("W3", "finalizer of a version", ("RemoveFinalizer", VERSION), C::Write, R::Finalizer, J::DeleteVersion),
    row("W4", "release of a retained version", ("Release", VERSION), C::Change, R::CloudWith("CreateDatasetVersionLabels", "dso-released"), J::RetainVersion),
    row("D1", "GET of the object with quorum", ("Reread", DATASET), C::Read, R::Object, J::Delete),
    row("D2", "GetDataset before the deletion", ("Read", DATASET), C::Get, R::Cloud("GetDataset"), J::Delete),
    row("D3", "ListDatasetVersions before a tree goes", ("ListChildren", DATASET), C::List, R::Cloud("ListDatasetVersions"), J::DeleteTree),
    row("D4", "DeleteDataset", ("Delete", DATASET), C::Delete, R::Cloud("DeleteDataset"), J::Delete),
    row("D4t", "DeleteDataset of a tree", ("Delete", DATASET), C::Delete, R::Cloud("DeleteDataset"), J::DeleteTree),
    row("D4s", "DeleteDataset of surplus", ("Delete", DATASET), C::Delete, R::Cloud("DeleteDataset"), J::Surplus),
    row("D6", "list by owner mark before the finalizer leaves", ("FindOwned", DATASET), C::List, R::Owned, J::DeleteAfterDoubt),
    row("D7", "finalizer", ("RemoveFinalizer", DATASET), C::Write, R::Finalizer, J::Delete),
    row("D8", "release of a retained dataset", ("Release", DATASET), C::Change, R::CloudWith("CreateDatasetLabels", "dso-released"), J::Retain),
    row("A2", "GetDataset of what is adopted", ("Read", DATASET), C::Get, R::Cloud("GetDataset"), J::AdoptById),
    row("A3", "claim of an adoption", ("Claim", DATASET), C::Write, R::Claim, J::AdoptById),
    row("A4", "our mark on what is adopted", ("Mark", DATASET), C::Change, R::CloudWith("CreateDatasetLabels", "dso-attempt"), J::AdoptById),
    row("A6", "record of an adoption", ("Record", DATASET), C::Write, R::Record, J::AdoptById),
];
