//! A namespace on one of the servers, and short ways to say what is done there.

use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

/// Where a case is tried.
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) namespace: String,
}

/// What a server answered.
pub(super) type Said = kube::Result<DynamicObject>;

impl Place {
    pub(super) fn datasets(&self) -> Api<DynamicObject> {
        testbed::datasets(&self.client, &self.namespace)
    }

    pub(super) async fn create(&self, name: &str) -> Said {
        self.create_with(name, json!({})).await
    }

    /// Creates a Dataset with this merged into its metadata.
    pub(super) async fn create_with(&self, name: &str, metadata: Value) -> Said {
        let mut object = json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "Dataset",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "name": name, "property": "DIRECTORY", "dataSourceType": "OSS",
                "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/",
            },
        });
        for (key, value) in metadata.as_object().into_iter().flatten() {
            object["metadata"][key] = value.clone();
        }
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.datasets().create(&PostParams::default(), &object).await
    }

    pub(super) async fn get(&self, name: &str) -> Said {
        self.datasets().get(name).await
    }

    pub(super) async fn merge(&self, name: &str, patch: Value) -> Said {
        self.datasets().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await
    }

    pub(super) async fn merge_status(&self, name: &str, patch: Value) -> Said {
        self.datasets().patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await
    }

    pub(super) async fn json(&self, name: &str, operations: Value) -> Said {
        let patch: json_patch::Patch = serde_json::from_value(operations).unwrap();
        self.datasets().patch(name, &PatchParams::default(), &Patch::Json::<()>(patch)).await
    }

    pub(super) async fn json_status(&self, name: &str, operations: Value) -> Said {
        let patch: json_patch::Patch = serde_json::from_value(operations).unwrap();
        self.datasets().patch_status(name, &PatchParams::default(), &Patch::Json::<()>(patch)).await
    }

    /// `marked` if finalizers hold it, `gone` if not.
    pub(super) async fn delete(&self, name: &str) -> String {
        match self.datasets().delete(name, &DeleteParams::default()).await {
            Ok(deleted) => deleted.either(|_| "marked".to_owned(), |_| "gone".to_owned()),
            Err(error) => refused(&error),
        }
    }

    /// The first events of a watch, until there are `count` of them or it ends.
    pub(super) async fn watch(&self, params: &WatchParams, from: &str, count: usize) -> Vec<String> {
        let datasets = self.datasets();
        let events = match datasets.watch(params, from).await {
            Ok(events) => events,
            Err(error) => return vec![refused(&error)],
        };
        let read = events.take(count).map(|event| event.as_ref().map_or_else(refused, told)).collect();
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap_or_else(|_| vec!["nothing".to_owned()])
    }
}

/// `ok`, or code and reason.
pub(super) fn said(said: &Said) -> String {
    said.as_ref().map_or_else(refused, |_| "ok".to_owned())
}

fn refused(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        other => format!("{other}"),
    }
}

fn told(event: &WatchEvent<DynamicObject>) -> String {
    match event {
        WatchEvent::Added(object) => format!("ADDED {} {}", object.name_any(), facts(object)),
        WatchEvent::Modified(object) => format!("MODIFIED {} {}", object.name_any(), facts(object)),
        WatchEvent::Deleted(object) => format!("DELETED {} {}", object.name_any(), facts(object)),
        WatchEvent::Bookmark(bookmark) => {
            let end = bookmark.metadata.annotations.contains_key("k8s.io/initial-events-end");
            format!("BOOKMARK{}", if end { " end" } else { "" })
        }
        WatchEvent::Error(status) => format!("ERROR {} {}", status.code, status.reason),
    }
}

/// Generation, finalizers, whether it is being deleted, and the id in status.
pub(super) fn facts(object: &DynamicObject) -> String {
    let deleting = if object.metadata.deletion_timestamp.is_some() { " deleting" } else { "" };
    let id = object.data["status"]["datasetId"].as_str().map(|id| format!(" {id}")).unwrap_or_default();
    format!("g{} f{}{deleting}{id}", object.metadata.generation.unwrap_or_default(), object.finalizers().len())
}

/// The resource version.
pub(super) fn version(object: &DynamicObject) -> String {
    object.resource_version().unwrap_or_default()
}

/// Are these two equal?
pub(super) fn same<T: PartialEq>(one: &T, other: &T) -> String {
    if one == other { "the same" } else { "another" }.to_owned()
}

/// The patch by which the object of this uid records an id, as the operator writes it.
pub(super) fn recorded_by(uid: &str) -> serde_json::Value {
    serde_json::json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status/datasetId", "value": "d-1"},
    ])
}
