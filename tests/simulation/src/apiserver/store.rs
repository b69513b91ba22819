//! The state of an API server, as a machine over values: objects, revisions, and what every write does to them.
//!
//! It has the features that the operator needs: `resourceVersion` guards, the status subresource, finalizers and deletion,
//! generations, a log to watch. It does not validate against a schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::patch::{self, Patch};
use super::refusal::Refusal;

/// A resource that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// `datasets`
    Datasets,
    /// `datasetversions`
    Versions,
    /// `datasetjobs`
    Runs,
    /// `datasetjobconfigs`
    Configs,
    /// `datasetfilesets`
    Files,
    /// `mediadatasets`
    Media,
    /// `providerconfigs`, of which there are none
    Accounts,
    /// `clusterproviderconfigs`, of which there are none
    ClusterAccounts,
    /// `namespaces`, of which none is shown
    Namespaces,
    /// `configmaps`, which are nobody's own kind: they have no status and no generation.
    Maps,
}

impl Resource {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Datasets,
        Self::Versions,
        Self::Runs,
        Self::Configs,
        Self::Files,
        Self::Media,
        Self::Accounts,
        Self::ClusterAccounts,
        Self::Namespaces,
        Self::Maps,
    ];

    /// Its API group.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Datasets | Self::Versions | Self::Runs | Self::Configs | Self::Files => "pai.dataset-operator.dev",
            Self::Media => "imm.dataset-operator.dev",
            Self::Accounts | Self::ClusterAccounts => "dataset-operator.dev",
            Self::Namespaces | Self::Maps => "",
        }
    }

    /// Group and version of its objects.
    pub fn api_version(self) -> String {
        match self {
            Self::Namespaces | Self::Maps => "v1".to_owned(),
            _ => format!("{}/v1alpha1", self.group()),
        }
    }

    /// Its name in paths.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Datasets => "datasets",
            Self::Versions => "datasetversions",
            Self::Runs => "datasetjobs",
            Self::Configs => "datasetjobconfigs",
            Self::Files => "datasetfilesets",
            Self::Media => "mediadatasets",
            Self::Accounts => "providerconfigs",
            Self::ClusterAccounts => "clusterproviderconfigs",
            Self::Namespaces => "namespaces",
            Self::Maps => "configmaps",
        }
    }

    /// The kind of its objects.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Datasets => "Dataset",
            Self::Versions => "DatasetVersion",
            Self::Runs => "DatasetJob",
            Self::Configs => "DatasetJobConfig",
            Self::Files => "DatasetFileSet",
            Self::Media => "MediaDataset",
            Self::Accounts => "ProviderConfig",
            Self::ClusterAccounts => "ClusterProviderConfig",
            Self::Namespaces => "Namespace",
            Self::Maps => "ConfigMap",
        }
    }
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Of which resource.
    pub resource: Resource,
    /// In which namespace.
    pub namespace: String,
    /// Under which name.
    pub name: String,
}

/// Which part of an object a write is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All but its status.
    Main,
    /// Its status only.
    Status,
}

/// What a watch tells about an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It was written.
    Modified,
    /// It is gone.
    Deleted,
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub struct Event {
    /// The revision it made.
    pub revision: u64,
    /// The object.
    pub key: Key,
    /// What happened.
    pub change: Change,
    /// The object after it; of one that is gone, its last state.
    pub object: Value,
}

/// How a deletion ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    /// Finalizers hold the object.
    Marked(Value),
    /// It is gone.
    Removed(Value),
}

/// All objects and their history.
#[derive(Debug)]
pub struct Store {
    objects: BTreeMap<Key, Value>,
    log: Vec<Event>,
    revision: u64,
    /// A watch cannot start before this revision.
    compacted: u64,
    uids: u64,
    /// Kubernetes events by name; nothing reads them except the tests.
    pub events: BTreeMap<String, Value>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            log: Vec::new(),
            revision: 100,
            compacted: 100,
            uids: 0,
            events: BTreeMap::new(),
        }
    }
}

