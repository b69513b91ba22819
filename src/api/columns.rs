//! The columns that `kubectl get` prints; wide ones only with `-o wide`.

use serde_json::{Value, json};

/// One column.
pub(super) struct Column {
    name: &'static str,
    path: &'static str,
    wide: bool,
    about: &'static str,
}

/// A column that is always printed.
pub(super) const fn narrow(name: &'static str, path: &'static str, about: &'static str) -> Column {
    Column { name, path, wide: false, about }
}

/// A column that only `-o wide` prints.
pub(super) const fn wide(name: &'static str, path: &'static str, about: &'static str) -> Column {
    Column { name, path, wide: true, about }
}

pub(super) const READY: Column =
    narrow("Ready", r#".status.conditions[?(@.type=="Ready")].status"#, "Whether the cloud dataset equals the spec");
pub(super) const REASON: Column =
    narrow("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#, "Why Ready has its value");
pub(super) const WIDE_REASON: Column = Column { wide: true, ..REASON };
pub(super) const AGE: Column = narrow("Age", ".metadata.creationTimestamp", "Time since the object was created");
pub(super) const MESSAGE: Column =
    wide("Message", r#".status.conditions[?(@.type=="Ready")].message"#, "Details of the reason");

impl Column {
    /// As it stands in a custom resource definition.
    pub(super) fn to_json(&self) -> Value {
        let type_ = if self.name == AGE.name { "date" } else { "string" };
        let mut column = json!({
            "name": self.name,
            "type": type_,
            "jsonPath": self.path,
            "description": self.about,
        });
        if self.wide {
            column["priority"] = 1.into();
        }
        column
    }
}
