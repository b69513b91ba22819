//! Who is related to whom: when a Dataset becomes ready or goes, its DatasetVersions look again, and the other way
//! round. Also which uids live here, which is what makes a mark that of a living or a dead owner.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::UnboundedSender;

use crate::admin::Readiness;
use crate::api::{Dataset, DatasetVersion};
use crate::engine::context::Context;
use crate::engine::facts::Facts;
use crate::engine::held::Held;
use crate::engine::kind::{Kind, Root, recorded};
use crate::engine::recorded::{RemoteId, version_number};
use crate::engine::uid::Uid;
use crate::index::{Index, ObjectKey};
use crate::kinds::family::{Reference, reference, references};
use crate::kinds::{Around, DatasetVersions, Datasets, Family};

/// Datasets and DatasetVersions.
const KINDS: usize = 2;

/// Weak: a context knows who lives here from us.
type Contexts = (Weak<Context<Datasets>>, Weak<Context<DatasetVersions>>);

/// How to have an object of one kind looked at.
pub(super) type Waker<O> = UnboundedSender<ObjectRef<Held<O>>>;

/// The relations among the objects here.
pub(super) struct Kinship {
    ready: Readiness,
    datasets: Waker<Dataset>,
    versions: Waker<DatasetVersion>,
    index: Arc<Index>,
    pub(super) family: Arc<Family>,
    around: OnceLock<Arc<Around>>,
    contexts: OnceLock<Contexts>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    uids: HashSet<Uid>,
    /// Kinds that were listed at least once.
    listed: HashSet<&'static str>,
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
        datasets: Waker<Dataset>,
        versions: Waker<DatasetVersion>,
        index: Arc<Index>,
        ready: Readiness,
    ) -> Self {
        ready.needs([Datasets::NAME, DatasetVersions::NAME].map(|kind| (kind, "the objects are still being listed")));
        Self {
            ready,
            datasets,
            versions,
            index,
            family: Arc::default(),
            around: OnceLock::new(),
            contexts: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// The stores, once they exist.
    pub(super) fn knows(&self, around: &Arc<Around>) {
        let _ = self.around.set(around.clone());
    }

    /// Whose memory of an object ends when it is gone.
    pub(super) fn on_gone(&self, datasets: &Arc<Context<Datasets>>, versions: &Arc<Context<DatasetVersions>>) {
        let _ = self.contexts.set((Arc::downgrade(datasets), Arc::downgrade(versions)));
    }

    pub(super) fn lives_here(&self, uid: Uid) -> bool {
        self.state().uids.contains(&uid)
    }

    /// All kinds were listed at least once: who is not here does not live here.
    pub(super) fn is_complete(&self) -> bool {
        self.state().listed.len() == KINDS
    }

    pub(super) fn wake(&self, key: &ObjectKey) {
        let (namespace, name) = key.place();
        // Nobody listens only while the process ends.
        if key.kind == Datasets::NAME {
            let _ = self.datasets.send(ObjectRef::new(name).within(namespace));
        } else {
            let _ = self.versions.send(ObjectRef::new(name).within(namespace));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_children(&self, references: &[Reference]) {
        for child in self.family.of(references) {
            let _ = self.versions.send(child);
        }
    }

    /// The Dataset looks again if a version matters to it: it is being deleted, the version binds its v1, or is newer
    /// than the newest that its status tells.
    fn wake_parent(&self, version: &DatasetVersion) {
        let Some(parent) = self.around.get().and_then(|around| around.parent(version)) else { return };
        let binds = version.spec.adoption.is_some();
        let made = version.status.as_ref().and_then(|status| version_number(status.version_name.as_deref()?));
        let newest = parent.status.as_ref().and_then(|status| version_number(status.latest_version.as_deref()?));
        if binds || parent.metadata.deletion_timestamp.is_some() || made > newest {
            let _ =
                self.datasets.send(ObjectRef::new(&parent.name_any()).within(&parent.namespace().unwrap_or_default()));
        }
    }

    /// Versions that are deleted one by one wait for each other, and those that bind v1 for the one that has it.
    fn wake_siblings(&self, version: &DatasetVersion) {
        if (version.metadata.deletion_timestamp.is_some() || version.spec.adoption.is_some())
            && let Some(reference) = reference(version)
        {
            let (name, namespace) = (version.name_any(), version.namespace());
            let siblings = self.family.of(&[reference]).into_iter();
            for sibling in siblings.filter(|sibling| sibling.name != name || sibling.namespace != namespace) {
                let _ = self.versions.send(sibling);
            }
        }
    }

    /// An object is here: it is told when the remote that it recorded changes, whatever its next pass comes to.
    fn came(&self, kind: &'static str, object: &impl Root, remote: Option<(RemoteId, Option<&str>)>) {
        let uid = object.uid().unwrap_or_default();
        self.state().uids.insert(Uid::of(&uid));
        if let Some((id, workspace)) = remote {
            let key = ObjectKey::new(kind, &object.namespace().unwrap_or_default(), &object.name_any(), &uid);
            self.index.recorded(&id, &key, workspace);
            if let Some(workspace) = workspace {
                self.index.want(workspace, None);
            }
        }
    }

    fn went<K: Kind>(&self, context: Option<&Arc<Context<K>>>, object: &K::Object, remote: Option<RemoteId>) {
        let uid = object.uid().unwrap_or_default();
        self.state().uids.remove(&Uid::of(&uid));
        if let Some(context) = context {
            context.memories.lost(&Facts::of(object), &recorded::<K>(object));
            context.cloud.limiter().forget(&uid);
        }
        if let Some(id) = remote {
            self.index.forget(&id, &uid);
        }
    }

    /// After a new list the stores are right, and what went unseen is forgotten.
    fn recount(&self, kind: &'static str) {
        let Some(around) = self.around.get() else { return };
        let datasets = around.datasets.state().into_iter().filter_map(|object| object.uid());
        let versions = around.versions.state().into_iter().filter_map(|object| object.uid());
        let uids = datasets.chain(versions).map(|uid| Uid::of(&uid)).collect();
        {
            let mut state = self.state();
            state.uids = uids;
            state.listed.insert(kind);
        }
        self.ready.met(kind);
        if self.is_complete() {
            self.index.forget_others(|uid| self.lives_here(uid));
        }
    }
}

impl Kin for Dataset {
    fn appeared(&self, kinship: &Kinship) {
        let status = self.status.as_ref();
        let id = status.and_then(|status| status.dataset_id.as_deref());
        let workspace = status.and_then(|status| status.immutables.workspace_id.as_deref());
        kinship.came(Datasets::NAME, self, id.map(|id| (RemoteId::dataset(id), workspace)));
        kinship.wake_children(&references(self, id));
    }

    fn vanished(&self, kinship: &Kinship) {
        let id = self.status.as_ref().and_then(|status| status.dataset_id.as_deref());
        let context = kinship.contexts.get().and_then(|(context, _)| context.upgrade());
        kinship.went(context.as_ref(), self, id.map(RemoteId::dataset));
        kinship.wake_children(&references(self, id));
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(Datasets::NAME);
    }
}

impl Kin for DatasetVersion {
    fn appeared(&self, kinship: &Kinship) {
        kinship.came(DatasetVersions::NAME, self, recorded_version(self).map(|id| (id, None)));
        kinship.family.add(self);
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn vanished(&self, kinship: &Kinship) {
        let context = kinship.contexts.get().and_then(|(_, context)| context.upgrade());
        kinship.went(context.as_ref(), self, recorded_version(self));
        kinship.family.remove(self);
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(DatasetVersions::NAME);
    }
}

fn recorded_version(version: &DatasetVersion) -> Option<RemoteId> {
    let status = version.status.as_ref()?;
    Some(RemoteId::version(status.dataset_id.as_deref()?, status.version_name.as_deref()?))
}
