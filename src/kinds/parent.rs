//! The Dataset that objects of other kinds refer to: where it is, and whether it is Ready for what is to be in it.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{DatasetVersions, Datasets, dataset, version};
use crate::accounts::Place;
use crate::api::{ConditionType, Dataset, DatasetRef, DatasetVersion, Reason, VersionRef};
use crate::inventory::ObjectName;
use crate::plan::report::Blocked;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::parsed::Unparsable;
use crate::reconcile::references::Reference;

/// The Dataset that the spec of `object` names, by its name or by the id of its dataset.
pub(super) fn reference(object: &ObjectMeta, named: Option<&DatasetRef>, id: Option<&str>) -> Option<Reference> {
    Reference::read(dataset::PROFILE.name, object, named.map(|named| named.name.as_str()), id)
}

/// The DatasetVersion that the spec of `object` names.
pub(super) fn version_reference(object: &ObjectMeta, named: Option<&VersionRef>) -> Option<Reference> {
    Reference::read(version::PROFILE.name, object, named.map(|named| named.name.as_str()), None)
}

/// The Dataset and the DatasetVersion that an object names which does not parse.
pub(super) fn references_of(broken: &Unparsable) -> Vec<Reference> {
    let (name, id) = (broken.spec("/datasetRef/name"), broken.spec("/datasetId"));
    let dataset = Reference::read(dataset::PROFILE.name, &broken.metadata, name, id);
    let version = Reference::read(version::PROFILE.name, &broken.metadata, broken.spec("/versionRef/name"), None);
    dataset.into_iter().chain(version).collect()
}

/// The workspace that holds it, or else the default one of the object's account.
pub(super) fn workspace<K: AnyKind>(parent: Option<&Dataset>, object: &K::Object, lookups: &Lookups) -> Option<String> {
    let recorded = parent.and_then(|parent| parent.status.as_ref()?.immutables.workspace_id.clone());
    recorded.or_else(|| lookups.default_workspace::<K>(object))
}

/// The Dataset of this namespace that the reference means.
fn neighbour(object: &ObjectMeta, reference: &Reference, lookups: &Lookups) -> Option<Arc<Dataset>> {
    lookups.get::<Datasets>(reference).filter(|parent| parent.metadata.namespace == object.namespace)
}

/// The account of the Dataset that the reference means, if that has one already.
pub(super) fn account(object: &ObjectMeta, reference: Option<&Reference>, lookups: &Lookups) -> Option<Place> {
    lookups.stored_account::<Datasets>(&*neighbour(object, reference?, lookups)?)
}

/// Does the reference name a dataset by its id for which no Dataset of this namespace stands?
pub(super) fn is_a_stranger(object: &ObjectMeta, reference: Option<&Reference>, lookups: &Lookups) -> bool {
    matches!(reference, Some(reference @ Reference::Id(..)) if neighbour(object, reference, lookups).is_none())
}

/// Why an object that names a dataset by its `id` cannot be worked on.
pub(super) fn no_workspace(id: &str) -> Blocked {
    Blocked::stuck(
        Reason::InvalidSpec,
        format!(
            "the workspace of {id} is not known: no Dataset here stands for it and this operator has no default \
             workspace (--workspace-id); adopt it with a Dataset"
        ),
    )
}

/// Its id, or why an object of `namespace` that names it waits. For one that is `deleting` it need not be Ready.
pub(super) fn ready_id(
    parent: Option<&Dataset>,
    (namespace, name): (&str, &str),
    deleting: bool,
    lookups: &Lookups,
) -> Result<String, Blocked> {
    let waits = |message: String| Blocked::waiting(Reason::DependencyNotReady, message);
    let Some(parent) = parent else {
        let there = lookups.live.get::<Datasets>(&ObjectName::new(dataset::PROFILE.name, namespace, name)).is_some();
        let trouble = if there { "does not parse, as its status says" } else { "does not exist in this namespace" };
        return Err(waits(format!("Dataset {name} {trouble}")));
    };
    let status = parent.status.as_ref();
    let ready = status.and_then(|status| status.common.condition(ConditionType::Ready));
    let ready = ready.is_some_and(|ready| ready.status == "True");
    match status.and_then(|status| status.dataset_id.clone()) {
        Some(id) if ready || deleting => Ok(id),
        Some(_) | None if parent.metadata.deletion_timestamp.is_some() => {
            Err(waits(format!("Dataset {name} is being deleted")))
        }
        Some(_) | None => Err(waits(format!("Dataset {name} is not Ready yet"))),
    }
}

/// The version of `dataset` that the spec of `object` names: that of a DatasetVersion, or else the one `said`, if any.
pub(super) fn version(
    object: &ObjectMeta,
    (named, said): (Option<&VersionRef>, Option<&String>),
    dataset: &str,
    lookups: &Lookups,
) -> Result<Option<String>, Blocked> {
    match (named, version_reference(object, named)) {
        (Some(named), Some(reference)) => {
            let version = lookups.get::<DatasetVersions>(&reference);
            version_name(version.as_deref(), &named.name, dataset).map(Some)
        }
        (Some(_) | None, _) => Ok(said.cloned()),
    }
}

/// The name of the version that a DatasetVersion called `name` stands for, or why an object that refers to it cannot be worked
/// on. It must be a version of this dataset.
fn version_name(version: Option<&DatasetVersion>, name: &str, dataset: &str) -> Result<String, Blocked> {
    let waits = |what: &str| Blocked::waiting(Reason::DependencyNotReady, format!("DatasetVersion {name} {what}"));
    let Some(version) = version else {
        return Err(waits("does not exist in this namespace"));
    };
    let status = version.status.as_ref();
    let own = status.and_then(|status| Some((status.dataset_id.as_deref()?, status.version_name.clone()?)));
    match own {
        Some((of, _)) if of != dataset => Err(Blocked::stuck(
            Reason::InvalidSpec,
            format!("spec.versionRef: DatasetVersion {name} is a version of {of}, not of {dataset}; name one of that"),
        )),
        Some((_, version)) => Ok(version),
        None => Err(waits("is not Ready yet")),
    }
}
