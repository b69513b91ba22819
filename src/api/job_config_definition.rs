//! What the definition of `DatasetJobConfig` has beside its type: columns, and rules for what a configuration needs and what
//! must not change.

use kube::CustomResourceExt;
use kube::core::{Reason, Rule};

use super::DatasetJobConfig;
use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow, wide};
use super::crds::Definition;
use super::rules::{Immutable, adoption_unchanged, immutable, one_dataset, reference_unchanged, unchanged};
use super::values::ConfigType;

const OTHER: &str = "create another DatasetJobConfig";
/// The member of status that says that the configuration exists.
const ID: &str = "datasetJobConfigId";
/// What messages call it.
const WHAT: &str = "configuration";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: DatasetJobConfig::crd, columns: COLUMNS, rules };

/// The fields of a configuration that cannot change once it exists.
pub const IMMUTABLES: &[Immutable] = &[immutable("configType", OTHER)];

/// Its columns.
const COLUMNS: &[Column] = &[
    narrow("Dataset", ".status.datasetId", "Id of the dataset in PAI"),
    narrow("Type", ".spec.configType", "Which jobs use the configuration"),
    READY,
    REASON,
    AGE,
    wide("ID", ".status.datasetJobConfigId", "Id of the configuration in PAI"),
    MESSAGE,
];

/// The field that each type needs, and that no other type may have.
const FIELDS: &[(ConfigType, &str)] = &[
    (ConfigType::MultimodalIntelligentTag, "multimodalIntelligentTag"),
    (ConfigType::MultimodalSemanticIndex, "multimodalSemanticIndex"),
];

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let mut rules = vec![
        one_dataset(),
        Rule::new("has(self.spec.configType)")
            .message("configType is required: MultimodalIntelligentTag or MultimodalSemanticIndex")
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.configType"),
    ];
    rules.extend(FIELDS.iter().flat_map(|(of, field)| {
        let is = format!("has(self.spec.configType) && self.spec.configType == '{of}'");
        [
            Rule::new(format!("!({is}) || has(self.spec.{field})"))
                .message(format!("{field} is required with configType {of}").as_str())
                .reason(Reason::FieldValueRequired)
                .field_path(format!(".spec.{field}")),
            Rule::new(format!("!has(self.spec.{field}) || !has(self.spec.configType) || {is}"))
                .message(
                    format!("{field} is possible only with configType {of}: remove it, or change configType").as_str(),
                )
                .field_path(format!(".spec.{field}")),
        ]
    }));
    rules.extend(IMMUTABLES.iter().map(|field| unchanged(field, ID, WHAT)));
    rules.push(unchanged(&immutable("datasetId", OTHER), ID, WHAT));
    rules.push(reference_unchanged(&immutable("datasetRef", OTHER), ID, WHAT));
    rules.push(adoption_unchanged(ID, WHAT));
    rules
}
