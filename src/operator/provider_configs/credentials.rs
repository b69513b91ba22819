//! The credentials of a config: read, asked whose they are, and given to its account.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use tokio::time::timeout;

use super::keeper::{Keeper, Stored};
use super::{secret, status, token};
use crate::accounts::{Place, alias};
use crate::api::{CredentialsSource, CredentialsSpec, Reason};
use crate::cloud::{self, CallerIdentity, CredentialError, ErrorClass, Product, Request, Source};
use crate::inventory::ObjectName;
use crate::lock::lock;

/// The longest wait for the API server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Credentials that are in use.
pub(super) struct Used {
    pub(super) source: CredentialsSource,
    /// Whose they are, if the token service says it.
    pub(super) identity: Option<CallerIdentity>,
    /// When they end.
    pub(super) expires: Option<Timestamp>,
}

/// Why there are none: the reason, a message, and whether a person must change something.
pub(super) type Trouble = (Reason, String, bool);

impl Keeper {
    /// Reads the credentials, finds out whose they are, and gives them to the account.
    pub(super) async fn credentials(&self, name: &ObjectName, stored: &Stored, users: usize) -> Result<Used, Trouble> {
        let invalid = |message: String| (Reason::CredentialsInvalid, message, true);
        let spec = self.lookups.configs.get(&stored.config).map(|config| config.spec).unwrap_or_default();
        let CredentialsSpec { source, secret_ref, rrsa, ecs_role, assume_role } =
            spec.account.credentials.clone().unwrap_or_default();
        let kind = source.ok_or_else(|| (Reason::InvalidSpec, "credentials.source is not set".to_owned(), true))?;
        let mut version = None;
        let source = match kind {
            CredentialsSource::Environment => Source::Open(self.own.clone()),
            CredentialsSource::EcsRole => {
                Source::Ecs { role: ecs_role.and_then(|role| role.name), endpoint: None, without_token: true }
            }
            CredentialsSource::Secret | CredentialsSource::Bearer | CredentialsSource::Uri => {
                let of = secret_ref.unwrap_or_default();
                let secret = self.read(stored).await?;
                version = secret.metadata.resource_version;
                secret::source(kind, &of, &secret.data.unwrap_or_default(), self.style).map_err(invalid)?
            }
            CredentialsSource::Rrsa => {
                let namespace = stored.config.namespace.as_ref().unwrap_or(&self.namespace);
                token::source(&rrsa.unwrap_or_default(), namespace, Api::namespaced(self.kube.clone(), namespace))
            }
        };
        let region = spec.account.region.clone().unwrap_or_else(|| self.accounts.flags().region.clone());
        // A source that is open already has its sessions, and waits after failures.
        let of = format!("{:?} {version:?}", spec.account.credentials);
        let known = lock(&self.open).get(name).filter(|(known, _)| *known == of).map(|(_, open)| open.clone());
        let credentials = if let Some(open) = known {
            open
        } else {
            let opened = self.clients.source(&spec, &region, (source, assume_role.unwrap_or_default()));
            opened.map_err(|why| (Reason::InvalidSpec, why, true))?
        };
        lock(&self.open).insert(name.clone(), (of, credentials.clone()));
        credentials.credentials().await.map_err(|error| {
            if let CredentialError::Unavailable(why) = error {
                (Reason::CloudUnavailable, why, false)
            } else {
                invalid(error.to_string())
            }
        })?;
        let client = self.clients.client(&spec, &region, credentials.clone());
        let (client, _) = client.map_err(|why| (Reason::InvalidSpec, why, true))?;
        let identity = identify(&client).await.map_err(|error| {
            tracing::warn!(config = alias::alias(&stored.config), %error, "the credentials of a config cannot be used");
            // Status is written once for a failure that is the same each time but for its RequestId.
            let message = cloud::CallError { request_id: None, ..error.clone() }.to_string();
            if let ErrorClass::Unauthorised(_) = error.class {
                invalid(message)
            } else {
                (Reason::CloudUnavailable, message, false)
            }
        });
        let identity = match identity {
            // Whose credentials these are is asked again by the account itself, which until then creates nothing.
            Err((Reason::CloudUnavailable, ..)) if stored.status.account_id.is_some() => None,
            asked => asked?,
        };
        if let Some(identity) = &identity
            && let Some(why) = status::other_account(&stored.status, identity, users)
        {
            return Err((Reason::AccountMismatch, why, true));
        }
        let place = Place { alias: alias::alias(&stored.config), region };
        let account = self.accounts.at(&place).map_err(|blocked| (blocked.reason, blocked.message, blocked.stuck))?;
        for account in std::iter::once(account).chain(self.accounts.named(&place.alias)) {
            account.exchange(credentials.clone());
        }
        Ok(Used { source: kind, identity, expires: credentials.expires() })
    }

    /// Reads the Secret.
    async fn read(&self, stored: &Stored) -> Result<Secret, Trouble> {
        let Some(name) = self.secret(stored) else {
            return Err((Reason::InvalidSpec, "credentials.secretRef is not set".to_owned(), true));
        };
        let (namespace, name) = name.place();
        let secrets: Api<Secret> = Api::namespaced(self.kube.clone(), namespace);
        match timeout(TIMEOUT, secrets.get_opt(name)).await {
            Ok(Ok(Some(secret))) => Ok(secret),
            Ok(Ok(None)) => {
                let message = format!("Secret {name} does not exist in namespace {namespace}");
                Err((Reason::DependencyNotReady, message, false))
            }
            Ok(Err(kube::Error::Api(refused))) if refused.code == 403 => {
                let role = crate::words::role_to_bind(namespace, "secrets", name, "get, list, watch");
                let message = format!("the operator may not read Secret {name}: {role}");
                Err((Reason::DependencyNotReady, message, false))
            }
            Ok(Err(error)) => {
                Err((Reason::DependencyNotReady, format!("Secret {name}: {}", crate::words::error(&error)), false))
            }
            Err(_) => {
                Err((Reason::DependencyNotReady, format!("Secret {name}: the API server does not answer"), false))
            }
        }
    }
}

/// Whose credentials the client has; `None` if no token service is known.
async fn identify(client: &cloud::Client) -> Result<Option<CallerIdentity>, cloud::CallError> {
    if !client.reaches(Product::Sts) {
        return Ok(None);
    }
    let request = Request::get_caller_identity();
    let answer = client.send(&request).await?;
    answer.caller_identity().map(Some).map_err(|malformed| cloud::CallError::malformed(request.operation(), malformed))
}
