//! Fields of a spec, as changes and messages name them.

use serde_json::Value;

use super::futile::{Sent, print};
use crate::remote::fields::lower_camel;
use crate::words::shown;

/// One field of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The key under which its updates are counted.
    pub key: String,
    /// For a label: the name of its list in the spec.
    labels: Option<&'static str>,
    /// Its name in the spec, or the key of the label.
    name: String,
}

impl Field {
    /// The member with this API name.
    #[must_use]
    pub fn member(name: &str) -> Self {
        Self::counted_as(name.to_owned(), name)
    }

    /// The member with this API name, whose updates are counted under another one.
    #[must_use]
    pub fn counted_as(key: String, name: &str) -> Self {
        Self { key, labels: None, name: lower_camel(name) }
    }

    /// The label with this key in the list of this name.
    #[must_use]
    pub fn label(list: &'static str, prefix: &str, key: &str) -> Self {
        Self { key: format!("{prefix}{LABELS}{key}"), labels: Some(list), name: key.to_owned() }
    }

    /// Its short name: `description`, `labels.team`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.labels {
            None => self.name.clone(),
            Some(list) => format!("{list}.{}", self.name),
        }
    }

    /// Where it is in the object: `spec.description`, `spec.labels[team]`.
    #[must_use]
    pub fn path(&self) -> String {
        match self.labels {
            None => format!("spec.{}", self.name),
            Some(list) => format!("spec.{list}[{}]", self.name),
        }
    }
}

/// Before the key of a label in [`Field::key`]; `=` cannot occur in it.
pub const LABELS: &str = "labels=";

/// Before `<tenantId>/<workspaceId>` of a share, in [`Field::key`] and among the label keys that status records.
pub const SHARES: &str = "share=";

/// A field that the service holds otherwise than the spec says.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The field that differs.
    pub field: Field,
    /// The value that the service holds.
    pub found: Option<Value>,
    /// The value that the spec wants.
    pub wanted: Option<Value>,
}

impl FieldChange {
    /// The found and the wanted value as text, each cut to 64 characters.
    #[must_use]
    pub fn drift(&self) -> String {
        let (found, wanted) = (shown(self.found.as_ref()), shown(self.wanted.as_ref()));
        format!("{}: found {found}, wanted {wanted}", self.field.name())
    }

    /// The field and the fingerprint of the value that is sent.
    #[must_use]
    pub fn sent(&self) -> Sent {
        (self.field.key.clone(), print(self.wanted.as_ref()))
    }

    /// The field and the fingerprint of the value that the service shows.
    #[must_use]
    pub fn shown(&self) -> Sent {
        (self.field.key.clone(), print(self.found.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_are_cut() {
        let wanted = Some(json!("x".repeat(500)));
        let drift = FieldChange { field: Field::member("Options"), found: None, wanted }.drift();
        assert!(drift.chars().count() < 100 && drift.ends_with('…'), "{drift}");
    }

    #[test]
    fn a_field_has_one_name_for_each_place_it_is_told_in() {
        let member = Field::member("MountAccessReadWriteRoleIdList");
        assert_eq!(
            (member.name().as_str(), member.path().as_str()),
            ("mountAccessReadWriteRoleIdList", "spec.mountAccessReadWriteRoleIdList")
        );
        let label = Field::label("versionLabels", "v1=", "team");
        assert_eq!((label.key.as_str(), label.name().as_str()), ("v1=labels=team", "versionLabels.team"));
        assert_eq!(label.path(), "spec.versionLabels[team]");
    }
}
