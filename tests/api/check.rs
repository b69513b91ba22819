//! A local stand-in for the apiserver's admission of custom resources: the part of structural schemas
//! that the definitions use, and the CEL rules. The stories hold it against a real apiserver.

use std::collections::HashSet;
use std::sync::LazyLock;

use dataset_operator::api::crds;
use kube::core::cel::Validator;
use regex::Regex;
use serde_json::Value;

use crate::cases::By;

/// A field, what refuses it, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) by: By,
    pub(crate) field: String,
    pub(crate) message: String,
}

static SCHEMAS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    crds::definitions()
        .unwrap()
        .into_iter()
        .map(|crd| {
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap().to_owned();
            (
                kind,
                crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone(),
            )
        })
        .collect()
});

/// The root schema of a kind.
pub(crate) fn schema(kind: &str) -> &'static Value {
    &SCHEMAS.iter().find(|(name, _)| name == kind).unwrap().1
}

/// Everything that is wrong with writing `object` over `old`. As in the apiserver, rules run only on
/// what the schema accepts.
pub(crate) fn problems(kind: &str, object: &Value, old: Option<&Value>) -> Vec<Problem> {
    let mut found = Vec::new();
    walk(schema(kind), object, "", &mut found);
    if found.is_empty()
        && let Err(errors) = Validator::new().validate(schema(kind), object, old)
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
    let mut wrong = |by, field: String, message: String| found.push(Problem { by, field, message });
    let here = || path.to_owned();
    let number = |bound: &str| schema[bound].as_i64();
    let typed = match schema["type"].as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("{path}: the checker does not know type {other}"),
    };
    if !typed {
        return wrong(
            By::Schema,
            here(),
            format!("must be of type {}", schema["type"]),
        );
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        wrong(By::Schema, here(), format!("must be one of {allowed:?}"));
    }
    if let Some(text) = value.as_str() {
        let length = i64::try_from(text.chars().count()).unwrap();
        if number("minLength").is_some_and(|min| length < min)
            || number("maxLength").is_some_and(|max| length > max)
        {
            wrong(By::Schema, here(), format!("has {length} characters"));
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && !Regex::new(pattern).unwrap().is_match(text)
        {
            wrong(By::Schema, here(), format!("does not match {pattern}"));
        }
    }
    if let Some(whole) = value.as_i64()
        && (number("minimum").is_some_and(|min| whole < min)
            || number("maximum").is_some_and(|max| whole > max))
    {
        wrong(By::Schema, here(), format!("{whole} is out of range"));
    }
    if let Some(items) = value.as_array() {
        if number("maxItems").is_some_and(|max| i64::try_from(items.len()).unwrap() > max) {
            wrong(By::Schema, here(), format!("has {} items", items.len()));
        }
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let identity = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => item.to_string(),
                Some("map") => {
                    item[schema["x-kubernetes-list-map-keys"][0].as_str().unwrap()].to_string()
                }
                _ => index.to_string(),
            };
            if !seen.insert(identity) {
                found.push(Problem {
                    by: By::Schema,
                    field: format!("{path}[{index}]"),
                    message: "duplicate".into(),
                });
            }
            walk(&schema["items"], item, &format!("{path}[{index}]"), found);
        }
    } else if let Some(fields) = value.as_object() {
        let join = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !fields.contains_key(name) {
                wrong(By::Schema, join(name), "required".into());
            }
        }
        for (name, field) in fields {
            match &schema["properties"][name] {
                // The apiserver itself knows these three.
                Value::Null
                    if path.is_empty()
                        && ["apiVersion", "kind", "metadata"].contains(&name.as_str()) => {}
                Value::Null => found.push(Problem {
                    by: By::Strict,
                    field: join(name),
                    message: "unknown".into(),
                }),
                known => walk(known, field, &join(name), found),
            }
        }
    }
}
