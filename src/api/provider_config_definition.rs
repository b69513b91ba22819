//! What the definitions of `ProviderConfig` and `ClusterProviderConfig` have beside their types: columns, and rules.

use kube::CustomResourceExt;
use kube::core::{Reason, Rule};

use super::columns::{AGE, Column, MESSAGE, READY, REASON, narrow, wide};
use super::crds::Definition;
use super::{ClusterProviderConfig, ProviderConfig};

/// That of `ProviderConfig`.
pub(super) const DEFINITION: Definition = Definition { crd: ProviderConfig::crd, columns: COLUMNS, rules };

/// That of `ClusterProviderConfig`.
pub(super) const OF_CLUSTER: Definition =
    Definition { crd: ClusterProviderConfig::crd, columns: COLUMNS, rules: rules_of_cluster };

/// The columns of both.
const COLUMNS: &[Column] = &[
    narrow("Account", ".status.accountId", "Id of the account"),
    narrow("Source", ".status.source", "Source of the credentials"),
    READY,
    REASON,
    narrow("Users", ".status.users", "Number of objects that belong to the account"),
    AGE,
    wide("Identity", ".status.arn", "Identity in use"),
    wide("Expires", ".status.expiresAt", "When the credentials in use end"),
    MESSAGE,
];

fn rules() -> Vec<Rule> {
    let mut rules = common_rules();
    rules.push(
        Rule::new("!has(self.spec.credentials) || !(self.spec.credentials.source in ['Environment', 'ECSRole', 'URI'])")
            .message(
                "credentials.source Environment, ECSRole and URI would let a namespace use the operator's own identity, that of its \
                 machine, or its network: only a ClusterProviderConfig has them; use Secret, Bearer or RRSA",
            )
            .reason(Reason::FieldValueForbidden)
            .field_path(".spec.credentials.source"),
    );
    rules
}

fn rules_of_cluster() -> Vec<Rule> {
    let endpoints = ["endpoint", "stsEndpoint", "immEndpoint"].map(kept);
    common_rules().into_iter().chain(endpoints).collect()
}

/// The field cannot change, appear or go: what objects recorded is there.
fn kept(field: &str) -> Rule {
    Rule::new(format!(
        "has(self.spec.{field}) == has(oldSelf.spec.{field}) && (!has(self.spec.{field}) || self.spec.{field} == \
         oldSelf.spec.{field})"
    ))
    .message(format!("{field} cannot change, as objects have recorded what is there: create another config").as_str())
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".spec.{field}"))
}

fn common_rules() -> Vec<Rule> {
    vec![
        kept("region"),
        Rule::new("has(self.spec.credentials)")
            .message("credentials is required: where the credentials come from, such as {source: Secret, secretRef: {name: pai}}")
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.credentials"),
    ]
}
