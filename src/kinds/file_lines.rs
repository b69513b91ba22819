//! Files in the text of a key of a ConfigMap: one JSON object a line. What is wrong is told by line and member.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::FileItem;

/// The members that a line may have.
const MEMBERS: &[&str] = &[
    "uri",
    "contentType",
    "fileType",
    "fileFingerPrint",
    "fileUpdateTime",
    "fileName",
    "dataSize",
    "fileCreateTime",
    "metaAttributes",
    "tags",
];

/// The most characters of the texts, as the schema of `files` has them.
const LONGEST: &[(&str, usize)] = &[
    ("uri", 1024),
    ("contentType", 128),
    ("fileFingerPrint", 256),
    ("fileUpdateTime", 64),
    ("fileName", 256),
    ("fileCreateTime", 64),
    ("metaAttributes", 4096),
];
/// The members that may not be empty.
const FILLED: &[&str] = &["uri", "contentType", "fileFingerPrint", "fileUpdateTime", "fileName", "fileCreateTime"];
const MOST_TAGS: usize = 64;
const LONGEST_TAG: usize = 128;

/// The members of a file, as [`FileItem`] has them.
pub(super) type Members = Map<String, Value>;

/// The files in a text, or the number of the first wrong line, from 1, and what is wrong with it. Empty lines mean nothing.
pub(super) fn read<T>(text: &str, make: impl Fn(Members) -> T) -> Result<Vec<T>, (usize, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| file(line).map(&make).map_err(|why| (number + 1, why))).collect()
}

fn file(line: &str) -> Result<Members, String> {
    let members: Members = serde_json::from_str(line).map_err(|error| format!("it is not a JSON object: {error}"))?;
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("member {unknown} is unknown; known: {}", MEMBERS.join(", ")));
    }
    for (name, most) in LONGEST {
        if let Some(text) = members.get(*name).and_then(Value::as_str) {
            if text.chars().count() > *most {
                return Err(format!("member {name} is longer than {most} characters"));
            }
            if text.is_empty() && FILLED.contains(name) {
                return Err(format!("member {name} is empty"));
            }
        }
    }
    match FileItem::deserialize(&members) {
        Ok(item) => wrong(&item).map_or(Ok(members), Err),
        Err(error) => Err(misfit(&members).unwrap_or_else(|| error.to_string())),
    }
}

/// The member that has the wrong type, and why; `None` if one is missing, which has no place.
fn misfit(members: &Members) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, FileItem>(members).err()?;
    let place = error.path().to_string();
    (place != ".").then(|| format!("member {place}: {}", error.into_inner()))
}

/// What the rules of the API server would refuse in the spec.
fn wrong(item: &FileItem) -> Option<String> {
    let place = ["oss://", "nas://"].iter().find_map(|scheme| item.uri.strip_prefix(scheme));
    if !place.and_then(|place| place.split_once('/')).is_some_and(|(root, path)| !root.is_empty() && !path.is_empty()) {
        return Some("member uri must name a file, such as oss://bucket/flowers/1.jpg".to_owned());
    }
    for (name, time) in
        [("fileUpdateTime", Some(&item.file_update_time)), ("fileCreateTime", item.file_create_time.as_ref())]
    {
        if time.is_some_and(|time| time.parse::<jiff::Timestamp>().is_err()) {
            return Some(format!(
                "member {name} must be a time in ISO 8601 with its zone, such as 2026-11-01T00:00:00Z"
            ));
        }
    }
    if item.data_size.is_some_and(|size| size < 0) {
        return Some("member dataSize must not be negative".to_owned());
    }
    let object = |text: &String| serde_json::from_str::<Map<String, Value>>(text).is_ok();
    if !item.meta_attributes.as_ref().is_none_or(object) {
        return Some("member metaAttributes must be the text of a JSON object".to_owned());
    }
    let tags = item.tags.as_deref().unwrap_or_default();
    let is_wrong = |tag: &&String| {
        tag.is_empty() || tag.chars().count() > LONGEST_TAG || tag.starts_with("dso-") || tag.contains(',')
    };
    if tags.len() > MOST_TAGS || tags.iter().any(|tag| is_wrong(&tag)) {
        return Some(format!(
            "member tags must have at most {MOST_TAGS} texts of 1 to {LONGEST_TAG} characters without ',' that do not begin \
             with 'dso-'"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(more: &Value) -> String {
        let mut line = json!({"uri": "oss://b/1.jpg", "contentType": "image/jpeg", "fileType": "image",
            "fileFingerPrint": "9B2C", "fileUpdateTime": "2026-11-01T00:00:00Z"});
        for (name, value) in more.as_object().unwrap() {
            line[name] = value.clone();
        }
        line.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        line.to_string()
    }

    #[test]
    fn lines_are_files_and_empty_ones_nothing() {
        let text = format!(
            "{}\n\n  \r\n{}\r\n",
            line(&json!({})),
            line(&json!({"uri": "nas://f/2", "tags": ["red"], "dataSize": 5}))
        );
        let told = |file: Members| (file["uri"].as_str().unwrap().to_owned(), file.get("dataSize").cloned());
        let files = read(&text, told).unwrap();
        assert_eq!(files, [("oss://b/1.jpg".to_owned(), None), ("nas://f/2".to_owned(), Some(json!(5)))]);
        assert_eq!(read("", told).unwrap(), []);
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number_and_member() {
        for (wrong, says) in [
            ("{".to_owned(), "not a JSON object"),
            ("[]".to_owned(), "not a JSON object"),
            (line(&json!({"fileFingerPrint": null})), "fileFingerPrint"),
            (line(&json!({"fileFingerprint": "x"})), "member fileFingerprint is unknown"),
            (line(&json!({"fileType": "folder"})), "member fileType: unknown variant `folder`"),
            (line(&json!({"dataSize": "5"})), "member dataSize: invalid type"),
            (line(&json!({"dataSize": -5})), "member dataSize"),
            (line(&json!({"uri": "oss://b/"})), "member uri must name a file"),
            (line(&json!({"uri": ""})), "member uri is empty"),
            (line(&json!({"uri": format!("oss://b/{}", "x".repeat(1024))})), "member uri is longer than 1024"),
            (line(&json!({"fileUpdateTime": "yesterday"})), "member fileUpdateTime must be a time"),
            (line(&json!({"fileCreateTime": "2026-11-01"})), "member fileCreateTime must be a time"),
            (line(&json!({"metaAttributes": "[]"})), "member metaAttributes must be"),
            (line(&json!({"tags": ["dso-c-x"]})), "member tags must have"),
            (line(&json!({"tags": "red"})), "member tags: invalid type"),
        ] {
            let text = format!("{}\n\n{wrong}\n", line(&json!({})));
            let (number, why) = read(&text, |file| file).unwrap_err();
            assert!(number == 3 && why.contains(says), "{number}: {why}, not {says}");
        }
    }
}
