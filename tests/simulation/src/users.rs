//! What users do with objects.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apiserver::store::{Part, Resource};
use crate::apiserver::{Patch, Refusal};
use crate::job::NAMESPACE;
use crate::world::{World, key};

impl World {
    /// A user makes an object.
    pub(crate) fn create(&self, resource: Resource, name: &str, spec: &Value) {
        let object = json!({
            "apiVersion": resource.api_version(), "kind": resource.kind(),
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec,
        });
        self.apiserver.change(|store, now| store.create(&key(resource, name), object, now)).unwrap();
    }

    /// A user edits the spec of an object, if it is there.
    pub(crate) fn edit(&self, resource: Resource, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({"spec": spec}));
        let edited = self.apiserver.change(|store, _| store.patch(&key(resource, name), Part::Main, &patch));
        if_there(edited);
    }

    /// A user deletes an object, if it is there.
    pub(crate) fn delete(&self, resource: Resource, name: &str) {
        if_there(self.apiserver.change(|store, now| store.delete(&key(resource, name), now)));
    }

    /// A user deletes an object after some time, if it is there.
    pub(crate) fn delete_later(self: &Arc<Self>, resource: Resource, name: &'static str, after: Duration) {
        let world = self.clone();
        self.busy.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            world.delete(resource, name);
            world.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Somebody else deletes the dataset of this name in the cloud, with its versions.
    pub(crate) fn delete_remote(&self, name: &str) {
        let all = self.cloud.datasets();
        let Some(dataset) = all.iter().find(|dataset| dataset.name == name) else { return };
        let path = format!("/api/v1/datasets/{}", dataset.dataset_id);
        for version in dataset.versions.iter().rev().filter(|version| version.version_name != "v1") {
            let version = format!("{path}/versions/{}", version.version_name);
            self.cloud.console("DELETE", &version, &Value::Null).unwrap();
        }
        self.cloud.console("DELETE", &path, &Value::Null).unwrap();
    }

    /// A user makes the present object again as soon as it is gone.
    pub(crate) fn recreate(self: &Arc<Self>, resource: Resource, name: &'static str, spec: Value) {
        let world = self.clone();
        let uid = move |world: &Self| {
            world.apiserver.store().get(&key(resource, name)).map(|object| object["metadata"]["uid"].clone()).ok()
        };
        let Some(old) = uid(self) else { return };
        self.busy.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            while uid(&world).as_ref() == Some(&old) {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            // Unless another user was quicker.
            if uid(&world).is_none() {
                world.create(resource, name, &spec);
            }
            world.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// A user replaces the present object by a new one without waiting for the finalizer.
    pub(crate) fn replace(&self, resource: Resource, name: &str, spec: &Value) {
        if let Ok(object) = self.apiserver.store().get(&key(resource, name)) {
            self.force_away(object["metadata"]["uid"].as_str().unwrap_or_default());
        }
        let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        if_there(self.apiserver.change(|store, _| store.patch(&key(resource, name), Part::Main, &patch)));
        self.delete(resource, name);
        if self.apiserver.store().get(&key(resource, name)).is_err() {
            self.create(resource, name, spec);
        }
    }
}

fn if_there<T>(result: Result<T, Refusal>) {
    if let Err(refusal) = result {
        assert_eq!(refusal.code, 404, "{}", refusal.message);
    }
}
