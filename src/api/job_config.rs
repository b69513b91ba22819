//! `DatasetJobConfig`: a configuration that the jobs of a PAI dataset use.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::common::CommonStatus;
use super::field_rules as rules;
use super::provider_config::ProviderConfigRef;
use super::sparse::sparse;
use super::values::{ConfigType, DeletionPolicy, OnExternalDeletion};
use super::version::DatasetRef;

sparse! {
    /// The desired configuration: what the PAI operation `CreateDatasetJobConfig` takes, and a few fields that say how the
    /// operator handles it. A dataset has one configuration of each type.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "pai.dataset-operator.dev",
        version = "v1alpha1",
        kind = "DatasetJobConfig",
        plural = "datasetjobconfigs",
        shortname = "paidsjc",
        category = "pai",
        category = "alibabacloud",
        namespaced,
        status = "DatasetJobConfigStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "A configuration that the jobs of an Alibaba Cloud PAI dataset use."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetJobConfigSpec {
        /// The Dataset object whose jobs use the configuration, in the same namespace. The configuration waits until that
        /// Dataset is Ready. Set exactly one of `datasetRef` and `datasetId`. Immutable.
        pub dataset_ref: Option<DatasetRef>,

        /// Id of the dataset whose jobs use the configuration, if that dataset has no Dataset object. Set exactly one of
        /// `datasetRef` and `datasetId`. Immutable.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_id())]
        pub dataset_id: Option<String>,

        /// Which jobs use the configuration. Immutable. Required.
        pub config_type: Option<ConfigType>,

        /// The configuration for jobs that tag. Set it with `configType: MultimodalIntelligentTag`, and only then. Mutable.
        pub multimodal_intelligent_tag: Option<IntelligentTagConfig>,

        /// The configuration for semantic indexes. Set it with `configType: MultimodalSemanticIndex`, and only then.
        /// Mutable.
        pub multimodal_semantic_index: Option<SemanticIndexConfig>,

        /// The account that the object uses. Default: that of the Dataset in `datasetRef`; otherwise the ProviderConfig `default`
        /// of the namespace, or else the ClusterProviderConfig `default` if it allows the namespace, or else the account of the
        /// operator's flags. Immutable once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the configuration when this object is deleted. `Delete` deletes it. `Retain` leaves it as it is.
        /// Mutable. Default: what the operator's `--default-deletion-policy` says; without that flag `Delete` for a
        /// configuration that the operator created, `Retain` for one that it adopted, or found again after a create request
        /// without an answer.
        pub deletion_policy: Option<DeletionPolicy>,

        /// How this object may take over a configuration that exists already.
        pub adoption: Option<JobConfigAdoption>,

        /// What the operator does when somebody else deleted the configuration. `Fail`: it reports this and waits.
        /// `Recreate`: it creates the configuration again. Mutable. Default: `Fail`.
        pub on_external_deletion: Option<OnExternalDeletion>,
    }
}

/// The configuration for jobs that tag.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IntelligentTagConfig {
    /// The Secret that holds the API key, in the same namespace. The operator must be allowed to get and to watch it. A
    /// change of the Secret is sent to the service within seconds.
    pub api_key_secret_ref: SecretKeyRef,
}

/// One entry of a Secret of the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// `metadata.name` of the Secret.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name("apiKeySecretRef", "Secret"))]
    pub name: String,
    /// The key of the entry in the Secret's `data`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::secret_key())]
    pub key: String,
}

sparse! {
    /// The configuration for semantic indexes.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct SemanticIndexConfig {
        /// Id of the model that jobs use if they name none. The operator does not manage it if it is absent.
        #[schemars(length(min = 1, max = 256))]
        pub default_model_id: Option<String>,
        /// Version of that model. The operator does not manage it if it is absent.
        #[schemars(length(min = 1, max = 256))]
        pub default_model_version: Option<String>,
    }
}

sparse! {
    /// Which existing configuration an object may take over.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct JobConfigAdoption {
        /// Take over the configuration with this id, such as `dscfg-0a1b`. The operator refuses this if another object here
        /// has recorded it. Immutable once `status.datasetJobConfigId` is set.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_job_config_id())]
        pub dataset_job_config_id: Option<String>,
    }
}

sparse! {
    /// What a configuration holds that cannot change once it exists; JSON names as in the spec.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct JobConfigImmutables {
        /// `configType` as sent, or as read if the configuration was adopted or recovered.
        pub config_type: Option<String>,
    }
}

sparse! {
    /// One state of a Secret. Nothing that is derived from its content is recorded.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct SecretState {
        /// `metadata.uid` of the Secret.
        pub uid: Option<String>,
        /// `metadata.resourceVersion` of the Secret.
        pub resource_version: Option<String>,
    }
}

/// What the operator knows about the configuration. `datasetId` and `datasetJobConfigId` together identify it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DatasetJobConfigStatus {
    /// Id of the dataset in PAI whose jobs use the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,

    /// Id of the configuration in PAI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_job_config_id: Option<String>,

    /// The immutable fields as sent, or as read if the configuration was adopted or recovered.
    #[serde(flatten)]
    pub immutables: JobConfigImmutables,

    /// The state of the Secret whose key the configuration was last given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretState>,

    /// When the configuration was created, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,

    /// When the configuration was last changed, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modify_time: Option<String>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}
