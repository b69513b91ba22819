//! From a decision to a request, and from an acknowledged request to what the remote is now. Pure.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fields::Fields;
use super::mark::Labels;
use super::plan::Change;
use super::recorded::RemoteId;
use super::view::Remote;
use crate::ambient;
use crate::cloud::{Answer, CallError, Request};

/// The request for one change.
pub(super) fn request_of(id: &RemoteId, change: &Change) -> Request {
    let dataset = &id.dataset;
    match (change, &id.version) {
        (Change::Update(fields), None) => Request::update_dataset(dataset, fields.clone()),
        (Change::Update(fields), Some(version)) => Request::update_dataset_version(dataset, version, fields.clone()),
        (Change::SetLabels(labels), None) => Request::create_dataset_labels(dataset, labels),
        (Change::SetLabels(labels), Some(version)) => Request::create_dataset_version_labels(dataset, version, labels),
        (Change::RemoveLabels(keys), None) => Request::delete_dataset_labels(dataset, keys),
        (Change::RemoveLabels(keys), Some(version)) => Request::delete_dataset_version_labels(dataset, version, keys),
        (Change::Publish, _) => Request::publish_dataset(dataset),
        (Change::UpdateFirst(fields), _) => Request::update_dataset_version(dataset, "v1", fields.clone()),
        (Change::SetFirstLabels(labels), _) => Request::create_dataset_version_labels(dataset, "v1", labels),
        (Change::RemoveFirstLabels(keys), _) => Request::delete_dataset_version_labels(dataset, "v1", keys),
    }
}

/// The remote after an acknowledged change, and its v1 if that is what changed.
pub(super) fn changed(remote: &Remote, first: Option<&Arc<Remote>>, change: Change) -> (Remote, Option<Remote>) {
    let mut remote = remote.clone();
    match change {
        Change::Update(fields) => remote.fields.extend(fields),
        Change::SetLabels(labels) => remote.labels.extend(labels),
        Change::RemoveLabels(keys) => remote.labels.retain(|key, _| !keys.contains(key)),
        Change::Publish => drop(remote.fields.insert("Accessibility".to_owned(), json!("PUBLIC"))),
        Change::UpdateFirst(fields) => return with_first(remote, first, |first| first.fields.extend(fields.clone())),
        Change::SetFirstLabels(labels) => {
            return with_first(remote, first, |first| first.labels.extend(labels.clone()));
        }
        Change::RemoveFirstLabels(keys) => {
            return with_first(remote, first, |first| first.labels.retain(|key, _| !keys.contains(key)));
        }
    }
    (remote, None)
}

fn with_first(
    mut remote: Remote,
    first: Option<&Arc<Remote>>,
    change: impl Fn(&mut Remote),
) -> (Remote, Option<Remote>) {
    let latest = remote.latest.as_mut().filter(|latest| latest.id.version.as_deref() == Some("v1"));
    let first = first.map(|first| {
        let mut first = (**first).clone();
        change(&mut first);
        first
    });
    if let Some(latest) = latest {
        match &first {
            Some(first) => **latest = first.clone(),
            None => change(latest),
        }
    }
    (remote, first)
}

/// The id that a create's answer brings.
pub(super) fn created(request: &Request, answer: &Answer, dataset: Option<&str>) -> Result<RemoteId, CallError> {
    let id = match dataset {
        Some(dataset) => answer.version_name().map(|name| RemoteId::version(dataset, name)),
        None => answer.dataset_id().map(RemoteId::dataset),
    };
    id.map_err(|malformed| CallError::malformed(request.operation(), malformed))
}

/// What a create made, as far as we know without reading it.
pub(super) fn as_created(id: &RemoteId, labels: Labels, desired: &super::desired::Desired) -> Remote {
    let mut fields: Fields = desired.create.clone();
    fields.remove("VersionLabels");
    fields.remove("VersionDescription");
    let latest = id.version.is_none().then(|| {
        Box::new(Remote {
            id: RemoteId::version(id.dataset.clone(), "v1"),
            labels: desired.first.labels.clone().unwrap_or_default(),
            fields: desired.first.fields.clone(),
            latest: None,
        })
    });
    Remote { id: id.clone(), labels, fields, latest }
}

/// What a call sends that sets these labels on a remote that has `current` ones: of a version the full set, because what
/// is not sent may be lost.
pub(super) fn labels_sent(id: &RemoteId, current: Option<&Labels>, set: Labels) -> Labels {
    if id.version.is_none() {
        return set;
    }
    let mut all = current.cloned().unwrap_or_default();
    all.extend(set);
    all
}

/// Labels as the API lists them.
pub(super) fn label_list(labels: &Labels) -> Value {
    Value::Array(labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}

pub(super) fn now() -> String {
    ambient::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
