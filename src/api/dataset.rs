//! `Dataset`: a dataset of an Alibaba Cloud PAI workspace.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::common::{Label, UserMetricsEndpoint};
use super::dataset_status::{DatasetImmutables, DatasetStatus};
use super::field_rules as rules;
use super::values::{
    Accessibility, AdoptionPolicy, DataSourceType, DataType, DeletionPolicy, Edition, OnExternalDeletion, Property,
    ProviderType, SourceType,
};

/// The dataset that is wanted: every parameter of the PAI operation `CreateDataset` under its own name,
/// and a few fields that say how the operator handles it.
///
/// An absent field is not managed; an empty one is set to empty where the service allows that. Fields
/// marked immutable can be corrected until `status.datasetId` is set.
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
    /// Name in PAI: 1 to 127 characters; a letter, digit or Chinese character first, then also `_` and
    /// `-`. Mutable. Default: `metadata.name`; a dataset adopted by id keeps the name it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 127))]
    #[x_kube(validation = rules::name())]
    pub name: Option<String>,

    /// Whether the data is one file (`FILE`) or a directory (`DIRECTORY`). Immutable. Required unless
    /// `adoption.datasetId` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<Property>,

    /// Kind of storage. Immutable. Required unless `adoption.datasetId` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_source_type: Option<DataSourceType>,

    /// Where the data lies, for instance `oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/` or
    /// `nas://<file-system-id>.cn-hangzhou/data/`. Immutable: to point at new data, create a
    /// `DatasetVersion`. The data itself is never copied or deleted. Required unless `adoption.datasetId`
    /// is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    #[x_kube(validation = rules::uri())]
    pub uri: Option<String>,

    /// What the data is. Immutable. Default of the service: `COMMON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_type: Option<DataType>,

    /// Labels of the dataset, at most 16. Mutable: only keys set here are ever changed or removed; labels
    /// that others put on the dataset stay. An absent list removes all that were set from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = rules::label_count("labels"), merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub labels: Option<Vec<Label>>,

    /// Where the data came from. Immutable. Default of the service: `USER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,

    /// Id of the source: free text with `USER`, the id of the task with `ITAG`, usually empty with
    /// `PAI_PUBLIC_DATASET`. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub source_id: Option<String>,

    /// Description for people. Mutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub description: Option<String>,

    /// Id of the PAI workspace, decimal digits. Immutable. Default: the workspace the operator was
    /// started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::decimal("workspaceId", "12345"))]
    pub workspace_id: Option<String>,

    /// Options as the text of a JSON object; `mountPath` is the documented one, such as
    /// `{"mountPath":"/mnt/data/"}`. Mutable. Compared by value: order and white space do not matter.
    /// Must be absent while a `DatasetVersion` that binds v1 sets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    #[x_kube(validation = rules::json_object("options"))]
    pub options: Option<String>,

    /// Who in the workspace sees the dataset. Mutable: `PUBLIC` publishes it; the way back to `PRIVATE`
    /// is tried once per edit and reported if the service refuses. `ROLE_PUBLIC` needs
    /// `accessibleRoleIdList`. Default of the service: `PRIVATE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<Accessibility>,

    /// Ids of the workspace roles that see the dataset, such as `PAI.AlgoDeveloper` or `role-…`; only
    /// with `accessibility: ROLE_PUBLIC`. Mutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub accessible_role_id_list: Option<Vec<String>>,

    /// Computing platform the dataset is meant for. Immutable. Default of the service: `Ecs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_type: Option<ProviderType>,

    /// Free text; `pai` is reserved for the platform's own datasets. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub provider: Option<String>,

    /// Account that owns the dataset, decimal digits; only owners and administrators of the workspace may
    /// name another than their own. Immutable. Default of the service: the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::decimal("userId", "1157703270994901"))]
    pub user_id: Option<String>,

    /// Id of the dataset whose labelling this dataset is the result of. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub source_dataset_id: Option<String>,

    /// Version of the dataset whose labelling this dataset is the result of. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub source_dataset_version: Option<String>,

    /// Description of version v1. Mutable. Must be absent while a `DatasetVersion` binds v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub version_description: Option<String>,

    /// Labels of version v1, at most 16; handled as `labels`. Mutable. Must be absent while a
    /// `DatasetVersion` binds v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = rules::label_count("versionLabels"), merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub version_labels: Option<Vec<Label>>,

    /// Size of the data of version v1 in bytes, 1 to 999999999999; informational. Mutable. Must be absent
    /// while a `DatasetVersion` binds v1, which may set more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    #[x_kube(validation = rules::of_first_version("dataSize"))]
    pub data_size: Option<i64>,

    /// Number of items of version v1, 1 to 999999999999; informational. Mutable. Must be absent while a
    /// `DatasetVersion` binds v1, which may set more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    #[x_kube(validation = rules::of_first_version("dataCount"))]
    pub data_count: Option<i64>,

    /// Ids of the workspace roles that may mount the dataset for writing: `["*"]` is everyone, `[]` the
    /// creator only. Mutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub mount_access_read_write_role_id_list: Option<Vec<String>>,

    /// How the storage is mounted, as the text of a JSON object: for OSS `region`, `bucket`, `path`; for
    /// NAS `region`, `fileSystemId`, `path`, `mountTarget`; for CPFS `region`, `fileSystemId`,
    /// `protocolServiceId`, `exportId`, `path`. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    #[x_kube(validation = rules::json_object("importInfo"))]
    pub import_info: Option<String>,

    /// What file metadata the dataset can hold: `BASIC` none; `ADVANCED` and `LOGICAL` need OSS. Once the
    /// dataset exists it changes only from `BASIC` to `ADVANCED`. Default of the service: `BASIC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,

    /// RAM role for jobs on the dataset, as in the official SDK; its reference does not explain it.
    /// Mutable. Must be absent while a `DatasetVersion` binds v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub dataset_task_ram_role: Option<String>,

    /// Where jobs that use the dataset serve their metrics, as in the official SDK. Mutable. Must be
    /// absent while a `DatasetVersion` binds v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub user_metrics_endpoints: Option<Vec<UserMetricsEndpoint>>,

    /// What happens to the dataset when this object is deleted: `Delete` deletes it (never the stored
    /// data), `Retain` keeps it and marks it as released. Mutable. Absent: `Delete` for a dataset that
    /// this object created, `Retain` for one that it adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Taking over a dataset that exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,

    /// What to do when the dataset was deleted by someone else: `Fail` reports it and waits, `Recreate`
    /// creates it again under a new id. Mutable. Default: `Fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_external_deletion: Option<OnExternalDeletion>,

    /// Whether deleting this object may also delete versions that no `DatasetVersion` made. Mutable.
    /// Default: false; such versions then block the deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_foreign_versions: Option<bool>,
}

