//! The client against the emulator, which checks signatures and shares no type with it.

use std::collections::BTreeMap;

use pai_emulator::{Credential, Effect, Emulator, Fault, Options, When};

use super::*;
use crate::cloud::{FilesOf, Hidden, ListDatasets, Order, Product};

type Variables = &'static [(&'static str, &'static str)];

const ACCESS_KEY: Variables =
    &[("ALIBABA_CLOUD_ACCESS_KEY_ID", "testAccessKeyId"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testAccessKeySecret")];
const STS: Variables = &[
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.testAccessKeyId"),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testStsAccessKeySecret"),
    ("ALIBABA_CLOUD_SECURITY_TOKEN", "testSecurityToken"),
];
const BEARER: Variables = &[("ALIBABA_CLOUD_BEARER_TOKEN", "testBearerToken")];

fn client_of(emulator: &Emulator, variables: Variables, style: BearerStyle) -> Client {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let settings = Settings::for_endpoint(&emulator.url(), Duration::from_secs(5)).unwrap();
    let elsewhere = [Product::Sts, Product::Imm];
    let settings = elsewhere.into_iter().try_fold(settings, |it, product| it.with_endpoint(product, &emulator.url()));
    let settings = settings.unwrap();
    bench(settings, Environment::new(lookup, style)).client
}

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned()));
    owned.collect()
}

fn body(name: &str) -> Map<String, Value> {
    map(json!({
        "Name": name,
        "Property": "DIRECTORY",
        "DataSourceType": "OSS",
        "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/数据 +%2F/",
        "WorkspaceId": "478",
        "Labels": [{ "Key": "dso-owner", "Value": "o1" }],
    }))
}

