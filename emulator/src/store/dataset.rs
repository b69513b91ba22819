//! What the emulator knows about a dataset, in the service's own member names.

use serde::{Deserialize, Serialize};

/// A text of a dataset: a `str` in all that matters, kept in place when it is short.
pub type Text = compact_str::CompactString;

/// A label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Label {
    /// Its key.
    pub key: Text,
    /// Its value.
    #[serde(default)]
    pub value: Text,
}

/// Where metrics of a version are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserMetricsEndpoint {
    /// HTTP path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

/// One share of a dataset with another workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ShareRelationship {
    /// Parent account that may use it.
    pub tenant_id: Text,
    /// Workspace that may use it.
    pub workspace_id: Text,
    /// Parent account that shares.
    pub source_tenant_id: Text,
    /// Workspace that shares.
    pub source_workspace_id: Text,
    /// Upper bound of mounts by the receiver.
    pub allowed_mount_access_levels: Vec<Text>,
    /// Whether data-protection mode is on.
    pub is_secure_mode: bool,
    /// JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Text>,
    /// When it was shared.
    pub shared_at: Text,
    /// When the share lapses; absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Text>,
    /// ACTIVE or EXPIRED; worked out when read.
    pub status: Text,
}

/// The shares of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SharingConfig {
    /// One entry per receiving workspace.
    pub shared_to: Vec<ShareRelationship>,
}

/// A version of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of the service's DatasetVersion, under its names")]
pub struct Version {
    /// `v1`, `v2`, …
    pub version_name: Text,
    pub gmt_create_time: Text,
    pub gmt_modified_time: Text,
    pub property: Text,
    pub data_source_type: Text,
    pub uri: Text,
    pub labels: Vec<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    pub source_type: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_info: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_task_ram_role: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_metrics_endpoints: Option<Vec<UserMetricsEndpoint>>,
}

/// A dataset with its versions, as `GET /_emulator/state` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of the service's Dataset, under its names")]
pub struct Dataset {
    pub dataset_id: Text,
    pub name: Text,
    pub workspace_id: Text,
    /// The principal that owns it.
    pub user_id: Text,
    /// The parent account.
    pub owner_id: Text,
    pub gmt_create_time: Text,
    pub gmt_modified_time: Text,
    pub data_source_type: Text,
    pub data_type: Text,
    /// Of v1, like `uri`, `source_type`, `source_id` and `options`.
    pub property: Text,
    pub uri: Text,
    pub source_type: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    pub accessibility: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessible_role_id_list: Option<Vec<Text>>,
    pub provider_type: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Text>,
    pub edition: Text,
    pub labels: Vec<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_access_read_write_role_id_list: Option<Vec<Text>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_info: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_dataset_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_dataset_version: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_template_type: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing_config: Option<SharingConfig>,
    /// All versions, oldest first; v1 is always there.
    pub versions: Vec<Version>,
    /// The number of the next version.
    pub next_version: u32,
}

impl Dataset {
    /// The version of this name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.version_name == name)
    }

    /// The version of this name, to change it.
    pub fn version_mut(&mut self, name: &str) -> Option<&mut Version> {
        self.versions.iter_mut().find(|version| version.version_name == name)
    }

    /// Whether the share with this account and workspace exists.
    pub(crate) fn share_with(&self, account: &str, workspace: &str) -> Option<&ShareRelationship> {
        let shares = self.sharing_config.as_ref().map(|config| config.shared_to.as_slice()).unwrap_or_default();
        shares.iter().find(|share| share.tenant_id == account && share.workspace_id == workspace)
    }

    /// Whether any workspace of this account has a share.
    pub(crate) fn is_shared_with(&self, account: &str) -> bool {
        self.sharing_config.iter().flat_map(|config| &config.shared_to).any(|share| share.tenant_id == account)
    }

    /// Whether `labels` has a key or a value that contains the text.
    pub(crate) fn has_label_like(&self, text: &str) -> bool {
        self.labels.iter().any(|label| label.key.contains(text) || label.value.contains(text))
    }

    /// Without spare room in its lists, as it should be kept.
    pub(crate) fn trimmed(mut self) -> Self {
        self.labels.shrink_to_fit();
        self.versions.shrink_to_fit();
        for version in &mut self.versions {
            version.labels.shrink_to_fit();
        }
        self
    }

    /// Fills what a hand-written state may leave out: v1 and the number of the next version.
    pub(crate) fn completed(mut self) -> Self {
        if self.version("v1").is_none() {
            let first = Version {
                version_name: "v1".into(),
                gmt_create_time: self.gmt_create_time.clone(),
                gmt_modified_time: self.gmt_modified_time.clone(),
                property: self.property.clone(),
                data_source_type: self.data_source_type.clone(),
                uri: self.uri.clone(),
                options: self.options.clone(),
                source_type: self.source_type.clone(),
                source_id: self.source_id.clone(),
                import_info: self.import_info.clone(),
                ..Version::default()
            };
            self.versions.insert(0, first);
        }
        let newest = self.versions.iter().filter_map(Version::number).max().unwrap_or(1);
        self.next_version = self.next_version.max(newest.saturating_add(1));
        self
    }
}

impl Version {
    /// The number in its name.
    pub(crate) fn number(&self) -> Option<u32> {
        self.version_name.strip_prefix('v')?.parse().ok()
    }
}
