//! What the definition of `DatasetFileSet` has beside its type: columns, and rules for where its files are.

use kube::CustomResourceExt;
use kube::core::Rule;

use super::DatasetFileSet;
use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow};
use super::crds::Definition;
use super::rules::{Immutable, immutable, one_dataset, reference_unchanged, unchanged};

const OTHER: &str = "create another DatasetFileSet";
/// The member of status that says that the operator has written metadata.
const ID: &str = "datasetId";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: DatasetFileSet::crd, columns: COLUMNS, rules };

/// The fields that cannot change once there is metadata.
pub const IMMUTABLES: &[Immutable] = &[immutable("datasetVersion", OTHER)];

/// Its columns.
const COLUMNS: &[Column] = &[
    narrow("Dataset", ".status.datasetId", "Id of the dataset in PAI"),
    narrow("Version", ".status.datasetVersion", "Version that the files belong to"),
    narrow("Files", ".status.files.summary", "Files that are there, of all that are listed"),
    READY,
    REASON,
    AGE,
    MESSAGE,
];

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let mut rules = vec![
        one_dataset(),
        Rule::new("!has(self.spec.versionRef) || !has(self.spec.datasetVersion)")
            .message(
                "at most one of versionRef and datasetVersion may be set; without both the set takes the newest version",
            )
            .field_path(".spec.versionRef"),
    ];
    rules.extend(IMMUTABLES.iter().map(|field| unchanged(field, ID, "metadata")));
    rules.push(unchanged(&immutable("datasetId", OTHER), ID, "metadata"));
    rules.extend(
        ["datasetRef", "versionRef"].map(|field| reference_unchanged(&immutable(field, OTHER), ID, "metadata")),
    );
    rules
}