/// Sends every operation at least once, and checks each write with a read.
async fn all_operations(client: &Client) {
    let send = async |request: Request| client.send(&request).await.unwrap();
    let advanced = body("数据").into_iter().chain(map(json!({ "Edition": "ADVANCED" }))).collect();
    let made = send(Request::create_dataset(advanced)).await;
    let id = made.id("DatasetId").unwrap();
    let dataset = async || send(Request::get_dataset(&id)).await.dataset().unwrap();
    assert_eq!(made.request_id.unwrap().len(), 36);
    assert_eq!(dataset().await.labels, labels(&[("dso-owner", "o1")]));
    assert_eq!(dataset().await.fields["Uri"], body("")["Uri"]);

    send(Request::update_dataset(&id, map(json!({ "Description": "图 片" })))).await;
    send(Request::publish_dataset(&id)).await;
    send(Request::create_dataset_labels(&id, &labels(&[("a", "1"), ("b", "2")]))).await;
    send(Request::delete_dataset_labels(&id, &["a".to_owned()])).await;
    let changed = dataset().await;
    assert_eq!(changed.fields["Description"], "图 片");
    assert_eq!(changed.fields["Accessibility"], "PUBLIC");
    assert_eq!(changed.labels, labels(&[("b", "2"), ("dso-owner", "o1")]));

    let list = ListDatasets {
        workspace_id: Some("478".to_owned()),
        label: Some("dso-owner".to_owned()),
        name: Some("数据".to_owned()),
        dataset_ids: vec![id.clone(), "d-none".to_owned()],
        page_number: 1,
        page_size: 100,
    };
    let (found, total) = send(Request::list_datasets(&list)).await.datasets().unwrap();
    assert_eq!((found.len(), total, &found[0].id), (1, Some(1), &id));

    let version = map(json!({ "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://b.e/2/" }));
    let v2 = send(Request::create_dataset_version(&id, version)).await.id("VersionName").unwrap();
    let read = async || send(Request::get_dataset_version(&id, &v2)).await.version().unwrap();
    send(Request::update_dataset_version(&id, &v2, map(json!({ "DataSize": 7 })))).await;
    let marks = labels(&[("k", "v"), ("l", "w")]);
    send(Request::create_dataset_version_labels(&id, &v2, &marks)).await;
    send(Request::delete_dataset_version_labels(&id, &v2, &["l".to_owned()])).await;
    assert_eq!(read().await.fields["DataSize"], 7);
    assert_eq!(read().await.labels, labels(&[("k", "v")]));
    assert_eq!(dataset().await.latest_version.unwrap().name, v2);
    let versions = send(Request::list_dataset_versions(&id, 1, 100, Some("k"))).await;
    assert_eq!(versions.versions().unwrap().0.len(), 1);

    let members =
        map(json!({ "JobAction": "FileMetaBuild", "JobSpec": "{}", "WorkspaceId": "478", "Description": "作业" }));
    let made = send(Request::create_dataset_job(&id, members)).await.id("DatasetJobId").unwrap();
    send(Request::update_dataset_job(&id, &made, map(json!({ "Description": "d" })))).await;
    let job = send(Request::get_dataset_job(&id, &made)).await.job().unwrap();
    assert_eq!((&job["Status"], &job["Description"]), (&json!("Pending"), &json!("d")));
    send(Request::stop_dataset_job(&id, &made)).await;
    let (jobs, total) = send(Request::list_dataset_jobs(&id, Order::OldestFirst, 1, 100)).await.jobs().unwrap();
    assert_eq!(
        (jobs.len(), total, &jobs[0].id, &jobs[0].fields["Status"]),
        (1, Some(1), &made, &json!("ManuallyStop"))
    );
    send(Request::delete_dataset_job(&id, &made)).await;
    let gone = client.send(&Request::get_dataset_job(&id, &made)).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::NotFound, "{gone}");

    let members = map(json!({ "ConfigType": "MultimodalIntelligentTag", "WorkspaceId": "478" }));
    let create =
        Request::create_dataset_job_config(&id, members).with_hidden("Config", Hidden::new(r#"{"apiKey":"密"}"#));
    let made = send(create).await.id("DatasetJobConfigId").unwrap();
    send(Request::update_dataset_job_config(&id, &made, map(json!({ "Config": "{\"apiKey\":\"n\"}" })))).await;
    let config = send(Request::get_dataset_job_config(&id, &made)).await.job_config().unwrap();
    assert_eq!(config["Config"], r#"{"apiKey":"n"}"#);
    let (configs, total) = send(Request::list_dataset_job_configs(&id, 1, 100)).await.job_configs().unwrap();
    assert_eq!((configs.len(), total, &configs[0].id), (1, Some(1), &made));
    send(Request::delete_dataset_job_config(&id, &made)).await;
    let gone = client.send(&Request::get_dataset_job_config(&id, &made)).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::NotFound, "{gone}");

    file_metadata(client, FilesOf { dataset: &id, version: &v2, workspace: "478" }).await;
    send(Request::delete_dataset_version(&id, &v2)).await;
    let gone = client.send(&Request::get_dataset_version(&id, &v2)).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::NotFound, "{gone}");
    send(Request::delete_dataset(&id)).await;
    let gone = client.send(&Request::get_dataset(&id)).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::NotFound, "{gone}");
}

