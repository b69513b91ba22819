//! Removal: deletes share their reads, wait out an outage, and believe what is gone.

use std::time::Duration;

use serde_json::Value;

use crate::scene::{Scene, dataset_id, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_deletes_at_once_share_their_reads() {
    let scene = Scene::new("many").await;
    let names: Vec<_> = (0..20).map(|n| format!("d{n}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    scene.exactly_one_each(&names).await;
    futures::future::join_all(names.iter().map(|name| scene.delete("Dataset", name))).await;
    for name in &names {
        scene.gone("Dataset", name).await;
    }
    assert!(scene.cloud().datasets().is_empty());
    assert_eq!(scene.calls("DeleteDataset"), (20, 0));
    let (lists, reads) = (scene.calls("ListDatasets").0, scene.calls("GetDataset").0);
    println!("20 deletes: {lists} lists (one is the first sweep), {reads} single reads");
    assert!(lists + reads <= 12, "{lists} lists, {reads} reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_during_an_outage_waits_and_ends() {
    let mut scene = Scene::new("later").await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene
        .without_cloud(async |scene| {
            scene.delete("Dataset", "one").await;
            scene.reason("Dataset", "one", "CloudUnavailable").await;
        })
        .await;
    scene.wait_for(Duration::from_secs(40)).gone(&scene.datasets(), "one").await.unwrap();
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_whose_remote_is_gone_already_just_goes() {
    let scene = Scene::new("gone").await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (0, 0), "the console's own call is not in the log");
}
