//! Members of a remote by their API name, and when two values of a member mean the same.
//!
//! Values are compared by meaning: `Options` and `ImportInfo` are JSON in a string and compare as JSON, numbers by value,
//! role lists as sets, the scheme of `Uri` without case, and an absent member equals an empty one (the service echoes
//! some empty members and drops others).

use ring::digest;
use serde_json::{Map, Value};

use crate::remote::json::{self, Json};

/// Members by API name (`Uri`, `DataSourceType`, …).
pub type Fields = Map<String, Value>;

/// Do two values of member `name` mean the same? `None` is an absent member.
#[must_use]
pub fn same(name: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    a == b || meaning(name, a) == meaning(name, b)
}

/// The members of `wanted` that `seen` does not hold with the same meaning.
#[must_use]
pub fn difference(wanted: &Fields, seen: &Fields) -> Fields {
    wanted
        .iter()
        .filter(|(name, value)| !same(name, Some(value), seen.get(*name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What a value of member `name` means.
fn meaning(name: &str, value: Option<&Value>) -> Json {
    match value {
        None | Some(Value::Null) => Json::Null,
        Some(Value::String(text)) if text.is_empty() => Json::Null,
        Some(Value::Array(items)) if items.is_empty() => Json::Null,
        Some(Value::String(text)) if is_json(name) => json::parse(text).unwrap_or_else(|_| Json::Text(text.clone())),
        Some(Value::String(text)) if name == "Uri" => match text.split_once("://") {
            Some((scheme, rest)) => Json::Text(format!("{}://{rest}", scheme.to_ascii_lowercase())),
            None => Json::Text(text.clone()),
        },
        Some(Value::Array(items)) => {
            let mut items: Vec<_> = items.iter().map(Json::from).collect();
            items.sort();
            items.dedup();
            Json::List(items)
        }
        Some(other) => Json::from(other),
    }
}

/// The members that hold JSON in a string. What [`hash`] makes of one is stored, so a name may be added and never taken away.
pub const JSON_TEXTS: &[&str] = &["Options", "ImportInfo", "Extra"];

/// The member of a dataset that holds its shares. The lists of the service leave it out.
pub const SHARING: &str = "SharingConfig";

/// Does this member hold JSON in a string?
#[must_use]
pub fn is_json(name: &str) -> bool {
    JSON_TEXTS.contains(&name)
}

/// The form of a value that [`hash`] uses. Objects store the hash, so this form never changes. It equates fewer values
/// than [`same`]: `1` and `1.0` have two hashes.
fn hashed(name: &str, value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null) => Value::Null,
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        Some(Value::Array(items)) if items.is_empty() => Value::Null,
        Some(Value::String(text)) if is_json(name) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Some(Value::Array(items)) => {
            let mut items = items.clone();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        Some(other) => other.clone(),
    }
}

/// A short stable hash of members, for "is this what that attempt sent?". Equal hashes have equal meanings.
///
/// Intents hold it, so it is the same in all releases.
#[must_use]
pub fn hash(fields: &Fields) -> String {
    let normal: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| (name.clone(), hashed(name, Some(value))))
        .filter(|(_, value)| !value.is_null())
        .collect();
    digest_hex(Value::Object(normal).to_string().as_bytes(), 16)
}

/// The first `length` hex digits of the SHA-256 of `bytes`.
#[must_use]
pub fn digest_hex(bytes: &[u8], length: usize) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref(), length)
}

/// The first `length` lower-case hex digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8], length: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(length);
    text
}

/// `DataSourceType` → `dataSourceType`: the name a member has in spec and status.
#[must_use]
pub fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: &Value) -> Fields {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn json_texts_compare_by_value_and_lists_as_sets() {
        let wanted = fields(&json!({"Options": "{\"a\": 1, \"b\": 2}", "MountAccessReadWriteRoleIdList": ["x", "y"]}));
        let seen = fields(&json!({"Options": "{\"b\":2,\"a\":1}", "MountAccessReadWriteRoleIdList": ["y", "x"]}));
        assert!(difference(&wanted, &seen).is_empty());
        assert_eq!(hash(&wanted), hash(&seen));
    }

    #[test]
    fn absent_equals_empty_but_not_a_value() {
        let wanted = fields(&json!({"Description": ""}));
        assert!(difference(&wanted, &Fields::new()).is_empty());
        let seen = fields(&json!({"Description": "old"}));
        assert_eq!(difference(&wanted, &seen).len(), 1);
    }

    #[test]
    fn numbers_compare_by_value_and_schemes_without_case() {
        let same = |name: &str, a: Value, b: Value| same(name, Some(&a), Some(&b));
        let text = |number: &str| json!(format!("{{\"epochs\": {number}}}"));
        assert!(same("Options", text("1"), text("1.0")));
        assert!(same("ImportInfo", text("1e400"), text("10e399")));
        assert!(!same("Options", text("9007199254740993"), text("9007199254740992")));
        assert!(same("DataSize", json!(5_497_558_138_880_i64), json!(5_497_558_138_880.0)));
        assert!(!same("DataSize", json!(5_497_558_138_880_i64), json!(5_497_558_138_881_i64)));
        assert!(same("Uri", json!("OSS://Bucket/A"), json!("oss://Bucket/A")));
        assert!(!same("Uri", json!("oss://Bucket/A"), json!("oss://bucket/A")));
        assert!(!same("Description", json!("OSS://b"), json!("oss://b")));
    }

    /// Release 0.1.0 made these hashes, and intents on objects hold them.
    #[test]
    fn hashes_are_those_of_earlier_releases() {
        let import = |text: &str| fields(&json!({"Name": "n", "Uri": "OSS://b/", "ImportInfo": text}));
        for (text, expected) in [
            ("{\"a\": 1, \"b\": [2]}", "5efd8903882438b7"),
            ("{\"b\":[2],\"a\":1}", "5efd8903882438b7"),
            ("{\"a\": 1.0}", "d308eb72f5cd4972"),
            ("{\"a\": 1e2}", "2c06258bc27715e1"),
            ("{\"a\": 1e400}", "f0add8a7e279b057"),
            ("not json", "5e3732cc8b24b5b8"),
        ] {
            assert_eq!(hash(&import(text)), expected, "{text}");
        }
    }

    #[test]
    fn unmanaged_members_are_no_difference() {
        let seen = fields(&json!({"Description": "by hand"}));
        assert!(difference(&Fields::new(), &seen).is_empty());
    }

    #[test]
    fn lower_camel_names() {
        assert_eq!(lower_camel("DataSourceType"), "dataSourceType");
        assert_eq!(lower_camel(""), "");
    }
}
