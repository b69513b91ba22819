//! Sessions of a role that the process assumes with a token of its cluster (OIDC; in ACK: RRSA, RAM roles for service
//! accounts). `AssumeRoleWithOIDC` is called without a signature, as the official credentials package does; the token goes in
//! the body, never in a URL.
//!
//! Promises: one call at a time; a session is renewed ahead of its end and used until its end, whatever the renewal says; the
//! file of the token is read anew for each call; no error has a byte of the token.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::credentials::{BearerStyle, CredentialError, CredentialSource, Credentials, Environment};
use super::interpret::{Exchange, Reply, clean};
use super::product::Product;
use super::secret::Secret;
use super::settings::Settings;
use super::transport::Transport;
use super::wire;
use crate::environment;
use crate::lock::lock;
use crate::remote::backoff::backoff;

/// The variables of the official SDKs.
const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
const SESSION_NAME: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";

/// How long a session shall last: the default of the service, which every role allows.
const SECONDS: &str = "3600";
/// A session is renewed so long before its end, or a fifth of its life if that is longer; but not before half of its life.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// The largest answer, in MiB.
const LARGEST: usize = 1;

/// The credentials of a process: those of its environment, or else the sessions of the role that its environment names.
pub fn credentials_of_process(
    style: BearerStyle,
    transport: Arc<dyn Transport>,
    settings: &Settings,
) -> Result<Arc<dyn CredentialSource>, CredentialError> {
    let environment = Environment::of_process(style);
    if environment.read() == Err(CredentialError::Missing)
        && let Some(role) = RoleSessions::of_environment(&environment, transport, settings)?
    {
        return Ok(Arc::new(role));
    }
    Ok(Arc::new(environment))
}

/// What does not change while the process runs.
struct Assumes {
    role: String,
    provider: String,
    token_file: String,
    session: String,
    endpoint: Url,
    transport: Arc<dyn Transport>,
    limit: Duration,
}

/// A session, with times since boot.
#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    renewed_from: Duration,
    ends: Duration,
}

/// The calls so far; who holds it makes the next one.
#[derive(Default)]
struct Calls {
    failures: u32,
    /// Why the last one failed, and when the next may be made.
    failed: Option<(CredentialError, Duration)>,
}

struct Shared {
    assumes: Assumes,
    session: Mutex<Option<Session>>,
    calls: tokio::sync::Mutex<Calls>,
}

/// The sessions of one role.
#[derive(Clone)]
struct RoleSessions(Arc<Shared>);

impl RoleSessions {
    /// The role that the variables of the official SDKs name, `None` if they name none.
    fn of_environment(
        environment: &Environment,
        transport: Arc<dyn Transport>,
        settings: &Settings,
    ) -> Result<Option<Self>, CredentialError> {
        let (role, provider, token_file) =
            (environment.variable(ROLE)?, environment.variable(PROVIDER)?, environment.variable(TOKEN_FILE)?);
        let (role, provider, token_file) = match (role, provider, token_file) {
            (None, None, None) => return Ok(None),
            (Some(role), Some(provider), Some(token_file)) => (role, provider, token_file),
            (role, provider, token_file) => {
                let all = [(ROLE, role.is_some()), (PROVIDER, provider.is_some()), (TOKEN_FILE, token_file.is_some())];
                let first = |set: bool| all.iter().find(|(_, is)| *is == set).map_or(ROLE, |(name, _)| name);
                return Err(CredentialError::Incomplete { present: first(true), missing: first(false) });
            }
        };
        let endpoint = settings
            .endpoint_of(Product::Sts)
            .ok_or_else(|| CredentialError::Source(format!("{ROLE} is set, but {}", Product::Sts.has_no_endpoint())))?;
        let session = environment.variable(SESSION_NAME)?.unwrap_or_else(|| "dataset-operator".to_owned());
        let (endpoint, limit) = (endpoint.clone(), settings.request_timeout);
        let assumes = Assumes { role, provider, token_file, session, endpoint, transport, limit };
        let shared = Shared { assumes, session: Mutex::default(), calls: tokio::sync::Mutex::default() };
        Ok(Some(Self(Arc::new(shared))))
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
                tracing::debug!(%error, "the session of the role was not renewed; it is tried again");
            }
        });
    }
}

impl CredentialSource for RoleSessions {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        self.current().boxed()
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
        if let Some((error, _)) = calls.failed.as_ref().filter(|(_, until)| now < *until) {
            return Err(error.clone());
        }
        match self.assumes.assume().await {
            Ok((credentials, expires)) => {
                let jitter = environment::random().map_or(0, |[byte]| byte);
                let session = Session::new(credentials, expires, jitter);
                tracing::info!(role = self.assumes.role, %expires, key = session.credentials.key(), "a session of the role");
                let credentials = session.credentials.clone();
                *lock(&self.session) = Some(session);
                *calls = Calls::default();
                Ok(credentials)
            }
            Err(error) => {
                calls.failures += 1;
                if calls.failures == 1 {
                    tracing::warn!(%error, "a session of the role cannot be had");
                }
                let wait = backoff(calls.failures, environment::random().map_or(0, |[byte]| byte));
                calls.failed = Some((error.clone(), environment::since_boot() + wait));
                Err(error)
            }
        }
    }
}

