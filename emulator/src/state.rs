//! The whole of an emulator as plain data: what `GET` and `PUT /_emulator/state` carry.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::credentials::{Credential, DEFAULT_ACCOUNT};
use crate::faults::Fault;
use crate::knobs::Knobs;
use crate::store::{Dataset, Text};

/// A state. Read, every part is there; written, parts that are absent are left as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct State {
    /// What dataset ids are derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The number of the next dataset id of that seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_id: Option<u64>,
    /// Who may call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Vec<Credential>>,
    /// All knobs; those left out have their defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knobs: Option<Knobs>,
    /// The faults on order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<Vec<Fault>>,
    /// All datasets in order of creation, versions included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datasets: Option<Vec<Dataset>>,
}

/// A whole state to be written out, its datasets shared with the store.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    #[serde(flatten)]
    pub(crate) rest: State,
    #[serde(serialize_with = "each")]
    pub(crate) datasets: Vec<Arc<Dataset>>,
}

impl View {
    /// The same with datasets of its own.
    pub(crate) fn state(&self) -> State {
        let datasets = self.datasets.iter().map(|dataset| Dataset::clone(dataset));
        State { datasets: Some(datasets.collect()), ..self.rest.clone() }
    }
}

fn each<S: Serializer>(datasets: &[Arc<Dataset>], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(datasets.iter().map(Arc::as_ref))
}

/// A state that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("state refused: {0}")]
pub struct StateError(pub(crate) String);

impl State {
    /// This state with hand-written datasets completed, if it can be.
    pub(crate) fn checked(mut self, now: &str) -> Result<Self, StateError> {
        if let Some(fault) = self.faults.iter().flatten().find_map(Fault::flaw) {
            return Err(StateError(format!("fault: {fault}")));
        }
        let mut ids = HashSet::new();
        for dataset in self.datasets.iter().flatten() {
            if dataset.dataset_id.is_empty() || !ids.insert(dataset.dataset_id.as_str()) {
                return Err(StateError(format!("DatasetId {:?} is empty or there twice", dataset.dataset_id)));
            }
        }
        let datasets = self.datasets.take();
        self.datasets = datasets.map(|all| all.into_iter().map(|dataset| filled(dataset, now)).collect());
        Ok(self)
    }
}

/// The dataset with the service's defaults in the members that were left out.
fn filled(mut dataset: Dataset, now: &str) -> Dataset {
    let fill = |member: &mut Text, default: &str| {
        if member.is_empty() {
            *member = default.into();
        }
    };
    fill(&mut dataset.owner_id, DEFAULT_ACCOUNT);
    let owner = dataset.owner_id.clone();
    for (member, default) in [
        (&mut dataset.user_id, owner.as_str()),
        (&mut dataset.gmt_create_time, now),
        (&mut dataset.data_source_type, "OSS"),
        (&mut dataset.data_type, "COMMON"),
        (&mut dataset.property, "DIRECTORY"),
        (&mut dataset.source_type, "USER"),
        (&mut dataset.accessibility, "PRIVATE"),
        (&mut dataset.provider_type, "Ecs"),
        (&mut dataset.edition, "BASIC"),
    ] {
        fill(member, default);
    }
    let created = dataset.gmt_create_time.clone();
    fill(&mut dataset.gmt_modified_time, &created);
    dataset.completed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<State, StateError> {
        serde_json::from_value::<State>(value).map_err(|error| StateError(error.to_string()))?.checked("now")
    }

    #[test]
    fn a_hand_written_dataset_gets_the_defaults_of_the_service() {
        let state =
            read(json!({"datasets": [{"DatasetId": "d-1", "Name": "x", "WorkspaceId": "7", "Uri": "oss://b/"}]}));
        let dataset = state.unwrap().datasets.unwrap().remove(0);
        assert_eq!((dataset.user_id.as_str(), dataset.edition.as_str()), (DEFAULT_ACCOUNT, "BASIC"));
        assert_eq!((dataset.gmt_modified_time.as_str(), dataset.versions[0].uri.as_str()), ("now", "oss://b/"));
    }

    #[test]
    fn impossible_states_are_refused() {
        assert!(read(json!({"datasets": [{"Name": "x"}]})).is_err());
        assert!(read(json!({"datasets": [{"DatasetId": "d-1"}, {"DatasetId": "d-1"}]})).is_err());
        assert!(read(json!({"faults": [{"probability": 2}]})).is_err());
        assert!(read(json!({"dataset": []})).is_err());
    }
}
