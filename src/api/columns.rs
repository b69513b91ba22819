//! The columns that `kubectl get` prints; wide ones only with `-o wide`.

use serde_json::{Value, json};

/// One column.
pub(super) struct Column {
    name: &'static str,
    path: &'static str,
    wide: bool,
    about: &'static str,
}

const fn narrow(name: &'static str, path: &'static str, about: &'static str) -> Column {
    Column { name, path, wide: false, about }
}

const fn wide(name: &'static str, path: &'static str, about: &'static str) -> Column {
    Column { name, path, wide: true, about }
}

const READY: Column =
    narrow("Ready", r#".status.conditions[?(@.type=="Ready")].status"#, "Whether the cloud dataset equals the spec");
const REASON: Column = narrow("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#, "Why Ready has its value");
const AGE: Column = narrow("Age", ".metadata.creationTimestamp", "Time since the object was created");
const MESSAGE: Column = wide("Message", r#".status.conditions[?(@.type=="Ready")].message"#, "Details of the reason");

/// Columns of `Dataset`.
pub(super) const DATASET: &[Column] = &[
    narrow("ID", ".status.datasetId", "Id of the dataset in PAI"),
    READY,
    REASON,
    narrow("Version", ".status.latestVersion", "Newest version"),
    AGE,
    wide("Type", ".status.dataSourceType", "Kind of storage"),
    wide("URI", ".status.uri", "Location of the data of version v1"),
    wide("Workspace", ".status.workspaceId", "Id of the PAI workspace"),
    MESSAGE,
];

/// Columns of `DatasetVersion`.
pub(super) const DATASET_VERSION: &[Column] = &[
    narrow("Dataset", ".spec.datasetRef.name", "Name of the Dataset object"),
    narrow("Version", ".status.versionName", "Name that the service gave the version"),
    READY,
    REASON,
    AGE,
    wide("DatasetID", ".status.datasetId", "Id of the dataset in PAI"),
    wide("URI", ".status.uri", "Location of the data"),
    MESSAGE,
];

impl Column {
    /// As it stands in a custom resource definition.
    pub(super) fn to_json(&self) -> Value {
        let type_ = if self.name == AGE.name { "date" } else { "string" };
        let mut column = json!({
            "name": self.name,
            "type": type_,
            "jsonPath": self.path,
            "description": self.about,
        });
        if self.wide {
            column["priority"] = 1.into();
        }
        column
    }
}
