//! What the operator records about a dataset: its identity and what cannot change.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::common::CommonStatus;
use super::sharing::{GrantedShare, ReceivedShare};
use super::sparse::sparse;

/// What the operator knows about the dataset.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DatasetStatus {
    /// Id of the dataset in PAI. The operator does not change it while that dataset exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,

    /// Name in PAI, as the operator last wrote or read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// The immutable fields as sent, or as read if the dataset was adopted or recovered.
    #[serde(flatten)]
    pub immutables: DatasetImmutables,

    /// Id of the account that owns the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,

    /// Newest version of the dataset, such as `v3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_version: Option<String>,

    /// Default mount path for jobs, taken from the options of the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,

    /// Access of a mount by the operator's identity, as the service reports it: `RO` or `RW`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_access: Option<String>,

    /// Shares that the operator granted because of this spec, as `<tenantId>/<workspaceId>`. It revokes only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub applied_shares: Option<Vec<String>>,

    /// The shares that the dataset grants, also those of others, as of the last read for `sharingConfig`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub shared_to: Option<Vec<GrantedShare>>,

    /// True if another workspace shared this dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_shared: Option<bool>,

    /// Where it comes from, if another workspace shared it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_from: Option<ReceivedShare>,

    /// What is recorded for objects of every kind.
    #[serde(flatten)]
    pub common: CommonStatus,
}

sparse! {
    /// What a dataset holds that cannot change once it exists; JSON names as in the spec.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, Hash)]
    #[serde(rename_all = "camelCase")]
    pub struct DatasetImmutables {
        /// `property` as sent, or as read if the dataset was adopted or recovered.
        pub property: Option<String>,
        /// `dataSourceType` as sent or read.
        pub data_source_type: Option<String>,
        /// `uri` of version v1 as sent or read.
        pub uri: Option<String>,
        /// `dataType` as sent or read.
        pub data_type: Option<String>,
        /// `sourceType` as sent or read.
        pub source_type: Option<String>,
        /// `sourceId` as sent or read.
        pub source_id: Option<String>,
        /// `userId` as sent or read.
        pub user_id: Option<String>,
        /// Id of the workspace that holds the dataset.
        pub workspace_id: Option<String>,
        /// `importInfo` as sent or read.
        pub import_info: Option<String>,
        /// `provider` as sent or read.
        pub provider: Option<String>,
        /// `providerType` as sent or read.
        pub provider_type: Option<String>,
        /// `sourceDatasetId` as sent or read.
        pub source_dataset_id: Option<String>,
        /// `sourceDatasetVersion` as sent or read.
        pub source_dataset_version: Option<String>,
    }
}
