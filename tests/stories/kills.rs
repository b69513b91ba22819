//! The operator dies between any two effects of an edit or a deletion: what was done is seen and not repeated. The crash
//! matrix kills it within creates.

use futures::future::join_all;
use pai_emulator::NameScope;
use serde_json::json;

use crate::scene::{Scene, dataset_id, oss};

/// Dies at `point` while it carries out an edit of members and labels.
async fn update_survives(point: &str) {
    let mut scene = Scene::with_names("kill-update", NameScope::Workspace).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.stop_operator().await;
    let edit = json!({"spec": {"description": "new", "labels": [{"key": "team", "value": "vision"}]}});
    scene.patch("Dataset", "one", edit).await;
    scene.crash_at(point).await;
    scene.start_operator().await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(dataset_id(&object), id);
    assert_eq!(object.data["status"]["appliedLabelKeys"], json!(["team"]), "{point}");
    assert_eq!(scene.cloud().dataset(&id).unwrap().description.as_deref(), Some("new"), "{point}");
    assert_eq!(scene.label_of(&id, "team").as_deref(), Some("vision"), "{point}");
    assert_eq!(scene.calls("UpdateDataset"), (1, 0), "{point}: what was done is seen and not repeated");
    scene.exactly_one_each(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_an_update_is_made_good() {
    join_all(["before Change", "after Change", "before Report", "after Report"].map(update_survives)).await;
}

/// Dies at `point` while it deletes.
async fn delete_survives(point: &str, deletes: u64) {
    let mut scene = Scene::with_names("kill-delete", NameScope::Workspace).await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene.stop_operator().await;
    scene.delete("Dataset", "one").await;
    scene.crash_at(point).await;
    scene.start_operator().await;
    scene.gone("Dataset", "one").await;
    assert!(scene.cloud().datasets().is_empty(), "{point}");
    assert_eq!(scene.calls("DeleteDataset"), (deletes, 0), "{point}");
    assert_eq!(scene.calls("CreateDataset"), (1, 0), "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_delete_leaves_none() {
    let points = [
        "before Read",
        "after Read",
        "before Delete",
        "after Delete",
        "before RemoveFinalizer",
        "after RemoveFinalizer",
    ];
    join_all(points.map(|point| delete_survives(point, 1))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_letting_go_keeps_the_dataset_and_says_so_once() {
    let scenes = ["before Release", "after Release", "before RemoveFinalizer"].map(async |point| {
        let mut scene = Scene::new("kill-retain").await;
        let mut spec = oss("one");
        spec["deletionPolicy"] = json!("Retain");
        scene.create("Dataset", "one", spec).await;
        let id = dataset_id(&scene.ready("Dataset", "one").await);
        scene.stop_operator().await;
        scene.delete("Dataset", "one").await;
        scene.crash_at(point).await;
        scene.start_operator().await;
        scene.gone("Dataset", "one").await;
        assert!(scene.label_of(&id, "dso-released").is_some(), "{point}");
        assert_eq!(scene.calls("CreateDatasetLabels"), (1, 0), "{point}");
        assert_eq!(scene.calls("DeleteDataset"), (0, 0), "{point}");
    });
    join_all(scenes).await;
}
