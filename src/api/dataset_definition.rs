//! What the definition of `Dataset` has beside its type: columns, and rules for what must not change.

use kube::CustomResourceExt;
use kube::core::{Reason, Rule};

use super::Dataset;
use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow, wide};
use super::crds::Definition;
use super::rules::{
    Immutable, adoption_unchanged, immutable, reference_unchanged, required_unless, scheme_fits, unchanged,
};

const NEW_VERSION: &str = "create a DatasetVersion to describe other data";
const NEW_DATASET: &str = "create another Dataset";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: Dataset::crd, columns: COLUMNS, rules };

/// The fields of a dataset that cannot change once it exists.
pub const IMMUTABLES: &[Immutable] = &[
    immutable("property", NEW_VERSION),
    immutable("dataSourceType", NEW_DATASET),
    immutable("uri", "create a DatasetVersion to point at new data"),
    immutable("dataType", NEW_DATASET),
    immutable("sourceType", NEW_VERSION),
    immutable("sourceId", NEW_VERSION),
    immutable("userId", NEW_DATASET),
    immutable("workspaceId", NEW_DATASET),
    immutable("importInfo", NEW_VERSION),
    immutable("provider", NEW_DATASET),
    immutable("providerType", NEW_DATASET),
    immutable("sourceDatasetId", NEW_DATASET),
    immutable("sourceDatasetVersion", NEW_DATASET),
];

/// Its columns.
const COLUMNS: &[Column] = &[
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

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let adopted = "has(self.spec.adoption) && has(self.spec.adoption.datasetId)";
    let mut rules: Vec<Rule> =
        ["property", "dataSourceType", "uri"].map(|field| required_unless(field, adopted, "adoption.datasetId")).into();
    rules.push(
        Rule::new(format!(
            "has(self.spec.name) || ({adopted}) || (size(self.metadata.name) <= 127 && !self.metadata.name.contains('.'))"
        ))
        .message(
            "metadata.name is not a valid dataset name (at most 127 characters, no '.'): set spec.name",
        )
        .reason(Reason::FieldValueRequired)
        .field_path(".spec.name"),
    );
    rules.push(
        Rule::new("!has(self.spec.provider) || self.spec.provider != 'pai'")
            .message("provider 'pai' is reserved for the platform's own datasets")
            .field_path(".spec.provider"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.accessibility) || self.spec.accessibility != 'ROLE_PUBLIC' || \
             (has(self.spec.accessibleRoleIdList) && size(self.spec.accessibleRoleIdList) > 0)",
        )
        .message("accessibility ROLE_PUBLIC needs at least one role in accessibleRoleIdList")
        .reason(Reason::FieldValueRequired)
        .field_path(".spec.accessibleRoleIdList"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.accessibleRoleIdList) || size(self.spec.accessibleRoleIdList) == 0 || \
             (has(self.spec.accessibility) && self.spec.accessibility == 'ROLE_PUBLIC')",
        )
        .message("accessibleRoleIdList has a meaning only with accessibility: ROLE_PUBLIC")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.accessibleRoleIdList"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.edition) || !has(oldSelf.spec.edition) || self.spec.edition == oldSelf.spec.edition || \
             !has(self.status) || !has(self.status.datasetId) || \
             (oldSelf.spec.edition == 'BASIC' && self.spec.edition == 'ADVANCED')",
        )
        .message(
            "edition can only change from BASIC to ADVANCED once the dataset exists; create another Dataset, \
             or remove the field to leave the edition as it is",
        )
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.edition"),
    );
    rules.push(scheme_fits());
    rules.extend(source());
    rules.extend(IMMUTABLES.iter().map(|field| unchanged(field, "datasetId", "dataset")));
    rules.push(adoption_unchanged("datasetId", "dataset"));
    rules
}

/// The dataset that was labelled is named in one way, stays the same, and is another one.
fn source() -> [Rule; 4] {
    let field = immutable("sourceDatasetRef", NEW_DATASET);
    let version = "!has(self.spec.sourceDatasetRef) || !has(oldSelf.spec.sourceDatasetRef) || \
                   self.spec.sourceDatasetRef.name != oldSelf.spec.sourceDatasetRef.name || \
                   (has(self.spec.sourceDatasetRef.version) == has(oldSelf.spec.sourceDatasetRef.version) && \
                   (!has(self.spec.sourceDatasetRef.version) || \
                   self.spec.sourceDatasetRef.version == oldSelf.spec.sourceDatasetRef.version)) || \
                   !has(self.status) || !has(self.status.datasetId)";
    // What was stored with a reference passes.
    let first = |rule: &str| {
        let stored = "oldSelf.hasValue() && has(oldSelf.value().spec.sourceDatasetRef)";
        Rule::new(format!("!has(self.spec.sourceDatasetRef) || ({stored}) || ({rule})")).optional_old_self(true)
    };
    [
        first("!has(self.spec.sourceDatasetId) && !has(self.spec.sourceDatasetVersion)")
            .message(
                "sourceDatasetRef stands in place of sourceDatasetId and sourceDatasetVersion: remove these, or it",
            )
            .field_path(".spec.sourceDatasetRef"),
        first("self.spec.sourceDatasetRef.name != self.metadata.name")
            .message("sourceDatasetRef.name is that of this Dataset itself; name the Dataset that was labelled")
            .field_path(".spec.sourceDatasetRef.name"),
        reference_unchanged(&field, "datasetId", "dataset"),
        Rule::new(version)
            .message(
                format!(
                    "sourceDatasetRef.version cannot change once the dataset exists: {NEW_DATASET}, or set it back"
                )
                .as_str(),
            )
            .reason(Reason::FieldValueForbidden)
            .field_path(".spec.sourceDatasetRef.version"),
    ]
}
