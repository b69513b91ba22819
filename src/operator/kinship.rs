//! Who is related to whom: when a Dataset becomes ready or goes, its DatasetVersions look again, and the other way
//! round. Also which uids live here, which is what makes a mark that of a living or a dead owner.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use tokio::sync::mpsc::UnboundedSender;

use crate::admin::Readiness;
use crate::api::{Dataset, DatasetVersion};
use crate::inventory::{Inventory, ObjectKey};
use crate::kinds::family::{Reference, reference, references};
use crate::kinds::{Around, DatasetVersions, Datasets, Family};
use crate::plan::desired::Deletion;
use crate::plan::neighbour::Neighbour;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Recorded;
use crate::reconcile::context::Context;
use crate::reconcile::kind::{Kind, Managed, policy, recorded};
use crate::reconcile::parsed::{Parsed, Unparsable};
use crate::reconcile::stored::StoredObject;
use crate::remote::id::{RemoteId, version_number};
use crate::remote::uid::Uid;

/// Datasets and DatasetVersions.
const KINDS: usize = 2;

/// Weak: a context knows who lives here from us.
type Contexts = (Weak<Context<Datasets>>, Weak<Context<DatasetVersions>>);

/// How to have an object of one kind looked at.
pub(super) type Waker<O> = UnboundedSender<ObjectRef<StoredObject<O>>>;

