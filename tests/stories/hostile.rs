//! A service that answers wrongly or without end: its answers cost little memory, the condition of the object reports
//! them, and the operator records nothing that no mark proves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pai_emulator::{Effect, Fault, Knobs, NameScope, When};
use serde_json::{Value, json};
use testbed::proxy::{Act, Answer, Body, Match, Proxy, Rule};

use crate::inventory::rounds;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss, status};

const MIB: usize = 1024 * 1024;

/// A scene whose operator talks to a proxy. Names may repeat, so that a duplicate could be seen.
pub(crate) async fn scene(name: &str) -> (Scene, Proxy) {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    let mut scene = Scene::with(name, Setting { knobs, env, without_operator: true }).await;
    let proxy = Proxy::before(scene.cloud().address()).await.unwrap();
    scene.set("DATASET_OPERATOR_ENDPOINT", format!("http://{}", proxy.address()));
    scene.start_operator().await;
    (scene, proxy)
}

/// The head of a body without end, which is made of [`chunk`]s.
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk() -> Vec<u8> {
    [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat()
}

fn raw(bytes: Vec<u8>, endless: Vec<u8>) -> Act {
    Act::Raw { executed: false, bytes: Arc::new(bytes), endless: Arc::new(endless) }
}

/// This instead of the true answer to a request that is carried out.
pub(crate) fn instead(body: &Value) -> Act {
    Act::Answer { executed: true, answer: Answer::new(200, body.to_string()) }
}

/// For ever.
pub(crate) fn always(of: Match, act: Act) -> Rule {
    Rule { of, skip: 0, times: u32::MAX, act }
}

/// Invalid answers, with the reason and the words that report them.
fn madness() -> Vec<(&'static str, Act, &'static str, &'static str)> {
    let answer =
        |body: Body| Act::Answer { executed: false, answer: Answer { status: 200, headers: Vec::new(), body } };
    let bytes = |bytes: &[u8]| answer(Body::Bytes(bytes.to_vec()));
    let headers = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Header: 1\r\n".repeat(1_000_000)].concat();
    let packed = Answer::new(200, [0x1f; 4096]).header("content-encoding", "gzip");
    vec![
        ("long", answer(Body::Blank(64 * MIB)), "MalformedResponse", "larger than 1 MiB"),
        ("endless", raw(CHUNKED.to_vec(), chunk()), "MalformedResponse", "larger than 1 MiB"),
        ("deep", bytes(&vec![b'['; MIB]), "MalformedResponse", "not a JSON object"),
        ("headers", raw(headers, Vec::new()), "CloudUnavailable", "GetDataset failed"),
        ("text", bytes(b"{\"DatasetId\":\"d-\xff\"}"), "MalformedResponse", "not a JSON object"),
        ("packed", Act::Answer { executed: false, answer: packed }, "MalformedResponse", "not a JSON object"),
        ("another", bytes(br#"{"DatasetId":"d-another"}"#), "MalformedResponse", "another DatasetId"),
        ("no id", bytes(br#"{"DatasetId":"../d-1"}"#), "MalformedResponse", "not an id"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mad_answers_cost_little_memory_and_are_told_but_not_kept() {
    let (scene, proxy) = scene("mad").await;
    scene.create("Dataset", "before", oss("before")).await;
    scene.ready("Dataset", "before").await;
    let before = scene.peak_memory();
    // Four objects each; every read of their datasets gets a wrong answer.
    let mut objects = Vec::new();
    for (what, act, reason, words) in madness() {
        for number in 0..4 {
            let name = format!("{}-{number}", what.replace(' ', "-"));
            let id = scene.foreign(&name, &[]);
            proxy.add(always(Match::path("GET", format!("/datasets/{id}")), act.clone()));
            objects.push((name, id, reason, words));
        }
    }
    for (name, id, ..) in &objects {
        let mut spec = oss(name);
        spec["adoption"] = json!({"datasetId": id});
        scene.create("Dataset", name, spec).await;
    }
    scene.create("Dataset", "beside", oss("beside")).await;
    scene.ready("Dataset", "beside").await;
    for (name, _, reason, words) in &objects {
        let message = scene.reason("Dataset", name, reason).await;
        assert!(message.contains(words), "{name}: {message}");
        assert!(message.len() < 1000, "{name}: {message}");
        assert_eq!(scene.get("Dataset", name).await.data["status"]["datasetId"], Value::Null, "{name}");
    }
    let grown = scene.peak_memory() - before;
    println!("{grown} MiB more than before at most");
    assert!(grown <= 64, "{grown} MiB");
    proxy.clear();
    for (name, id, ..) in &objects {
        let object = scene.edit("Dataset", name, json!({"description": "honest again"})).await;
        assert_eq!(dataset_id(&object), *id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_without_end_keeps_creates_waiting_and_says_so() {
    let (mut scene, proxy) = scene("list").await;
    scene.stop_operator().await;
    proxy.add(always(Match::operation("ListDatasets"), raw(CHUNKED.to_vec(), chunk())));
    scene.start_operator().await;
    let before = scene.peak_memory();
    scene.create("Dataset", "one", oss("one")).await;
    let message = scene.reason("Dataset", "one", "MalformedResponse").await;
    assert!(message.contains("ListDatasets") && message.contains("larger than 8 MiB"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (0, 0), "nothing is made while it may exist already");
    let grown = scene.peak_memory() - before;
    assert!(grown <= 64, "{grown} MiB");
    proxy.clear();
    scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), "one").await.unwrap();
    scene.exactly_one_each(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_with_what_was_there_before_is_looked_for_by_its_mark() {
    let (scene, proxy) = scene("known").await;
    scene.create("Dataset", "first", oss("first")).await;
    let first = dataset_id(&scene.ready("Dataset", "first").await);
    proxy.add(Rule::once(Match::operation("CreateDataset"), instead(&json!({ "DatasetId": first }))));
    scene.create("Dataset", "second", oss("second")).await;
    let ids = scene.exactly_one_each(&["first", "second"]).await;
    assert_eq!(ids[0], first);
    assert_eq!(scene.calls("CreateDataset"), (2, 0));

    proxy.add(Rule::once(Match::operation("CreateDatasetVersion"), instead(&json!({"VersionName": "v1"}))));
    scene.create("DatasetVersion", "newer", version_of("first", "v2")).await;
    assert_eq!(status(&scene.ready("DatasetVersion", "newer").await, "versionName"), "v2");
    assert_eq!(scene.calls("CreateDatasetVersion"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_with_anothers_dataset_leaves_that_one_alone() {
    let (scene, proxy) = scene("wrong").await;
    let theirs = scene.foreign("theirs", &[("team", "vision")]);
    let as_it_was = scene.cloud().dataset(&theirs).unwrap();
    proxy.add(Rule::once(Match::operation("CreateDataset"), instead(&json!({ "DatasetId": theirs }))));
    scene.create("Dataset", "one", oss("one")).await;
    // At first nothing shows the error; the next sweep shows the marks.
    let message = scene.reason("Dataset", "one", "OwnedByOther").await;
    let made = scene.cloud().datasets().into_iter().find(|dataset| dataset.dataset_id != theirs).unwrap().dataset_id;
    assert!(message.contains(&theirs) && message.contains(&made), "{message}");
    let call = scene.last_call();
    scene.patch("Dataset", "one", json!({"spec": {"description": "edited"}})).await;
    rounds(&scene, 2).await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    let calls = scene.calls_after(call);
    assert!(calls.as_object().unwrap().keys().all(|name| name.starts_with("Get")), "{calls}");
    assert_eq!(scene.cloud().dataset(&theirs).as_ref(), Some(&as_it_was), "nobody touched it");

    // After the user follows the advice, the object has its own dataset.
    scene.create("Dataset", "one", oss("one")).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "one").await), made);
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.cloud().dataset(&theirs).as_ref(), Some(&as_it_was));
}

/// The answer to a create is no proof of the remote, so the operator reads before it deletes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_with_anothers_dataset_while_its_object_goes_deletes_nothing() {
    let (scene, proxy) = scene("going").await;
    let theirs = scene.foreign("theirs", &[("team", "vision")]);
    let as_it_was = scene.cloud().dataset(&theirs);
    let operation = "CreateDataset".to_owned();
    scene.faults([Fault { operation, effect: Effect::Delay, when: When::After, delay_ms: 1500, ..Fault::default() }]);
    proxy.add(Rule::once(Match::operation("CreateDataset"), instead(&json!({ "DatasetId": theirs }))));
    scene.create("Dataset", "one", oss("one")).await;
    scene.until("the create", async |scene| scene.cloud().datasets().len() == 2).await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.cloud().dataset(&theirs), as_it_was, "nobody touched it");
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_asks_to_wait_for_a_day_is_asked_again_after_half_a_minute() {
    let scene = Scene::new("day").await;
    let status = 429;
    let code = "Throttling.User".to_owned();
    let operation = "CreateDataset".to_owned();
    scene.faults([Fault { operation, status, code, retry_after_ms: 86_400_000, ..Fault::default() }]);
    let begun = Instant::now();
    scene.create("Dataset", "one", oss("one")).await;
    let message = scene.reason("Dataset", "one", "Throttled").await;
    assert!(message.contains("CreateDataset") && message.contains("Throttling.User"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(20), "it says so while it waits");
    scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), "one").await.unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(30), "{waited:?}");
    assert_eq!(scene.calls("CreateDataset"), (1, 1));
}
