//! The history of the objects of a namespace, version by version, as a watch shows it; and their present state, without
//! repeated questions to the API server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::TryStreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject};
use kube::runtime::watcher::{self, Event};
use serde_json::Value;

use crate::scene::JOB;

/// One version of an object.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Its kind.
    pub kind: &'static str,
    /// Name of the object.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed: Option<i64>,
    /// `status.datasetId`, and for a version its name behind a slash; for a job `status.datasetJobId`.
    pub id: Option<String>,
    /// All of them.
    pub conditions: Vec<Condition>,
    /// This version comes from a list: the watch may have missed versions before it.
    pub listed: bool,
}

impl Sight {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == kind)
    }

    /// Ready is True, and told of this generation.
    pub fn is_ready(&self) -> bool {
        self.observed == Some(self.generation) && self.condition("Ready").is_some_and(|ready| ready.status == "True")
    }
}

/// Kind and name.
type Key = (&'static str, String);

#[derive(Debug, Default)]
struct Seen {
    sights: Vec<Sight>,
    objects: BTreeMap<Key, DynamicObject>,
}

/// The history of a namespace.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Seen>>);

impl History {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All versions so far, those of one object in order.
    pub fn sights(&self) -> Vec<Sight> {
        self.lock().sights.clone()
    }

    /// All objects that are there, Datasets first.
    pub fn objects(&self) -> Vec<(&'static str, DynamicObject)> {
        self.lock().objects.iter().map(|((kind, _), object)| (*kind, object.clone())).collect()
    }

    /// One of them.
    pub fn get(&self, kind: &'static str, name: &str) -> Option<DynamicObject> {
        self.lock().objects.get(&(kind, name.to_owned())).cloned()
    }

    /// Takes over a copy, unless a newer one is known.
    pub fn note(&self, kind: &'static str, object: DynamicObject) {
        let key = (kind, object.name_any());
        let mut seen = self.lock();
        if seen.objects.get(&key).is_none_or(|known| version(known) < version(&object)) {
            seen.objects.insert(key, object);
        }
    }

    fn drop_object(&self, kind: &'static str, object: &DynamicObject) {
        let key = (kind, object.name_any());
        let mut seen = self.lock();
        if seen.objects.get(&key).is_some_and(|known| known.uid() == object.uid()) {
            seen.objects.remove(&key);
        }
    }

    /// Watches for ever. What a broken watch misses is missing.
    pub async fn watch(self, kind: &'static str, api: Api<DynamicObject>) {
        let events = watcher::watcher(api, watcher::Config::default());
        let mut events = std::pin::pin!(events);
        loop {
            match events.try_next().await {
                Ok(Some(Event::Apply(object))) => {
                    self.lock().sights.push(sight(kind, &object));
                    self.note(kind, object);
                }
                Ok(Some(Event::InitApply(object))) => {
                    self.lock().sights.push(Sight { listed: true, ..sight(kind, &object) });
                    self.note(kind, object);
                }
                Ok(Some(Event::Delete(object))) => self.drop_object(kind, &object),
                Ok(Some(Event::Init | Event::InitDone)) => {}
                Ok(None) => return,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    }
}

/// Later versions have greater numbers, since Kubernetes 1.35 by contract.
fn version(object: &DynamicObject) -> u64 {
    object.resource_version().and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// The parts of an object that matter here.
pub fn sight(kind: &'static str, object: &DynamicObject) -> Sight {
    let status = object.data.get("status").cloned().unwrap_or(Value::Null);
    let text = |key: &str| status.get(key).and_then(Value::as_str);
    let id = match (kind, text("datasetId"), text("versionName")) {
        (JOB, _, _) => text("datasetJobId").map(str::to_owned),
        (_, Some(id), Some(version)) => Some(format!("{id}/{version}")),
        (_, id, _) => id.map(str::to_owned),
    };
    let conditions = status.get("conditions").cloned();
    Sight {
        kind,
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        generation: object.metadata.generation.unwrap_or_default(),
        observed: status.get("observedGeneration").and_then(Value::as_i64),
        id,
        conditions: conditions.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default(),
        listed: false,
    }
}
