//! Sharing a dataset with other workspaces: what a spec asks for, and what status says of the shares that exist.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::field_rules as rules;
use super::sparse::sparse;
use super::values::MountAccessLevel;

sparse! {
    /// With which other workspaces a dataset is shared.
    #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    #[serde(rename_all = "camelCase")]
    pub struct SharingConfig {
        /// The workspaces. The operator grants these shares, and revokes one that is removed here. Shares that others
        /// granted stay.
        #[schemars(length(max = 100))]
        #[x_kube(merge_strategy = ListMerge::Map(vec!["tenantId".into(), "workspaceId".into()]))]
        pub shared_to: Option<Vec<Share>>,
    }
}

/// A workspace that may use the dataset. A field that is absent keeps the value that the service has.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Id of the Alibaba Cloud account that the workspace belongs to, decimal digits.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::decimal("tenantId", "1157703270994901"))]
    pub tenant_id: String,

    /// Id of the workspace, decimal digits. It is not the workspace of the dataset itself.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::decimal("workspaceId", "12345"))]
    pub workspace_id: String,

    /// How that workspace may mount the dataset: `RO`, `RW` or both. Default of the service: `RO`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_mount_access_levels: Option<Vec<MountAccessLevel>>,

    /// Whether the share is in the data protection mode of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_secure_mode: Option<bool>,

    /// More settings as the text of a JSON object; the vendor documents the keys `AllowExportModel`,
    /// `AllowAccessDLCWebTerminal` and `AllowAccessDLCFullLog`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    #[x_kube(validation = rules::json_object("extra"))]
    pub extra: Option<String>,

    /// When the share ends, such as `2027-01-31T00:00:00Z`. From then on the entry means nothing, and you may remove
    /// it. Absent: the operator does not manage the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// A share that the dataset grants, as the service last showed it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GrantedShare {
    /// Id of the account that the workspace belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Id of the workspace that may use the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// State of the share, such as `ACTIVE`, `EXPIRED`, `REVOKED` or `INVALID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_at: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// Where a dataset comes from that another workspace shared, as the service last showed it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedShare {
    /// Id of the account that owns the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_tenant_id: Option<String>,
    /// Id of the workspace that holds the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_workspace_id: Option<String>,
    /// State of the share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}
