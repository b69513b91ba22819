//! A DatasetFileSet and its Dataset go, in each order, or a set is retained.

use pai_emulator::Knobs;
use serde_json::json;

use crate::files::{KIND, advanced, calls, files, set, with_flowers};
use crate::scene::dataset_id;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_set_leaves_all_as_it_is() {
    let (scene, _) = with_flowers("files-retain", Knobs::default(), &[]).await;
    scene.create(KIND, "one", set(files(0..3), json!({"deletionPolicy": "Retain"}))).await;
    scene.all_there("one").await;
    let before = (calls(&scene), scene.metas());
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    assert_eq!((calls(&scene), scene.metas()), before, "no call");
    // The same manifest goes on with them, and they are its own again.
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    scene.all_there("one").await;
    assert_eq!(calls(&scene), [2, 0, 1, 0, 0], "one more walk");
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_goes_with_all_its_files_in_one_call() {
    let (scene, id) = with_flowers("files-whole", Knobs::default(), &[]).await;
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    scene.all_there("one").await;
    let before = calls(&scene);
    // The Dataset goes first. The set waits for another one of its name.
    scene.delete("Dataset", "flowers").await;
    scene.gone("Dataset", "flowers").await;
    scene.reason(KIND, "one", "DependencyNotReady").await;
    scene.create("Dataset", "flowers", advanced("flowers")).await;
    assert_ne!(dataset_id(&scene.ready("Dataset", "flowers").await), id);
    scene.all_there("one").await;
    assert_eq!(calls(&scene), [before[0] + 1, 0, before[2] + 1, 0, 0], "it starts anew there");
    // Both go at once.
    scene.delete("Dataset", "flowers").await;
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    scene.gone("Dataset", "flowers").await;
    assert_eq!((calls(&scene)[4], scene.calls("DeleteDataset")), (0, (2, 0)), "nothing is deleted one by one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_goes_with_its_sets() {
    let (scene, _) = with_flowers("files-namespace", Knobs::default(), &[]).await;
    for name in ["one", "two"] {
        let from = if name == "one" { 0 } else { 10 };
        scene.create(KIND, name, set(files(from..from + 3), json!({}))).await;
        scene.all_there(name).await;
    }
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(scene.client.clone());
    namespaces.delete(&scene.namespace, &kube::api::DeleteParams::default()).await.unwrap();
    for name in ["one", "two"] {
        scene.gone(KIND, name).await;
    }
    scene.gone("Dataset", "flowers").await;
    assert_eq!(scene.cloud().datasets().len(), 0);
    assert_eq!(scene.metas().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_that_somebody_deleted_holds_no_finalizer() {
    let (scene, id) = with_flowers("files-gone", Knobs::default(), &[]).await;
    scene.create(KIND, "one", json!({"datasetId": id, "files": files(0..3)})).await;
    scene.all_there("one").await;
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), serde_json::Value::Null);
    scene.delete(KIND, "one").await;
    let wait = scene.wait_for(std::time::Duration::from_secs(60));
    wait.gone(&scene.api(KIND), "one").await.unwrap();
}
