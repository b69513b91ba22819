//! Before each deletion the operator has just read the remote and its object.

use std::time::Duration;

use serde_json::Value;
use testbed::proxy::{Entry, Given, Side};

use super::{Sort, Violation, dataset_of, path, violation};
use crate::history::Sight;
use crate::scene::DATASET;

/// A read counts for this time.
const FRESH: Duration = Duration::from_secs(10);

/// Every deletion was preceded by a read of that very remote and one of its object, both heard by the operator.
///
/// A read of the remote is a Get, or a page by `DatasetIds` that shows it. The answer of its create is no read: it
/// has the id only. A read of the object is a GET of it (that it is gone, or another one, is an answer as
/// well), or a write of ours to it that the API server has acknowledged: what it answers is the object as it is stored, so
/// no less fresh than a read. A write of another object, or one whose answer never came, shows nothing.
pub(super) fn reads_before_deletes(entries: &[Entry], sights: &[Sight]) -> Vec<Violation> {
    let is_delete = |entry: &Entry| {
        entry.side == Side::Cloud && matches!(entry.operation.as_str(), "DeleteDataset" | "DeleteDatasetVersion")
    };
    let deletes = entries.iter().enumerate().filter(|(_, entry)| is_delete(entry));
    deletes.filter_map(|(place, delete)| lacking(delete, entries.get(..place)?, sights)).collect()
}

fn lacking(delete: &Entry, before: &[Entry], sights: &[Sight]) -> Option<Violation> {
    let broken = |what: &str| Some(violation(Sort::Broken, format!("{} was deleted {what}", path(delete))));
    let fresh = |entry: &Entry| {
        let heard = entry.heard().filter(|answer| delete.at.saturating_duration_since(answer.at) < FRESH);
        heard.cloned()
    };
    let shown = before.iter().rev().find_map(|entry| shows(entry, &fresh(entry)?, delete));
    let Some(shown) = shown else { return broken("unread") };
    let id = path(delete).trim_start_matches("/api/v1/datasets/").replace("/versions/", "/");
    let uid = marked_uid(&shown);
    let of = sights.iter().rev().find(|sight| match &uid {
        Some(uid) => sight.uid == *uid,
        None => sight.id.as_ref() == Some(&id),
    });
    let Some(of) = of else { return broken("though it belongs to no object here") };
    let own = format!("/{}/{}", if of.kind == DATASET { "datasets" } else { "datasetversions" }, of.name);
    let read = before.iter().any(|entry| fresh(entry).is_some_and(|answer| shows_object(entry, &answer, &own)));
    if read { None } else { broken("with its object unread") }
}

/// The remote as this answer shows it.
fn shows(entry: &Entry, answer: &Given, delete: &Entry) -> Option<Value> {
    if entry.side != Side::Cloud || !entry.reads() || answer.status != 200 {
        return None;
    }
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    if path(entry) == path(delete) {
        return Some(body);
    }
    let page = entry.target.contains("DatasetIds=") && delete.operation == "DeleteDataset";
    let id = dataset_of(delete);
    body["Datasets"].as_array()?.iter().find(|dataset| page && dataset["DatasetId"] == id).cloned()
}

/// The uid in a remote's mark.
fn marked_uid(remote: &Value) -> Option<String> {
    let mark = remote["Labels"].as_array()?.iter().find(|label| label["Key"] == "dso-attempt")?;
    mark["Value"].as_str()?.split('.').nth(1).map(str::to_owned)
}

fn shows_object(entry: &Entry, answer: &Given, own: &str) -> bool {
    let (path, done) = (path(entry), answer.status < 300);
    entry.side == Side::Kubernetes
        && match entry.method.as_str() {
            "GET" => path.ends_with(own) && (done || answer.status == 404),
            "PATCH" => path.trim_end_matches("/status").ends_with(own) && done,
            _ => false,
        }
}
