//! Handles the watch events of a kind: which objects live here, which refer to which, and which must be reconciled
//! because of an event.
//!
//! Promises: an object that is created, changes or is deleted wakes the objects of all kinds that refer to it, and
//! those that its kind names (`concerns`). An object that does not parse wakes nobody as long as it exists.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::Store;
use kube::runtime::watcher::{self, Event};
use kube::{Resource, ResourceExt};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::rights;
use crate::accounts::{Asks, Place};
use crate::admin::Readiness;
use crate::inventory::{ObjectKey, ObjectName};
use crate::plan::object::ObjectFacts;
use crate::reconcile::kind::{AnyKind, recorded};
use crate::reconcile::lookups::Lookups;
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::reconcile::stored::StoredObject;
use crate::remote::id::RemoteId;
use crate::remote::place;
use crate::remote::uid::Uid;

/// Queues of objects to reconcile, one for each kind.
#[derive(Debug, Default)]
pub(super) struct Wakers(HashMap<&'static str, UnboundedSender<ObjectName>>);

impl Wakers {
    /// Adds the queue of a kind.
    pub(super) fn add(&mut self, kind: &'static str) -> UnboundedReceiver<ObjectName> {
        let (waker, woken) = mpsc::unbounded_channel();
        self.0.insert(kind, waker);
        woken
    }

    /// Queues an object for a reconcile, unless its kind has no controller here.
    pub(super) fn wake(&self, object: ObjectName) {
        if let Some(waker) = self.0.get(object.kind) {
            // The receiver is dropped only while the process ends.
            let _ = waker.send(object);
        }
    }

    /// Queues the objects that the inventory wakes, for as long as the inventory lives.
    pub(super) async fn relay(self: Arc<Self>, mut woken: UnboundedReceiver<ObjectKey>) {
        while let Some(key) = woken.recv().await {
            self.wake(key.name);
        }
    }
}

/// What the handlers of all kinds share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) lookups: Arc<Lookups>,
    pub(super) wakers: Arc<Wakers>,
    /// Called with the uid of an object that is gone, to free its places in line in the limiter that its account has by
    /// now.
    pub(super) forget: Arc<dyn Fn(&str) + Send + Sync>,
    pub(super) ready: Readiness,
}

/// Handles the events of the watch of kind `K`.
pub(super) struct EventHandler<K: AnyKind> {
    pub(super) shared: Shared,
    pub(super) states: Arc<ObjectStates>,
    pub(super) store: Store<StoredObject<K::Object>>,
}

impl<K: AnyKind> EventHandler<K> {
    /// Handles an event before it reaches the store.
    pub(super) fn on_event(&self, event: &Event<Parsed<K::Object>>) {
        match event {
            Event::Apply(shown) | Event::InitApply(shown) => self.on_apply(shown),
            Event::Delete(shown) => self.on_delete(shown),
            Event::Init | Event::InitDone => {}
        }
    }

    /// All objects were listed (again) and are in the store: objects whose deletion was not seen are forgotten.
    pub(super) fn on_list(&self) {
        let Shared { lookups, ready, .. } = &self.shared;
        let kind = K::NAME;
        let Lookups { live, references, inventories, .. } = &**lookups;
        live.on_list(kind);
        references.retain(kind, |object| live.get::<K>(object).is_some());
        ready.met(kind);
        if live.is_complete() {
            inventories.forget_others(|uid| live.lives_here(uid));
        }
    }

    /// The objects could not be listed or watched. Failures after the first list do not count here: missing rights are
    /// reported by [`rights`], and other failures are not the operator's.
    pub(super) fn on_error(&self, error: &watcher::Error) {
        let kind = K::NAME;
        if !self.shared.lookups.live.is_listed(kind) {
            let why = rights::of_watch(error);
            self.shared.ready.missing(kind, &format!("the objects could not be listed yet: {why}"));
        }
    }

