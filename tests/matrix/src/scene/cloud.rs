//! The cloud of a scene: the actions of others, and the calls so far.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use pai_emulator::{Dataset, Emulator};
use serde_json::{Value, json};
use testbed::proxy::Side;
use testbed::{Context, Result};

use super::{Scene, WORKSPACE, dataset};

/// Labels that others have set on datasets of the scene, by dataset.
pub type Theirs = BTreeMap<String, BTreeMap<String, String>>;

impl Scene {
    /// Someone else at work, with the console's rights.
    pub fn console(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.emulator.console(method, path, body).context("in the console")?;
        if let ("POST", Some(id)) =
            (method, path.strip_prefix("/api/v1/datasets/").and_then(|path| path.strip_suffix("/labels")))
        {
            self.note_theirs(id, &body["Labels"]);
        }
        Ok(answer)
    }

    /// A dataset made in the console; returns its id.
    pub fn foreign(&self, name: &str, labels: &Value) -> Result<String> {
        let id = foreign(&self.emulator, name, labels)?;
        self.note_theirs(&id, labels);
        Ok(id)
    }

    fn note_theirs(&self, id: &str, labels: &Value) {
        let text = |label: &Value, key: &str| label[key].as_str().unwrap_or_default().to_owned();
        let all = labels.as_array().into_iter().flatten().map(|label| (text(label, "Key"), text(label, "Value")));
        let mut theirs = self.theirs.lock().unwrap_or_else(PoisonError::into_inner);
        theirs.entry(id.to_owned()).or_default().extend(all.filter(|(key, _)| !key.starts_with("dso-")));
    }

    /// The labels that others have set.
    pub fn theirs(&self) -> Theirs {
        self.theirs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls of an operation that were carried out.
    pub fn carried_out(&self, operation: &str) -> u64 {
        self.emulator.stats().calls.get(operation).map_or(0, |count| count.ok)
    }

    /// Calls of an operation of the dataset API that the operator made.
    pub fn sent(&self, operation: &str) -> usize {
        self.log.count(|entry| entry.side == Side::Cloud && entry.operation == operation)
    }

    /// The datasets of others left out.
    pub fn datasets(&self) -> Vec<Dataset> {
        let strange = |dataset: &Dataset| self.strangers.iter().any(|other| other.dataset_id == dataset.dataset_id);
        self.emulator.datasets().into_iter().filter(|dataset| !strange(dataset)).collect()
    }
}

fn foreign(emulator: &Emulator, name: &str, labels: &Value) -> Result<String> {
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": dataset(name)["uri"], "Labels": labels,
    });
    let answer = emulator.console("POST", "/api/v1/datasets", &body).context("in the console")?;
    Ok(answer["DatasetId"].as_str().unwrap_or_default().to_owned())
}

/// A dataset without a mark, and one of another owner.
pub(super) fn strangers(emulator: &Emulator) -> Result<Vec<Dataset>> {
    foreign(emulator, "bystander", &json!([{"Key": "team", "Value": "theirs"}]))?;
    let marks = json!([{"Key": "dso-domain", "Value": "another"}, {"Key": "dso-owner", "Value": "someone"},
                       {"Key": "dso-attempt", "Value": "c1.u.c.m"}]);
    foreign(emulator, "neighbour", &marks)?;
    Ok(emulator.datasets())
}
