//! The caller of the API as the token service names it, and the part of the name that stays the same.

use serde_json::{Map, Value};

use super::answer::{Answer, Malformed, Reading, text};

/// The longest name of a principal that is accepted. Names of roles and users have 64 characters at most.
const LONGEST: usize = 256;

/// The answer of `GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// `AccountId`: the account that the caller belongs to, in digits.
    pub account_id: String,
    /// `Arn`: `acs:ram::<account>:root`, `…:user/<name>` or `…:assumed-role/<role>/<session>`.
    pub arn: String,
    /// `IdentityType`: `Account`, `RAMUser` or `AssumedRoleUser`. No decision depends on it, as the ARN says it too.
    pub identity_type: Option<String>,
    /// `PrincipalId`; for a role it ends in the name of the session.
    pub principal_id: Option<String>,
    /// `UserId`, for an account or a user.
    pub user_id: Option<String>,
    /// `RoleId`, for a role.
    pub role_id: Option<String>,
}

impl Answer {
    /// The answer of `GetCallerIdentity`.
    pub fn caller_identity(&self) -> Result<CallerIdentity, Malformed> {
        self.read(CallerIdentity::read)
    }
}

impl CallerIdentity {
    /// The lasting name of the caller: the ARN of the account's root, of the user or of the role. The session of a role
    /// is left out: its name differs each time, often at random, and it is the same principal.
    pub fn principal(&self) -> String {
        match role_of(resource_of(&self.arn)) {
            Some(role) => format!("acs:ram::{}:role/{role}", self.account_id),
            None => self.arn.clone(),
        }
    }

    /// Strict where a wrong name could be taken for another principal's.
    fn read(body: &Map<String, Value>) -> Reading<Self> {
        let owned = |member| text(body, member).map(ToOwned::to_owned);
        let account_id = owned("AccountId").ok_or("AccountId is missing")?;
        let arn = owned("Arn").ok_or("Arn is missing")?;
        if account_id.len() > LONGEST || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("AccountId is not a number".into());
        }
        if arn.len() > LONGEST || !arn.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("Arn is not a name".into());
        }
        let of_account = ["ram", "sts"].iter().any(|service| arn.starts_with(&format!("acs:{service}::{account_id}:")));
        let resource = resource_of(&arn);
        let session = resource.starts_with("assumed-role/");
        if !of_account || resource.is_empty() || (session && role_of(resource).is_none()) {
            return Err("Arn does not name a principal of the account".into());
        }
        Ok(Self {
            account_id,
            arn,
            identity_type: owned("IdentityType"),
            principal_id: owned("PrincipalId"),
            user_id: owned("UserId"),
            role_id: owned("RoleId"),
        })
    }
}

/// What follows the account in an ARN.
fn resource_of(arn: &str) -> &str {
    arn.splitn(5, ':').nth(4).unwrap_or_default()
}

/// The role of a session: `assumed-role/<role>/<session>`, and `role/<role>/<session>` as `AssumeRole` has it.
fn role_of(resource: &str) -> Option<&str> {
    let (kind, rest) = resource.split_once('/')?;
    let role = rest.split('/').next()?;
    (matches!(kind, "assumed-role" | "role") && !role.is_empty()).then_some(role)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