    fn on_apply(&self, shown: &Parsed<K::Object>) {
        let (name, lookups) = (ObjectName::of(K::NAME, shown.meta()), &self.shared.lookups);
        match shown {
            Parsed::Whole(object) => {
                let remote = K::remote(object);
                let id = remote.as_ref().map(|(id, _)| id.clone());
                self.forget_former(&name, shown.meta(), id.as_ref());
                let place = remote.as_ref().and_then(|_| lookups.stored_account::<K>(object));
                self.is_here(&name, shown.meta(), remote, place.as_ref());
                let mut references = K::references(shown);
                references.extend(lookups.account_references::<K>(object));
                lookups.references.set(&name, references);
                self.wake_related(name, id.as_ref(), K::concerns(object, lookups));
            }
            // The object exists, and the remote that it recorded is its own. The references from when it parsed stay.
            Parsed::Unparsable(broken) => {
                let recorded = broken.recorded::<K>();
                let workspace = recorded.fixed.get("WorkspaceId").and_then(serde_json::Value::as_str);
                let facts = ObjectFacts::of(shown.meta());
                let asks = Asks {
                    namespace: &facts.namespace,
                    recorded: recorded.provider.as_ref(),
                    intent: facts.intent.target(),
                    has_id: recorded.id.is_some(),
                    named: None,
                    deleting: facts.deleting,
                };
                let place = lookups.configs.stored(&asks);
                let remote = recorded.id.clone().map(|id| (id, workspace));
                self.is_here(&name, shown.meta(), remote, place.as_ref());
                lookups.references.add(&name, K::references(shown));
            }
        }
    }

    fn on_delete(&self, shown: &Parsed<K::Object>) {
        let Lookups { live, references, inventories, .. } = &*self.shared.lookups;
        let (name, facts) = (ObjectName::of(K::NAME, shown.meta()), ObjectFacts::of(shown.meta()));
        let recorded = match shown {
            Parsed::Whole(object) => recorded::<K>(object),
            Parsed::Unparsable(broken) => broken.recorded::<K>(),
        };
        let uid = Uid::of(&facts.uid);
        live.remove(uid);
        references.remove(&name);
        inventories.unwatch(&ObjectKey { name: name.clone(), uid });
        self.states.lost(&facts, &recorded);
        (self.shared.forget)(&facts.uid);
        if let Some(id) = &recorded.id {
            inventories.forget(id, &facts.uid);
        }
        let others = match shown {
            Parsed::Whole(object) => K::concerns(object, &self.shared.lookups),
            // The objects that it names may have waited for it.
            Parsed::Unparsable(_) => K::references(shown).into_iter().filter_map(Reference::name).collect(),
        };
        self.wake_related(name, recorded.id.as_ref(), others);
    }

    fn wake_related(&self, of: ObjectName, id: Option<&RemoteId>, others: Vec<ObjectName>) {
        let referrers = self.shared.lookups.references.referrers(&Reference::all_to(of, id));
        referrers.into_iter().chain(others).for_each(|object| self.shared.wakers.wake(object));
    }

    /// The object exists: it is woken when the remote that it recorded changes, whatever the result of its next
    /// reconcile.
    fn is_here(
        &self,
        name: &ObjectName,
        object: &ObjectMeta,
        remote: Option<(RemoteId, Option<&str>)>,
        place: Option<&Place>,
    ) {
        let lookups = &self.shared.lookups;
        let uid = Uid::of(object.uid.as_deref().unwrap_or_default());
        lookups.live.insert(name.kind, uid);
        if let (Some((id, workspace)), Some(place)) = (remote, place) {
            let inventory = lookups.inventory(place);
            inventory.recorded(&id, &ObjectKey { name: name.clone(), uid }, workspace);
            if let Some(place) = workspace.map(str::to_owned).or_else(|| place::of(&id)) {
                inventory.want(&place, None);
            }
        }
    }

    /// If the object has another remote than the store still shows, or none, all objects that recorded the old one or a
    /// version of it are woken.
    fn forget_former(&self, name: &ObjectName, object: &ObjectMeta, id: Option<&RemoteId>) {
        if K::shape().collection.is_some() {
            return;
        }
        let before = self.shared.lookups.live.get::<K>(name);
        let before = before.filter(|before| before.uid() == object.uid).and_then(|before| before.open());
        let before = before.as_ref().and_then(|before| K::remote(before));
        if let Some((old, _)) = before.filter(|(old, _)| Some(old) != id) {
            let inventories = &self.shared.lookups.inventories;
            inventories.forget(&old, object.uid.as_deref().unwrap_or_default());
            inventories.wake_recorders(old.root());
        }
    }
}

#[cfg(test)]
#[path = "handler_tests.rs"]
mod tests;
