//! Metadata of one file of a dataset version.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::Text;
use super::shelf::Kept;
use crate::encoding::hex;

/// Metadata of a file, as `GET /_emulator/state` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of the service's DatasetFileMeta, under its names")]
pub struct FileMeta {
    pub dataset_file_meta_id: Text,
    pub dataset_id: Text,
    pub dataset_version: Text,
    pub uri: Text,
    pub file_name: Text,
    pub file_type: Text,
    pub content_type: Text,
    pub file_finger_print: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_create_time: Option<Text>,
    pub file_update_time: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_attributes: Option<Text>,
    /// The tag groups `user`, `ai` and `user-delete-ai-tags`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_tags: Vec<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ai_tags: Vec<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted_ai_tags: Vec<Text>,
    /// The job that wrote the group `ai`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_job_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_update_time: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_index_job_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_index_update_time: Option<Text>,
    /// Deletion is logical.
    pub deleted: bool,
}

/// The id of a file: the same for the same Uri in the same version.
pub(crate) fn id_of(dataset: &str, version: &str, uri: &str) -> Text {
    hex(digest(&SHA256, format!("{dataset}\n{version}\n{uri}").as_bytes()).as_ref()).into()
}

/// What the files of a version belong to.
pub(crate) fn owner_of(dataset: &str, version: &str) -> Text {
    compact_str::format_compact!("{dataset}/{version}")
}

impl FileMeta {
    /// The directory part of its Uri, with the slash at its end.
    pub(crate) fn dir(&self) -> &str {
        self.uri.rsplit_once('/').map_or("", |(dir, _)| self.uri.get(..=dir.len()).unwrap_or(dir))
    }

    /// The tags that it has for a search: the user's, and those of models that no user took away.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &Text> {
        let models = self.ai_tags.iter().filter(|tag| !self.deleted_ai_tags.contains(tag));
        let new = models.filter(|tag| !self.user_tags.contains(tag));
        self.user_tags.iter().chain(new)
    }
}

impl Kept for FileMeta {
    fn id(&self) -> Text {
        self.dataset_file_meta_id.clone()
    }

    fn owner(&self) -> Text {
        owner_of(&self.dataset_id, &self.dataset_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_64_digits_and_a_file_has_a_directory() {
        let id = id_of("d-1", "v1", "oss://b/a/1.jpg");
        assert!(id.len() == 64 && id != id_of("d-1", "v2", "oss://b/a/1.jpg"));
        let meta = FileMeta { uri: "oss://b/a/1.jpg".into(), ..FileMeta::default() };
        assert_eq!(meta.dir(), "oss://b/a/");
        let tagged = FileMeta {
            user_tags: vec!["u".into(), "x".into()],
            ai_tags: vec!["x".into(), "y".into(), "z".into()],
            deleted_ai_tags: vec!["y".into()],
            ..meta
        };
        assert_eq!(tagged.tags().collect::<Vec<_>>(), ["u", "x", "z"]);
    }
}
