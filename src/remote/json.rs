//! JSON in a text, by value: `{"a": 1}` and `{ "a": 1.0 }` mean the same, at any size and precision of the numbers.
//!
//! A number is compared by its sign, digits and exponent, never as a float, so that no digit is lost and no number is
//! too large. Objects compare without order, and of a key that is there twice the last one counts.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

/// Objects and lists may be nested this deep.
pub const DEPTH: usize = 128;

/// A value, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number in its one normal form, see [`number`].
    Number(String),
    /// A string without its quotes and escapes.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

/// Why a text does not count as JSON.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The text is not JSON.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// The text is JSON, but nested too deep.
    #[error("objects and lists stand in each other more than {DEPTH} deep")]
    TooDeep,
}

/// Reads a text. Any depth is safe; a text that is nested deeper than [`DEPTH`] is refused.
pub fn parse(text: &str) -> Result<Json, Fault> {
    // This checks the grammar. It does not recurse, so a deep text cannot overflow the stack.
    serde_json::from_str::<IgnoredAny>(text)?;
    Reader { rest: text }.value(DEPTH).ok_or(Fault::TooDeep)
}

/// Reads a text that is known to be JSON. `None` means that it is nested too deep.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        Some(match self.peek() {
            Some('{') => self.object(depth.checked_sub(1)?)?,
            Some('[') => self.list(depth.checked_sub(1)?)?,
            Some('"') => Json::Text(self.text()),
            Some(_) | None => {
                let end = self.rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(self.rest.len());
                match self.take(end) {
                    "null" => Json::Null,
                    "true" => Json::Bool(true),
                    "false" => Json::Bool(false),
                    digits => Json::Number(number(digits)),
                }
            }
        })
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = BTreeMap::new();
        self.take(1);
        while self.peek().is_some_and(|next| next != '}') {
            let key = self.text();
            self.peek();
            self.take(1);
            let value = self.value(depth)?;
            members.insert(key, value);
            if self.peek() == Some(',') {
                self.take(1);
            }
        }
        self.take(1);
        Some(Json::Object(members))
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.take(1);
        while self.peek().is_some_and(|next| next != ']') {
            items.push(self.value(depth)?);
            if self.peek() == Some(',') {
                self.take(1);
            }
        }
        self.take(1);
        Some(Json::List(items))
    }

    /// A string, from quote to quote. Half a surrogate pair has no text: it stays as it is written.
    fn text(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let raw = self.take(end.map_or(self.rest.len(), |end| end + 2));
        serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// The normal form of a JSON number: its digits without zeros around, and the power of ten that they are multiplied by.
/// `1`, `1.0` and `10e-1` are all `1e0`. An exponent beyond 64 bits leaves the number as it is written.
fn number(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return "0e0".to_owned();
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let shift = i128::try_from(zeros).ok().zip(i128::try_from(fraction.len()).ok());
    match exponent.parse::<i64>().ok().zip(shift) {
        Some((exponent, (zeros, fraction))) => {
            format!("{sign}{significant}e{}", i128::from(exponent) + zeros - fraction)
        }
        None => text.to_owned(),
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(value) => Self::Number(number(&value.to_string())),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
