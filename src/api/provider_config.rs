//! `ProviderConfig` and `ClusterProviderConfig`: an account of Alibaba Cloud, and what objects may do with it.
//!
//! Both have the same fields; a ClusterProviderConfig has besides what only those who run the operator may say: endpoints, and
//! which namespaces may use it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::field_rules as rules;
use super::sparse::sparse;
use super::values::values;

values! {
    /// Where the credentials come from.
    CredentialsSource {
        /// The environment of the operator: its variables, or its RAM role (RRSA). Only for a ClusterProviderConfig.
        Environment = "Environment",
        /// An access key in a Secret.
        Secret = "Secret",
        /// A bearer token in a Secret.
        Bearer = "Bearer",
        /// A RAM role for a `ServiceAccount` (RRSA).
        Rrsa = "RRSA",
    }
}

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
    /// Where credentials come from.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[x_kube(validation = rules::credentials())]
    #[serde(rename_all = "camelCase")]
    pub struct CredentialsSpec {
        /// The source. Required.
        pub source: Option<CredentialsSource>,

        /// The Secret, for the sources `Secret` and `Bearer`. It is in the namespace of the ProviderConfig; for a
        /// ClusterProviderConfig in that of the operator.
        pub secret_ref: Option<CredentialsSecretRef>,

        /// The role and the `ServiceAccount`, for the source `RRSA`.
        pub rrsa: Option<RrsaSpec>,

        /// Roles to assume, one with the session of the one before; the first with the credentials of the source.
        #[schemars(length(max = 3))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub assume_role: Option<Vec<AssumedRole>>,
    }
}

sparse! {
    /// A RAM role that a `ServiceAccount` assumes with a token of the cluster.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct RrsaSpec {
        /// The role: `acs:ram::<account>:role/<name>`. Required.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::role_arn())]
        pub role_arn: Option<String>,

        /// The OIDC provider of the cluster: `acs:ram::<account>:oidc-provider/<name>`. Required.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::provider_arn())]
        pub oidc_provider_arn: Option<String>,

        /// The `ServiceAccount`, in the namespace of the ProviderConfig; for a ClusterProviderConfig in that of the operator.
        /// Required.
        pub service_account_ref: Option<ServiceAccountRef>,
    }
}

sparse! {
    /// A `ServiceAccount`.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct ServiceAccountRef {
        /// Its name. Required.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::object_name("serviceAccountRef", "ServiceAccount"))]
        pub name: Option<String>,
    }
}

sparse! {
    /// A RAM role.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[x_kube(validation = rules::assumed_role())]
    #[serde(rename_all = "camelCase")]
    pub struct AssumedRole {
        /// The role: `acs:ram::<account>:role/<name>`. Required.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::role_arn())]
        pub role_arn: Option<String>,

        /// What the trust policy of the role asks for, if it does: 2 to 1224 characters.
        #[schemars(length(min = 2, max = 1224))]
        pub external_id: Option<String>,
    }
}

sparse! {
    /// A Secret that holds credentials.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct CredentialsSecretRef {
        /// Its name. Required.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::object_name("secretRef", "Secret"))]
        pub name: Option<String>,

        /// The keys of the Secret, if they have other names than usual.
        pub keys: Option<CredentialKeys>,
    }
}

sparse! {
    /// The keys of a Secret that hold credentials. Without a name the operator takes the key of the name of the field, or the
    /// variable of the official SDKs, such as `ALIBABA_CLOUD_ACCESS_KEY_ID`.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct CredentialKeys {
        /// The key that holds the access key id.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::credential_key("accessKeyId"))]
        pub access_key_id: Option<String>,

        /// The key that holds the secret of the access key.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::credential_key("accessKeySecret"))]
        pub access_key_secret: Option<String>,

        /// The key that holds the token of a temporary access key.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::credential_key("securityToken"))]
        pub security_token: Option<String>,

        /// The key that holds the bearer token.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::credential_key("bearerToken"))]
        pub bearer_token: Option<String>,
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

sparse! {
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
        /// As in a ProviderConfig. Immutable.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::region())]
        pub region: Option<String>,

        /// As in a ProviderConfig.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::decimal("workspaceId", "12345"))]
        pub workspace_id: Option<String>,

        /// As in a ProviderConfig. Required.
        pub credentials: Option<CredentialsSpec>,

        /// As in a ProviderConfig.
        #[schemars(length(max = 256), inner(length(min = 1, max = 64)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub workspaces: Option<Vec<String>>,

        /// As in a ProviderConfig.
        pub adoption: Option<AdoptionScope>,

        /// As in a ProviderConfig.
        pub limits: Option<LimitsSpec>,

        /// URL of the dataset API. Immutable. Default: that of the operator for its own region, otherwise the public endpoint of
        /// the region.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::url("endpoint"))]
        pub endpoint: Option<String>,

        /// URL of the Security Token Service. Immutable. Default: as for `endpoint`; none if `endpoint` is set.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::url("stsEndpoint"))]
        pub sts_endpoint: Option<String>,

        /// URL of Intelligent Media Management (IMM). Immutable. Default: as for `endpoint`; none if `endpoint` is set.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::url("immEndpoint"))]
        pub imm_endpoint: Option<String>,

        /// The namespaces whose objects may use this config. Default: none.
        pub allowed_namespaces: Option<AllowedNamespaces>,
    }
}

sparse! {
    /// Namespaces, by their names.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct AllowedNamespaces {
        /// Their names, or `*` for all.
        #[schemars(length(max = 1024), inner(length(min = 1, max = 63)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub names: Option<Vec<String>>,
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