async fn file_metadata(client: &Client, at: FilesOf<'_>) {
    let send = async |request: Request| client.send(&request).await.unwrap();
    let item = |number: u32| {
        json!({ "Uri": format!("oss://b/图 {number}.jpg"), "ContentType": "image/jpeg", "FileType": "image",
            "FileFingerPrint": "9B2C", "FileUpdateTime": "2026-11-01T00:00:00Z", "Tags": r#"{"user":{"add":["t"]}}"# })
    };
    let made = send(Request::create_file_metas(at, vec![item(1), item(2), item(2)])).await.batch().unwrap();
    assert_eq!((made.all_well, made.failed.len(), made.made.len()), (false, 1, 2), "{made:?}");
    assert_eq!(made.failed[0].uri.as_deref(), Some("oss://b/图 2.jpg"));
    let id = made.made[0].1.clone().unwrap();
    let change = json!({ "DatasetFileMetaId": id, "FileFingerPrint": "new" });
    assert!(send(Request::update_file_metas(at, vec![change])).await.batch().unwrap().all_well);
    let page = send(Request::list_file_metas(at, &["t".to_owned()], None)).await.file_metas().unwrap();
    assert_eq!((page.files.len(), page.total, page.next), (2, Some(2), None));
    let changed = page.files.iter().find(|file| file.id == id).unwrap();
    assert_eq!((&changed.uri[..], &changed.fields["FileFingerPrint"]), ("oss://b/图 1.jpg", &json!("new")));
    let counts = send(Request::file_metas_statistics(at, "tags.user")).await.statistics().unwrap();
    assert_eq!((counts.total, counts.counts), (2, vec![("t".to_owned(), 2)]));
    let gone = send(Request::delete_file_metas(at, &[id.clone(), "none".to_owned()])).await.batch().unwrap();
    assert_eq!((gone.all_well, gone.failed[0].id.as_deref()), (false, Some("none")));
    let page = send(Request::list_file_metas(at, &[], None)).await.file_metas().unwrap();
    assert_eq!((page.files.len(), page.total), (1, Some(1)));
}

/// The same for IMM, with numbers that no float holds.
async fn all_operations_of_imm(client: &Client) {
    let send = async |request: Request| client.send(&request).await.unwrap();
    let size = i64::MAX - 1;
    let members = map(json!({
        "Description": "图片 集+%2F", "TemplateId": "Official:ImageManagement", "DatasetMaxTotalFileSize": size,
        "WorkflowParameters": [{ "Name": "n", "Value": "v" }], "DatasetConfig": { "Insights": { "Language": "zh" } },
    }));
    let made = send(Request::create_media_dataset("p", "m_1", &members)).await.media_dataset().unwrap();
    let read = async |counted| send(Request::get_media_dataset("p", "m_1", counted)).await.media_dataset().unwrap();
    let shown = read(false).await;
    assert_eq!((&shown, &shown.project[..], &shown.name[..]), (&made, "p", "m_1"));
    for (name, value) in &members {
        assert_eq!(shown.fields[name], *value);
    }
    let change = map(json!({ "Description": "图", "DatasetMaxFileCount": 7 }));
    send(Request::update_media_dataset("p", "m_1", &change)).await;
    let changed = read(true).await.fields;
    assert_eq!((&changed["Description"], &changed["DatasetMaxFileCount"]), (&json!("图"), &json!(7)));
    assert_eq!(changed["DatasetMaxTotalFileSize"], size);
    send(Request::create_media_dataset("p", "m_2", &Map::new())).await;
    let (page, next) = send(Request::list_media_datasets("p", None)).await.media_datasets().unwrap();
    assert_eq!((page.iter().map(|it| &it.name[..]).collect::<Vec<_>>(), next), (vec!["m_1", "m_2"], None));
    send(Request::delete_media_dataset("p", "m_1")).await;
    let gone = client.send(&Request::get_media_dataset("p", "m_1", false)).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::NotFound, "{gone}");
}

#[tokio::test]
async fn every_operation_works_with_every_kind_of_credential() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    for (variables, style) in [
        (ACCESS_KEY, BearerStyle::Sdk),
        (STS, BearerStyle::Sdk),
        (BEARER, BearerStyle::Sdk),
        (BEARER, BearerStyle::Authorization),
    ] {
        let client = client_of(&emulator, variables, style);
        all_operations(&client).await;
        all_operations_of_imm(&client).await;
        let calls = emulator.stats().calls;
        let mut limited = Operation::ALL.into_iter().filter(|operation| operation.product().is_limited());
        assert!(limited.all(|operation| calls.contains_key(operation.as_str())), "{calls:?}");
        emulator.reset();
    }
    emulator.stop().await;
}

#[tokio::test]
async fn the_token_service_says_whose_the_credentials_are() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let principal = async |variables| {
        let client = client_of(&emulator, variables, BearerStyle::Sdk);
        let answer = client.call(Lane::Sweep, &Request::get_caller_identity()).await;
        answer.map(|answer| answer.caller_identity().unwrap().principal())
    };
    assert_eq!(principal(ACCESS_KEY).await.unwrap(), "acs:ram::1000000000000001:root");
    assert_eq!(principal(STS).await.unwrap(), "acs:ram::1000000000000001:role/testrole");
    let key = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    let user = Credential { user_id: "7".to_owned(), user_name: Some("admin".to_owned()), ..key.clone() };
    emulator.set_credentials(vec![user]);
    assert_eq!(principal(ACCESS_KEY).await.unwrap(), "acs:ram::1000000000000001:user/admin");
    assert_eq!(principal(STS).await.unwrap_err().class, ErrorClass::Unauthorised(Unauthorised::Credentials));
    emulator.set_credentials(vec![Credential { active: false, ..key }]);
    let error = principal(ACCESS_KEY).await.unwrap_err();
    assert_eq!((error.class, error.status), (ErrorClass::Unauthorised(Unauthorised::Credentials), Some(403)));
    emulator.stop().await;
}

