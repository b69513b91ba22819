//! Settled objects are silent: a restart and a resync write nothing and read only lists.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};

use crate::looks::version_of;
use crate::scene::{Scene, Setting, oss};

/// Creates objects of a kind side by side and waits until all are Ready.
async fn settle(scene: &Scene, kind: &str, objects: Vec<(String, Value)>) {
    let names: Vec<_> = objects.iter().map(|(name, _)| name.clone()).collect();
    let created = futures::stream::iter(objects).map(|(name, spec)| async move {
        scene.create(kind, &name, spec).await;
    });
    created.buffer_unordered(20).collect::<Vec<()>>().await;
    for name in names {
        scene.ready(kind, &name).await;
    }
}

/// 200 objects of all sorts: 180 Datasets, 19 DatasetVersions and one that binds v1.
async fn two_hundred(scene: &Scene) {
    let datasets = (0..180).map(|number| {
        let name = format!("d-{number}");
        let mut spec = oss(&name);
        if number % 3 == 0 {
            spec["labels"] = json!([{"key": "number", "value": number.to_string()}]);
            spec["options"] = json!("{\"mountPath\": \"/mnt/data/\"}");
            spec["versionDescription"] = json!("first");
        }
        (name, spec)
    });
    settle(scene, "Dataset", datasets.collect()).await;
    // d-0 and d-3 manage their v1 beside later versions; d-1's v1 is bound beside one.
    let versions = (0..19).map(|number| {
        let parent = ["d-0", "d-1", "d-2", "d-3"][number % 4];
        let mut spec = version_of(parent, &format!("v{number}"));
        spec["labels"] = json!([{"key": "number", "value": number.to_string()}]);
        (format!("v-{number}"), spec)
    });
    settle(scene, "DatasetVersion", versions.collect()).await;
    let first = json!({"datasetRef": {"name": "d-1"}, "adoption": {"versionName": "v1"}, "description": "bound"});
    settle(scene, "DatasetVersion", vec![("bound".to_owned(), first)]).await;
}

async fn writes(scene: &Scene) -> usize {
    scene.writes("datasets", None).await + scene.writes("datasetversions", None).await
}

/// Passes that the operator has ended, by its own metrics.
async fn passes(scene: &Scene) -> u64 {
    let metrics = scene.metrics().await;
    let counts = metrics.lines().filter(|line| line.starts_with("controller_runtime_reconcile_total{"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_200_settled_objects_writes_nothing_and_only_lists() {
    let mut scene = Scene::new("restart").await;
    two_hundred(&scene).await;
    let made = scene.calls_without_sweeps();
    assert_eq!((made["CreateDataset"], made["CreateDatasetVersion"]), (180, 19));
    assert_eq!(scene.writes("datasets", Some("d-9")).await, 2);
    scene.quiet().await;
    scene.stop_operator().await;

    let (before, call) = (writes(&scene).await, scene.last_call());
    let lists = scene.calls("ListDatasets").0;
    scene.start_operator().await;
    scene.until("a pass of all 200", async |scene| passes(scene).await >= 200).await;
    // Once all have looked and the workspace is known, nothing is under way any more.
    let quiet = scene.quiet().await;
    assert_eq!(writes(&scene).await, before);
    let calls = scene.calls_after(call);
    let others: Vec<_> = calls.as_object().unwrap().keys().filter(|name| !name.starts_with("List")).collect();
    assert!(others.is_empty(), "{calls}");
    let lists = scene.calls("ListDatasets").0 - lists;
    assert_eq!(lists, 2, "180 datasets are two pages");
    println!("restart with 200 settled objects: 0 writes, {lists} ListDatasets, {calls}, {quiet} passes");
    scene.delete("Dataset", "d-179").await;
    scene.gone("Dataset", "d-179").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resync_of_settled_objects_is_the_sweep_and_nothing_else() {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let scene = Scene::with("resync", Setting { env, ..Setting::default() }).await;
    let datasets = (0..5).map(|number| (format!("d-{number}"), oss(&format!("d-{number}"))));
    settle(&scene, "Dataset", datasets.collect()).await;
    let versions = (0..3).map(|number| (format!("v-{number}"), version_of("d-0", &format!("v{number}"))));
    settle(&scene, "DatasetVersion", versions.collect()).await;
    // The first sweep after a create adds the members that the service computes.
    scene.sweeps(1).await;
    let passes_before = scene.quiet().await;
    let (before, call) = (writes(&scene).await, scene.last_call());
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(call), json!({}));
    assert_eq!(writes(&scene).await, before);
    assert_eq!(passes(&scene).await, passes_before, "a sweep that shows nothing new wakes nobody");
}

impl Scene {
    /// Waits until no pass has ended for a second; returns how many have.
    async fn quiet(&self) -> u64 {
        let mut last = (passes(self).await, Instant::now());
        let wait = self.wait();
        let rested = wait.until("the operator to be at rest", async || {
            let now = passes(self).await;
            if now != last.0 {
                last = (now, Instant::now());
            }
            Ok((last.1.elapsed() >= Duration::from_secs(1)).then_some(last.0))
        });
        rested.await.unwrap()
    }
}
