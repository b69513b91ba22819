//! Datasets and versions as the service answers them.

use super::{Context, Members, sharing};
use crate::store::{Dataset, ShareRelationship, SharingConfig, Text, Version, is_home};

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

pub(super) fn dataset(dataset: &Dataset, context: &Context, detail: &Detail) -> Members {
    let (caller, now_ms) = (context.caller, context.now_ms);
    let mut members = own_members(dataset);
    if *detail == Detail::Whole {
        members.put_some("Provider", dataset.provider.as_ref());
    }
    members.put("MountAccess", mount_access(dataset, context));
    if let Some(latest) = dataset.versions.last() {
        members.put_object("LatestVersion", &version(latest, dataset, context));
    }
    let at_home = match detail.workspace() {
        Some(workspace) => is_home(dataset, &caller.account_id, workspace),
        None => dataset.owner_id == caller.account_id,
    };
    let shares = dataset.sharing_config.iter().flat_map(|config| &config.shared_to);
    let received = |share: &&ShareRelationship| {
        share.tenant_id == caller.account_id
            && detail.workspace().is_none_or(|workspace| workspace == share.workspace_id)
    };
    let share = shares.clone().find(received).filter(|_| !at_home);
    members.put("IsShared", &share.is_some());
    members.put_some("SharedFrom", share.map(|share| sharing::at(share, now_ms)).as_ref());
    let shown = !matches!(detail, Detail::Listed(_));
    if shown && at_home && dataset.sharing_config.is_some() {
        let shared_to = shares.map(|share| sharing::at(share, now_ms)).collect();
        members.put("SharingConfig", &SharingConfig { shared_to });
    }
    members
}

/// The members that every answer shows as they are kept.
fn own_members(dataset: &Dataset) -> Members {
    // Without `..`, so that a member that is added to the type is not forgotten here.
    let Dataset {
        dataset_id,
        name,
        workspace_id,
        user_id,
        owner_id,
        gmt_create_time,
        gmt_modified_time,
        data_source_type,
        data_type,
        property,
        uri,
        source_type,
        source_id,
        description,
        options,
        accessibility,
        accessible_role_id_list,
        provider_type,
        provider: _,
        edition,
        labels,
        mount_access_read_write_role_id_list,
        import_info,
        source_dataset_id,
        source_dataset_version,
        tag_template_type,
        sharing_config: _,
        versions: _,
        next_version: _,
    } = dataset;
    let mut members = Members::default();
    for (name, text) in [
        ("DatasetId", dataset_id),
        ("Name", name),
        ("WorkspaceId", workspace_id),
        ("UserId", user_id),
        ("OwnerId", owner_id),
        ("GmtCreateTime", gmt_create_time),
        ("GmtModifiedTime", gmt_modified_time),
        ("DataSourceType", data_source_type),
        ("DataType", data_type),
        ("Property", property),
        ("Uri", uri),
        ("SourceType", source_type),
        ("Accessibility", accessibility),
        ("ProviderType", provider_type),
        ("Edition", edition),
    ] {
        members.put(name, text);
    }
    for (name, text) in [
        ("SourceId", source_id),
        ("Description", description),
        ("Options", options),
        ("ImportInfo", import_info),
        ("SourceDatasetId", source_dataset_id),
        ("SourceDatasetVersion", source_dataset_version),
        ("TagTemplateType", tag_template_type),
    ] {
        members.put_some(name, text.as_ref());
    }
    members.put("Labels", labels);
    members.put_some("AccessibleRoleIdList", accessible_role_id_list.as_ref());
    members.put_some("MountAccessReadWriteRoleIdList", mount_access_read_write_role_id_list.as_ref());
    members
}

pub(super) fn version(version: &Version, dataset: &Dataset, context: &Context) -> Members {
    let mut members = Members::default();
    members.put_all(version);
    members.put("MountAccess", mount_access(dataset, context));
    members
}

/// What the caller may do with a mount: `["*"]` lets everyone write, else owners and administrators do.
fn mount_access(dataset: &Dataset, context: &Context) -> &'static str {
    let caller = context.caller;
    let everyone = dataset.mount_access_read_write_role_id_list.iter().flatten().any(|role| role == "*");
    let home = dataset.owner_id == caller.account_id;
    if everyone || (home && (caller.list_all || dataset.user_id == caller.user_id)) { "RW" } else { "RO" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn members_have_the_names_under_which_they_are_kept() {
        let whole: Dataset = serde_json::from_value(json!({
            "SourceId": "a", "Description": "b", "Options": "c", "ImportInfo": "d", "SourceDatasetId": "e",
            "SourceDatasetVersion": "f", "TagTemplateType": "g", "Provider": "h", "AccessibleRoleIdList": ["i"],
            "MountAccessReadWriteRoleIdList": ["j"], "SharingConfig": {}, "Labels": [{"Key": "k", "Value": "l"}],
        }))
        .unwrap();
        let Value::Object(mut expected) = serde_json::to_value(&whole).unwrap() else { unreachable!() };
        for elsewhere in ["Versions", "NextVersion", "SharingConfig", "Provider"] {
            expected.remove(elsewhere).unwrap();
        }
        assert_eq!(own_members(&whole).tree(), Value::Object(expected));
    }
}
