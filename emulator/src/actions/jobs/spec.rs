//! `JobSpec`: a JSON object as text, with members by the action of the job.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

pub(super) const ACTIONS: [&str; 6] =
    ["SemanticIndex", "IntelligentTag", "FileMetaExport", "FileMetaBuild", "IntelligentTagRevert", "FileMetaImport"];

/// Whether the text has what the action needs.
pub(super) fn check(action: &str, text: &str) -> Result<(), Refusal> {
    let invalid = |why: String| Err(Refusal::invalid("JobSpec", why));
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return invalid("it is not the text of a JSON object".to_owned());
    };
    let needed: &[&str] = match action {
        "SemanticIndex" => &["contentList"],
        "IntelligentTag" => &["modelId", "intelligentTagConnectionId", "promptId"],
        "FileMetaExport" => &["exportDirUri"],
        "IntelligentTagRevert" => &["intelligentTagJobId"],
        _ => &[],
    };
    if let Some(name) = needed.iter().find(|name| !is_given(&members, name)) {
        return invalid(format!("{action} needs {name}"));
    }
    if action == "FileMetaImport" {
        if is_given(&members, "srcDatasetId") == is_given(&members, "manifestUri") {
            return invalid("FileMetaImport needs either srcDatasetId or manifestUri".to_owned());
        }
        let mode = members.get("importMode").and_then(Value::as_str).unwrap_or("append");
        if !["append", "replace"].contains(&mode) {
            return invalid(format!("importMode {mode:?} is none of append, replace"));
        }
    }
    Ok(())
}

/// Whether a member is there and not empty.
fn is_given(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_some_and(|value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_needs_its_own_members() {
        for (action, good) in [
            ("SemanticIndex", r#"{"contentList":["file"]}"#),
            ("IntelligentTag", r#"{"modelId":"m","intelligentTagConnectionId":"c","promptId":"p"}"#),
            ("FileMetaExport", r#"{"exportDirUri":"oss://b/"}"#),
            ("FileMetaBuild", "{}"),
            ("IntelligentTagRevert", r#"{"intelligentTagJobId":"dsjob-1","other":1}"#),
            ("FileMetaImport", r#"{"srcDatasetId":"d-1","importMode":"replace"}"#),
            ("FileMetaImport", r#"{"manifestUri":"oss://b/m.jsonl"}"#),
        ] {
            assert_eq!(check(action, good), Ok(()), "{action} {good}");
        }
        for (action, wrong) in [
            ("FileMetaBuild", "[]"),
            ("FileMetaBuild", "{"),
            ("SemanticIndex", r#"{"contentList":[]}"#),
            ("IntelligentTag", r#"{"modelId":"m","promptId":""}"#),
            ("FileMetaExport", "{}"),
            ("FileMetaImport", "{}"),
            ("FileMetaImport", r#"{"manifestUri":"x","srcDatasetId":"d-1"}"#),
            ("FileMetaImport", r#"{"manifestUri":"x","importMode":"both"}"#),
        ] {
            assert!(check(action, wrong).is_err(), "{action} {wrong}");
        }
    }
}
