//! A text of a user that the service gets and nobody else: the key in a configuration of jobs.

use serde_json::{Value, json};

/// Such a text, as it is in a Secret of Kubernetes and in the body of a request. It has neither `Debug` nor `Display`, and
/// nothing that is derived from it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden {
    /// What the service gets.
    sent: String,
    /// The part of it that must not be seen.
    secret: String,
}

impl Hidden {
    /// A text that is sent as it is.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { secret: text.clone(), sent: text }
    }

    /// The text of a JSON object whose one member is this text.
    #[must_use]
    pub fn in_object(&self, member: &str) -> Self {
        Self { sent: json!({ member: self.secret }).to_string(), secret: self.secret.clone() }
    }

    /// Whether `shown` is this text. `None`: the service shows nothing, or asterisks in its place.
    #[must_use]
    pub fn equals(&self, shown: Option<&Value>) -> Option<bool> {
        let shown = shown.and_then(Value::as_str).filter(|shown| !is_masked(shown))?;
        Some(shown == self.secret)
    }

    /// Whether a text holds it.
    pub(super) fn is_told_by(&self, text: &str) -> bool {
        text.contains(&self.secret)
    }

    /// What the service gets; never put it into a log, an error or a URL.
    pub(super) fn expose(&self) -> &str {
        &self.sent
    }
}

/// Whether the service shows asterisks in place of this text, or of a part of it.
#[must_use]
pub(super) fn is_masked(shown: &str) -> bool {
    shown.is_empty() || shown.contains("***")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_or_absent_is_not_compared() {
        let key = Hidden::new("sk-1");
        for shown in [None, Some(json!("")), Some(json!("******")), Some(json!("sk***")), Some(json!(1))] {
            assert_eq!(key.equals(shown.as_ref()), None, "{shown:?}");
        }
        assert_eq!([key.equals(Some(&json!("sk-1"))), key.equals(Some(&json!("sk-2")))], [Some(true), Some(false)]);
    }

    #[test]
    fn only_the_service_gets_the_text_of_the_object() {
        let object = Hidden::new("a\"b").in_object("apiKey");
        assert_eq!(object.expose(), r#"{"apiKey":"a\"b"}"#);
        assert!(object.is_told_by("x a\"b y") && !object.is_told_by("a b"));
    }
}
