//! `DatasetJob`: a processing job on a PAI dataset, which runs and ends.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::Schema;
use schemars::transform::RecursiveTransform;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::CommonStatus;
use super::field_rules as rules;
use super::provider_config::ProviderConfigRef;
use super::sparse::sparse;
use super::values::{DeletionPolicy, JobAction, JobMode, PartialFailure};
use super::version::DatasetRef;

sparse! {
    /// The desired job: the parameters of the PAI operation `CreateDatasetJob` under their own names, and a few fields
    /// that say how the operator handles it. The job runs once: to run it again, create another `DatasetJob`.
    ///
    /// The operator does not manage a field that is absent. You can correct immutable fields until `status.datasetJobId`
    /// is set.
    #[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[kube(
        group = "pai.dataset-operator.dev",
        version = "v1alpha1",
        kind = "DatasetJob",
        plural = "datasetjobs",
        shortname = "paidsj",
        category = "pai",
        category = "alibabacloud",
        namespaced,
        status = "DatasetJobStatus",
        derive = "PartialEq",
        derive = "Default",
        doc = "A processing job on an Alibaba Cloud PAI dataset."
    )]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetJobSpec {
        /// The Dataset object that the job works on, in the same namespace. The job waits until that Dataset is Ready.
        /// Set exactly one of `datasetRef` and `datasetId`. Immutable.
        pub dataset_ref: Option<DatasetRef>,

        /// Id of the dataset that the job works on, if that dataset has no Dataset object. Set exactly one of
        /// `datasetRef` and `datasetId`. Immutable.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_id())]
        pub dataset_id: Option<String>,

        /// The DatasetVersion object whose version the job works on, in the same namespace. It must be a version of the
        /// same dataset. The job waits until that DatasetVersion is Ready. Set at most one of `versionRef` and
        /// `datasetVersion`. Immutable. Default: see `datasetVersion`.
        pub version_ref: Option<VersionRef>,

        /// Name of the version that the job works on, such as `v2`. Set at most one of `versionRef` and `datasetVersion`.
        /// Immutable. Default: the newest version at the time when the job is created; `status.datasetVersion` then names
        /// it.
        #[schemars(length(min = 1, max = 20))]
        #[x_kube(validation = rules::version_name("datasetVersion"))]
        pub dataset_version: Option<String>,

        /// What the job does. Immutable. Required.
        pub job_action: Option<JobAction>,

        /// Whether the job works on all files (`Full`), or only on those that are new or changed since the last job
        /// (`Increment`, only with `jobAction: SemanticIndex` or `IntelligentTag`). Immutable. Default of the service:
        /// `Full`.
        pub job_mode: Option<JobMode>,

        /// Parameters of the job, as the service names them. Which of them are required depends on `jobAction`. The
        /// operator sends members that are not listed here as they are. Immutable.
        pub job_spec: Option<JobSpec>,

        /// Description for people, at most 192 bytes: the operator writes its ownership mark behind it. Mutable.
        #[schemars(length(max = 192))]
        #[x_kube(validation = rules::marked_description())]
        pub description: Option<String>,

        /// Seconds that the job may take, over all attempts and from the start of the first one, at most 30 days. Then the
        /// operator stops the job, and it counts as failed. Mutable. Default: no limit.
        #[schemars(range(min = 1, max = 2_592_000))]
        pub active_deadline_seconds: Option<i64>,

        /// How often the operator starts the job again after it failed, 0 to 6. A job that was stopped, or that was lost,
        /// is not started again. Mutable. Default: 0.
        #[schemars(range(min = 0, max = 6))]
        pub backoff_limit: Option<i64>,

        /// Whether a job that failed for some of its files counts as failed (`Fail`) or as complete (`Accept`).
        /// Immutable. Default: `Fail`.
        pub partial_failure: Option<PartialFailure>,

        /// Free text that tells one run from another. If this object is lost and applied again with the same spec, the
        /// operator takes the earlier job back if it still runs or has succeeded; another `runId` asks for a new run.
        /// Immutable.
        #[schemars(length(min = 1, max = 128))]
        pub run_id: Option<String>,

        /// The account that the object uses. Default: that of the Dataset in `datasetRef`; otherwise the ProviderConfig `default`
        /// of the namespace, or else the ClusterProviderConfig `default` if it allows the namespace, or else the account of the
        /// operator's flags. Immutable once the operator has begun to use it.
        pub provider_config_ref: Option<ProviderConfigRef>,

        /// What happens to the job when this object is deleted. `Delete` stops the job if it runs, and deletes it with all
        /// its earlier attempts; what it has done to the dataset stays. `Retain` leaves the job as it is; if it runs, it
        /// goes on. Mutable. Default: what the operator's `--default-deletion-policy` says; without that flag `Delete` for
        /// a job that the operator created, `Retain` for one that it adopted.
        pub deletion_policy: Option<DeletionPolicy>,

        /// How this object may take over a job that exists already.
        pub adoption: Option<JobAdoption>,
    }
}

sparse! {
    /// Which existing job an object may take over.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct JobAdoption {
        /// Take over the job with this id, such as `dsjob-0a1b`. The operator refuses this if the job carries the ownership
        /// mark of another owner that still exists. Immutable once `status.datasetJobId` is set.
        #[schemars(length(min = 1, max = 256))]
        #[x_kube(validation = rules::dataset_job_id())]
        pub dataset_job_id: Option<String>,
    }
}

/// A `DatasetVersion` of the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct VersionRef {
    /// `metadata.name` of the DatasetVersion.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name("versionRef", "DatasetVersion"))]
    pub name: String,
}

