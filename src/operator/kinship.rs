//! Who is related to whom: when a Dataset becomes ready or goes, its DatasetVersions look again, and the other way
//! round. Also which uids live here, which is what makes a mark that of a living or a dead owner.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::UnboundedSender;

use crate::admin::Readiness;
use crate::api::{Dataset, DatasetVersion};
use crate::engine::context::Context;
use crate::engine::kind::{Kind, Root, recorded};
use crate::kinds::version::version_number;
use crate::kinds::{Around, DatasetVersions, Datasets};

/// Datasets and DatasetVersions.
const KINDS: usize = 2;

type Contexts = (Arc<Context<Datasets>>, Arc<Context<DatasetVersions>>);

/// The relations among the objects here.
pub(super) struct Kinship {
    ready: Readiness,
    datasets: UnboundedSender<ObjectRef<Dataset>>,
    versions: UnboundedSender<ObjectRef<DatasetVersion>>,
    around: OnceLock<Arc<Around>>,
    contexts: OnceLock<Contexts>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    uids: HashSet<String>,
    /// Kinds that were listed at least once.
    listed: HashSet<&'static str>,
    /// Versions by what they refer to.
    children: HashMap<Reference, HashSet<ObjectRef<DatasetVersion>>>,
}

/// What a version names as its dataset.
#[derive(PartialEq, Eq, Hash, Clone)]
enum Reference {
    Name(String, String),
    Id(String),
}

/// A kind whose objects are related.
pub(super) trait Kin: Root {
    /// It was created or changed.
    fn appeared(&self, kinship: &Kinship);
    /// It is gone.
    fn vanished(&self, kinship: &Kinship);
    /// All were listed (again): what was not shown is gone.
    fn listed(kinship: &Kinship);
}

impl Kinship {
    pub(super) fn new(
        datasets: UnboundedSender<ObjectRef<Dataset>>,
        versions: UnboundedSender<ObjectRef<DatasetVersion>>,
        ready: Readiness,
    ) -> Self {
        Self { ready, datasets, versions, around: OnceLock::new(), contexts: OnceLock::new(), state: Mutex::default() }
    }

    /// The stores, once they exist.
    pub(super) fn knows(&self, around: &Arc<Around>) {
        let _ = self.around.set(around.clone());
    }

    /// Whose memory of an object ends when it is gone.
    pub(super) fn on_gone(&self, datasets: Arc<Context<Datasets>>, versions: Arc<Context<DatasetVersions>>) {
        let _ = self.contexts.set((datasets, versions));
    }

    pub(super) fn lives_here(&self, uid: &str) -> bool {
        self.state().uids.contains(uid)
    }

    /// All kinds were listed at least once: who is not here does not live here.
    pub(super) fn is_complete(&self) -> bool {
        self.state().listed.len() == KINDS
    }

