//! The CRDs of release 0.1.0 beside those of today: every object that was stored under the earlier ones can still be
//! written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::check::schema;

fn earlier(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crds-0.1.0").join(file);
    let crd: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// The fields of which `now` accepts less than `before`, by path.
fn narrowed(before: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    let mut say = |what: &str| found.push(format!("{path}: {what}"));
    for word in ["type", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "default"] {
        if before.get(word) != now.get(word) {
            say(word);
        }
    }
    for word in ["format", "pattern"] {
        if now.get(word).is_some() && before.get(word) != now.get(word) {
            say(word);
        }
    }
    for (word, up) in [("minimum", true), ("minLength", true), ("minItems", true)].into_iter().chain([
        ("maximum", false),
        ("maxLength", false),
        ("maxItems", false),
    ]) {
        let tighter = match (before[word].as_i64(), now[word].as_i64()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(now)) if up => now > before,
            (Some(before), Some(now)) => now < before,
        };
        if tighter {
            say(word);
        }
    }
    let texts = |schema: &Value, word: &str| -> BTreeSet<String> {
        schema[word].as_array().into_iter().flatten().map(Value::to_string).collect()
    };
    if !texts(before, "required").is_superset(&texts(now, "required")) {
        say("required");
    }
    if now.get("enum").is_some() && !texts(now, "enum").is_superset(&texts(before, "enum")) {
        say("enum");
    }
    // The rule of a single value is checked only if the value changed. A rule over several must itself accept the old
    // values.
    let rules = |schema: &Value| -> Vec<Value> {
        let all = schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
        all.iter().map(|rule| rule["rule"].clone()).collect()
    };
    let known = rules(before);
    if now["type"] == "object" {
        for rule in rules(now).into_iter().filter(|rule| !known.contains(rule)) {
            if !rule.as_str().unwrap().contains("oldSelf") {
                say("a rule that holds up what was stored");
            }
        }
    }
    for (name, field) in before["properties"].as_object().into_iter().flatten() {
        match now["properties"].get(name) {
            Some(now) => narrowed(field, now, &format!("{path}.{name}"), found),
            None => found.push(format!("{path}.{name}: gone")),
        }
    }
    if let Some(items) = before.get("items") {
        narrowed(items, &now["items"], &format!("{path}[]"), found);
    }
}

#[test]
fn nothing_that_was_stored_is_refused_later() {
    let mut found = Vec::new();
    for (kind, file) in [
        ("Dataset", "pai.dataset-operator.dev_datasets.yaml"),
        ("DatasetVersion", "pai.dataset-operator.dev_datasetversions.yaml"),
    ] {
        narrowed(&earlier(file), schema(kind), kind, &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_comparison_notices_what_is_narrowed() {
    let before = earlier("pai.dataset-operator.dev_datasets.yaml");
    let change = |pointer: &str, word: &str, value: Value| {
        let mut now = before.clone();
        now.pointer_mut(pointer).unwrap()[word] = value;
        let mut found = Vec::new();
        narrowed(&before, &now, "Dataset", &mut found);
        found
    };
    let spec = "/properties/spec";
    assert_eq!(change(spec, "required", serde_json::json!(["uri"])), ["Dataset.spec: required"]);
    let uri = "/properties/spec/properties/uri";
    assert_eq!(change(uri, "maxLength", 5.into()), ["Dataset.spec.uri: maxLength"]);
    assert_eq!(change(uri, "pattern", "x".into()), ["Dataset.spec.uri: pattern"]);
    let rule = serde_json::json!([{"rule": "self.uri != 'x'"}]);
    assert_eq!(change(spec, "x-kubernetes-validations", rule).len(), 1);
}
