//! The state of the world that must be reached in the end, judged by the world itself. Each living object is Ready and has
//! exactly one remote that equals its spec. Each object that is gone has no remote, or exactly the one that it had to keep.
//! The remotes of other owners are unchanged. What a set of files must have is in [`files`], and shares are in [`shares`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;

use pai_emulator::{Dataset, Job as Run, JobConfig, Label, MediaDataset};
use serde_json::Value;

use crate::apiserver::store::{Change, Resource, Store};
use crate::files;
use crate::history::{Class, Entry};
use crate::job::Job;
use crate::kind::Kind;
use crate::shares;
use crate::unread::unread;
use crate::world::{World, marked};

/// A violation of the goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// One object has more than one remote.
    Duplicate(String),
    /// A remote of an object that is gone.
    Orphan(String),
    /// Something that is not ours was changed.
    Foreign(String),
    /// Not done, or not like the spec.
    Unfinished(String),
    /// The goal was reached, but calls or writes went on.
    Restless(String),
    /// A status went back, or recorded another id.
    Backwards(String),
    /// Something was deleted that was not read before.
    Unread(String),
    /// More calls than necessary.
    Costly(String),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, what) = match self {
            Self::Duplicate(what) => ("duplicate", what),
            Self::Orphan(what) => ("orphan", what),
            Self::Foreign(what) => ("not ours", what),
            Self::Unfinished(what) => ("stuck", what),
            Self::Restless(what) => ("restless", what),
            Self::Backwards(what) => ("backwards", what),
            Self::Unread(what) => ("unread", what),
            Self::Costly(what) => ("costly", what),
        };
        write!(f, "{word}: {what}")
    }
}

/// A remote with a mark.
struct Remote<'a> {
    id: String,
    name: Option<&'a str>,
    uri: &'a str,
    description: Option<&'a str>,
    options: Option<&'a str>,
    accessibility: Option<&'a str>,
    labels: &'a [Label],
    is_released: bool,
    /// The JSON text of a configuration.
    model: Option<&'a str>,
}

/// Is all as it must be?
pub(crate) fn look(world: &World) -> Result<(), Miss> {
    if world.busy.load(Ordering::Relaxed) > 0 {
        return Err(Miss::Unfinished("a user is not done yet".to_owned()));
    }
    let datasets = world.cloud.datasets();
    for stranger in &world.strangers {
        if !datasets.contains(stranger) {
            return Err(Miss::Foreign(format!("{} was changed", stranger.name)));
        }
    }
    let media = world.cloud.state().media_datasets.unwrap_or_default();
    if let Some(changed) = media.iter().find(|one| &*one.dataset_name == "stranger" && &*one.description != "theirs") {
        return Err(Miss::Foreign(format!("{} was changed", changed.dataset_name)));
    }
    let strangers = media.iter().filter(|one| &*one.dataset_name == "stranger").count();
    if strangers == 0 || (world.job == Job::MediaAdopt && media.iter().all(|one| &*one.dataset_name != "theirs")) {
        return Err(Miss::Foreign("a media dataset of somebody else is gone".to_owned()));
    }
    if world.job == Job::Adopt && datasets.iter().all(|dataset| dataset.name != "theirs") {
        return Err(Miss::Foreign("what was adopted is gone".to_owned()));
    }
    let jobs = runs(world);
    let configs = world.cloud.state().job_configs.unwrap_or_default();
    let store = world.apiserver.store();
    files::look(world, &store)?;
    shares::look(world, &store, &datasets)?;
    for (uid, past) in gone(&store) {
        // Its name may be that of the object that came after it.
        let succeeded = |resource| store.all().any(|(key, _)| key.resource == resource && key.name == past.name);
        let mut remotes = match past.resource {
            Resource::Media | Resource::Runs | Resource::Configs if succeeded(past.resource) => continue,
            Resource::Media => media_of(&media, &past.name),
            // Nobody knows of a run whose object was forced away, and its mark does not say whose it was.
            Resource::Runs if world.has_forced_any() => continue,
            Resource::Runs => jobs.iter().map(run_remote).collect(),
            Resource::Configs => configs.iter().map(config_remote).collect(),
            Resource::Files
            | Resource::Maps
            | Resource::Accounts
            | Resource::ClusterAccounts
            | Resource::Namespaces => continue,
            Resource::Datasets | Resource::Versions => remotes_of(&datasets, uid),
        };
        let all = remotes.len();
        remotes.retain(|remote| !world.may_be_left(uid, &remote.id, past.resource));
        if remotes.is_empty() && all > 0 {
            continue;
        }
        past.check(&remotes, world.described_late())?;
    }
    for (key, object) in store.all() {
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let miss = |what: &str| Miss::Unfinished(format!("{} {what}: {}", key.name, object["status"]));
        let remotes = match key.resource {
            Resource::Media => media_of(&media, &key.name),
            Resource::Runs => jobs.iter().map(run_remote).collect(),
            Resource::Configs => configs.iter().map(config_remote).collect(),
            Resource::Files => Vec::new(),
            Resource::Maps | Resource::Accounts | Resource::ClusterAccounts | Resource::Namespaces => continue,
            Resource::Datasets | Resource::Versions => remotes_of(&datasets, uid),
        };
        let attempts = object["status"]["attempts"].as_array().map_or(1, Vec::len);
        let forced = key.resource == Resource::Runs && world.has_forced_any();
        if remotes.len() > attempts.max(1) && !forced {
            let ids: Vec<&str> = remotes.iter().map(|remote| remote.id.as_str()).collect();
            return Err(Miss::Duplicate(format!("{} has {}", key.name, ids.join(" and "))));
        }
        if object["metadata"].get("deletionTimestamp").is_some() {
            return Err(miss("is still being deleted"));
        }
        let asks = if remotes.is_empty() {
            asks_for_identity(world, object)
        } else {
            asks_for_choice(world, key.resource, object)
        };
        if asks {
            continue;
        }
        let failed = world.job == Job::RunRetry && condition(object, "Failed").is_some();
        if !is_ready(object) && !failed {
            return Err(miss("is not Ready"));
        }
        if key.resource == Resource::Files {
            continue;
        }
        let own = recorded(key.resource, object);
        let recorded_first = remotes.iter().find(|remote| Some(&remote.id) == own.as_ref());
        let Some(remote) = recorded_first.or(remotes.first()) else { return Err(miss("is Ready without a remote")) };
        if own.as_ref() != Some(&remote.id) {
            return Err(miss(&format!("has {} but recorded another", remote.id)));
        }
        remote.check(&object["spec"]).map_err(|what| miss(&format!("has {} but {what}", remote.id)))?;
    }
    Ok(())
}

