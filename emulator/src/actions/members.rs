//! The members of a JSON object, written as they come: a page of a hundred datasets is text at once, never a tree.

use serde::Serialize;
use serde_json::Value;

/// A JSON object in the making. Names are given once each; nothing looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// `"Name":value` and so on, with commas between and no braces around.
    text: Vec<u8>,
}

impl Members {
    /// Adds a member.
    pub(crate) fn put(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        self.name(name);
        self.value(value);
    }

    /// Adds a member if there is a value.
    pub(crate) fn put_some(&mut self, name: &'static str, value: Option<&(impl Serialize + ?Sized)>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Adds the members of an object.
    pub(crate) fn put_all(&mut self, object: &impl Serialize) {
        let start = self.text.len();
        self.value(object);
        let inside = start + 1..self.text.len().saturating_sub(1);
        let members = self.text.get(inside).map(<[u8]>::to_vec).unwrap_or_default();
        self.text.truncate(start);
        if !members.is_empty() {
            self.comma();
            self.text.extend(members);
        }
    }

    /// Adds an object.
    pub(crate) fn put_object(&mut self, name: &'static str, members: &Self) {
        self.name(name);
        self.braced(members);
    }

    /// Adds a list of objects.
    pub(crate) fn put_objects(&mut self, name: &'static str, items: impl Iterator<Item = Self>) {
        self.name(name);
        self.text.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.braced(&item);
        }
        self.text.push(b']');
    }

    /// The object.
    pub(crate) fn json(&self) -> Vec<u8> {
        [b"{", self.text.as_slice(), b"}"].concat()
    }

    /// The object as a tree.
    pub(crate) fn tree(&self) -> Value {
        serde_json::from_slice(&self.json()).unwrap_or_default()
    }

    fn comma(&mut self) {
        if !self.text.is_empty() {
            self.text.push(b',');
        }
    }

    fn name(&mut self, name: &'static str) {
        self.comma();
        self.value(name);
        self.text.push(b':');
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        // Writing to memory cannot fail, and our own types have text keys.
        let _ = serde_json::to_writer(&mut self.text, value);
    }

    fn braced(&mut self, members: &Self) {
        self.text.push(b'{');
        self.text.extend_from_slice(&members.text);
        self.text.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_become_an_object() {
        assert_eq!(Members::default().json(), b"{}");
        let mut inner = Members::default();
        inner.put("Text", "a \"quoted\" text");
        let mut members = Members::default();
        members.put_all(&json!({}));
        members.put("Number", &1);
        members.put_some("None", None::<&str>);
        members.put_some("Some", Some("x"));
        members.put_all(&json!({"A": 1, "B": [2]}));
        members.put_object("Object", &inner);
        members.put_objects("Empty", std::iter::empty());
        members.put_objects("Two", [inner, Members::default()].into_iter());
        let expected = json!({"Number": 1, "Some": "x", "A": 1, "B": [2], "Object": {"Text": "a \"quoted\" text"},
            "Empty": [], "Two": [{"Text": "a \"quoted\" text"}, {}]});
        assert_eq!(members.tree(), expected);
    }
}
