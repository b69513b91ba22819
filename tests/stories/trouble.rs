//! Helpers for stories about faults: faults, reads of marks, and changes by hand.

use futures::future::join_all;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use pai_emulator::{Effect, Fault, When};
use serde_json::{Value, json};

use crate::scene::{Scene, WORKSPACE, dataset_id, oss};

pub(crate) const FINALIZER: &str = "dataset-operator.dev/remote";
pub(crate) const INTENT: &str = "dataset-operator.dev/intent";

/// One fault of `operation`.
pub(crate) fn fault(operation: &str, effect: Effect, when: When) -> Fault {
    Fault { operation: operation.to_owned(), effect, when, ..Fault::default() }
}

/// The next call of `operation` takes effect, and is answered, this much later.
pub(crate) fn late(operation: &str, delay_ms: u64) -> Fault {
    Fault { delay_ms, ..fault(operation, Effect::Delay, When::Before) }
}

/// The intent on an object, if it has one.
pub(crate) fn intent(object: &DynamicObject) -> Option<Value> {
    let text = object.metadata.annotations.as_ref()?.get(INTENT)?;
    serde_json::from_str(text).ok()
}

impl Scene {
    pub(crate) fn faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.cloud().add_faults(faults);
    }

    /// A dataset that someone made in the console, with these labels; returns its id.
    pub(crate) fn foreign(&self, name: &str, labels: &[(&str, &str)]) -> String {
        let labels: Vec<_> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let body = json!({
            "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
            "Uri": oss(name)["uri"], "Labels": labels,
        });
        let answer = self.console("POST", "/api/v1/datasets", body);
        answer["DatasetId"].as_str().unwrap().to_owned()
    }

    /// The console sets labels.
    pub(crate) fn label(&self, id: &str, labels: &[(&str, &str)]) {
        let labels: Vec<_> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        self.console("POST", &format!("/api/v1/datasets/{id}/labels"), json!({"Labels": labels}));
    }

    /// The console removes labels.
    pub(crate) fn unlabel(&self, id: &str, keys: &str) {
        self.console("DELETE", &format!("/api/v1/datasets/{id}/labels?LabelKeys={keys}"), Value::Null);
    }

    /// The value of a label of a dataset.
    pub(crate) fn label_of(&self, id: &str, key: &str) -> Option<String> {
        let dataset = self.cloud().dataset(id)?;
        dataset.labels.into_iter().find(|label| label.key == key).map(|label| label.value)
    }

    /// Removes finalizer, intent or both, as a person with rights might.
    pub(crate) async fn strip(&self, name: &str, finalizer: bool, intent: bool) {
        let mut metadata = json!({});
        if finalizer {
            metadata["finalizers"] = json!([]);
        }
        if intent {
            metadata["annotations"] = json!({INTENT: null});
        }
        self.patch("Dataset", name, json!({"metadata": metadata})).await;
    }

    /// A merge patch of status by an administrator.
    pub(crate) async fn write_status(&self, name: &str, status: Value) {
        let patch = Patch::Merge(json!({"status": status}));
        self.datasets().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits until finalizer and an intent of this very object are in place.
    pub(crate) async fn in_order(&self, name: &str) {
        let orderly = |object: &DynamicObject| {
            let finalizer = object.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
            let own = intent(object).is_some_and(|intent| intent["uid"].as_str() == object.metadata.uid.as_deref());
            finalizer && own
        };
        self.wait().object(&self.datasets(), name, "in good order", orderly).await.unwrap();
    }

    /// Every object is Ready with a dataset of its own, and there are no others. Returns their ids.
    pub(crate) async fn exactly_one_each(&self, names: &[&str]) -> Vec<String> {
        let objects = join_all(names.iter().map(|name| self.ready("Dataset", name))).await;
        let mut ids: Vec<_> = objects.iter().map(dataset_id).collect();
        let result = ids.clone();
        let mut there: Vec<_> = self.cloud().datasets().into_iter().map(|dataset| dataset.dataset_id).collect();
        ids.sort();
        there.sort();
        assert_eq!(ids, there, "recorded, and in the cloud\n{}", self.log_tail());
        result
    }

    /// Waits until events with these reasons were told about an object.
    pub(crate) async fn told(&self, name: &str, reasons: &[&str]) {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        self.until(&format!("events {reasons:?} of {name}"), async |_| {
            let all = events.list(&ListParams::default()).await.unwrap().items;
            let of_object = |reason: &str| {
                all.iter().any(|event| {
                    event.involved_object.name.as_deref() == Some(name) && event.reason.as_deref() == Some(reason)
                })
            };
            reasons.iter().all(|reason| of_object(reason))
        })
        .await;
    }
}
