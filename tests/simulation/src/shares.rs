//! Shares of a dataset: what users want, what others grant beside it, and what must be there in the end. The dataset is
//! shared with exactly the workspaces of its spec, each once, and those to which others granted it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pai_emulator::{Dataset, ShareRelationship};
use serde_json::{Value, json};

use crate::apiserver::store::{Resource, Store};
use crate::clock;
use crate::evidence::Evidence;
use crate::goal::Miss;

/// The account of all workspaces that something is shared with.
const TENANT: &str = "1157703270994901";
/// The workspace that somebody else shares the dataset with.
const THEIRS: &str = "900";

/// The shares before the job.
pub(crate) fn before() -> Value {
    config(&["20", "30"])
}

/// One is revoked, and one is granted.
pub(crate) fn edited() -> Value {
    config(&["20", "40"])
}

fn config(workspaces: &[&str]) -> Value {
    let share = |workspace: &&str| json!({"tenantId": TENANT, "workspaceId": workspace});
    json!({"sharedTo": workspaces.iter().map(share).collect::<Vec<_>>()})
}

impl Evidence {
    /// Somebody else shares the dataset of this name with one more workspace.
    pub(crate) fn add_share_of_others(&self, name: &str) {
        let find =
            || self.cloud.datasets().into_iter().find(|dataset| dataset.name == name && !shares(dataset).is_empty());
        let dataset = find().unwrap();
        let mut sent: Vec<Value> = shares(&dataset).iter().map(|share| json!(share)).collect();
        sent.push(json!({"TenantId": TENANT, "WorkspaceId": THEIRS, "AllowedMountAccessLevels": ["RO", "RW"]}));
        let path = format!("/api/v1/datasets/{}", dataset.dataset_id);
        self.cloud.console("PUT", &path, &json!({"SharingConfig": {"SharedTo": sent}})).unwrap();
        let theirs = shares(&find().unwrap()).iter().find(|share| share.workspace_id == THEIRS).cloned();
        self.note_others(|others| others.shares.extend(theirs.map(|share| (dataset.dataset_id, share))));
    }
}

/// The shares of a dataset, those that have ended among them.
fn shares(dataset: &Dataset) -> &[ShareRelationship] {
    dataset.sharing_config.as_ref().map_or(&[], |config| &config.shared_to)
}

/// Are all shares as they must be?
pub(crate) fn look(evidence: &Evidence, store: &Store, datasets: &[Dataset]) -> Result<(), Miss> {
    let others = evidence.others().shares;
    for (_, object) in store.all().filter(|(key, _)| key.resource == Resource::Datasets) {
        let id = object["status"]["datasetId"].as_str();
        let Some(dataset) = datasets.iter().find(|dataset| Some(dataset.dataset_id.as_str()) == id) else { continue };
        let there = shares(dataset);
        let theirs =
            |share: &&ShareRelationship| others.iter().any(|(of, other)| *of == dataset.dataset_id && other == *share);
        let expected = others.iter().filter(|(of, _)| *of == dataset.dataset_id).count();
        if there.iter().filter(theirs).count() < expected {
            return Err(Miss::Foreign(format!("a share of others was changed: {there:?}")));
        }
        let ours = there.iter().filter(|share| !theirs(share) && is_in_force(share));
        let ours: Vec<&str> = ours.map(|share| share.workspace_id.as_str()).collect();
        let wanted = object["spec"]["sharingConfig"]["sharedTo"].as_array().into_iter().flatten();
        let wanted: BTreeSet<&str> = wanted.filter_map(|share| share["workspaceId"].as_str()).collect();
        let is: BTreeSet<&str> = ours.iter().copied().collect();
        if is.len() < ours.len() {
            return Err(Miss::Duplicate(format!("{} is shared twice: {ours:?}", dataset.name)));
        }
        if is != wanted {
            return Err(Miss::Unfinished(format!("{} is shared with {is:?}", dataset.name)));
        }
    }
    Ok(())
}

fn is_in_force(share: &ShareRelationship) -> bool {
    let end = share.expires_at.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
    end.is_none_or(|end| end > clock::now())
}
