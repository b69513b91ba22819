//! The credentials of a process, by its variables.
//!
//! A process uses the first source that its variables name, in the order of the official SDKs: a key, OIDC, a profile of
//! the command line tool, the role of the machine, a URI. The names are those of the SDKs too. Profile and role of the machine, which
//! they use whenever there is one, must be named: each Pod of the node could have that role.

use std::path::PathBuf;
use std::sync::Arc;

use super::credentials::{BearerStyle, CredentialError, CredentialSource, Environment};
use super::profile;
use super::secret::Secret;
use super::sessions::oidc::Token;
use super::settings::Settings;
use super::source::Source;
use super::transport::Transport;

const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
const SESSION_NAME: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";
const ECS_ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
const ECS_DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const WITHOUT_TOKEN_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const PROFILES_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
const URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";

/// The credentials of a process: those in its variables, or else those of the first source that they name.
pub fn credentials_of_process(
    style: BearerStyle,
    transport: &Arc<dyn Transport>,
    settings: &Settings,
) -> Result<Arc<dyn CredentialSource>, CredentialError> {
    of(Environment::of_process(style), transport, settings)
}

fn of(
    environment: Environment,
    transport: &Arc<dyn Transport>,
    settings: &Settings,
) -> Result<Arc<dyn CredentialSource>, CredentialError> {
    if environment.read() == Err(CredentialError::Missing)
        && let Some(source) = named_in(&environment)?
    {
        return source.open(transport, settings);
    }
    Ok(Arc::new(environment))
}

/// The source that these variables name besides a key or a bearer token, `None` if they name none.
fn named_in(environment: &Environment) -> Result<Option<Source>, CredentialError> {
    let variable = |name| environment.variable(name);
    let says_true = |name| variable(name).map(|text| text.is_some_and(|text| text.eq_ignore_ascii_case("true")));
    match (variable(ROLE)?, variable(PROVIDER)?, variable(TOKEN_FILE)?) {
        (None, None, None) => {
            if let Some(name) = variable(PROFILE)?
                && !says_true(PROFILES_DISABLED)?
            {
                return of_profile(variable("HOME")?, &name).map(Some);
            }
            if let Some(role) = variable(ECS_ROLE)?
                && !says_true(ECS_DISABLED)?
            {
                let without_token = !says_true(WITHOUT_TOKEN_DISABLED)?;
                return Ok(Some(Source::Ecs { role: Some(role), endpoint: None, without_token }));
            }
            Ok(variable(URI)?.map(|uri| Source::Uri(Secret::new(uri))))
        }
        (Some(role_arn), Some(provider_arn), Some(file)) => {
            let (token, session_name) = (Token::File(file.into()), variable(SESSION_NAME)?);
            Ok(Some(Source::Oidc { role_arn, provider_arn, token, session_name }))
        }
        (role, provider, file) => {
            let all = [(ROLE, role.is_some()), (PROVIDER, provider.is_some()), (TOKEN_FILE, file.is_some())];
            let first = |set: bool| all.iter().find(|(_, is)| *is == set).map_or(ROLE, |(name, _)| name);
            Err(CredentialError::Incomplete { present: first(true), missing: first(false) })
        }
    }
}

/// The profile of this name, of the vendor's command line tool.
fn of_profile(home: Option<String>, name: &str) -> Result<Source, CredentialError> {
    let path = PathBuf::from(home.unwrap_or_default()).join(".aliyun/config.json");
    let failed = |why: String| CredentialError::Source(format!("{PROFILE}: {}: {why}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    profile::source(&text, name).map_err(failed)
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
