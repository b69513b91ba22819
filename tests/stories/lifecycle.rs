//! The main job: a manifest becomes a dataset, an edit an update, a delete a delete, and nothing more.

use serde_json::json;

use crate::scene::{Scene, dataset_id, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apply_id_delete() {
    let scene = Scene::new("create").await;
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    let id = dataset_id(&object);
    let remote = scene.cloud().dataset(&id).expect("the dataset of status exists");
    assert_eq!(remote.name, "one");
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, 2, "claim and record");

    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert!(scene.cloud().datasets().is_empty());
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
    assert_eq!(scene.calls("GetDataset"), (1, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, 3, "and the finalizer");
    println!("fault-free create and delete: {} and {} writes", json!(scene.calls_without_sweeps()), 3);
}
