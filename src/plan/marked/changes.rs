//! What it takes to make a remote equal to its spec. Only labels that we set are ever taken away.

use serde_json::Value;

use super::known::first_of;
use crate::plan::desired::Desired;
use crate::plan::futile::{Sent, TRIES, print};
use crate::plan::step::Change;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::fields::{Fields, difference, lower_camel, same};
use crate::remote::mark::{Labels, is_mark};
use crate::words::shown;

/// Prefix of the keys in `appliedLabelKeys` that are labels of v1 (`=` cannot occur in a label key).
pub(super) const FIRST_PREFIX: &str = "v1=";

/// What it takes to make `remote` equal to `desired`, in the order in which it is done.
#[must_use]
pub fn changes(view: &View, desired: &Desired, remote: &Remote) -> Vec<Change> {
    let mut list = Vec::new();
    let mut update = difference(&desired.mutable, &remote.fields);
    update.retain(|name, value| !is_futile(view, name, Some(value), remote.fields.get(name)));
    let access = last_of(&mut update, remote);
    if !update.is_empty() {
        list.push(Change::Update(update));
    }
    let (unset, set) = label_changes(view, "", &desired.labels, remote);
    if !unset.is_empty() {
        list.push(Change::RemoveLabels(unset));
    }
    if !set.is_empty() {
        list.push(Change::SetLabels(set));
    }
    list.extend(access);
    if let (false, Some(first)) = (desired.first.is_empty(), first_of(view, remote)) {
        let mut update = difference(&desired.first.fields, &first.fields);
        update.retain(|name, value| {
            !is_futile(view, &format!("{FIRST_PREFIX}{name}"), Some(value), first.fields.get(name))
        });
        if !update.is_empty() {
            list.push(Change::UpdateFirst(update));
        }
        let wanted = desired.first.labels.clone().unwrap_or_default();
        let (unset, set) = label_changes(view, FIRST_PREFIX, &wanted, first);
        if !unset.is_empty() {
            list.push(Change::RemoveFirstLabels(unset));
        }
        if !set.is_empty() {
            list.push(Change::SetFirstLabels(set));
        }
    }
    list
}

/// Was this field sent so often in vain that it is left as the service keeps it?
fn is_futile(view: &View, field: &str, wanted: Option<&Value>, seen: Option<&Value>) -> bool {
    view.process.futile.get(field).is_some_and(|futile| {
        futile.wanted == print(wanted) && futile.left.as_ref().is_none_or(|left| *left == print(seen))
    })
}

/// The fields that a change of `remote`, or of its v1, sets, and to what.
pub(crate) fn sent(view: &View, remote: &Remote, change: &Change) -> Vec<Sent> {
    let first = first_of(view, remote);
    let members = |prefix: &str, fields: &Fields| -> Vec<Sent> {
        fields.iter().map(|(name, value)| (format!("{prefix}{name}"), print(Some(value)))).collect()
    };
    let set = |prefix: &str, labels: &Labels, holder: Option<&Remote>| -> Vec<Sent> {
        let held = |key: &String| holder.and_then(|holder| holder.labels.get(key));
        let changed = labels.iter().filter(|(key, value)| held(key) != Some(value));
        changed.map(|(key, value)| (label_field(prefix, key), print(Some(&value.as_str().into())))).collect()
    };
    let removed = |prefix: &str, keys: &[String]| -> Vec<Sent> {
        keys.iter().map(|key| (label_field(prefix, key), print(None))).collect()
    };
    match change {
        Change::Update(fields) => members("", fields),
        Change::UpdateFirst(fields) => members(FIRST_PREFIX, fields),
        Change::SetLabels(labels) => set("", labels, Some(remote)),
        Change::SetFirstLabels(labels) => set(FIRST_PREFIX, labels, first),
        Change::RemoveLabels(keys) => removed("", keys),
        Change::RemoveFirstLabels(keys) => removed(FIRST_PREFIX, keys),
        Change::Publish => vec![("Accessibility".to_owned(), print(Some(&"PUBLIC".into())))],
    }
}

