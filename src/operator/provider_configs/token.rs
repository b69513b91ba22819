//! Tokens of a `ServiceAccount` for the token service of the cloud (RRSA).

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use tokio::time::timeout;

use crate::api::RrsaSpec;
use crate::cloud::{CredentialError, Secret, Source, Token};

/// Who the tokens are for: the client id of the OIDC provider in RAM.
const AUDIENCE: &str = "sts.aliyuncs.com";
/// How long a token is good. It is used at once, and the API server gives none for less than ten minutes.
const SECONDS: i64 = 600;
/// The longest wait for the API server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The role that the `ServiceAccount` assumes. Each session is asked for with a token of its own, which is kept nowhere.
pub(super) fn source(rrsa: &RrsaSpec, namespace: &str, accounts: Api<ServiceAccount>) -> Source {
    let (role_arn, provider_arn) = (rrsa.role_arn.clone(), rrsa.oidc_provider_arn.clone());
    let name = rrsa.service_account_ref.as_ref().and_then(|of| of.name.clone()).unwrap_or_default();
    let namespace = namespace.to_owned();
    let ask = move || ask(accounts.clone(), namespace.clone(), name.clone()).boxed();
    Source::Oidc {
        role_arn: role_arn.unwrap_or_default(),
        provider_arn: provider_arn.unwrap_or_default(),
        token: Token::Asked(Arc::new(ask)),
        session_name: None,
    }
}

async fn ask(accounts: Api<ServiceAccount>, namespace: String, name: String) -> Result<Secret, CredentialError> {
    let spec = TokenRequestSpec {
        audiences: vec![AUDIENCE.to_owned()],
        expiration_seconds: Some(SECONDS),
        ..TokenRequestSpec::default()
    };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let asked = timeout(TIMEOUT, accounts.create_token_request(&name, &PostParams::default(), &request)).await;
    let called = format!("a token of ServiceAccount {name} in namespace {namespace}");
    match asked {
        Ok(Ok(TokenRequest { status: Some(status), .. })) => Ok(Secret::new(status.token)),
        Ok(Ok(_)) => Err(CredentialError::Unavailable(format!("{called}: the API server gave none"))),
        Ok(Err(kube::Error::Api(refused))) if refused.code == 404 => {
            Err(CredentialError::Source(format!("{called}: the ServiceAccount does not exist")))
        }
        Ok(Err(kube::Error::Api(refused))) if refused.code == 403 => {
            let role = crate::words::role_to_bind(&namespace, "serviceaccounts/token", &name, "create");
            Err(CredentialError::Source(format!("{called}: the operator may not ask for it; {role}")))
        }
        Ok(Err(error)) => Err(CredentialError::Unavailable(format!("{called}: {}", crate::words::error(&error)))),
        Err(_) => Err(CredentialError::Unavailable(format!("{called}: the API server does not answer"))),
    }
}
