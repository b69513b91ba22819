//! The definitions of our kinds are deleted: the objects go with them, and their datasets stay and are taken back.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use crate::cluster::{Cluster, cloud, last_call};
use crate::scene::{Scene, Setting, dataset_id, oss};

const DEFINITIONS: [&str; 8] = [
    "datasets.pai.dataset-operator.dev",
    "datasetversions.pai.dataset-operator.dev",
    "datasetjobs.pai.dataset-operator.dev",
    "datasetjobconfigs.pai.dataset-operator.dev",
    "datasetfilesets.pai.dataset-operator.dev",
    "mediadatasets.imm.dataset-operator.dev",
    "providerconfigs.dataset-operator.dev",
    "clusterproviderconfigs.dataset-operator.dev",
];

fn definitions(cluster: &Cluster) -> Api<CustomResourceDefinition> {
    Api::all(cluster.client.clone())
}

fn version(dataset: &str) -> serde_json::Value {
    json!({
        "datasetRef": {"name": dataset}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/v2/",
    })
}

/// Makes all objects and returns their datasets.
async fn make(cluster: &Cluster) -> Vec<String> {
    for name in ["one", "two"] {
        cluster.create("Dataset", name, oss(name)).await;
    }
    let mut kept = oss("kept");
    kept["deletionPolicy"] = json!("Retain");
    cluster.create("Dataset", "kept", kept).await;
    cluster.create("DatasetVersion", "two-v2", version("two")).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "kept"] {
        ids.push(dataset_id(&cluster.ready("Dataset", name).await));
    }
    let version = cluster.ready("DatasetVersion", "two-v2").await;
    ids.push(format!("{}/{}", dataset_id(&version), version.data["status"]["versionName"]));
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_definitions_take_their_objects_along_and_no_dataset() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.in_namespace("definitions").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    let ids = make(&cluster).await;
    // A delete a moment before is an ordinary delete.
    cluster.create("Dataset", "gone", oss("gone")).await;
    cluster.ready("Dataset", "gone").await;
    cluster.delete("Dataset", &["gone"]).await;
    assert_eq!(cloud.datasets().len(), 3);

    let before = last_call(&cloud);
    for name in DEFINITIONS {
        definitions(&cluster).delete(name, &DeleteParams::default()).await.unwrap();
    }
    for name in DEFINITIONS {
        let gone = async || Ok(definitions(&cluster).get_opt(name).await.unwrap().is_none().then_some(()));
        cluster.wait().until(&format!("{name} to be gone"), gone).await.unwrap();
    }
    let calls: Vec<_> = cloud.log_after(before).into_iter().map(|line| line.operation).collect();
    assert!(calls.iter().all(|operation| operation == "ListDatasets"), "only sweeps: {calls:?}");
    let labels = cloud.datasets().into_iter().flat_map(|dataset| dataset.labels);
    assert!(labels.into_iter().all(|label| label.key != "dso-released"));
    assert!(cluster.said().contains("nothing is sent to the cloud"), "the log says so");
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let left = async || {
        let events = events.list(&ListParams::default()).await.unwrap().items.into_iter();
        let left = events.filter(|event| event.reason.as_deref() == Some("LeftInCloud"));
        Ok((left.count() >= 4).then_some(()))
    };
    cluster.wait().until("an event for each object", left).await.unwrap();

    testbed::install(&cluster.client).await.unwrap();
    assert_eq!(make(&cluster).await, ids, "the same manifests take their datasets back");
    let calls = crate::cluster::changes_after(&cloud, before);
    assert!(
        ["CreateDataset", "CreateDatasetVersion", "DeleteDataset"].iter().all(|call| calls[*call].is_null()),
        "{calls}"
    );
    // And a delete is an ordinary delete again.
    cluster.delete("DatasetVersion", &["two-v2"]).await;
    cluster.delete("Dataset", &["two"]).await;
    assert_eq!(cloud.datasets().len(), 2);
    cluster.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_policy_keeps_the_definitions_until_somebody_says_that_they_may_go() {
    let Some(cluster) = Cluster::start().await else { return };
    let kubectl = cluster.plane.kubectl();
    let path = |path: &str| testbed::repository().join(path).display().to_string();
    let base = kubectl.run(&["kustomize", &path("deploy/kustomize/base")]).await.unwrap();
    assert!(!base.contains("kind: CustomResourceDefinition"), "whoever deletes the operator deletes every object");
    let crds = kubectl.run(&["kustomize", &path("crds")]).await.unwrap();
    for keep in ["helm.sh/resource-policy: keep", "sync-options: Prune=false", "fluxcd.io/prune: disabled"] {
        assert_eq!(crds.matches(keep).count(), DEFINITIONS.len(), "{keep}");
    }
    kubectl.run(&["apply", "-k", &path("deploy/policies")]).await.unwrap();
    let all = definitions(&cluster);
    let dry = DeleteParams { dry_run: true, ..DeleteParams::default() };
    let refused = async || Ok(all.delete(DEFINITIONS[0], &dry).await.err());
    let refused = cluster.wait().until("the policy to be in force", refused).await.unwrap().to_string();
    assert!(refused.contains("kubectl annotate crd datasets.pai.dataset-operator.dev"), "{refused}");
    all.delete(DEFINITIONS[1], &DeleteParams::default()).await.unwrap_err();
    all.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap_err();
    let deleted = |crd: &CustomResourceDefinition| crd.metadata.deletion_timestamp.is_some();
    assert_eq!(all.list(&ListParams::default()).await.unwrap().items.iter().filter(|crd| deleted(crd)).count(), 0);
    let allow = Patch::Merge(json!({"metadata": {"annotations": {"dataset-operator.dev/allow-delete": "true"}}}));
    all.patch(DEFINITIONS[0], &PatchParams::default(), &allow).await.unwrap();
    all.delete(DEFINITIONS[0], &DeleteParams::default()).await.unwrap();
    all.delete(DEFINITIONS[1], &DeleteParams::default()).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_deletion_policy_of_the_operator_holds_where_the_spec_says_nothing() {
    let retain = ("DATASET_OPERATOR_DEFAULT_DELETION_POLICY", "Retain".to_owned());
    let scene = Scene::with("retaining", Setting { env: vec![retain], ..Setting::default() }).await;
    let mut explicit = oss("explicit");
    explicit["deletionPolicy"] = json!("Delete");
    scene.create("Dataset", "silent", oss("silent")).await;
    scene.create("Dataset", "explicit", explicit).await;
    let silent = dataset_id(&scene.ready("Dataset", "silent").await);
    scene.ready("Dataset", "explicit").await;
    for name in ["silent", "explicit"] {
        scene.delete("Dataset", name).await;
        scene.gone("Dataset", name).await;
    }
    assert_eq!(scene.cloud().datasets().len(), 1);
    assert_eq!(scene.label_of(&silent, "dso-released").as_deref(), Some("true"));
}
