//! The life of a DatasetJobConfig, from the manifest to the deletion of the object, and the helpers of all stories of
//! configurations. A dataset has one of each type, and its key is in a Secret.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use pai_emulator::Knobs;
use serde_json::{Value, json};

use crate::cluster::changes_after;
use crate::jobs::with_flowers;
use crate::scene::{Scene, WORKSPACE, dataset_id, status};

pub(crate) const KIND: &str = "DatasetJobConfig";
pub(crate) const OBJECTS: &str = "datasetjobconfigs";
/// The operator reads each configuration this often.
pub(crate) const RESYNC: [(&str, &str); 1] = [("DATASET_OPERATOR_RESYNC", "1s")];
/// The operator does not look at it for the length of a story.
pub(crate) const SELDOM: [(&str, &str); 1] = [("DATASET_OPERATOR_RESYNC", "1h")];
pub(crate) const TAG: &str = "MultimodalIntelligentTag";
pub(crate) const INDEX: &str = "MultimodalSemanticIndex";

/// A configuration of the Dataset `flowers` for semantic indexes.
pub(crate) fn index(model: &str) -> Value {
    json!({
        "datasetRef": {"name": "flowers"}, "configType": INDEX,
        "multimodalSemanticIndex": {"defaultModelId": model, "defaultModelVersion": "1"},
    })
}

/// A configuration of the Dataset `flowers` with a key from this Secret.
pub(crate) fn tag(secret: &str) -> Value {
    json!({
        "datasetRef": {"name": "flowers"}, "configType": TAG,
        "multimodalIntelligentTag": {"apiKeySecretRef": {"name": secret, "key": "api-key"}},
    })
}

/// The same spec with these members besides or instead.
pub(crate) fn with(mut spec: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} has no members") };
    spec.as_object_mut().unwrap().extend(more);
    spec
}

pub(crate) fn config_id(object: &DynamicObject) -> String {
    status(object, "datasetJobConfigId")
}

/// The version of the Secret that status names.
pub(crate) fn given(object: &DynamicObject) -> String {
    object.data["status"]["secret"]["resourceVersion"].as_str().unwrap_or_default().to_owned()
}

