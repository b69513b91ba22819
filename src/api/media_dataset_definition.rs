//! What the definition of `MediaDataset` has beside its type: columns, and rules for what must not change.

use kube::CustomResourceExt;
use kube::core::{Reason, Rule};

use super::MediaDataset;
use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow};
use super::crds::Definition;
use super::rules::{Immutable, immutable, unchanged};

const OTHER: &str = "create another MediaDataset";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: MediaDataset::crd, columns: COLUMNS, rules };

/// The fields of a dataset that cannot change once it exists.
pub const IMMUTABLES: &[Immutable] = &[PROJECT_NAME, NAME];
const PROJECT_NAME: Immutable = immutable("projectName", OTHER);
const NAME: Immutable = immutable("name", OTHER);

/// Its columns.
const COLUMNS: &[Column] = &[
    narrow("Project", ".spec.projectName", "Name of the IMM project"),
    narrow("Name", ".status.name", "Name of the dataset"),
    READY,
    REASON,
    narrow("Files", ".status.fileCount", "Number of its files, with statistics: true"),
    AGE,
    MESSAGE,
];

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let mut rules = vec![
        Rule::new("has(self.spec.projectName)")
            .message("projectName is required: the name of an IMM project that exists")
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.projectName"),
        Rule::new("has(self.spec.name) || self.metadata.name.matches('^[a-z][a-z0-9-]{0,127}$')")
            .message(
                "metadata.name is not a valid name of an IMM dataset (at most 128 characters, first a letter, no '.'): set \
                 spec.name",
            )
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.name"),
    ];
    // Both are recorded at once, so each tells whether the other one is.
    rules.push(unchanged(&PROJECT_NAME, "name", "dataset"));
    rules.push(unchanged(&NAME, "projectName", "dataset"));
    rules
}
