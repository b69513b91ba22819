//! Versions: made once each, edited and deleted singly, and v1 bound without owning its life.

use std::time::{Duration, Instant};

use kube::api::DynamicObject;
use pai_emulator::knobs::Write;
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::looks::{labels_of, version_of};
use crate::scene::{Scene, Setting, dataset_id, oss, status};

/// A scene with a Dataset `parent` that is Ready; returns its id.
async fn with_parent(name: &str, knobs: Knobs) -> (Scene, String) {
    let scene = Scene::with(name, Setting { knobs, ..Setting::default() }).await;
    scene.create("Dataset", "parent", oss("parent")).await;
    let id = dataset_id(&scene.ready("Dataset", "parent").await);
    (scene, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_one_create_two_writes_and_its_deletion_one_call_one_read_one_write() {
    let (scene, id) = with_parent("version", Knobs::default()).await;
    let calls = scene.last_call();
    scene.create("DatasetVersion", "second", version_of("parent", "v2")).await;
    let object = scene.ready("DatasetVersion", "second").await;
    assert_eq!((dataset_id(&object), status(&object, "versionName")), (id.clone(), "v2".to_owned()));
    assert_eq!(scene.calls_after(calls), json!({"CreateDatasetVersion": 1}));
    assert_eq!(scene.writes("datasetversions", Some("second")).await, 2, "claim and record");
    let newest = |object: &DynamicObject| object.data["status"]["latestVersion"] == "v2";
    scene.wait().object(&scene.datasets(), "parent", "shown with its newest version", newest).await.unwrap();
    assert_eq!(scene.writes("datasets", Some("parent")).await, 3, "its own two, and that there is a newer version");
    let remote = scene.cloud().dataset(&id).unwrap();
    assert_eq!(remote.version("v2").unwrap().uri, "oss://bucket.oss-cn-hangzhou.aliyuncs.com/v2/");
    assert_eq!(remote.uri, oss("parent")["uri"], "the dataset's own does not move");

    let calls = scene.last_call();
    scene.delete("DatasetVersion", "second").await;
    scene.gone("DatasetVersion", "second").await;
    assert_eq!(scene.calls_after(calls), json!({"DeleteDatasetVersion": 1, "GetDatasetVersion": 1}));
    assert_eq!(scene.writes("datasetversions", Some("second")).await, 3, "and the finalizer");
    assert_eq!(scene.cloud().dataset(&id).unwrap().versions.len(), 1, "v1 stays");
    assert_eq!(scene.writes("datasets", Some("parent")).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_at_once_are_two_versions() {
    let (scene, id) = with_parent("twoversions", Knobs::default()).await;
    scene.cloud().add_faults([Fault {
        operation: "CreateDatasetVersion".to_owned(),
        effect: Effect::Delay,
        when: When::After,
        delay_ms: 500,
        count: 2,
        ..Fault::default()
    }]);
    let calls = scene.last_call();
    tokio::join!(
        scene.create("DatasetVersion", "a", version_of("parent", "a")),
        scene.create("DatasetVersion", "b", version_of("parent", "b")),
    );
    let mut names = Vec::new();
    for name in ["a", "b"] {
        let object = scene.ready("DatasetVersion", name).await;
        let version = status(&object, "versionName");
        let remote = scene.cloud().dataset(&id).unwrap();
        assert_eq!(remote.version(&version).unwrap().uri, object.data["spec"]["uri"], "{name}");
        names.push(version);
    }
    names.sort();
    assert_eq!(names, ["v2", "v3"]);
    assert_eq!(scene.calls_after(calls), json!({"CreateDatasetVersion": 2}));
    assert_eq!(scene.writes("datasetversions", None).await, 4);
}

/// Labels of others survive an edit, whether the PUT of version labels adds or replaces.
async fn edited(put: Write) {
    let (scene, id) = with_parent("versionedit", Knobs { version_labels_put: put, ..Knobs::default() }).await;
    let mut spec = version_of("parent", "v2");
    spec["description"] = json!("before");
    spec["labels"] = json!([{"key": "drop", "value": "1"}, {"key": "turn", "value": "1"}]);
    scene.create("DatasetVersion", "second", spec).await;
    scene.ready("DatasetVersion", "second").await;
    let mut labels: Vec<_> = scene.cloud().dataset(&id).unwrap().version("v2").unwrap().labels.clone();
    labels.push(pai_emulator::Label { key: "foreign".to_owned(), value: "theirs".to_owned() });
    let body = json!({"Labels": labels});
    scene.console("PUT", &format!("/api/v1/datasets/{id}/versions/v2/labels"), body);

    let (calls, writes) = (scene.last_call(), scene.writes("datasetversions", None).await);
    let edit = json!({"description": "after", "dataCount": 7,
                      "labels": [{"key": "turn", "value": "2"}, {"key": "new", "value": "1"}]});
    let object = scene.edit("DatasetVersion", "second", edit).await;
    let made = scene.calls_after(calls);
    let expected = json!({"UpdateDatasetVersion": 1, "CreateDatasetVersionLabels": 1, "DeleteDatasetVersionLabels": 1,
                          "GetDatasetVersion": 1});
    assert_eq!(scene.writes("datasetversions", None).await - writes, 1);
    assert_eq!(object.data["status"]["appliedLabelKeys"], json!(["new", "turn"]));
    let remote = scene.cloud().dataset(&id).unwrap();
    let version = remote.version("v2").unwrap();
    assert_eq!((version.description.as_deref(), version.data_count), (Some("after"), Some(7)));
    assert_eq!(labels_of(&version.labels), json!({"turn": "2", "new": "1", "foreign": "theirs"}));
    assert_eq!(version.labels.iter().filter(|label| label.key.starts_with("dso-")).count(), 3, "the mark stays");
    assert_eq!(remote.description, None, "the dataset's own description is another");
    assert_eq!(made, expected, "the read before the full set of labels is sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_a_version_keeps_the_labels_of_others() {
    edited(Write::Upsert).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_a_version_keeps_the_labels_of_others_even_if_a_put_replaces_them() {
    edited(Write::Replace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v1_is_bound_edited_and_released_without_being_owned() {
    let (scene, id) = with_parent("bindv1", Knobs::default()).await;
    scene.label_by_hand(&format!("{id}/versions/v1"), "foreign", "theirs");
    let calls = scene.last_call();
    let spec = json!({"datasetRef": {"name": "parent"}, "adoption": {"versionName": "v1"}, "description": "the first",
                      "dataSize": 5, "labels": [{"key": "light", "value": "day"}]});
    scene.create("DatasetVersion", "first", spec).await;
    let object = scene.ready("DatasetVersion", "first").await;
    assert_eq!((dataset_id(&object), status(&object, "versionName")), (id.clone(), "v1".to_owned()));
    let remote = scene.cloud().dataset(&id).unwrap();
    let first = remote.version("v1").unwrap();
    assert_eq!((first.description.as_deref(), first.data_size), (Some("the first"), Some(5)));
    let shown: Vec<_> = first.labels.iter().map(|label| label.key.as_str()).collect();
    assert!(shown.iter().all(|key| !key.starts_with("dso-")), "v1 is not marked: {shown:?}");
    assert_eq!(labels_of(&first.labels), json!({"light": "day", "foreign": "theirs"}));
    let made = scene.calls_after(calls);
    assert_eq!(made["UpdateDatasetVersion"], 1, "{made}");
    assert_eq!(made["CreateDatasetVersionLabels"], 1, "{made}");
    println!("binding v1: {made}, {} writes", scene.writes("datasetversions", None).await);

    let calls = scene.last_call();
    scene.edit("DatasetVersion", "first", json!({"description": "still the first"})).await;
    assert_eq!(scene.calls_after(calls), json!({"UpdateDatasetVersion": 1}));

    // The message to a Dataset that sets the same members names the DatasetVersion that sets them.
    scene.patch("Dataset", "parent", json!({"spec": {"versionDescription": "mine"}})).await;
    let message = scene.reason("Dataset", "parent", "InvalidSpec").await;
    assert!(message.contains("first"), "{message}");
    scene.edit("Dataset", "parent", json!({"versionDescription": null})).await;

    let calls = scene.last_call();
    let writes = scene.writes("datasetversions", None).await;
    scene.delete("DatasetVersion", "first").await;
    scene.gone("DatasetVersion", "first").await;
    assert_eq!(scene.calls_after(calls), json!({}));
    assert_eq!(scene.writes("datasetversions", None).await, writes);
    let remote = scene.cloud().dataset(&id).unwrap();
    assert_eq!(remote.version("v1").unwrap().description.as_deref(), Some("still the first"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_object_that_binds_v1_is_told_of_the_first() {
    let (scene, _) = with_parent("bindtwice", Knobs::default()).await;
    let spec = json!({"datasetRef": {"name": "parent"}, "adoption": {"versionName": "v1"}});
    scene.create("DatasetVersion", "one", spec.clone()).await;
    scene.ready("DatasetVersion", "one").await;
    scene.create("DatasetVersion", "two", spec).await;
    let message = scene.reason("DatasetVersion", "two", "OwnedByOther").await;
    assert!(message.contains("/one"), "{message}");
    scene.delete("DatasetVersion", "one").await;
    scene.gone("DatasetVersion", "one").await;
    scene.ready("DatasetVersion", "two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_before_its_dataset_waits_with_a_reason_and_then_goes_on_at_once() {
    let scene = Scene::new("early").await;
    let applied = Instant::now();
    scene.create("DatasetVersion", "early", version_of("late", "v2")).await;
    let message = scene.reason("DatasetVersion", "early", "DependencyNotReady").await;
    assert!(applied.elapsed() < Duration::from_secs(8), "said after {:?}", applied.elapsed());
    assert!(message.contains("Dataset late does not exist"), "{message}");
    assert_eq!(json!(scene.calls_without_sweeps()), json!({}));

    scene.create("Dataset", "late", oss("late")).await;
    scene.ready("Dataset", "late").await;
    let parent = Instant::now();
    scene.ready("DatasetVersion", "early").await;
    let after = parent.elapsed();
    assert!(after < Duration::from_secs(1), "Ready {after:?} after its Dataset");
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1, "CreateDatasetVersion": 1}));
    let writes = scene.writes("datasetversions", Some("early")).await;
    assert_eq!(writes, 3, "what it waits for, claim and record");
    println!("a waiting version is Ready {after:?} after its Dataset");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applied_together_a_version_says_nothing_and_follows_its_dataset() {
    let scene = Scene::new("together").await;
    let (dataset, version) =
        (scene.manifest("Dataset", "d", oss("d")), scene.manifest("DatasetVersion", "v", version_of("d", "v2")));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [version, dataset]}).to_string();
    scene.kubectl().run_with(&["apply", "-n", &scene.namespace, "-f", "-"], &list).await.unwrap();
    scene.ready("DatasetVersion", "v").await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1, "CreateDatasetVersion": 1}));
    assert_eq!(scene.writes("datasetversions", None).await, 2);
}
