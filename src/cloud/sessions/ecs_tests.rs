//! The role of a machine, at the emulator's metadata and at a server that answers nonsense.

use std::collections::BTreeSet;
use std::time::Instant;

use pai_emulator::knobs::Rule;
use pai_emulator::{Emulator, Knobs, Options};

use super::*;
use crate::cloud::fake_server::{FakeServer, Scene, header};
use crate::cloud::settings::Settings;
use crate::cloud::{CredentialSource, Proxy, Secret, Source, network};
use crate::fence::Fence;

async fn machine(turn: impl FnOnce(&mut Knobs)) -> Emulator {
    let mut options = Options::default();
    "node".clone_into(&mut options.knobs.ecs_role);
    turn(&mut options.knobs);
    Emulator::start(options).await.unwrap()
}

fn open(source: Source) -> Arc<dyn CredentialSource> {
    // Neither the service nor the proxy is there: nothing that is asked here goes their way.
    let mut settings = Settings::for_endpoint("http://127.0.0.1:9", Duration::from_secs(2)).unwrap();
    settings.proxy = Some(Proxy::parse("http://127.0.0.1:9").unwrap());
    source.open(&network(&settings, Fence::open()).unwrap(), &settings).unwrap()
}

fn ecs(role: Option<&str>, endpoint: &str, without_token: bool) -> Arc<dyn CredentialSource> {
    open(Source::Ecs { role: role.map(ToOwned::to_owned), endpoint: Some(endpoint.to_owned()), without_token })
}

/// The address of the session of a machine's role, which is a credentials URI too.
fn uri(emulator: &Emulator) -> Arc<dyn CredentialSource> {
    open(Source::Uri(Secret::new(format!("{}{ROLES}node", emulator.url()))))
}

/// The sessions that the emulator gave and that are not over.
fn given(emulator: &Emulator) -> usize {
    let credentials = emulator.state().credentials.unwrap();
    credentials.iter().filter(|known| known.role.as_ref().is_some_and(|role| role.name == "node")).count()
}

#[tokio::test]
async fn tokens_are_used_where_there_are_some_and_not_missed_where_there_are_none() {
    let second = machine(|knobs| knobs.ecs_without_token = Rule::Refuse).await;
    let first = machine(|knobs| knobs.ecs_tokens = Rule::Refuse).await;
    for role in [None, Some("node")] {
        for (machine, without_token) in [(&second, true), (&second, false), (&first, true)] {
            let credentials = ecs(role, &machine.url(), without_token).credentials().await.unwrap();
            let known = machine.state().credentials.unwrap();
            assert_eq!(known.last().unwrap().access_key_id, credentials.key());
        }
        let error = ecs(role, &first.url(), false).credentials().await.unwrap_err();
        assert!(matches!(&error, CredentialError::Source(told) if told.ends_with("HTTP status 404")), "{error}");
    }
}

#[tokio::test]
async fn all_wait_for_one_session() {
    let emulator = machine(|_| {}).await;
    for (source, sessions) in [(ecs(None, &emulator.url(), true), 1), (uri(&emulator), 2)] {
        let all = futures::future::join_all((0..20).map(|_| source.credentials())).await;
        assert!(all.iter().all(|one| one.is_ok() && *one == all[0]), "{all:?}");
        assert_eq!(given(&emulator), sessions);
    }
}

