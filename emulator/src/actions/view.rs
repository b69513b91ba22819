//! Datasets and versions as the service answers them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Context, sharing};
use crate::store::{Dataset, SharingConfig, Text, Version, is_home};

/// How much of a dataset an answer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// `GetDataset`: everything.
    Whole,
    /// `ListDatasets` of this workspace: no Provider, and no sharing details.
    Listed(Text),
    /// `ListDatasets` of this workspace with `ShareScope=BY_ME`: with sharing details.
    ListedWithShares(Text),
}

impl Detail {
    fn workspace(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::Listed(workspace) | Self::ListedWithShares(workspace) => Some(workspace),
        }
    }
}

fn members(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        // Our own types are objects with text keys: there is nothing here that could fail.
        Ok(_) | Err(_) => Map::new(),
    }
}

pub(super) fn dataset(dataset: &Dataset, context: &Context, detail: &Detail) -> Map<String, Value> {
    let (caller, now_ms) = (context.caller, context.now_ms);
    let mut members = members(dataset);
    for internal in ["Versions", "NextVersion", "SharingConfig"] {
        members.remove(internal);
    }
    members.insert("MountAccess".to_owned(), json!(mount_access(dataset, context)));
    if let Some(latest) = dataset.versions.last() {
        members.insert("LatestVersion".to_owned(), Value::Object(version(latest, dataset, context)));
    }
    let at_home = match detail.workspace() {
        Some(workspace) => is_home(dataset, &caller.account_id, workspace),
        None => dataset.owner_id == caller.account_id,
    };
    let shares = dataset.sharing_config.iter().flat_map(|config| &config.shared_to);
    let received = |share: &&crate::store::ShareRelationship| {
        share.tenant_id == caller.account_id
            && detail.workspace().is_none_or(|workspace| workspace == share.workspace_id)
    };
    let share = shares.clone().find(received).filter(|_| !at_home);
    members.insert("IsShared".to_owned(), json!(share.is_some()));
    if let Some(share) = share {
        members.insert("SharedFrom".to_owned(), json!(sharing::at(share, now_ms)));
    }
    let shown = !matches!(detail, Detail::Listed(_));
    if shown && at_home && dataset.sharing_config.is_some() {
        let shared_to = shares.map(|share| sharing::at(share, now_ms)).collect();
        members.insert("SharingConfig".to_owned(), json!(SharingConfig { shared_to }));
    }
    if *detail != Detail::Whole {
        members.remove("Provider");
    }
    members
}

pub(super) fn version(version: &Version, dataset: &Dataset, context: &Context) -> Map<String, Value> {
    let mut members = members(version);
    members.insert("MountAccess".to_owned(), json!(mount_access(dataset, context)));
    members
}

/// What the caller may do with a mount: `["*"]` lets everyone write, else owners and administrators do.
fn mount_access(dataset: &Dataset, context: &Context) -> &'static str {
    let caller = context.caller;
    let everyone = dataset.mount_access_read_write_role_id_list.iter().flatten().any(|role| role == "*");
    let home = dataset.owner_id == caller.account_id;
    if everyone || (home && (caller.list_all || dataset.user_id == caller.user_id)) { "RW" } else { "RO" }
}