fn is_ready(object: &Value) -> bool {
    ready(object).is_some_and(|ready| ready["status"] == "True")
}

/// Only the identity that made an attempt can tell whether it made a remote (rule 4.5): a person must act, and the
/// object says why.
fn asks_for_identity(world: &World, object: &Value) -> bool {
    world.was_someone_else() && ready(object).is_some_and(|ready| ready["reason"] == "AccountMismatch")
}

/// A person must say whose a remote is, and the object says so: the create was answered by the refusal of its copy, and of what
/// carries no mark nobody knows who made it; or a description was written after its object had gone, and a mark in a text does not
/// tell an earlier object from one of another cluster.
fn asks_for_choice(world: &World, resource: Resource, object: &Value) -> bool {
    let copied = resource == Resource::Configs && world.refused_copy();
    let late = resource == Resource::Media && world.described_late();
    ready(object)
        .is_some_and(|ready| copied && ready["reason"] == "NameTaken" || late && ready["reason"] == "OwnedByOther")
}

/// Does an object ask for a person, where that is allowed?
pub(crate) fn needs_human(world: &World) -> bool {
    let asks = |resource, object| asks_for_identity(world, object) || asks_for_choice(world, resource, object);
    world.apiserver.store().all().any(|(key, object)| asks(key.resource, object))
}

/// The condition `Ready` of the present generation.
fn ready(object: &Value) -> Option<&Value> {
    condition(object, "Ready")
}

/// This condition of the present generation.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.into_iter().flatten().find(|condition| condition["type"] == kind);
    found.filter(|_| object["status"]["observedGeneration"] == object["metadata"]["generation"])
}

/// The id in status.
fn recorded(resource: Resource, object: &Value) -> Option<String> {
    let text = |key: &str| object["status"][key].as_str();
    match resource {
        Resource::Datasets => text("datasetId").map(str::to_owned),
        Resource::Versions => Some(format!("{}/{}", text("datasetId")?, text("versionName")?)),
        Resource::Runs => Some(format!("{}/jobs/{}", text("datasetId")?, text("datasetJobId")?)),
        Resource::Configs => Some(format!("{}/configs/{}", text("datasetId")?, text("datasetJobConfigId")?)),
        Resource::Files | Resource::Maps | Resource::Accounts | Resource::ClusterAccounts | Resource::Namespaces => {
            None
        }
        Resource::Media => Some(format!("{}/{}", text("projectName")?, text("name")?)),
    }
}

