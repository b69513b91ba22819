//! Sources of credentials as values: what somebody has set, before anything is asked for. [`Source::open`] turns one into
//! what a client asks before every call.
//!
//! A process uses the first source that its variables name, in the order of the official SDKs: a key, OIDC, a profile of
//! the command line tool, the role of the machine, a URI. The names are those of the SDKs too. Profile and role of the machine, which
//! they use whenever there is one, must be named: each Pod of the node could have that role.

use std::path::PathBuf;
use std::sync::Arc;

use super::client::network;
use super::credentials::{BearerStyle, CredentialError, CredentialSource, Environment};
use super::profile;
use super::secret::Secret;
use super::sessions::assume_role::AssumeRole;
use super::sessions::ecs::{self, Ecs};
use super::sessions::oidc::{Oidc, Token};
use super::sessions::uri::Uri;
use super::sessions::{Sessions, TokenService};
use super::settings::{ClientError, Settings, bare_url};
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

/// The name of sessions that nobody has named.
const SESSION: &str = "dataset-operator";

/// A source of credentials.
#[derive(Clone)]
pub enum Source {
    /// The key or the bearer token in the variables of the process.
    Environment(BearerStyle),
    /// One that is open already.
    Open(Arc<dyn CredentialSource>),
    /// A role that is assumed with a token of a cluster.
    Oidc {
        /// The role: `acs:ram::<account>:role/<name>`.
        role_arn: String,
        /// Its OIDC provider: `acs:ram::<account>:oidc-provider/<name>`.
        provider_arn: String,
        /// The token.
        token: Token,
        /// The name of the sessions, `dataset-operator` if absent.
        session_name: Option<String>,
    },
    /// The role of the machine that the process runs on. Whoever takes this from a tenant gives the tenant the node's rights.
    Ecs {
        /// Its name; if absent, the machine is asked for it.
        role: Option<String>,
        /// The metadata service; if absent, `http://100.100.100.200`.
        endpoint: Option<String>,
        /// Whether to go on without a token where the metadata service gives none.
        without_token: bool,
    },
    /// A URI that answers with sessions, `http` or `https`. It may have a secret in it. Whoever takes it from a tenant lets the
    /// tenant have any address called.
    Uri(Secret),
    /// A role that is assumed with the credentials of another source, which may be assumed themselves.
    Assumed {
        /// The other source.
        behind: Box<Self>,
        /// The role, perhaps of another account.
        role_arn: String,
        /// What the trust policy of the role asks for, if it does.
        external_id: Option<String>,
        /// The name of the sessions, `dataset-operator` if absent.
        session_name: Option<String>,
    },
}

impl Source {
    /// The source, ready to be asked. Calls to the token service go over `transport`, those to the machine and to a URI past any
    /// proxy.
    pub fn open(
        self,
        transport: &Arc<dyn Transport>,
        settings: &Settings,
    ) -> Result<Arc<dyn CredentialSource>, CredentialError> {
        match self {
            Self::Environment(style) => Ok(Arc::new(Environment::of_process(style))),
            Self::Open(source) => Ok(source),
            Self::Oidc { role_arn: role, provider_arn: provider, token, session_name } => {
                let service = TokenService::new(&role, transport, settings)?;
                let session = session_name.unwrap_or_else(|| SESSION.to_owned());
                Ok(Arc::new(Sessions::of(Oidc { role, provider, token, session, service })))
            }
            Self::Ecs { role, endpoint, without_token } => {
                let endpoint = bare_url(endpoint.as_deref().unwrap_or(ecs::ENDPOINT))?;
                let transport = network(&settings.nearby())?;
                Ok(Arc::new(Sessions::of(Ecs { role, endpoint, without_token, transport })))
            }
            Self::Uri(uri) => {
                let transport = network(&settings.nearby())?;
                Ok(Arc::new(Sessions::of(Uri::new(&uri, transport, settings.session_timeout())?)))
            }
            Self::Assumed { behind, role_arn: role, external_id, session_name } => {
                let behind = behind.open(transport, settings)?;
                let service = TokenService::new(&role, transport, settings)?;
                let session = session_name.unwrap_or_else(|| SESSION.to_owned());
                Ok(Arc::new(Sessions::of(AssumeRole { behind, role, external_id, session, service })))
            }
        }
    }

    /// The source that these variables name besides a key or a bearer token, `None` if they name none.
    fn named_in(environment: &Environment) -> Result<Option<Self>, CredentialError> {
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
                    return Ok(Some(Self::Ecs { role: Some(role), endpoint: None, without_token }));
                }
                Ok(variable(URI)?.map(|uri| Self::Uri(Secret::new(uri))))
            }
            (Some(role_arn), Some(provider_arn), Some(file)) => {
                let (token, session_name) = (Token::File(file.into()), variable(SESSION_NAME)?);
                Ok(Some(Self::Oidc { role_arn, provider_arn, token, session_name }))
            }
            (role, provider, file) => {
                let all = [(ROLE, role.is_some()), (PROVIDER, provider.is_some()), (TOKEN_FILE, file.is_some())];
                let first = |set: bool| all.iter().find(|(_, is)| *is == set).map_or(ROLE, |(name, _)| name);
                Err(CredentialError::Incomplete { present: first(true), missing: first(false) })
            }
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

impl From<ClientError> for CredentialError {
    fn from(error: ClientError) -> Self {
        Self::Source(error.to_string())
    }
}

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
        && let Some(source) = Source::named_in(&environment)?
    {
        return source.open(transport, settings);
    }
    Ok(Arc::new(environment))
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
