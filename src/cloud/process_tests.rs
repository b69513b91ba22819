//! Which source the variables of a process name.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::cloud::client::network;
use crate::cloud::credentials::{Credentials, Latest};
use crate::fence::Fence;

fn settings() -> Settings {
    Settings::for_region("cn-hangzhou", Duration::from_secs(5)).unwrap()
}

/// An environment with these variables.
fn environment(set: &[(&str, &str)]) -> Environment {
    let set: BTreeMap<String, String> = set.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Environment::new(move |name| set.get(name).cloned(), BearerStyle::Sdk)
}

/// What a process with these variables uses, or why it has nothing.
fn used(set: &[(&str, &str)]) -> String {
    if environment(set).read() != Err(CredentialError::Missing) {
        return "variables".to_owned();
    }
    match named_in(&environment(set)) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(Source::Oidc { role_arn, session_name, .. })) => format!("oidc {role_arn} {session_name:?}"),
        Ok(Some(Source::Ecs { role, endpoint, without_token })) => format!("ecs {role:?} {endpoint:?} {without_token}"),
        Ok(Some(Source::Uri(uri))) => format!("uri {}", uri.expose()),
        Ok(Some(Source::Environment(_) | Source::Open(_) | Source::Assumed { .. })) => unreachable!(),
        Err(error) => error.to_string(),
    }
}

const KEY: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "k");
const SECRET: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s");

#[test]
fn the_order_is_that_of_the_official_sdks_and_the_machine_is_asked_only_by_name() {
    let (role, provider, file) = ((ROLE, "r"), (PROVIDER, "p"), (TOKEN_FILE, "/f"));
    let (machine, uri) = ((ECS_ROLE, "node"), (URI, "http://127.0.0.1/"));
    let ecs = r#"ecs Some("node") None true"#;
    assert_eq!(used(&[KEY, SECRET, role, provider, file, machine, uri]), "variables");
    assert_eq!(used(&[role, provider, file, machine, uri]), "oidc r None");
    assert_eq!(used(&[role, provider, file, (SESSION_NAME, "s")]), r#"oidc r Some("s")"#);
    assert_eq!(used(&[machine, uri]), ecs);
    assert_eq!(used(&[machine, (WITHOUT_TOKEN_DISABLED, "True")]), r#"ecs Some("node") None false"#);
    assert_eq!(used(&[machine, (ECS_DISABLED, "false")]), ecs);
    assert_eq!(used(&[machine, uri, (ECS_DISABLED, "true")]), "uri http://127.0.0.1/");
    let nobody = [(PROFILE, "desk"), ("HOME", "/nowhere")];
    let told = used(&[nobody[0], nobody[1], machine, uri]);
    assert!(told.starts_with("ALIBABA_CLOUD_PROFILE: /nowhere/.aliyun/config.json: No such file"), "{told}");
    assert_eq!(used(&[nobody[0], nobody[1], machine, (PROFILES_DISABLED, "true")]), ecs);
    assert_eq!(used(&[uri]), "uri http://127.0.0.1/");
    assert_eq!(used(&[(ECS_ROLE, " "), (URI, "")]), "nothing");
    assert_eq!(used(&[]), "nothing");
    assert_eq!(used(&[(URI, "http://a b")]), format!("{URI} contains characters other than printable ASCII"));
}

#[test]
fn a_role_needs_all_three_variables_and_the_token_service() {
    let (role, provider, file) = ((ROLE, "r"), (PROVIDER, "p"), (TOKEN_FILE, "/f"));
    let (machine, uri) = ((ECS_ROLE, "node"), (URI, "http://127.0.0.1/"));
    for (set, present, missing) in [
        (&[role, file, machine, uri][..], ROLE, PROVIDER),
        (&[role, provider], ROLE, TOKEN_FILE),
        (&[provider, file], PROVIDER, ROLE),
        (&[file], TOKEN_FILE, ROLE),
    ] {
        assert_eq!(used(set), format!("{present} is set but {missing} is not"), "the machine is no way out");
    }
    let nowhere = Settings::for_endpoint("http://127.0.0.1:1", Duration::from_secs(5)).unwrap();
    let all = environment(&[role, provider, file]);
    let told = of(all, &network(&nowhere, Fence::open()).unwrap(), &nowhere).err().unwrap().to_string();
    assert!(told.contains("--sts-endpoint"), "{told}");
}

#[tokio::test]
async fn what_a_process_names_is_what_its_calls_get() {
    let mut options = pai_emulator::Options::default();
    "node".clone_into(&mut options.knobs.ecs_role);
    let emulator = pai_emulator::Emulator::start(options).await.unwrap();
    let uri = format!("{}/latest/meta-data/ram/security-credentials/node", emulator.url());
    let (settings, uri) = (settings(), (URI, uri.as_str()));
    let open =
        |set: &[(&str, &str)]| of(environment(set), &network(&settings, Fence::open()).unwrap(), &settings).unwrap();
    assert!(open(&[uri]).credentials().await.unwrap().key().starts_with("STS."));
    assert_eq!(open(&[KEY, SECRET, uri]).credentials().await.unwrap().key(), "k");
    assert_eq!(open(&[]).credentials().await, Err(CredentialError::Missing));
}

#[tokio::test]
async fn what_is_given_counts_at_once_and_after_the_giver_is_gone() {
    let key = |id: &str| Credentials::AccessKey { id: id.into(), secret: Secret::new("s"), security_token: None };
    let (sender, given) = watch::channel(Err(CredentialError::Missing));
    let source =
        Source::Open(Arc::new(Latest(given))).open(&network(&settings(), Fence::open()).unwrap(), &settings()).unwrap();
    assert_eq!(source.credentials().await, Err(CredentialError::Missing));
    for id in ["K1", "K2"] {
        sender.send(Ok(key(id))).unwrap();
        assert_eq!(source.credentials().await, Ok(key(id)));
    }
    drop(sender);
    assert_eq!(source.credentials().await, Ok(key("K2")));
}
