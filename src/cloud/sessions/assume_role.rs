//! A role that is assumed with other credentials, of whichever source: `AssumeRole`, signed like every other call. Chains of
//! roles are made by putting one behind the other.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};

use super::exchange::{Answer, ask};
use super::{Issued, Issuer, SECONDS, TokenService};
use crate::cloud::credentials::{CredentialError, CredentialSource, Credentials};
use crate::cloud::prepare::{Occasion, prepare};
use crate::cloud::request::Request;
use crate::cloud::settings::EndpointForm;
use crate::cloud::wire::http_request;

/// What is called.
const ACTION: &str = "AssumeRole";

/// The role, and who assumes it.
pub(in crate::cloud) struct AssumeRole {
    pub(in crate::cloud) behind: Arc<dyn CredentialSource>,
    pub(in crate::cloud) role: String,
    pub(in crate::cloud) external_id: Option<String>,
    pub(in crate::cloud) session: String,
    pub(in crate::cloud) service: TokenService,
}

impl Issuer for AssumeRole {
    fn subject(&self) -> String {
        format!("the role {}", self.role)
    }

    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>> {
        self.assume().boxed()
    }

    fn caller(&self) -> BoxFuture<'_, Option<String>> {
        async { self.behind.credentials().await.ok().map(|credentials| credentials.key()) }.boxed()
    }
}

impl AssumeRole {
    async fn assume(&self) -> Result<Issued, CredentialError> {
        let credentials = self.behind.credentials().await?;
        let TokenService { transport, limit, .. } = &self.service;
        let reply = ask(ACTION, &**transport, self.request(&credentials)?, *limit).await?;
        if reply.is_success() {
            return reply.holds::<Answer>(ACTION).map(Into::into);
        }
        let refusal = reply.refusal(|text| credentials.redact(text));
        let advice = advice(&refusal.code);
        Err(refusal.told(&format!("{ACTION} for {} with {}", self.role, credentials.key()), advice))
    }

    fn request(&self, credentials: &Credentials) -> Result<reqwest::Request, CredentialError> {
        let request = Request::assume_role(&self.role, &self.session, SECONDS, self.external_id.as_deref());
        let endpoint = &self.service.endpoint;
        let none = || CredentialError::Unavailable(format!("{ACTION}: the system gives no random numbers"));
        let prepared = prepare(&request, EndpointForm::Roa, credentials, Occasion::now(endpoint).ok_or_else(none)?);
        http_request(endpoint, &request, prepared)
    }
}

/// What a person can do about a refusal with this code.
fn advice(code: &str) -> &'static str {
    match code {
        "NoPermission" => {
            "the trust policy of the role must allow the caller, with this external id if it asks for one, and the caller needs \
             the permission sts:AssumeRole; an account itself, without a user or a role, cannot assume roles"
        }
        "EntityNotExist.Role" => "there is no such role in that account: check the ARN",
        "InvalidTimeStamp.Expired" => "the clock here and that of the service differ by more than 15 minutes",
        "SignatureDoesNotMatch" | "Unauthorized" => "the credentials that assume the role are not accepted: check them",
        code if ["InvalidAccessKeyId.", "InvalidSecurityToken.", "InvalidBearerToken"]
            .iter()
            .any(|known| code.starts_with(known)) =>
        {
            "the credentials that assume the role are not accepted: check them"
        }
        _ => "check the ARN of the role, the name of the session and the external id",
    }
}

#[cfg(test)]
#[path = "assume_role_tests.rs"]
mod tests;
