//! A file as an object lists it, and when what the service shows of it means the same.

use std::collections::BTreeSet;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::cloud::FileMeta;
use crate::remote::fields::{Fields, hex, same};
use crate::remote::json;

/// A file that an object lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// Its Uri, the key of the file.
    pub uri: String,
    /// The other members that the object manages, by API name, without `Tags`.
    pub members: Members,
    /// The tags of the user group that it must have.
    pub tags: Vec<String>,
}

/// Members by API name, kept as JSON text: as a map, those of 100,000 files take 90 MB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members(Box<str>);

impl Members {
    /// The members as values.
    #[must_use]
    pub fn fields(&self) -> Fields {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl FromIterator<(String, Value)> for Members {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        Self(Value::Object(members.into_iter().collect()).to_string().into())
    }
}

impl Default for Members {
    fn default() -> Self {
        [].into_iter().collect()
    }
}

/// Members that hold a time. The vendor's pages describe them with the precision of a minute and show them with
/// milliseconds, so they are compared by the minute.
const TIMES: &[&str] = &["FileUpdateTime", "FileCreateTime"];

impl Item {
    /// A hash of its Uri.
    #[must_use]
    pub fn key(&self) -> u64 {
        key_of(&self.uri)
    }

    /// A hash of everything else that the object says of it. It is even and not zero: the lowest bit is free.
    #[must_use]
    pub fn content(&self) -> u64 {
        let tags: BTreeSet<&str> = self.tags.iter().map(String::as_str).collect();
        let text = format!("[{},{}]", self.members.0, json!(tags));
        match short(text.as_bytes()) & !1 {
            0 => 2,
            hash => hash,
        }
    }

    /// Does the service show this file as the object wants it? `tags` are the shown ones of the user group. Members and tags
    /// that the object does not manage do not count.
    #[must_use]
    pub fn equals(&self, shown: &FileMeta, tags: &[String]) -> bool {
        let equal = |(name, wanted): (&String, &Value)| {
            let found = shown.fields.get(name);
            match (wanted.as_str(), found.and_then(Value::as_str)) {
                (Some(wanted), Some(found)) if TIMES.contains(&name.as_str()) => minute(wanted) == minute(found),
                (Some(wanted), Some(found)) if name == "MetaAttributes" => {
                    let (wanted, found) = (json::parse(wanted).ok(), json::parse(found).ok());
                    wanted.is_some() && wanted == found
                }
                _ => same(name, Some(wanted), found),
            }
        };
        self.members.fields().iter().all(equal) && self.tags.iter().all(|tag| tags.contains(tag))
    }
}

/// The hash of a Uri.
#[must_use]
pub fn key_of(uri: &str) -> u64 {
    short(uri.as_bytes())
}

fn short(bytes: &[u8]) -> u64 {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The minute of a time; a text that is no time stands for itself.
fn minute(text: &str) -> Result<i64, &str> {
    text.parse::<jiff::Timestamp>().map(|time| time.as_second().div_euclid(60)).map_err(|_| text)
}

/// All files that an object lists, in the order of their keys.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    rows: Vec<Row>,
    hash: String,
}

/// A file with its two hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// [`Item::key`]
    pub key: u64,
    /// [`Item::content`]
    pub content: u64,
    /// The file.
    pub item: Item,
}

impl Wanted {
    /// The files, or the Uris that are listed twice, at most ten of them.
    pub fn new(items: Vec<Item>) -> Result<Self, Vec<String>> {
        let row = |item: Item| Row { key: item.key(), content: item.content(), item };
        let mut rows: Vec<_> = items.into_iter().map(row).collect();
        rows.sort_by_key(|row| row.key);
        let twice = rows.windows(2).filter(|pair| matches!(pair, [a, b] if a.key == b.key));
        let mut twice: Vec<String> = twice.filter_map(|pair| pair.first().map(|row| row.item.uri.clone())).collect();
        twice.dedup();
        twice.truncate(10);
        if !twice.is_empty() {
            return Err(twice);
        }
        let bytes: Vec<u8> =
            rows.iter().flat_map(|row| [row.key.to_be_bytes(), row.content.to_be_bytes()]).flatten().collect();
        let hash = hex(digest(&SHA256, &bytes).as_ref(), 16);
        Ok(Self { rows, hash })
    }

    /// A hash of the whole list, in 16 hex digits: the same in any order and in any process.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Each file.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The file with this key.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&Row> {
        let at = self.rows.binary_search_by_key(&key, |row| row.key).ok()?;
        self.rows.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(uri: &str, members: &Value, tags: &[&str]) -> Item {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Item { uri: uri.to_owned(), members: members.as_object().unwrap().clone().into_iter().collect(), tags }
    }

    #[test]
    fn an_echo_means_the_same_whatever_its_form() {
        let wanted = item(
            "oss://b/1",
            &json!({"FileUpdateTime": "2026-11-01T00:00:00Z", "DataSize": 5, "MetaAttributes": "{\"a\": 1}"}),
            &["red"],
        );
        let shown = |members: Value| FileMeta {
            id: "07".into(),
            uri: "oss://b/1".into(),
            fields: serde_json::from_value(members).unwrap(),
        };
        let echo = json!({"FileUpdateTime": "2026-11-01T00:00:12.345Z", "DataSize": 5.0, "MetaAttributes": "{ \"a\":1.0 }",
            "FileName": "1"});
        let tags = ["other", "red"].map(str::to_owned);
        assert!(wanted.equals(&shown(echo.clone()), &tags));
        assert!(!wanted.equals(&shown(echo.clone()), &tags[..1]), "a tag is missing");
        for (name, value) in [
            ("FileUpdateTime", json!("2026-11-01T00:01:00Z")),
            ("DataSize", json!(6)),
            ("MetaAttributes", json!("{}")),
            ("MetaAttributes", json!(null)),
        ] {
            let mut other = echo.clone();
            other[name] = value;
            assert!(!wanted.equals(&shown(other), &tags), "{name}");
        }
    }

    #[test]
    fn hashes_tell_content_and_lists_apart_and_order_does_not_matter() {
        let (a, b) = (item("a", &json!({"X": 1}), &["r", "s"]), item("b", &json!({"X": 1}), &["s", "r"]));
        assert_eq!(a.content(), b.content());
        assert_ne!(a.content(), item("a", &json!({"X": 2}), &["r", "s"]).content());
        assert_eq!(a.content() & 1, 0);
        let hash =
            |items: &[&Item]| Wanted::new(items.iter().map(|one| (*one).clone()).collect()).unwrap().hash().to_owned();
        assert_eq!(hash(&[&a, &b]), hash(&[&b, &a]));
        assert!(hash(&[&a]) != hash(&[&b]) && hash(&[]).len() == 16);
        let wanted = Wanted::new(vec![a.clone(), b]).unwrap();
        assert_eq!((wanted.get(key_of("a")).map(|row| &row.item), wanted.get(7).is_none()), (Some(&a), true));
        assert_eq!(Wanted::new(vec![a.clone(), a]).unwrap_err(), ["a"]);
    }
}
