//! The RAM role of the machine that the process runs on (ECS), from the machine's metadata service. Every Pod of a node can
//! have it, so it is used only where somebody asks for it by name.
//!
//! As the official credentials package does it: a token first (the second form of the service), which goes into a header of
//! each read; where there is no token the reads go without (the first form), unless that is switched off.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use reqwest::header::HeaderValue;
use reqwest::{Method, Request, Url};

use super::exchange::ask;
use super::{Issued, Issuer};
use crate::cloud::credentials::CredentialError;
use crate::cloud::interpret::Reply;
use crate::cloud::transport::Transport;

/// Where every machine has its metadata.
pub(in crate::cloud) const ENDPOINT: &str = "http://100.100.100.200";
const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

const TOKEN_HEADER: &str = "x-aliyun-ecs-metadata-token";
const LIFE_HEADER: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
const LIFE: HeaderValue = HeaderValue::from_static("21600");

/// Metadata is a hop away: whoever does not answer within this is not there.
const LIMIT: Duration = Duration::from_secs(1);

/// A machine and its role.
pub(in crate::cloud) struct Ecs {
    /// Its name; if absent, the machine is asked for it.
    pub(in crate::cloud) role: Option<String>,
    pub(in crate::cloud) endpoint: Url,
    /// Whether reads may go without a token if there is none.
    pub(in crate::cloud) without_token: bool,
    pub(in crate::cloud) transport: Arc<dyn Transport>,
}

impl Issuer for Ecs {
    fn subject(&self) -> String {
        self.role.as_ref().map_or_else(|| "the ECS role".to_owned(), |role| format!("the ECS role {role}"))
    }

    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>> {
        self.read_session().boxed()
    }
}

impl Ecs {
    async fn read_session(&self) -> Result<Issued, CredentialError> {
        let token = self.token().await;
        let token = if self.without_token { token.ok() } else { Some(token?) };
        let role = match &self.role {
            Some(role) => role.clone(),
            None => self.role_of_machine(token.as_ref()).await?,
        };
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if role.is_empty() || role.starts_with('.') || !role.bytes().all(usual) {
            return Err(CredentialError::Source(self.told("the name of the role is not one of a RAM role")));
        }
        let reply = self.read(&role, token).await?;
        if reply.status == 404 {
            let why = format!("the machine has no role {role}: attach it to the machine, or name another");
            return Err(CredentialError::Source(self.told(&why)));
        }
        self.success(&reply)?;
        reply.session(&self.whom())
    }

    /// A token for the reads.
    async fn token(&self) -> Result<HeaderValue, CredentialError> {
        let mut request = self.request(Method::PUT, TOKEN);
        request.headers_mut().insert(LIFE_HEADER, LIFE);
        let reply = self.ask(request).await?;
        self.success(&reply)?;
        let text = reply.body.as_deref().unwrap_or_default().trim_ascii();
        let none = |_| CredentialError::Unavailable(self.told("it gave no token"));
        let mut token = HeaderValue::from_bytes(text).map_err(none)?;
        token.set_sensitive(true);
        Ok(token)
    }

    async fn role_of_machine(&self, token: Option<&HeaderValue>) -> Result<String, CredentialError> {
        let reply = self.read("", token.cloned()).await?;
        if reply.status == 404 {
            return Err(CredentialError::Source(self.told("the machine has no role: attach one to it")));
        }
        self.success(&reply)?;
        Ok(String::from_utf8_lossy(reply.body.as_deref().unwrap_or_default()).trim().to_owned())
    }

    async fn read(&self, name: &str, token: Option<HeaderValue>) -> Result<Reply, CredentialError> {
        let mut request = self.request(Method::GET, &format!("{ROLES}{name}"));
        request
            .headers_mut()
            .extend(token.map(|token| (reqwest::header::HeaderName::from_static(TOKEN_HEADER), token)));
        self.ask(request).await
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        Request::new(method, url)
    }

    async fn ask(&self, request: Request) -> Result<Reply, CredentialError> {
        ask(&self.told("only ECS machines have metadata"), &*self.transport, request, LIMIT).await
    }

    fn success(&self, reply: &Reply) -> Result<(), CredentialError> {
        let refused = || CredentialError::Source(self.told(&format!("HTTP status {}", reply.status)));
        reply.is_success().then_some(()).ok_or_else(refused)
    }

    fn whom(&self) -> String {
        format!("{} (metadata service {})", self.subject(), self.endpoint.host_str().unwrap_or_default())
    }

    /// What is the matter, and with whom.
    fn told(&self, what: &str) -> String {
        format!("{}: {what}", self.whom())
    }
}

#[cfg(test)]
#[path = "ecs_tests.rs"]
mod tests;