#[tokio::test]
async fn sessions_are_renewed_without_a_failed_call_although_the_machine_is_away_for_a_while() {
    let emulator = machine(|knobs| knobs.sts_session_ms = 6000).await;
    let sources = [ecs(Some("node"), &emulator.url(), true), uri(&emulator)];
    let (began, mut seen) = (Instant::now(), [BTreeSet::new(), BTreeSet::new()]);
    while seen.iter().any(|seen| seen.len() < 2) {
        // Half of a life is between 2.2 and 3 seconds, as ends have no milliseconds.
        let away = (1000..3100).contains(&began.elapsed().as_millis());
        emulator.set_knobs(|knobs| if away { "" } else { "node" }.clone_into(&mut knobs.ecs_role));
        for (source, seen) in sources.iter().zip(&mut seen) {
            let asked = jiff::Timestamp::now().as_millisecond();
            let key = source.credentials().await.unwrap().key();
            let known = emulator.state().credentials.unwrap();
            let session = known.iter().find(|known| known.access_key_id == key).unwrap();
            assert!(session.expires_ms.unwrap() > asked, "it was over");
            seen.insert(key);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() > Duration::from_millis(3100), "the first renewal failed");
}

#[tokio::test]
async fn a_role_that_is_not_there_is_told() {
    let [with, without] = [machine(|_| {}).await, machine(|knobs| knobs.ecs_role.clear()).await];
    for (role, emulator, says) in [
        (Some("other"), &with, "the machine has no role other: attach it"),
        (Some("a/b"), &with, "is not one of a RAM role"),
        (Some(".."), &with, "is not one of a RAM role"),
        (Some(""), &with, "is not one of a RAM role"),
        (None, &without, "the machine has no role: attach one"),
    ] {
        let error = ecs(role, &emulator.url(), true).credentials().await.unwrap_err();
        assert!(matches!(&error, CredentialError::Source(told) if told.contains(says)), "{error}");
    }
    assert_eq!(given(&with), 0);
}

#[tokio::test]
async fn without_metadata_the_wait_is_short() {
    let hangs = FakeServer::start([]).await;
    for endpoint in ["http://127.0.0.1:9", &hangs.url()] {
        let began = Instant::now();
        let error = ecs(Some("node"), endpoint, true).credentials().await.unwrap_err();
        assert!(matches!(&error, CredentialError::Unavailable(told) if told.contains("only ECS machines")), "{error}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn each_read_carries_the_token_and_no_error_shows_it() {
    let scenes =
        [Scene::answer(200, "", "canary-token\n"), Scene::answer(200, "", "node\n"), Scene::answer(503, "", "")];
    let server = FakeServer::start(scenes).await;
    let error = ecs(None, &server.url(), false).credentials().await.unwrap_err();
    assert!(matches!(&error, CredentialError::Unavailable(told) if !told.contains("canary")), "{error}");
    let requests = server.requests();
    assert!(requests[0].starts_with("PUT /latest/api/token ") && header(&requests[0], LIFE_HEADER) == Some("21600"));
    assert!(requests[1].starts_with(&format!("GET {ROLES} ")) && requests[2].starts_with(&format!("GET {ROLES}node ")));
    assert!(requests[1..].iter().all(|request| header(request, TOKEN_HEADER) == Some("canary-token")));
    let odd = FakeServer::start([Scene::answer(200, "", "a\u{1}b"), Scene::answer(404, "", "")]).await;
    let error = ecs(None, &odd.url(), false).credentials().await.unwrap_err();
    assert!(error.to_string().contains("it gave no token"), "{error}");
}

#[tokio::test]
async fn what_is_no_session_is_told_without_a_byte_of_it() {
    let whole = serde_json::json!({
        "Code": "Success", "AccessKeyId": "STS.canary", "AccessKeySecret": "canary", "SecurityToken": "canary",
        "Expiration": "2001-01-01T00:00:00Z",
    });
    let without = |member: &str| {
        let mut some = whole.clone();
        some.as_object_mut().unwrap().remove(member);
        some.to_string()
    };
    let with = |member: &str, value: &str| {
        let mut other = whole.clone();
        other[member] = value.into();
        other.to_string()
    };
    for (body, says, unavailable) in [
        ("canary".to_owned(), "an answer without credentials", true),
        (String::new(), "an answer without credentials", true),
        (without("AccessKeyId"), "an answer without credentials", true),
        (without("AccessKeySecret"), "an answer without credentials", true),
        (without("SecurityToken"), "an answer without credentials", true),
        (without("Expiration"), "an answer without credentials", true),
        (without("Code"), "an answer without credentials", true),
        (with("Expiration", "canary"), "an answer without credentials", true),
        (with("Code", "Failed"), "Code Failed instead of Success", false),
        (whole.to_string(), "in the past", false),
    ] {
        let refused = || Scene::answer(404, "", "");
        let server = FakeServer::start([refused(), Scene::answer(200, "", &body)]).await;
        let machine = ecs(Some("node"), &server.url(), true).credentials().await.unwrap_err();
        let server = FakeServer::start([Scene::answer(200, "", &body)]).await;
        let uri = open(Source::Uri(Secret::new(format!("{}/x?token=canary", server.url()))));
        let uri = uri.credentials().await.unwrap_err();
        assert_eq!(server.requests()[0].lines().next(), Some("GET /x?token=canary HTTP/1.1"));
        for error in [machine, uri] {
            let told = error.to_string();
            assert!(told.contains(says) && !told.contains("canary"), "{told}");
            assert_eq!(matches!(error, CredentialError::Unavailable(_)), unavailable, "{told}");
        }
    }
}
