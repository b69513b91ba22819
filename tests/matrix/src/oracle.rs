//! What must hold, judged from recorded histories: the proxies' log, the emulator, and the objects version by version.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::ResourceExt;
use serde_json::Value;

use crate::history::sight;
use crate::proxy::{Entry, Side};
use crate::scene::{Scene, label};

/// A read counts as one of the same pass for so long.
const SAME_PASS: Duration = Duration::from_secs(10);

/// No pass takes longer.
const LONGEST_PASS: Duration = Duration::from_secs(68);

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// More than one remote of an object.
    Duplicate,
    /// A remote without an object.
    Orphan,
    /// The goal was not reached, or not kept.
    Stuck,
    /// A person had to act although nobody refused anything.
    HumanNeeded,
    /// Another promise was broken.
    Broken,
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub sort: Sort,
    /// What was seen.
    pub text: String,
}

/// Says what is wrong.
pub fn violation(sort: Sort, text: impl Into<String>) -> Violation {
    Violation { sort, text: text.into() }
}

/// A remote of ours, by the uid in its mark.
struct Ours {
    id: String,
    uid: String,
    released: bool,
}

/// All remotes that carry our domain.
fn ours(scene: &Scene) -> Vec<Ours> {
    let mut all = Vec::new();
    for dataset in scene.datasets() {
        let labels = std::iter::once((dataset.dataset_id.clone(), &dataset.labels));
        let versions = dataset
            .versions
            .iter()
            .map(|version| (format!("{}/{}", dataset.dataset_id, version.version_name), &version.labels));
        for (id, labels) in labels.chain(versions) {
            if let Some(attempt) = label(labels, "dso-attempt") {
                let uid = attempt.split('.').nth(1).unwrap_or_default().to_owned();
                all.push(Ours { id, uid, released: label(labels, "dso-released").is_some() });
            }
        }
    }
    all
}

/// Each living object is Ready at its generation with exactly one remote, and nothing of ours is left of others.
pub fn alive(scene: &Scene) -> Vec<Violation> {
    let (remotes, mut wrong, mut living) = (ours(scene), Vec::new(), BTreeSet::new());
    for (_, object) in scene.objects() {
        let seen = sight(&object);
        living.insert(seen.uid.clone());
        if !seen.ready || seen.observed != Some(seen.generation) {
            wrong.push(violation(Sort::Stuck, format!("{} is not Ready: {}", seen.name, object.data["status"])));
            continue;
        }
        let held: Vec<_> = remotes.iter().filter(|remote| remote.uid == seen.uid).map(|remote| &remote.id).collect();
        if held.len() > 1 {
            wrong.push(violation(Sort::Duplicate, format!("{} has {held:?}", seen.name)));
        } else if held.first().copied() != seen.id.as_ref() {
            wrong.push(violation(Sort::Stuck, format!("{} records {:?}, and has {held:?}", seen.name, seen.id)));
        }
    }
    for remote in remotes.iter().filter(|remote| !remote.released && !living.contains(&remote.uid)) {
        wrong.push(violation(Sort::Orphan, format!("{} belongs to {}, which is gone", remote.id, remote.uid)));
    }
    wrong
}

/// After all objects are gone nothing of ours is left but what was kept on purpose.
pub fn gone(scene: &Scene, keeps: bool) -> Vec<Violation> {
    let left = ours(scene);
    let orphans = left.iter().filter(|remote| !remote.released);
    let mut wrong: Vec<_> =
        orphans.map(|remote| violation(Sort::Orphan, format!("{} is left, of {}", remote.id, remote.uid))).collect();
    if keeps && !left.iter().any(|remote| remote.released) {
        wrong.push(violation(Sort::Broken, "what was to be kept is gone, or not marked as released"));
    }
    if !keeps && left.iter().any(|remote| remote.released) {
        wrong.push(violation(Sort::Broken, "something was kept and released that was to be deleted"));
    }
    wrong
}

/// What histories must show whatever happened. `adopted`: a dataset that somebody else made and that may be changed.
pub fn histories(scene: &Scene, adopted: Option<&str>, may_double: bool) -> Vec<Violation> {
    let entries = scene.log.entries();
    let mut wrong = claims_before_creates(&entries);
    wrong.extend(reads_before_deletes(&entries));
    wrong.extend(only_ours(scene, &entries, adopted));
    wrong.extend(monotonic(scene));
    if !may_double {
        wrong.extend(never_two(scene));
    }
    if let Some(line) = scene.keeper.said().lines().find(|line| line.contains("panicked")) {
        wrong.push(violation(Sort::Broken, format!("a panic: {line}")));
    }
    wrong
}

fn is_create(entry: &Entry) -> bool {
    matches!(entry.operation.as_str(), "CreateDataset" | "CreateDatasetVersion")
}

/// The nonce in the body of a create.
fn nonce_of(entry: &Entry) -> Option<String> {
    let body: Value = serde_json::from_str(&entry.body).ok()?;
    let labels = body["Labels"].as_array()?;
    let mark = labels.iter().find(|label| label["Key"] == "dso-attempt")?;
    mark["Value"].as_str()?.split('.').next().map(str::to_owned)
}

