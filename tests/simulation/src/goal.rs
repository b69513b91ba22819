//! The state that must be reached in the end, judged by what is there. Each living object is Ready and has
//! exactly one remote that equals its spec. Each object that is gone has no remote, or exactly the one that it had to keep
//! ([`past`]). The remotes of other owners are unchanged. What a set of files must have is in [`files`], shares are in
//! [`shares`]; looking back, statuses went forwards ([`status`]), and calls came in the order of the protocol ([`order`]).
//!
//! The same goal judges a simulated world and real parts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use crate::apiserver::store::{Resource, Store};
use crate::evidence::Evidence;
use crate::history::{Class, Entry};
use crate::job::Job;
use crate::kind::Kind;
use crate::past::gone;
use crate::remotes::{config_remote, media_of, remotes_of, run_remote, runs};
use crate::{files, order, shares, status};

/// More calls than this within a second are too many.
const PACE: usize = 100;

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
    /// A create that was not claimed before, or sent twice.
    Unclaimed(String),
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
            Self::Unclaimed(what) => ("unclaimed", what),
            Self::Costly(what) => ("costly", what),
        };
        write!(f, "{word}: {what}")
    }
}

/// Is all as it must be?
pub fn look(evidence: &Evidence, store: &Store) -> Result<(), Miss> {
    if evidence.busy.load(Ordering::Relaxed) > 0 {
        return Err(Miss::Unfinished("a user is not done yet".to_owned()));
    }
    let datasets = evidence.cloud.datasets();
    for stranger in &evidence.strangers {
        if !datasets.contains(stranger) {
            return Err(Miss::Foreign(format!("{} was changed", stranger.name)));
        }
    }
    let media = evidence.cloud.state().media_datasets.unwrap_or_default();
    if let Some(changed) = media.iter().find(|one| &*one.dataset_name == "stranger" && &*one.description != "theirs") {
        return Err(Miss::Foreign(format!("{} was changed", changed.dataset_name)));
    }
    let strangers = media.iter().filter(|one| &*one.dataset_name == "stranger").count();
    if strangers == 0 || (evidence.job == Job::MediaAdopt && media.iter().all(|one| &*one.dataset_name != "theirs")) {
        return Err(Miss::Foreign("a media dataset of somebody else is gone".to_owned()));
    }
    if matches!(evidence.job, Job::Adopt | Job::AdoptName) && datasets.iter().all(|dataset| dataset.name != "theirs") {
        return Err(Miss::Foreign("what was adopted is gone".to_owned()));
    }
    let (jobs, others) = (runs(evidence, store), evidence.others());
    let configs = evidence.cloud.state().job_configs.unwrap_or_default();
    files::look(evidence, store)?;
    shares::look(evidence, store, &datasets)?;
    for (uid, past) in gone(store) {
        // Its name may be that of the object that came after it.
        let succeeded = |resource| store.all().any(|(key, _)| key.resource == resource && key.name == past.name);
        let mut remotes = match past.resource {
            Resource::Media | Resource::Runs | Resource::Configs if succeeded(past.resource) => continue,
            Resource::Media => media_of(&media, &past.name),
            // Nobody knows of a run whose object was forced away, and its mark does not say whose it was.
            Resource::Runs if evidence.has_forced_any() => continue,
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
        remotes.retain(|remote| !evidence.may_be_left(store, uid, &remote.id, past.resource));
        if remotes.is_empty() && all > 0 {
            continue;
        }
        past.check(&remotes, evidence.described_late())?;
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
        let forced = key.resource == Resource::Runs && evidence.has_forced_any();
        if remotes.len() > attempts.max(1) && !forced {
            let ids: Vec<&str> = remotes.iter().map(|remote| remote.id.as_str()).collect();
            return Err(Miss::Duplicate(format!("{} has {}", key.name, ids.join(" and "))));
        }
        if object["metadata"].get("deletionTimestamp").is_some() {
            return Err(miss("is still being deleted"));
        }
        let asks = if remotes.is_empty() {
            asks_for_identity(evidence, object)
        } else {
            asks_for_choice(evidence, key.resource, object)
        };
        if asks {
            continue;
        }
        let failed = evidence.job == Job::RunRetry && condition(object, "Failed").is_some();
        if !is_ready(object) && !failed {
            return Err(miss("is not Ready"));
        }
        if !object["status"]["lastError"].is_null() {
            return Err(miss("is Ready and still tells of an error"));
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
        if remote.is_released && evidence.job == Job::Unrelease {
            return Err(miss("has a remote that says it is released"));
        }
        let theirs = others.labels.get(&remote.id);
        remote.check(&object["spec"], theirs).map_err(|what| miss(&format!("has {} but {what}", remote.id)))?;
    }
    Ok(())
}

fn is_ready(object: &Value) -> bool {
    ready(object).is_some_and(|ready| ready["status"] == "True")
}

/// Only the identity that made an attempt can tell whether it made a remote (rule 4.5): a person must act, and the
/// object says why.
fn asks_for_identity(evidence: &Evidence, object: &Value) -> bool {
    evidence.was_someone_else() && ready(object).is_some_and(|ready| ready["reason"] == "AccountMismatch")
}

/// A person must say whose a remote is, and the object says so: the create was answered by the refusal of its copy, and of what
/// carries no mark nobody knows who made it; or a description was written after its object had gone, and a mark in a text does not
/// tell an earlier object from one of another cluster.
fn asks_for_choice(evidence: &Evidence, resource: Resource, object: &Value) -> bool {
    let copied = resource == Resource::Configs && evidence.refused_copy();
    let late = resource == Resource::Media && evidence.described_late();
    ready(object)
        .is_some_and(|ready| copied && ready["reason"] == "NameTaken" || late && ready["reason"] == "OwnedByOther")
}

/// Does an object ask for a person, where that is allowed?
pub fn needs_human(evidence: &Evidence, store: &Store) -> bool {
    let asks = |resource, object| asks_for_identity(evidence, object) || asks_for_choice(evidence, resource, object);
    store.all().any(|(key, object)| asks(key.resource, object))
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
pub(crate) fn recorded(resource: Resource, object: &Value) -> Option<String> {
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

/// Was all correct all the time? A recorded id stays, a status never goes back, calls come in order, none is about something
/// of others, and there are never too many at once.
pub fn look_back(evidence: &Evidence, store: &Store) -> Result<(), Miss> {
    let history = evidence.history();
    let cloud = || history.iter().filter(|entry| matches!(entry.class, Class::CloudRead | Class::CloudWrite));
    order::unclaimed(&history)?;
    if let Some(delete) = order::unread(&history).or_else(|| order::object_unread(evidence, store, &history)) {
        return Err(Miss::Unread(delete.to_string()));
    }
    let strange = |entry: &&Entry| {
        let stranger = |id: &str| entry.path().split('/').any(|part| part == id);
        entry.class == Class::CloudWrite && evidence.strangers.iter().any(|dataset| stranger(&dataset.dataset_id))
    };
    if let Some(entry) = history.iter().find(strange) {
        return Err(Miss::Foreign(entry.to_string()));
    }
    let times: Vec<_> = cloud().map(|entry| entry.at).collect();
    if times.windows(PACE + 1).any(|crowd| crowd[PACE].saturating_sub(crowd[0]) < Duration::from_secs(1)) {
        return Err(Miss::Costly(format!("more than {PACE} calls within a second")));
    }
    let again =
        |entry: &Entry| entry.class == Class::KubeWrite && matches!(entry.fault, Some(Kind::Late | Kind::Twice));
    let ours = store.log().iter().filter(|event| event.key.resource != Resource::Maps);
    if let Some(wrong) = status::wrong(ours.map(|event| &event.object), history.iter().any(again)) {
        return Err(Miss::Backwards(wrong));
    }
    let mut last: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for event in store.log() {
        let id = recorded(event.key.resource, &event.object);
        // Each attempt has a run of its own.
        let runs_again = event.key.resource == Resource::Runs && evidence.job == Job::RunRetry && id.is_some();
        let uid = event.object["metadata"]["uid"].as_str().unwrap_or_default();
        if let Some(was @ Some(_)) = last.insert(uid, id.clone())
            && was != id
            && !runs_again
        {
            return Err(Miss::Backwards(format!("{}: from {was:?} to {id:?}", event.key.name)));
        }
    }
    Ok(())
}

/// An object had two remotes for a while, and no fault made the second one.
pub fn had_twins(evidence: &Evidence) -> Result<(), Miss> {
    let history = evidence.history();
    let doubled = history.iter().filter_map(|entry| entry.fault).any(Kind::doubles);
    match evidence.twins().filter(|_| !doubled) {
        Some(uid) => Err(Miss::Duplicate(format!("{uid} had two remotes for a while"))),
        None => Ok(()),
    }
}
