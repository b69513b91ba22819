//! The credentials of a `ProviderConfig` or `ClusterProviderConfig`: where they come from.

use kube::KubeSchema;
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
        /// The RAM role of the machine (ECS) that the operator runs on. Only for a ClusterProviderConfig.
        EcsRole = "ECSRole",
        /// A URI in a Secret, which answers with sessions. Only for a ClusterProviderConfig.
        Uri = "URI",
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

        /// The Secret, for the sources `Secret`, `Bearer` and `URI`. It is in the namespace of the ProviderConfig; for a
        /// ClusterProviderConfig in that of the operator.
        pub secret_ref: Option<CredentialsSecretRef>,

        /// The role and the `ServiceAccount`, for the source `RRSA`.
        pub rrsa: Option<RrsaSpec>,

        /// The role of the machine, for the source `ECSRole`. Default: the one that the machine has.
        pub ecs_role: Option<EcsRole>,

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
    /// The RAM role of a machine.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct EcsRole {
        /// Its name. Default: the machine is asked for it.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::role_name())]
        pub name: Option<String>,
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

        /// The key that holds the credentials URI.
        #[schemars(length(min = 1, max = 253))]
        #[x_kube(validation = rules::credential_key("credentialsUri"))]
        pub credentials_uri: Option<String>,
    }
}
