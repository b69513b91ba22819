//! A Dataset: a PAI dataset and, as long as no DatasetVersion binds it, its v1.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::members::{Spec, check_json, labels};
use super::{DatasetVersions, ForEachKind, compare, first_version, for_each, parent, shares, tree};
use crate::api::{
    AdoptionPolicy, CommonStatus, Dataset, DatasetVersion, OnExternalDeletion, ProviderConfigRef, Reason,
};
use crate::cloud::codec;
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::intent::Target;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::view::{Hold, Relations};
use crate::reconcile::kind::{AnyKind, Kind, Managed};
use crate::reconcile::lookups::Lookups;
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::remote::Remote;
use crate::remote::fields::{Fields, SHARING};
use crate::remote::id::{JOBS, RemoteId};
use crate::remote::mark::Labels;

/// The kind `Dataset`.
pub struct Datasets;

impl Managed for Dataset {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for Dataset {
    const TYPICAL: &'static str = concat!(
        r#""reason":"Progressing","status":"False","type":"Reconciling","labels":[{"key":"","value":""}"#,
        r#"{"apiVersion":"pai.dataset-operator.dev/v1alpha1","kind":"Dataset","metadata":{"annotations":{"#,
        r#""dataset-operator.dev/intent":"{\"uid\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"target\":{"#,
        r#"\"account\":\"default\",\"region\":\"cn-hangzhou\",\"workspace\":\"12345\"},\"principal\":\""#,
        r#"\",\"attempts\":[{\"nonce\":\"c0123456789abcdef\",\"hash\":\""\"}]}"},"#,
        r#""creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["dataset-operator.dev/remote"],"generation":1,"#,
        r#""name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"name":"","property":"DIRECTORY","#,
        r#""dataSourceType":"OSS","uri":"oss://.oss-cn-hangzhou.aliyuncs.com/","description":"","#,
        r#""options":"{\"mountPath\": \"/mnt/data/"},"status":{"datasetId":"d-","name":"","property":"DIRECTORY","#,
        r#""dataSourceType":"OSS","uri":"oss://","workspaceId":"12345","latestVersion":"v1","mountPath":"/mnt/data/","#,
        r#""observedGeneration":1,"origin":"Created","attempt":{"nonce":"c","outcome":"Created"},"#,
        r#""appliedLabelKeys":[],"principal":"","conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","#,
        r#""message":"the cloud dataset equals the spec","observedGeneration":1,"reason":"Available","status":"True","#,
        r#""type":"Ready"}]}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Members that are fixed at creation (no update operation of the vendor's SDK has them).
pub const FIXED: &[&str] = &[
    "Property",
    "DataSourceType",
    "Uri",
    "DataType",
    "SourceType",
    "SourceId",
    "UserId",
    "WorkspaceId",
    "ImportInfo",
    "Provider",
    "ProviderType",
    "SourceDatasetId",
    "SourceDatasetVersion",
];

/// Members that `UpdateDataset` (or `PublishDataset`) changes.
const MUTABLE: &[&str] = &[
    "Name",
    "Description",
    "Options",
    "Edition",
    "MountAccessReadWriteRoleIdList",
    "Accessibility",
    "AccessibleRoleIdList",
    SHARING,
];

/// Members that belong to v1: their names in `CreateDataset` and in the version operations.
const FIRST: &[(&str, &str)] = &[
    ("VersionDescription", "Description"),
    ("DataSize", "DataSize"),
    ("DataCount", "DataCount"),
    ("DatasetTaskRamRole", "DatasetTaskRamRole"),
    ("UserMetricsEndpoints", "UserMetricsEndpoints"),
];

/// The properties of Datasets for decisions.
pub const PROFILE: Profile = Profile {
    name: "Dataset",
    resource: "paids",
    id_keys: &["datasetId"],
    fixed: FIXED,
    unshown: &[],
    runs: false,
    polls: false,
    update_lag: Duration::ZERO,
    info_keys: &["name", "ownerId", "latestVersion", "mountPath", "mountAccess", "sharedTo", "isShared", "sharedFrom"],
    codec: &codec::Datasets,
    inner: Some(first_version::NAME),
    is_borrowed: |_| false,
    may_go: tree::dataset_may_go,
    may_be_deleted: tree::dataset_may_be_deleted,
    compare: compare::dataset,
    made: first_version::made,
    info,
};

/// The members of status that describe the dataset, in addition to its identity.
fn info(remote: &Remote, info: &mut Map<String, Value>, written: bool) {
    super::info::common(remote, info, written);
    super::info::put(info, "name", super::info::text(remote, "Name"));
    let latest = remote.latest.as_ref().and_then(|latest| latest.id.child());
    super::info::put(info, "latestVersion", latest.map(Value::from));
    if written {
        shares::info(remote, info);
    }
}

impl Kind for Datasets {
    type Object = Dataset;