#[tokio::test]
async fn refusals_of_the_service_are_told_apart() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let client = client_of(&emulator, ACCESS_KEY, BearerStyle::Sdk);
    let class = async |request: Request| client.send(&request).await.unwrap_err().class;
    client.send(&Request::create_dataset(body("n"))).await.unwrap();
    assert_eq!(class(Request::create_dataset(body("n"))).await, ErrorClass::NameTaken);
    assert_eq!(class(Request::create_dataset(Map::new())).await, ErrorClass::Refused);
    assert_eq!(class(Request::delete_dataset("d-none")).await, ErrorClass::NotFound);
    assert_eq!(class(Request::publish_dataset("d-无 /none")).await, ErrorClass::NotFound);

    let wrong: Variables =
        &[("ALIBABA_CLOUD_ACCESS_KEY_ID", "testAccessKeyId"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")];
    let stranger = client_of(&emulator, wrong, BearerStyle::Sdk);
    let error = stranger.send(&get()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unauthorised(Unauthorised::Credentials), "{error}");
    emulator.set_credentials(vec![Credential {
        denied: vec!["*".to_owned()],
        ..Credential::access_key("testAccessKeyId", "testAccessKeySecret")
    }]);
    let denied = ErrorClass::Unauthorised(Unauthorised::Permission);
    assert_eq!(class(get()).await, denied);
    assert_eq!(class(Request::delete_dataset("d-1")).await, denied);
    emulator.stop().await;
}

#[tokio::test]
async fn refusals_of_imm_are_told_apart_and_lists_have_pages() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    emulator.set_knobs(|knobs| knobs.imm_projects = "p".to_owned());
    let client = client_of(&emulator, ACCESS_KEY, BearerStyle::Sdk);
    let refused = async |request: Request| client.send(&request).await.unwrap_err();
    let create = |project, name: &str| Request::create_media_dataset(project, name, &Map::new());
    for number in 0..201 {
        client.send(&create("p", &format!("m_{number:03}"))).await.unwrap();
    }
    let (first, next) = client.send(&Request::list_media_datasets("p", None)).await.unwrap().media_datasets().unwrap();
    let rest = client.send(&Request::list_media_datasets("p", next.as_deref())).await.unwrap();
    let (rest, last) = rest.media_datasets().unwrap();
    assert_eq!((first.len(), rest.len(), last), (200, 1, None));

    assert_eq!(refused(create("p", "m_000")).await.class, ErrorClass::NameTaken);
    for request in [create("q", "m_000"), Request::list_media_datasets("q", None)] {
        let error = refused(request).await;
        assert_eq!((error.class, error.blames_the_spec()), (ErrorClass::Refused, true), "{error}");
    }
    assert_eq!(refused(Request::delete_media_dataset("p", "none")).await.class, ErrorClass::NotFound);
    let empty = map(json!({ "Description": "" }));
    assert_eq!(refused(Request::create_media_dataset("p", "m", &empty)).await.class, ErrorClass::Refused);
    emulator.set_knobs(|knobs| knobs.imm_datasets_max = 201);
    assert_eq!(refused(create("p", "m")).await.class, ErrorClass::QuotaExceeded);
    emulator.stop().await;
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_in_doubt_and_was_sent_once() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let client = client_of(&emulator, ACCESS_KEY, BearerStyle::Sdk);
    let effects = [(Effect::Reset, ErrorClass::Ambiguous), (Effect::Garble, ErrorClass::Garbled)];
    for (made, (effect, class)) in (1..).zip(effects) {
        emulator.add_faults([Fault { effect, when: When::After, ..Fault::default() }]);
        let error = client.send(&Request::create_dataset(body(&format!("n{made}")))).await.unwrap_err();
        assert_eq!((error.class, error.never_executed()), (class, false), "{error}");
        assert_eq!(emulator.datasets().len(), made);
    }
    emulator.add_faults([Fault {
        status: 400,
        code: "Throttling.User".to_owned(),
        retry_after_ms: 1500,
        ..Fault::default()
    }]);
    let error = client.send(&Request::create_dataset(body("n9"))).await.unwrap_err();
    let after = Some(Duration::from_millis(1500));
    assert_eq!((error.class, error.never_executed()), (ErrorClass::Throttled { after }, true));
    assert_eq!(emulator.datasets().len(), 2);
    emulator.stop().await;
}
