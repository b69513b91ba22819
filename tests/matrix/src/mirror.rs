//! The objects of a namespace and all their versions, as watches show them, in the form that the goal looks at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::TryStreamExt;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::watcher::{self, Event};
use serde_json::Value;
use simulation::apiserver::store::{Change, Resource, Store};
use simulation::key;
use tokio::task::JoinSet;

/// What a scene has objects of.
pub(crate) const RESOURCES: [Resource; 7] = [
    Resource::Datasets,
    Resource::Versions,
    Resource::Runs,
    Resource::Configs,
    Resource::Files,
    Resource::Media,
    Resource::Maps,
];

/// The objects of a resource in a namespace.
pub(crate) fn api(client: &Client, namespace: &str, resource: Resource) -> Api<DynamicObject> {
    if resource == Resource::Maps {
        let maps = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
        return Api::namespaced_with(client.clone(), namespace, &maps);
    }
    testbed::objects(client, namespace, resource.kind())
}

/// A copy of what an API server has. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Mirror(Arc<Mutex<Store>>);

impl Mirror {
    /// The copy, to look at.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One object, if it is there.
    pub(crate) fn get(&self, resource: Resource, name: &str) -> Option<Value> {
        self.store().get(&key(resource, name)).ok().cloned()
    }

    /// Every object of our kinds: resource, name, whether it is being deleted.
    pub(crate) fn objects(&self) -> Vec<(Resource, String, bool)> {
        let store = self.store();
        let ours = store.all().filter(|(key, _)| key.resource != Resource::Maps);
        ours.map(|(key, object)| {
            (key.resource, key.name.clone(), object["metadata"].get("deletionTimestamp").is_some())
        })
        .collect()
    }

    /// Takes over a version, unless a newer one is known.
    pub(crate) fn note(&self, resource: Resource, change: Change, object: &DynamicObject) {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        self.store().mirror(&key(resource, name), change, serde_json::to_value(object).unwrap_or_default());
    }

    /// Watches all resources until the tasks end. What a broken watch misses is missing.
    pub(crate) fn watch(&self, client: &Client, namespace: &str, tasks: &mut JoinSet<()>) {
        for resource in RESOURCES {
            tasks.spawn(self.clone().follow(resource, api(client, namespace, resource)));
        }
    }

    async fn follow(self, resource: Resource, api: Api<DynamicObject>) {
        let mut events = std::pin::pin!(watcher::watcher(api, watcher::Config::default()));
        loop {
            match events.try_next().await {
                Ok(Some(Event::Apply(object) | Event::InitApply(object))) => {
                    self.note(resource, Change::Modified, &object);
                }
                Ok(Some(Event::Delete(object))) => self.note(resource, Change::Deleted, &object),
                Ok(Some(Event::Init | Event::InitDone)) => {}
                Ok(None) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