    const PROFILE: &'static Profile = &PROFILE;

    fn desire(object: &Dataset, recorded: &Recorded, lookups: &Lookups) -> Result<Desired, Blocked> {
        let default = lookups.default_workspace::<Self>(object);
        let desired = desired(object, recorded, default.as_deref(), source(object, recorded, lookups)?)?;
        let shares = desired.mutable.contains_key("Options");
        if (!desired.first.is_empty() || shares)
            && let Some(binder) = binder(object, recorded, lookups)
        {
            let name = binder.name_any();
            if !desired.first.is_empty() {
                return Err(Blocked::stuck(
                    Reason::InvalidSpec,
                    format!(
                        "DatasetVersion {name} binds v1 and manages it; remove versionDescription, versionLabels, \
                         dataSize, dataCount, datasetTaskRamRole and userMetricsEndpoints here"
                    ),
                ));
            }
            // A dataset and its v1 share one value of options.
            if binder.spec.options.is_some() {
                let message =
                    format!("DatasetVersion {name} binds v1 and sets its options; set options in one of the two");
                return Err(Blocked::stuck(Reason::InvalidSpec, message));
            }
        }
        Ok(desired)
    }

    fn deletion(object: &Dataset) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn relations(object: &Dataset, recorded: &Recorded, lookups: &Lookups) -> Relations {
        let delete_foreign = object.spec.delete_foreign_versions == Some(true);
        let jobs_listed = |id: &RemoteId| lookups.inventories.children_known(id.root(), JOBS);
        let jobs_listed = recorded.id.as_ref().is_some_and(jobs_listed);
        let relations = Relations { jobs_listed, delete_foreign, ..Relations::default() };
        let (of, namespace) = (references_to(object, recorded), object.namespace());
        let mut holds = Holds { of, namespace, lookups, relations };
        for_each(&mut holds);
        holds.relations
    }

    fn references(shown: &Parsed<Dataset>) -> Vec<Reference> {
        match shown {
            Parsed::Whole(object) => source_reference(object).into_iter().collect(),
            // What it is made from may go without it.
            Parsed::Unparsable(_) => Vec::new(),
        }
    }

    fn remote(object: &Dataset) -> Option<(RemoteId, Option<&str>)> {
        let status = object.status.as_ref()?;
        Some((RemoteId::new(status.dataset_id.as_deref()?), status.immutables.workspace_id.as_deref()))
    }
}

/// Asks the objects of every kind that refer to a Dataset what they mean for its deletion. One of another namespace means something
/// once it has something in the dataset: anybody can write an id into a spec.
struct Holds<'a> {
    of: Vec<Reference>,
    namespace: Option<String>,
    lookups: &'a Lookups,
    relations: Relations,
}

impl ForEachKind for Holds<'_> {
    fn visit<K: AnyKind>(&mut self) {
        for object in self.lookups.referrers::<K>(&self.of) {
            let Some(hold) = K::hold(&object, &self.lookups.defaults) else { continue };
            if object.namespace() == self.namespace {
                self.relations.hold(K::NAME, object.name_any(), hold);
            } else if K::remote(&object).is_some() {
                let name = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
                self.relations.hold(K::NAME, name, hold);
            }
        }
        // An object that does not parse counts as one that stays, as its wishes are unknown.
        for name in self.lookups.unparsable_referrers::<K>(&self.of) {
            self.relations.hold(K::NAME, name, Hold::Living);
        }
    }
}

/// The Dataset that was labelled, if the spec names one.
fn source_reference(object: &Dataset) -> Option<Reference> {
    let name = object.spec.source_dataset_ref.as_ref().map(|reference| reference.name.as_str());
    Reference::read(PROFILE.name, &object.metadata, name, None)
}

/// The members that say from what the dataset was made, if the spec names a Dataset: they are taken when the dataset is
/// created, and stay.
fn source(object: &Dataset, recorded: &Recorded, lookups: &Lookups) -> Result<Fields, Blocked> {
    let (Some(named), Some(reference)) = (&object.spec.source_dataset_ref, source_reference(object)) else {
        return Ok(Fields::new());
    };
    let kept = recorded.id.as_ref().and_then(|_| recorded.fixed.get("SourceDatasetId")?.as_str());
    let id = if let Some(id) = kept {
        id.to_owned()
    } else {
        let (namespace, deleting) =
            (object.namespace().unwrap_or_default(), object.metadata.deletion_timestamp.is_some());
        let source = lookups.get::<Datasets>(&reference);
        parent::ready_id(source.as_deref(), (&namespace, &named.name), deleting, lookups)?
    };
    let version = named.version.as_ref().map(|version| ("SourceDatasetVersion".to_owned(), json!(version)));
    Ok(std::iter::once(("SourceDatasetId".to_owned(), json!(id))).chain(version).collect())
}

