//! Reads the members of a JSON body and holds them to the documented rules. Unknown members and `null` are ignored.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use crate::knobs::{Knobs, LabelUnit, Rule};
use crate::refusal::Refusal;
use crate::store::{Label, Text, UserMetricsEndpoint};

/// Longest label key or value.
const LABEL_LENGTH: usize = 128;
/// Longest dataset name, in characters.
const NAME_LENGTH: usize = 127;

/// A JSON object that a client sent.
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// The body of a call; no bytes are an empty object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Refusal::Body("it is not a JSON object".to_owned())),
            Err(error) => Err(Refusal::Body(error.to_string())),
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Option<Text>, Refusal> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str().into())),
            Some(_) => Err(Refusal::invalid(name, "it must be a string")),
        }
    }

    /// A text that must be there and not empty.
    pub(super) fn required(&self, name: &'static str) -> Result<Text, Refusal> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(Refusal::Missing(name))
    }

    /// A text of a closed set; empty counts as absent.
    pub(super) fn one_of(&self, name: &'static str, set: &[&str]) -> Result<Option<Text>, Refusal> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        if !set.contains(&text.as_str()) {
            return Err(Refusal::invalid(name, format!("{text:?} is none of {}", set.join(", "))));
        }
        Ok(Some(text))
    }

    /// A text of at most `longest` characters (0 = no limit).
    pub(super) fn text_within(&self, name: &'static str, longest: u32) -> Result<Option<Text>, Refusal> {
        let text = self.text(name)?;
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        if longest > 0 && length > usize::try_from(longest).unwrap_or(usize::MAX) {
            return Err(Refusal::invalid(name, format!("it is longer than {longest} characters")));
        }
        Ok(text)
    }

    /// A text for people, as the service keeps it.
    pub(super) fn description(&self, name: &'static str, knobs: &Knobs) -> Result<Option<Text>, Refusal> {
        let text = self.text_within(name, knobs.description_max)?;
        Ok(text.map(|text| if knobs.trim_texts { text.trim().into() } else { text }))
    }

    /// The text of a JSON object, or empty. Numbers may be of any size, and the objects of any depth.
    pub(super) fn json_text(&self, name: &'static str, longest: u32, knobs: &Knobs) -> Result<Option<Text>, Refusal> {
        let text = self.text_within(name, longest)?;
        let is_object = |text: &Text| {
            text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text.as_str()).is_ok()
        };
        let broken = text.as_ref().is_some_and(|text| !text.is_empty() && !is_object(text));
        if broken && knobs.malformed_json_text == Rule::Refuse {
            return Err(Refusal::invalid(name, "it is not the text of a JSON object"));
        }
        Ok(text.map(|text| if knobs.rewrite_json_text { rewritten(&text) } else { text }))
    }

    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.member(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(Refusal::invalid(name, "it must be a boolean")),
        }
    }

    pub(super) fn integer(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        match self.member(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| Refusal::invalid(name, "it must be an integer")),
        }
    }

    /// A size or count as `CreateDataset` takes it.
    pub(super) fn size(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        let size = self.integer(name)?;
        if size.is_some_and(|size| !(1..=999_999_999_999).contains(&size)) {
            return Err(Refusal::invalid(name, "it must be 1 to 999999999999"));
        }
        Ok(size)
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Option<Vec<Text>>, Refusal> {
        self.parsed(name, "it must be a list of strings", Value::is_array)
    }

    pub(super) fn endpoints(&self, name: &'static str) -> Result<Option<Vec<UserMetricsEndpoint>>, Refusal> {
        self.objects(name, "it must be a list of objects with Path and Port")
    }

    /// A member that is a JSON object.
    pub(super) fn object<T: DeserializeOwned>(&self, name: &'static str, shape: &str) -> Result<Option<T>, Refusal> {
        self.parsed(name, shape, Value::is_object)
    }

    /// A member that is a list of JSON objects.
    pub(super) fn objects<T: DeserializeOwned>(
        &self,
        name: &'static str,
        shape: &str,
    ) -> Result<Option<Vec<T>>, Refusal> {
        let all_objects = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
        self.parsed(name, shape, all_objects)
    }

    /// A member in a type of ours. `is_right` because a JSON list, too, passes for a type with members.
    fn parsed<T: DeserializeOwned>(
        &self,
        name: &'static str,
        shape: &str,
        is_right: impl Fn(&Value) -> bool,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        let parsed = Some(value.clone()).filter(is_right).map(serde_json::from_value);
        match parsed {
            Some(Ok(parsed)) => Ok(Some(parsed)),
            Some(Err(_)) | None => Err(Refusal::invalid(name, shape)),
        }
    }

    /// Valid labels, the last of each key; `None` when the member is absent.
    pub(super) fn labels(&self, name: &'static str, knobs: &Knobs) -> Result<Option<Vec<Label>>, Refusal> {
        let shape = "it must be a list of objects with Key and Value";
        let Some(sent) = self.objects::<Label>(name, shape)? else {
            return Ok(None);
        };
        let mut labels = Vec::new();
        for label in sent {
            check_label(name, &label, knobs)?;
            let value = if knobs.trim_texts { label.value.trim().into() } else { label.value };
            upsert(&mut labels, Label { value, ..label });
        }
        check_label_count(name, &labels, knobs)?;
        Ok(Some(labels))
    }
}

