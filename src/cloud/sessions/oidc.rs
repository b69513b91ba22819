//! A role that is assumed with a token of a cluster (OIDC; in ACK: RRSA, RAM roles for service accounts).
//! `AssumeRoleWithOIDC` is called without a signature, as the official credentials package does; the token goes in the body,
//! never in a URL. It is asked for anew at each call, and no error has a byte of it.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};

use super::exchange::{Answer, ask};
use super::{Issued, Issuer, SECONDS, TokenService};
use crate::cloud::credentials::CredentialError;
use crate::cloud::product::Product;
use crate::cloud::secret::Secret;
use crate::environment;

/// What is called.
const ACTION: &str = "AssumeRoleWithOIDC";

/// Gives a token of a cluster, made for the audience `sts.aliyuncs.com`.
pub type TokenProvider = dyn Fn() -> BoxFuture<'static, Result<Secret, CredentialError>> + Send + Sync;

/// The token of a cluster.
#[derive(Clone)]
pub enum Token {
    /// The text of a file, which others renew.
    File(PathBuf),
    /// What the provider gives. Its errors must not have a byte of a token.
    Asked(Arc<TokenProvider>),
}

impl Token {
    async fn get(&self) -> Result<Secret, CredentialError> {
        let path = match self {
            Self::File(path) => path,
            Self::Asked(provider) => return provider().await,
        };
        let failed =
            |why: &str| CredentialError::Source(format!("the OIDC token cannot be read: {}: {why}", path.display()));
        let text = tokio::fs::read_to_string(path).await.map_err(|error| failed(&error.to_string()))?;
        // Nothing could be hidden in the words of the service then.
        if text.trim().is_empty() { Err(failed("the file is empty")) } else { Ok(Secret::new(text.trim())) }
    }
}

/// The role, and the token that proves who assumes it.
pub(in crate::cloud) struct Oidc {
    pub(in crate::cloud) role: String,
    pub(in crate::cloud) provider: String,
    pub(in crate::cloud) token: Token,
    pub(in crate::cloud) session: String,
    pub(in crate::cloud) service: TokenService,
}

impl Issuer for Oidc {
    fn subject(&self) -> String {
        format!("the role {}", self.role)
    }

    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>> {
        self.assume().boxed()
    }
}

impl Oidc {
    async fn assume(&self) -> Result<Issued, CredentialError> {
        let token = self.token.get().await?;
        let TokenService { endpoint, transport, limit } = &self.service;
        let reply = ask(ACTION, &**transport, self.request(endpoint, token.expose()), *limit).await?;
        if reply.is_success() {
            return reply.holds::<Answer>(ACTION).map(Into::into);
        }
        let refusal = reply.refusal(|text| text.replace(token.expose(), "***"));
        let advice = self.advice(&refusal.code);
        Err(refusal.told(&format!("{ACTION} for {}", self.role), &advice))
    }

    fn request(&self, endpoint: &Url, token: &str) -> reqwest::Request {
        let mut url = endpoint.clone();
        let time = environment::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        url.query_pairs_mut().extend_pairs([
            ("Action", ACTION),
            ("Version", Product::Sts.version()),
            ("Format", "JSON"),
            ("Timestamp", time.as_str()),
        ]);
        // Only the encoding of a URL is used.
        let mut form = endpoint.clone();
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

    /// What a person can do about a refusal with this code.
    fn advice(&self, code: &str) -> String {
        let provider = &self.provider;
        match code {
            "AuthenticationFail.OIDCToken.AudienceNotMatch" => {
                "the token must be made for the audience sts.aliyuncs.com, and the OIDC provider must list that as a client id"
                    .to_owned()
            }
            "AuthenticationFail.OIDCToken.Expired" => "the token is not renewed, or a clock is wrong".to_owned(),
            code if code.starts_with("AuthenticationFail.OIDCToken.") => {
                format!("compare the issuer of the token with that of the OIDC provider {provider}")
            }
            code if code.starts_with("AuthenticationFail.") => format!(
                "the trust policy of the role must allow the OIDC provider {provider} and, in oidc:sub, the ServiceAccount that \
                 the token is for"
            ),
            _ => format!("check the ARNs of the role and of the OIDC provider {provider}"),
        }
    }
}

#[cfg(test)]
#[path = "oidc_tests.rs"]
mod tests;
