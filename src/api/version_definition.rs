//! What the definition of `DatasetVersion` has beside its type: columns, and rules for what must not change.

use kube::CustomResourceExt;
use kube::core::Rule;

use super::DatasetVersion;
use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow, wide};
use super::crds::Definition;
use super::rules::{
    Immutable, adoption_unchanged, immutable, one_dataset, reference_unchanged, required_unless, scheme_fits, unchanged,
};

const OTHER_VERSION: &str = "create another DatasetVersion";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: DatasetVersion::crd, columns: COLUMNS, rules };

/// The fields of a version that cannot change once it exists.
pub const IMMUTABLES: &[Immutable] = &[
    immutable("property", OTHER_VERSION),
    immutable("dataSourceType", OTHER_VERSION),
    immutable("uri", "create another DatasetVersion to point at new data"),
    immutable("sourceType", OTHER_VERSION),
    immutable("sourceId", OTHER_VERSION),
    immutable("importInfo", OTHER_VERSION),
];

/// Its columns.
const COLUMNS: &[Column] = &[
    narrow("Dataset", ".spec.datasetRef.name", "Name of the Dataset object"),
    narrow("Version", ".status.versionName", "Name that the service gave the version"),
    READY,
    REASON,
    AGE,
    wide("DatasetID", ".status.datasetId", "Id of the dataset in PAI"),
    wide("URI", ".status.uri", "Location of the data"),
    MESSAGE,
];

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let adopted = "has(self.spec.adoption) && has(self.spec.adoption.versionName)";
    let mut rules = vec![one_dataset()];
    rules.extend(
        ["property", "dataSourceType", "uri"].map(|field| required_unless(field, adopted, "adoption.versionName")),
    );
    rules.push(scheme_fits());
    rules.extend(IMMUTABLES.iter().map(|field| unchanged(field, "versionName", "version")));
    rules.push(unchanged(&immutable("datasetId", OTHER_VERSION), "versionName", "version"));
    rules.push(reference_unchanged(&immutable("datasetRef", OTHER_VERSION), "versionName", "version"));
    rules.push(adoption_unchanged("versionName", "version"));
    rules
}
