//! `ProviderConfig` and `ClusterProviderConfig`: an account of Alibaba Cloud, and what objects may do with it.
//!
//! Both have the same fields; a ClusterProviderConfig has besides what only those who run the operator may say: endpoints, and
//! which namespaces may use it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::field_rules as rules;
use super::provider_credentials::{CredentialsSource, CredentialsSpec};
use super::sparse::sparse;
use super::values::values;

values! {
    /// What objects may take over that exists already.
    AdoptionScope {
        /// Nothing, except what the very object made.
        Never = "Never",
        /// What carries the ownership mark of an earlier object of the same kind, namespace and name.
        Marked = "Marked",
        /// Anything, by its id or name.
        Any = "Any",
    }
}

values! {
    /// The kinds that hold an account.
    ProviderConfigKind {
        /// Of the namespace of the object.
        ProviderConfig = "ProviderConfig",
        /// Of the cluster.
        ClusterProviderConfig = "ClusterProviderConfig",
    }
}

sparse! {
    /// An account of Alibaba Cloud, and what objects may do with it.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "dataset-operator.dev",
        version = "v1alpha1",
        kind = "ProviderConfig",
        plural = "providerconfigs",
        category = "alibabacloud",
        namespaced,
        status = "ProviderConfigStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "An account of Alibaba Cloud that the objects of a namespace use."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct ProviderConfigSpec {
        /// Region, such as `cn-hangzhou`. Immutable. Default: that of the operator (`--region`).
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::region())]
        pub region: Option<String>,

        /// PAI workspace of the objects that do not set `spec.workspaceId`: its number. Mutable.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::decimal("workspaceId", "12345"))]
        pub workspace_id: Option<String>,

        /// Where the credentials come from. Required. Mutable, as long as they are of the same account.
        pub credentials: Option<CredentialsSpec>,

        /// PAI workspaces in which objects may create and adopt: their numbers, or `*` for any. What exists already is still
        /// edited and deleted. Mutable. Default: `workspaceId` alone.
        #[schemars(length(max = 256), inner(length(min = 1, max = 64)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub workspaces: Option<Vec<String>>,

        /// What objects may take over that exists already. Mutable. Default: `Marked`.
        pub adoption: Option<AdoptionScope>,

        /// How fast the service may be called. It counts calls per account and region, so of several configs of one account
        /// the first one decides. A change counts after a restart of the operator.
        pub limits: Option<LimitsSpec>,
    }
}

sparse! {
    /// How fast the service may be called.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct LimitsSpec {
        /// Calls per second of the account. Default: that of the operator (`--qps`).
        #[schemars(range(min = 1, max = 10_000))]
        pub qps: Option<i32>,

        /// Calls per second of single operations, such as `CreateDataset: 20`. Default: that of the operator
        /// (`--operation-qps`).
        #[schemars(length(max = 64))]
        pub operation_qps: Option<BTreeMap<String, i32>>,
    }
}

/// An account of Alibaba Cloud for several namespaces.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "dataset-operator.dev",
    version = "v1alpha1",
    kind = "ClusterProviderConfig",
    plural = "clusterproviderconfigs",
    category = "alibabacloud",
    status = "ProviderConfigStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An account of Alibaba Cloud that the objects of several namespaces use."
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterProviderConfigSpec {
    /// What a ProviderConfig has too.
    #[serde(flatten)]
    pub account: ProviderConfigSpec,

    /// URL of the dataset API. Immutable. Default: that of the operator for its own region, otherwise the public endpoint of
    /// the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = rules::url("endpoint"))]
    pub endpoint: Option<String>,

    /// URL of the Security Token Service. Immutable. Default: as for `endpoint`; none if `endpoint` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = rules::url("stsEndpoint"))]
    pub sts_endpoint: Option<String>,

    /// URL of Intelligent Media Management (IMM). Immutable. Default: as for `endpoint`; none if `endpoint` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = rules::url("immEndpoint"))]
    pub imm_endpoint: Option<String>,

    /// The namespaces whose objects may use this config. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

sparse! {
    /// Namespaces: those with one of these names, and those with labels that the selector asks for.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[serde(rename_all = "camelCase")]
    pub struct AllowedNamespaces {
        /// Their names, or `*` for all.
        #[schemars(length(max = 1024), inner(length(min = 1, max = 63)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub names: Option<Vec<String>>,

        /// What their labels must be. An empty one selects all.
        pub selector: Option<NamespaceSelector>,
    }
}

values! {
    /// How a label relates to values.
    LabelOperator {
        /// It has one of them.
        In = "In",
        /// It is absent, or has another one.
        NotIn = "NotIn",
        /// It is there.
        Exists = "Exists",
        /// It is absent.
        DoesNotExist = "DoesNotExist",
    }
}

sparse! {
    /// What labels must be, as selectors of Kubernetes say it. All must hold.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NamespaceSelector {
        /// Labels with their values.
        #[schemars(length(max = 64))]
        pub match_labels: Option<BTreeMap<String, String>>,

        /// Conditions on single labels.
        #[schemars(length(max = 16))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub match_expressions: Option<Vec<LabelCondition>>,
    }
}

sparse! {
    /// A condition on one label.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[x_kube(validation = rules::label_condition())]
    #[serde(rename_all = "camelCase")]
    pub struct LabelCondition {
        /// Key of the label. Required.
        #[schemars(length(min = 1, max = 317))]
        pub key: Option<String>,

        /// How it relates to `values`. Required.
        pub operator: Option<LabelOperator>,

        /// The values, with `In` and `NotIn` only.
        #[schemars(length(min = 1, max = 64), inner(length(max = 63)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub values: Option<Vec<String>>,
    }
}

/// What the operator knows about the account.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ProviderConfigStatus {
    /// Generation of the spec that the operator reconciled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Id of the account, as the token service names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,

    /// Identity in use, as the token service names it: the ARN of a user, or of a role without its session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// What kind of identity that is: `Account`, `RAMUser` or `AssumedRoleUser`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_type: Option<String>,

    /// The source of the credentials in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<CredentialsSource>,

    /// When the credentials in use end, if they do; they are renewed before. As of the last look at the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,

    /// Number of objects that belong to the account of this config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<i64>,

    /// `Ready`, always present after the first reconcile, and `Stalled`, present only while True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

sparse! {
    /// The account that an object uses.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct ProviderConfigRef {
        /// Name of the config. Required.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::object_name("providerConfigRef", "ProviderConfig"))]
        pub name: Option<String>,

        /// `ProviderConfig`, of the same namespace, or `ClusterProviderConfig`. Default: `ProviderConfig`.
        pub kind: Option<ProviderConfigKind>,
    }
}

/// The account that an object belongs to.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UsedProviderConfig {
    /// Kind of the config.
    pub kind: ProviderConfigKind,
    /// Namespace of a ProviderConfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the config.
    pub name: String,
    /// Id of the account, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
}
