//! The API server refuses a write of the operator: the object says which write was refused, by which rule and why. The
//! operator sends nothing that depends on the write, and continues by itself once the write is accepted.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::cluster::{Cluster, changes_after, cloud, last_call};
use crate::scene::{Scene, Setting, dataset_id, oss};

/// A policy of some other team, in one namespace: objects without the label `team` cannot be updated.
struct Policy {
    client: Client,
    name: String,
}

impl Policy {
    /// The policy is in force when this returns; it refuses updates of `object`.
    async fn start(scene: &Scene, object: &str) -> Self {
        let name = scene.namespace.clone();
        let policy = Self { client: scene.client.clone(), name: name.clone() };
        let spec = json!({
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
                "resourceRules": [{
                    "apiGroups": ["pai.dataset-operator.dev"], "apiVersions": ["v1alpha1"],
                    "operations": ["UPDATE"], "resources": ["datasets"],
                }],
            },
            "validations": [{
                "expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
                "message": "every object needs the label team",
            }],
        });
        policy.make("ValidatingAdmissionPolicy", spec).await;
        let binding = json!({"policyName": name, "validationActions": ["Deny"]});
        policy.make("ValidatingAdmissionPolicyBinding", binding).await;
        scene.until("the policy to be in force", async |scene| !scene.admits(object).await).await;
        policy
    }

    async fn make(&self, kind: &str, spec: Value) {
        let object = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": self.name}, "spec": spec,
        });
        let object = serde_json::from_value(object).unwrap();
        self.api(kind).create(&PostParams::default(), &object).await.unwrap();
    }

    async fn end(self) {
        for kind in ["ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"] {
            self.api(kind).delete(&self.name, &DeleteParams::default()).await.unwrap();
        }
    }

    fn api(&self, kind: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
        Api::all_with(self.client.clone(), &ApiResource::from_gvk(&kind))
    }
}

