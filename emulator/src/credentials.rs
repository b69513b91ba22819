//! The credentials of callers: access keys, STS triples and bearer tokens, and the identity of each.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// The parent account of the default credentials.
pub const DEFAULT_ACCOUNT: &str = "1000000000000001";

/// One credential and the principal behind it. The same credential serves all regions.
///
/// With a `bearer_token` it is a bearer credential, with a `security_token` an STS triple, else a plain access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// The access key id; for a bearer credential the name under which it is logged.
    pub access_key_id: String,
    /// The key of the signatures; not used by bearer credentials.
    #[serde(default)]
    pub access_key_secret: String,
    /// The STS token that must come with the access key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_token: Option<String>,
    /// The token of a bearer credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<String>,
    /// The parent account: owner of the workspaces, the names and the quota.
    #[serde(default = "default_account")]
    pub account_id: String,
    /// The principal: owner of what it creates.
    #[serde(default = "default_account")]
    pub user_id: String,
    /// The name of the RAM user; absent: its id. Only the token service tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The role that this is a session of; absent: a RAM user, or the account itself if `user_id` is its id. Only the
    /// token service tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the principal has `ListAllDatasets` and the other rights of a workspace administrator. Without it, it
    /// lists PUBLIC datasets and its own, and changes only its own PRIVATE ones.
    #[serde(default = "yes")]
    pub list_all: bool,
    /// Inactive keys are refused with `InvalidAccessKeyId.Inactive`.
    #[serde(default = "yes")]
    pub active: bool,
    /// Expired tokens are refused with `InvalidSecurityToken.Expired`.
    #[serde(default)]
    pub expired: bool,
    /// When it expires, in milliseconds since 1970; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// Operations that RAM denies: 403 `NoPermission`; `*` denies all that it governs.
    #[serde(default)]
    pub denied: Vec<String>,
}

/// A role that somebody assumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The name of the session.
    pub session_name: String,
}

fn default_account() -> String {
    DEFAULT_ACCOUNT.to_owned()
}

fn yes() -> bool {
    true
}

impl Credential {
    /// An access key of the default account with all rights.
    pub fn access_key(id: &str, secret: &str) -> Self {
        Self {
            access_key_id: id.to_owned(),
            access_key_secret: secret.to_owned(),
            security_token: None,
            bearer_token: None,
            account_id: default_account(),
            user_id: default_account(),
            user_name: None,
            role: None,
            list_all: true,
            active: true,
            expired: false,
            expires_ms: None,
            denied: Vec::new(),
        }
    }

    /// An STS triple of the default account with all rights: a session of a role.
    pub fn sts(id: &str, secret: &str, token: &str) -> Self {
        let [name, id_of_role, session_name] = ["testrole", "300000000000000001", "testsession"].map(ToOwned::to_owned);
        let role = Some(Role { name, id: id_of_role, session_name });
        Self { security_token: Some(token.to_owned()), role, ..Self::access_key(id, secret) }
    }

    /// A bearer token of the default account with all rights, logged as `name`.
    pub fn bearer(name: &str, token: &str) -> Self {
        Self { bearer_token: Some(token.to_owned()), ..Self::access_key(name, "") }
    }

    /// The credentials of an emulator that was given none: one of each kind, all for the same principal.
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::access_key("testAccessKeyId", "testAccessKeySecret"),
            Self::sts("STS.testAccessKeyId", "testStsAccessKeySecret", "testSecurityToken"),
            Self::bearer("bearer", "testBearerToken"),
        ]
    }

    /// Whether RAM denies this operation to the principal.
    pub(crate) fn denies(&self, operation: Operation) -> bool {
        let denied = |denied: &String| denied == operation.name() || (denied == "*" && operation.is_governed());
        self.denied.iter().any(denied)
    }
}
