//! Media datasets of IMM and their bindings to buckets.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Text;
use super::shelf::Kept;

/// A media dataset, as `GET /_emulator/state` shows it. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of IMM's Dataset, under its names")]
pub struct MediaDataset {
    /// The parent account of its project.
    pub account_id: Text,
    pub project_name: Text,
    pub dataset_name: Text,
    pub template_id: Text,
    pub description: Text,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub dataset_max_bind_count: i64,
    pub dataset_max_file_count: i64,
    pub dataset_max_entity_count: i64,
    pub dataset_max_relation_count: i64,
    pub dataset_max_total_file_size: i64,
    pub workflow_parameters: Vec<WorkflowParameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_config: Option<Value>,
    /// Files in its index.
    pub file_count: i64,
    pub total_file_size: i64,
    /// Earlier contents that reads still show, and until when, oldest first.
    #[serde(skip)]
    pub(crate) before: Vec<(i64, Arc<MediaDataset>)>,
}

/// A parameter of a workflow; without effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of IMM's WorkflowParameter, under its names")]
pub struct WorkflowParameter {
    pub name: Text,
    pub value: Text,
}

/// A bucket that feeds a media dataset. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of IMM's Binding, under its names")]
pub struct Binding {
    /// The parent account of its project.
    pub account_id: Text,
    pub project_name: Text,
    pub dataset_name: Text,
    #[serde(rename = "URI")]
    pub uri: Text,
    pub created_ms: i64,
    /// Files of the bucket that it brought into the index.
    pub files: i64,
}

impl MediaDataset {
    /// What reads show at a time.
    pub(crate) fn seen_at(&self, now_ms: i64) -> &Self {
        self.before.iter().find(|(until_ms, _)| *until_ms > now_ms).map_or(self, |(_, was)| was)
    }
}

/// What the datasets of a project belong to, and, with a dataset's name, what its bindings belong to.
pub(crate) fn place(account: &str, names: &[&str]) -> Text {
    let mut place = Text::from(account);
    for name in names {
        place.push('/');
        place.push_str(name);
    }
    place
}

impl Kept for MediaDataset {
    fn id(&self) -> Text {
        place(&self.account_id, &[&self.project_name, &self.dataset_name])
    }

    fn owner(&self) -> Text {
        place(&self.account_id, &[&self.project_name])
    }
}

impl Kept for Binding {
    fn id(&self) -> Text {
        place(&self.account_id, &[&self.project_name, &self.dataset_name, &self.uri])
    }

    fn owner(&self) -> Text {
        place(&self.account_id, &[&self.project_name, &self.dataset_name])
    }
}