impl Scene {
    pub(crate) fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Makes or changes a Secret with one key; returns its version.
    pub(crate) async fn set_secret(&self, name: &str, key: &str) -> String {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"api-key": key},
        });
        let params = PatchParams::apply("user").force();
        self.secrets().patch(name, &params, &Patch::Apply(&secret)).await.unwrap().metadata.resource_version.unwrap()
    }

    pub(crate) async fn delete_secret(&self, name: &str) {
        self.secrets().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Lets the operator read these Secrets or `ConfigMaps` of the namespace, and no others.
    pub(crate) async fn let_read(&self, resource: &str, names: &[&str]) {
        let rule = json!({
            "apiGroups": [""], "resources": [resource], "resourceNames": names, "verbs": ["get", "list", "watch"],
        });
        self.allow(&format!("{resource}-{}", names[0]), json!([rule])).await;
    }

    /// Lets the operator do what these rules say in the scene's namespace, by a Role of this name.
    pub(crate) async fn allow(&self, name: &str, rules: Value) {
        testbed::allow(&self.client, &self.namespace, name, rules).await.unwrap();
    }

    /// The configurations that exist: id, type, and what the JSON text holds.
    pub(crate) fn configs(&self) -> Vec<(String, String, Value)> {
        let all = self.cloud().state().job_configs.unwrap_or_default().into_iter();
        let shown = all.map(|config| {
            let held = serde_json::from_str(&config.config).unwrap();
            (config.dataset_job_config_id.to_string(), config.config_type.to_string(), held)
        });
        shown.collect()
    }

    pub(crate) fn only_config(&self) -> (String, String, Value) {
        let mut all = self.configs();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Somebody makes a configuration in the console; returns its id.
    pub(crate) fn foreign_config(&self, dataset: &str, config_type: &str, config: &Value) -> String {
        let body = json!({"WorkspaceId": WORKSPACE, "ConfigType": config_type, "Config": config.to_string()});
        let made = self.console("POST", &format!("/api/v1/datasets/{dataset}/datasetjobconfigs"), body);
        made["DatasetJobConfigId"].as_str().unwrap().to_owned()
    }

    /// Somebody changes a configuration in the console.
    pub(crate) fn edit_config(&self, dataset: &str, config: &str, held: &Value) {
        let body = json!({"WorkspaceId": WORKSPACE, "Config": held.to_string()});
        self.console("PUT", &format!("/api/v1/datasets/{dataset}/datasetjobconfigs/{config}"), body);
    }

    /// Waits until a configuration in the cloud holds this.
    pub(crate) async fn holds(&self, config: &str, held: &Value) {
        self.until("what the spec says", async |scene| {
            scene.configs().iter().any(|(id, _, now)| id == config && now == held)
        })
        .await;
    }

    pub(crate) async fn config_that(
        &self,
        name: &str,
        what: &str,
        done: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        self.wait().object(&self.api(KIND), name, what, done).await.unwrap()
    }

    /// Deletes an object and waits until it is gone.
    pub(crate) async fn end_config(&self, name: &str) {
        self.delete(KIND, name).await;
        self.gone(KIND, name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_for_indexes_costs_two_calls_and_a_read_per_resync() {
    let (scene, dataset) = with_flowers("config", Knobs::default(), &RESYNC).await;
    let call = scene.last_call();
    scene.create(KIND, "model", index("m-1")).await;
    let object = scene.ready(KIND, "model").await;
    let (id, config_type, held) = scene.only_config();
    assert_eq!((config_type.as_str(), &held), (INDEX, &json!({"defaultModelId": "m-1", "defaultModelVersion": "1"})));
    assert_eq!(
        (dataset_id(&object), config_id(&object), status(&object, "origin")),
        (dataset.clone(), id.clone(), "Created".into())
    );
    let made = scene.calls_after(call);
    assert_eq!((&made["ListDatasetJobConfigs"], &made["CreateDatasetJobConfig"]), (&json!(1), &json!(1)), "{made}");
    assert_eq!(scene.writes(OBJECTS, None).await, 2, "claim and record");

    // Settled: a read per resync, and nothing else.
    let reads = scene.calls("GetDatasetJobConfig").0;
    let (call, since) = (scene.last_call(), Instant::now());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let seen = scene.calls("GetDatasetJobConfig").0 - reads;
    let most = since.elapsed().as_secs() + 1;
    assert!((2..=most).contains(&seen), "{seen} reads in {:?}", since.elapsed());
    let calls = scene.calls_after(call);
    assert!(calls.as_object().unwrap().keys().all(|name| name == "GetDatasetJobConfig"), "{calls}");
    assert_eq!(scene.writes(OBJECTS, None).await, 2);

    // Drift, an edit, and the deletion.
    scene.edit_config(&dataset, &id, &json!({"defaultModelId": "other", "defaultModelVersion": "1"}));
    scene.holds(&id, &held).await;
    scene.told("model", &["Created", "DriftDetected", "DriftCorrected"]).await;
    let call = scene.last_call();
    scene.patch(KIND, "model", json!({"spec": {"multimodalSemanticIndex": {"defaultModelId": "m-2"}}})).await;
    scene.holds(&id, &json!({"defaultModelId": "m-2", "defaultModelVersion": "1"})).await;
    scene.ready(KIND, "model").await;
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJobConfig": 1}));
    let call = scene.last_call();
    scene.end_config("model").await;
    assert_eq!((changes_after(scene.cloud(), call), scene.configs()), (json!({"DeleteDatasetJobConfig": 1}), vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_secret_is_one_update_within_five_seconds() {
    let (scene, _) = with_flowers("config-key", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    let first = scene.set_secret("tagging", "sk-one").await;
    scene.create(KIND, "tags", tag("tagging")).await;
    let object = scene.ready(KIND, "tags").await;
    let (id, config_type, held) = scene.only_config();
    assert_eq!((config_type.as_str(), &held, given(&object)), (TAG, &json!({"apiKey": "sk-one"}), first));
    let (call, writes) = (scene.last_call(), scene.writes(OBJECTS, None).await);
    let second = scene.set_secret("tagging", "sk-two").await;
    let since = Instant::now();
    scene.holds(&id, &json!({"apiKey": "sk-two"})).await;
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    scene.config_that("tags", "of the new Secret", |object| given(object) == second).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.calls_after(call), json!({"UpdateDatasetJobConfig": 1}), "and no read");
    assert_eq!(scene.writes(OBJECTS, None).await - writes, 1);
    scene.ready(KIND, "tags").await;
    scene.told("tags", &["Created", "Updated"]).await;
    let call = scene.last_call();
    scene.end_config("tags").await;
    assert_eq!((changes_after(scene.cloud(), call), scene.configs()), (json!({"DeleteDatasetJobConfig": 1}), vec![]));
}
