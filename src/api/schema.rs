//! Finishes a generated schema, with the parts that the derives cannot express.
//!
//! * No `nullable`: the apiserver then drops a `null` on the way in, so absent is the only way to say
//!   "not managed", in manifests as in stored objects.
//! * No defaults except the one of `status`, so that nothing appears in a spec that its author did
//!   not write.
//! * The root rules, which need spec and status side by side.

use kube::core::Rule;
use serde_json::{Map, Value, json};

/// Finishes the root schema of a kind, given as JSON, and gives it its rules.
pub(super) fn finish(root: &mut Value, rules: &[Rule]) {
    let Value::Object(root) = root else { return };
    clean(root);
    root.insert("x-kubernetes-validations".into(), json!(rules));
    if let Some(Value::Object(status)) = root.get_mut("properties").and_then(|properties| properties.get_mut("status"))
    {
        // kstatus takes an object without status for finished; this one says "not looked at yet".
        status.insert("default".into(), json!({ "observedGeneration": -1 }));
    }
}

/// Cleans one schema and all below it.
fn clean(schema: &mut Map<String, Value>) {
    for name in ["default", "nullable", "title"] {
        schema.remove(name);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for bound in ["minimum", "maximum"] {
        if let Some(value) = schema.get_mut(bound) {
            whole(value);
        }
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = unwrap_lines(text);
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(clean);
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        clean(items);
    }
}

/// Bounds are floating point in the definition's type; people and diffs want `1`, not `1.0`.
fn whole(bound: &mut Value) {
    if let Some(float) = bound.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15) {
        #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^63")]
        let number = float as i64;
        *bound = number.into();
    }
}

/// Joins the lines of a paragraph: the line breaks are only for readers of the source.
fn unwrap_lines(text: &str) -> String {
    text.split("\n\n")
        .map(|paragraph| paragraph.split('\n').map(str::trim).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}
