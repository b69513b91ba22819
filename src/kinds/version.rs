//! A DatasetVersion: v2 or a later version of a dataset, or its v1, which the object only binds and never deletes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::{Resource, ResourceExt};

use super::members::{Spec, check_json, labels};
use super::{Datasets, compare, dataset, parent, tree};
use crate::accounts::Place;
use crate::api::{
    CommonStatus, Dataset, DatasetVersion, DatasetVersionSpec, OnExternalDeletion, ProviderConfigRef, Reason,
};
use crate::cloud::codec;
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::clearance::Clearance;
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::intent::Target;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::view::{Hold, Relations};
use crate::reconcile::kind::{Kind, Managed};
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::{RemoteId, version_number};

/// The kind `DatasetVersion`.
pub struct DatasetVersions;

impl Managed for DatasetVersion {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for DatasetVersion {
    // The members of a version are much like those of a dataset.
    const TYPICAL: &'static str = <crate::api::Dataset as Compressible>::TYPICAL;

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Members that are fixed at creation (the vendor's SDK: `UpdateDatasetVersion` has none of them).
pub const FIXED: &[&str] = &["Property", "DataSourceType", "Uri", "SourceType", "SourceId", "ImportInfo"];

/// Members that `UpdateDatasetVersion` changes.
const MUTABLE: &[&str] =
    &["Options", "Description", "DataSize", "DataCount", "DatasetTaskRamRole", "UserMetricsEndpoints"];

/// The properties of DatasetVersions for decisions.
pub const PROFILE: Profile = Profile {
    name: "DatasetVersion",
    resource: "paidsv",
    id_keys: &["datasetId", "versionName"],
    fixed: FIXED,
    unshown: &[],
    runs: false,
    polls: false,
    update_lag: Duration::ZERO,
    info_keys: &["ownerId", "mountPath", "mountAccess"],
    codec: &codec::Versions,
    inner: None,
    is_borrowed: tree::is_borrowed,
    may_go: tree::version_may_go,
    may_be_deleted: |_, _| Clearance::Go,
    compare: compare::plain,
    made: |id, desired| Remote::labelled(id.clone(), desired.labels.clone(), desired.create.clone(), None),
    info: super::info::common,
};

impl Kind for DatasetVersions {
    type Object = DatasetVersion;

    const PROFILE: &'static Profile = &PROFILE;

    fn desire(object: &DatasetVersion, recorded: &Recorded, lookups: &Lookups) -> Result<Desired, Blocked> {
        let (dataset, workspace) = place(object, recorded, lookups)?;
        let spec = &object.spec;
        let (fixed, mutable) = members(spec);
        let mut create = fixed.clone();
        create.extend(mutable.clone());
        check_json(&create)?;
        let labels = labels(spec.labels.as_deref());
        let named = spec.adoption.as_ref().and_then(|adoption| adoption.version_name.clone());
        if bound(object)
            && let Some(other) = earlier_binder(object, recorded, &dataset, lookups)
        {
            return Err(Blocked::stuck(
                Reason::OwnedByOther,
                format!(
                    "DatasetVersion {other} binds v1 of {dataset} already; delete one of the two: neither delete touches \
                     the version"
                ),
            ));
        }
        Ok(Desired {
            target: Target { workspace, dataset_id: Some(dataset.clone()), ..Target::default() },
            create,
            fixed,
            mutable,
            label_keys: labels.keys().cloned().collect(),
            labels,
            first: FirstVersion::default(),
            adopt: named.map(|name| RemoteId::new(dataset).join(name)),
            policy: Policy::IfMarked,
            bind: bound(object),
            recreate: spec.on_external_deletion == Some(OnExternalDeletion::Recreate),
            run: None,
            secret: None,
        })
    }

    fn account_of_parent(object: &DatasetVersion, lookups: &Lookups) -> Option<Place> {
        parent::account(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn names_a_stranger(object: &DatasetVersion, lookups: &Lookups) -> bool {
        parent::is_a_stranger(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn deletion(object: &DatasetVersion) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn relations(object: &DatasetVersion, recorded: &Recorded, lookups: &Lookups) -> Relations {
        let mut relations = Relations::default();
        let Some(parent) = parent(object, lookups).filter(|parent| parent.meta().deletion_timestamp.is_some()) else {
            return relations;
        };
        let status = parent.status.as_ref();
        let id = status.and_then(|status| status.dataset_id.clone());
        let same = id.is_some() && id.as_deref() == recorded.id.as_ref().map(RemoteId::root);
        if !same {
            return relations;
        }
        let versions = lookups.recorders::<Self>(id.as_deref().unwrap_or_default()).into_iter();
        let siblings: Vec<_> = versions.filter(|sibling| !bound(sibling)).collect();
        let retains = |version: &DatasetVersion| retains(version, &lookups.defaults);
        let all_go = siblings.iter().all(|sibling| sibling.meta().deletion_timestamp.is_some() && !retains(sibling));
        let origin = status.and_then(|status| status.common.origin);
        let kept = lookups.defaults.keeps(parent.spec.deletion_policy, origin);
        let refused = lookups.inventories.is_refused(id.as_deref().unwrap_or_default());
        relations.swept_along = all_go && !kept && !refused && !retains(object);
        relations.alone = !all_go && !retains(object);
        if !relations.swept_along {
            let own = recorded.id.as_ref().and_then(|id| version_number(id.child()?));
            let newer = |sibling: &&Arc<DatasetVersion>| {
                let version =
                    sibling.status.as_ref().and_then(|status| version_number(status.version_name.as_deref()?));
                sibling.meta().deletion_timestamp.is_some() && version > own
            };
            relations.after = siblings.iter().find(newer).map(|sibling| sibling.name_any());
        }
        relations
    }

    fn remote(object: &DatasetVersion) -> Option<(RemoteId, Option<&str>)> {
        let status = object.status.as_ref()?;
        Some((RemoteId::new(status.dataset_id.as_deref()?).join(status.version_name.as_deref()?), None))
    }

    fn references(shown: &Parsed<DatasetVersion>) -> Vec<Reference> {
        match shown {
            Parsed::Whole(object) => reference(object).into_iter().collect(),
            Parsed::Unparsable(broken) => parent::references_of(broken),
        }
    }

    /// One that binds v1 means nothing: that comes and goes with the dataset.
    fn hold(object: &DatasetVersion, defaults: &Defaults) -> Option<Hold> {
        if bound(object) {
            return None;
        }
        if object.meta().deletion_timestamp.is_none() {
            return Some(Hold::Living);
        }
        let version = object.status.as_ref().and_then(|status| status.version_name.clone());
        Some(version.filter(|_| !retains(object, defaults)).map_or(Hold::Leaving, Hold::Doomed))
    }

    /// The Dataset is reconciled if the version matters to it: the Dataset is being deleted, the version adopts (as one
    /// that binds v1 does), or it is newer than the newest version in the Dataset's status. Versions that are deleted
    /// one by one wait for each other, and those that bind v1 wait for the one that has it.
    fn concerns(object: &DatasetVersion, lookups: &Lookups) -> Vec<ObjectName> {
        let Some(reference) = reference(object) else { return Vec::new() };
        let mut all = Vec::new();
        let binds = object.spec.adoption.is_some();
        if let Some(parent) = lookups.get::<Datasets>(&reference) {
            let made = object.status.as_ref().and_then(|status| version_number(status.version_name.as_deref()?));
            let newest = parent.status.as_ref().and_then(|status| version_number(status.latest_version.as_deref()?));
            if binds || parent.metadata.deletion_timestamp.is_some() || made > newest {
                all.push(ObjectName::of(dataset::PROFILE.name, &parent.metadata));
            }
        }
        if object.metadata.deletion_timestamp.is_some() || binds {
            let own = ObjectName::of(PROFILE.name, &object.metadata);
            let referrers = lookups.references.referrers(&[reference]);
            all.extend(referrers.into_iter().filter(|other| other.kind == own.kind && *other != own));
        }
        all
    }
}

/// The Dataset in its spec.
fn reference(version: &DatasetVersion) -> Option<Reference> {
    parent::reference(&version.metadata, version.spec.dataset_ref.as_ref(), version.spec.dataset_id.as_deref())
}

/// The Dataset that this version refers to.
fn parent(version: &DatasetVersion, lookups: &Lookups) -> Option<Arc<Dataset>> {
    lookups.get::<Datasets>(&reference(version)?)
}

/// The members that the spec manages: those that are fixed, and those that can be changed.
fn members(spec: &DatasetVersionSpec) -> (Fields, Fields) {
    let json = Spec::of(spec);
    (json.members(FIXED), json.members(MUTABLE))
}

/// Whether it binds v1.
pub(super) fn bound(version: &DatasetVersion) -> bool {
    version.spec.adoption.as_ref().is_some_and(|adoption| adoption.version_name.as_deref() == Some("v1"))
}

/// Whether its remote is kept when the object is deleted.
fn retains(version: &DatasetVersion, defaults: &Defaults) -> bool {
    let origin = version.status.as_ref().and_then(|status| status.common.origin);
    defaults.keeps(version.spec.deletion_policy, origin)
}

/// The dataset's id and workspace.
fn place(object: &DatasetVersion, recorded: &Recorded, lookups: &Lookups) -> Result<(String, String), Blocked> {
    let parent = parent(object, lookups);
    let status = parent.as_ref().and_then(|parent| parent.status.as_ref());
    let workspace = parent::workspace::<DatasetVersions>(parent.as_deref(), object, lookups).unwrap_or_default();
    if let Some(id) = &object.spec.dataset_id {
        if workspace.is_empty() {
            return Err(parent::no_workspace(id));
        }
        return Ok((id.clone(), workspace));
    }
    let name = object.spec.dataset_ref.as_ref().map(|reference| reference.name.clone()).unwrap_or_default();
    let deleting = object.meta().deletion_timestamp.is_some();
    if let Some(own) = recorded.id.as_ref().map(|id| id.root().to_owned()) {
        let now = status.and_then(|status| status.dataset_id.clone());
        let elsewhere = now.filter(|now| *now != own);
        return match elsewhere {
            None => Ok((own, workspace)),
            Some(_) if deleting => Ok((own, workspace)),
            // The version still exists if its dataset does.
            Some(now) if lookups.inventories.get(&RemoteId::new(own.clone())).is_some() => Err(Blocked::waiting(
                Reason::DependencyNotReady,
                format!("Dataset {name} is now {now}, but this version belongs to {own}; delete one of the two"),
            )),
            Some(now) => Ok((now, workspace)),
        };
    }
    let namespace = object.namespace().unwrap_or_default();
    parent::ready_id(parent.as_deref(), (&namespace, &name), deleting, lookups).map(|id| (id, workspace))
}

/// The name of another object that binds v1 of the same dataset and goes first: it has recorded v1 already, or if both
/// have, it is the older one.
fn earlier_binder(object: &DatasetVersion, recorded: &Recorded, dataset: &str, lookups: &Lookups) -> Option<String> {
    let rank = |version: &DatasetVersion| (version.creation_timestamp(), version.uid());
    let own = recorded.id.is_some().then(|| rank(object));
    let first = |other: &Arc<DatasetVersion>| {
        bound(other)
            && other.uid() != object.uid()
            && other.meta().deletion_timestamp.is_none()
            && own.as_ref().is_none_or(|own| rank(other) < *own)
    };
    lookups
        .recorders::<DatasetVersions>(dataset)
        .into_iter()
        .find(first)
        .map(|other| format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any()))
}

#[cfg(test)]
mod tests {
    use super::super::members::tests::{camel, every_member};
    use super::*;
    use crate::api::version_definition::IMMUTABLES;

    #[test]
    fn every_field_of_the_spec_is_a_member_or_says_how_the_operator_works() {
        const OURS: &[&str] = &[
            "adoption",
            "datasetId",
            "datasetRef",
            "deletionPolicy",
            "labels",
            "onExternalDeletion",
            "providerConfigRef",
        ];
        let (spec, mut names) = every_member::<DatasetVersion, DatasetVersionSpec>();
        let (fixed, mutable) = members(&spec);
        let mut fixed_by_rule: Vec<_> = IMMUTABLES.iter().map(|immutable| immutable.field.to_owned()).collect();
        fixed_by_rule.sort();
        assert_eq!(camel(fixed.keys()), fixed_by_rule);
        assert_eq!(FIXED.len(), fixed.len(), "what status records");
        names.retain(|name| !OURS.contains(&name.as_str()));
        assert_eq!(camel(fixed.keys().chain(mutable.keys())), names, "each once");
    }
}
