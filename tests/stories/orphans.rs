//! Orphans: datasets with this operator's mark that no object stands for. Only an operator that sees all namespaces
//! can tell, so this story has a control plane to itself.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use pai_emulator::{Emulator, Knobs, Options};
use serde_json::json;
use testbed::{ControlPlane, Operator, OperatorOptions, Session, Wait};

use crate::scene::{WORKSPACE, dataset_id, oss};

fn dataset(namespace: &str, name: &str, adoption: Option<&str>) -> DynamicObject {
    let mut spec = oss(name);
    if let Some(id) = adoption {
        spec["adoption"] = json!({"datasetId": id});
    }
    let object = json!({
        "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "Dataset",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

/// What the operator told of orphans: where, about what, how often.
async fn told(client: &Client) -> Vec<(String, String, i32)> {
    let events = Api::<Event>::all(client.clone()).list(&ListParams::default()).await.unwrap();
    let orphans = events.items.into_iter().filter(|event| event.reason.as_deref() == Some("OrphanFound"));
    let mut told: Vec<_> = orphans
        .map(|event| {
            let times = event.series.and_then(|series| series.count).unwrap_or(1);
            (event.metadata.namespace.unwrap_or_default(), event.message.unwrap_or_default(), times)
        })
        .collect();
    told.sort();
    told
}

async fn metric(operator: &Operator, name: &str) -> Option<u64> {
    let metrics = reqwest::get(operator.metrics_url()).await.unwrap().text().await.unwrap();
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// The operator's kubeconfig with its own namespace in it, as it has it in a cluster.
async fn in_its_namespace(plane: &ControlPlane, dir: &Path) -> PathBuf {
    let bare = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await.unwrap();
    let mut config = Kubeconfig::read_from(bare).unwrap();
    for context in config.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
        context.namespace = Some(testbed::NAMESPACE.to_owned());
    }
    let path = dir.join("kubeconfig");
    // JSON is YAML too.
    std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_object_stands_for_is_told_once_and_left_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plane = ControlPlane::start(testbed::Options::default()).await.unwrap();
    if plane.audit().is_none() {
        println!("an existing cluster may have other operators in it: not tried");
        return;
    }
    let client = plane.client().await.unwrap();
    testbed::install(&client).await.unwrap();
    let (one, two) = ("team-a", "team-b");
    for namespace in [one, two] {
        let namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        Api::<k8s_openapi::api::core::v1::Namespace>::all(client.clone())
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap();
    }
    let emulator = Emulator::start(Options { knobs: Knobs::default(), ..Options::default() }).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let env = [
        ("DATASET_OPERATOR_ENDPOINT", emulator.url()),
        ("DATASET_OPERATOR_WORKSPACE_ID", WORKSPACE.to_owned()),
        ("DATASET_OPERATOR_RESYNC", "1s".to_owned()),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "testAccessKeyId".to_owned()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testAccessKeySecret".to_owned()),
    ];
    let options = OperatorOptions {
        bin: PathBuf::from(env!("CARGO_BIN_EXE_dataset-operator")),
        kubeconfig: in_its_namespace(&plane, dir.path()).await,
        env: env.map(|(key, value)| (key.to_owned(), value)).to_vec(),
        log: dir.path().join("operator.log"),
        session: Session::Shared,
    };
    let wait = Wait::new(std::time::Duration::from_secs(20)).explained_by(&options.log);
    let operator = Operator::start(&options).await.unwrap();
    let (here, there) = (testbed::datasets(&client, one), testbed::datasets(&client, two));
    for (api, namespace, name) in [(&here, one, "lost"), (&here, one, "kept"), (&there, two, "elsewhere")] {
        api.create(&PostParams::default(), &dataset(namespace, name, None)).await.unwrap();
    }
    let lost = dataset_id(&wait.ready(&here, "lost").await.unwrap());
    wait.ready(&here, "kept").await.unwrap();
    wait.ready(&there, "elsewhere").await.unwrap();
    // A copy of its mark that was let go is nobody's concern.
    let labels = emulator.dataset(&lost).unwrap().labels.into_iter().map(|label| (label.key, label.value));
    let labels = labels.chain([("dso-released".to_owned(), "true".to_owned())]);
    let labels: Vec<_> = labels.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let released = json!({
        "Name": "released", "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": oss("released")["uri"], "Labels": labels,
    });
    emulator.console("POST", "/api/v1/datasets", &released).unwrap();

    // The object goes while nobody looks, and its finalizer with it.
    operator.stop().await.unwrap();
    let finalizers = Patch::Merge(json!({"metadata": {"finalizers": []}}));
    here.patch("lost", &PatchParams::default(), &finalizers).await.unwrap();
    here.delete("lost", &DeleteParams::default()).await.unwrap();
    wait.gone(&here, "lost").await.unwrap();
    let before = emulator.datasets();
    let operator = Operator::start(&options).await.unwrap();
    let orphans = async |number: u64| {
        let counted = async || Ok((metric(&operator, "pai_index_orphans").await == Some(number)).then_some(()));
        wait.until(&format!("{number} orphans"), counted).await.unwrap();
    };
    let rounds = async |more: u64| {
        let swept = async || metric(&operator, "pai_index_sweeps_total").await.unwrap_or_default();
        let wanted = swept().await + more;
        wait.until("rounds", async || Ok((swept().await >= wanted).then_some(()))).await.unwrap();
    };
    orphans(1).await;
    let events = async || Ok(Some(told(&client).await).filter(|told| !told.is_empty()));
    let first = wait.until("an event", events).await.unwrap();
    rounds(3).await;
    let told = told(&client).await;
    assert_eq!(told, first, "it is told once");
    let [(namespace, message, 1)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(namespace, testbed::NAMESPACE);
    assert!(message.contains(&lost) && message.contains("adoption.datasetId"), "{message}");
    assert_eq!(emulator.datasets(), before, "it is left alone, and so are the others");

    // Who follows the advice has it back.
    here.create(&PostParams::default(), &dataset(one, "lost", Some(&lost))).await.unwrap();
    assert_eq!(dataset_id(&wait.ready(&here, "lost").await.unwrap()), lost);
    orphans(0).await;
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
    orphans(12).await;
    let events = async || Ok(Some(self::told(&client).await).filter(|told| told.len() >= 12));
    let told = wait.until("twelve events", events).await.unwrap();
    assert_eq!(told.iter().filter(|(.., times)| *times == 1).count(), 12, "{told:?}");
    assert!(told.iter().any(|(_, message, _)| message.starts_with("2 more datasets")), "{told:?}");
    operator.stop().await.unwrap();
    emulator.stop().await;
    plane.stop().unwrap();
}
