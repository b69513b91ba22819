//! One question to whoever issues sessions, and the members that all of them answer with.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::Issued;
use crate::cloud::credentials::{CredentialError, Credentials};
use crate::cloud::interpret::{Exchange, Reply, clean};
use crate::cloud::secret::Secret;
use crate::cloud::transport::Transport;
use crate::cloud::wire;
use crate::words;

/// The largest answer, in MiB.
const LARGEST: usize = 1;

/// A session in an answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: Timestamp,
}

/// The part of the token service's answer that is needed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    credentials: Given,
}

impl From<Answer> for Issued {
    fn from(answer: Answer) -> Self {
        answer.credentials.into()
    }
}

impl From<Given> for Issued {
    fn from(given: Given) -> Self {
        let credentials = Credentials::AccessKey {
            id: given.access_key_id,
            secret: Secret::new(given.access_key_secret),
            security_token: Some(Secret::new(given.security_token)),
        };
        Self { credentials, expires: given.expiration }
    }
}

/// Sends once. The error says that `whom` gave no answer that says anything: it may later.
pub(super) async fn ask(
    whom: &str,
    transport: &dyn Transport,
    request: reqwest::Request,
    limit: Duration,
) -> Result<Reply, CredentialError> {
    let exchange = timeout(limit, wire::transmit(transport, request, LARGEST)).await;
    let unavailable = |why: String| Err(CredentialError::Unavailable(format!("{whom}: {why}")));
    match exchange.unwrap_or(Exchange::Timeout(limit)) {
        Exchange::NoConnection(why) | Exchange::Broken(why) => unavailable(why),
        Exchange::Timeout(limit) => unavailable(format!("no answer within {}", words::duration(limit))),
        Exchange::Reply(reply) if reply.status == 429 || reply.status >= 500 => {
            unavailable(format!("HTTP status {}", reply.status))
        }
        Exchange::Reply(reply) => Ok(reply),
    }
}

fn without(whom: &str) -> CredentialError {
    CredentialError::Unavailable(format!("{whom}: an answer without credentials"))
}

impl Reply {
    /// Whether the status is one of success.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a success of `whom`. The error repeats nothing of it, as it may be half of a secret.
    pub(super) fn holds<T: DeserializeOwned>(&self, whom: &str) -> Result<T, CredentialError> {
        let body = self.body.as_deref().unwrap_or_default();
        serde_json::from_slice(body).map_err(|_| without(whom))
    }

    /// The session in an answer of metadata or of a credentials URI, which says `Success`.
    pub(super) fn session(&self, whom: &str) -> Result<Issued, CredentialError> {
        let body: Value = self.holds(whom)?;
        let code = body["Code"].as_str().unwrap_or_default();
        if !code.is_empty() && code != "Success" {
            return Err(CredentialError::Source(format!("{whom}: Code {} instead of Success", clean(code, 100))));
        }
        let given = if code.is_empty() { Err(()) } else { Given::deserialize(body).map_err(drop) };
        given.map(Into::into).map_err(|()| without(whom))
    }

    /// A refusal in the words of the service, without what `hide` takes out of them.
    pub(super) fn refusal(&self, hide: impl Fn(&str) -> String) -> Refusal {
        let body: Value = serde_json::from_slice(self.body.as_deref().unwrap_or_default()).unwrap_or_default();
        let text = |name: &str, longest: usize| clean(&hide(body[name].as_str().unwrap_or_default()), longest);
        let (code, message, request_id) = (text("Code", 100), text("Message", 300), text("RequestId", 100));
        Refusal { status: self.status, code, message, request_id }
    }
}

/// A refusal of the token service.
pub(super) struct Refusal {
    status: u16,
    pub(super) code: String,
    message: String,
    request_id: String,
}

impl Refusal {
    /// The error for people: what was asked for, what the service said, and what to do about it.
    pub(super) fn told(self, asked: &str, advice: &str) -> CredentialError {
        let Self { status, code, message, request_id } = self;
        if code.starts_with("Throttling") {
            return CredentialError::Unavailable(format!("{asked}: {code} (RequestId {request_id})"));
        }
        CredentialError::Source(format!(
            "{asked} was refused: {status} {code}: {message}; {advice} (RequestId {request_id})"
        ))
    }
}
