//! The remotes: exactly one for each living object, none for objects that are gone, and never two.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DynamicObject;
use pai_emulator::{Dataset, LogLine};

use super::likeness::unlike;
use super::unlabelled::each_once;
use super::{Sort, Violation, violation};
use crate::history::{Sight, sight};
use crate::scene::{DATASET, Scene, Theirs, VERSION, label};

/// A remote of ours, by the uid in its mark.
pub(super) struct Ours {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) released: bool,
}

/// All remotes that carry our mark, without those of others from the start.
pub(super) fn ours(datasets: &[Dataset]) -> Vec<Ours> {
    let mut all = Vec::new();
    for dataset in datasets {
        let labels = std::iter::once((dataset.dataset_id.clone(), &dataset.labels));
        let versions = dataset.versions.iter();
        let versions = versions.map(|is| (format!("{}/{}", dataset.dataset_id, is.version_name), &is.labels));
        for (id, labels) in labels.chain(versions) {
            if let Some(attempt) = label(labels, "dso-attempt") {
                let uid = attempt.split('.').nth(1).unwrap_or_default().to_owned();
                all.push(Ours { id, uid, released: label(labels, "dso-released").is_some() });
            }
        }
    }
    all
}

/// Each living object is Ready at its generation with exactly one remote that equals its spec, and no remote of ours
/// belongs to another object.
pub fn alive(scene: &Scene) -> Vec<Violation> {
    let (datasets, mut objects) = (scene.datasets(), scene.objects());
    let mut wrong = each_once(&objects, &scene.emulator.state());
    objects.retain(|(kind, _)| [DATASET, VERSION].contains(kind));
    let sights: Vec<_> = objects.iter().map(|(kind, object)| sight(kind, object)).collect();
    wrong.extend(one_each(&sights, &ours(&datasets)));
    if wrong.is_empty() {
        wrong.extend(alike(&objects, &sights, &datasets, &scene.theirs()));
    }
    wrong
}

pub(super) fn one_each(objects: &[Sight], remotes: &[Ours]) -> Vec<Violation> {
    let (mut wrong, mut living) = (Vec::new(), BTreeSet::new());
    for object in objects {
        living.insert(&object.uid);
        if !object.is_ready() {
            wrong.push(violation(Sort::Stuck, format!("{} is not Ready: {object:?}", object.name)));
            continue;
        }
        let held: Vec<_> = remotes.iter().filter(|remote| remote.uid == object.uid).map(|remote| &remote.id).collect();
        if held.len() > 1 {
            wrong.push(violation(Sort::Duplicate, format!("{} has {held:?}", object.name)));
        } else if held.first().copied() != object.id.as_ref() {
            wrong.push(violation(Sort::Stuck, format!("{} records {:?}, and has {held:?}", object.name, object.id)));
        }
    }
    for remote in remotes.iter().filter(|remote| !remote.released && !living.contains(&remote.uid)) {
        wrong.push(violation(Sort::Orphan, format!("{} belongs to {}, which is gone", remote.id, remote.uid)));
    }
    wrong
}

fn alike(
    objects: &[(&'static str, DynamicObject)],
    sights: &[Sight],
    datasets: &[Dataset],
    theirs: &Theirs,
) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for ((_, object), sight) in objects.iter().zip(sights) {
        let id = sight.id.clone().unwrap_or_default();
        let (of, version) = id.split_once('/').map_or((id.as_str(), None), |(id, version)| (id, Some(version)));
        let Some(dataset) = datasets.iter().find(|dataset| dataset.dataset_id == of) else { continue };
        let remote = match version.map(|version| dataset.version(version)) {
            None => serde_json::to_value(dataset),
            Some(version) => serde_json::to_value(version),
        };
        let difference = unlike(&object.data["spec"], &remote.unwrap_or_default(), theirs.get(&id));
        wrong.extend(difference.map(|text| violation(Sort::Stuck, format!("{}: {text}", sight.name))));
    }
    wrong
}

/// After all objects are gone, only remotes that were kept on purpose are left.
pub fn gone(scene: &Scene, keeps: bool) -> Vec<Violation> {
    let mut wrong = kept(&ours(&scene.datasets()), keeps);
    wrong.extend(each_once(&[], &scene.emulator.state()));
    wrong
}

pub(super) fn kept(left: &[Ours], keeps: bool) -> Vec<Violation> {
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

/// At no time two datasets that the operator made for one name, nor more versions of a dataset than there were objects.
pub(super) fn never_two(ledger: &[LogLine], objects: usize) -> Vec<Violation> {
    let mut there: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for line in ledger.iter().filter(|line| line.ok) {
        let id = line.dataset_id.as_deref().unwrap_or_default();
        let name = line.name.as_deref().unwrap_or_default();
        match line.operation.as_str() {
            "CreateDataset" if there.values().any(|(other, _)| *other == name) => {
                return vec![violation(Sort::Duplicate, format!("{id} was made beside {there:?}"))];
            }
            "CreateDataset" => drop(there.insert(id, (name, 0))),
            "DeleteDataset" => drop(there.remove(id)),
            "CreateDatasetVersion" => there.entry(id).or_default().1 += 1,
            "DeleteDatasetVersion" => {
                let versions = &mut there.entry(id).or_default().1;
                *versions = versions.saturating_sub(1);
            }
            _ => {}
        }
        if there.get(id).is_some_and(|(_, versions)| *versions > objects) {
            return vec![violation(Sort::Duplicate, format!("{id} had more versions than there are objects"))];
        }
    }
    Vec::new()
}
