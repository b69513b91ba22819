//! A credentials URI: whoever answers there gives sessions in the form of a machine's metadata. The URI may have a secret in
//! it, so only its host is told.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use reqwest::{Method, Request, Url};

use super::exchange::ask;
use super::{Issued, Issuer};
use crate::cloud::credentials::CredentialError;
use crate::cloud::secret::Secret;
use crate::cloud::settings::host;
use crate::cloud::transport::Transport;

/// The URI.
pub(in crate::cloud) struct Uri {
    url: Url,
    transport: Arc<dyn Transport>,
    limit: Duration,
}

impl Uri {
    /// `http` or `https`, with a path and a query as they are.
    pub(in crate::cloud) fn new(
        uri: &Secret,
        transport: Arc<dyn Transport>,
        limit: Duration,
    ) -> Result<Self, CredentialError> {
        let url = Url::parse(uri.expose()).ok().filter(|url| {
            let user = !url.username().is_empty() || url.password().is_some();
            matches!(url.scheme(), "http" | "https") && url.has_host() && !user
        });
        let wrong =
            "the credentials URI must be http:// or https:// with a host and without a user (it is not shown here)";
        let url = url.ok_or_else(|| CredentialError::Source(wrong.to_owned()))?;
        Ok(Self { url, transport, limit })
    }

    async fn read_session(&self) -> Result<Issued, CredentialError> {
        let whom = self.subject();
        let reply = ask(&whom, &*self.transport, Request::new(Method::GET, self.url.clone()), self.limit).await?;
        if !reply.is_success() {
            let told = format!("{whom}: HTTP status {}; check the URI (it is not shown here)", reply.status);
            return Err(CredentialError::Source(told));
        }
        reply.session(&whom)
    }
}

impl Issuer for Uri {
    fn subject(&self) -> String {
        format!("the credentials URI at {}", host(&self.url))
    }

    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>> {
        self.read_session().boxed()
    }
}

#[cfg(test)]
#[path = "uri_tests.rs"]
mod tests;