    pub(super) fn wake(&self, kind: &str, namespace: &str, name: &str) {
        // Nobody listens only while the process ends.
        if kind == "Dataset" {
            let _ = self.datasets.send(ObjectRef::new(name).within(namespace));
        } else {
            let _ = self.versions.send(ObjectRef::new(name).within(namespace));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_children(&self, references: &[Reference]) {
        let state = self.state();
        for child in references.iter().filter_map(|reference| state.children.get(reference)).flatten() {
            let _ = self.versions.send(child.clone());
        }
    }

    /// The Dataset looks again if a version matters to it: it is being deleted, the version binds its v1, or is newer
    /// than the newest that its status tells.
    fn wake_parent(&self, version: &DatasetVersion) {
        let Some(around) = self.around.get() else { return };
        let parent = match reference(version) {
            Some(Reference::Name(namespace, name)) => around.datasets.get(&ObjectRef::new(&name).within(&namespace)),
            Some(Reference::Id(id)) => around
                .datasets
                .find(|dataset| dataset.status.as_ref().is_some_and(|s| s.dataset_id.as_ref() == Some(&id))),
            None => None,
        };
        let binds = version.spec.adoption.is_some();
        let made = version.status.as_ref().and_then(|status| version_number(status.version_name.as_deref()?));
        let matters = |parent: &Arc<Dataset>| {
            let newest = parent.status.as_ref().and_then(|status| version_number(status.latest_version.as_deref()?));
            binds || parent.metadata.deletion_timestamp.is_some() || made > newest
        };
        if let Some(parent) = parent.filter(matters) {
            let _ = self.datasets.send(ObjectRef::from_obj(&*parent));
        }
    }

    fn came(&self, object: &impl Root) {
        if let Some(uid) = object.uid() {
            self.state().uids.insert(uid);
        }
    }

    fn went(&self, object: &impl Root) {
        if let Some(uid) = object.uid() {
            self.state().uids.remove(&uid);
        }
    }
}

impl Kin for Dataset {
    fn appeared(&self, kinship: &Kinship) {
        kinship.came(self);
        kinship.wake_children(&references(self));
    }

    fn vanished(&self, kinship: &Kinship) {
        kinship.went(self);
        if let Some((context, _)) = kinship.contexts.get() {
            forget::<Datasets>(context, self);
        }
        kinship.wake_children(&references(self));
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(Datasets::NAME);
    }
}

impl Kin for DatasetVersion {
    fn appeared(&self, kinship: &Kinship) {
        kinship.came(self);
        if let Some(reference) = reference(self) {
            kinship.state().children.entry(reference).or_default().insert(ObjectRef::from_obj(self));
        }
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn vanished(&self, kinship: &Kinship) {
        kinship.went(self);
        if let Some((_, context)) = kinship.contexts.get() {
            forget::<DatasetVersions>(context, self);
        }
        if let Some(reference) = reference(self) {
            let mut state = kinship.state();
            if let Some(children) = state.children.get_mut(&reference) {
                children.remove(&ObjectRef::from_obj(self));
                if children.is_empty() {
                    state.children.remove(&reference);
                }
            }
        }
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(DatasetVersions::NAME);
    }
}

impl Kinship {
    /// Versions that are deleted one by one wait for each other, and those that bind v1 for the one that has it.
    fn wake_siblings(&self, version: &DatasetVersion) {
        if (version.metadata.deletion_timestamp.is_some() || version.spec.adoption.is_some())
            && let Some(reference) = reference(version)
        {
            let state = self.state();
            let own = ObjectRef::from_obj(version);
            for sibling in state.children.get(&reference).into_iter().flatten().filter(|sibling| **sibling != own) {
                let _ = self.versions.send(sibling.clone());
            }
        }
    }

    /// After a new list the stores are right, and what went unseen is forgotten.
    fn recount(&self, kind: &'static str) {
        let Some(around) = self.around.get() else { return };
        let datasets = around.datasets.state().into_iter().filter_map(|object| object.uid());
        let versions = around.versions.state().into_iter().filter_map(|object| object.uid());
        let uids = datasets.chain(versions).collect();
        let mut state = self.state();
        state.uids = uids;
        state.listed.insert(kind);
        if state.listed.len() == KINDS {
            self.ready.set();
        }
    }
}

fn forget<K: Kind>(context: &Context<K>, object: &K::Object) {
    let uid = object.uid().unwrap_or_default();
    context.memories.forget(&uid);
    context.cloud.limiter().forget(&uid);
    if let Some(id) = recorded::<K>(object).id {
        context.index.forget(&id, &uid);
    }
}

fn reference(version: &DatasetVersion) -> Option<Reference> {
    match (&version.spec.dataset_ref, &version.spec.dataset_id) {
        (Some(reference), _) => Some(Reference::Name(version.namespace().unwrap_or_default(), reference.name.clone())),
        (None, Some(id)) => Some(Reference::Id(id.clone())),
        (None, None) => None,
    }
}

fn references(dataset: &Dataset) -> Vec<Reference> {
    let name = Reference::Name(dataset.namespace().unwrap_or_default(), dataset.name_any());
    let id = dataset.status.as_ref().and_then(|status| status.dataset_id.clone()).map(Reference::Id);
    std::iter::once(name).chain(id).collect()
}
