//! Orphans: datasets with this operator's mark that have no object. Only an operator that sees all namespaces can recognise
//! them, so this story has its own control plane.

use kube::ResourceExt;
use kube::api::{DynamicObject, Patch, PatchParams};
use pai_emulator::{Emulator, Options};
use serde_json::json;

use crate::cluster::{Cluster, cloud};
use crate::duplicates::HASTY;
use crate::scene::{WORKSPACE, dataset_id, oss};
use crate::trouble::{INTENT, late};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_object_stands_for_is_told_once_and_left_alone() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let Some(mut cluster) = Cluster::start().await else { return };
    cluster.work_on(&emulator, &[]);
    cluster.start_operator().await;
    cluster.in_namespace("team-b").await;
    cluster.create("Dataset", "elsewhere", oss("elsewhere")).await;
    cluster.ready("Dataset", "elsewhere").await;
    cluster.in_namespace("team-a").await;
    for name in ["lost", "kept"] {
        cluster.create("Dataset", name, oss(name)).await;
    }
    let lost = dataset_id(&cluster.ready("Dataset", "lost").await);
    cluster.ready("Dataset", "kept").await;
    // A copy of its mark with `dso-released` is not reported.
    let labels = emulator.dataset(&lost).unwrap().labels.into_iter().map(|label| (label.key, label.value));
    let labels = labels.chain([("dso-released".to_owned(), "true".to_owned())]);
    let labels: Vec<_> = labels.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let released = json!({
        "Name": "released", "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": oss("released")["uri"], "Labels": labels,
    });
    emulator.console("POST", "/api/v1/datasets", &released).unwrap();

    // While no operator runs, the object and its finalizer are removed.
    cluster.stop_operator().await;
    let finalizers = Patch::Merge(json!({"metadata": {"finalizers": []}}));
    cluster.api("Dataset").patch("lost", &PatchParams::default(), &finalizers).await.unwrap();
    cluster.delete("Dataset", &["lost"]).await;
    let before = emulator.datasets();
    cluster.start_operator().await;
    cluster.until_metric("pai_index_orphans", 1).await;
    let events = async |cluster: &Cluster, least: usize| {
        let told = async || Ok(Some(cluster.told("OrphanFound").await).filter(|told| told.len() >= least));
        cluster.wait().until("events", told).await.unwrap()
    };
    let first = events(&cluster, 1).await;
    cluster.rounds(3).await;
    assert_eq!(cluster.told("OrphanFound").await, first, "it is told once");
    let [(message, 1)] = &first[..] else { panic!("{first:?}") };
    assert!(message.contains(&lost) && message.contains("adoption.datasetId"), "{message}");
    assert_eq!(emulator.datasets(), before, "it is left alone, and so are the others");

    // A user who follows the advice gets the dataset back.
    let mut spec = oss("lost");
    spec["adoption"] = json!({"datasetId": lost});
    cluster.create("Dataset", "lost", spec).await;
    assert_eq!(dataset_id(&cluster.ready("Dataset", "lost").await), lost);
    cluster.until_metric("pai_index_orphans", 0).await;
    assert_eq!(emulator.datasets().len(), before.len());

    // Many at once, as after half a cluster was lost, are ten events and a count.
    let mut all = serde_json::to_value(emulator.datasets()).unwrap();
    let more = (0..12).map(|number| {
        let mut copy = serde_json::to_value(emulator.dataset(&lost).unwrap()).unwrap();
        copy["DatasetId"] = json!(format!("d-{number:018}"));
        let attempt = copy["Labels"].as_array_mut().unwrap().iter_mut().find(|label| label["Key"] == "dso-attempt");
        attempt.unwrap()["Value"] = json!(format!("c1.uid-{number}.cluster.mac"));
        copy
    });
    all.as_array_mut().unwrap().extend(more);
    emulator.set_state(serde_json::from_value(json!({ "datasets": all })).unwrap()).unwrap();
    cluster.until_metric("pai_index_orphans", 12).await;
    let told = events(&cluster, 12).await;
    assert_eq!(told.iter().filter(|(_, times)| *times == 1).count(), 12, "{told:?}");
    assert!(told.iter().any(|(message, _)| message.starts_with("2 more datasets or versions")), "{told:?}");
    cluster.stop_operator().await;
    a_create_that_comes_too_late_leaves_one(&mut cluster).await;
}

/// No protocol can prevent this: a create takes effect after the settle time, and its object is gone.
async fn a_create_that_comes_too_late_leaves_one(cluster: &mut Cluster) {
    let cloud = cloud().await;
    cluster.work_on(&cloud, &HASTY);
    cluster.start_operator().await;
    cluster.in_namespace("team-c").await;
    cloud.add_faults([late("CreateDataset", 6000)]);
    cluster.create("Dataset", "late", oss("late")).await;
    let claimed = |object: &DynamicObject| object.annotations().contains_key(INTENT);
    cluster.wait().object(&cluster.api("Dataset"), "late", "claimed", claimed).await.unwrap();
    cluster.delete("Dataset", &["late"]).await;
    assert_eq!(cloud.datasets(), [], "the create is still on its way");
    cluster.until_metric("pai_index_orphans", 1).await;
    cluster.rounds(3).await;
    let there = cloud.datasets();
    let [left] = &there[..] else { panic!("{there:?}") };
    let told = cluster.told("OrphanFound").await;
    assert!(told.iter().any(|(message, _)| message.contains(&left.dataset_id)), "{told:?}");
    cluster.stop_operator().await;
}