/// The relations among the objects here.
pub(super) struct Kinship {
    ready: Readiness,
    datasets: Waker<Dataset>,
    versions: Waker<DatasetVersion>,
    inventory: Arc<Inventory>,
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
pub(super) trait Kin: Managed {
    /// It was created or changed.
    fn appeared(&self, kinship: &Kinship);
    /// It is gone.
    fn vanished(&self, kinship: &Kinship);
    /// One that does not parse was created or changed: it lives here, and what it recorded is its own.
    fn appeared_broken(broken: &Unparsable, kinship: &Kinship);
    /// One that does not parse is gone.
    fn vanished_broken(shown: &Parsed<Self>, broken: &Unparsable, kinship: &Kinship);
    /// All were listed (again): what was not shown is gone.
    fn listed(kinship: &Kinship);
}

impl Kinship {
    pub(super) fn new(
        datasets: Waker<Dataset>,
        versions: Waker<DatasetVersion>,
        inventory: Arc<Inventory>,
        ready: Readiness,
    ) -> Self {
        ready.needs(
            [Datasets::PROFILE.name, DatasetVersions::PROFILE.name]
                .map(|kind| (kind, "the objects are still being listed")),
        );
        Self {
            ready,
            datasets,
            versions,
            inventory,
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

    /// Ownership memory of an object ends when it is gone.
    pub(super) fn on_gone(&self, datasets: &Arc<Context<Datasets>>, versions: &Arc<Context<DatasetVersions>>) {
        let _ = self.contexts.set((Arc::downgrade(datasets), Arc::downgrade(versions)));
    }

    pub(super) fn lives_here(&self, uid: Uid) -> bool {
        self.state().uids.contains(&uid)
    }

    /// Who has this uid. It looks through all objects, so it is asked only for messages.
    pub(super) fn neighbour(&self, uid: Uid) -> Option<Neighbour> {
        let around = self.around.get().filter(|_| self.lives_here(uid))?;
        let dataset = || neighbour_in::<Datasets>(&around.datasets, uid);
        dataset().or_else(|| neighbour_in::<DatasetVersions>(&around.versions, uid))
    }

    /// All kinds were listed at least once: who is not here does not live here.
    pub(super) fn is_complete(&self) -> bool {
        self.state().listed.len() == KINDS
    }

    /// Objects of a kind could not be listed or watched, and why. What fails after the first list is told by who watches
    /// over rights, or is no matter of the operator's.
    pub(super) fn not_listed(&self, kind: &str, why: &str) {
        if !self.state().listed.contains(kind) {
            self.ready.missing(kind, &format!("the objects could not be listed yet: {why}"));
        }
    }

    pub(super) fn wake(&self, key: &ObjectKey) {
        let (namespace, name) = key.place();
        // Nobody listens only while the process ends.
        if key.kind == Datasets::PROFILE.name {
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
    fn came(&self, kind: &'static str, object: &ObjectMeta, remote: Option<(RemoteId, Option<&str>)>) {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let uid = text(&object.uid);
        self.state().uids.insert(Uid::of(&uid));
        if let Some((id, workspace)) = remote {
            let key = ObjectKey::new(kind, &text(&object.namespace), &text(&object.name), &uid);
            self.inventory.recorded(&id, &key, workspace);
            if let Some(workspace) = workspace {
                self.inventory.want(workspace, None);
            }
        }
    }

    /// A Dataset that has another id than the store still shows, or none: whoever recorded something of the old one looks.
    fn moved(&self, dataset: &Dataset, id: Option<&str>) {
        let at = ObjectRef::new(&dataset.name_any()).within(&dataset.namespace().unwrap_or_default());
        let before = self.around.get().and_then(|around| around.datasets.get(&at)?.open());
        let before = before.filter(|before| before.uid() == dataset.uid()).and_then(|before| before.status.clone());
        if let Some(old) = before.and_then(|status| status.dataset_id).filter(|old| Some(old.as_str()) != id) {
            self.inventory.forget(&RemoteId::new(&old), &dataset.uid().unwrap_or_default());
            self.inventory.wake_recorders(&old);
        }
    }

    fn went<K: Kind>(&self, context: Option<&Arc<Context<K>>>, object: &ObjectFacts, recorded: &Recorded) {
        let uid = &object.uid;
        self.state().uids.remove(&Uid::of(uid));
        self.inventory.watch(&ObjectKey::new(K::PROFILE.name, &object.namespace, &object.name, uid), "", &[]);
        if let Some(context) = context {
            context.states.lost(object, recorded);
            context.accounts.forget(uid);
        }
        if let Some(id) = &recorded.id {
            self.inventory.forget(id, uid);
        }
    }

    fn datasets_context(&self) -> Option<Arc<Context<Datasets>>> {
        self.contexts.get().and_then(|(context, _)| context.upgrade())
    }

    fn versions_context(&self) -> Option<Arc<Context<DatasetVersions>>> {
        self.contexts.get().and_then(|(_, context)| context.upgrade())
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
            self.inventory.forget_others(|uid| self.lives_here(uid));
        }
    }
}

impl Kin for Dataset {
    fn appeared(&self, kinship: &Kinship) {
        let status = self.status.as_ref();
        let id = status.and_then(|status| status.dataset_id.as_deref());
        let workspace = status.and_then(|status| status.immutables.workspace_id.as_deref());
        kinship.moved(self, id);
        kinship.came(Datasets::PROFILE.name, &self.metadata, id.map(|id| (RemoteId::new(id), workspace)));
        kinship.wake_children(&references(self, id));
    }

    fn vanished(&self, kinship: &Kinship) {
        let id = self.status.as_ref().and_then(|status| status.dataset_id.as_deref());
        let context = kinship.datasets_context();
        kinship.went(context.as_ref(), &ObjectFacts::of(self.meta()), &recorded::<Datasets>(self));
        kinship.wake_children(&references(self, id));
    }

    fn appeared_broken(broken: &Unparsable, kinship: &Kinship) {
        let recorded = broken.recorded::<Datasets>();
        let workspace = recorded.fixed.get("WorkspaceId").and_then(serde_json::Value::as_str);
        kinship.came(Datasets::PROFILE.name, &broken.metadata, recorded.id.clone().map(|id| (id, workspace)));
    }

    fn vanished_broken(shown: &Parsed<Self>, broken: &Unparsable, kinship: &Kinship) {
        let (context, facts, recorded) =
            (kinship.datasets_context(), ObjectFacts::of(shown.meta()), broken.recorded::<Datasets>());
        kinship.went(context.as_ref(), &facts, &recorded);
        let id = recorded.id.map(|id| Reference::Id(id.root().to_owned()));
        let references: Vec<_> = std::iter::once(Reference::Name(facts.namespace, facts.name)).chain(id).collect();
        kinship.wake_children(&references);
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(Datasets::PROFILE.name);
    }
}

impl Kin for DatasetVersion {
    fn appeared(&self, kinship: &Kinship) {
        kinship.came(DatasetVersions::PROFILE.name, &self.metadata, recorded_version(self).map(|id| (id, None)));
        kinship.family.add(self);
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn vanished(&self, kinship: &Kinship) {
        let context = kinship.versions_context();
        kinship.went(context.as_ref(), &ObjectFacts::of(self.meta()), &recorded::<DatasetVersions>(self));
        kinship.family.remove(self);
        kinship.wake_parent(self);
        kinship.wake_siblings(self);
    }

    fn appeared_broken(broken: &Unparsable, kinship: &Kinship) {
        let remote = broken.recorded::<DatasetVersions>().id.map(|id| (id, None));
        kinship.came(DatasetVersions::PROFILE.name, &broken.metadata, remote);
        kinship.family.add_broken(broken);
    }

    fn vanished_broken(shown: &Parsed<Self>, broken: &Unparsable, kinship: &Kinship) {
        let context = kinship.versions_context();
        let facts = ObjectFacts::of(shown.meta());
        kinship.went(context.as_ref(), &facts, &broken.recorded::<DatasetVersions>());
        kinship.family.forget(&broken.metadata);
        // Its Dataset may have waited for it.
        if let Some(parent) = broken.spec("/datasetRef/name") {
            let _ = kinship.datasets.send(ObjectRef::new(parent).within(&facts.namespace));
        }
    }

    fn listed(kinship: &Kinship) {
        kinship.recount(DatasetVersions::PROFILE.name);
    }
}

fn neighbour_in<K: Kind>(store: &Store<StoredObject<K::Object>>, uid: Uid) -> Option<Neighbour> {
    let object = store.find(|object| object.uid().is_some_and(|text| Uid::of(&text) == uid))?.open()?;
    let policy = policy::<K>(&object, &recorded::<K>(&object));
    Some(Neighbour {
        kind: K::PROFILE.name,
        resource: K::PROFILE.resource,
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        deletes: policy == Deletion::Delete,
    })
}

fn recorded_version(version: &DatasetVersion) -> Option<RemoteId> {
    let status = version.status.as_ref()?;
    Some(RemoteId::new(status.dataset_id.as_deref()?).join(status.version_name.as_deref()?))
}
