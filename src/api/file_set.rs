//! `DatasetFileSet`: metadata of many files in one version of a PAI dataset.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::common::CommonStatus;
use super::field_rules as rules;
use super::job::VersionRef;
use super::provider_config::ProviderConfigRef;
use super::sparse::sparse;
use super::values::{AggregateBy, ConflictPolicy, DeletionPolicy, FileType};
use super::version::DatasetRef;

sparse! {
    /// The files whose metadata a version of a dataset shall have. The dataset must be of the edition `ADVANCED` or
    /// `LOGICAL`.
    ///
    /// The operator changes only files that this set made or took over; it knows them by a tag that begins with `dso-`. It
    /// reads no file.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "pai.dataset-operator.dev",
        version = "v1alpha1",
        kind = "DatasetFileSet",
        plural = "datasetfilesets",
        shortname = "paidsf",
        category = "pai",
        category = "alibabacloud",
        namespaced,
        status = "DatasetFileSetStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "Metadata of files in a version of an Alibaba Cloud PAI dataset."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetFileSetSpec {
        /// The Dataset object that the files belong to, in the same namespace. The set waits until that Dataset is Ready. Set
        /// exactly one of `datasetRef` and `datasetId`. Immutable.
        pub dataset_ref: Option<DatasetRef>,

        /// Id of the dataset that the files belong to, if that dataset has no Dataset object. Set exactly one of `datasetRef`
        /// and `datasetId`. Immutable.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_id())]
        pub dataset_id: Option<String>,

        /// The DatasetVersion object whose version the files belong to, in the same namespace. It must be a version of the
        /// same dataset. The set waits until that DatasetVersion is Ready. Set at most one of `versionRef` and
        /// `datasetVersion`. Immutable. Default: see `datasetVersion`.
        pub version_ref: Option<VersionRef>,

        /// Name of the version that the files belong to, such as `v2`. Set at most one of `versionRef` and `datasetVersion`.
        /// Immutable. Default: the newest version when the operator first writes metadata; `status.datasetVersion` then
        /// names it.
        #[schemars(length(min = 1, max = 20))]
        #[x_kube(validation = rules::version_name("datasetVersion"))]
        pub dataset_version: Option<String>,

        /// The files, at most 100. No `uri` may stand there twice. An object of more than 256 KiB cannot be applied by
        /// `kubectl apply` alone, but with `--server-side`. Mutable.
        #[schemars(length(max = 100))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub files: Option<Vec<FileItem>>,

        /// Further files, from keys of ConfigMaps in the same namespace, at most 50. Each line of a key is a JSON object with the
        /// members of `files`. The operator watches the ConfigMaps by name; it needs the right to get, list and watch them. If a
        /// line is wrong, nothing of the set is sent until it is mended. Mutable.
        #[schemars(length(max = 50))]
        #[x_kube(merge_strategy = ListMerge::Atomic)]
        pub files_from: Option<Vec<FileSource>>,

        /// What the operator counts the files of the version by, for `status.statistics`, others' files included. It asks the
        /// service about once an hour. Mutable. Default: it counts nothing.
        pub statistics: Option<FileStatistics>,

        /// Whether metadata that this set made is deleted once the set no longer lists its file; files that it only took over
        /// lose its tag. A prune of everything, or of more than half of 20 or more files, waits until you allow it with the
        /// annotation `dataset-operator.dev/allow-prune`. Mutable. Default: true.
        pub prune: Option<bool>,

        /// What the operator does with a listed file of which somebody else made metadata. `Fail`: it leaves that as it is and
        /// lists the file as failed. `Adopt`: it takes the metadata over and makes it equal to this set. Metadata with the
        /// same `fileFingerPrint` is taken over in any case, and that of another living set never. Mutable. Default: `Fail`.
        pub conflict_policy: Option<ConflictPolicy>,

        /// The account that the object uses. Default: that of the Dataset in `datasetRef`; otherwise the ProviderConfig `default`
        /// of the namespace, or else the ClusterProviderConfig `default` if it allows the namespace, or else the account of the
        /// operator's flags. Immutable once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the metadata when this object is deleted. `Delete` deletes what the set made, and takes its tag from
        /// what it took over. `Retain` leaves everything as it is. Mutable. Default: what the operator's
        /// `--default-deletion-policy` says; without that flag `Delete`.
        pub deletion_policy: Option<DeletionPolicy>,
    }
}

