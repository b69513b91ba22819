//! Sources of credentials as values: what somebody has set, before anything is asked for. [`Source::open`] turns one into
//! what a client asks before every call.

use std::sync::Arc;

use super::client::network;
use super::credentials::{BearerStyle, CredentialError, CredentialSource, Environment};
use super::secret::Secret;
use super::sessions::assume_role::AssumeRole;
use super::sessions::ecs::{self, Ecs};
use super::sessions::oidc::{Oidc, Token};
use super::sessions::uri::Uri;
use super::sessions::{Sessions, TokenService};
use super::settings::{ClientError, Settings, bare_url};
use super::transport::Transport;
use crate::fence::Fence;

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
                let transport = network(&settings.nearby(), Fence::open())?;
                Ok(Arc::new(Sessions::of(Ecs { role, endpoint, without_token, transport })))
            }
            Self::Uri(uri) => {
                let transport = network(&settings.nearby(), Fence::open())?;
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
}

impl From<ClientError> for CredentialError {
    fn from(error: ClientError) -> Self {
        Self::Source(error.to_string())
    }
}
