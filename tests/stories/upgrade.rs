//! An upgrade of the CRDs: an object that was stored under those of release 0.1.0 and breaks every later rule can still be
//! claimed, recorded, edited elsewhere and released.

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::cluster::{Cluster, cloud};

/// The CRDs as release 0.1.0 had them.
async fn earlier_definitions(cluster: &Cluster) {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crds-0.1.0");
    for file in ["pai.dataset-operator.dev_datasets.yaml", "pai.dataset-operator.dev_datasetversions.yaml"] {
        for definition in testbed::read(&dir.join(file)).unwrap() {
            testbed::apply(&cluster.client, &definition).await.unwrap();
        }
    }
    in_effect(cluster, true).await;
}

/// Waits until the API server takes (or refuses) what only the earlier rules take.
async fn in_effect(cluster: &Cluster, earlier: bool) {
    let params = PostParams { dry_run: true, ..PostParams::default() };
    for (kind, mut spec) in [("Dataset", blank()), ("DatasetVersion", version("parent", &blank()))] {
        spec["uri"] = json!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/probe/ ");
        let object = json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": "probe"}, "spec": spec,
        });
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let api = cluster.api(kind);
        let taken = async || Ok((api.create(&params, &object).await.is_ok() == earlier).then_some(()));
        cluster.wait().until("the definitions to be in effect", taken).await.unwrap();
    }
}

fn blank() -> Value {
    json!({
        "property": "DIRECTORY", "dataSourceType": "OSS", "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/blank/\n",
    })
}

/// The scheme of another kind of storage.
fn scheme() -> Value {
    json!({
        "property": "DIRECTORY", "dataSourceType": "NAS", "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/scheme/",
    })
}

fn version(parent: &str, like: &Value) -> Value {
    let mut spec = like.clone();
    spec["datasetRef"] = json!({"name": parent});
    spec
}

async fn refused(api: &Api<DynamicObject>, name: &str, spec: Value) -> String {
    let patch = Patch::Merge(json!({ "spec": spec }));
    let answer = api.patch(name, &PatchParams::default(), &patch).await;
    let Err(kube::Error::Api(status)) = answer else { panic!("{name}: {answer:?}") };
    status.message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_an_earlier_release_that_break_every_later_rule_live_on() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.work_on(&cloud, &[]);
    cluster.in_namespace("upgrade").await;
    earlier_definitions(&cluster).await;
    let all = [
        ("Dataset", "blank", blank()),
        ("Dataset", "scheme", scheme()),
        ("DatasetVersion", "blank-2", version("blank", &blank())),
        ("DatasetVersion", "scheme-2", version("scheme", &scheme())),
        ("DatasetVersion", "elsewhere", version("other/p", &blank())),
    ];
    for (kind, name, spec) in &all {
        cluster.create(kind, name, spec.clone()).await;
    }
    testbed::install(&cluster.client).await.unwrap();
    in_effect(&cluster, false).await;

    // Claimed and recorded.
    cluster.start_operator().await;
    let with_remote = &all[..4];
    for (kind, name, _) in with_remote {
        cluster.ready(kind, name).await;
    }
    let message = cluster.reason("DatasetVersion", "elsewhere", "DependencyNotReady").await;
    assert!(message.contains("other/p"), "{message}");
    // Edited elsewhere.
    for (kind, name, _) in &all {
        cluster.edit(kind, name, json!({"description": "edited"})).await;
    }
    for (kind, name, _) in with_remote {
        let object = cluster.ready(kind, name).await;
        assert_eq!(object.data["status"]["observedGeneration"], json!(object.metadata.generation), "{name}");
    }
    let edited = cloud.datasets().into_iter().filter(|dataset| dataset.description.as_deref() == Some("edited"));
    assert_eq!(edited.count(), 2);
    // New values must keep the rules.
    let says = refused(&cluster.api("DatasetVersion"), "elsewhere", json!({"uri": "oss://b/ "})).await;
    assert!(says.contains("must not begin or end with a blank"), "{says}");
    let says = refused(&cluster.api("DatasetVersion"), "elsewhere", json!({"datasetRef": {"name": "a/b"}})).await;
    assert!(says.contains("metadata.name of a Dataset in the same namespace"), "{says}");
    let says =
        refused(&cluster.api("DatasetVersion"), "elsewhere", json!({"uri": "nas://x/", "dataSourceType": "OSS"})).await;
    assert!(says.contains("does not fit dataSourceType"), "{says}");
    // Released.
    cluster.delete("DatasetVersion", &["blank-2", "scheme-2", "elsewhere"]).await;
    cluster.delete("Dataset", &["blank", "scheme"]).await;
    assert_eq!(cloud.datasets(), []);
    cluster.stop_operator().await;
}
