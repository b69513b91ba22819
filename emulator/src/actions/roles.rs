//! Sessions of roles, for callers that sign, and for those that prove who they are with a token of their cluster (OIDC).
//!
//! The signature of a token is not checked: the emulator does not know the keys of any cluster.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Context, Done, Members};
use crate::refusal::Refusal;
use crate::session::{Sessions, role_id};

/// The audience that tokens are made for.
const AUDIENCE: &str = "sts.aliyuncs.com";

/// `AssumeRole`: a session for a caller that the role trusts. It trusts every one that gives its external id, if it has one.
pub(super) fn assume(context: &mut Context) -> Result<Done, Refusal> {
    let wanted = Wanted::by(context)?;
    let caller = context.caller;
    if caller.role.is_none() && caller.user_id == caller.account_id {
        return Err(Refusal::Role("NoPermission", "Roles may not be assumed by root accounts."));
    }
    let named = external_id(&context.knobs.roles, &wanted.name)?;
    let given = context.request.query_or_form("ExternalId");
    if named.is_some() && named != given.as_deref() {
        let message = "You are not authorized to do this action. You should be authorized by RAM.";
        return Err(Refusal::Role("NoPermission", message));
    }
    let answer = wanted.session(context);
    Ok(context.read(answer))
}

/// `AssumeRoleWithOIDC`: a session for a token.
pub(super) fn assume_with_oidc(context: &mut Context) -> Result<Done, Refusal> {
    let (provider, token) = (given(context, "OIDCProviderArn")?, given(context, "OIDCToken")?);
    let wanted = Wanted::by(context)?;
    let (owner, _) = named(&provider, "oidc-provider").unwrap_or_default();
    if owner != wanted.account {
        return Err(Refusal::Role("AuthenticationFail.NoPermission", "No such OIDC Provider registered."));
    }
    external_id(&context.knobs.roles, &wanted.name)?;
    let subject = subject_of(&token, context.now_ms)?;
    let mut trusted = context.knobs.oidc_subjects.split(',').map(str::trim).filter(|known| !known.is_empty());
    if !context.knobs.oidc_subjects.is_empty() && !trusted.any(|known| known == subject) {
        return Err(Refusal::Role("AuthenticationFail.NoPermission", "The trust policy of the role does not name it."));
    }
    let mut answer = wanted.session(context);
    answer.put(
        "OIDCTokenInfo",
        &serde_json::json!({"Subject": subject, "ClientIds": AUDIENCE, "VerificationInfo": "Success"}),
    );
    Ok(context.read(answer))
}

/// A parameter that is required.
fn given(context: &Context, name: &'static str) -> Result<String, Refusal> {
    let value = context.request.query_or_form(name);
    value.filter(|value| !value.is_empty()).ok_or(Refusal::Missing(name))
}

/// The session that a call asks for.
struct Wanted {
    account: String,
    name: String,
    session: String,
    seconds: i64,
}

impl Wanted {
    fn by(context: &Context) -> Result<Self, Refusal> {
        let (role, session) = (given(context, "RoleArn")?, given(context, "RoleSessionName")?);
        let (account, name) =
            named(&role, "role").ok_or(Refusal::Role("InvalidParameter.RoleArn", "RoleArn is not valid."))?;
        let seconds = match context.request.query_or_form("DurationSeconds").map(|text| text.parse::<i64>()) {
            None => 3600,
            Some(Ok(seconds)) if (900..=43_200).contains(&seconds) => seconds,
            Some(_) => return Err(Refusal::Role("InvalidParameter.DurationSeconds", "DurationSeconds is not valid.")),
        };
        let names = |c: char| c.is_ascii_alphanumeric() || ".@_-".contains(c);
        if !(2..=64).contains(&session.len()) || !session.chars().all(names) {
            return Err(Refusal::Role("InvalidParameter.RoleSessionName", "RoleSessionName is not valid."));
        }
        Ok(Self { account: account.to_owned(), name: name.to_owned(), session, seconds })
    }

    /// Gives it: the members of the answer.
    fn session(&self, context: &mut Context) -> Members {
        let Self { account, name, session, seconds } = self;
        let Context { credentials, ids, knobs, now_ms, .. } = context;
        let mut sessions = Sessions { credentials, ids, knobs, now_ms: *now_ms };
        let mut answer = Members::default();
        answer.put("Credentials", &Value::Object(sessions.open(account, name, session, *seconds)));
        answer.put(
            "AssumedRoleUser",
            &serde_json::json!({
                "Arn": format!("acs:ram::{account}:role/{name}/{session}"),
                "AssumedRoleId": format!("{}:{session}", role_id(account)),
            }),
        );
        answer
    }
}

/// The external id that callers of a role must give, if it has one; refused if there is no such role. `roles` is the knob.
fn external_id<'a>(roles: &'a str, name: &str) -> Result<Option<&'a str>, Refusal> {
    if roles.is_empty() {
        return Ok(None);
    }
    let mut known = roles.split(',').map(|role| match role.trim().split_once('=') {
        Some((name, id)) => (name, Some(id)),
        None => (role.trim(), None),
    });
    let role = known.find(|(known, _)| *known == name);
    role.map(|(_, id)| id).ok_or(Refusal::Role("EntityNotExist.Role", "The role does not exist."))
}

/// Account and name in `acs:ram::<account>:<kind>/<name>`.
fn named<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let (account, rest) = arn.strip_prefix("acs:ram::")?.split_once(':')?;
    let name = rest.strip_prefix(kind)?.strip_prefix('/')?;
    let number = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    (number && !name.is_empty()).then_some((account, name))
}

/// The subject of a token that is made for the token service and not out of date.
fn subject_of(token: &str, now_ms: i64) -> Result<String, Refusal> {
    let invalid = || Refusal::Role("AuthenticationFail.OIDCToken.Invalid", "The OIDC token is not valid.");
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(invalid());
    };
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| invalid())?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| invalid())?;
    let audience = &claims["aud"];
    let among = |all: &Vec<Value>| all.iter().any(|audience| audience == AUDIENCE);
    if audience != AUDIENCE && !audience.as_array().is_some_and(among) {
        return Err(Refusal::Role("AuthenticationFail.OIDCToken.AudienceNotMatch", "The audience does not match."));
    }
    if claims["exp"].as_i64().is_none_or(|seconds| seconds.saturating_mul(1000) <= now_ms) {
        return Err(Refusal::Role("AuthenticationFail.OIDCToken.Expired", "The OIDC token is expired."));
    }
    claims["sub"].as_str().map(ToOwned::to_owned).ok_or_else(invalid)
}
