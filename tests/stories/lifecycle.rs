//! The main job: a manifest becomes a dataset, an edit an update, a delete a delete, and nothing more.

use serde_json::json;

use crate::scene::{Scene, dataset_id, oss, status};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_that_was_made_from_another_waits_for_that_and_keeps_its_id() {
    let scene = Scene::new("source").await;
    let mut labelled = oss("labelled");
    labelled["sourceDatasetRef"] = json!({"name": "raw", "version": "v1"});
    scene.create("Dataset", "labelled", labelled.clone()).await;
    let message = scene.reason("Dataset", "labelled", "DependencyNotReady").await;
    assert_eq!(message, "Dataset raw does not exist in this namespace");
    scene.create("Dataset", "raw", oss("raw")).await;
    let raw = dataset_id(&scene.ready("Dataset", "raw").await);
    let object = scene.ready("Dataset", "labelled").await;
    assert_eq!(
        (status(&object, "sourceDatasetId"), status(&object, "sourceDatasetVersion")),
        (raw.clone(), "v1".into())
    );
    let remote = scene.cloud().dataset(&dataset_id(&object)).unwrap();
    assert_eq!((remote.source_dataset_id, remote.source_dataset_version), (Some(raw), Some("v1".to_owned())));

    // It was made, so it does not need the other any more; and what it was made from cannot change.
    scene.delete("Dataset", "raw").await;
    scene.gone("Dataset", "raw").await;
    scene.patch("Dataset", "labelled", json!({"spec": {"description": "by hand"}})).await;
    let edited = |object: &kube::api::DynamicObject| object.data["status"]["observedGeneration"] == 2;
    scene.wait().object(&scene.datasets(), "labelled", "edited", edited).await.unwrap();
    scene.ready("Dataset", "labelled").await;
    for (field, reference) in [("sourceDatasetRef", json!({"name": "other"})), ("version", json!({"version": "v2"}))] {
        let mut other = labelled.clone();
        other["sourceDatasetRef"].as_object_mut().unwrap().extend(reference.as_object().unwrap().clone());
        let refused = scene.try_apply("Dataset", "labelled", other).await.unwrap_err().to_string();
        assert!(refused.contains(field) && refused.contains("cannot change once the dataset exists"), "{refused}");
    }
}