/// Which existing dataset an object may take over.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Adoption {
    /// Consent to take over the dataset with this id, unless it carries another live owner's mark. It can
    /// change only until a dataset is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = rules::dataset_id())]
    pub dataset_id: Option<String>,

    /// What a lookup without an id may take over: `AdoptIfMarked` only what carries this object's mark;
    /// `CreateOnly` nothing; `AdoptByName` also an unmarked dataset if it is the only one with exactly
    /// this name; `AdoptOnly` as `AdoptIfMarked`, but nothing is ever created. Mutable. Default:
    /// `AdoptIfMarked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<AdoptionPolicy>,
}

impl DatasetSpec {
    /// The immutable fields, in the form in which status records them.
    pub fn immutables(&self) -> DatasetImmutables {
        DatasetImmutables {
            property: self.property.map(|v| v.to_string()),
            data_source_type: self.data_source_type.map(|v| v.to_string()),
            uri: self.uri.clone(),
            data_type: self.data_type.map(|v| v.to_string()),
            source_type: self.source_type.map(|v| v.to_string()),
            source_id: self.source_id.clone(),
            user_id: self.user_id.clone(),
            workspace_id: self.workspace_id.clone(),
            import_info: self.import_info.clone(),
            provider: self.provider.clone(),
            provider_type: self.provider_type.map(|v| v.to_string()),
            source_dataset_id: self.source_dataset_id.clone(),
            source_dataset_version: self.source_dataset_version.clone(),
        }
    }
}
