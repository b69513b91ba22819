//! The objects of all kinds, as their watches show them, and the uids that live here: they decide whether the owner in
//! a mark is alive. The watches write this, and reconciles read it.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};

use crate::inventory::ObjectName;
use crate::lock::lock;
use crate::plan::desired::Deletion;
use crate::plan::neighbour::Neighbour;
use crate::reconcile::kind::{AnyKind, policy, recorded};
use crate::reconcile::stored::{ReadyFlags, StoredObject};
use crate::remote::uid::Uid;

/// A store for each kind, and the uids in view.
#[derive(Default)]
pub struct LiveObjects {
    stores: Vec<Box<dyn AnyStore>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each uid with its kind.
    uids: HashMap<Uid, &'static str>,
    /// Kinds that were listed at least once.
    listed: HashSet<&'static str>,
}

/// What callers that do not know the kind of a store ask of it.
pub trait AnyStore: Any + Send + Sync {
    /// `Dataset`
    fn kind(&self) -> &'static str;
    /// The uid of each object, and the facts that metrics count.
    fn all(&self) -> Vec<(Uid, ReadyFlags)>;
    /// The names of the objects in this namespace, or in all.
    fn names(&self, namespace: Option<&str>) -> Vec<ObjectName>;
    /// The object that is the one. The search goes through all objects, so it serves only messages.
    fn neighbour(&self, is: &dyn Fn(&ObjectMeta) -> bool, default: Option<Deletion>) -> Option<Neighbour>;
}

/// The store of kind `K`.
struct StoreOf<K: AnyKind>(Store<StoredObject<K::Object>>);

impl LiveObjects {
    /// Adds the store of one more kind.
    pub fn add<K: AnyKind>(&mut self, store: Store<StoredObject<K::Object>>) {
        self.stores.push(Box::new(StoreOf::<K>(store)));
    }

    /// Each store, in the order of the kinds.
    pub fn stores(&self) -> impl Iterator<Item = &dyn AnyStore> {
        self.stores.iter().map(|store| &**store)
    }

    /// The object of this name.
    #[must_use]
    pub fn get<K: AnyKind>(&self, object: &ObjectName) -> Option<Arc<StoredObject<K::Object>>> {
        let StoreOf::<K>(store) = self.stores().find_map(|store| (store as &dyn Any).downcast_ref())?;
        let (namespace, name) = object.place();
        (object.kind == K::NAME).then(|| store.get(&ObjectRef::new(name).within(namespace)))?
    }

    /// Does any object here, of any kind, have this uid?
    #[must_use]
    pub fn lives_here(&self, uid: Uid) -> bool {
        lock(&self.state).uids.contains_key(&uid)
    }

    /// The object here, of any kind, that has this uid; `default` is the operator's deletion policy.
    #[must_use]
    pub fn neighbour(&self, uid: Uid, default: Option<Deletion>) -> Option<Neighbour> {
        let kind = lock(&self.state).uids.get(&uid).copied()?;
        self.neighbour_of(kind, &|object| object.uid.as_deref().is_some_and(|text| Uid::of(text) == uid), default)
    }

    /// The object of this kind that `is` accepts; `default` is the operator's deletion policy.
    #[must_use]
    pub fn neighbour_of(
        &self,
        kind: &str,
        is: &dyn Fn(&ObjectMeta) -> bool,
        default: Option<Deletion>,
    ) -> Option<Neighbour> {
        self.stores().find(|store| store.kind() == kind)?.neighbour(is, default)
    }

    /// Notes an object of this kind.
    pub fn insert(&self, kind: &'static str, uid: Uid) {
        lock(&self.state).uids.insert(uid, kind);
    }

    /// Forgets an object that is gone.
    pub fn remove(&self, uid: Uid) {
        lock(&self.state).uids.remove(&uid);
    }

    /// A list filled the store of a kind. Other objects of this kind are gone, though no watch showed that.
    pub fn on_list(&self, kind: &'static str) {
        let here = self.stores().filter(|store| store.kind() == kind).flat_map(AnyStore::all);
        let here: Vec<_> = here.map(|(uid, _)| (uid, kind)).collect();
        let mut state = lock(&self.state);
        state.uids.retain(|_, of| *of != kind);
        state.uids.extend(here);
        state.listed.insert(kind);
    }

    /// The objects of this kind were listed at least once.
    #[must_use]
    pub fn is_listed(&self, kind: &str) -> bool {
        lock(&self.state).listed.contains(kind)
    }

    /// All kinds were listed at least once: only now an unknown uid means that no such object lives here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        lock(&self.state).listed.len() == self.stores.len()
    }
}

impl<K: AnyKind> AnyStore for StoreOf<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn all(&self) -> Vec<(Uid, ReadyFlags)> {
        let all = self.0.state().into_iter();
        all.map(|object| (Uid::of(&object.uid().unwrap_or_default()), object.standing())).collect()
    }

    fn names(&self, namespace: Option<&str>) -> Vec<ObjectName> {
        let all = self.0.state().into_iter().map(|object| ObjectName::of(K::NAME, object.meta()));
        all.filter(|name| namespace.is_none_or(|namespace| name.place().0 == namespace)).collect()
    }

    fn neighbour(&self, is: &dyn Fn(&ObjectMeta) -> bool, default: Option<Deletion>) -> Option<Neighbour> {
        let object = self.0.find(|object| is(object.meta()))?.open()?;
        Some(Neighbour {
            kind: K::NAME,
            resource: K::shape().resource,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            uid: object.uid().unwrap_or_default(),
            deletes: policy::<K>(&object, &recorded::<K>(&object), default) == Deletion::Delete,
        })
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::reflector::store;
    use kube::runtime::watcher::Event;

    use super::*;
    use crate::api::{Dataset, DatasetSpec};
    use crate::kinds::Datasets;

    #[test]
    fn a_neighbour_is_found_by_its_uid_or_by_whatever_else_names_it() {
        let (datasets, mut writer) = store::<StoredObject<Dataset>>();
        let mut live = LiveObjects::default();
        live.add::<Datasets>(datasets);
        for name in ["a", "b"] {
            let mut dataset = Dataset::new(name, DatasetSpec::default());
            (dataset.metadata.namespace, dataset.metadata.uid) = (Some("ns".into()), Some(format!("uid-{name}")));
            writer.apply_watcher_event(&Event::Apply(StoredObject::new(dataset)));
            live.insert("Dataset", Uid::of(&format!("uid-{name}")));
        }
        let found = |neighbour: Option<Neighbour>| neighbour.map(|neighbour| (neighbour.name, neighbour.uid));
        let b = Some(("b".to_owned(), "uid-b".to_owned()));
        assert_eq!(found(live.neighbour(Uid::of("uid-b"), None)), b);
        assert_eq!(found(live.neighbour(Uid::of("uid-c"), None)), None);
        let named =
            |kind, name: &str| found(live.neighbour_of(kind, &|object| object.name.as_deref() == Some(name), None));
        assert_eq!(named("Dataset", "b"), b);
        assert_eq!((named("Dataset", "c"), named("DatasetVersion", "b")), (None, None));
    }
}