/// A field that is left as the service keeps it.
struct Left {
    field: String,
    wanted: Option<Value>,
    seen: Option<Value>,
}

/// The fields that differ and are left as the service keeps them.
fn left(view: &View, desired: &Desired, remote: &Remote) -> Vec<Left> {
    if view.process.futile.is_empty() {
        return Vec::new();
    }
    let first = first_of(view, remote);
    let holders = [
        ("", Some(remote), &desired.mutable, Some(&desired.labels)),
        (FIRST_PREFIX, first, &desired.first.fields, desired.first.labels.as_ref()),
    ];
    let mut all = Vec::new();
    for (prefix, holder, fields, labels) in holders {
        let Some(holder) = holder else { continue };
        for field in view.process.futile.keys() {
            let Some(name) = field.strip_prefix(prefix) else { continue };
            let (wanted, seen) = match name.strip_prefix(LABELS) {
                Some(key) => {
                    let text = |labels: &Labels| labels.get(key).map(|value| Value::from(value.as_str()));
                    (labels.and_then(text), text(&holder.labels))
                }
                None => (fields.get(name).cloned(), holder.fields.get(name).cloned()),
            };
            let differs = !same(name, wanted.as_ref(), seen.as_ref());
            if differs && is_futile(view, field, wanted.as_ref(), seen.as_ref()) {
                all.push(Left { field: field.clone(), wanted, seen });
            }
        }
    }
    all
}

/// What the service shows of the fields that are left as it keeps them.
pub(crate) fn shown_of_left(view: &View, desired: &Desired, remote: &Remote) -> Vec<Sent> {
    left(view, desired, remote).into_iter().map(|left| (left.field, print(left.seen.as_ref()))).collect()
}

/// What the user is told of the fields that are left as the service keeps them.
pub(super) fn normalised(view: &View, desired: &Desired, remote: &Remote) -> Option<String> {
    let told: Vec<_> = left(view, desired, remote)
        .iter()
        .map(|left| {
            let (wanted, seen) = (shown(left.wanted.as_ref()), shown(left.seen.as_ref()));
            format!("{} is {wanted}, the service shows {seen}", spec_field(&left.field))
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "{}; sent {TRIES} times and shown otherwise each time, so it is left as the service keeps it: change the \
             spec to that, or find out what else writes it; it is sent again when the spec or the remote changes, or \
             a reconcile is requested",
            told.join("; ")
        )
    })
}

/// The place of a field in the spec.
fn spec_field(field: &str) -> String {
    let (of_first, name) = field.strip_prefix(FIRST_PREFIX).map_or((false, field), |name| (true, name));
    match (of_first, name.strip_prefix(LABELS)) {
        (true, Some(key)) => format!("spec.versionLabels[{key}]"),
        (false, Some(key)) => format!("spec.labels[{key}]"),
        (true, None) if name == "Description" => "spec.versionDescription".to_owned(),
        (true | false, None) => format!("spec.{}", lower_camel(name)),
    }
}

/// Before the key of a label, where it stands for a field.
const LABELS: &str = "labels=";

fn label_field(prefix: &str, key: &str) -> String {
    format!("{prefix}{LABELS}{key}")
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
fn label_changes(view: &View, prefix: &str, wanted: &Labels, remote: &Remote) -> (Vec<String>, Labels) {
    let left = |key: &String, value: Option<&String>| {
        let text = |value: &String| Value::from(value.as_str());
        let (value, seen) = (value.map(text), remote.labels.get(key).map(text));
        !view.process.futile.is_empty() && is_futile(view, &label_field(prefix, key), value.as_ref(), seen.as_ref())
    };
    let unset: Vec<_> = applied(view, prefix)
        .into_iter()
        .filter(|key| !wanted.contains_key(key) && remote.labels.contains_key(key) && !is_mark(key) && !left(key, None))
        .collect();
    let mut set: Labels = wanted
        .iter()
        .filter(|(key, value)| remote.labels.get(*key) != Some(value) && !left(key, Some(value)))
        .map(clone_pair)
        .collect();
    if remote.id.child().is_some() && !set.is_empty() {
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

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
