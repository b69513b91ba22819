//! What users do with objects.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apiserver::store::{Part, Resource};
use crate::apiserver::{Patch, Refusal};
use crate::job::NAMESPACE;
use crate::world::{World, key};

/// What a user does. It is the same in a simulated world and on a real API server.
#[derive(Debug, Clone)]
pub enum Action {
    /// Makes an object with this spec.
    Create(Resource, &'static str, Value),
    /// Patches the spec of an object, if it is there.
    Edit(Resource, &'static str, Value),
    /// Deletes an object, if it is there.
    Delete(Resource, &'static str),
    /// Deletes an object after some time, if it is there.
    DeleteLater(Resource, &'static str, Duration),
    /// Makes the present object again as soon as it is gone.
    Recreate(Resource, &'static str, Value),
    /// Makes a ConfigMap with this data, or gives it this data.
    Apply(&'static str, Value),
}

impl World {
    /// Users do all of this.
    pub(crate) fn perform(self: &Arc<Self>, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Create(resource, name, spec) => self.create(resource, name, &spec),
                Action::Edit(resource, name, spec) => self.edit(resource, name, spec),
                Action::Delete(resource, name) => self.delete(resource, name),
                Action::DeleteLater(resource, name, after) => self.delete_later(resource, name, after),
                Action::Recreate(resource, name, spec) => self.recreate(resource, name, spec),
                Action::Apply(name, data) => self.apply_map(name, &data),
            }
        }
    }

    /// A user makes a ConfigMap, or changes its data.
    fn apply_map(&self, name: &str, data: &Value) {
        let at = key(Resource::Maps, name);
        self.apiserver.change(|store, now| {
            if store.get(&at).is_ok() {
                return store.patch(&at, Part::Main, &Patch::Merge(json!({"data": data}))).unwrap();
            }
            let metadata = json!({"name": name, "namespace": NAMESPACE});
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
            store.create(&at, map, now).unwrap()
        });
    }

    /// A user makes an object.
    fn create(&self, resource: Resource, name: &str, spec: &Value) {
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
    fn delete_later(self: &Arc<Self>, resource: Resource, name: &'static str, after: Duration) {
        let world = self.clone();
        self.evidence.busy.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            world.delete(resource, name);
            world.evidence.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// A user makes the present object again as soon as it is gone.
    pub(crate) fn recreate(self: &Arc<Self>, resource: Resource, name: &'static str, spec: Value) {
        let world = self.clone();
        let uid = move |world: &Self| {
            world.apiserver.store().get(&key(resource, name)).map(|object| object["metadata"]["uid"].clone()).ok()
        };
        let Some(old) = uid(self) else { return };
        self.evidence.busy.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            while uid(&world).as_ref() == Some(&old) {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            // Unless another user was quicker.
            if uid(&world).is_none() {
                world.create(resource, name, &spec);
            }
            world.evidence.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// A user replaces the present object by a new one without waiting for the finalizer.
    pub(crate) fn replace(&self, resource: Resource, name: &str, spec: &Value) {
        if let Ok(object) = self.apiserver.store().get(&key(resource, name)) {
            self.evidence.force_away(object["metadata"]["uid"].as_str().unwrap_or_default());
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
