//! The identity of the operator at the service: its own, or another one of the same account that does not see everything.

use dataset_operator::cloud::{BearerStyle, Environment};
use pai_emulator::Credential;

const OWN: [&str; 2] = ["testAccessKeyId", "testAccessKeySecret"];
const STRANGER: [&str; 2] = ["strangerKeyId", "strangerKeySecret"];

/// What the service knows.
pub(crate) fn all() -> Vec<Credential> {
    let [own, stranger] = [OWN, STRANGER].map(|[id, secret]| Credential::access_key(id, secret));
    vec![own, Credential { user_id: "1000000000000002".to_owned(), list_all: false, ..stranger }]
}

/// What the operator finds in its environment.
pub(crate) fn environment(stranger: bool) -> Environment {
    let [id, secret] = if stranger { STRANGER } else { OWN };
    let lookup = move |name: &str| match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some(id.to_owned()),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some(secret.to_owned()),
        _ => None,
    };
    Environment::new(lookup, BearerStyle::Sdk)
}