/// Every create was claimed before with its own nonce, and no nonce was sent twice.
fn claims_before_creates(entries: &[Entry]) -> Vec<Violation> {
    let (mut wrong, mut sent) = (Vec::new(), BTreeSet::new());
    for (place, create) in entries.iter().enumerate().filter(|(_, entry)| is_create(entry)) {
        let Some(nonce) = nonce_of(create) else {
            wrong.push(violation(Sort::Broken, format!("a create without a mark: {}", create.body)));
            continue;
        };
        let claim = |entry: &Entry| {
            entry.side == Side::Kubernetes
                && entry.method == "PATCH"
                && entry.body.contains(&nonce)
                && entry.status.is_some_and(|status| status < 300)
        };
        if !entries.iter().take(place).any(claim) {
            wrong.push(violation(Sort::Broken, format!("attempt {nonce} was sent and never claimed")));
        }
        if !sent.insert(nonce.clone()) {
            wrong.push(violation(Sort::Broken, format!("attempt {nonce} was sent twice")));
        }
    }
    wrong
}

/// Every deletion had a read of its remote, and one of its object, just before.
fn reads_before_deletes(entries: &[Entry]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for (place, delete) in entries.iter().enumerate() {
        if !matches!(delete.operation.as_str(), "DeleteDataset" | "DeleteDatasetVersion") {
            continue;
        }
        let path = delete.target.trim_start_matches("/api/v1/datasets/");
        let id = path.split(['/', '?']).next().unwrap_or_default();
        let before = || {
            let earlier = entries.iter().take(place);
            earlier.filter(|entry| delete.at.duration_since(entry.at) < SAME_PASS)
        };
        let read = |entry: &Entry| entry.side == Side::Cloud && entry.reads() && entry.target.contains(id);
        // The answer of the create that made it, in the same pass, shows it as well.
        let made = |entry: &Entry| {
            is_create(entry) && entry.answer.contains(id) && delete.at.duration_since(entry.at) < LONGEST_PASS
        };
        if !before().any(read) && !entries.iter().take(place).any(made) {
            wrong.push(violation(Sort::Broken, format!("{} was deleted unread", delete.target)));
        }
        // A write of ours that went through shows the newest copy too.
        let object = |entry: &Entry| {
            entry.side == Side::Kubernetes
                && !entry.target.contains("watch=")
                && entry.target.contains("/dataset")
                && entry.status.is_some_and(|status| status < 300)
        };
        if !before().any(object) {
            wrong.push(violation(Sort::Broken, format!("{} was deleted, its object unread", delete.target)));
        }
    }
    wrong
}

/// Nothing was changed but what we made or were told to take.
fn only_ours(scene: &Scene, entries: &[Entry], adopted: Option<&str>) -> Vec<Violation> {
    let lines = scene.emulator.log();
    let made = lines.iter().filter(|line| line.operation == "CreateDataset" && line.ok);
    let mut may: BTreeSet<String> = made.filter_map(|line| line.dataset_id.clone()).collect();
    may.extend(adopted.map(str::to_owned));
    let mut wrong = Vec::new();
    for entry in entries.iter().filter(|entry| entry.side == Side::Cloud && !entry.reads()) {
        let id = entry.target.trim_start_matches("/api/v1/datasets").trim_start_matches('/');
        let id = id.split(['/', '?']).next().unwrap_or_default();
        if !id.is_empty() && !may.contains(id) {
            wrong.push(violation(Sort::Broken, format!("{} {} is not ours to change", entry.method, entry.target)));
        }
    }
    for stranger in &scene.strangers {
        if scene.emulator.dataset(&stranger.dataset_id).as_ref() != Some(stranger) {
            wrong.push(violation(Sort::Broken, format!("{} was touched", stranger.name)));
        }
    }
    wrong
}

/// Ids are written once, generations are observed in order, and none that is not there yet.
fn monotonic(scene: &Scene) -> Vec<Violation> {
    let mut last: BTreeMap<String, (Option<i64>, Option<String>)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sight in scene.history.sights() {
        let (observed, id) = last.entry(sight.uid.clone()).or_default();
        if sight.observed < *observed || sight.observed > Some(sight.generation) {
            let text =
                format!("{} observed {:?} after {observed:?} of {}", sight.name, sight.observed, sight.generation);
            wrong.push(violation(Sort::Broken, text));
        }
        if id.is_some() && sight.id != *id {
            wrong.push(violation(Sort::Broken, format!("{} recorded {:?} over {id:?}", sight.name, sight.id)));
        }
        (*observed, *id) = (sight.observed, sight.id.clone());
    }
    wrong
}

/// At no time two datasets that the operator made for one name.
fn never_two(scene: &Scene) -> Vec<Violation> {
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    for line in scene.emulator.log().into_iter().filter(|line| line.ok) {
        let id = line.dataset_id.unwrap_or_default();
        match line.operation.as_str() {
            "CreateDataset" => {
                let name = line.name.unwrap_or_default();
                if there.values().any(|other| *other == name) {
                    return vec![violation(Sort::Duplicate, format!("{id} was made beside {there:?}"))];
                }
                there.insert(id, name);
            }
            "DeleteDataset" => drop(there.remove(&id)),
            _ => {}
        }
    }
    Vec::new()
}

/// What the operator did since the log had this length, sweeps and events left out.
pub fn doings(scene: &Scene, since: usize) -> Vec<String> {
    let entries = scene.log.entries();
    let later = entries.get(since..).unwrap_or_default();
    let does =
        |entry: &&Entry| !entry.reads() && !entry.target.split('?').next().unwrap_or_default().ends_with("/events");
    later.iter().filter(does).map(|entry| format!("{} {} {}", entry.method, entry.target, entry.body)).collect()
}

/// All objects that are still there.
pub fn left(scene: &Scene) -> Vec<String> {
    scene.objects().into_iter().map(|(kind, object)| format!("{kind} {}", object.name_any())).collect()
}

#[cfg(test)]
#[path = "oracle_tests.rs"]
mod tests;
