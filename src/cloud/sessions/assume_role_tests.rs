//! Roles that are assumed with a key and with each other, at the emulator.

use std::sync::atomic::{AtomicUsize, Ordering};

use pai_emulator::{Credential, Emulator, Knobs, Options};
use tokio::sync::watch;

use super::*;
use crate::cloud::credentials::Latest;
use crate::cloud::fake_server::{FakeServer, Scene, header};
use crate::cloud::settings::Settings;
use crate::cloud::transport::{Transport, Unanswered};
use crate::cloud::{BearerStyle, Product, Secret, Source, Token, network};
use crate::fence::Fence;

const ROLE: &str = "acs:ram::1000000000000001:role/reader";

/// The network, which counts.
struct Counted {
    network: Arc<dyn Transport>,
    calls: AtomicUsize,
}

impl Transport for Counted {
    fn execute(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, Unanswered>> {
        assert!(!request.url().as_str().contains("secret"), "{}", request.url());
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.network.execute(request)
    }
}

struct Bench {
    emulator: Emulator,
    settings: Settings,
    counted: Arc<Counted>,
    key: watch::Sender<Result<Credentials, CredentialError>>,
}

fn key(id: &str, secret: &str) -> Credentials {
    Credentials::AccessKey { id: id.to_owned(), secret: Secret::new(secret), security_token: None }
}

/// An emulator that knows the user `AK-USER`, whose key is given.
async fn bench(turn: impl FnOnce(&mut Knobs)) -> Bench {
    let mut options = Options::default();
    let user = Credential { user_id: "7".into(), ..Credential::access_key("AK-USER", "canary-secret") };
    options.credentials.push(user);
    turn(&mut options.knobs);
    let emulator = Emulator::start(options).await.unwrap();
    let settings = Settings::for_endpoint(&emulator.url(), std::time::Duration::from_secs(5)).unwrap();
    let settings = settings.with_endpoint(Product::Sts, &emulator.url()).unwrap();
    let counted = Arc::new(Counted { network: network(&settings, Fence::open()).unwrap(), calls: AtomicUsize::new(0) });
    Bench { emulator, settings, counted, key: watch::Sender::new(Ok(key("AK-USER", "canary-secret"))) }
}

impl Bench {
    fn given(&self) -> Source {
        Source::Open(Arc::new(Latest(self.key.subscribe())))
    }

    /// From now on these credentials are given, or none.
    fn give(&self, given: Result<Credentials, CredentialError>) {
        drop(self.key.send_replace(given));
    }

    fn open(&self, source: Source) -> Arc<dyn CredentialSource> {
        source.open(&(self.counted.clone() as Arc<dyn Transport>), &self.settings).unwrap()
    }

    /// Why the role cannot be assumed with what is given.
    async fn error(&self, role: &str, external_id: Option<&str>) -> CredentialError {
        self.open(assumed(self.given(), role, external_id)).credentials().await.unwrap_err()
    }

    /// Whom the service takes these credentials for.
    async fn caller(&self, credentials: &Credentials) -> String {
        let endpoint = self.settings.endpoint_of(Product::Sts).unwrap();
        let request = Request::get_caller_identity();
        let prepared = prepare(&request, EndpointForm::Roa, credentials, Occasion::now(endpoint).unwrap());
        let http = http_request(endpoint, &request, prepared).unwrap();
        let answer = self.counted.network.execute(http).await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        answer["Arn"].as_str().unwrap().to_owned()
    }
}

fn assumed(behind: Source, role: &str, external_id: Option<&str>) -> Source {
    Source::Assumed {
        behind: Box::new(behind),
        role_arn: role.to_owned(),
        external_id: external_id.map(ToOwned::to_owned),
        session_name: None,
    }
}

#[tokio::test]
async fn a_chain_of_roles_ends_in_the_last_and_calls_once_for_each() {
    let bench = bench(|knobs| "reader=shared,writer".clone_into(&mut knobs.roles)).await;
    let first = assumed(bench.given(), ROLE, Some("shared"));
    let source = bench.open(assumed(first, "acs:ram::2:role/writer", None));
    let all = futures::future::join_all((0..20).map(|_| source.credentials())).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|credentials| *credentials == all[0]));
    assert_eq!(bench.counted.calls.load(Ordering::Relaxed), 2);
    assert_eq!(bench.caller(&all[0]).await, "acs:ram::2:assumed-role/writer/dataset-operator");
    assert_eq!(bench.emulator.stats().calls["AssumeRole"].ok, 2);
    let keys: Vec<_> = bench.emulator.log().into_iter().map(|line| line.access_key_id).collect();
    assert!(keys[0] == "AK-USER" && keys[1].starts_with("STS."), "{keys:?}");
}