impl Session {
    /// A session that begins now and ends at `expires`. It is renewed up to a tenth earlier, so that not all processes do it
    /// at one moment.
    fn new(credentials: Credentials, expires: Timestamp, jitter: u8) -> Self {
        let (now, clock) = (environment::since_boot(), environment::now());
        let life = Duration::try_from(expires.duration_since(clock)).unwrap_or_default();
        Self { credentials, renewed_from: now + renewed_after(life, jitter), ends: now + life }
    }
}

/// How long a session of this life is used before it is renewed.
fn renewed_after(life: Duration, jitter: u8) -> Duration {
    let ahead = AHEAD.max(life / 5).min(life / 2);
    life.saturating_sub(ahead + ahead / 10 * u32::from(jitter) / 255)
}

/// The part of the answer that is needed.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Credentials")]
    credentials: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: Timestamp,
}

impl Assumes {
    /// Calls the token service once.
    async fn assume(&self) -> Result<(Credentials, Timestamp), CredentialError> {
        let token = tokio::fs::read_to_string(&self.token_file).await;
        let token = token.map_err(|error| {
            CredentialError::Source(format!(
                "the OIDC token cannot be read: {} ({TOKEN_FILE}): {error}",
                self.token_file
            ))
        })?;
        let request = self.request(token.trim());
        let exchange = timeout(self.limit, wire::transmit(&*self.transport, request, LARGEST)).await;
        let unavailable = |why: String| Err(CredentialError::Unavailable(format!("AssumeRoleWithOIDC: {why}")));
        match exchange.unwrap_or(Exchange::Timeout(self.limit)) {
            Exchange::NoConnection(why) | Exchange::Broken(why) => unavailable(why),
            Exchange::Timeout(limit) => unavailable(format!("no answer within {} s", limit.as_secs())),
            Exchange::Reply(reply) if reply.status == 429 || reply.status >= 500 => {
                unavailable(format!("HTTP status {}", reply.status))
            }
            Exchange::Reply(reply) => self.read(&reply, token.trim()),
        }
    }

    fn request(&self, token: &str) -> reqwest::Request {
        let mut url = self.endpoint.clone();
        let time = environment::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        url.query_pairs_mut().extend_pairs([
            ("Action", "AssumeRoleWithOIDC"),
            ("Version", Product::Sts.version()),
            ("Format", "JSON"),
            ("Timestamp", time.as_str()),
        ]);
        // Only the encoding of a URL is used.
        let mut form = self.endpoint.clone();
        form.query_pairs_mut().extend_pairs([
            ("RoleArn", self.role.as_str()),
            ("OIDCProviderArn", &self.provider),
            ("OIDCToken", token),
            ("RoleSessionName", &self.session),
            ("DurationSeconds", SECONDS),
        ]);
        let mut request = reqwest::Request::new(Method::POST, url);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *request.body_mut() = Some(form.query().unwrap_or_default().to_owned().into());
        request
    }

    fn read(&self, reply: &Reply, token: &str) -> Result<(Credentials, Timestamp), CredentialError> {
        let body = reply.body.as_deref().unwrap_or_default();
        if (200..300).contains(&reply.status) {
            let answer: Answer = serde_json::from_slice(body).map_err(|_| {
                CredentialError::Unavailable("AssumeRoleWithOIDC: an answer without credentials".to_owned())
            })?;
            let given = answer.credentials;
            let credentials = Credentials::AccessKey {
                id: given.access_key_id,
                secret: Secret::new(given.access_key_secret),
                security_token: Some(Secret::new(given.security_token)),
            };
            return Ok((credentials, given.expiration));
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text =
            |name: &str, longest: usize| clean(&body[name].as_str().unwrap_or_default().replace(token, "***"), longest);
        let (code, message, request_id) = (text("Code", 100), text("Message", 300), text("RequestId", 100));
        Err(CredentialError::Source(format!(
            "AssumeRoleWithOIDC for {} was refused: {} {code}: {message}; {} (RequestId {request_id})",
            self.role,
            reply.status,
            advice(&code)
        )))
    }
}

/// What a person can do about a refusal with this code.
fn advice(code: &str) -> String {
    match code {
        "AuthenticationFail.OIDCToken.AudienceNotMatch" => {
            "the token must be made for the audience sts.aliyuncs.com, and the OIDC provider must list that as a client id"
                .to_owned()
        }
        "AuthenticationFail.OIDCToken.Expired" => {
            format!("the file that {TOKEN_FILE} names is not renewed, or a clock is wrong")
        }
        code if code.starts_with("AuthenticationFail.OIDCToken.") => {
            format!("compare the issuer of the token with that of the OIDC provider ({PROVIDER})")
        }
        code if code.starts_with("AuthenticationFail.") => format!(
            "the trust policy of the role ({ROLE}) must allow the provider ({PROVIDER}) and, in oidc:sub, the ServiceAccount of \
             the operator"
        ),
        _ => format!("check {ROLE} and {PROVIDER}"),
    }
}

#[cfg(test)]
#[path = "role_tests.rs"]
mod tests;