/// A JSON text as a service keeps it that reads numbers as doubles and prints few digits. What it cannot read it keeps.
pub(super) fn rewritten(text: &Text) -> Text {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.clone() };
    round(&mut value);
    value.to_string().into()
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let rounded = number.as_f64().and_then(|double| format!("{double:.5e}").parse().ok());
            if let Some(rounded) = rounded.and_then(serde_json::Number::from_f64) {
                *number = rounded;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn check_label(name: &'static str, label: &Label, knobs: &Knobs) -> Result<(), Refusal> {
    for (part, text) in [("key", &label.key), ("value", &label.value)] {
        let length = match knobs.label_unit {
            LabelUnit::Bytes => text.len(),
            LabelUnit::Characters => text.chars().count(),
        };
        if length == 0 || length > LABEL_LENGTH {
            return Err(Refusal::invalid(name, format!("the {part} {text:?} is not 1 to {LABEL_LENGTH} long")));
        }
        if text.contains(['=', ',']) {
            return Err(Refusal::invalid(name, format!("the {part} {text:?} has a '=' or a ','")));
        }
    }
    match ["aliyun", "acs", "http://", "https://"].into_iter().find(|prefix| label.key.starts_with(prefix)) {
        Some(prefix) => Err(Refusal::invalid(name, format!("the key {:?} begins with {prefix}", label.key))),
        None => Ok(()),
    }
}

pub(super) fn check_label_count(name: &'static str, labels: &[Label], knobs: &Knobs) -> Result<(), Refusal> {
    if labels.len() > usize::try_from(knobs.labels_max).unwrap_or(usize::MAX) {
        return Err(Refusal::invalid(name, format!("there would be more than {} labels", knobs.labels_max)));
    }
    Ok(())
}

/// Adds a label or overwrites the value of its key.
pub(super) fn upsert(labels: &mut Vec<Label>, label: Label) {
    match labels.iter_mut().find(|known| known.key == label.key) {
        Some(known) => known.value = label.value,
        None => labels.push(label),
    }
}

/// 1 to 127 characters: first an ASCII letter, a digit or a Chinese character, then also `_` and `-`.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let basic = |c: char| c.is_ascii_alphanumeric() || ('\u{4e00}'..='\u{9fa5}').contains(&c);
    let inside = |c: char| basic(c) || c == '_' || c == '-';
    if name.chars().count() > NAME_LENGTH {
        Err(Refusal::invalid("Name", format!("it is longer than {NAME_LENGTH} characters")))
    } else if !name.starts_with(basic) || !name.chars().all(inside) {
        let rule = "it must begin with a letter, a digit or a Chinese character and go on with these, '_' and '-'";
        Err(Refusal::invalid("Name", rule))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
