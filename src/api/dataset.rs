//! `Dataset`: a dataset of an Alibaba Cloud PAI workspace.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::common::{Label, UserMetricsEndpoint};
use super::dataset_status::DatasetStatus;
use super::field_rules as rules;
use super::provider_config::ProviderConfigRef;
use super::sharing::SharingConfig;
use super::sparse::sparse;
use super::values::{
    Accessibility, AdoptionPolicy, DataSourceType, DataType, DeletionPolicy, Edition, OnExternalDeletion, Property,
    ProviderType, SourceType,
};

sparse! {
    /// The desired dataset: every parameter of the PAI operation `CreateDataset` under its own name, and a few
    /// fields that say how the operator handles it.
    ///
    /// The operator does not manage a field that is absent. It sets a field that is empty to empty, where the
    /// service allows that. You can correct immutable fields until `status.datasetId` is set.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "pai.dataset-operator.dev",
        version = "v1alpha1",
        kind = "Dataset",
        plural = "datasets",
        shortname = "paids",
        category = "pai",
        category = "alibabacloud",
        namespaced,
        status = "DatasetStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "A dataset of an Alibaba Cloud PAI workspace."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetSpec {
        /// Name in PAI, 1 to 127 characters. The first is a letter, a digit or a Chinese character; the others may
        /// also be `_` or `-`. Mutable. Default: `metadata.name`. A dataset that is adopted by id keeps its name.
        #[schemars(length(min = 1, max = 127))]
        #[x_kube(validation = rules::name())]
        pub name: Option<String>,

        /// Whether the data is one file (`FILE`) or a directory (`DIRECTORY`). Immutable. Required unless
        /// `adoption.datasetId` is set.
        pub property: Option<Property>,

        /// Kind of storage. Immutable. Required unless `adoption.datasetId` is set.
        pub data_source_type: Option<DataSourceType>,

        /// Location of the data, for instance `oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/` or
        /// `nas://<file-system-id>.cn-hangzhou/data/`. Immutable: create a `DatasetVersion` to point at new data.
        /// The operator never copies or deletes the data itself. Required unless `adoption.datasetId` is set.
        #[schemars(length(min = 1, max = 4096))]
        #[x_kube(validation = rules::uri())]
        pub uri: Option<String>,

        /// What the data is. Immutable. Default of the service: `COMMON`.
        pub data_type: Option<DataType>,

        /// Labels of the dataset, at most 16. Mutable. The operator changes and removes only
        /// the keys that are set here; other labels of the dataset stay. If you remove the list, the operator removes
        /// all labels that it had set.
        #[schemars(length(max = 64))]
        #[x_kube(validation = rules::label_count("labels"), merge_strategy = ListMerge::Map(vec!["key".into()]))]
        pub labels: Option<Vec<Label>>,

        /// Where the data came from. Immutable. Default of the service: `USER`.
        pub source_type: Option<SourceType>,

        /// Id of the source: free text with `USER`, the id of the task with `ITAG`, usually empty with
        /// `PAI_PUBLIC_DATASET`. Immutable.
        #[schemars(length(max = 1024))]
        pub source_id: Option<String>,

        /// Description for people. Mutable.
        #[schemars(length(max = 8192))]
        pub description: Option<String>,

        /// Id of the PAI workspace, decimal digits. Immutable. Default: the `--workspace-id` of the operator.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::decimal("workspaceId", "12345"))]
        pub workspace_id: Option<String>,

        /// Options as the text of a JSON object; the vendor documents the key `mountPath`, such as
        /// `{"mountPath":"/mnt/data/"}`. Mutable. The operator compares the values: order and white space do not
        /// matter. Must be absent while a `DatasetVersion` that binds v1 sets options.
        #[schemars(length(max = 16384))]
        #[x_kube(validation = rules::json_object("options"))]
        pub options: Option<String>,

        /// Who in the workspace sees the dataset. Mutable: `PUBLIC` publishes it. The operator
        /// tries the change back to `PRIVATE` once per edit and reports it if the service refuses. `ROLE_PUBLIC` needs
        /// `accessibleRoleIdList`. Default of the service: `PRIVATE`.
        pub accessibility: Option<Accessibility>,

        /// Ids of the workspace roles that see the dataset, such as `PAI.AlgoDeveloper` or `role-…`; only
        /// with `accessibility: ROLE_PUBLIC`. Mutable.
        #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub accessible_role_id_list: Option<Vec<String>>,

        /// Computing platform that uses the dataset. Immutable. Default of the service: `Ecs`.
        pub provider_type: Option<ProviderType>,

        /// Free text; `pai` is reserved for the platform's own datasets. Immutable.
        #[schemars(length(max = 256))]
        pub provider: Option<String>,

        /// Account that owns the dataset, decimal digits. Only owners and administrators of the workspace may set
        /// another account than their own. Immutable. Default of the service: the account of the caller.
        #[schemars(length(min = 1, max = 64))]
        #[x_kube(validation = rules::decimal("userId", "1157703270994901"))]
        pub user_id: Option<String>,

        /// If this dataset is the result of a labelling task: id of the dataset that was labelled. Immutable.
        #[schemars(length(max = 256))]
        pub source_dataset_id: Option<String>,

        /// If this dataset is the result of a labelling task: version of the dataset that was labelled. Immutable.
        #[schemars(length(max = 64))]
        pub source_dataset_version: Option<String>,

        /// The same by name: the Dataset of this namespace that was labelled. The operator waits until it is Ready, and
        /// takes its id when it creates this dataset. Immutable. Not beside `sourceDatasetId` and
        /// `sourceDatasetVersion`.
        pub source_dataset_ref: Option<SourceDatasetRef>,

        /// Description of version v1. Mutable. Must be absent while a `DatasetVersion` binds v1.
        #[schemars(length(max = 8192))]
        pub version_description: Option<String>,

        /// Labels of version v1, at most 16, with the same rules as `labels`. Mutable. Must be absent while a
        /// `DatasetVersion` binds v1.
        #[schemars(length(max = 64))]
        #[x_kube(validation = rules::label_count("versionLabels"), merge_strategy = ListMerge::Map(vec!["key".into()]))]
        pub version_labels: Option<Vec<Label>>,

        /// Size of the data of version v1 in bytes, 1 to 999999999999; informational. Mutable. Must be absent
        /// while a `DatasetVersion` binds v1, which may set more.
        #[schemars(range(min = 1))]
        #[x_kube(validation = rules::of_first_version("dataSize"))]
        pub data_size: Option<i64>,

        /// Number of items of version v1, 1 to 999999999999; informational. Mutable. Must be absent while a
        /// `DatasetVersion` binds v1, which may set more.
        #[schemars(range(min = 1))]
        #[x_kube(validation = rules::of_first_version("dataCount"))]
        pub data_count: Option<i64>,

        /// Ids of the workspace roles that may mount the dataset for writing. `["*"]`: everyone. `[]`: only the
        /// creator. Mutable.
        #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
        #[x_kube(merge_strategy = ListMerge::Set)]
        pub mount_access_read_write_role_id_list: Option<Vec<String>>,

        /// How the storage is mounted, as the text of a JSON object: for OSS `region`, `bucket`, `path`; for
        /// NAS `region`, `fileSystemId`, `path`, `mountTarget`; for CPFS `region`, `fileSystemId`,
        /// `protocolServiceId`, `exportId`, `path`. Immutable.
        #[schemars(length(max = 16384))]
        #[x_kube(validation = rules::json_object("importInfo"))]
        pub import_info: Option<String>,

        /// With which other workspaces the dataset is shared. Mutable. If you remove it, the operator revokes the shares
        /// that it had granted. The operator reads the shares when the spec changes, when a reconcile is requested and
        /// with the annotation `poll-interval`, because the lists of the service do not show them.
        pub sharing_config: Option<SharingConfig>,

        /// What file metadata the dataset can hold. `BASIC`: none. `ADVANCED` and `LOGICAL` need OSS. Once the
        /// dataset exists, the edition can change only from `BASIC` to `ADVANCED`. Default of the service: `BASIC`.
        pub edition: Option<Edition>,

        /// RAM role for jobs on the dataset. The vendor's SDK has this parameter, but the vendor does not explain
        /// it. Mutable. Must be absent while a `DatasetVersion` binds v1.
        #[schemars(length(max = 1024))]
        pub dataset_task_ram_role: Option<String>,

        /// Where jobs that use the dataset serve their metrics. Mutable. Must be absent while a `DatasetVersion`
        /// binds v1.
        #[schemars(length(max = 16))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub user_metrics_endpoints: Option<Vec<UserMetricsEndpoint>>,

        /// The account that the object uses. Default: the ProviderConfig `default` of the namespace, or else the
        /// ClusterProviderConfig `default` if it allows the namespace, or else the account of the operator's flags. Immutable
        /// once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the dataset when this object is deleted. `Delete` deletes the dataset, but never the stored
        /// data. `Retain` keeps the dataset and sets the label `dso-released` on it. Mutable. Default: what the operator's
        /// `--default-deletion-policy` says; without that flag `Delete` for a dataset that the operator created, `Retain`
        /// for one that it adopted.
        pub deletion_policy: Option<DeletionPolicy>,

        /// How this object may take over a dataset that exists already.
        pub adoption: Option<Adoption>,

        /// What the operator does when somebody else deleted the dataset. `Fail`: it reports this and waits.
        /// `Recreate`: it creates the dataset again under a new id. Mutable. Default: `Fail`.
        pub on_external_deletion: Option<OnExternalDeletion>,

        /// Whether the deletion of this object may also delete versions without a `DatasetVersion` object. Mutable.
        /// Default: false, and the deletion then waits while such versions exist.
        pub delete_foreign_versions: Option<bool>,
    }
}

/// The Dataset that was labelled.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SourceDatasetRef {
    /// `metadata.name` of the Dataset, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name("sourceDatasetRef", "Dataset"))]
    pub name: String,

    /// Its version that was labelled, such as `v1`.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::version_name("sourceDatasetRef.version"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

sparse! {
    /// Which existing dataset an object may take over.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct Adoption {
        /// Take over the dataset with this id. The operator refuses this if the dataset carries the ownership
        /// labels of another owner that still exists. Immutable once `status.datasetId` is set.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_id())]
        pub dataset_id: Option<String>,

        /// Which existing dataset the object may take over if `datasetId` is not set. `AdoptIfMarked`: one that
        /// carries the ownership labels of this object. `CreateOnly`: none. `AdoptByName`: as `AdoptIfMarked`, and
        /// also a dataset without ownership labels if it is the only one with exactly this name. `AdoptOnly`: as
        /// `AdoptIfMarked`, but the operator never creates a dataset. Mutable. Default: `AdoptIfMarked`.
        pub policy: Option<AdoptionPolicy>,
    }
}
