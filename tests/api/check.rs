//! A local stand-in for the apiserver's admission of custom resources: the part of structural schemas
//! that the definitions use, and the CEL rules. `apiserver.rs` holds the same cases against a real one.

use std::collections::HashSet;
use std::sync::LazyLock;

use dataset_operator::api::crds;
use kube_cel::{CompiledSchema, Validator, compile_schema};
use regex::Regex;
use serde_json::Value;

use crate::cases::By;

/// A field, the part of the apiserver that refuses it, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) by: By,
    pub(crate) field: String,
    pub(crate) message: String,
}

/// A kind, its schema, and the rules in it.
type Known = (String, Value, CompiledSchema);

static KINDS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let known = |crd: Value| {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap().to_owned();
        let schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
        let compiled = compile_schema(&for_the_library(schema.clone()));
        (kind, schema, compiled)
    };
    crds::definitions().unwrap().into_iter().map(known).collect()
});

/// The rules as the library here understands them. With `optionalOldSelf` the apiserver gives a rule an optional value,
/// and the library the value or null.
fn for_the_library(mut schema: Value) -> Value {
    for rule in schema["x-kubernetes-validations"].as_array_mut().into_iter().flatten() {
        if rule["optionalOldSelf"] == true {
            let text = rule["rule"].as_str().unwrap();
            let text = text.replace("oldSelf.hasValue()", "oldSelf != null").replace("oldSelf.value()", "oldSelf");
            rule["rule"] = text.into();
        }
        // The library knows no types, so it has no function that hides one.
        let text = rule["rule"].as_str().unwrap().replace("dyn(", "(");
        rule["rule"] = text.into();
    }
    schema
}

fn known(kind: &str) -> &'static Known {
    KINDS.iter().find(|(name, ..)| name == kind).unwrap()
}

/// The root schema of a kind.
pub(crate) fn schema(kind: &str) -> &'static Value {
    &known(kind).1
}

/// All errors of a write of `object` over `old`. As in the apiserver, rules run only on values that
/// the schema accepts.
pub(crate) fn problems(kind: &str, object: &Value, old: Option<&Value>) -> Vec<Problem> {
    let (_, schema, rules) = known(kind);
    let mut found = Vec::new();
    walk(schema, object, "", &mut found);
    if found.is_empty()
        && let Err(errors) = Validator::new().validate_compiled(rules, object, old)
    {
        found.extend(errors.as_slice().iter().map(|error| Problem {
            by: By::Rule,
            field: error.field_path.trim_start_matches('.').to_owned(),
            message: error.message.clone(),
        }));
    }
    found
}

fn walk(schema: &Value, value: &Value, path: &str, found: &mut Vec<Problem>) {
    if schema["type"].is_null() && keeps_unknown(schema) {
        // Any value.
    } else if let Some(message) = scalar(schema, value) {
        found.push(Problem { by: By::Schema, field: path.to_owned(), message });
    } else if let Some(items) = value.as_array() {
        list(schema, items, path, found);
    } else if let Some(fields) = value.as_object() {
        object(schema, fields, path, found);
    }
}

/// Whether an object may have members that the schema does not list.
fn keeps_unknown(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

/// The errors in the type of a value, or in the value itself.
fn scalar(schema: &Value, value: &Value) -> Option<String> {
    let outside = |size: usize, low: &str, high: &str| {
        let beyond = |bound: &str, order| schema[bound].as_u64().is_some_and(|b| (size as u64).cmp(&b) == order);
        beyond(low, std::cmp::Ordering::Less) || beyond(high, std::cmp::Ordering::Greater)
    };
    let typed = match schema["type"].as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("the checker does not know type {other}"),
    };
    if !typed {
        return Some(format!("is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        return Some(format!("is none of {}", schema["enum"]));
    }
    if let Some(text) = value.as_str() {
        if outside(text.chars().count(), "minLength", "maxLength") {
            return Some("is too short or too long".into());
        }
        if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
            return Some("is no date-time".into());
        }
        let pattern = schema["pattern"].as_str()?;
        return (!Regex::new(pattern).unwrap().is_match(text)).then(|| format!("does not match {pattern}"));
    }
    if let Some(number) = value.as_i64() {
        let low = schema["minimum"].as_i64().is_some_and(|min| number < min);
        let high = schema["maximum"].as_i64().is_some_and(|max| number > max);
        return (low || high).then(|| "is out of range".into());
    }
    let items = value.as_array()?;
    outside(items.len(), "minItems", "maxItems").then(|| "has too many or too few items".into())
}

fn list(schema: &Value, items: &[Value], path: &str, found: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let identity = match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => item.to_string(),
            Some("map") => {
                let keys = schema["x-kubernetes-list-map-keys"].as_array().unwrap().iter();
                keys.map(|key| item[key.as_str().unwrap()].to_string()).collect()
            }
            _ => path.clone(),
        };
        if !seen.insert(identity) {
            found.push(Problem { by: By::Schema, field: path.clone(), message: "is there twice".into() });
        }
        walk(&schema["items"], item, &path, found);
    }
}

fn object(schema: &Value, fields: &serde_json::Map<String, Value>, path: &str, found: &mut Vec<Problem>) {
    let join = |name: &str| {
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(Problem { by: By::Schema, field: join(name), message: "is required".into() });
        }
    }
    for (name, field) in fields {
        if let Some(known) = schema["properties"].get(name) {
            walk(known, field, &join(name), found);
        } else if let Some(any) = schema.get("additionalProperties") {
            walk(any, field, &join(name), found);
        } else if !keeps_unknown(schema)
            && (!path.is_empty() || !["apiVersion", "kind", "metadata"].contains(&name.as_str()))
        {
            // The apiserver itself knows those three.
            found.push(Problem { by: By::Strict, field: join(name), message: "is unknown".into() });
        }
    }
}
