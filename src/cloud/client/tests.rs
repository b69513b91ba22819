//! Requests that the client refuses to send, and its reports to the limiter and the observer.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

mod emulator;
mod hostile;
mod network;

use super::*;
use crate::cloud::authorities::Authorities;
use crate::cloud::credentials::{BearerStyle, Environment};
use crate::cloud::fake_server::{FakeServer, Scene, TlsServer, header};
use crate::cloud::product::Product;
use crate::cloud::proxy::Proxy;
use crate::cloud::request::tests::one_of_each;
use crate::cloud::secret::Secret;
use crate::cloud::settings::EndpointForm;
use crate::cloud::transport::Unanswered;

/// Long for a loopback connection, short for a test that waits for the timeout.
const PATIENCE: Duration = Duration::from_millis(400);

/// Notes every report that it gets.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }
}

impl Observer for Notes {
    fn call_finished(&self, operation: Operation, code: &str, _: Duration) {
        self.add(format!("{operation} {code}"));
    }
    fn waited(&self, lane: Lane, _: Duration) {
        self.add(format!("waited {}", lane.as_str()));
    }
    fn throttled(&self, operation: Operation) {
        self.add(format!("{operation} throttled"));
    }
}

struct Bench {
    client: Client,
    notes: Arc<Notes>,
}

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => "AKID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => "canary-secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN" => "canary-token",
        _ => return None,
    };
    Some(value.to_owned())
}

fn bench(settings: Settings, source: impl CredentialSource + 'static) -> Bench {
    let notes = Arc::new(Notes::default());
    let limiter = Arc::new(Limiter::new(1000.0).unwrap());
    let client = Client::new(settings, Arc::new(source), limiter, Arc::clone(&notes) as _);
    Bench { client: client.unwrap(), notes }
}

fn against(endpoint: &str) -> Bench {
    let settings = Settings::for_endpoint(endpoint, PATIENCE).unwrap();
    bench(settings, Environment::new(environment, BearerStyle::Sdk))
}

fn get() -> Request {
    Request::get_dataset("d-1")
}

fn create() -> Request {
    Request::create_dataset(Map::from_iter([("Name".to_owned(), json!("数据"))]))
}

/// Sends `request` into `scene`; the server must have seen it exactly once.
async fn met(request: &Request, scene: Scene) -> (CallError, Vec<String>) {
    let server = FakeServer::start([scene]).await;
    let bench = against(&server.url());
    let error = bench.client.send(request).await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    (error, bench.notes.all())
}

