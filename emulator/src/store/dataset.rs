//! A dataset in the service's own member names: with compact texts inside the emulator, with plain strings for callers from
//! outside.

use serde::{Deserialize, Serialize};

/// A text of a kept dataset: a `str` in all that matters, in place when it is short.
pub type Text = compact_str::CompactString;

/// A label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct Label<T = String> {
    /// Its key.
    pub key: T,
    /// Its value.
    #[serde(default)]
    pub value: T,
}

/// Where metrics of a version are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct UserMetricsEndpoint<T = String> {
    /// HTTP path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<T>,
    /// TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

/// One share of a dataset with another workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct ShareRelationship<T = String> {
    /// Parent account that may use it.
    pub tenant_id: T,
    /// Workspace that may use it.
    pub workspace_id: T,
    /// Parent account that shares.
    pub source_tenant_id: T,
    /// Workspace that shares.
    pub source_workspace_id: T,
    /// Upper bound of mounts by the receiver.
    pub allowed_mount_access_levels: Vec<T>,
    /// Whether data-protection mode is on.
    pub is_secure_mode: bool,
    /// JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<T>,
    /// When it was shared.
    pub shared_at: T,
    /// When the share lapses; absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<T>,
    /// ACTIVE or EXPIRED; worked out when read.
    pub status: T,
}

/// The shares of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct SharingConfig<T = String> {
    /// One entry per receiving workspace.
    pub shared_to: Vec<ShareRelationship<T>>,
}

/// A version of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "T: Default + Deserialize<'de>"))]
#[allow(missing_docs, reason = "the members of the service's DatasetVersion, under its names")]
pub struct Version<T = String> {
    /// `v1`, `v2`, …
    pub version_name: T,
    pub gmt_create_time: T,
    pub gmt_modified_time: T,
    pub property: T,
    pub data_source_type: T,
    pub uri: T,
    pub labels: Vec<Label<T>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<T>,
    pub source_type: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_info: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_task_ram_role: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_metrics_endpoints: Option<Vec<UserMetricsEndpoint<T>>>,
}

/// A dataset with its versions, as `GET /_emulator/state` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "T: Default + Deserialize<'de>"))]
#[allow(missing_docs, reason = "the members of the service's Dataset, under its names")]
pub struct Dataset<T = String> {
    pub dataset_id: T,
    pub name: T,
    pub workspace_id: T,
    /// The principal that owns it.
    pub user_id: T,
    /// The parent account.
    pub owner_id: T,
    pub gmt_create_time: T,
    pub gmt_modified_time: T,
    pub data_source_type: T,
    pub data_type: T,
    /// Of v1, like `uri`, `source_type`, `source_id` and `options`.
    pub property: T,
    pub uri: T,
    pub source_type: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<T>,
    pub accessibility: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessible_role_id_list: Option<Vec<T>>,
    pub provider_type: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<T>,
    pub edition: T,
    pub labels: Vec<Label<T>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_access_read_write_role_id_list: Option<Vec<T>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_info: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_dataset_id: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_dataset_version: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_template_type: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing_config: Option<SharingConfig<T>>,
    /// All versions, oldest first; v1 is always there.
    pub versions: Vec<Version<T>>,
    /// The number of the next version.
    pub next_version: u32,
}

impl<T: AsRef<str>> Dataset<T> {
    /// The version of this name.
    pub fn version(&self, name: &str) -> Option<&Version<T>> {
        self.versions.iter().find(|version| version.version_name.as_ref() == name)
    }

    /// The version of this name, to change it.
    pub fn version_mut(&mut self, name: &str) -> Option<&mut Version<T>> {
        self.versions.iter_mut().find(|version| version.version_name.as_ref() == name)
    }
}

impl Dataset<Text> {
    /// With plain strings.
    pub(crate) fn plain(&self) -> Dataset {
        // By way of JSON, which both forms have in common, so there is nothing that could fail.
        serde_json::to_value(self).and_then(serde_json::from_value).unwrap_or_default()
    }

    /// Whether the share with this account and workspace exists.
    pub(crate) fn share_with(&self, account: &str, workspace: &str) -> Option<&ShareRelationship<Text>> {
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
            // A list of exact size for what is nearly always the only version.
            let later = std::mem::replace(&mut self.versions, vec![first]);
            self.versions.extend(later);
        }
        let newest = self.versions.iter().filter_map(Version::number).max().unwrap_or(1);
        self.next_version = self.next_version.max(newest.saturating_add(1));
        self
    }
}

impl<T: AsRef<str>> Version<T> {
    /// The number in its name.
    pub(crate) fn number(&self) -> Option<u32> {
        self.version_name.as_ref().strip_prefix('v')?.parse().ok()
    }
}
