//! A service that lies or goes mad: what it says costs little memory, is told in the object's own condition, and is not
//! written down unless a mark proves it.

use std::time::{Duration, Instant};

use kube::api::DynamicObject;
use pai_emulator::{Fault, Knobs, NameScope};
use serde_json::{Value, json};

use crate::index::rounds;
use crate::liar::{Liar, Lie, ok};
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss, status};

const MIB: usize = 1024 * 1024;
/// Failures are told when they last, and delays between tries grow.
const PATIENCE: Duration = Duration::from_secs(90);

/// A scene whose operator talks to a liar. Names may repeat, so that a duplicate could be seen.
async fn scene(name: &str) -> (Scene, Liar) {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    let mut scene = Scene::with(name, Setting { knobs, env, without_operator: true }).await;
    let liar = Liar::before(scene.cloud().address()).await;
    scene.set("DATASET_OPERATOR_ENDPOINT", liar.url());
    scene.start_operator().await;
    (scene, liar)
}

/// The head of a body without end, which is made of [`chunk`]s.
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk() -> Vec<u8> {
    [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat()
}

/// Answers that nobody should send, with the reason and the words that tell of them.
fn madness() -> Vec<(&'static str, Lie, &'static str, &'static str)> {
    let lie = |answer: Vec<u8>, endless: &[u8]| Lie {
        endless: endless.to_vec(),
        times: usize::MAX,
        ..Lie::instead("", answer)
    };
    let headers = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Header: 1\r\n".repeat(1_000_000)].concat();
    vec![
        ("long", lie(ok("", &vec![b' '; 64 * MIB]), b""), "MalformedResponse", "larger than 1 MiB"),
        ("endless", lie(CHUNKED.to_vec(), &chunk()), "MalformedResponse", "larger than 1 MiB"),
        ("deep", lie(ok("", &vec![b'['; MIB]), b""), "MalformedResponse", "not a JSON object"),
        ("headers", lie(headers, b""), "CloudUnavailable", "GetDataset failed"),
        ("text", lie(ok("", b"{\"DatasetId\":\"d-\xff\"}"), b""), "MalformedResponse", "not a JSON object"),
        ("packed", lie(ok("Content-Encoding: gzip\r\n", &[0x1f; 4096]), b""), "MalformedResponse", "not a JSON object"),
        ("another", lie(ok("", br#"{"DatasetId":"d-another"}"#), b""), "MalformedResponse", "another DatasetId"),
        ("no id", lie(ok("", br#"{"DatasetId":"../d-1"}"#), b""), "MalformedResponse", "not an id"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mad_answers_cost_little_memory_and_are_told_but_not_kept() {
    let (scene, liar) = scene("mad").await;
    scene.create("Dataset", "before", oss("before")).await;
    scene.ready("Dataset", "before").await;
    let before = scene.peak_memory();
    // Four objects each, whose datasets can only be read through lies.
    let mut objects = Vec::new();
    for (what, lie, reason, words) in madness() {
        for number in 0..4 {
            let name = format!("{}-{number}", what.replace(' ', "-"));
            let id = scene.foreign(&name, &[]);
            liar.tell([Lie { to: format!("GET /api/v1/datasets/{id} "), ..lie.clone() }]);
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
        let told = |object: &DynamicObject| testbed::condition(object, "Ready").is_some_and(|is| is.reason == *reason);
        let object = scene.wait_for(PATIENCE).object(&scene.datasets(), name, reason, told).await.unwrap();
        let message = testbed::condition(&object, "Ready").unwrap().message;
        assert!(message.contains(words), "{name}: {message}");
        assert!(message.len() < 1000, "{name}: {message}");
        assert_eq!(object.data["status"]["datasetId"], Value::Null, "{name}");
    }
    let grown = scene.peak_memory() - before;
    println!("{grown} MiB more than before at most");
    assert!(grown <= 64, "{grown} MiB");
    liar.repent();
    for (name, id, ..) in &objects {
        let object = scene.edit("Dataset", name, json!({"description": "honest again"})).await;
        assert_eq!(dataset_id(&object), *id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_without_end_keeps_creates_waiting_and_says_so() {
    let (mut scene, liar) = scene("list").await;
    scene.stop_operator().await;
    let endless = Lie::instead("GET /api/v1/datasets?", CHUNKED.to_vec());
    let endless = Lie { endless: chunk(), times: usize::MAX, ..endless };
    liar.tell([endless]);
    scene.start_operator().await;
    let before = scene.peak_memory();
    scene.create("Dataset", "one", oss("one")).await;
    let message = scene.reason("Dataset", "one", "MalformedResponse").await;
    assert!(message.contains("ListDatasets") && message.contains("larger than 8 MiB"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (0, 0), "nothing is made while it may exist already");
    let grown = scene.peak_memory() - before;
    assert!(grown <= 64, "{grown} MiB");
    liar.repent();
    scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), "one").await.unwrap();
    scene.exactly_one_each(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_with_what_was_there_before_is_looked_for_by_its_mark() {
    let (scene, liar) = scene("known").await;
    scene.create("Dataset", "first", oss("first")).await;
    let first = dataset_id(&scene.ready("Dataset", "first").await);
    let answer = |body: Value| ok("", body.to_string().as_bytes());
    let lie = Lie::instead("POST /api/v1/datasets ", answer(json!({ "DatasetId": first })));
    liar.tell([Lie { executed: true, ..lie }]);
    scene.create("Dataset", "second", oss("second")).await;
    let ids = scene.exactly_one_each(&["first", "second"]).await;
    assert_eq!(ids[0], first);
    assert_eq!(scene.calls("CreateDataset"), (2, 0));

    let lie = Lie::instead(&format!("POST /api/v1/datasets/{first}/versions "), answer(json!({"VersionName": "v1"})));
    liar.tell([Lie { executed: true, ..lie }]);
    scene.create("DatasetVersion", "newer", version_of("first", "v2")).await;
    assert_eq!(status(&scene.ready("DatasetVersion", "newer").await, "versionName"), "v2");
    assert_eq!(scene.calls("CreateDatasetVersion"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_with_anothers_dataset_leaves_that_one_alone() {
    let (scene, liar) = scene("wrong").await;
    let theirs = scene.foreign("theirs", &[("team", "vision")]);
    let as_it_was = scene.cloud().dataset(&theirs).unwrap();
    let answer = ok("", json!({ "DatasetId": theirs }).to_string().as_bytes());
    liar.tell([Lie { executed: true, ..Lie::instead("POST /api/v1/datasets ", answer) }]);
    scene.create("Dataset", "one", oss("one")).await;
    // Nothing tells at once; the next sweep shows whose mark is where.
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

    // Who follows the advice has its own.
    scene.create("Dataset", "one", oss("one")).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "one").await), made);
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.cloud().dataset(&theirs).as_ref(), Some(&as_it_was));
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
