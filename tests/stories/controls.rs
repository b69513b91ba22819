//! The annotations by which a person steers one object.

use kube::api::DynamicObject;
use pai_emulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

async fn one(name: &str) -> (Scene, String) {
    let scene = Scene::new(name).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    (scene, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_a_paused_object_waits_and_says_so() {
    let (scene, id) = one("paused").await;
    scene.annotate("Dataset", "one", "paused", json!("true")).await;
    let paused = |object: &DynamicObject| testbed::condition(object, "Paused").is_some();
    let object = scene.wait().object(&scene.datasets(), "one", "Paused", paused).await.unwrap();
    assert!(testbed::is_ready(&object), "nothing is outstanding: {}", object.data["status"]);

    let calls = scene.last_call();
    scene.patch("Dataset", "one", json!({"spec": {"description": "later"}})).await;
    let message = scene.reason("Dataset", "one", "Paused").await;
    assert!(message.contains("dataset-operator.dev/paused"), "{message}");
    let object = scene.get("Dataset", "one").await;
    assert_eq!(testbed::condition(&object, "Ready").unwrap().status, "False");
    assert_eq!(object.data["status"]["observedGeneration"], json!(object.metadata.generation));
    for absent in ["Stalled", "Reconciling"] {
        assert!(testbed::condition(&object, absent).is_none(), "{absent}");
    }
    assert_eq!(scene.calls_after(calls), json!({}));
    assert_eq!(scene.cloud().dataset(&id).unwrap().description, None);

    scene.annotate("Dataset", "one", "paused", Value::Null).await;
    let object = scene.ready("Dataset", "one").await;
    assert!(testbed::condition(&object, "Paused").is_none());
    assert_eq!(scene.cloud().dataset(&id).unwrap().description.as_deref(), Some("later"));
    assert_eq!(scene.calls_after(calls), json!({"UpdateDataset": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_is_not_understood_stops_and_says_what_to_write() {
    let (scene, id) = one("unclear").await;
    for (number, value) in ["yes", ""].into_iter().enumerate() {
        scene.annotate("Dataset", "one", "paused", json!(value)).await;
        let calls = scene.last_call();
        scene.patch("Dataset", "one", json!({"spec": {"description": format!("edit {number}")}})).await;
        let message = scene.reason("Dataset", "one", "Paused").await;
        let advice = format!("{value:?} is not understood and counts as \"true\": write \"true\" or \"false\"");
        assert!(message.contains(&advice), "{message}");
        scene.told("one", &["InvalidAnnotation", "Paused"]).await;
        assert_eq!(scene.calls_after(calls), json!({}));
        scene.annotate("Dataset", "one", "paused", json!("False")).await;
        scene.ready("Dataset", "one").await;
        assert_eq!(scene.cloud().dataset(&id).unwrap().description, Some(format!("edit {number}")));
        assert_eq!(scene.calls_after(calls), json!({"UpdateDataset": 1}));
    }
    // Other annotations without a meaning stop nothing, and the operator reports them too.
    scene.annotate("Dataset", "one", "poll-interval", json!("banana")).await;
    scene.annotate("Dataset", "one", "reconcile-requested-at", json!("")).await;
    scene.annotate("Dataset", "one", "force-release", json!("d-another")).await;
    for (key, advice) in
        [("poll-interval", "\"30m\""), ("reconcile-requested-at", "any new value"), ("force-release", id.as_str())]
    {
        let note = scene.told_of_annotation("one", key).await;
        assert!(note.contains(advice), "{note}");
    }
    assert!(testbed::is_ready(&scene.get("Dataset", "one").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_paused_from_the_start_creates_nothing() {
    let scene = Scene::new("pausednew").await;
    let mut manifest = scene.manifest("Dataset", "one", oss("one"));
    manifest["metadata"]["annotations"] = json!({"dataset-operator.dev/paused": "true"});
    scene.kubectl().run_with(&["apply", "-f", "-"], &manifest.to_string()).await.unwrap();
    scene.reason("Dataset", "one", "Paused").await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({}));
    scene.annotate("Dataset", "one", "paused", Value::Null).await;
    scene.ready("Dataset", "one").await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deletion_of_a_paused_object_waits_and_says_so() {
    let (scene, id) = one("pauseddelete").await;
    scene.annotate("Dataset", "one", "paused", json!("true")).await;
    scene.delete("Dataset", "one").await;
    let message = scene.reason("Dataset", "one", "Paused").await;
    assert!(message.contains(&id), "{message}");
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
    scene.annotate("Dataset", "one", "paused", Value::Null).await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_object_that_retains_goes_with_one_label_call_and_one_write() {
    let (scene, id) = one("pausedretain").await;
    scene.edit("Dataset", "one", json!({"deletionPolicy": "Retain"})).await;
    scene.annotate("Dataset", "one", "paused", json!("true")).await;
    let paused = |object: &DynamicObject| testbed::condition(object, "Paused").is_some();
    scene.wait().object(&scene.datasets(), "one", "Paused", paused).await.unwrap();
    let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("one")).await);
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls_after(calls), json!({"CreateDatasetLabels": 1}));
    assert_eq!(scene.writes("datasets", Some("one")).await - writes, 1);
    let remote = scene.cloud().dataset(&id).unwrap();
    assert!(remote.labels.iter().any(|label| label.key == "dso-released"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn force_release_lets_an_object_go_without_a_call() {
    let (scene, id) = one("force").await;
    let calls = scene.last_call();
    // A wrong id releases nothing: the deletion waits, as it is paused.
    scene.annotate("Dataset", "one", "paused", json!("true")).await;
    scene.annotate("Dataset", "one", "force-release", json!("d-another")).await;
    scene.delete("Dataset", "one").await;
    scene.reason("Dataset", "one", "Paused").await;
    scene.annotate("Dataset", "one", "force-release", json!(id)).await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls_after(calls), json!({}));
    assert!(scene.cloud().dataset(&id).is_some(), "the dataset stays as it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn force_release_none_lets_an_object_in_doubt_go_at_once() {
    let env = vec![("DATASET_OPERATOR_SETTLE_TIME", "10m".to_owned())];
    let scene = Scene::with("forcenone", Setting { env, ..Setting::default() }).await;
    scene.cloud().add_faults([Fault { effect: Effect::Garble, ..Fault::default() }]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.reason("Dataset", "one", "Uncertain").await;
    scene.delete("Dataset", "one").await;
    // Whether the create took effect is not known yet, so an id is the wrong answer.
    scene.annotate("Dataset", "one", "force-release", json!("d-another")).await;
    let call = scene.last_call();
    scene.annotate("Dataset", "one", "force-release", json!("none")).await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls_after(call), json!({}));
    assert_eq!(scene.calls("CreateDataset"), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_requested_reconcile_is_one_fresh_read_and_is_echoed() {
    let (scene, id) = one("request").await;
    let path = format!("/api/v1/datasets/{id}");
    for (moment, description) in [("2026-11-24T01:00:00Z", None), ("2026-11-24T02:00:00Z", Some("by hand"))] {
        if let Some(description) = description {
            scene.patch("Dataset", "one", json!({"spec": {"description": "ours"}})).await;
            scene.ready("Dataset", "one").await;
            scene.console("PUT", &path, json!({"Description": description}));
        }
        let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("one")).await);
        scene.annotate("Dataset", "one", "reconcile-requested-at", json!(moment)).await;
        let echoed = |object: &DynamicObject| object.data["status"]["lastHandledReconcileAt"] == moment;
        let object = scene.wait().object(&scene.datasets(), "one", "asked", echoed).await.unwrap();
        assert!(testbed::is_ready(&object));
        let expected =
            if description.is_some() { json!({"GetDataset": 1, "UpdateDataset": 1}) } else { json!({"GetDataset": 1}) };
        assert_eq!(scene.calls_after(calls), expected);
        assert_eq!(scene.writes("datasets", Some("one")).await - writes, 1);
    }
    assert_eq!(scene.cloud().dataset(&id).unwrap().description.as_deref(), Some("ours"));
}
