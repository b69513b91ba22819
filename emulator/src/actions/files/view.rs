//! File metadata as the service answers it.

use super::super::Members;
use super::tags;
use crate::store::file_meta::FileMeta;

/// What every answer has.
fn own_members(meta: &FileMeta) -> Members {
    let mut members = Members::default();
    for (name, text) in [
        ("DatasetFileMetaId", &meta.dataset_file_meta_id),
        ("Uri", &meta.uri),
        ("FileName", &meta.file_name),
        ("FileType", &meta.file_type),
        ("ContentType", &meta.content_type),
        ("FileFingerPrint", &meta.file_finger_print),
        ("FileUpdateTime", &meta.file_update_time),
    ] {
        members.put(name, text);
    }
    for (name, text) in [
        ("FileCreateTime", &meta.file_create_time),
        ("MetaAttributes", &meta.meta_attributes),
        ("TagUpdateTime", &meta.tag_update_time),
        ("SemanticIndexJobId", &meta.semantic_index_job_id),
        ("SemanticIndexUpdateTime", &meta.semantic_index_update_time),
    ] {
        members.put_some(name, text.as_ref());
    }
    members.put_some("DataSize", meta.data_size.as_ref());
    members.put_some("Tags", tags::shown(meta).as_ref());
    members.put("Status", if meta.deleted { "DELETED" } else { "ACTIVE" });
    members
}

/// As read one by one.
pub(super) fn whole(meta: &FileMeta) -> Members {
    let mut members = own_members(meta);
    members.put("FileDir", meta.dir());
    members.put_some("Comment", meta.comment.as_ref());
    members
}

/// As listed, with its likeness to what was looked for, and a thumbnail if one was asked for.
pub(super) fn listed(meta: &FileMeta, score: Option<f32>, thumbnail: Option<&str>) -> Members {
    let mut members = own_members(meta);
    // Nothing is stored here, so there is nothing behind this address.
    let address = meta.uri.replacen("://", "/", 1);
    members.put("DownloadUrl", &format!("https://storage.invalid/{address}"));
    members
        .put_some("ThumbnailUrl", thumbnail.map(|mode| format!("https://storage.invalid/{address}?{mode}")).as_ref());
    members.put_some("Score", score.as_ref());
    members
}
