//! What the client puts on the wire, and how it copes with failures of the network.

use super::*;

#[tokio::test]
async fn a_call_is_on_the_wire_as_the_official_sdk_writes_it() {
    let made = r#"{"DatasetId":"d-1","RequestId":"R-1"}"#;
    let answer = || Scene::answer(200, "", made);
    let server = FakeServer::start([answer(), answer()]).await;
    let bench = against(&server.url());
    let answer = bench.client.send(&create()).await.unwrap();
    assert_eq!(answer.id("DatasetId").unwrap(), "d-1");
    assert_eq!(answer.request_id.as_deref(), Some("R-1"));
    bench.client.send(&Request::publish_dataset("d-1")).await.unwrap();

    let requests = server.requests();
    let (create, publish) = (&requests[0], &requests[1]);
    assert!(create.starts_with("POST /api/v1/datasets HTTP/1.1\r\n"), "{create}");
    assert!(create.ends_with("\r\n\r\n{\"Name\":\"数据\"}"), "{create}");
    assert_eq!(header(create, "host"), Some(&server.address.to_string()[..]));
    assert_eq!(header(create, "content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(header(create, "x-acs-action"), Some("CreateDataset"));
    assert_eq!(header(create, "user-agent"), Some(&format!("dataset-operator/{}", env!("CARGO_PKG_VERSION"))[..]));
    let authorization = header(create, "authorization").unwrap();
    assert!(
        authorization
            .starts_with("ACS3-HMAC-SHA256 Credential=AKID,SignedHeaders=content-type;host;x-acs-accesskey-id;")
    );
    assert!(publish.starts_with("PUT /api/v1/datasets/d-1/publish HTTP/1.1\r\n"), "{publish}");
    assert_eq!(header(publish, "content-length"), Some("0"));
    assert_eq!(header(publish, "content-type"), None);
    let nonce = |request| header(request, "x-acs-signature-nonce").unwrap();
    assert_ne!(nonce(create), nonce(publish));
    assert_eq!(bench.notes.all(), ["CreateDataset OK", "PublishDataset OK"]);
}

#[tokio::test]
async fn the_gateway_form_with_a_bearer_token_is_as_the_page_writes_it() {
    let answer = || Scene::answer(200, "", r#"{"DatasetId":"d-1","VersionName":"v2"}"#);
    let server = FakeServer::start([answer(), answer(), answer()]).await;
    let settings = Settings::for_endpoint(&server.url(), PATIENCE).unwrap();
    let settings = Settings { form: EndpointForm::Gateway, ..settings };
    let token = |name: &str| (name == "ALIBABA_CLOUD_BEARER_TOKEN").then(|| "canary-token".to_owned());
    let bench = bench(settings, Environment::new(token, BearerStyle::Authorization));
    for request in [create(), Request::delete_dataset("d-1"), Request::get_dataset_version("d-1", "v2")] {
        bench.client.send(&request).await.unwrap();
    }
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().filter_map(|request| request.lines().next()).collect();
    let base = "/api/AIWorkSpace/2021-02-04";
    assert_eq!(
        lines,
        [
            format!("POST {base}/CreateDataset HTTP/1.1"),
            format!("DELETE {base}/DeleteDataset/d-1 HTTP/1.1"),
            format!("GET {base}/GetDatasetVersion?DatasetId=d-1&VersionName=v2 HTTP/1.1"),
        ]
    );
    for request in &requests {
        assert_eq!(header(request, "authorization"), Some("Bearer canary-token"));
        assert_eq!(header(request, "x-acs-bearer-token"), None);
    }
    assert!(requests[0].ends_with("\r\n\r\n{\"Name\":\"数据\"}"), "{}", requests[0]);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = FakeServer::start([]).await;
    for (status, request, class) in [
        (302, get(), ErrorClass::Refused),
        (307, create(), ErrorClass::Refused),
        (302, create(), ErrorClass::Ambiguous),
    ] {
        let location = format!("Location: {}/x\r\n", elsewhere.url());
        let (error, notes) = met(&request, Scene::answer(status, &location, "")).await;
        assert_eq!((error.class, error.status), (class, Some(status)));
        assert!(error.message.contains(&elsewhere.url()), "{error}");
        assert_eq!(notes, [format!("{} http_3xx", request.operation())]);
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_a_write_in_doubt_and_is_never_asked_for_again() {
    let scenes = [
        (Scene::Reset, "broken"),
        (Scene::WriteAndClose(Vec::new()), "broken"),
        (Scene::WriteAndClose(b"HTTP/1.1 200".to_vec()), "broken"),
        (Scene::WriteAndClose(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), "broken"),
        (Scene::Hang(Vec::new()), "timeout"),
        (Scene::Hang(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{".to_vec()), "timeout"),
    ];
    for (scene, how) in scenes {
        let (error, notes) = met(&create(), scene.clone()).await;
        assert_eq!((error.class, error.status), (ErrorClass::Ambiguous, None), "{scene:?}");
        assert!(!error.never_executed());
        assert_eq!(notes, [format!("CreateDataset {how}")], "{scene:?}");
        let (error, _) = met(&get(), scene.clone()).await;
        assert_eq!(error.class, ErrorClass::Transient, "{scene:?}");
    }
}

#[tokio::test]
async fn a_success_with_an_unusable_body_is_garbled() {
    let truncated = b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{\"DatasetId\":\"d-1\"".to_vec();
    for scene in [
        Scene::WriteAndClose(truncated),
        Scene::answer(200, "", ""),
        Scene::answer(204, "", ""),
        Scene::answer(200, "Content-Type: text/html\r\n", "<html>"),
        Scene::answer(200, "", r#"{"RequestId":"R-1"}"#),
        Scene::answer(200, "", r#"{"DatasetId":"d-2"}"#),
        Scene::flood(),
    ] {
        let request =
            if matches!(&scene, Scene::Write(bytes) if bytes.ends_with(b"d-2\"}")) { get() } else { create() };
        let (error, notes) = met(&request, scene.clone()).await;
        assert_eq!(error.class, ErrorClass::Garbled, "{scene:?}: {error}");
        assert!(!error.never_executed());
        assert_eq!(notes, [format!("{} garbled", request.operation())]);
    }
}

#[tokio::test]
async fn the_content_type_of_an_answer_does_not_matter() {
    let html = Scene::answer(200, "Content-Type: text/html\r\n", r#"{"DatasetId":"d-1"}"#);
    let server = FakeServer::start([html]).await;
    assert!(against(&server.url()).client.send(&get()).await.is_ok());
    let xml = Scene::answer(400, "Content-Type: text/xml\r\n", "<Error><Code>X</Code></Error>");
    let (error, notes) = met(&get(), xml).await;
    assert_eq!((error.class, error.code), (ErrorClass::Transient, None));
    assert_eq!(error.message, "<Error><Code>X</Code></Error>");
    assert_eq!(notes, ["GetDataset http_4xx"]);
}

#[tokio::test]
async fn failures_of_the_service_are_not_repeated() {
    let body = r#"{"Code":"ServiceUnavailable","Message":"later","RequestId":"R-1"}"#;
    let busy = || Scene::answer(503, "Retry-After: 0\r\n", body);
    let (error, notes) = met(&get(), busy()).await;
    assert_eq!(error.to_string(), "GetDataset failed: 503 ServiceUnavailable: later (RequestId R-1)");
    assert_eq!(notes, ["GetDataset ServiceUnavailable"]);
    let (error, _) = met(&create(), busy()).await;
    assert_eq!(error.class, ErrorClass::Ambiguous);
}

#[tokio::test]
async fn without_a_connection_a_write_was_certainly_not_executed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = against(&endpoint);
    let error = bench.client.send(&create()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);
    assert!(error.never_executed());
    assert!(error.message.contains("refused") && !error.message.contains("/api/"), "{error}");
    assert_eq!(bench.notes.all(), ["CreateDataset connect"]);
}

#[tokio::test]
async fn a_tls_endpoint_that_speaks_no_tls_was_never_connected_to() {
    let server = FakeServer::start([]).await;
    let bench = against(&server.url().replace("http:", "https:"));
    let error = bench.client.send(&create()).await.unwrap_err();
    // The server hangs after the TLS hello, so the time to connect runs out before the deadline does.
    assert_eq!(error.class, ErrorClass::Transient, "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_meanwhile_costs_nothing() {
    let made = b"HTTP/1.1 200 X\r\nContent-Length: 19\r\n\r\n{\"DatasetId\":\"d-1\"}".to_vec();
    let server = FakeServer::start([Scene::WriteAndClose(made.clone()), Scene::Write(made)]).await;
    let bench = against(&server.url());
    bench.client.send(&create()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    bench.client.send(&create()).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_proxy_is_used_only_if_it_is_configured() {
    let proxy = FakeServer::start([Scene::answer(200, "", r#"{"DatasetId":"d-1"}"#)]).await;
    let url = proxy.url().replace("http://", "http://user:canary@");
    let settings = Settings::for_endpoint("http://service.invalid", PATIENCE).unwrap();
    let settings = Settings { proxy: Some(Proxy::parse(&url).unwrap()), ..settings };
    assert!(!format!("{settings:?}").contains("canary"));
    let source = Environment::new(environment, BearerStyle::Sdk);
    bench(settings, source).client.send(&get()).await.unwrap();
    let request = proxy.requests().pop().unwrap();
    assert!(request.starts_with("GET http://service.invalid/api/v1/datasets/d-1 HTTP/1.1"));
    assert_eq!(header(&request, "host"), Some("service.invalid"));
    assert_eq!(header(&request, "proxy-authorization"), Some("Basic dXNlcjpjYW5hcnk="));
}

/// An `https` endpoint is reached through a tunnel. The answer of a proxy that refuses the tunnel is no answer of the
/// service.
#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_leaves_a_write_certainly_not_executed() {
    for status in [403, 407, 502] {
        let proxy = FakeServer::start([Scene::answer(status, "", "canary")]).await;
        let url = proxy.url().replace("http://", "http://user:canary@");
        let settings = Settings::for_endpoint("https://service.invalid", PATIENCE).unwrap();
        let settings = Settings { proxy: Some(Proxy::parse(&url).unwrap()), ..settings };
        let bench = bench(settings, Environment::new(environment, BearerStyle::Sdk));
        let error = bench.client.send(&create()).await.unwrap_err();
        assert_eq!((error.class, error.never_executed()), (ErrorClass::Transient, true), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        let request = proxy.requests().pop().unwrap();
        assert!(request.starts_with("CONNECT service.invalid:443 HTTP/1.1"), "{request}");
        assert!(!request.contains("AKID"), "the proxy sees nothing of the call: {request}");
    }
}

/// A server with a certificate that no system knows is reached only with its authority.
#[tokio::test]
async fn an_authority_from_a_file_is_trusted() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key.cert.pem()).unwrap();
    let authorities = Authorities::read(file.path()).unwrap();
    let server = TlsServer::start(&key);
    let settings = || Settings::for_endpoint(&server.url(), PATIENCE * 5).unwrap();
    let client = |settings| bench(settings, Environment::new(environment, BearerStyle::Sdk)).client;
    let error = client(settings()).send(&get()).await.unwrap_err();
    assert!(error.message.contains("certificate"), "{error}");
    client(Settings { authorities, ..settings() }).send(&get()).await.unwrap();
}

/// Who has the authority's trust is still refused with the name of somebody else, or out of its time.
#[tokio::test]
async fn a_certificate_of_another_name_or_time_is_refused() {
    let year = |year: i32| rcgen::date_time_ymd(year, 1, 1);
    for (name, from, until, taken) in [
        ("localhost", year(2020), year(4000), true),
        ("other.test", year(2020), year(4000), false),
        ("localhost", year(2020), year(2021), false),
        ("localhost", year(3999), year(4000), false),
    ] {
        let mut wanted = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        (wanted.not_before, wanted.not_after) = (from, until);
        let signing_key = rcgen::KeyPair::generate().unwrap();
        let key = rcgen::CertifiedKey { cert: wanted.self_signed(&signing_key).unwrap(), signing_key };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), key.cert.pem()).unwrap();
        let authorities = Authorities::read(file.path()).unwrap();
        let server = TlsServer::start(&key);
        let settings = Settings { authorities, ..Settings::for_endpoint(&server.url(), PATIENCE * 5).unwrap() };
        let answer = bench(settings, Environment::new(environment, BearerStyle::Sdk)).client.send(&create()).await;
        let Err(error) = answer else {
            assert!(taken, "{name} from {from} until {until} is trusted");
            continue;
        };
        assert!(
            !taken && error.never_executed() && error.message.contains("certificate"),
            "{name} until {until}: {error}"
        );
    }
}

/// A test cannot change the environment of its process safely, so this one runs another test in a process of its own.
#[test]
fn the_environment_does_not_name_the_proxy() {
    let named = "cloud::client::tests::network::a_call_is_on_the_wire_as_the_official_sdk_writes_it";
    let nobody = "http://127.0.0.1:1";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([named, "--exact"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, nobody)))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}
