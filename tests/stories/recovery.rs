//! etcd is put back to an older snapshot. What it does not know any more is found again by its mark, what it knows
//! again is made right, and what nobody stands for now is reported; nothing is made twice and nothing is deleted.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use pai_emulator::Emulator;
use serde_json::{Value, json};

use crate::cluster::{Cluster, calls_after, cloud, last_call};
use crate::looks::version_of;
use crate::scene::{WORKSPACE, dataset_id, oss, status};

fn described(name: &str, more: Value) -> Value {
    let mut spec = oss(name);
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

/// A dataset that someone made in the console.
fn foreign(cloud: &Emulator, name: &str) -> String {
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": oss(name)["uri"],
    });
    cloud.console("POST", "/api/v1/datasets", &body).unwrap()["DatasetId"].as_str().unwrap().to_owned()
}

/// What was made after the snapshot for objects that are in it.
const FOUND: [&str; 4] = ["edited", "claimed", "unseen", "adopter"];

/// The remotes of the objects that the snapshot has, by object.
async fn remotes(cluster: &Cluster) -> BTreeMap<&'static str, String> {
    let mut ids = BTreeMap::new();
    for name in FOUND {
        ids.insert(name, dataset_id(&cluster.ready("Dataset", name).await));
    }
    let version = cluster.ready("DatasetVersion", "second").await;
    ids.insert("second", format!("{}/{}", dataset_id(&version), status(&version, "versionName")));
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_put_back_costs_no_dataset_and_makes_none_twice() {
    let cloud = cloud().await;
    let Some(mut cluster) = Cluster::start(&cloud, "shop", &[]).await else { return };
    cluster.start_operator().await;
    cluster.create("Dataset", "edited", described("edited", json!({"description": "old"}))).await;
    cluster.create("Dataset", "deleted", oss("deleted")).await;
    cluster.create("Dataset", "remade", described("remade", json!({"onExternalDeletion": "Recreate"}))).await;
    cluster.create("Dataset", "retained", described("retained", json!({"deletionPolicy": "Retain"}))).await;
    for name in ["edited", "deleted", "remade", "retained"] {
        cluster.ready("Dataset", name).await;
    }
    cluster.kill_operator();
    // Announced, but not sent.
    cluster.create("Dataset", "claimed", oss("claimed")).await;
    cluster.crash_at("before Create").await;
    // Not even seen.
    cluster.create("Dataset", "unseen", oss("unseen")).await;
    let theirs = foreign(&cloud, "adopter");
    cluster.create("Dataset", "adopter", described("adopter", json!({"adoption": {"datasetId": theirs}}))).await;
    cluster.create("DatasetVersion", "second", version_of("edited", "v2")).await;
    let snapshot = cluster.snapshot();

    // Life goes on.
    cluster.start_operator().await;
    let ids = remotes(&cluster).await;
    cluster.edit("Dataset", "edited", json!({"description": "new"})).await;
    cluster.ready("Dataset", "edited").await;
    cluster.delete("Dataset", &["deleted", "remade", "retained"]).await;
    cluster.create("Dataset", "new", oss("new")).await;
    let new = dataset_id(&cluster.ready("Dataset", "new").await);
    cluster.kill_operator();
    let before = cloud.datasets();
    assert_eq!(before.len(), 6, "four found again, one retained, one new");

    let (call, writes) = (last_call(&cloud), cluster.writes("datasets").await);
    cluster.restore(&snapshot).await;
    cluster.start_operator().await;
    assert_eq!(remotes(&cluster).await, ids, "found again, each one");
    for (name, origin, recovered) in [("unseen", "Created", true), ("claimed", "Created", true), ("adopter", "Adopted", true)] {
        let object = cluster.ready("Dataset", name).await;
        assert_eq!((status(&object, "origin").as_str(), object.data["status"]["recovered"] == true), (origin, recovered), "{name}");
    }
    // What was deleted since is not there again by itself.
    let message = cluster.reason("Dataset", "deleted", "RemoteDeleted").await;
    assert!(message.contains("Recreate"), "{message}");
    let remade = dataset_id(&cluster.ready("Dataset", "remade").await);
    let retained = dataset_id(&cluster.ready("Dataset", "retained").await);
    let described = |id: &str| cloud.dataset(id).unwrap().description;
    assert_eq!(described(&ids["edited"]).as_deref(), Some("old"), "the spec of then");
    let released = |id: &str| cloud.dataset(id).unwrap().labels.iter().any(|label| label.key == "dso-released");
    assert!(!released(&retained));
    cluster.until_metric("pai_index_orphans", 1).await;
    cluster.rounds(2).await;
    let [(message, 1)] = &cluster.told("OrphanFound").await[..] else { panic!("{:?}", cluster.told("OrphanFound").await) };
    assert!(message.contains(&new), "{message}");
    let calls = calls_after(&cloud, call);
    println!("calls {calls}, writes {}", cluster.writes("datasets").await - writes);
    assert_eq!(calls["CreateDataset"], 1, "the one that is remade: {calls}");
    assert_eq!(calls["UpdateDataset"], 1, "{calls}");
    for never in ["CreateDatasetVersion", "DeleteDataset", "DeleteDatasetVersion"] {
        assert_eq!(calls[never], Value::Null, "{calls}");
    }
    let now: Vec<_> = cloud.datasets().into_iter().map(|dataset| dataset.dataset_id).collect();
    let then = before.iter().map(|dataset| dataset.dataset_id.clone()).chain([remade.clone()]);
    assert_eq!(now, then.collect::<Vec<_>>());

    // Once more, under an operator that goes on: it notices that time went back.
    cluster.create("Dataset", "newer", oss("newer")).await;
    cluster.ready("Dataset", "newer").await;
    let call = last_call(&cloud);
    cluster.restore(&snapshot).await;
    cluster.edit("Dataset", "edited", json!({"description": "newest"})).await;
    assert_eq!(remotes(&cluster).await, ids);
    assert_eq!(dataset_id(&cluster.ready("Dataset", "remade").await), remade, "the one that was made in its place");
    cluster.until_metric("pai_index_orphans", 2).await;
    cluster.reason("Dataset", "deleted", "RemoteDeleted").await;
    cluster.rounds(2).await;
    assert_eq!(described(&ids["edited"]).as_deref(), Some("newest"));
    let calls = calls_after(&cloud, call);
    println!("calls {calls}");
    assert_eq!(calls["UpdateDataset"], 1, "{calls}");
    for never in ["CreateDataset", "CreateDatasetVersion", "DeleteDataset", "DeleteDatasetVersion"] {
        assert_eq!(calls[never], Value::Null, "{calls}");
    }
    let _: Option<DynamicObject> = None;
}
