//! The edits: the spec before, the patch, and the remote after the edit.

use pai_emulator::Dataset;
use serde_json::{Value, json};

use crate::jobs::{ONE, TWO};
use crate::scene::{dataset, label, version};

/// A change of a spec that takes exactly one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A member of the dataset.
    Members,
    /// A member of its v1.
    First,
    /// A label more.
    SetLabels,
    /// A label less.
    RemoveLabels,
    /// Another value of a label of v1.
    SetFirstLabels,
    /// A label of v1 less.
    RemoveFirstLabels,
    /// PRIVATE to PUBLIC.
    Publish,
    /// A member of a version.
    VersionMembers,
    /// A label of a version more.
    SetVersionLabels,
    /// A label of a version less.
    RemoveVersionLabels,
}

impl Edit {
    /// Whether it is an edit of a DatasetVersion.
    pub const fn of_version(self) -> bool {
        matches!(self, Self::VersionMembers | Self::SetVersionLabels | Self::RemoveVersionLabels)
    }
}

/// The spec before.
pub(crate) fn before(edit: Edit) -> Value {
    let mut spec = if edit.of_version() { version(TWO) } else { dataset(ONE) };
    let both = json!([{"key": "light", "value": "day"}, {"key": "drop", "value": "1"}]);
    match edit {
        Edit::RemoveLabels | Edit::RemoveVersionLabels => spec["labels"] = both,
        Edit::SetFirstLabels => spec["versionLabels"] = json!([{"key": "light", "value": "day"}]),
        Edit::RemoveFirstLabels => spec["versionLabels"] = both,
        Edit::First => spec["versionDescription"] = json!("before"),
        Edit::Members | Edit::VersionMembers => spec["description"] = json!("before"),
        Edit::SetLabels | Edit::SetVersionLabels | Edit::Publish => {}
    }
    spec
}

/// The merge patch of the spec.
pub(crate) fn patch(edit: Edit) -> Value {
    match edit {
        Edit::Members | Edit::VersionMembers => json!({"description": "after"}),
        Edit::First => json!({"versionDescription": "after"}),
        Edit::SetLabels | Edit::SetVersionLabels => json!({"labels": [{"key": "team", "value": "vision"}]}),
        Edit::RemoveLabels | Edit::RemoveVersionLabels => json!({"labels": [{"key": "light", "value": "day"}]}),
        Edit::SetFirstLabels => json!({"versionLabels": [{"key": "light", "value": "night"}]}),
        Edit::RemoveFirstLabels => json!({"versionLabels": [{"key": "light", "value": "day"}]}),
        Edit::Publish => json!({"accessibility": "PUBLIC"}),
    }
}

/// Whether the remote is as patched.
pub(crate) fn done(edit: Edit, dataset: &Dataset) -> bool {
    let (first, second) = (dataset.version("v1"), dataset.version("v2"));
    match edit {
        Edit::Members => dataset.description.as_deref() == Some("after"),
        Edit::First => first.is_some_and(|version| version.description.as_deref() == Some("after")),
        Edit::SetLabels => label(&dataset.labels, "team") == Some("vision"),
        Edit::RemoveLabels => {
            label(&dataset.labels, "drop").is_none() && label(&dataset.labels, "light") == Some("day")
        }
        Edit::SetFirstLabels => first.is_some_and(|version| label(&version.labels, "light") == Some("night")),
        Edit::RemoveFirstLabels => first.is_some_and(|version| {
            label(&version.labels, "drop").is_none() && label(&version.labels, "light") == Some("day")
        }),
        Edit::Publish => dataset.accessibility == "PUBLIC",
        Edit::VersionMembers => second.is_some_and(|version| version.description.as_deref() == Some("after")),
        Edit::SetVersionLabels => second.is_some_and(|version| label(&version.labels, "team") == Some("vision")),
        Edit::RemoveVersionLabels => second.is_some_and(|version| {
            label(&version.labels, "drop").is_none() && label(&version.labels, "light") == Some("day")
        }),
    }
}
