//! The cloud index: the cost of settled objects, and lists that are clamped, late, incomplete, repetitive or broken. In
//! each case the operator makes nothing twice, changes no other owner's dataset, and no object changes its status back and
//! forth; an object that has to wait says why.

use std::collections::BTreeMap;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use pai_emulator::{Dataset, Effect, Fault, Knobs, When};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};
use crate::trouble::fault;

/// Knobs by the names that users turn them by. Names may repeat, so that a duplicate could be seen.
fn knobs(mut turned: Value) -> Knobs {
    turned["nameScope"] = json!("none");
    serde_json::from_value(turned).unwrap()
}

fn turn(scene: &Scene, knob: &str, value: &str) {
    scene.cloud().set_knobs(|knobs| {
        let mut all = serde_json::to_value(&*knobs).unwrap();
        all[knob] = json!(value);
        *knobs = serde_json::from_value(all).unwrap();
    });
}

/// A scene with a resync of one second.
pub(crate) async fn scene(name: &str, turned: Value) -> Scene {
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    Scene::with(name, Setting { knobs: knobs(turned), env, ..Setting::default() }).await
}

pub(crate) fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("d-{number}")).collect()
}

/// Creates Datasets side by side.
async fn create(scene: &Scene, names: &[String]) {
    let created = futures::stream::iter(names).map(|name| async move {
        scene.create("Dataset", name, oss(name)).await;
    });
    created.buffer_unordered(10).collect::<Vec<()>>().await;
}

/// Creates Datasets and waits until each is Ready and the sweep has seen it.
pub(crate) async fn settle(scene: &Scene, names: &[String]) -> Vec<String> {
    create(scene, names).await;
    let mut ids = Vec::new();
    for name in names {
        ids.push(dataset_id(&scene.ready("Dataset", name).await));
    }
    rounds(scene, 2).await;
    ids
}

/// A figure in the operator's metrics.
async fn metric(scene: &Scene, name: &str) -> u64 {
    let metrics = scene.metrics().await;
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' ')?.1.parse::<u64>().ok());
    lines.sum()
}

async fn passes(scene: &Scene) -> u64 {
    metric(scene, "controller_runtime_reconcile_total{").await
}

async fn swept(scene: &Scene) -> u64 {
    metric(scene, "pai_index_sweeps_total").await
}

/// Waits until so many rounds more have ended.
pub(crate) async fn rounds(scene: &Scene, more: u64) {
    let wanted = swept(scene).await + more;
    scene.until("rounds of the sweep", async |scene| swept(scene).await >= wanted).await;
}

/// The visible actions of the operator: writes, events, and calls other than lists.
#[derive(Debug, PartialEq)]
struct Doings {
    writes: usize,
    events: BTreeMap<(String, String), usize>,
    calls: Value,
}

async fn doings(scene: &Scene, since: u64) -> Doings {
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let mut told = BTreeMap::new();
    for event in events.list(&ListParams::default()).await.unwrap() {
        let about = (event.involved_object.name.unwrap_or_default(), event.reason.unwrap_or_default());
        let times = event.series.and_then(|series| series.count).unwrap_or(1);
        *told.entry(about).or_default() += usize::try_from(times).unwrap();
    }
    Doings { writes: scene.writes("datasets", None).await, events: told, calls: scene.calls_after(since) }
}

/// The operator does nothing in this number of rounds: no write, no event, no call except the given number of lists per
/// sweep.
pub(crate) async fn still(scene: &Scene, more: u64, lists_each: u64) {
    let call = scene.last_call();
    let before = doings(scene, call).await;
    let (looked, rounds_before, lists_before) =
        (passes(scene).await, swept(scene).await, scene.calls("ListDatasets").0);
    rounds(scene, more).await;
    let (lists, ended) = (scene.calls("ListDatasets").0 - lists_before, swept(scene).await - rounds_before);
    // A round may have been under way when counting began, or have begun since.
    let whole = (ended - 1) * lists_each..=(ended + 1) * lists_each;
    assert!(whole.contains(&lists), "{lists} lists in {ended} rounds\n{}", scene.log_tail());
    assert_eq!(doings(scene, call).await, before, "{}", scene.log_tail());
    assert_eq!(passes(scene).await, looked, "nobody had anything to look at\n{}", scene.log_tail());
}