#[tokio::test]
async fn no_call_fails_while_sessions_and_keys_are_replaced() {
    let bench = bench(|knobs| knobs.sts_session_ms = 5000).await;
    let source = bench.open(assumed(bench.given(), ROLE, None));
    let (mut seen, mut rotated) = (std::collections::BTreeSet::new(), false);
    while seen.len() < 4 {
        let credentials = source.credentials().await.unwrap();
        assert_eq!(bench.caller(&credentials).await, "acs:ram::1000000000000001:assumed-role/reader/dataset-operator");
        seen.insert(credentials.key());
        if !rotated && seen.len() > 1 {
            // The person who rotates makes the new key first, and takes the old one away at the end.
            rotated = true;
            let user = Credential { user_id: "7".into(), ..Credential::access_key("AK-NEW", "other-secret") };
            let mut known = bench.emulator.state().credentials.unwrap();
            known.retain(|known| known.access_key_id != "AK-USER");
            known.push(user);
            bench.give(Ok(key("AK-NEW", "other-secret")));
            bench.emulator.set_credentials(known);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let calls = bench.emulator.stats().calls["AssumeRole"];
    assert_eq!((calls.ok, calls.failed), (seen.len() as u64, 0));
    assert!(bench.emulator.log().iter().any(|line| line.access_key_id == "AK-NEW"));
}

#[tokio::test]
async fn a_refusal_says_who_asked_for_which_role_and_what_to_do() {
    let bench = bench(|knobs| "reader=shared,writer".clone_into(&mut knobs.roles)).await;
    for (role, external_id, says) in [
        (ROLE, None, "403 NoPermission"),
        (ROLE, Some("other"), "with this external id if it asks for one"),
        ("acs:ram::1000000000000001:role/nobody", None, "there is no such role"),
        ("reader", None, "400 InvalidParameter.RoleArn"),
    ] {
        let error = bench.error(role, external_id).await;
        let told = error.to_string();
        assert!(matches!(error, CredentialError::Source(_)), "{told}");
        assert!(told.contains(says) && told.contains(&format!("AssumeRole for {role} with AK-USER")), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
    for (credentials, says) in [
        (key("AK-USER", "canary-wrong"), "400 SignatureDoesNotMatch"),
        (key("AK-NOBODY", "canary-secret"), "404 InvalidAccessKeyId.NotFound"),
        (key("testAccessKeyId", "testAccessKeySecret"), "an account itself"),
        (Credentials::Bearer { token: Secret::new("canary"), style: BearerStyle::Sdk }, "400 InvalidBearerToken"),
    ] {
        bench.give(Ok(credentials));
        let told = bench.error("acs:ram::1:role/writer", None).await.to_string();
        assert!(told.contains(says) && !told.contains("canary"), "{told}");
    }
}

#[tokio::test]
async fn what_the_token_service_repeats_of_a_secret_is_not_told() {
    let body = r#"{"Code": "NoPermission", "Message": "no canary-secret", "RequestId": "canary-secret"}"#;
    let server = FakeServer::start([Scene::answer(403, "", body)]).await;
    let mut bench = bench(|_| {}).await;
    bench.settings = bench.settings.clone().with_endpoint(Product::Sts, &server.url()).unwrap();
    let told = bench.error(ROLE, None).await.to_string();
    assert!(told.contains("403 NoPermission: no ***;") && !told.contains("canary"), "{told}");
    let request = &server.requests()[0];
    let query =
        "DurationSeconds=3600&RoleArn=acs%3Aram%3A%3A1000000000000001%3Arole%2Freader&RoleSessionName=dataset-operator";
    assert!(request.starts_with(&format!("POST /?{query} HTTP/1.1")) && !request.contains("canary"), "{request}");
    assert_eq!(header(request, "x-acs-action"), Some("AssumeRole"));
}

#[tokio::test]
async fn a_new_key_is_tried_at_once_although_the_old_one_was_refused() {
    let bench = bench(|_| {}).await;
    let missing = CredentialError::Source("the Secret pai has no key accessKeyId".to_owned());
    bench.give(Err(missing.clone()));
    let source = bench.open(assumed(bench.given(), ROLE, None));
    assert_eq!(source.credentials().await, Err(missing), "what is missing behind it is told as it is");
    assert_eq!(bench.counted.calls.load(Ordering::Relaxed), 0);
    bench.give(Ok(key("AK-USER", "wrong")));
    for _ in 0..3 {
        assert!(source.credentials().await.unwrap_err().to_string().contains("SignatureDoesNotMatch"));
    }
    bench.give(Ok(key("AK-NOBODY", "wrong")));
    for _ in 0..3 {
        assert!(source.credentials().await.unwrap_err().to_string().contains("InvalidAccessKeyId.NotFound"));
    }
    assert_eq!(bench.counted.calls.load(Ordering::Relaxed), 2, "each of them is refused once");
    bench.give(Ok(key("AK-USER", "canary-secret")));
    assert!(source.credentials().await.unwrap().key().starts_with("STS."));
}

#[tokio::test]
async fn a_token_of_a_cluster_is_worth_a_role_that_assumes_another() {
    use base64::Engine as _;
    let bench = bench(|_| {}).await;
    let claims = serde_json::json!({"aud": "sts.aliyuncs.com", "sub": "s", "exp": 4_102_444_800_i64}).to_string();
    let token = Secret::new(format!("x.{}.x", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims)));
    let oidc = Source::Oidc {
        role_arn: ROLE.to_owned(),
        provider_arn: "acs:ram::1000000000000001:oidc-provider/p".to_owned(),
        token: Token::Asked(Arc::new(move || std::future::ready(Ok(token.clone())).boxed())),
        session_name: None,
    };
    let source = bench.open(assumed(oidc, "acs:ram::2:role/writer", None));
    let credentials = source.credentials().await.unwrap();
    assert_eq!(bench.caller(&credentials).await, "acs:ram::2:assumed-role/writer/dataset-operator");
    assert_eq!(bench.counted.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn who_waits_as_long_as_for_a_call_is_told_that_the_token_service_hangs() {
    let hangs = FakeServer::start([]).await;
    let mut bench = bench(|_| {}).await;
    bench.settings = bench.settings.clone().with_endpoint(Product::Sts, &hangs.url()).unwrap();
    let source = bench.open(assumed(bench.given(), ROLE, None));
    for _ in 0..3 {
        let answer = tokio::time::timeout(bench.settings.request_timeout, source.credentials()).await;
        let error = answer.unwrap().unwrap_err();
        assert!(matches!(&error, CredentialError::Unavailable(told) if told.contains("no answer within")), "{error}");
    }
    assert_eq!(bench.counted.calls.load(Ordering::Relaxed), 1, "and it is left alone for a while");
}

#[tokio::test]
async fn a_token_service_that_is_not_there_is_no_refusal() {
    let mut bench = bench(|_| {}).await;
    bench.settings = bench.settings.clone().with_endpoint(Product::Sts, "http://127.0.0.1:9").unwrap();
    let error = bench.error(ROLE, None).await;
    assert!(matches!(&error, CredentialError::Unavailable(why) if why.starts_with("AssumeRole: ")), "{error}");
    let nowhere = bench.settings.clone().without_endpoint(Product::Sts);
    let opened = assumed(bench.given(), ROLE, None).open(&(bench.counted as Arc<dyn Transport>), &nowhere);
    let told = opened.err().unwrap().to_string();
    assert!(told.contains(ROLE) && told.contains("--sts-endpoint"), "{told}");
}