#[tokio::test]
async fn throttling_slows_the_shared_limiter_down_and_success_speeds_it_up() {
    let throttled = r#"{"Code":"Throttling.User","Message":"slow down"}"#;
    let scenes =
        [Scene::answer(400, "x-acs-retry-after: 200\r\n", throttled), Scene::answer(200, "", r#"{"DatasetId":"d-1"}"#)];
    let server = FakeServer::start(scenes).await;
    let Bench { client, notes } = against(&server.url());
    let begun = Instant::now();
    let error = client.call(Lane::Create, &create()).await.unwrap_err();
    let after = Some(Duration::from_millis(200));
    assert_eq!(error.class, ErrorClass::Throttled { after });
    assert!(error.never_executed());
    let halved = client.limiter().rate();
    assert!((450.0..500.0).contains(&halved), "{halved}");
    client.call(Lane::Sweep, &get()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(client.limiter().snapshot().operation_rates.is_empty(), "the code names the account");
    assert_eq!(
        notes.all(),
        ["waited create", "CreateDataset throttled", "CreateDataset Throttling.User", "waited sweep", "GetDataset OK"]
    );
}

#[tokio::test]
async fn only_calls_that_reach_the_service_are_taken_from_the_budget() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = FakeServer::start([Scene::answer(200, "", r#"{"DatasetId":"d-1"}"#), Scene::Reset]).await;
    for (endpoint, requests, spent) in
        [(&nobody, vec![get(), Request::get_dataset("..")], 0), (&server.url(), vec![get(), get()], 2)]
    {
        let limiter = Limiter::new(1000.0).unwrap().with_daily_budget(10, "2026-07-01T00:00:00Z".parse().unwrap());
        let settings = Settings::for_endpoint(endpoint, PATIENCE).unwrap();
        let source = Environment::new(environment, BearerStyle::Sdk);
        let client = Client::new(settings, Arc::new(source), Arc::new(limiter), Arc::new(())).unwrap();
        for request in requests {
            let _ = client.call(Lane::UserChange, &request).await;
        }
        assert_eq!(client.limiter().snapshot().budget, Some((10, spent)));
    }
}

#[tokio::test]
async fn codes_for_the_observer_are_words_and_not_too_many() {
    let codes = (0..150).map(|number| format!("Code.{number}"));
    let codes = ["two words".to_owned(), "x".repeat(99), "Ä".to_owned()].into_iter().chain(codes);
    let scenes = codes.map(|code| Scene::answer(400, "", &json!({ "Code": code }).to_string()));
    let server = FakeServer::start(scenes).await;
    let bench = against(&server.url());
    for _ in 0..153 {
        bench.client.send(&get()).await.unwrap_err();
    }
    let notes = bench.notes.all();
    assert!(notes[..3].iter().all(|note| note == "GetDataset other"), "{notes:?}");
    let others = notes.iter().filter(|note| *note == "GetDataset other").count();
    assert_eq!(others, 3 + 150 - MOST_CODES);
}

#[tokio::test]
async fn a_request_that_means_something_else_is_not_sent() {
    let server = FakeServer::start([]).await;
    let bench = against(&server.url());
    for request in [Request::delete_dataset(".."), Request::delete_dataset_labels("d-1", &[])] {
        let error = bench.client.send(&request).await.unwrap_err();
        assert_eq!((error.class, error.status), (ErrorClass::Refused, None));
        assert!(error.never_executed());
    }
    assert!(server.requests().is_empty());
    assert_eq!(bench.notes.all(), ["DeleteDataset not_sent", "DeleteDatasetLabels not_sent"]);
}

/// A source that gives this answer.
struct Source(Result<Credentials, CredentialError>);

impl CredentialSource for Source {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        std::future::ready(self.0.clone()).boxed()
    }
}

/// A source that never answers.
struct Silent;

impl CredentialSource for Silent {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn without_usable_credentials_nothing_is_sent() {
    let server = FakeServer::start([]).await;
    let settings = || Settings::for_endpoint(&server.url(), PATIENCE).unwrap();
    let broken = Credentials::Bearer { token: Secret::new("canary\n"), style: BearerStyle::Sdk };
    let class = ErrorClass::Unauthorised(Unauthorised::Credentials);
    for source in [Source(Err(CredentialError::Missing)), Source(Ok(broken))] {
        let error = bench(settings(), source).client.send(&create()).await.unwrap_err();
        assert_eq!((error.class, error.never_executed()), (class, true));
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let error = bench(settings(), Silent).client.send(&create()).await.unwrap_err();
    assert_eq!((error.class, error.never_executed()), (ErrorClass::Transient, true));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn the_credentials_have_a_name_without_a_secret() {
    let bench = against("http://127.0.0.1:1");
    assert_eq!(bench.client.key().await.unwrap(), "AKID");
    assert_eq!(bench.client.endpoint(), "http://127.0.0.1:1");
}

#[tokio::test]
async fn the_token_service_has_an_endpoint_of_its_own_and_costs_the_account_nothing() {
    let request = Request::get_caller_identity();
    let server = FakeServer::start([Scene::answer(200, "", r#"{"AccountId":"1","Arn":"acs:ram::1:root"}"#)]).await;
    let error = against(&server.url()).client.send(&request).await.unwrap_err();
    assert_eq!((error.class, error.never_executed()), (ErrorClass::Refused, true));
    assert!(error.message.contains("--sts-endpoint") && server.requests().is_empty(), "{error}");

    let settings = Settings::for_endpoint("http://127.0.0.1:1", PATIENCE).unwrap();
    let settings = settings.with_endpoint(Product::Sts, &server.url()).unwrap();
    let limiter = Arc::new(Limiter::new(1000.0).unwrap().with_daily_budget(1, jiff::Timestamp::now()));
    let source = Environment::new(environment, BearerStyle::Sdk);
    let client = Client::new(settings, Arc::new(source), Arc::clone(&limiter), Arc::new(Notes::default())).unwrap();
    let identity = client.call(Lane::Sweep, &request).await.unwrap().caller_identity().unwrap();
    assert_eq!(identity.principal(), "acs:ram::1:root");
    assert_eq!(limiter.snapshot().budget, Some((1, 0)));
    assert_eq!(server.requests().len(), 1);
}

/// A client that calls the dataset API nowhere and IMM at this server.
fn with_imm(server: &FakeServer) -> Bench {
    let settings = Settings::for_endpoint("http://127.0.0.1:1", PATIENCE).unwrap();
    let settings = settings.with_endpoint(Product::Imm, &server.url()).unwrap();
    bench(settings, Environment::new(environment, BearerStyle::Sdk))
}

#[tokio::test]
async fn every_operation_of_imm_is_one_post_to_an_endpoint_of_its_own() {
    let imm: Vec<_> = one_of_each().into_iter().filter(|it| it.operation().product() == Product::Imm).collect();
    let dataset = r#"{"Dataset":{"ProjectName":"p","DatasetName":"m"},"Datasets":[],"NextToken":""}"#;
    let server = FakeServer::start(imm.iter().map(|_| Scene::answer(200, "", dataset))).await;
    let error = against(&server.url()).client.send(&imm[0]).await.unwrap_err();
    assert_eq!((error.class, error.never_executed()), (ErrorClass::Refused, true));
    assert!(error.message.contains("--imm-endpoint (DATASET_OPERATOR_IMM_ENDPOINT)"), "{error}");
    assert!(server.requests().is_empty());

    let Bench { client, notes } = with_imm(&server);
    for request in &imm {
        client.call(Lane::Create, request).await.unwrap();
    }
    let received = server.requests();
    assert_eq!(received.len(), 5);
    let names = ["CreateDataset", "GetDataset", "ListDatasets", "UpdateDataset", "DeleteDataset"];
    for ((request, http), name) in imm.iter().zip(&received).zip(names) {
        let line = format!("POST /?{} HTTP/1.1", request.query(EndpointForm::Roa));
        assert_eq!(http.lines().next(), Some(&line[..]));
        assert_eq!((header(http, "x-acs-action"), header(http, "x-acs-version")), (Some(name), Some("2020-09-30")));
        assert_eq!((header(http, "content-length"), header(http, "content-type")), (Some("0"), None));
    }
    let seen: Vec<_> = notes.all().into_iter().filter(|note| note != "waited create").collect();
    assert_eq!(seen, names.map(|name| format!("imm:{name} OK")));
    assert_eq!(notes.all().len(), 10, "each waited for the account's limiter");
}

#[tokio::test]
async fn a_project_that_is_called_too_often_does_not_slow_the_account_down() {
    let throttled = r#"{"Code":"Throttling.User","Message":"slow down"}"#;
    let server = FakeServer::start([Scene::answer(400, "", throttled)]).await;
    let Bench { client, notes } = with_imm(&server);
    let before = client.limiter().rate();
    let error = client.send(&Request::list_media_datasets("p", None)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Throttled { after: None });
    let limiter = client.limiter().snapshot();
    assert!((limiter.rate - before).abs() < f64::EPSILON, "{limiter:?}");
    assert_eq!(limiter.operation_rates.iter().map(|(it, _)| *it).collect::<Vec<_>>(), [Operation::ListMediaDatasets]);
    assert_eq!(notes.all(), ["imm:ListDatasets throttled", "imm:ListDatasets Throttling.User"]);
}

#[tokio::test]
async fn an_echo_of_all_headers_shows_no_secret() {
    for status in [200, 400, 403, 500] {
        let echo: Value = json!({ "Code": "OwnWrites", "Message": "x-acs-security-token:canary-token" });
        let (error, notes) = met(&create(), Scene::answer(status, "", &echo.to_string())).await;
        assert!(error.message.contains("***"), "{error}");
        assert!(!notes.concat().contains("canary"));
    }
}

#[tokio::test]
async fn without_the_lease_it_reads_and_changes_nothing() {
    let fence = Fence::closed();
    let server = FakeServer::start([Scene::flood(), Scene::flood()]).await;
    let settings = Settings::for_endpoint(&server.url(), PATIENCE).unwrap();
    let (source, limiter) = (Environment::new(environment, BearerStyle::Sdk), Arc::new(Limiter::new(1000.0).unwrap()));
    let transport = network(&settings, fence.clone()).unwrap();
    let client = Client::over(transport, fence.clone(), settings, Arc::new(source), limiter, Arc::new(()));
    let changes = |request: &Request| !request.operation().reads() && client.reaches(request.operation().product());
    let changing: Vec<Request> = one_of_each().into_iter().filter(changes).collect();
    assert!(changing.len() > 10);
    for request in &changing {
        let error = client.send(request).await.unwrap_err();
        assert!(error.never_executed() && error.to_string().contains("does not surely hold the lease"), "{error}");
    }
    assert_eq!(server.sent(), 0);
    // The server floods whoever calls it.
    drop(client.send(&get()).await.unwrap_err());
    let sent = server.sent();
    assert!(sent > 0, "a read is sent");
    fence.set(Duration::MAX);
    drop(client.send(&create()).await.unwrap_err());
    assert!(server.sent() > sent, "so is a create, with the lease");
}

#[tokio::test]
async fn what_waits_for_a_connection_when_the_lease_is_lost_is_not_written() {
    let fence = Fence::open();
    let server = FakeServer::start([Scene::answer(200, "", "{}"), Scene::answer(200, "", "{}")]).await;
    let settings = Settings::for_endpoint(&server.url(), PATIENCE).unwrap();
    let transport = network(&settings, fence.clone()).unwrap();
    let request = |body: Option<&'static str>| {
        let mut request = reqwest::Request::new(reqwest::Method::DELETE, server.url().parse().unwrap());
        *request.body_mut() = body.map(Into::into);
        request
    };
    for body in [None, Some("{}")] {
        fence.set(Duration::MAX);
        let begun = transport.execute(request(body));
        fence.close();
        let Err(Unanswered::Broken(why)) = begun.await else { panic!("it was written") };
        assert!(why.ends_with(fence::CLOSED), "{why}");
        assert_eq!(server.requests(), Vec::<String>::new());
    }
    // What begins without the lease changes nothing.
    let (without, with) = (transport.execute(request(None)).await, transport.execute(request(Some("{}"))).await);
    assert!(without.is_ok() && with.is_ok());
    let requests = server.requests();
    assert!(
        requests[0].contains("content-length: 0\r\n") && requests[1].contains("content-length: 2\r\n"),
        "{requests:?}"
    );
}
