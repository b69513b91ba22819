//! Namespaces with an account of their own are deleted, and everything in them in any order: all of it ends, and what stays in the
//! cloud is written down.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use pai_emulator::{Credential, Emulator};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::looks::version_of;
use crate::scene::{WORKSPACE, oss};

const TENANT: &str = "2000000000000002";

/// What is deleted in each namespace.
const PARTS: [&str; 7] = ["dataset/a", "dataset/b", "version", "secret", "rolebinding", "config", "namespace"];

/// So many namespaces, or as many as the variable `ORDERS` says.
fn orders() -> usize {
    std::env::var("ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(12)
}

impl Cluster {
    /// A namespace with a Secret, an account, two datasets and a version.
    async fn tenant(&self, namespace: &str) {
        let object: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        Api::all(self.client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["pai"], "verbs": ["get", "list", "watch"]}]);
        testbed::allow(&self.client, namespace, "pai", rules).await.unwrap();
        let object = |kind: &str, group: &str, name: &str, spec: Value| {
            json!({
                "apiVersion": format!("{group}/v1alpha1"), "kind": kind,
                "metadata": {"name": name, "namespace": namespace}, "spec": spec,
            })
        };
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pai", "namespace": namespace},
            "stringData": {"accessKeyId": "tenant", "accessKeySecret": "secret-of-tenant"},
        });
        let account =
            json!({"workspaceId": WORKSPACE, "credentials": {"source": "Secret", "secretRef": {"name": "pai"}}});
        let dataset =
            |name: &str| object("Dataset", "pai.dataset-operator.dev", name, oss(&format!("{namespace}-{name}")));
        let all = [
            secret,
            object("ProviderConfig", "dataset-operator.dev", "default", account),
            dataset("a"),
            dataset("b"),
            object("DatasetVersion", "pai.dataset-operator.dev", "second", version_of("a", namespace)),
        ];
        let list = json!({"apiVersion": "v1", "kind": "List", "items": all});
        self.plane.kubectl().run_with(&["apply", "-f", "-"], &list.to_string()).await.unwrap();
    }

    /// Deletes a part of a namespace, and waits for nothing.
    async fn remove(&self, namespace: &str, part: &str) {
        let name = match part {
            "dataset/a" => ["datasets.pai.dataset-operator.dev", "a"],
            "dataset/b" => ["datasets.pai.dataset-operator.dev", "b"],
            "version" => ["datasetversions.pai.dataset-operator.dev", "second"],
            "config" => ["providerconfigs.dataset-operator.dev", "default"],
            "rolebinding" => ["rolebindings", "pai"],
            "namespace" => ["namespace", namespace],
            _ => ["secret", "pai"],
        };
        let arguments = ["delete", name[0], name[1], "-n", namespace, "--wait=false", "--ignore-not-found"];
        self.plane.kubectl().run(&arguments).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_ends_in_any_order_and_nothing_is_let_go_silently() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = Emulator::start(pai_emulator::Options::default()).await.unwrap();
    let tenant = Credential {
        account_id: TENANT.to_owned(),
        user_id: TENANT.to_owned(),
        ..Credential::access_key("tenant", "secret-of-tenant")
    };
    cloud.set_credentials(vec![Credential::access_key("testAccessKeyId", "testAccessKeySecret"), tenant]);
    let soon = ("DATASET_OPERATOR_LEFT_BEHIND_AFTER", "5s");
    // All configs are of one account, and each has lists of its own.
    let seldom = ("DATASET_OPERATOR_RESYNC", "30s");
    cluster.work_on(&cloud, &[soon, seldom, ("DATASET_OPERATOR_STS_ENDPOINT", &cloud.url())]);
    cluster.start_operator().await;
    let names: Vec<_> = (0..orders()).map(|number| format!("team-{number}")).collect();
    for name in &names {
        cluster.tenant(name).await;
    }
    for name in &names {
        cluster.namespace.clone_from(name);
        for dataset in ["a", "b"] {
            cluster.ready("Dataset", dataset).await;
        }
        cluster.ready("DatasetVersion", "second").await;
    }
    assert_eq!(cloud.datasets().len(), names.len() * 2);

    // `SEED=n` plays an order again.
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
    println!("SEED={seed}");
    let dice = BuildHasherDefault::<DefaultHasher>::default();
    let mut steps: Vec<_> = names.iter().flat_map(|name| PARTS.map(|part| (name.as_str(), part))).collect();
    steps.sort_by_key(|step| dice.hash_one((seed, step)));
    // The operator dies twice: what it knew of Secrets that are gone is gone too.
    for (number, part) in steps.chunks(steps.len().div_ceil(6)).enumerate() {
        let dies = number == 1 || number == 2;
        if dies {
            cluster.kill_operator();
        }
        let (meanwhile, later) = part.split_at(part.len() / 2);
        for few in meanwhile.chunks(4) {
            join_all(few.iter().map(|(namespace, part)| cluster.remove(namespace, part))).await;
        }
        if dies {
            cluster.start_operator().await;
        }
        for few in later.chunks(4) {
            join_all(few.iter().map(|(namespace, part)| cluster.remove(namespace, part))).await;
        }
    }

    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let gone = async || {
        let left = namespaces.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
        let left =
            left.iter().filter(|namespace| namespace.metadata.name.as_ref().is_some_and(|name| names.contains(name)));
        Ok((left.count() == 0).then_some(()))
    };
    testbed::Wait::new(Duration::from_secs(240)).until("all namespaces to be gone", gone).await.unwrap();
    // Whatever stays in the cloud is written down, and nothing else is.
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), testbed::NAMESPACE);
    let written =
        maps.get_opt("dataset-operator-left-behind").await.unwrap().and_then(|map| map.data).unwrap_or_default();
    let entries: Vec<Value> = written.values().map(|entry| serde_json::from_str(entry).unwrap()).collect();
    let remotes: BTreeSet<_> = entries.iter().filter_map(|entry| entry["remote"].as_str().map(str::to_owned)).collect();
    for dataset in cloud.datasets() {
        assert!(remotes.contains(&*dataset.dataset_id), "{} stays and nobody says so: {entries:?}", dataset.name);
    }
    for entry in &entries {
        let account = format!("ProviderConfig/{}/default", entry["namespace"].as_str().unwrap());
        assert_eq!(entry["account"], account);
    }
    println!("{} of {} datasets were left behind", cloud.datasets().len(), names.len() * 2);
    cluster.stop_operator().await;
}

