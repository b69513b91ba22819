//! What a change changes, in the words of the spec: which fields, and for drift what was found and what is wanted.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::plan::Change;
use crate::remote::Remote;
use crate::remote::fields::{Fields, lower_camel};
use crate::remote::mark::{Labels, is_mark};
use crate::words::shown;

/// One field that a change changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edit {
    /// Its name in the spec: `description`, `labels.team`.
    pub(crate) field: String,
    found: Option<Value>,
    wanted: Option<Value>,
}

impl Edit {
    /// What was found and what is wanted, each at most 64 characters of it.
    pub(crate) fn drift(&self) -> String {
        format!("{}: found {}, wanted {}", self.field, shown(self.found.as_ref()), shown(self.wanted.as_ref()))
    }
}

/// The fields that `change` changes on a remote, as far as that and its v1 are known.
pub(crate) fn edits(change: &Change, remote: Option<&Remote>, first: Option<&Arc<Remote>>) -> Vec<Edit> {
    let first = first.map(Arc::as_ref);
    match change {
        Change::Update(wanted) => fields(wanted, remote, lower_camel),
        Change::UpdateFirst(wanted) => fields(wanted, first, |name| match name {
            "Description" => "versionDescription".to_owned(),
            other => lower_camel(other),
        }),
        Change::Publish => {
            fields(&Fields::from_iter([("Accessibility".to_owned(), json!("PUBLIC"))]), remote, lower_camel)
        }
        Change::SetLabels(wanted) => labels("labels", wanted, remote),
        Change::RemoveLabels(keys) => unset("labels", keys, remote),
        Change::SetFirstLabels(wanted) => labels("versionLabels", wanted, first),
        Change::RemoveFirstLabels(keys) => unset("versionLabels", keys, first),
    }
}

fn fields(wanted: &Fields, remote: Option<&Remote>, name_of: impl Fn(&str) -> String) -> Vec<Edit> {
    let edit = |(name, value): (&String, &Value)| Edit {
        field: name_of(name),
        found: remote.and_then(|remote| remote.fields.get(name)).cloned(),
        wanted: Some(value.clone()),
    };
    wanted.iter().map(edit).collect()
}

/// The full set of a version's labels is written; what is there already, or is a mark, does not change.
fn labels(name: &str, wanted: &Labels, remote: Option<&Remote>) -> Vec<Edit> {
    let found = |key: &str| remote.and_then(|remote| remote.labels.get(key));
    let changed = wanted.iter().filter(|(key, value)| !is_mark(key) && found(key) != Some(value));
    let edit = |(key, value): (&String, &String)| Edit {
        field: format!("{name}.{key}"),
        found: found(key).map(|found| json!(found)),
        wanted: Some(json!(value)),
    };
    changed.map(edit).collect()
}

fn unset(name: &str, keys: &[String], remote: Option<&Remote>) -> Vec<Edit> {
    let edit = |key: &String| Edit {
        field: format!("{name}.{key}"),
        found: remote.and_then(|remote| remote.labels.get(key)).map(|found| json!(found)),
        wanted: None,
    };
    keys.iter().map(edit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::id::RemoteId;

    fn remote(members: &Value, pairs: &[(&str, &str)]) -> Remote {
        Remote {
            id: RemoteId::new("d-1"),
            labels: pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            fields: members.as_object().cloned().unwrap(),
            latest: None,
        }
    }

    #[test]
    fn each_change_names_its_fields_as_the_spec_does_with_both_values() {
        let it = remote(&json!({"Description": "by hand"}), &[("team", "x"), ("dso-owner", "m"), ("old", "1")]);
        let first = Arc::new(remote(&json!({"DataSize": 1}), &[("old", "1")]));
        let told = |change: Change| {
            let drift = |edit: &Edit| edit.drift();
            edits(&change, Some(&it), Some(&first)).iter().map(drift).collect::<Vec<_>>().join("; ")
        };
        let members = |value: Value| value.as_object().cloned().unwrap();
        let set = |pairs: &[(&str, &str)]| remote(&json!({}), pairs).labels;
        assert_eq!(
            told(Change::Update(members(json!({"Description": "as written", "Name": "one"})))),
            "description: found \"by hand\", wanted \"as written\"; name: found nothing, wanted \"one\""
        );
        assert_eq!(
            told(Change::SetLabels(set(&[("team", "vision"), ("dso-owner", "other"), ("old", "1")]))),
            "labels.team: found \"x\", wanted \"vision\"",
            "neither marks nor what stays as it is"
        );
        assert_eq!(told(Change::RemoveLabels(vec!["old".into()])), "labels.old: found \"1\", wanted nothing");
        assert_eq!(told(Change::Publish), "accessibility: found nothing, wanted \"PUBLIC\"");
        assert_eq!(
            told(Change::UpdateFirst(members(json!({"DataSize": 2, "Description": "v"})))),
            "dataSize: found 1, wanted 2; versionDescription: found nothing, wanted \"v\""
        );
        assert_eq!(told(Change::SetFirstLabels(set(&[("a", "1")]))), "versionLabels.a: found nothing, wanted \"1\"");
        assert_eq!(
            told(Change::RemoveFirstLabels(vec!["old".into()])),
            "versionLabels.old: found \"1\", wanted nothing"
        );
    }

    #[test]
    fn long_values_are_cut() {
        let wanted = json!({"Options": "x".repeat(500)}).as_object().cloned().unwrap();
        let told = edits(&Change::Update(wanted), None, None)[0].drift();
        assert!(told.chars().count() < 100 && told.ends_with('…'), "{told}");
    }
}
