//! Sessions: credentials that somebody issues for a time, held for all who ask and renewed before they end.
//!
//! Promises, whoever issues them: one call at a time; a session is renewed ahead of its end and used until its end, whatever
//! the renewal says; after a failure the issuer is left alone for a while. How a session is had is the issuer's: [`oidc`], [`assume_role`], [`ecs`],
//! [`uri`].

pub(super) mod assume_role;
pub(super) mod ecs;
mod exchange;
pub(super) mod oidc;
pub(super) mod uri;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use reqwest::Url;

use super::credentials::{CredentialError, CredentialSource, Credentials};
use super::product::Product;
use super::settings::Settings;
use super::transport::Transport;
use crate::environment;
use crate::lock::lock;
use crate::remote::backoff::backoff;

/// A session is renewed so long before its end, or a fifth of its life if that is longer; but not before half of its life.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// How long a session of a role shall last: the default of the token service, which every role allows.
const SECONDS: &str = "3600";

/// Who issues sessions.
pub(super) trait Issuer: Send + Sync {
    /// What its sessions are of, for people: `the role acs:ram::1:role/r`.
    fn subject(&self) -> String;

    /// Issues a session. The error names the issuer and what to check, and has no byte of a secret.
    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>>;

    /// A name of the credentials that it is asked with, if it is asked with some: what was refused to others says nothing.
    fn caller(&self) -> BoxFuture<'_, Option<String>> {
        std::future::ready(None).boxed()
    }
}

/// A session as it was issued.
pub(super) struct Issued {
    credentials: Credentials,
    expires: Timestamp,
}

/// The token service, and the way to it.
#[derive(Clone)]
pub(super) struct TokenService {
    endpoint: Url,
    transport: Arc<dyn Transport>,
    limit: Duration,
}

impl TokenService {
    /// That of the settings, for this role.
    pub(super) fn new(
        role: &str,
        transport: &Arc<dyn Transport>,
        settings: &Settings,
    ) -> Result<Self, CredentialError> {
        let unknown = || CredentialError::Source(format!("to assume {role}: {}", Product::Sts.has_no_endpoint()));
        let endpoint = settings.endpoint_of(Product::Sts).ok_or_else(unknown)?.clone();
        Ok(Self { endpoint, transport: transport.clone(), limit: settings.session_timeout() })
    }
}

/// A session, with times since boot.
#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    renewed_from: Duration,
    ends: Duration,
    /// The end as the issuer told it.
    expires: Timestamp,
}

/// The calls so far; who holds it makes the next one.
#[derive(Default)]
struct Calls {
    failures: u32,
    /// The last one, if it failed.
    failed: Option<Failed>,
}

/// A call that failed: why, by whom, and when that caller may make the next.
struct Failed {
    error: CredentialError,
    caller: Option<String>,
    until: Duration,
}

struct Shared {
    issuer: Box<dyn Issuer>,
    session: Mutex<Option<Session>>,
    calls: tokio::sync::Mutex<Calls>,
}

/// The sessions of one issuer.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Shared>);

impl Sessions {
    /// No session is asked for yet.
    pub(super) fn of(issuer: impl Issuer + 'static) -> Self {
        let (session, calls) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { issuer: Box::new(issuer), session, calls }))
    }

    async fn current(&self) -> Result<Credentials, CredentialError> {
        let now = environment::since_boot();
        if let Some(session) = self.0.usable(now) {
            if now >= session.renewed_from {
                self.renew_meanwhile();
            }
            return Ok(session.credentials);
        }
        self.0.renew(&mut *self.0.calls.lock().await).await
    }

    /// Renews the session without anybody waiting for it, unless that is under way.
    fn renew_meanwhile(&self) {
        let shared = self.0.clone();
        if shared.calls.try_lock().is_err() {
            return;
        }
        tokio::spawn(async move {
            let Ok(mut calls) = shared.calls.try_lock() else { return };
            if let Err(error) = shared.renew(&mut calls).await {
                tracing::debug!(%error, "the session was not renewed; it is tried again");
            }
        });
    }
}

impl CredentialSource for Sessions {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        self.current().boxed()
    }

    fn expires(&self) -> Option<Timestamp> {
        lock(&self.0.session).as_ref().map(|session| session.expires)
    }
}

impl Shared {
    fn usable(&self, now: Duration) -> Option<Session> {
        lock(&self.session).clone().filter(|session| now < session.ends)
    }

    /// A session that need not be renewed: that of whoever was first, or a new one.
    async fn renew(&self, calls: &mut Calls) -> Result<Credentials, CredentialError> {
        let now = environment::since_boot();
        if let Some(session) = self.usable(now).filter(|session| now < session.renewed_from) {
            return Ok(session.credentials);
        }
        let caller = self.issuer.caller().await;
        if calls.failed.as_ref().is_some_and(|failed| failed.caller != caller) {
            *calls = Calls::default();
        }
        if let Some(failed) = calls.failed.as_ref().filter(|failed| now < failed.until) {
            return Err(failed.error.clone());
        }
        match self.issue().await {
            Ok(session) => {
                let credentials = session.credentials.clone();
                *lock(&self.session) = Some(session);
                *calls = Calls::default();
                Ok(credentials)
            }
            Err(error) => {
                calls.failures += 1;
                if calls.failures == 1 {
                    tracing::warn!(%error, "a session cannot be had");
                }
                let wait = backoff(calls.failures, environment::random().map_or(0, |[byte]| byte));
                calls.failed = Some(Failed { error: error.clone(), caller, until: environment::since_boot() + wait });
                Err(error)
            }
        }
    }

    /// A new session, which must not have ended.
    async fn issue(&self) -> Result<Session, CredentialError> {
        let Issued { credentials, expires } = self.issuer.issue().await?;
        let of = self.issuer.subject();
        if expires <= environment::now() {
            let told = format!("{of}: its session ended at {expires}, which is in the past; compare the clocks");
            return Err(CredentialError::Source(told));
        }
        tracing::info!(of, %expires, key = credentials.key(), "a session");
        Ok(Session::new(credentials, expires, environment::random().map_or(0, |[byte]| byte)))
    }
}

impl Session {
    /// A session that begins now and ends at `expires`. It is renewed up to a tenth earlier, so that not all processes do it
    /// at one moment.
    fn new(credentials: Credentials, expires: Timestamp, jitter: u8) -> Self {
        let (now, clock) = (environment::since_boot(), environment::now());
        let life = Duration::try_from(expires.duration_since(clock)).unwrap_or_default();
        Self { credentials, renewed_from: now + renewed_after(life, jitter), ends: now + life, expires }
    }
}

/// How long a session of this life is used before it is renewed.
fn renewed_after(life: Duration, jitter: u8) -> Duration {
    let ahead = AHEAD.max(life / 5).min(life / 2);
    life.saturating_sub(ahead + ahead / 10 * u32::from(jitter) / 255)
}

#[cfg(test)]
mod tests;