fn desired(
    object: &Dataset,
    recorded: &Recorded,
    default_workspace: Option<&str>,
    source: Fields,
) -> Result<Desired, Blocked> {
    let spec = &object.spec;
    let json = Spec::of(spec);
    let adoption = spec.adoption.clone().unwrap_or_default();
    let recorded_workspace = recorded.fixed.get("WorkspaceId").and_then(Value::as_str);
    let workspace = spec.workspace_id.as_deref().or(recorded_workspace).or(default_workspace);
    let Some(workspace) = workspace else {
        return Err(Blocked::stuck(
            Reason::InvalidSpec,
            "spec.workspaceId is not set and this operator has no default workspace (--workspace-id); set spec.workspaceId",
        ));
    };
    let mut fixed = json.members(FIXED);
    fixed.extend(source);
    let mut mutable = json.members(MUTABLE);
    // A dataset that is adopted by id keeps its name unless the spec sets one.
    if spec.name.is_none() && adoption.dataset_id.is_none() {
        mutable.insert("Name".to_owned(), json!(default_name(object)?));
    }
    let mut create = fixed.clone();
    create.extend(mutable.clone());
    create.remove(SHARING);
    create.insert("WorkspaceId".to_owned(), json!(workspace));
    let mut first =
        FirstVersion { labels: spec.version_labels.as_deref().map(|list| labels(Some(list))), fields: Fields::new() };
    for (name, of_version) in FIRST {
        if let Some(value) = json.member(name) {
            create.insert((*name).to_owned(), value.clone());
            first.fields.insert((*of_version).to_owned(), value);
        }
    }
    if let Some(labels) = &first.labels {
        create.insert(
            "VersionLabels".to_owned(),
            labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect(),
        );
    }
    check_json(&create)?;
    shares::check(&mutable, workspace)?;
    let own_labels = labels(spec.labels.as_deref());
    Ok(Desired {
        target: Target { workspace: workspace.to_owned(), ..Target::default() },
        create,
        fixed,
        label_keys: label_keys(&own_labels, first.labels.as_ref()).chain(shares::keys(&mutable)).collect(),
        mutable,
        labels: own_labels,
        first,
        adopt: adoption.dataset_id.map(RemoteId::new),
        policy: match adoption.policy {
            None | Some(AdoptionPolicy::AdoptIfMarked) => Policy::IfMarked,
            Some(AdoptionPolicy::CreateOnly) => Policy::CreateOnly,
            Some(AdoptionPolicy::AdoptByName) => Policy::ByName,
            Some(AdoptionPolicy::AdoptOnly) => Policy::Only,
        },
        bind: false,
        recreate: spec.on_external_deletion == Some(OnExternalDeletion::Recreate),
        run: None,
        secret: None,
    })
}

/// The value of `appliedLabelKeys`: the keys of the dataset's labels, and those of its v1.
fn label_keys(own: &Labels, first: Option<&Labels>) -> impl Iterator<Item = String> {
    let first = first.into_iter().flatten().map(|(key, _)| format!("{}{key}", first_version::PREFIX));
    own.keys().cloned().chain(first)
}

/// `metadata.name`, if it is a valid dataset name (a Kubernetes name may have dots and be longer).
fn default_name(object: &Dataset) -> Result<String, Blocked> {
    let name = object.name_any();
    if name.contains('.') || name.len() > 127 {
        return Err(Blocked::stuck(
            Reason::InvalidSpec,
            "metadata.name is not a valid dataset name (no dots, at most 127 characters); set spec.name",
        ));
    }
    Ok(name)
}

/// The DatasetVersions that stand for versions of this dataset.
fn versions_of(object: &Dataset, recorded: &Recorded, lookups: &Lookups) -> Vec<Arc<DatasetVersion>> {
    lookups.referrers::<DatasetVersions>(&references_to(object, recorded))
}

fn references_to(object: &Dataset, recorded: &Recorded) -> Vec<Reference> {
    Reference::all_to(ObjectName::of(PROFILE.name, &object.metadata), recorded.id.as_ref())
}

fn binds(version: &DatasetVersion) -> bool {
    super::version::bound(version)
}

fn binder(object: &Dataset, recorded: &Recorded, lookups: &Lookups) -> Option<Arc<DatasetVersion>> {
    versions_of(object, recorded, lookups).into_iter().find(|version| binds(version))
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
