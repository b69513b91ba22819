//! The whole of an emulator as plain data: what `GET` and `PUT /_emulator/state` carry.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::credentials::{Credential, DEFAULT_ACCOUNT};
use crate::faults::Fault;
use crate::knobs::Knobs;
use crate::store::file_meta::FileMeta;
use crate::store::job::{Job, JobConfig};
use crate::store::media::{Binding, MediaDataset};
use crate::store::shelf::Kept;
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
    /// Jobs of datasets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<Job>>,
    /// Configurations of jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_configs: Option<Vec<JobConfig>>,
    /// Metadata of files, deleted ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_metas: Option<Vec<FileMeta>>,
    /// Datasets of IMM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_datasets: Option<Vec<MediaDataset>>,
    /// Their bindings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bindings: Option<Vec<Binding>>,
}

/// A whole state to be written out, its parts shared with the store. Of the kinds besides datasets only those are there
/// that have something.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    #[serde(flatten)]
    pub(crate) rest: State,
    #[serde(serialize_with = "each")]
    pub(crate) datasets: Vec<Arc<Dataset>>,
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub(crate) jobs: Vec<Arc<Job>>,
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub(crate) job_configs: Vec<Arc<JobConfig>>,
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub(crate) file_metas: Vec<Arc<FileMeta>>,
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub(crate) media_datasets: Vec<Arc<MediaDataset>>,
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub(crate) bindings: Vec<Arc<Binding>>,
}

impl View {
    /// The same with datasets of its own.
    pub(crate) fn state(&self) -> State {
        State {
            datasets: Some(owned(&self.datasets)),
            jobs: Some(owned(&self.jobs)),
            job_configs: Some(owned(&self.job_configs)),
            file_metas: Some(owned(&self.file_metas)),
            media_datasets: Some(owned(&self.media_datasets)),
            bindings: Some(owned(&self.bindings)),
            ..self.rest.clone()
        }
    }
}

fn owned<T: Clone>(shared: &[Arc<T>]) -> Vec<T> {
    shared.iter().map(|one| T::clone(one)).collect()
}

fn each<T: Serialize, S: Serializer>(shared: &[Arc<T>], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(shared.iter().map(Arc::as_ref))
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
        for (kind, mut all) in [
            ("DatasetJobId", ids_of(self.jobs.as_deref())),
            ("DatasetJobConfigId", ids_of(self.job_configs.as_deref())),
            ("DatasetFileMetaId", ids_of(self.file_metas.as_deref())),
            ("DatasetName", ids_of(self.media_datasets.as_deref())),
            ("URI", ids_of(self.bindings.as_deref())),
        ] {
            let mut known = HashSet::new();
            if let Some(id) = all.find(|id| id.is_empty() || !known.insert(id.clone())) {
                return Err(StateError(format!("{kind} {id:?} is empty or there twice")));
            }
        }
        let datasets = self.datasets.take();
        self.datasets = datasets.map(|all| all.into_iter().map(|dataset| filled(dataset, now)).collect());
        Ok(self)
    }
}

fn ids_of<T: Kept>(things: Option<&[T]>) -> std::vec::IntoIter<Text> {
    things.unwrap_or_default().iter().map(Kept::id).collect::<Vec<_>>().into_iter()
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
