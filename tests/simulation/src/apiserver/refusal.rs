//! The answers of the server when it refuses a request.

use serde_json::{Value, json};

use super::store::Key;

/// A refusal, as a `Status` object tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// The reason, for programs.
    pub reason: &'static str,
    /// The message, for people.
    pub message: String,
}

impl Refusal {
    /// Any refusal.
    pub fn new(code: u16, reason: &'static str, message: &str) -> Self {
        Self { code, reason, message: message.to_owned() }
    }

    pub(super) fn not_found(key: &Key) -> Self {
        Self::new(404, "NotFound", &format!("{} not found", quoted(key)))
    }

    pub(super) fn exists(key: &Key) -> Self {
        Self::new(409, "AlreadyExists", &format!("{} already exists", quoted(key)))
    }

    pub(super) fn conflict(key: &Key) -> Self {
        let message = format!("Operation cannot be fulfilled on {}: the object has been modified", quoted(key));
        Self::new(409, "Conflict", &message)
    }

    pub(super) fn invalid(key: &Key, why: &str) -> Self {
        Self::new(422, "Invalid", &format!("{} is invalid: {why}", quoted(key)))
    }

    /// A JSON Patch that cannot be applied.
    pub(super) fn rejected() -> Self {
        Self::new(422, "Invalid", "the server rejected our request due to an error in our request")
    }

    pub(super) fn bad(why: &str) -> Self {
        Self::new(400, "BadRequest", why)
    }

    pub(super) fn media_type(given: &str) -> Self {
        Self::new(415, "UnsupportedMediaType", &format!("the body of the request was in an unknown format: {given}"))
    }

    pub(super) fn no_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// A watch from a revision that the server has forgotten.
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", &format!("too old resource version: {asked} ({oldest})"))
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        })
    }
}

fn quoted(key: &Key) -> String {
    format!("{}.{} {:?}", key.resource.plural(), key.resource.group(), key.name)
}