impl Store {
    /// The present revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Result<&Value, Refusal> {
        self.objects.get(key).ok_or_else(|| Refusal::not_found(key))
    }

    /// The objects of a resource, in one namespace or in all.
    pub fn list(&self, resource: Resource, namespace: Option<&str>) -> impl Iterator<Item = &Value> {
        let within = move |key: &Key| key.resource == resource && namespace.is_none_or(|name| key.namespace == name);
        self.objects.iter().filter(move |(key, _)| within(key)).map(|(_, object)| object)
    }

    /// Every object with its place.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.objects.iter()
    }

    /// Everything that ever happened.
    pub fn log(&self) -> &[Event] {
        &self.log
    }

    /// What happened after this revision.
    pub fn since(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Event>, Refusal> {
        if revision < self.compacted {
            return Err(Refusal::expired(revision, self.compacted));
        }
        let from = self.log.partition_point(|event| event.revision <= revision);
        Ok(self.log[from..].iter().filter(move |event| {
            event.key.resource == resource && namespace.is_none_or(|name| event.key.namespace == name)
        }))
    }

    /// Forgets the past: watches from before now are refused.
    pub fn compact(&mut self) {
        self.compacted = self.revision;
    }

    /// Makes an object at this time.
    pub fn create(&mut self, key: &Key, mut object: Value, now: &str) -> Result<Value, Refusal> {
        if self.objects.contains_key(key) {
            return Err(Refusal::exists(key));
        }
        if object["metadata"].get("resourceVersion").is_some_and(|version| version.as_str() != Some("")) {
            return Err(Refusal::bad("resourceVersion should not be set on objects to be created"));
        }
        self.uids += 1;
        let uid = format!("00000000-0000-4000-8000-{:012x}", self.uids);
        if key.resource != Resource::Maps {
            // What the schema has as default.
            object["status"] = json!({"observedGeneration": -1});
            object["metadata"]["generation"] = json!(1);
        }
        let metadata = &mut object["metadata"];
        metadata["uid"] = json!(uid);
        metadata["namespace"] = json!(key.namespace);
        metadata["creationTimestamp"] = json!(now);
        remove(metadata, &["deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"]);
        Ok(self.commit(key, object, Change::Added))
    }

    /// Changes a part of an object. A change of nothing makes no revision.
    pub fn patch(&mut self, key: &Key, part: Part, patch: &Patch) -> Result<Value, Refusal> {
        let old = self.get(key)?.clone();
        let patched = patch::apply(&old, patch)?;
        let (was, asked) = (&old["metadata"], &patched["metadata"]);
        if asked["resourceVersion"] != was["resourceVersion"] {
            return Err(Refusal::conflict(key));
        }
        let new = match part {
            Part::Status => with_status(&old, &patched),
            Part::Main => main(key, &old, &patched)?,
        };
        if new == old {
            return Ok(old);
        }
        let metadata = &new["metadata"];
        if metadata.get("deletionTimestamp").is_some() && finalizers(metadata).is_empty() {
            return Ok(self.remove(key, new, old));
        }
        Ok(self.commit(key, new, Change::Modified))
    }

    /// Deletes an object at this time, or marks it if finalizers hold it.
    pub fn delete(&mut self, key: &Key, now: &str) -> Result<Deleted, Refusal> {
        let mut object = self.get(key)?.clone();
        if finalizers(&object["metadata"]).is_empty() {
            return Ok(Deleted::Removed(self.remove(key, object.clone(), object)));
        }
        let metadata = &mut object["metadata"];
        if metadata.get("deletionTimestamp").is_some() {
            return Ok(Deleted::Marked(object));
        }
        metadata["deletionTimestamp"] = json!(now);
        metadata["deletionGracePeriodSeconds"] = json!(0);
        metadata["generation"] = json!(metadata["generation"].as_i64().unwrap_or_default() + 1);
        Ok(Deleted::Marked(self.commit(key, object, Change::Modified)))
    }

    /// Takes over what the watch of another server shows, unless something newer is known.
    pub fn mirror(&mut self, key: &Key, change: Change, object: Value) {
        let version =
            |object: &Value| object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok());
        let last = self.log.iter().rev().find(|event| event.key == *key);
        let (known, shown): (Option<u64>, Option<u64>) =
            (last.and_then(|event| version(&event.object)), version(&object));
        if known >= shown {
            return;
        }
        self.revision = shown.unwrap_or_default();
        self.note(key, change, &object);
        match change {
            Change::Added | Change::Modified => drop(self.objects.insert(key.clone(), object)),
            Change::Deleted => drop(self.objects.remove(key)),
        }
    }

    /// Was this told as an event about `what`?
    pub fn has_told(&self, reason: &str, what: &str) -> bool {
        let events = self.events.values().filter(|event| event["reason"] == reason);
        events.filter_map(|event| event["note"].as_str()).any(|note| note.split(' ').next() == Some(what))
    }

    fn commit(&mut self, key: &Key, mut object: Value, change: Change) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.objects.insert(key.clone(), object.clone());
        self.note(key, change, &object);
        object
    }

    /// The answer has the object as the write would have made it; watches get the object as it was.
    fn remove(&mut self, key: &Key, mut told: Value, mut stored: Value) -> Value {
        self.revision += 1;
        for object in [&mut told, &mut stored] {
            object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        }
        self.objects.remove(key);
        self.note(key, Change::Deleted, &stored);
        told
    }

    fn note(&mut self, key: &Key, change: Change, object: &Value) {
        let event = Event { revision: self.revision, key: key.clone(), change, object: object.clone() };
        self.log.push(event);
    }
}

/// A write to `/status` changes nothing else, so it ignores the uid and annotations.
fn with_status(old: &Value, patched: &Value) -> Value {
    let mut new = old.clone();
    match patched.get("status") {
        Some(status) => new["status"] = status.clone(),
        None => remove(&mut new, &["status"]),
    }
    new
}

/// A write to the object does not change its status, nor the fields that only the server sets.
fn main(key: &Key, old: &Value, patched: &Value) -> Result<Value, Refusal> {
    let (was, asked) = (&old["metadata"], &patched["metadata"]);
    if asked["uid"] != was["uid"] {
        return Err(Refusal::invalid(key, "metadata.uid: Invalid value: field is immutable"));
    }
    let deleting = was.get("deletionTimestamp").is_some();
    if deleting && finalizers(asked).iter().any(|name| !finalizers(was).contains(name)) {
        let why = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted";
        return Err(Refusal::invalid(key, why));
    }
    let mut new = with_status(patched, old);
    for name in ["creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        match was.get(name) {
            Some(value) => new["metadata"][name] = value.clone(),
            None => remove(&mut new["metadata"], &[name]),
        }
    }
    if finalizers(asked).is_empty() {
        remove(&mut new["metadata"], &["finalizers"]);
    }
    if key.resource != Resource::Maps && content(&new) != content(old) {
        new["metadata"]["generation"] = json!(was["generation"].as_i64().unwrap_or_default() + 1);
    }
    Ok(new)
}

/// The part of an object whose change increases the generation.
fn content(object: &Value) -> Value {
    let mut content = object.clone();
    remove(&mut content, &["metadata", "status"]);
    content
}

/// The finalizers among this metadata.
fn finalizers(metadata: &Value) -> Vec<&str> {
    metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn remove(object: &mut Value, members: &[&str]) {
    if let Value::Object(object) = object {
        object.retain(|name, _| !members.contains(&name.as_str()));
    }
}
