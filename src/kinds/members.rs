//! Converts a spec to API members: names, nested keys, labels, and the members that hold JSON in a string.

use serde::Serialize;
use serde_json::Value;

use crate::api::{Label, Reason};
use crate::plan::report::Blocked;
use crate::remote::fields::{Fields, JSON_TEXTS, lower_camel};
use crate::remote::json::{self, Fault, Json};
use crate::remote::mark::Labels;

/// A spec as JSON, from which members are taken by their API names.
pub(super) struct Spec(Value);

impl Spec {
    pub(super) fn of(spec: &impl Serialize) -> Self {
        Self(serde_json::to_value(spec).unwrap_or_default())
    }

    /// The named members that the spec sets.
    pub(super) fn members(&self, names: &[&str]) -> Fields {
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.member(name)?))).collect()
    }

    /// One member, with nested keys in the API's spelling.
    pub(super) fn member(&self, name: &str) -> Option<Value> {
        self.0.get(lower_camel(name)).filter(|value| !value.is_null()).cloned().map(pascal_keys)
    }
}

fn pascal_keys(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(pascal_keys).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (upper_camel(&key), pascal_keys(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// `DataSize` for `dataSize`.
pub(super) fn upper_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn labels(labels: Option<&[Label]>) -> Labels {
    labels.unwrap_or_default().iter().map(|label| (label.key.clone(), label.value.clone())).collect()
}

/// Checks that the texts that must be JSON objects are: admission only looks at their braces.
pub(super) fn check_json(fields: &Fields) -> Result<(), Blocked> {
    for name in JSON_TEXTS {
        let Some(text) = fields.get(*name).and_then(Value::as_str) else { continue };
        let field = lower_camel(name);
        let message = match json::parse(text) {
            Ok(Json::Object(_)) => continue,
            Ok(_) => format!("spec.{field} is not a JSON object"),
            Err(Fault::Syntax(error)) => format!("spec.{field} is not a JSON object: {error}"),
            Err(fault @ Fault::TooDeep) => format!("spec.{field} cannot be used: {fault}; use fewer levels"),
        };
        return Err(Blocked::stuck(Reason::InvalidSpec, message));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kube::CustomResourceExt;
    use serde::de::DeserializeOwned;
    use serde_json::{Map, json};

    /// A spec that sets every field of its schema, and the sorted names of these fields.
    pub(in crate::kinds) fn every_member<O: CustomResourceExt, S: DeserializeOwned>() -> (S, Vec<String>) {
        let definition = serde_json::to_value(O::crd()).unwrap();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let spec = example("spec", schema);
        let mut names: Vec<_> = spec.as_object().unwrap().keys().cloned().collect();
        names.sort();
        (serde_json::from_value(spec).unwrap(), names)
    }

    /// A value that fits this schema.
    fn example(name: &str, schema: &Value) -> Value {
        let nothing = Map::new();
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        match schema["type"].as_str() {
            Some("object") => {
                let members = schema["properties"].as_object().unwrap_or(&nothing);
                members.iter().map(|(name, schema)| (name.clone(), example(name, schema))).collect()
            }
            Some("array") => json!([example(name, &schema["items"])]),
            Some("integer") => json!(1),
            Some("boolean") => json!(true),
            Some("string") if ["options", "importInfo", "extra"].contains(&name) => json!("{}"),
            Some("string") if schema["format"] == "date-time" => json!("2027-01-01T00:00:00Z"),
            Some("string") => json!("1"),
            // Any value.
            None => json!({"any": 1}),
            other => panic!("{name}: a type that this test does not know: {other:?}"),
        }
    }

    /// API names in the spec's spelling, sorted.
    pub(in crate::kinds) fn camel<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
        let mut names: Vec<_> = names.map(|name| lower_camel(name)).collect();
        names.sort();
        names
    }

    #[test]
    fn nested_keys_are_spelled_as_the_api_does() {
        let spec = Spec::of(&json!({"userMetricsEndpoints": [{"path": "/m", "port": 80}], "uri": null}));
        assert_eq!(spec.member("UserMetricsEndpoints"), Some(json!([{"Path": "/m", "Port": 80}])));
        assert_eq!(spec.member("Uri"), None);
    }

    #[test]
    fn text_that_only_looks_like_json_is_an_invalid_spec() {
        let fields = |text: &str| json!({"Options": text}).as_object().cloned().unwrap();
        assert!(check_json(&fields("{\"mountPath\": \"/mnt\"}")).is_ok());
        let hold = check_json(&fields("{ \"mountPath\": /mnt/data/ }")).unwrap_err();
        assert_eq!(hold.reason, Reason::InvalidSpec);
        assert_eq!(hold.message, "spec.options is not a JSON object: expected value at line 1 column 16");
    }

    #[test]
    fn any_valid_number_and_128_levels_are_taken_and_more_is_said() {
        let fields = |text: &str| json!({"ImportInfo": text}).as_object().cloned().unwrap();
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for text in ["{\"a\": 1e400, \"b\": -0.1e-9999}", "{\"a\": 123456789012345678901234567890}", &nested(128)] {
            assert!(check_json(&fields(text)).is_ok(), "{text}");
        }
        for depth in [129, 100_000] {
            let hold = check_json(&fields(&nested(depth))).unwrap_err();
            assert_eq!(hold.reason, Reason::InvalidSpec);
            assert!(hold.message.contains("spec.importInfo") && hold.message.contains("128"), "{}", hold.message);
        }
    }
}
