//! What the demo sees of the cloud side: the emulator's datasets and jobs, and the calls it has counted.

use serde_json::Value;
use testbed::{Emulator, Error, Result};

/// One dataset of the emulator, or one job.
pub(crate) struct Remote(Value);

impl Remote {
    pub(crate) fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The dataset's id; for a job that of the dataset on which it works.
    pub(crate) fn id(&self) -> &str {
        self.text("DatasetId")
    }

    pub(crate) fn has_label(&self, key: &str) -> bool {
        let labels = self.0.get("Labels").and_then(Value::as_array);
        labels.is_some_and(|labels| labels.iter().any(|label| label.get("Key").is_some_and(|k| k == key)))
    }
}

/// Every dataset there is.
pub(crate) async fn all(emulator: &Emulator) -> Result<Vec<Remote>> {
    let datasets = listed(emulator, "datasets").await?;
    datasets.ok_or_else(|| Error::new("the emulator's state has no list of datasets"))
}

/// Every job there is.
pub(crate) async fn jobs(emulator: &Emulator) -> Result<Vec<Remote>> {
    Ok(listed(emulator, "jobs").await?.unwrap_or_default()) // Without jobs the list is left out.
}

/// A list of the emulator's state.
async fn listed(emulator: &Emulator, what: &str) -> Result<Option<Vec<Remote>>> {
    let mut state = emulator.get("state").await?;
    match state.get_mut(what).map(Value::take) {
        Some(Value::Array(all)) => Ok(Some(all.into_iter().map(Remote).collect())),
        _ => Ok(None),
    }
}

/// The dataset with this id.
pub(crate) async fn one(emulator: &Emulator, id: &str) -> Result<Remote> {
    let found = all(emulator).await?.into_iter().find(|remote| remote.id() == id);
    found.ok_or_else(|| Error::new(format!("the emulator has no dataset {id}")))
}

/// How often an operation was carried out.
pub(crate) async fn calls(emulator: &Emulator, operation: &str) -> Result<u64> {
    let stats = emulator.get("stats").await?;
    let count = stats.pointer(&format!("/calls/{operation}/ok")).and_then(Value::as_u64);
    Ok(count.unwrap_or_default()) // One that was never called may be left out.
}
