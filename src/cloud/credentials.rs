//! The identity of the client: an access key, a temporary access key or a bearer token, and its source.

use std::fmt;

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;

use super::secret::Secret;
use crate::remote::fields::digest_hex;

/// The variables of the official SDKs, and one for a bearer token.
const KEY_ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const KEY_SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";
const BEARER_TOKEN: &str = "ALIBABA_CLOUD_BEARER_TOKEN";
/// The variable of the vendor's overview page, which has the key in `Authorization: Bearer`. No SDK reads it.
const API_KEY: &str = "DASHSCOPE_API_KEY";

/// An identity at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Signs with ACS3-HMAC-SHA256.
    AccessKey {
        /// The access key id, which is not secret.
        id: String,
        /// The key of the signature.
        secret: Secret,
        /// Makes it a temporary access key of STS.
        security_token: Option<Secret>,
    },
    /// Presents a token instead of a signature.
    Bearer {
        /// The token.
        token: Secret,
        /// The headers that carry it.
        style: BearerStyle,
    },
}

/// Which headers carry a bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BearerStyle {
    /// `x-acs-bearer-token`, as the official SDK does.
    #[default]
    Sdk,
    /// `Authorization: Bearer`, for gateways in front of the service.
    Authorization,
}

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No variable is set.
    #[error(
        "no credentials: set {KEY_ID} and {KEY_SECRET}, or {BEARER_TOKEN}, or let the Pod assume a RAM role (RRSA)"
    )]
    Missing,
    /// One variable of a pair is missing.
    #[error("{present} is set but {missing} is not")]
    Incomplete {
        /// The variable that is set.
        present: &'static str,
        /// The variable that must be set too.
        missing: &'static str,
    },
    /// The value cannot be put into an HTTP header.
    #[error("{0} contains characters other than printable ASCII")]
    Unprintable(&'static str),
    /// Another source of credentials failed.
    #[error("{0}")]
    Source(String),
    /// Another source of credentials did not answer; it may later.
    #[error("{0}")]
    Unavailable(String),
}

/// A source of credentials. It is asked before every call, so it caches what is costly to get and refreshes what is
/// about to expire.
pub trait CredentialSource: Send + Sync {
    /// The credentials to use now.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>>;

    /// When those that were used last end; `None` if nothing is known of an end.
    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

/// Credentials that stay as they are.
impl CredentialSource for Credentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        std::future::ready(Ok(self.clone())).boxed()
    }
}

/// Returns the value of a variable.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment: an access key (temporary if a security token is set), or else a bearer token.
pub struct Environment {
    lookup: Box<Lookup>,
    style: BearerStyle,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process(style: BearerStyle) -> Self {
        Self::new(|name| std::env::var(name).ok(), style)
    }

    /// An environment in which `lookup` returns the values.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static, style: BearerStyle) -> Self {
        Self { lookup: Box::new(lookup), style }
    }

    pub(super) fn read(&self) -> Result<Credentials, CredentialError> {
        let pair = (self.variable(KEY_ID)?, self.variable(KEY_SECRET)?);
        let incomplete = |present, missing| Err(CredentialError::Incomplete { present, missing });
        match pair {
            (Some(id), Some(secret)) => Ok(Credentials::AccessKey {
                id,
                secret: Secret::new(secret),
                security_token: self.variable(SECURITY_TOKEN)?.map(Secret::new),
            }),
            (Some(_), None) => incomplete(KEY_ID, KEY_SECRET),
            (None, Some(_)) => incomplete(KEY_SECRET, KEY_ID),
            (None, None) => {
                let token = match (self.variable(BEARER_TOKEN)?, self.style) {
                    (None, BearerStyle::Authorization) => self.variable(API_KEY)?,
                    (token, _) => token,
                };
                let token = token.ok_or(CredentialError::Missing)?;
                Ok(Credentials::Bearer { token: Secret::new(token), style: self.style })
            }
        }
    }

    /// The value of a variable that is not empty. White space around it, such as the line end of a secret made from a
    /// file, is removed.
    pub(super) fn variable(&self, name: &'static str) -> Result<Option<String>, CredentialError> {
        let Some(value) = (self.lookup)(name) else {
            return Ok(None);
        };
        let value = value.trim();
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::Unprintable(name));
        }
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }
}

impl CredentialSource for Environment {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        std::future::ready(self.read()).boxed()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("style", &self.style).finish_non_exhaustive()
    }
}

/// What somebody else reads and sends here; what came last counts, also when nobody sends any more.
#[cfg(test)]
pub(super) struct Latest(pub(super) tokio::sync::watch::Receiver<Result<Credentials, CredentialError>>);

#[cfg(test)]
impl CredentialSource for Latest {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        std::future::ready(self.0.borrow().clone()).boxed()
    }
}

impl Credentials {
    /// A name of the credentials that is not secret: the access key id, or `bearer:` and the beginning of the token's
    /// SHA-256. New credentials have another name, even those of the same identity.
    pub fn key(&self) -> String {
        match self {
            Self::AccessKey { id, .. } => id.clone(),
            Self::Bearer { token, .. } => format!("bearer:{}", digest_hex(token.expose().as_bytes(), 12)),
        }
    }

    /// `text` without the secrets: services echo headers in error messages.
    pub(super) fn redact(&self, text: &str) -> String {
        let secrets = match self {
            Self::AccessKey { secret, security_token, .. } => [Some(secret), security_token.as_ref()],
            Self::Bearer { token, .. } => [Some(token), None],
        };
        let exposed = secrets.into_iter().flatten().map(Secret::expose);
        exposed.filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

#[cfg(test)]
mod tests;