/// The remotes whose mark names this uid.
fn remotes_of<'a>(datasets: &'a [Dataset], uid: &str) -> Vec<Remote<'a>> {
    let mut found = Vec::new();
    for dataset in datasets {
        if marked(&dataset.labels) == Some(uid) {
            found.push(Remote {
                id: dataset.dataset_id.clone(),
                name: Some(&dataset.name),
                uri: &dataset.uri,
                description: dataset.description.as_deref(),
                options: dataset.options.as_deref(),
                accessibility: Some(&dataset.accessibility),
                labels: &dataset.labels,
                is_released: is_released(&dataset.labels),
                model: None,
            });
        }
        let versions = dataset.versions.iter().filter(|version| marked(&version.labels) == Some(uid));
        found.extend(versions.map(|version| Remote {
            id: format!("{}/{}", dataset.dataset_id, version.version_name),
            name: None,
            uri: &version.uri,
            description: version.description.as_deref(),
            options: version.options.as_deref(),
            accessibility: None,
            labels: &version.labels,
            is_released: is_released(&version.labels),
            model: None,
        }));
    }
    found
}

fn is_released(labels: &[Label]) -> bool {
    labels.iter().any(|label| label.key == "dso-released")
}

/// The media dataset of this name, if it has a mark. (A mark in a text names no uid.)
fn media_of<'a>(all: &'a [MediaDataset], name: &str) -> Vec<Remote<'a>> {
    let ours = |one: &&MediaDataset| &*one.dataset_name == name && one.description.contains("[dso1.");
    all.iter().filter(ours).map(media_remote).collect()
}

/// The jobs with a mark that are not deleted; of those with the same mark, which a call that was carried out twice made, the
/// first.
fn runs(world: &World) -> Vec<Run> {
    let mut all: Vec<Run> = world.cloud.state().jobs.unwrap_or_default();
    let mark =
        |job: &Run| job.description.as_deref().and_then(|text| text.split_once("[dso1.")).map(|(_, m)| m.to_owned());
    all.retain(|job| job.deleted_ms.is_none() && mark(job).is_some());
    let recorded: Vec<_> =
        world.apiserver.store().all().filter_map(|(key, object)| recorded(key.resource, object)).collect();
    let own = |job: &Run| recorded.contains(&run_id(job));
    let copies: Vec<_> = all.iter().filter(|job| !own(job)).map(run_id).collect();
    let is_copy = |job: &Run, all: &[Run]| {
        copies.contains(&run_id(job))
            && (world.made_twice() || all.iter().any(|other| run_id(other) != run_id(job) && mark(other) == mark(job)))
    };
    let kept = all.clone();
    all.retain(|job| !is_copy(job, &kept));
    all
}

fn run_id(job: &Run) -> String {
    format!("{}/jobs/{}", job.dataset_id, job.dataset_job_id)
}

fn run_remote(job: &Run) -> Remote<'_> {
    text_remote(run_id(job), job.description.as_deref().unwrap_or_default())
}

/// A configuration. It has no mark, so there is no other one in the world.
fn config_remote(config: &JobConfig) -> Remote<'_> {
    let id = format!("{}/configs/{}", config.dataset_id, config.dataset_job_config_id);
    Remote { description: None, model: Some(&config.config), ..text_remote(id, "") }
}

fn media_remote(media: &MediaDataset) -> Remote<'_> {
    text_remote(format!("{}/{}", media.project_name, media.dataset_name), &media.description)
}

/// A remote whose mark is in its description.
fn text_remote(id: String, description: &str) -> Remote<'_> {
    let (own, mark) = description.split_once("[dso1.").unwrap_or_default();
    Remote {
        id,
        name: None,
        uri: "",
        description: Some(own.trim_end()),
        options: None,
        accessibility: None,
        labels: &[],
        is_released: mark.starts_with(char::is_uppercase),
        model: None,
    }
}

