//! Sessions of roles, for callers that prove who they are with a token of their cluster (OIDC).
//!
//! The signature of a token is not checked: the emulator does not know the keys of any cluster.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Context, Done, Members};
use crate::clock::timestamp;
use crate::credentials::{Credential, Role};
use crate::refusal::Refusal;

/// The audience that tokens are made for.
const AUDIENCE: &str = "sts.aliyuncs.com";

/// `AssumeRoleWithOIDC`: a session of a role.
pub(super) fn assume_with_oidc(context: &mut Context) -> Result<Done, Refusal> {
    let given = |name: &'static str| {
        let value = context.request.query_or_form(name);
        value.filter(|value| !value.is_empty()).ok_or(Refusal::Missing(name))
    };
    let [role, provider, token, session] =
        [given("RoleArn")?, given("OIDCProviderArn")?, given("OIDCToken")?, given("RoleSessionName")?];
    let (account, name) =
        named(&role, "role").ok_or(Refusal::Role("InvalidParameter.RoleArn", "RoleArn is not valid."))?;
    let (owner, _) = named(&provider, "oidc-provider").unwrap_or_default();
    if owner != account {
        return Err(Refusal::Role("AuthenticationFail.NoPermission", "No such OIDC Provider registered."));
    }
    let seconds = match context.request.query_or_form("DurationSeconds").map(|text| text.parse::<i64>()) {
        None => 3600,
        Some(Ok(seconds)) if (900..=43_200).contains(&seconds) => seconds,
        Some(_) => return Err(Refusal::Role("InvalidParameter.DurationSeconds", "DurationSeconds is not valid.")),
    };
    let names = |c: char| c.is_ascii_alphanumeric() || ".@_-".contains(c);
    if !(2..=64).contains(&session.len()) || !session.chars().all(names) {
        return Err(Refusal::Role("InvalidParameter.RoleSessionName", "RoleSessionName is not valid."));
    }
    let subject = subject_of(&token, context.now_ms)?;
    let mut trusted = context.knobs.oidc_subjects.split(',').map(str::trim).filter(|known| !known.is_empty());
    if !context.knobs.oidc_subjects.is_empty() && !trusted.any(|known| known == subject) {
        return Err(Refusal::Role("AuthenticationFail.NoPermission", "The trust policy of the role does not name it."));
    }
    let life_ms = match context.knobs.sts_session_ms {
        0 => seconds.saturating_mul(1000),
        life_ms => life_ms.into(),
    };
    let expires_ms = context.now_ms.saturating_add(life_ms);
    let made = context.ids.request().to_string().replace('-', "");
    let credential = Credential {
        access_key_id: format!("STS.{made}"),
        access_key_secret: format!("secret{made}"),
        security_token: Some(format!("token{made}")),
        account_id: account.to_owned(),
        role: Some(Role { name: name.to_owned(), id: format!("3{account}"), session_name: session.clone() }),
        expires_ms: Some(expires_ms),
        ..Credential::access_key("", "")
    };
    let texts = [
        ("AccessKeyId", credential.access_key_id.clone()),
        ("AccessKeySecret", credential.access_key_secret.clone()),
        ("SecurityToken", credential.security_token.clone().unwrap_or_default()),
        ("Expiration", format!("{}Z", timestamp(expires_ms).split(['.', 'Z']).next().unwrap_or_default())),
    ];
    let credentials: Map<String, Value> =
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    let now_ms = context.now_ms;
    context.credentials.retain(|known| known.expires_ms.is_none_or(|expires_ms| expires_ms > now_ms));
    context.credentials.push(credential.into());
    let mut answer = Members::default();
    answer.put("Credentials", &Value::Object(credentials));
    answer.put(
        "AssumedRoleUser",
        &serde_json::json!({
            "Arn": format!("acs:ram::{account}:role/{name}/{session}"), "AssumedRoleId": format!("3{account}:{session}"),
        }),
    );
    answer.put(
        "OIDCTokenInfo",
        &serde_json::json!({"Subject": subject, "ClientIds": AUDIENCE, "VerificationInfo": "Success"}),
    );
    Ok(context.read(answer))
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