/// Each of these objects is Ready with a dataset of its own, made once, and besides these `strangers` there is nothing.
pub(crate) async fn one_each(scene: &Scene, names: &[String], strangers: &[Dataset]) {
    let mut there: Vec<String> = strangers.iter().map(|dataset| dataset.dataset_id.clone()).collect();
    for name in names {
        there.push(dataset_id(&scene.ready("Dataset", name).await));
    }
    there.sort();
    let mut all: Vec<_> = scene.cloud().datasets().into_iter().map(|dataset| dataset.dataset_id).collect();
    all.sort();
    assert_eq!(there, all, "recorded, and in the cloud\n{}", scene.log_tail());
    for stranger in strangers {
        assert_eq!(scene.cloud().dataset(&stranger.dataset_id).as_ref(), Some(stranger), "nobody touched it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_120_settled_objects_the_one_that_drifted_is_woken_and_repaired() {
    let scene = scene("one-of-many", json!({})).await;
    let all = names(0..120);
    let ids = settle(&scene, &all).await;
    assert_eq!(scene.calls("CreateDataset"), (120, 0));
    assert_eq!(scene.writes("datasets", None).await, 240, "claim and record");
    still(&scene, 2, 2).await;

    let (call, looked, writes) = (scene.last_call(), passes(&scene).await, scene.writes("datasets", None).await);
    scene.console("PUT", &format!("/api/v1/datasets/{}", ids[77]), json!({"Name": "by-hand"}));
    let repaired = async |scene: &Scene| scene.cloud().dataset(&ids[77]).is_some_and(|dataset| dataset.name == "d-77");
    scene.until("repaired", repaired).await;
    scene.told("d-77", &["DriftDetected", "DriftCorrected"]).await;
    rounds(&scene, 1).await;
    assert_eq!(scene.calls_after(call), json!({"UpdateDataset": 1}));
    assert_eq!(passes(&scene).await, looked + 1, "one pass of one object");
    assert_eq!(scene.writes("datasets", None).await, writes);
    one_each(&scene, &all, &[]).await;
}

/// Thirty objects in three pages settle and survive a restart without a write, whatever is wrong with the lists, of which
/// `lists_each` a round is made.
async fn three_pages(name: &str, wrong: Value, lists_each: u64) {
    let mut scene = scene(name, wrong).await;
    let all = names(0..30);
    settle(&scene, &all).await;
    still(&scene, 2, lists_each).await;
    scene.stop_operator().await;
    let writes = scene.writes("datasets", None).await;
    scene.start_operator().await;
    rounds(&scene, 2).await;
    assert_eq!(scene.writes("datasets", None).await, writes);
    one_each(&scene, &all, &[]).await;
    assert_eq!(scene.calls("CreateDataset"), (30, 0));
    assert_eq!(scene.calls("GetDataset"), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_are_clamped_to_10() {
    three_pages("clamped", json!({"pageSizeMax": 10}), 3).await;
}

/// The first list cannot be told from one that leaves something out; a second one agrees with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_without_a_count() {
    three_pages("uncounted", json!({"pageSizeMax": 10, "totalCount": "absent"}), 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_lag_while_datasets_are_made_edited_and_deleted() {
    let env = [
        ("DATASET_OPERATOR_RESYNC", "1s"),
        ("DATASET_OPERATOR_LIST_LAG", "4s"),
        ("DATASET_OPERATOR_SETTLE_TIME", "9s"),
    ];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let knobs = knobs(json!({"listLagMs": 3000}));
    let scene = Scene::with("lagging", Setting { knobs, env, ..Setting::default() }).await;
    let call = scene.last_call();
    create(&scene, &names(0..6)).await;
    for name in names(0..6) {
        scene.ready("Dataset", &name).await;
    }
    for name in names(0..2) {
        scene.edit("Dataset", &name, json!({"description": "edited"})).await;
    }
    for name in names(4..6) {
        scene.delete("Dataset", &name).await;
        scene.gone("Dataset", &name).await;
    }
    // Until lists have shown all of it, and a while longer.
    rounds(&scene, 6).await;
    let told = doings(&scene, call).await;
    let calls = &told.calls;
    assert_eq!(
        (&calls["CreateDataset"], &calls["UpdateDataset"], &calls["DeleteDataset"]),
        (&json!(6), &json!(2), &json!(2))
    );
    assert_eq!(told.writes, 6 * 2 + 2 + 2, "claims and records, edits observed, finalizers: {told:?}");
    let unexpected: Vec<_> = told.events.keys().filter(|(_, reason)| !is_told(reason)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    one_each(&scene, &names(0..4), &[]).await;
    for dataset in scene.cloud().datasets() {
        let edited = ["d-0", "d-1"].contains(&dataset.name.as_str());
        assert_eq!(dataset.description.as_deref() == Some("edited"), edited, "{}", dataset.name);
    }
}

/// Events about an action that the user requested.
fn is_told(reason: &str) -> bool {
    ["Created", "Updated", "Deleted"].contains(&reason)
}

/// Lists that are wrong from the start of a term, and then again once the workspace is known.
async fn misleading(chaos: &str) {
    let mut scene = scene(chaos, json!({"pageSizeMax": 10})).await;
    let old = names(0..30);
    settle(&scene, &old).await;
    scene.stop_operator().await;
    turn(&scene, "listChaos", chaos);
    scene.start_operator().await;
    let before = scene.writes("datasets", None).await;
    scene.create("Dataset", "new", oss("new")).await;
    let message = scene.reason("Dataset", "new", "MalformedResponse").await;
    assert!(message.contains("workspace 478 is not known yet") && message.contains("read again"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (30, 0), "nothing is made while it may exist already");

    turn(&scene, "listChaos", "none");
    let all: Vec<_> = old.iter().cloned().chain(["new".to_owned()]).collect();
    one_each(&scene, &all, &[]).await;
    let writes = scene.writes("datasets", None).await - before;
    assert_eq!(writes, 3, "only the new one: why it waits, claim, record; the others have seen their own");

    turn(&scene, "listChaos", chaos);
    let more = names(30..33);
    create(&scene, &more).await;
    let all: Vec<_> = all.into_iter().chain(more).collect();
    one_each(&scene, &all, &[]).await;
    rounds(&scene, 1).await;
    let (call, writes) = (scene.last_call(), doings(&scene, 0).await.writes);
    rounds(&scene, 2).await;
    assert_eq!((scene.calls_after(call), doings(&scene, 0).await.writes), (json!({}), writes), "{}", scene.log_tail());
    assert_eq!(scene.calls("CreateDataset"), (34, 0));
    assert_eq!(scene.calls("GetDataset"), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_leave_out_items() {
    misleading("skip").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_repeat_items() {
    misleading("repeat").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_fails_half_way() {
    let mut scene = scene("half-way", json!({"pageSizeMax": 10})).await;
    let old = names(0..30);
    settle(&scene, &old).await;
    let second = || Fault { page: Some(2), count: 1000, ..fault("ListDatasets", Effect::Error, When::Before) };
    let call = scene.last_call();
    let before = doings(&scene, call).await;
    let ways = [Effect::Error, Effect::Reset, Effect::Garble];
    scene.faults(ways.map(|effect| Fault { count: 1, effect, ..second() }));
    scene.until("all faults struck", async |scene| scene.cloud().faults().is_empty()).await;
    rounds(&scene, 1).await;
    assert_eq!(doings(&scene, call).await, before, "settled objects notice nothing");

    scene.stop_operator().await;
    scene.faults([second()]);
    scene.start_operator().await;
    scene.create("Dataset", "new", oss("new")).await;
    let message = scene.reason("Dataset", "new", "CloudUnavailable").await;
    assert!(message.contains("ListDatasets") && message.contains("503"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (30, 0));
    scene.cloud().clear_faults();
    let all: Vec<_> = old.iter().cloned().chain(["new".to_owned()]).collect();
    one_each(&scene, &all, &[]).await;
    assert_eq!(
        scene.writes("datasets", None).await,
        before.writes + 3,
        "only the new one: why it waits, claim, record"
    );
    assert_eq!(scene.calls("CreateDataset"), (31, 0));
    assert_eq!(scene.calls("GetDataset"), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_list_that_takes_longer_than_5_s_is_no_news_to_settled_objects() {
    let mut scene = scene("slow-list", json!({})).await;
    let all = names(0..30);
    settle(&scene, &all).await;
    scene.stop_operator().await;
    let writes = scene.writes("datasets", None).await;
    // The first page alone, then 29 of them, 8 at a time.
    scene.cloud().set_knobs(|knobs| (knobs.page_size_max, knobs.latency_ms) = (1, 1500));
    scene.start_operator().await;
    scene.until("the first list", async |scene| swept(scene).await >= 1).await;
    scene.cloud().set_knobs(|knobs| (knobs.page_size_max, knobs.latency_ms) = (100, 0));
    scene.edit("Dataset", "d-29", json!({"description": "edited"})).await;
    assert_eq!(scene.writes("datasets", None).await, writes + 1, "one edit observed");
    one_each(&scene, &all, &[]).await;
}