impl Scene {
    /// Would the API server accept an unimportant update?
    async fn admits(&self, name: &str) -> bool {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {"probe": "x"}}}));
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        self.datasets().patch(name, &params, &patch).await.is_ok()
    }

    /// The value of a metric of refused writes.
    async fn refused(&self, write: &str) -> u64 {
        let metrics = self.metrics().await;
        let of = |line: &&str| {
            line.starts_with("pai_kubernetes_refused_writes_total{") && line.contains(&format!("write=\"{write}\""))
        };
        metrics.lines().filter(of).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_refuses_the_claim_is_told_and_the_object_goes_on_once_it_passes() {
    let mut scene = Scene::with("refused", Setting { without_operator: true, ..Setting::default() }).await;
    scene.create("Dataset", "unlabelled", oss("unlabelled")).await;
    let policy = Policy::start(&scene, "unlabelled").await;
    scene.start_operator().await;
    let message = scene.reason("Dataset", "unlabelled", "WriteRefused").await;
    for words in
        ["denied request: every object needs the label team", "finalizer", "exempt the operator's ServiceAccount"]
    {
        assert!(message.contains(words), "{message}");
    }
    let object = scene.get("Dataset", "unlabelled").await;
    assert_eq!(testbed::condition(&object, "Reconciling").unwrap().reason, "WriteRefused");
    assert!(testbed::condition(&object, "Stalled").is_none(), "it goes on by itself");
    assert_eq!(object.data["status"]["observedGeneration"], json!(1));
    scene.told("unlabelled", &["WriteRefused"]).await;
    assert!(scene.refused("claim").await > 0);
    let version = object.metadata.resource_version;
    scene.until("some more tries", async |scene| scene.refused("claim").await > 4).await;
    assert_eq!(scene.get("Dataset", "unlabelled").await.metadata.resource_version, version, "told once");
    assert_eq!(scene.cloud().datasets(), [], "nothing is sent after a claim that was refused");
    scene.patch("Dataset", "unlabelled", json!({"metadata": {"labels": {"team": "vision"}}})).await;
    scene.ready("Dataset", "unlabelled").await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    policy.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finalizer_that_a_policy_keeps_on_a_deleted_object_is_told_and_leaves_once_it_may() {
    let scene = Scene::new("kept").await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    let policy = Policy::start(&scene, "one").await;
    scene.delete("Dataset", "one").await;
    let message = scene.reason("Dataset", "one", "WriteRefused").await;
    assert!(message.contains("remove the operator's finalizer") && message.contains("label team"), "{message}");
    let object = scene.get("Dataset", "one").await;
    assert_eq!(testbed::condition(&object, "Ready").unwrap().status, "False", "its dataset is gone");
    assert_eq!(scene.cloud().datasets(), []);
    scene.told("one", &["WriteRefused"]).await;
    policy.end().await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_too_large_for_our_annotation_says_so_and_goes_on_when_it_is_smaller() {
    let scene = Scene::new("large").await;
    let mut object = scene.manifest("Dataset", "large", oss("large"));
    object["metadata"]["annotations"] = json!({"example.com/notes": "x".repeat(262_144 - 60)});
    let object = serde_json::from_value(object).unwrap();
    scene.datasets().create(&PostParams::default(), &object).await.unwrap();
    let message = scene.reason("Dataset", "large", "WriteRefused").await;
    assert!(message.contains("262144") && message.contains("remove or shorten annotations"), "{message}");
    assert_eq!(scene.cloud().datasets(), []);
    scene.patch("Dataset", "large", json!({"metadata": {"annotations": {"example.com/notes": null}}})).await;
    scene.ready("Dataset", "large").await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

/// The operator's `ClusterRole` without the right to patch these resources.
async fn without_patch(cluster: &Cluster, resources: &[&str]) {
    let roles: Api<ClusterRole> = Api::all(cluster.client.clone());
    let mut role = roles.get("dataset-operator").await.unwrap();
    for rule in role.rules.iter_mut().flatten() {
        if rule.resources.iter().flatten().any(|resource| resources.contains(&resource.as_str())) {
            rule.verbs.retain(|verb| verb != "patch");
        }
    }
    // A rule has at least one verb.
    role.rules.iter_mut().for_each(|rules| rules.retain(|rule| !rule.verbs.is_empty()));
    role.metadata.managed_fields = None;
    roles.replace("dataset-operator", &PostParams::default(), &role).await.unwrap();
}

async fn with_all_rights(cluster: &Cluster) {
    let file = testbed::repository().join("deploy/kustomize/base/rbac.yaml");
    for object in testbed::read(&file).unwrap() {
        testbed::apply(&cluster.client, &object).await.unwrap();
    }
}

/// Reasons and messages of the warnings about an object.
async fn warnings(cluster: &Cluster, name: &str) -> BTreeMap<String, String> {
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let all = events.list(&kube::api::ListParams::default()).await.unwrap().items.into_iter();
    let warnings = all.filter(|event| event.type_.as_deref() == Some("Warning"));
    let of_object = warnings.filter(|event| event.involved_object.name.as_deref() == Some(name));
    of_object.map(|event| (event.reason.unwrap_or_default(), event.message.unwrap_or_default())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_are_taken_away_while_it_runs_are_told_by_what_is_left_and_missed_no_longer() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = cloud().await;
    cluster.in_namespace("rights").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    cluster.create("Dataset", "before", oss("before")).await;
    let id = dataset_id(&cluster.ready("Dataset", "before").await);

    without_patch(&cluster, &["datasets"]).await;
    cluster.create("Dataset", "one", oss("one")).await;
    let message = cluster.reason("Dataset", "one", "WriteRefused").await;
    assert!(message.contains("cannot patch resource") && message.contains("this right again"), "{message}");

    without_patch(&cluster, &["datasets", "datasets/status"]).await;
    cluster.create("Dataset", "two", oss("two")).await;
    let told = async || Ok(warnings(&cluster, "two").await.remove("WriteRefused"));
    let told = cluster.wait().until("an event in place of a status", told).await.unwrap();
    assert!(told.contains("cannot patch resource"), "{told}");
    let two = cluster.api("Dataset").get("two").await.unwrap();
    assert_eq!(two.data["status"]["observedGeneration"], json!(-1));
    assert_eq!(cloud.datasets().len(), 1, "nothing is sent after a claim that was refused");

    let before = last_call(&cloud);
    with_all_rights(&cluster).await;
    let ids = [dataset_id(&cluster.ready("Dataset", "one").await), dataset_id(&cluster.ready("Dataset", "two").await)];
    assert!(ids[0] != ids[1] && !ids.contains(&id));
    assert_eq!(changes_after(&cloud, before), json!({"CreateDataset": 2}));
    cluster.stop_operator().await;
}
