//! The identity of the operator in the marks of remotes: its owner domain and its cluster, both from the uid of
//! `kube-system` unless the settings name a domain.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};

use super::RunError;
use crate::remote::mark::Identity;
use crate::settings::Flags;
use crate::words;

/// Reads `kube-system`. If the operator may not read it but has a domain, it works without knowing its cluster
/// (`docs/protocol.md`, section 2). Any other failure is an error, so that a restart never changes the identity by
/// chance.
pub(super) async fn identity(kube: &Client, flags: &Flags) -> Result<Identity, RunError> {
    let answer = Api::<Namespace>::all(kube.clone()).get("kube-system").await;
    of_answer(answer.map(|system| system.uid().unwrap_or_default()), flags)
}

fn of_answer(uid: kube::Result<String>, flags: &Flags) -> Result<Identity, RunError> {
    let keys: Vec<String> = flags.owner_key.iter().map(|key| key.expose().to_owned()).collect();
    let domains = &flags.owner_domain;
    match uid {
        Ok(uid) => Ok(Identity::new(domains, &keys, &uid)),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => {
            let words = words::error(&kube::Error::Api(status));
            if domains.is_empty() {
                return Err(RunError::NoDomain(words));
            }
            tracing::info!(
                error = words,
                "the uid of kube-system cannot be read: marks name the owner domain but not this cluster"
            );
            Ok(Identity::without_cluster(domains, &keys))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        flags: Flags,
    }

    fn refused(code: u16) -> kube::Result<String> {
        let status = json!({"status": "Failure", "message": "nobody may", "reason": "x", "code": code});
        Err(kube::Error::Api(serde_json::from_value(status).unwrap()))
    }

    #[test]
    fn kube_system_must_be_readable_only_if_no_domain_is_given() {
        let flags = |arguments: &[&str]| Command::parse_from(["x"].iter().chain(arguments)).flags;
        let (without, with) = (flags(&[]), flags(&["--owner-domain", "ours"]));
        for code in [403, 404] {
            let error = of_answer(refused(code), &without).unwrap_err().to_string();
            assert!(error.contains("nobody may") && error.contains("--owner-domain"), "{error}");
            assert!(!error.contains("Status {"), "{error}");
            let identity = of_answer(refused(code), &with).unwrap();
            assert_eq!(identity.domains(), Identity::new(&["ours".to_owned()], &[], "any").domains());
        }
        assert!(of_answer(Ok("uid".to_owned()), &without).is_ok());
        for code in [401, 500] {
            assert!(of_answer(refused(code), &with).is_err(), "{code}: it may be readable after a restart");
        }
    }
}