impl Remote<'_> {
    /// Does the remote equal this spec?
    fn check(&self, spec: &Value) -> Result<(), String> {
        let members = [
            ("name", self.name),
            ("uri", Some(self.uri)),
            ("description", self.description),
            ("options", self.options),
            ("accessibility", self.accessibility),
        ];
        for (member, is) in members {
            let wanted = spec[member].as_str();
            // A configuration has no such members.
            if self.model.is_none() && wanted.is_some() && wanted != is {
                return Err(format!("{member} is {is:?}"));
            }
        }
        if let Some(model) = self.model {
            let is: Value = serde_json::from_str(model).unwrap_or_default();
            if is["defaultModelId"] != spec["multimodalSemanticIndex"]["defaultModelId"] {
                return Err(format!("it holds {model}"));
            }
        }
        let wanted = spec["labels"].as_array().into_iter().flatten();
        let wanted: BTreeMap<_, _> = wanted.map(|label| (label["key"].as_str(), label["value"].as_str())).collect();
        // Labels of others stay.
        let others = |label: &&Label| label.key.starts_with("dso-") || label.key == "team";
        let ours = self.labels.iter().filter(|label| !others(label));
        let is: BTreeMap<_, _> = ours.map(|label| (Some(label.key.as_str()), Some(label.value.as_str()))).collect();
        if is == wanted { Ok(()) } else { Err(format!("its labels are {is:?}")) }
    }
}

/// Was status correct all the time? A recorded id stays, and a status never goes back. The only exception is the very first
/// status, delivered again: it has no earlier status whose values it could test.
pub(crate) fn look_back(world: &World) -> Result<(), Miss> {
    let again =
        |entry: &Entry| entry.class == Class::KubeWrite && matches!(entry.fault, Some(Kind::Late | Kind::Twice));
    let history = world.history();
    let redelivered = history.iter().any(again);
    if let Some(delete) = unread(&history) {
        return Err(Miss::Unread(delete.to_string()));
    }
    let store = world.apiserver.store();
    let mut last: BTreeMap<&str, (i64, Option<String>)> = BTreeMap::new();
    for event in store.log() {
        let object = &event.object;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let observed = object["status"]["observedGeneration"].as_i64().unwrap_or_default();
        let id = recorded(event.key.resource, object);
        // Each attempt has a run of its own.
        let runs_again = event.key.resource == Resource::Runs && world.job == Job::RunRetry && id.is_some();
        if let Some((before, was)) = last.insert(uid, (observed, id.clone()))
            && ((observed < before && !(redelivered && observed == 1)) || (was.is_some() && was != id && !runs_again))
        {
            let what = format!("{}: from {before} {was:?} to {observed} {id:?}", event.key.name);
            return Err(Miss::Backwards(what));
        }
    }
    Ok(())
}

/// An object that is gone.
struct Past {
    name: String,
    /// The remote that it recorded last.
    recorded: Option<String>,
    /// The object wanted to keep its remote.
    keeps: bool,
    /// What it was an object of.
    resource: Resource,
}

/// Every object that is gone, by uid.
fn gone(store: &Store) -> BTreeMap<&str, Past> {
    let mut all: BTreeMap<&str, (Past, bool)> = BTreeMap::new();
    for event in store.log() {
        let object = &event.object;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let keeps = match object["spec"]["deletionPolicy"].as_str() {
            Some(policy) => policy == "Retain",
            None => object["spec"].get("adoption").is_some(),
        };
        let before = all.remove(uid).and_then(|(past, _)| past.recorded);
        let recorded = recorded(event.key.resource, object).or(before);
        let past = Past { name: event.key.name.clone(), recorded, keeps, resource: event.key.resource };
        all.insert(uid, (past, event.change == Change::Deleted));
    }
    all.into_iter().filter(|(_, (_, gone))| *gone).map(|(uid, (past, _))| (uid, past)).collect()
}

impl Past {
    /// `described_late`: a mark in a description may have come back after its release.
    fn check(&self, remotes: &[Remote], described_late: bool) -> Result<(), Miss> {
        let Some(first) = remotes.first() else {
            return match &self.recorded {
                Some(id) if self.keeps => Err(Miss::Orphan(format!("{id} is not kept, or lost its mark"))),
                Some(_) | None => Ok(()),
            };
        };
        let marked_again = self.resource == Resource::Media && described_late;
        if !self.keeps || !(first.is_released || marked_again) {
            return Err(Miss::Orphan(format!("{} is left of {}", first.id, self.name)));
        }
        if remotes.len() > 1 {
            return Err(Miss::Duplicate(format!("{} left {} remotes", self.name, remotes.len())));
        }
        Ok(())
    }
}
