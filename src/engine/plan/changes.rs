//! What it takes to make a remote equal to its spec. Only labels that we set are ever taken away.

use super::super::desired::Desired;
use super::super::fields::{Fields, difference};
use super::super::mark::{Labels, is_mark};
use super::super::view::{Remote, View};
use super::Change;
use super::keep::first_of;

/// Prefix of the keys in `appliedLabelKeys` that are labels of v1 (`=` cannot occur in a label key).
pub(super) const FIRST_PREFIX: &str = "v1=";

/// What it takes to make `remote` equal to `desired`, in the order in which it is done.
#[must_use]
pub fn changes(view: &View, desired: &Desired, remote: &Remote) -> Vec<Change> {
    let mut list = Vec::new();
    let mut update = difference(&desired.mutable, &remote.fields);
    let access = last_of(&mut update, remote);
    if !update.is_empty() {
        list.push(Change::Update(update));
    }
    let (unset, set) = label_changes(&applied(view, ""), &desired.labels, remote);
    if !unset.is_empty() {
        list.push(Change::RemoveLabels(unset));
    }
    if !set.is_empty() {
        list.push(Change::SetLabels(set));
    }
    list.extend(access);
    if let (false, Some(first)) = (desired.first.is_empty(), first_of(view, remote)) {
        let update = difference(&desired.first.fields, &first.fields);
        if !update.is_empty() {
            list.push(Change::UpdateFirst(update));
        }
        let wanted = desired.first.labels.clone().unwrap_or_default();
        let (unset, set) = label_changes(&applied(view, FIRST_PREFIX), &wanted, first);
        if !unset.is_empty() {
            list.push(Change::RemoveFirstLabels(unset));
        }
        if !set.is_empty() {
            list.push(Change::SetFirstLabels(set));
        }
    }
    list
}

/// Who sees a dataset is changed last where the service has a call of its own for it (`PublishDataset`), or is known
/// to refuse it (the way back from PUBLIC): a refusal must not keep other changes from being made.
fn last_of(update: &mut Fields, remote: &Remote) -> Option<Change> {
    let wanted = update.get("Accessibility")?;
    let now = remote.fields.get("Accessibility").and_then(serde_json::Value::as_str).unwrap_or("PRIVATE");
    if now == "PRIVATE" && wanted == "PUBLIC" {
        update.remove("Accessibility");
        return Some(Change::Publish);
    }
    if now != "PUBLIC" {
        return None;
    }
    let access = ["Accessibility", "AccessibleRoleIdList"];
    Some(Change::Update(access.iter().filter_map(|name| update.remove_entry(*name)).collect()))
}

/// Label keys that we set: those of the dataset (`""`), or of its v1.
fn applied(view: &View, prefix: &str) -> Vec<String> {
    let keys = view.recorded.label_keys.iter();
    if prefix.is_empty() {
        keys.filter(|key| !key.starts_with(FIRST_PREFIX)).cloned().collect()
    } else {
        keys.filter_map(|key| key.strip_prefix(prefix)).map(str::to_owned).collect()
    }
}

/// Keys of ours that are wanted no more, and labels to set. Keys unknown to us are never touched. For a version the
/// labels to set are its full set, foreign ones and marks included.
fn label_changes(applied: &[String], wanted: &Labels, remote: &Remote) -> (Vec<String>, Labels) {
    let unset: Vec<_> = applied
        .iter()
        .filter(|key| !wanted.contains_key(*key) && remote.labels.contains_key(*key) && !is_mark(key))
        .cloned()
        .collect();
    let mut set: Labels =
        wanted.iter().filter(|(key, value)| remote.labels.get(*key) != Some(value)).map(clone_pair).collect();
    if remote.id.version.is_some() && !set.is_empty() {
        let rest = remote.labels.iter().filter(|(key, _)| !unset.contains(key) && !wanted.contains_key(*key));
        set.extend(rest.map(clone_pair).chain(wanted.iter().map(clone_pair)).collect::<Vec<_>>());
    }
    (unset, set)
}

fn clone_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

/// The keys that `appliedLabelKeys` holds once `remote` equals `desired`.
pub fn label_keys(desired: &Desired) -> impl Iterator<Item = String> + '_ {
    let first = desired.first.labels.iter().flatten().map(|(key, _)| format!("{FIRST_PREFIX}{key}"));
    desired.labels.keys().cloned().chain(first)
}
