//! A cluster is lost, or left, and its objects are applied from Git into a new one: with the owner domain of the old one
//! the new one takes everything over, and without it nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use pai_emulator::{Dataset, Knobs, NameScope};
use serde_json::{Value, json};

use crate::cluster::{Cluster, changes_after};
use crate::inventory::rounds;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss, status};

/// The old cluster, whose operator goes on. Names may repeat, so that a duplicate could be seen.
async fn old(name: &str) -> Scene {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

/// The owner domain of a cluster whose operator has no `--owner-domain`.
async fn domain(scene: &Scene) -> String {
    let namespaces: Api<Namespace> = Api::all(scene.client.clone());
    namespaces.get("kube-system").await.unwrap().metadata.uid.unwrap()
}

/// The manifests in Git.
fn manifests(theirs: &str) -> Vec<(&'static str, &'static str, Value)> {
    let with = |name: &str, key: &str, value: Value| {
        let mut spec = oss(name);
        spec[key] = value;
        spec
    };
    vec![
        ("Dataset", "plain", oss("plain")),
        ("Dataset", "described", with("described", "description", json!("of Git"))),
        ("Dataset", "kept", with("kept", "deletionPolicy", json!("Retain"))),
        ("Dataset", "adopted", with("adopted", "adoption", json!({"datasetId": theirs}))),
        ("DatasetVersion", "second", version_of("plain", "v2")),
    ]
}

type Remotes = BTreeMap<&'static str, (String, String)>;

/// A new cluster with the same namespace, and the old one's remotes and origins, by object.
async fn leave(scene: &Scene, new: &mut Cluster, env: &[(&str, &str)]) -> (Remotes, String) {
    let theirs = scene.foreign("adopted", &[]);
    let mut there = Remotes::new();
    for (kind, name, spec) in manifests(&theirs) {
        scene.create(kind, name, spec).await;
        let object = scene.ready(kind, name).await;
        there.insert(name, (dataset_id(&object), status(&object, "origin")));
    }
    rounds(scene, 1).await;
    new.in_namespace(&scene.namespace).await;
    new.work_on(scene.cloud(), env);
    (there, theirs)
}

fn sorted(mut datasets: Vec<Dataset>) -> Vec<Dataset> {
    datasets.sort_by(|a, b| a.dataset_id.cmp(&b.dataset_id));
    datasets
}

/// Another domain: all existing datasets belong to another owner.
async fn without_the_domain(new: &mut Cluster) {
    let scene = old("stranger").await;
    let (there, _) = leave(&scene, new, &[]).await;
    let (before, writes) = (sorted(scene.cloud().datasets()), scene.writes("datasets", None).await);
    new.start_operator().await;
    // Where names are unique, the names are taken.
    scene.cloud().set_knobs(|knobs| knobs.name_scope = NameScope::Workspace);
    new.create("Dataset", "plain", oss("plain")).await;
    let message = new.reason("Dataset", "plain", "NameTaken").await;
    assert!(message.contains("plain"), "{message}");
    new.delete("Dataset", &["plain"]).await;
    let mut spec = oss("plain");
    spec["adoption"] = json!({"datasetId": there["plain"].0});
    new.create("Dataset", "taker", spec).await;
    let message = new.reason("Dataset", "taker", "OwnedByOther").await;
    assert!(message.contains(&there["plain"].0), "{message}");
    new.delete("Dataset", &["taker"]).await;
    assert_eq!(sorted(scene.cloud().datasets()), before, "nothing is taken");

    // Where they are not, there are others of the same name.
    scene.cloud().set_knobs(|knobs| knobs.name_scope = NameScope::None);
    let call = scene.last_call();
    for name in ["plain", "described"] {
        new.create("Dataset", name, oss(name)).await;
        let object = new.ready("Dataset", name).await;
        assert_ne!(dataset_id(&object), there[name].0);
        assert_eq!(object.data["status"]["recovered"], Value::Null);
    }
    new.create("DatasetVersion", "second", version_of("plain", "v2")).await;
    new.ready("DatasetVersion", "second").await;
    new.rounds(3).await;
    assert_eq!(changes_after(scene.cloud(), call), json!({"CreateDataset": 2, "CreateDatasetVersion": 1}));
    assert_eq!(new.metric("pai_index_orphans").await, Some(0), "of others nothing is said");

    let call = scene.last_call();
    for (kind, name) in [("DatasetVersion", "second"), ("Dataset", "plain"), ("Dataset", "described")] {
        new.delete(kind, &[name]).await;
    }
    assert_eq!(changes_after(scene.cloud(), call), json!({"DeleteDataset": 2, "DeleteDatasetVersion": 1}), "its own");
    new.rounds(2).await;
    assert_eq!(sorted(scene.cloud().datasets()), before, "the old ones are as they were");
    assert_eq!(scene.writes("datasets", None).await, writes, "and so are their objects");
    assert_eq!(new.told("OrphanFound").await, []);
    new.stop_operator().await;
}

/// The declared move.
async fn with_the_domain(new: &mut Cluster) {
    let scene = old("moved").await;
    let domain = domain(&scene).await;
    let (there, theirs) = leave(&scene, new, &[("DATASET_OPERATOR_OWNER_DOMAIN", domain.as_str())]).await;
    scene.create("Dataset", "forgotten", oss("forgotten")).await;
    let forgotten = dataset_id(&scene.ready("Dataset", "forgotten").await);
    let call = scene.last_call();
    for (kind, name, spec) in manifests(&theirs) {
        new.create(kind, name, spec).await;
    }
    new.start_operator().await;
    for (kind, name, _) in manifests(&theirs) {
        let object = new.ready(kind, name).await;
        assert_eq!((dataset_id(&object), status(&object, "origin")), there[name], "{name}");
        assert_eq!(object.data["status"]["recovered"], true, "{name}");
    }
    let version = new.ready("DatasetVersion", "second").await;
    assert_eq!(status(&version, "versionName"), "v2");
    new.until_metric("pai_index_orphans", 1).await;
    new.rounds(3).await;
    let told = new.told("OrphanFound").await;
    let [(message, 1)] = &told[..] else { panic!("{told:?}") };
    assert!(message.contains(&forgotten), "{message}");
    let marked = json!({"CreateDatasetLabels": 4, "CreateDatasetVersionLabels": 1});
    assert_eq!(changes_after(scene.cloud(), call), marked, "nothing is made: each is marked anew");
    assert_eq!((new.writes("datasets").await, new.writes("datasetversions").await), (8, 2), "claim and record");

    // The old cluster no longer changes these datasets.
    for (kind, name, _) in manifests(&theirs) {
        scene.reason(kind, name, "OwnedByOther").await;
    }
    let (before, call) = (scene.cloud().datasets(), scene.last_call());
    scene.patch("Dataset", "described", json!({"spec": {"description": "of the old cluster"}})).await;
    rounds(&scene, 2).await;
    for (kind, name, _) in manifests(&theirs) {
        scene.delete(kind, name).await;
    }
    for (kind, name, _) in manifests(&theirs) {
        scene.gone(kind, name).await;
    }
    rounds(&scene, 2).await;
    assert_eq!(changes_after(scene.cloud(), call), json!({}));
    assert_eq!(scene.cloud().datasets(), before);

    // In the new one everything goes on.
    let call = scene.last_call();
    new.edit("Dataset", "described", json!({"description": "of the new cluster"})).await;
    new.ready("Dataset", "described").await;
    new.delete("Dataset", &["described", "kept", "adopted"]).await;
    let expected = json!({"UpdateDataset": 1, "DeleteDataset": 1, "CreateDatasetLabels": 2});
    assert_eq!(changes_after(scene.cloud(), call), expected);
    new.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_applied_into_a_new_cluster_get_what_the_owner_domain_says() {
    let Some(mut new) = Cluster::start().await else { return };
    without_the_domain(&mut new).await;
    with_the_domain(&mut new).await;
}