/// Parameters of a job. The service takes them as the text of a JSON object.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct JobSpec {
    /// `SemanticIndex`: what is indexed; the vendor documents `file`. Required with this action.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_list: Option<Vec<String>>,

    /// `SemanticIndex`, `IntelligentTag`: id of the model. Required with `IntelligentTag`.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,

    /// `SemanticIndex`: version of the model.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,

    /// `SemanticIndex`: id of the connection to the service that computes the embeddings.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_connection_id: Option<String>,

    /// `SemanticIndex`: the model that computes the embeddings.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_model: Option<String>,

    /// `SemanticIndex`: id of the connection to the database that stores the index.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_connection_id: Option<String>,

    /// `SemanticIndex`: table of that database.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_table_name: Option<String>,

    /// `SemanticIndex`: settings of the index. The vendor does not document their form, so any JSON value is accepted.
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_index_config: Option<Value>,

    /// `SemanticIndex`: how many files are processed at the same time.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<i64>,

    /// `IntelligentTag`: id of the connection to the service that tags. Required with this action.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intelligent_tag_connection_id: Option<String>,

    /// `IntelligentTag`: id of the prompt. Required with this action.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_id: Option<String>,

    /// `FileMetaExport`: directory that the metadata is written to. Required with this action.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_dir_uri: Option<String>,

    /// `FileMetaExport`, `FileMetaImport` from a dataset: which files. The vendor does not document its form, so any JSON
    /// value is accepted.
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Value>,

    /// `FileMetaExport`, `FileMetaImport`: which attributes of the files. The vendor does not document their form, so any
    /// JSON value is accepted.
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered_attributes: Option<Value>,

    /// `IntelligentTagRevert`: id of the job whose tags are removed again. Required with this action.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intelligent_tag_job_id: Option<String>,

    /// `FileMetaImport`: id of the dataset that the metadata comes from. With this action `srcDatasetId` or `manifestUri`
    /// is required.
    #[schemars(length(min = 1, max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_dataset_id: Option<String>,

    /// `FileMetaImport`: version of that dataset.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_dataset_version: Option<String>,

    /// `FileMetaImport`: id of the workspace of that dataset.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_workspace_id: Option<String>,

    /// `FileMetaImport`: the file that lists the metadata. With this action `srcDatasetId` or `manifestUri` is required.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest_uri: Option<String>,

    /// `FileMetaImport`: whether the metadata is added (`append`) or replaces what is there (`replace`). Default of the
    /// service: `append`.
    #[schemars(extend("enum" = ["append", "replace"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_mode: Option<String>,

    /// Members that are not listed above, as they are.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

sparse! {
    /// What a job holds that cannot change once it exists; JSON names as in the spec.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
    #[serde(rename_all = "camelCase")]
    pub struct JobImmutables {
        /// Version that the job works on, such as `v2`. If the spec names none, the newest version when the job was
        /// created.
        pub dataset_version: Option<String>,
        /// `jobAction` as sent, or as read if the job was adopted or recovered.
        pub job_action: Option<String>,
        /// `jobMode` as sent or read.
        pub job_mode: Option<String>,
        /// `jobSpec` as sent or read.
        #[schemars(transform = RecursiveTransform(unbounded))]
        pub job_spec: Option<JobSpec>,
        /// `partialFailure` of the spec when the job was created.
        pub partial_failure: Option<String>,
        /// `runId` of the spec when the job was created.
        pub run_id: Option<String>,
    }
}

/// Removes the bounds of a schema: they hold for what people write, and status also shows what others wrote.
fn unbounded(schema: &mut Schema) {
    for bound in ["enum", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"] {
        schema.remove(bound);
    }
}

/// What the operator knows about the job. `datasetId` and `datasetJobId` together identify it.
///
/// When the job has ended, the condition `Complete` or `Failed` is True, and stays so.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DatasetJobStatus {
    /// Id of the dataset in PAI that the job works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,

    /// Id of the job in PAI: that of the newest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_job_id: Option<String>,

    /// The immutable fields as sent, or as read if the job was adopted or recovered.
    #[serde(flatten)]
    pub immutables: JobImmutables,

    /// State of the job as the service reports it, such as `Running` or `Succeeded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// Files that the job works on. While the job runs, the operator writes them at most every 30 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<JobProgress>,

    /// When the first attempt was created, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,

    /// When the last attempt ended, as the service reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<String>,

    /// Every attempt to run the job, the first one first: one, and one more for each time that it was started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub attempts: Option<Vec<JobAttempt>>,

    /// Why the operator stops the job: `Deleted`, as this object is being deleted, or `DeadlineExceeded`, as
    /// `activeDeadlineSeconds` are over. Absent if the operator does not stop it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,

    /// The last 10 lines of the log of the job when it had ended, 2048 bytes at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub logs: Option<Vec<String>>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}

sparse! {
    /// How far a job is, in files.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct JobProgress {
        /// Number of files that the job works on.
        pub total: Option<i64>,
        /// Number of files that it has processed.
        pub completed: Option<i64>,
        /// Number of files that it failed to process.
        pub failed: Option<i64>,
        /// `completed` and `total` for the column PROGRESS, such as `340/1000`.
        pub summary: Option<String>,
    }
}

/// One attempt to run a job.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct JobAttempt {
    /// Number of the attempt, from 1 on.
    pub number: i64,

    /// Random id of the attempt. The ownership mark of its job contains it too.
    pub nonce: String,

    /// Id of its job in PAI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_job_id: Option<String>,

    /// State of its job as the service reported it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
