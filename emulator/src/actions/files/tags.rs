//! `Tags`: a JSON object as text, with the groups `user`, `ai` and `user-delete-ai-tags`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::knobs::Knobs;
use crate::store::Text;
use crate::store::file_meta::FileMeta;

/// A change of one group.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    add: Vec<Text>,
    remove: Vec<Text>,
}

/// `Tags` of a write.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    user: Option<Change>,
    user_delete_ai_tags: Option<Change>,
    ai: Option<Vec<Text>>,
}

/// Who writes tags.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writer<'a> {
    /// A create, which can only add tags of the user.
    Create,
    /// An update, in the name of a job if it has its id.
    Update(Option<&'a Text>),
}

/// Puts the tags of a write into the metadata of a file.
pub(super) fn write(meta: &mut FileMeta, text: &str, writer: Writer, now: &Text, knobs: &Knobs) -> Result<(), String> {
    let object = text.trim_start().starts_with('{');
    let written = serde_json::from_str::<Written>(text).ok().filter(|_| object);
    let Written { user, user_delete_ai_tags, ai } = written.ok_or_else(|| "Invalid Tags".to_owned())?;
    let only_adds = user.as_ref().is_none_or(|change| change.remove.is_empty());
    let job = match writer {
        Writer::Create if user_delete_ai_tags.is_some() || ai.is_some() || !only_adds => {
            return Err("Invalid Tags".to_owned());
        }
        Writer::Create => None,
        Writer::Update(job) => job,
    };
    let refused = |tag: &&Text| !knobs.refused_tag.is_empty() && tag.contains(knobs.refused_tag.as_str());
    if let Some(tag) = user.iter().flat_map(|change| &change.add).find(refused) {
        return Err(format!("Invalid Tag {tag}"));
    }
    if let Some(change) = user {
        apply(&mut meta.user_tags, change);
    }
    if let Some(change) = user_delete_ai_tags {
        apply(&mut meta.deleted_ai_tags, change);
    }
    if let Some(tags) = ai {
        let job = job.ok_or_else(|| "Missing TagJobId".to_owned())?;
        meta.ai_tags.clear();
        apply(&mut meta.ai_tags, Change { add: tags, remove: Vec::new() });
        meta.tag_job_id = Some(job.clone());
    }
    meta.tag_update_time = Some(now.clone());
    Ok(())
}

fn apply(tags: &mut Vec<Text>, Change { add, remove }: Change) {
    tags.retain(|tag| !remove.contains(tag));
    for tag in add {
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
}

/// `Tags` of an answer; `None` when there are none.
pub(super) fn shown(meta: &FileMeta) -> Option<String> {
    let groups = [("ai", &meta.ai_tags), ("user", &meta.user_tags), ("user-delete-ai-tags", &meta.deleted_ai_tags)];
    let filled = groups.into_iter().filter(|(_, tags)| !tags.is_empty());
    let object: Map<String, Value> = filled
        .map(|(name, tags)| (name.to_owned(), tags.iter().map(|tag| Value::from(tag.as_str())).collect()))
        .collect();
    (!object.is_empty()).then(|| Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(meta: &mut FileMeta, text: &str, writer: Writer) -> Result<(), String> {
        write(meta, text, writer, &"now".into(), &Knobs::default())
    }

    #[test]
    fn groups_are_added_to_and_taken_from() {
        let mut meta = FileMeta::default();
        assert_eq!(shown(&meta), None);
        written(&mut meta, r#"{"user":{"add":["a","b","a"]}}"#, Writer::Create).unwrap();
        let job = Text::from("dsjob-1");
        written(&mut meta, r#"{"ai":["x","y"]}"#, Writer::Update(Some(&job))).unwrap();
        let change = r#"{"user":{"remove":["a"],"add":["c"]},"user-delete-ai-tags":{"add":["x"]}}"#;
        written(&mut meta, change, Writer::Update(None)).unwrap();
        let expected = r#"{"ai":["x","y"],"user":["b","c"],"user-delete-ai-tags":["x"]}"#;
        assert_eq!(shown(&meta).as_deref(), Some(expected));
        assert_eq!((meta.tag_job_id, meta.tag_update_time), (Some(job), Some("now".into())));
    }

    #[test]
    fn wrong_tags_are_named() {
        let mut meta = FileMeta::default();
        for (text, writer, expected) in [
            ("[]", Writer::Create, "Invalid Tags"),
            ("x", Writer::Create, "Invalid Tags"),
            (r#"{"user":["a"]}"#, Writer::Create, "Invalid Tags"),
            (r#"{"other":{}}"#, Writer::Create, "Invalid Tags"),
            (r#"{"user":{"remove":["a"]}}"#, Writer::Create, "Invalid Tags"),
            (r#"{"ai":["a"]}"#, Writer::Create, "Invalid Tags"),
            (r#"{"ai":["a"]}"#, Writer::Update(None), "Missing TagJobId"),
        ] {
            assert_eq!(written(&mut meta, text, writer), Err(expected.to_owned()), "{text}");
        }
        let knobs = Knobs { refused_tag: "dso-".to_owned(), ..Knobs::default() };
        let refused = write(&mut meta, r#"{"user":{"add":["dso-x"]}}"#, Writer::Create, &"now".into(), &knobs);
        assert_eq!(refused, Err("Invalid Tag dso-x".to_owned()));
    }
}
