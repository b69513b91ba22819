//! The operator dies between any two effects: there is still exactly one dataset, or none when it is deleted.

use futures::future::join_all;
use pai_emulator::{Knobs, NameScope};
use serde_json::json;

use crate::scene::{Scene, Setting, dataset_id, oss};

async fn asleep(name: &str, scope: NameScope) -> Scene {
    let knobs = Knobs { name_scope: scope, ..Knobs::default() };
    Scene::with(name, Setting { knobs, without_operator: true, ..Setting::default() }).await
}

/// Dies at `point` while it creates; the next process ends it, and a deletion leaves nothing.
async fn create_survives(point: &str, scope: NameScope) {
    let mut scene = asleep("kill-create", scope).await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.crash_at(point).await;
    scene.start_operator().await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0), "{point}");
    scene.in_order("one").await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert!(scene.cloud().datasets().is_empty(), "{point}");
    assert_eq!(scene.calls("DeleteDataset"), (1, 0), "{point}");
}

const CREATE: [&str; 6] =
    ["before Claim", "after Claim", "before Create", "after Create", "before Record", "after Record"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_create_makes_exactly_one() {
    join_all(CREATE.map(|point| create_survives(point, NameScope::None))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_create_makes_exactly_one_where_names_are_unique() {
    join_all(CREATE.map(|point| create_survives(point, NameScope::Workspace))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_kill_while_the_doubt_lasts_changes_nothing() {
    let mut scene = asleep("kill-twice", NameScope::None).await;
    scene.create("Dataset", "one", oss("one")).await;
    for point in ["after Claim", "before FindOwned", "after FindOwned", "after Create", "before Record"] {
        scene.crash_at(point).await;
    }
    scene.start_operator().await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

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
