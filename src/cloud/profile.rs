//! Profiles of the vendor's command line tool, `~/.aliyun/config.json`: for an operator that a person starts on their own
//! machine. They are read once, when the operator starts. The members and modes are those that the official credentials package
//! reads (`alibabacloud_credentials` 1.0, `provider/cli_profile.py`).

use std::sync::Arc;

use serde::Deserialize;

use super::credentials::Credentials;
use super::secret::Secret;
use super::sessions::oidc::Token;
use super::source::Source;

/// A role may be assumed with the session of another one, and so on; a circle of profiles has no end.
const DEEPEST: usize = 5;

#[derive(Deserialize)]
struct File {
    profiles: Vec<Profile>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    name: Option<String>,
    mode: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    sts_token: Option<String>,
    ram_role_name: Option<String>,
    ram_role_arn: Option<String>,
    ram_session_name: Option<String>,
    role_session_name: Option<String>,
    external_id: Option<String>,
    #[serde(rename = "source_profile")]
    behind: Option<String>,
    oidc_provider_arn: Option<String>,
    oidc_token_file: Option<String>,
}

/// The source that the profile `name` in this text describes, or why there is none, without anything secret.
pub(super) fn source(text: &str, name: &str) -> Result<Source, String> {
    // The text of the error may have a part of a secret in it.
    let file: File = serde_json::from_str(text)
        .map_err(|error| format!("no list of profiles is there (line {}, column {})", error.line(), error.column()))?;
    of(&file.profiles, name, DEEPEST)
}

fn of(profiles: &[Profile], name: &str, deeper: usize) -> Result<Source, String> {
    let called = |profile: &&Profile| profile.name.as_deref() == Some(name);
    let profile = profiles.iter().find(called).ok_or_else(|| format!("there is no profile {name}"))?;
    let need = |member: &Option<String>, called: &str| {
        given(member.as_ref()).ok_or_else(|| format!("profile {name} has no {called}"))
    };
    let key = |token: Option<String>| -> Result<Source, String> {
        Ok(Source::Open(Arc::new(Credentials::AccessKey {
            id: need(&profile.access_key_id, "access_key_id")?,
            secret: Secret::new(need(&profile.access_key_secret, "access_key_secret")?),
            security_token: token.map(Secret::new),
        })))
    };
    let assumed = |behind: Source| -> Result<Source, String> {
        Ok(Source::Assumed {
            behind: Box::new(behind),
            role_arn: need(&profile.ram_role_arn, "ram_role_arn")?,
            external_id: given(profile.external_id.as_ref()),
            session_name: given(profile.ram_session_name.as_ref()),
        })
    };
    match profile.mode.as_deref() {
        Some("AK") => key(None),
        Some("StsToken") => key(Some(need(&profile.sts_token, "sts_token")?)),
        Some("RamRoleArn") => assumed(key(given(profile.sts_token.as_ref()))?),
        Some("ChainableRamRoleArn") => {
            let behind = need(&profile.behind, "source_profile")?;
            let deeper =
                deeper.checked_sub(1).ok_or_else(|| format!("profile {name}: source_profile goes in a circle"))?;
            assumed(of(profiles, &behind, deeper)?)
        }
        Some("EcsRamRole") => {
            Ok(Source::Ecs { role: given(profile.ram_role_name.as_ref()), endpoint: None, without_token: true })
        }
        Some("OIDC") => Ok(Source::Oidc {
            role_arn: need(&profile.ram_role_arn, "ram_role_arn")?,
            provider_arn: need(&profile.oidc_provider_arn, "oidc_provider_arn")?,
            token: Token::File(need(&profile.oidc_token_file, "oidc_token_file")?.into()),
            session_name: given(profile.role_session_name.as_ref()),
        }),
        other => Err(format!(
            "profile {name} has mode {}: the operator reads AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole and OIDC",
            other.unwrap_or("none")
        )),
    }
}

/// A member that is there and not empty, without blanks around it.
fn given(member: Option<&String>) -> Option<String> {
    member.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"current": "key", "profiles": [
        {"name": "key", "mode": "AK", "access_key_id": "k", "access_key_secret": "canary", "region_id": "cn-hangzhou"},
        {"name": "session", "mode": "StsToken", "access_key_id": "STS.k", "access_key_secret": "canary", "sts_token": "canary"},
        {"name": "role", "mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "canary",
         "ram_role_arn": "acs:ram::1:role/a", "ram_session_name": "desk", "expired_seconds": 900},
        {"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "role", "ram_role_arn": "acs:ram::2:role/b",
         "external_id": "x"},
        {"name": "node", "mode": "EcsRamRole", "ram_role_name": ""},
        {"name": "oidc", "mode": "OIDC", "ram_role_arn": "r", "oidc_provider_arn": "p", "oidc_token_file": "/t"},
        {"name": "circle", "mode": "ChainableRamRoleArn", "source_profile": "circle", "ram_role_arn": "r"},
        {"name": "half", "mode": "AK", "access_key_id": "k"},
        {"name": "browser", "mode": "OAuth", "access_key_secret": "canary"}
    ]}"#;

    #[tokio::test]
    async fn each_mode_is_the_source_that_it_names() {
        for (name, id, has_token) in [("key", "k", false), ("session", "STS.k", true)] {
            let Ok(Source::Open(open)) = source(FILE, name) else { panic!("{name}") };
            let Ok(Credentials::AccessKey { id: used, security_token, .. }) = open.credentials().await else {
                panic!("{name}")
            };
            assert_eq!((used.as_str(), security_token.is_some()), (id, has_token));
        }
        let Ok(Source::Assumed { behind, role_arn, external_id, .. }) = source(FILE, "chain") else { panic!() };
        assert_eq!((role_arn.as_str(), external_id.as_deref()), ("acs:ram::2:role/b", Some("x")));
        let Source::Assumed { behind, role_arn, session_name, .. } = *behind else { panic!() };
        assert_eq!((role_arn.as_str(), session_name.as_deref()), ("acs:ram::1:role/a", Some("desk")));
        assert!(matches!(*behind, Source::Open(_)));
        assert!(matches!(source(FILE, "node"), Ok(Source::Ecs { role: None, .. })));
        assert!(matches!(source(FILE, "oidc"), Ok(Source::Oidc { .. })));
    }

    #[test]
    fn what_cannot_be_used_is_told_without_a_secret() {
        for (text, name, told) in [
            (FILE, "none", "there is no profile none"),
            (FILE, "half", "profile half has no access_key_secret"),
            (FILE, "circle", "goes in a circle"),
            (FILE, "browser", "profile browser has mode OAuth: the operator reads AK"),
            (r#"{"profiles": "canary"}"#, "key", "no list of profiles is there (line 1, column 21)"),
        ] {
            let error = source(text, name).err().unwrap();
            assert!(error.contains(told) && !error.contains("canary"), "{error}");
        }
    }
}
