//! `MediaDataset`: one dataset of Intelligent Media Management (IMM).

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::CommonStatus;
use super::field_rules as rules;
use super::provider_config::ProviderConfigRef;
use super::sparse::sparse;
use super::values::{AdoptionPolicy, DeletionPolicy, OnExternalDeletion};

sparse! {
    /// The desired dataset of IMM: the parameters of the IMM operation `CreateDataset` under their own names, and a few
    /// fields that say how the operator handles it.
    ///
    /// The operator does not manage a field that is absent. Project and name identify the dataset, so they cannot change
    /// once it exists.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "imm.dataset-operator.dev",
        version = "v1alpha1",
        kind = "MediaDataset",
        plural = "mediadatasets",
        shortname = "immds",
        category = "imm",
        category = "alibabacloud",
        namespaced,
        status = "MediaDatasetStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "A dataset of Alibaba Cloud Intelligent Media Management (IMM)."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct MediaDatasetSpec {
        /// Name of the IMM project that holds the dataset. The project must exist. Immutable. Required.
        #[schemars(length(min = 1, max = 128))]
        #[x_kube(validation = rules::project_name())]
        pub project_name: Option<String>,

        /// Name of the dataset, unique in its project: 1 to 128 letters, digits, `-` and `_`, and first a letter or `_`.
        /// Immutable. Default: `metadata.name`.
        #[schemars(length(min = 1, max = 128))]
        #[x_kube(validation = rules::media_dataset_name())]
        pub name: Option<String>,

        /// Description for people, at most 192 bytes: the service takes 256, and the operator writes its ownership mark
        /// behind it. Mutable.
        #[schemars(length(max = 192))]
        #[x_kube(validation = rules::marked_description())]
        pub description: Option<String>,

        /// Id of the workflow template that processes the files, such as `Official:ImageManagement`. Mutable.
        #[schemars(length(max = 256))]
        pub template_id: Option<String>,

        /// The most bindings with storage, 1 to 10. Mutable. Default of the service: 10.
        #[schemars(range(min = 1, max = 10))]
        pub dataset_max_bind_count: Option<i64>,

        /// The most files, 1 to 100000000. Mutable. Default of the service: 100000000.
        #[schemars(range(min = 1, max = 100_000_000))]
        pub dataset_max_file_count: Option<i64>,

        /// The most metadata entities. The service has this parameter but does not use it yet. Mutable.
        #[schemars(range(min = 0))]
        pub dataset_max_entity_count: Option<i64>,

        /// The most relations of metadata entities. The service has this parameter but does not use it yet. Mutable.
        #[schemars(range(min = 0))]
        pub dataset_max_relation_count: Option<i64>,

        /// The most bytes of all files together; the service indexes nothing more above it. Mutable.
        #[schemars(range(min = 0))]
        pub dataset_max_total_file_size: Option<i64>,

        /// Parameters of the workflow. The service has this parameter but does not use it yet. Mutable.
        #[schemars(length(max = 64))]
        #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
        pub workflow_parameters: Option<Vec<WorkflowParameter>>,

        /// Settings of the analysis: `insights`, `reverseImage` and `smartCluster`. The vendor names them for the create alone
        /// and does not document their members, so the operator sends any JSON object as it is, with the first letters of
        /// its keys as capitals. Immutable.
        #[schemars(extend("type" = "object", "x-kubernetes-preserve-unknown-fields" = true))]
        pub dataset_config: Option<Value>,

        /// Whether the operator has the service count the files of the dataset, at each resync, for `status.fileCount` and
        /// `status.totalFileSize`. This costs one call per resync. The annotation `poll-interval` sets another interval.
        /// Mutable. Default: false.
        pub statistics: Option<bool>,

        /// The account that the object uses. Default: the ProviderConfig `default` of the namespace, or else the
        /// ClusterProviderConfig `default` if it allows the namespace, or else the account of the operator's flags. Immutable
        /// once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the dataset when this object is deleted. `Delete` deletes it; the service refuses that as long
        /// as it has bindings or files. `Retain` keeps it, with a mark that says so. Mutable. Default: what the
        /// operator's `--default-deletion-policy` says; without that flag `Delete` for a dataset that the operator created,
        /// `Retain` for one that it adopted.
        pub deletion_policy: Option<DeletionPolicy>,

        /// How this object may take over a dataset that exists already.
        pub adoption: Option<MediaAdoption>,

        /// What the operator does when somebody else deleted the dataset. `Fail`: it reports this and waits.
        /// `Recreate`: it creates the dataset again. Mutable. Default: `Fail`.
        pub on_external_deletion: Option<OnExternalDeletion>,
    }
}

/// A parameter of a workflow.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowParameter {
    /// Name of the parameter.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Value of the parameter.
    #[schemars(length(max = 4096))]
    pub value: String,
}

sparse! {
    /// How an object may take over a dataset that exists already.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct MediaAdoption {
        /// `AdoptIfMarked`: take back a dataset of this name that carries the ownership mark of an earlier object of the
        /// same kind, namespace and name. `CreateOnly`: take only what this very object made. `AdoptByName`: take any
        /// dataset of this name, unless it carries the mark of another owner that still exists. `AdoptOnly`: as
        /// `AdoptIfMarked`, but never create one. Mutable. Default: `AdoptIfMarked`.
        pub policy: Option<AdoptionPolicy>,
    }
}

/// What the operator knows about the dataset. `projectName` and `name` together identify it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MediaDatasetStatus {
    /// Name of the project that holds the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,

    /// Name of the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// `datasetConfig` as sent, or as read if the service shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = "object", "x-kubernetes-preserve-unknown-fields" = true))]
    pub dataset_config: Option<Value>,

    /// When the dataset was created, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,

    /// When the dataset was last changed, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,

    /// Number of its bindings with storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_count: Option<i64>,

    /// Number of its files, as the service last counted them for `statistics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_count: Option<i64>,

    /// Bytes of all its files together, as the service last counted them for `statistics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_file_size: Option<i64>,

    /// State of the clustering of its files, if the service shows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smart_cluster_task_status: Option<String>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}
