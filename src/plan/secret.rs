//! The Secret that a remote takes a text from. Decisions, status and intents know its version alone, and nothing of its
//! content.

use serde::{Deserialize, Serialize};

/// The member of status that names the version whose content the remote was last given.
pub const SECRET: &str = "secret";

/// One state of a Secret: another content has another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretVersion {
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.resourceVersion`
    pub resource_version: String,
}
