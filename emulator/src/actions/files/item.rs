//! Reads one item of a batch. What is wrong with it is its result, in words.

use serde_json::{Map, Value};

use super::tags::{self, Writer};
use crate::knobs::Knobs;
use crate::store::Text;
use crate::store::file_meta::FileMeta;

pub(super) const FILE_TYPES: [&str; 5] = ["image", "application", "video", "audio", "text"];

/// The metadata that an item of a create describes, on a blank with its ids.
pub(super) fn created(
    blank: FileMeta,
    item: &Map<String, Value>,
    now: &Text,
    knobs: &Knobs,
) -> Result<FileMeta, String> {
    for required in ["Uri", "ContentType", "FileType", "FileFingerPrint", "FileUpdateTime"] {
        text(item, required)?.filter(|text| !text.is_empty()).ok_or_else(|| format!("Missing {required}"))?;
    }
    let uri = text(item, "Uri")?.unwrap_or_default();
    let place = ["oss://", "nas://"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    if !place
        .is_some_and(|place| place.split_once('/').is_some_and(|(root, path)| !root.is_empty() && !path.is_empty()))
    {
        return Err("Invalid Uri".to_owned());
    }
    let mut meta = FileMeta { uri, ..blank };
    fill(&mut meta, item)?;
    if meta.file_name.is_empty() {
        meta.file_name = meta.uri.rsplit('/').next().unwrap_or_default().into();
    }
    if let Some(tags) = text(item, "Tags")? {
        tags::write(&mut meta, &tags, Writer::Create, now, knobs)?;
    }
    Ok(meta)
}

/// The metadata after an item of an update.
pub(super) fn updated(
    mut meta: FileMeta,
    item: &Map<String, Value>,
    tag_job: Option<&Text>,
    now: &Text,
    knobs: &Knobs,
) -> Result<FileMeta, String> {
    fill(&mut meta, item)?;
    if let Some(tags) = text(item, "Tags")? {
        tags::write(&mut meta, &tags, Writer::Update(tag_job), now, knobs)?;
    }
    if let Some(job) = text(item, "SemanticIndexJobId")? {
        meta.semantic_index_job_id = Some(job);
    }
    if let Some(time) = time(item, "SemanticIndexUpdateTime")? {
        meta.semantic_index_update_time = Some(time);
    }
    Ok(meta)
}

/// Puts the members that both have into the metadata; absent ones are left alone.
fn fill(meta: &mut FileMeta, item: &Map<String, Value>) -> Result<(), String> {
    for (name, member) in [
        ("FileName", &mut meta.file_name),
        ("FileType", &mut meta.file_type),
        ("ContentType", &mut meta.content_type),
        ("FileFingerPrint", &mut meta.file_finger_print),
    ] {
        if let Some(text) = text(item, name)? {
            *member = text;
        }
    }
    if !FILE_TYPES.contains(&meta.file_type.as_str()) {
        return Err("Invalid FileType".to_owned());
    }
    if let Some(time) = time(item, "FileUpdateTime")? {
        meta.file_update_time = time;
    }
    if let Some(time) = time(item, "FileCreateTime")? {
        meta.file_create_time = Some(time);
    }
    if let Some(comment) = text(item, "Comment")? {
        meta.comment = Some(comment);
    }
    if let Some(attributes) = text(item, "MetaAttributes")? {
        let object = attributes.is_empty() || serde_json::from_str::<Map<String, Value>>(&attributes).is_ok();
        meta.meta_attributes = Some(attributes).filter(|_| object);
        if !object {
            return Err("Invalid MetaAttributes".to_owned());
        }
    }
    match item.get("DataSize") {
        None | Some(Value::Null) => {}
        Some(size) => {
            let size = size.as_i64().filter(|size| *size >= 0);
            meta.data_size = Some(size.ok_or_else(|| "Invalid DataSize".to_owned())?);
        }
    }
    Ok(())
}

fn text(item: &Map<String, Value>, name: &str) -> Result<Option<Text>, String> {
    match item.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(format!("Invalid {name}")),
    }
}

/// A time in ISO 8601, with seconds or without.
fn time(item: &Map<String, Value>, name: &str) -> Result<Option<Text>, String> {
    let text = text(item, name)?.filter(|text| !text.is_empty());
    match text {
        Some(text) if text.parse::<jiff::Timestamp>().is_err() => Err(format!("Invalid {name}")),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn create(more: &Value) -> Result<FileMeta, String> {
        let mut item = json!({"Uri": "oss://b/a/1.jpg", "ContentType": "image/jpeg", "FileType": "image",
            "FileFingerPrint": "9B2C", "FileUpdateTime": "2026-11-01T00:00Z"});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        created(FileMeta::default(), item.as_object().unwrap(), &"now".into(), &Knobs::default())
    }

    #[test]
    fn an_item_is_read() {
        let meta =
            create(&json!({"DataSize": 5, "Tags": r#"{"user":{"add":["a"]}}"#, "MetaAttributes": "{}"})).unwrap();
        assert_eq!((meta.file_name.as_str(), meta.data_size, meta.user_tags.len()), ("1.jpg", Some(5), 1));
        let change = json!({"Comment": "c", "SemanticIndexJobId": "dsjob-1", "FileUpdateTime": null});
        let next = updated(meta.clone(), change.as_object().unwrap(), None, &"now".into(), &Knobs::default()).unwrap();
        let expected = FileMeta { comment: Some("c".into()), semantic_index_job_id: Some("dsjob-1".into()), ..meta };
        assert_eq!(next, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (more, expected) in [
            (json!({"Uri": ""}), "Missing Uri"),
            (json!({"Uri": "http://b/a"}), "Invalid Uri"),
            (json!({"Uri": "oss://b/"}), "Invalid Uri"),
            (json!({"FileType": "folder"}), "Invalid FileType"),
            (json!({"FileFingerPrint": null}), "Missing FileFingerPrint"),
            (json!({"FileUpdateTime": "yesterday"}), "Invalid FileUpdateTime"),
            (json!({"DataSize": -1}), "Invalid DataSize"),
            (json!({"Comment": 1}), "Invalid Comment"),
            (json!({"MetaAttributes": "[]"}), "Invalid MetaAttributes"),
            (json!({"Tags": "[]"}), "Invalid Tags"),
        ] {
            assert_eq!(create(&more), Err(expected.to_owned()), "{more}");
        }
    }
}
