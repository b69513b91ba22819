//! Which DatasetVersions refer to which dataset, kept as they come and go, so that nobody has to look through all of
//! them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use super::{Around, DatasetVersions, Datasets};
use crate::api::{Dataset, DatasetVersion};
use crate::reconcile::kind::Kind;
use crate::reconcile::parsed::Unparsable;
use crate::reconcile::stored::StoredObject;

/// How a version names its dataset.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
pub enum Reference {
    /// By namespace and name of a Dataset.
    Name(String, String),
    /// By the service's id.
    Id(String),
}

/// A DatasetVersion, as the store names it.
pub type Child = ObjectRef<StoredObject<DatasetVersion>>;

/// Versions by what they refer to.
#[derive(Debug, Default)]
pub struct Family(Mutex<HashMap<Reference, HashSet<Child>>>);

impl Family {
    /// It is here.
    pub fn add(&self, version: &DatasetVersion) {
        if let Some(reference) = reference(version) {
            self.children().entry(reference).or_default().insert(child(version));
        }
    }

    /// It is gone.
    pub fn remove(&self, version: &DatasetVersion) {
        let Some(reference) = reference(version) else { return };
        let mut all = self.children();
        if let Some(children) = all.get_mut(&reference) {
            children.remove(&child(version));
            if children.is_empty() {
                all.remove(&reference);
            }
        }
    }

    /// One that does not parse is here: what it refers to is read as far as it can be. If it parsed before, that stays.
    pub fn add_broken(&self, broken: &Unparsable) {
        let named = broken.spec("/datasetRef/name");
        let named =
            named.map(|name| Reference::Name(broken.metadata.namespace.clone().unwrap_or_default(), name.to_owned()));
        let reference = named.or_else(|| broken.spec("/datasetId").map(|id| Reference::Id(id.to_owned())));
        if let Some(reference) = reference {
            self.children().entry(reference).or_default().insert(place(&broken.metadata));
        }
    }

    /// One that does not parse is gone, whatever it referred to.
    pub fn forget(&self, version: &ObjectMeta) {
        let child = place(version);
        self.children().retain(|_, children| {
            children.remove(&child);
            !children.is_empty()
        });
    }

    /// Who refers in one of these ways, in the order of their names.
    #[must_use]
    pub fn of(&self, references: &[Reference]) -> Vec<Child> {
        let all = self.children();
        let of = references.iter().filter_map(|reference| all.get(reference)).flatten();
        let mut children: Vec<Child> = of.cloned().collect();
        children.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        children
    }

    fn children(&self) -> MutexGuard<'_, HashMap<Reference, HashSet<Child>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Around {
    /// The DatasetVersions that refer to a Dataset, by its name or by the id it has.
    pub(super) fn children(&self, references: &[Reference]) -> Vec<Arc<DatasetVersion>> {
        self.family.of(references).iter().filter_map(|child| self.versions.get(child)?.open()).collect()
    }

    /// The names of those among them that do not parse: what they stand for is not known.
    pub(super) fn broken_children(&self, references: &[Reference]) -> Vec<String> {
        let broken = |child: &Child| self.versions.get(child).is_some_and(|version| version.open().is_none());
        self.family.of(references).into_iter().filter(broken).map(|child| child.name).collect()
    }

    /// The DatasetVersions that recorded a version of this dataset.
    pub(super) fn versions_in(&self, dataset: &str) -> Vec<Arc<DatasetVersion>> {
        let recorders =
            self.inventory.recorders_of(dataset).into_iter().filter(|key| key.kind == DatasetVersions::PROFILE.name);
        let found = recorders.filter_map(|key| {
            let (namespace, name) = key.place();
            self.versions.get(&ObjectRef::new(name).within(namespace))?.open()
        });
        found
            .filter(|version| version.status.as_ref().is_some_and(|s| s.dataset_id.as_deref() == Some(dataset)))
            .collect()
    }

    /// The Dataset that this version refers to.
    #[must_use]
    pub fn parent(&self, version: &DatasetVersion) -> Option<Arc<Dataset>> {
        match reference(version)? {
            Reference::Name(namespace, name) => self.datasets.get(&ObjectRef::new(&name).within(&namespace))?.open(),
            Reference::Id(id) => self.dataset_of(&id),
        }
    }

    /// A Dataset that recorded this id.
    fn dataset_of(&self, id: &str) -> Option<Arc<Dataset>> {
        let recorders = self.inventory.recorders_of(id).into_iter().filter(|key| key.kind == Datasets::PROFILE.name);
        let mut found = recorders.filter_map(|key| {
            let (namespace, name) = key.place();
            self.datasets.get(&ObjectRef::new(name).within(namespace))?.open()
        });
        found.find(|dataset| dataset.status.as_ref().is_some_and(|status| status.dataset_id.as_deref() == Some(id)))
    }
}

/// What a version refers to.
#[must_use]
pub fn reference(version: &DatasetVersion) -> Option<Reference> {
    match (&version.spec.dataset_ref, &version.spec.dataset_id) {
        (Some(reference), _) => Some(Reference::Name(version.namespace().unwrap_or_default(), reference.name.clone())),
        (None, Some(id)) => Some(Reference::Id(id.clone())),
        (None, None) => None,
    }
}

/// The ways in which a Dataset with this id can be referred to.
#[must_use]
pub fn references(dataset: &Dataset, id: Option<&str>) -> Vec<Reference> {
    let name = Reference::Name(dataset.namespace().unwrap_or_default(), dataset.name_any());
    std::iter::once(name).chain(id.map(|id| Reference::Id(id.to_owned()))).collect()
}

fn child(version: &DatasetVersion) -> Child {
    place(&version.metadata)
}

fn place(version: &ObjectMeta) -> Child {
    ObjectRef::new(version.name.as_deref().unwrap_or_default()).within(version.namespace.as_deref().unwrap_or_default())
}
