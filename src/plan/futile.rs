//! Fields that are left as the service keeps them, because sending them again changes nothing.

use serde_json::Value;

use crate::remote::fields::digest_hex;

/// How often a value is sent before it is left as the service keeps it.
pub const TRIES: u32 = 3;

/// A field that is left as the service keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Futile {
    /// [`print`] of what was sent.
    pub wanted: String,
    /// [`print`] of the value that the service showed when the field was left; `None` until a reconcile reports that.
    pub left: Option<String>,
}

/// One field that a change sets, with the [`print`] of its value.
pub type Sent = (String, String);

/// A short fingerprint of a value.
#[must_use]
pub fn print(value: Option<&Value>) -> String {
    digest_hex(value.map(Value::to_string).unwrap_or_default().as_bytes(), 16)
}
