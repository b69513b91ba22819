//! `DatasetVersion`: one version (v2, v3, …) of a PAI dataset, or a hold on v1.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::common::{CommonStatus, Label, UserMetricsEndpoint};
use super::field_rules as rules;
use super::provider_config::ProviderConfigRef;
use super::sparse::sparse;
use super::values::{DataSourceType, DeletionPolicy, OnExternalDeletion, Property, SourceType};

sparse! {
    /// The desired version: every parameter of the PAI operation `CreateDatasetVersion` under its own name, and
    /// a few fields that say how the operator handles it. The service chooses the name of the version.
    ///
    /// The operator does not manage a field that is absent. It sets a field that is empty to empty, where the
    /// service allows that. You can correct immutable fields until `status.versionName` is set.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "pai.dataset-operator.dev",
        version = "v1alpha1",
        kind = "DatasetVersion",
        plural = "datasetversions",
        shortname = "paidsv",
        category = "pai",
        category = "alibabacloud",
        namespaced,
        status = "DatasetVersionStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "A version of an Alibaba Cloud PAI dataset."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetVersionSpec {
        /// The Dataset object that the version belongs to, in the same namespace. The version waits until that
        /// Dataset is Ready. Set exactly one of `datasetRef` and `datasetId`. Immutable.
        pub dataset_ref: Option<DatasetRef>,

        /// Id of the dataset that the version belongs to, if that dataset has no Dataset object. Set exactly one of
        /// `datasetRef` and `datasetId`. Immutable.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_id())]
        pub dataset_id: Option<String>,

        /// Whether the data is one file (`FILE`) or a directory (`DIRECTORY`). Immutable. Required unless
        /// `adoption.versionName` is set.
        pub property: Option<Property>,

        /// Kind of storage; the service requires the same kind as for the dataset. Immutable. Required unless
        /// `adoption.versionName` is set.
        pub data_source_type: Option<DataSourceType>,

        /// Location of the data, for instance `oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/v2/`. Immutable:
        /// create another `DatasetVersion` for new data. The operator never copies or deletes the data itself.
        /// Required unless `adoption.versionName` is set.
        #[schemars(length(min = 1, max = 4096))]
        #[x_kube(validation = rules::uri())]
        pub uri: Option<String>,

        /// Labels of the version, at most 16. Mutable. The operator changes and removes only
        /// the keys that are set here; other labels of the version stay. If you remove the list, the operator removes
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

        /// Options as the text of a JSON object; the vendor documents the key `mountPath`, such as
        /// `{"mountPath":"/mnt/data/"}`. Mutable. The operator compares the values: order and white space do not
        /// matter.
        #[schemars(length(max = 16384))]
        #[x_kube(validation = rules::json_object("options"))]
        pub options: Option<String>,

        /// Description for people. Mutable.
        #[schemars(length(max = 8192))]
        pub description: Option<String>,

        /// How the storage is mounted, as the text of a JSON object: for OSS `region`, `bucket`, `path`; for
        /// NAS `region`, `fileSystemId`, `path`, `mountTarget`; for CPFS `region`, `fileSystemId`,
        /// `protocolServiceId`, `exportId`, `path`. Immutable.
        #[schemars(length(max = 16384))]
        #[x_kube(validation = rules::json_object("importInfo"))]
        pub import_info: Option<String>,

        /// Size of the data in bytes, at least 1; informational. Mutable.
        #[schemars(range(min = 1))]
        pub data_size: Option<i64>,

        /// Number of items, at least 1; informational. Mutable.
        #[schemars(range(min = 1))]
        pub data_count: Option<i64>,

        /// RAM role for jobs on the version. The vendor's SDK has this parameter, but the vendor does not explain
        /// it. Mutable.
        #[schemars(length(max = 1024))]
        pub dataset_task_ram_role: Option<String>,

        /// Where jobs that use the version serve their metrics. Mutable.
        #[schemars(length(max = 16))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub user_metrics_endpoints: Option<Vec<UserMetricsEndpoint>>,

        /// The account that the object uses. Default: that of the Dataset in `datasetRef`; otherwise the ProviderConfig `default`
        /// of the namespace, or else the ClusterProviderConfig `default` if it allows the namespace, or else the account of the
        /// operator's flags. Immutable once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the version when this object is deleted. `Delete` deletes the version, but never the stored
        /// data. `Retain` keeps the version and sets the label `dso-released` on it. A `DatasetVersion` never deletes v1.
        /// Mutable. Default: what the operator's `--default-deletion-policy` says; without that flag `Delete` for a version
        /// that the operator created, `Retain` for one that it adopted.
        pub deletion_policy: Option<DeletionPolicy>,

        /// How this object may take over a version that exists already.
        pub adoption: Option<VersionAdoption>,

        /// What the operator does when somebody else deleted the version. `Fail`: it reports this and waits.
        /// `Recreate`: it creates the version again under a new name. Mutable. Default: `Fail`.
        pub on_external_deletion: Option<OnExternalDeletion>,
    }
}

/// A Dataset of the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct DatasetRef {
    /// `metadata.name` of the Dataset.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name("datasetRef", "Dataset"))]
    pub name: String,
}

sparse! {
    /// Which existing version an object may take over.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct VersionAdoption {
        /// Take over the version with this name, such as `v2`. The operator refuses this if the version carries the
        /// ownership labels of another owner that still exists. `v1` is a special case, because the dataset creates
        /// and deletes it: this object *binds* v1, which means that it manages only the options, description, sizes
        /// and labels of v1, instead of the Dataset. Immutable once `status.versionName` is set.
        #[schemars(length(max = 20))]
        #[x_kube(validation = rules::version_name("versionName"))]
        pub version_name: Option<String>,
    }
}

sparse! {
    /// What a version holds that cannot change once it exists; JSON names as in the spec.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
    #[serde(rename_all = "camelCase")]
    pub struct VersionImmutables {
        /// `property` as sent, or as read if the version was adopted or recovered.
        pub property: Option<String>,
        /// `dataSourceType` as sent or read.
        pub data_source_type: Option<String>,
        /// `uri` as sent or read.
        pub uri: Option<String>,
        /// `sourceType` as sent or read.
        pub source_type: Option<String>,
        /// `sourceId` as sent or read.
        pub source_id: Option<String>,
        /// `importInfo` as sent or read.
        pub import_info: Option<String>,
    }
}

/// What the operator knows about the version. `datasetId` and `versionName` together identify it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DatasetVersionStatus {
    /// Id of the dataset in PAI that holds the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,

    /// Name that the service gave the version, such as `v2`. The operator does not change it while that version
    /// exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_name: Option<String>,

    /// The immutable fields as sent, or as read if the version was adopted or recovered.
    #[serde(flatten)]
    pub immutables: VersionImmutables,

    /// Default mount path for jobs, taken from the options of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,

    /// Access of a mount by the operator's identity, as the service reports it: `RO` or `RW`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_access: Option<String>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}