/// An operator that is started again without the Secret, in a namespace that stays and in one that goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_without_credentials_is_let_go_only_with_its_namespace() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = Emulator::start(pai_emulator::Options::default()).await.unwrap();
    let own = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    cloud.set_credentials(vec![own, Credential::access_key("tenant", "secret-of-tenant")]);
    let soon = ("DATASET_OPERATOR_LEFT_BEHIND_AFTER", "3s");
    cluster.work_on(&cloud, &[soon, ("DATASET_OPERATOR_STS_ENDPOINT", &cloud.url())]);
    cluster.start_operator().await;
    cluster.tenant("team").await;
    cluster.namespace = "team".to_owned();
    let id = cluster.ready("Dataset", "b").await.data["status"]["datasetId"].as_str().unwrap().to_owned();
    cluster.ready("Dataset", "a").await;
    cluster.ready("DatasetVersion", "second").await;
    cluster.kill_operator();
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), "team");
    secrets.delete("pai", &DeleteParams::default()).await.unwrap();
    cluster.remove("team", "dataset/b").await;
    cluster.start_operator().await;
    let message = cluster.reason("Dataset", "b", "CredentialsInvalid").await;
    assert!(!message.contains("let go"), "{message}");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(cluster.reason("Dataset", "b", "CredentialsInvalid").await, message, "the Secret may come back");

    cluster.remove("team", "namespace").await;
    let api = cluster.api("Dataset");
    cluster.wait().gone(&api, "b").await.unwrap();
    cluster.wait().gone(&api, "a").await.unwrap();
    assert_eq!(cloud.datasets().len(), 2);
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), testbed::NAMESPACE);
    let written = maps.get("dataset-operator-left-behind").await.unwrap().data.unwrap_or_default();
    let entry = written.values().find(|entry| entry.contains(r#""name":"b""#)).unwrap();
    let entry: Value = serde_json::from_str(entry).unwrap();
    assert_eq!((entry["kind"].as_str(), entry["remote"].as_str()), (Some("Dataset"), Some(id.as_str())));
    let told = async || {
        let events = cluster.plane.kubectl().run(&["get", "events", "-A"]).await?;
        Ok(events.contains("LeftBehind").then_some(events))
    };
    let told = cluster.wait().until("the event", told).await.unwrap();
    assert!(told.contains(&format!("{id} stays in PAI")), "{told}");
    let metric = r#"pai_dataset_managed_resource_left_behind_total{kind="Dataset"}"#;
    assert!(cluster.metric(metric).await.unwrap_or_default() > 0);
    cluster.stop_operator().await;
}
