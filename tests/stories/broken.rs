//! An object that does not parse, for example after a change of the `CustomResourceDefinition` or a restore from another
//! version: it says so, the other objects continue, and its dataset stays its own.

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::json;

use crate::cluster::{Cluster, cloud};
use crate::scene::{dataset_id, oss};

/// From now on the API server takes any spec of this kind.
async fn loosen(cluster: &Cluster, plural: &str) {
    let schema = "/spec/versions/0/schema/openAPIV3Schema";
    let patch = json!([
        {"op": "replace", "path": format!("{schema}/properties/spec"),
         "value": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        {"op": "add", "path": format!("{schema}/x-kubernetes-validations"), "value": []},
    ]);
    let all: Api<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition> =
        Api::all(cluster.client.clone());
    let patch: Patch<()> = Patch::Json(serde_json::from_value(patch).unwrap());
    all.patch(&format!("{plural}.pai.dataset-operator.dev"), &PatchParams::default(), &patch).await.unwrap();
}

/// Breaks an object, once the API server lets it.
async fn break_it(cluster: &Cluster, kind: &str, name: &str) {
    let broken = Patch::Merge(json!({"spec": {"description": 5}}));
    let api = cluster.api(kind);
    let done = async || Ok(api.patch(name, &PatchParams::default(), &broken).await.ok());
    cluster.wait().until("the API server to take it", done).await.unwrap();
}

async fn says_so(cluster: &Cluster, kind: &str, name: &str) {
    let message = cluster.reason(kind, name, "InvalidSpec").await;
    assert!(message.contains("spec.description: invalid type"), "{message}");
    let object = cluster.api(kind).get(name).await.unwrap();
    assert_eq!(testbed::condition(&object, "Stalled").unwrap().reason, "InvalidSpec");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_does_not_parse_fails_alone_and_keeps_what_it_has() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.in_namespace("broken").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    cluster.create("Dataset", "good", oss("good")).await;
    cluster.create("Dataset", "bad", oss("bad")).await;
    cluster.ready("Dataset", "good").await;
    let id = dataset_id(&cluster.ready("Dataset", "bad").await);
    loosen(&cluster, "datasets").await;
    break_it(&cluster, "Dataset", "bad").await;
    says_so(&cluster, "Dataset", "bad").await;

    // The others go on.
    let description = |name: &str| cloud.datasets().into_iter().find(|one| one.name == name).unwrap().description;
    cluster.edit("Dataset", "good", json!({"description": "edited"})).await;
    let edited = async || Ok((description("good").as_deref() == Some("edited")).then_some(()));
    cluster.wait().until("the edit", edited).await.unwrap();
    cluster.create("Dataset", "new", oss("new")).await;
    cluster.ready("Dataset", "new").await;

    // The same holds for an operator that has never seen a valid copy; and no other object gets its dataset.
    cluster.stop_operator().await;
    cluster.start_operator().await;
    cluster.create("Dataset", "newer", oss("newer")).await;
    cluster.ready("Dataset", "newer").await;
    let mut taker = oss("bad");
    taker["adoption"] = json!({"datasetId": id});
    cluster.create("Dataset", "taker", taker).await;
    cluster.reason("Dataset", "taker", "OwnedByOther").await;
    cluster.delete("Dataset", &["taker"]).await;
    cluster.rounds(2).await;
    cluster.until_metric("pai_index_orphans", 0).await;
    says_so(&cluster, "Dataset", "bad").await;
    assert!(cloud.dataset(&id).is_some());

    // The object is kept while it is broken, and its deletion continues once it is corrected.
    cluster.api("Dataset").delete("bad", &DeleteParams::default()).await.unwrap();
    cluster.rounds(2).await;
    let bad: DynamicObject = cluster.api("Dataset").get("bad").await.unwrap();
    assert!(bad.metadata.deletion_timestamp.is_some() && cloud.dataset(&id).is_some(), "it is let go unread");
    cluster.edit("Dataset", "bad", json!({"description": "mended"})).await;
    cluster.wait().gone(&cluster.api("Dataset"), "bad").await.unwrap();
    assert!(cloud.dataset(&id).is_none());
    cluster.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_parses_again_goes_on_with_what_it_has() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.in_namespace("mended").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    cluster.create("Dataset", "bad", oss("bad")).await;
    let id = dataset_id(&cluster.ready("Dataset", "bad").await);
    loosen(&cluster, "datasets").await;
    break_it(&cluster, "Dataset", "bad").await;
    says_so(&cluster, "Dataset", "bad").await;
    cluster.edit("Dataset", "bad", json!({"description": "mended"})).await;
    assert_eq!(dataset_id(&cluster.ready("Dataset", "bad").await), id);
    assert_eq!(cloud.dataset(&id).unwrap().description.as_deref(), Some("mended"));
    cluster.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_parse_keeps_its_dataset() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.in_namespace("child").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    let mut parent = oss("parent");
    // Even with this the version stays: its object, which does not parse, may want to keep it.
    parent["deleteForeignVersions"] = json!(true);
    cluster.create("Dataset", "parent", parent).await;
    let mut version = oss("child");
    version.as_object_mut().unwrap().remove("name");
    version["datasetRef"] = json!({"name": "parent"});
    cluster.create("DatasetVersion", "child", version).await;
    cluster.ready("DatasetVersion", "child").await;
    loosen(&cluster, "datasetversions").await;
    break_it(&cluster, "DatasetVersion", "child").await;
    says_so(&cluster, "DatasetVersion", "child").await;
    cluster.api("Dataset").delete("parent", &DeleteParams::default()).await.unwrap();
    let message = cluster.reason("Dataset", "parent", "DeletionBlocked").await;
    assert!(message.contains("child"), "{message}");
    assert_eq!(cloud.datasets().len(), 1);
    cluster.edit("DatasetVersion", "child", json!({"description": "mended"})).await;
    cluster.ready("DatasetVersion", "child").await;
    cluster.api("DatasetVersion").delete("child", &DeleteParams::default()).await.unwrap();
    cluster.wait().gone(&cluster.api("Dataset"), "parent").await.unwrap();
    assert!(cloud.datasets().is_empty());
    cluster.stop_operator().await;
}
