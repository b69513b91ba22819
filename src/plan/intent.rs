//! The intent: what the operator is about to do, stored on the object first, so that a crash cannot hide it.
//!
//! The intent is an annotation, so everybody who may edit the object may edit it. Its target is therefore only compared
//! with the configuration, and never used as an address. A text that does not parse counts as missing.

use serde::{Deserialize, Serialize};

use crate::plan::secret::SecretVersion;
use crate::remote::id::RemoteId;
use crate::remote::place;

/// How many attempts an intent remembers.
pub const REMEMBERED: usize = 8;

/// Where a remote is, or is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Alias of the configured account.
    pub account: String,
    /// Region, empty if only an endpoint is configured.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Workspace id, or [the place](crate::remote::place) of an IMM project.
    pub workspace: String,
    /// For a version: the dataset it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,
    /// For a remote that has no id but its name: that name. For a configuration of jobs, of which a dataset has one of each
    /// type: its type. For the files of a set: the version of the dataset that they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Target {
    /// The id of the remote, if that is known before the remote exists.
    #[must_use]
    pub fn key(&self) -> Option<RemoteId> {
        let project = place::project(&self.workspace)?;
        self.name.as_ref().map(|name| RemoteId::keyed(project, name))
    }
}

/// One attempt to create or adopt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `c` or `a` and 16 hex digits.
    pub nonce: String,
    /// Hash of the name and the immutable fields as sent.
    pub hash: String,
}

/// What the annotation holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The object this intent was written for.
    pub uid: String,
    /// Where the remote is, or is to be made.
    pub target: Target,
    /// The principal of the last attempt.
    pub principal: String,
    /// The last attempts, oldest first.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// A delete of the remote is about to be sent, or was. It is noted for remotes that are known by their names: such a
    /// delete, if it is late, would hit the next one of that name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delete_sent: bool,
    /// The version of the Secret that the newest attempt takes a text from. A remote that carries no mark is recognised by
    /// its content, as long as this is still the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVersion>,
}

impl Intent {
    /// Reads an annotation; `None` if it does not parse.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of the annotation.
    #[must_use]
    pub fn to_annotation(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The newest nonce.
    #[must_use]
    pub fn newest(&self) -> Option<&str> {
        self.attempts.last().map(|attempt| attempt.nonce.as_str())
    }

    /// The hash of what the attempt with this nonce sent.
    #[must_use]
    pub fn hash_of(&self, nonce: &str) -> Option<&str> {
        self.attempts.iter().find(|attempt| attempt.nonce == nonce).map(|attempt| attempt.hash.as_str())
    }

    /// This intent with one more attempt, without the one to `forget` (refused, or known never executed).
    #[must_use]
    pub fn with(mut self, attempt: Attempt, forget: Option<&str>) -> Self {
        self.attempts.retain(|known| Some(known.nonce.as_str()) != forget);
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(REMEMBERED);
        self.attempts.drain(..surplus);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(nonce: &str) -> Attempt {
        Attempt { nonce: nonce.into(), hash: "h".into() }
    }

    #[test]
    fn survives_the_annotation() {
        let intent = Intent { uid: "u".into(), ..Intent::default() }.with(attempt("c1"), None);
        assert_eq!(Intent::parse(&intent.to_annotation()), Some(intent));
    }

    #[test]
    fn garbage_is_as_good_as_stripped() {
        for text in ["", "{", "[]", "null", "{\"uid\": 1}", "{\"uid\":\"u\"}"] {
            assert_eq!(Intent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn remembers_the_last_eight_and_drops_refused_ones() {
        let mut intent = Intent::default();
        for n in 0..10 {
            intent = intent.with(attempt(&format!("c{n}")), None);
        }
        assert_eq!(intent.attempts.len(), REMEMBERED);
        let intent = intent.with(attempt("c10"), Some("c9"));
        assert!(intent.hash_of("c9").is_none());
        assert_eq!(intent.newest(), Some("c10"));
    }
}