/// The metadata of one file, under the names of the PAI operation `CreateDatasetFileMetas`. The operator does not manage a
/// member that is absent.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct FileItem {
    /// Where the file is, such as `oss://bucket/flowers/1.jpg` (the bucket without its endpoint) or `nas://fsid/flowers/1.jpg`.
    /// It identifies the file in its version.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = rules::file_uri())]
    pub uri: String,

    /// MIME type of the file, such as `image/jpeg`.
    #[schemars(length(min = 1, max = 128))]
    pub content_type: String,

    /// Kind of the file.
    pub file_type: FileType,

    /// Text that changes when the content of the file changes: the `ETag` in OSS, the MD5 in NAS.
    #[schemars(length(min = 1, max = 256))]
    pub file_finger_print: String,

    /// When the content of the file was last changed, in ISO 8601 such as `2026-11-01T00:00:00Z`. The operator compares it by
    /// the minute.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::file_time("fileUpdateTime"))]
    pub file_update_time: String,

    /// Name of the file. Default of the service: the last part of the `uri`.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,

    /// Size of the file in bytes.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_size: Option<i64>,

    /// When the file was created, in ISO 8601. The operator compares it by the minute.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::file_time("fileCreateTime"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_create_time: Option<String>,

    /// Further attributes: the text of a JSON object.
    #[schemars(length(max = 4096))]
    #[x_kube(validation = rules::json_object("metaAttributes"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_attributes: Option<String>,

    /// User tags that the file must have. Tags of others stay, and so does a tag that you remove from this list: take it from
    /// the file in the console.
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = rules::file_tags())]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// Where files are listed besides the set itself.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct FileSource {
    /// A key of a ConfigMap.
    pub config_map_key_ref: ConfigMapKeyRef,
}

/// A key of a ConfigMap in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKeyRef {
    /// `metadata.name` of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name("configMapKeyRef", "ConfigMap"))]
    pub name: String,

    /// A key in its `data`.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// What the files of a version are counted by.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct FileStatistics {
    /// The member whose values are counted.
    pub aggregate_by: AggregateBy,
}

/// What the operator knows about the files of the set.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DatasetFileSetStatus {
    /// Id of the dataset in PAI that the files belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,

    /// Version that the files belong to, such as `v2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_version: Option<String>,

    /// How many files there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FileCounts>,

    /// The first 20 files that failed, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub failures: Option<Vec<FileFailure>>,

    /// The 100 most frequent values of what `statistics` counts the files of the version by, without the operator's own tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub statistics: Option<Vec<FileCount>>,

    /// Hash of all that the set lists. The annotation `dataset-operator.dev/allow-prune` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,

    /// When the operator last compared every file. It is written only together with something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_full_check_time: Option<String>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}

/// How many files a set has.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FileCounts {
    /// Files that the set lists.
    pub desired: i64,
    /// Those of them whose metadata is as the set wants it.
    pub present: i64,
    /// Those of them that the service refused, or that are somebody else's.
    pub failed: i64,
    /// The files that are there, of all: `340/1000`.
    pub summary: String,
}

/// A file that failed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FileFailure {
    /// Its uri, or its id if the set does not list it any more.
    pub uri: String,
    /// Why it failed, in the words of the service or of the operator.
    pub result: String,
}

/// How many files have a value.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FileCount {
    /// The value, such as a directory, a type or a tag.
    pub key: String,
    /// How many files have it.
    pub count: i64,
}
