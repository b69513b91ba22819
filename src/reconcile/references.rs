//! Which objects refer to which, kept up to date as they come and go, so that no lookup has to go through all of them.
//!
//! Promises: a kind is only a name here, so objects of any kind can refer to any other, also of kinds that are not
//! ours. An object is found by each of its references and by no former one. Who follows a kind learns each name of it that
//! references begin or cease to mention.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::inventory::ObjectName;
use crate::lock::lock;
use crate::remote::id::RemoteId;

/// How an object refers to another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// By its name.
    Name(ObjectName),
    /// By its kind and the id of the remote that it stands for.
    Id(&'static str, RemoteId),
}

impl Reference {
    /// The reference of an object with this metadata to one of `kind`, by a name in the same namespace or by an id.
    #[must_use]
    pub fn read(kind: &'static str, from: &ObjectMeta, name: Option<&str>, id: Option<&str>) -> Option<Self> {
        let namespace = from.namespace.as_deref().unwrap_or_default();
        let by_name = name.map(|name| Self::Name(ObjectName::new(kind, namespace, name)));
        by_name.or_else(|| id.map(|id| Self::Id(kind, RemoteId::new(id))))
    }

    /// The name of the other object; `None` for a reference by id.
    #[must_use]
    pub fn name(self) -> Option<ObjectName> {
        if let Self::Name(object) = self { Some(object) } else { None }
    }

    /// All references that mean this object, which stands for this remote.
    #[must_use]
    pub fn all_to(object: ObjectName, id: Option<&RemoteId>) -> Vec<Self> {
        let by_id = id.map(|id| Self::Id(object.kind, id.clone()));
        std::iter::once(Self::Name(object)).chain(by_id).collect()
    }
}

/// The references of all objects.
#[derive(Debug, Default)]
pub struct References(Mutex<Tables>);

/// Both directions, with each name and reference held once.
#[derive(Debug, Default)]
struct Tables {
    references: HashMap<Arc<ObjectName>, Vec<Arc<Reference>>>,
    referrers: HashMap<Arc<Reference>, BTreeSet<Arc<ObjectName>>>,
    followers: HashMap<&'static str, UnboundedSender<ObjectName>>,
}

impl References {
    /// Sets the references of the object, in place of its former ones.
    pub fn set(&self, object: &ObjectName, references: Vec<Reference>) {
        let mut tables = lock(&self.0);
        let known = tables.references.get(object).map(Vec::as_slice).unwrap_or_default();
        if !known.iter().map(|reference| &**reference).eq(&references) {
            tables.remove(object);
            tables.add(object, references);
        }
    }

    /// Adds references of the object.
    pub fn add(&self, object: &ObjectName, references: Vec<Reference>) {
        lock(&self.0).add(object, references);
    }

    /// Forgets an object that is gone.
    pub fn remove(&self, object: &ObjectName) {
        lock(&self.0).remove(object);
    }

    /// Forgets all objects of a kind but those that exist: the others went, though no watch showed that.
    pub fn retain(&self, kind: &str, exists: impl Fn(&ObjectName) -> bool) {
        let mut tables = lock(&self.0);
        let gone = |object: &&Arc<ObjectName>| object.kind == kind && !exists(object);
        for object in tables.references.keys().filter(gone).cloned().collect::<Vec<_>>() {
            tables.remove(&object);
        }
    }

    /// The names of objects of this kind that references mention now, and from now on each name that they begin or cease to
    /// mention. There is one follower for each kind.
    #[must_use]
    pub fn follow(&self, kind: &'static str) -> UnboundedReceiver<ObjectName> {
        let (follower, names) = mpsc::unbounded_channel();
        let mut tables = lock(&self.0);
        tables.followers.insert(kind, follower);
        tables.referrers.keys().for_each(|reference| tables.tell(reference));
        names
    }

    /// The names of the objects of this kind in this namespace that references mention.
    #[must_use]
    pub fn named(&self, kind: &str, namespace: &str) -> BTreeSet<String> {
        let tables = lock(&self.0);
        let all = tables.referrers.keys().filter_map(|reference| match &**reference {
            Reference::Name(object) if object.kind == kind => Some(object.place()),
            Reference::Name(_) | Reference::Id(..) => None,
        });
        all.filter(|(of, _)| *of == namespace).map(|(_, name)| name.to_owned()).collect()
    }

    /// The objects that have one of these references, in the order of kinds and names.
    #[must_use]
    pub fn referrers(&self, of: &[Reference]) -> Vec<ObjectName> {
        let tables = lock(&self.0);
        let all: BTreeSet<_> = of.iter().filter_map(|reference| tables.referrers.get(reference)).flatten().collect();
        all.into_iter().map(|object| (**object).clone()).collect()
    }
}

impl Tables {
    fn add(&mut self, object: &ObjectName, references: Vec<Reference>) {
        if references.is_empty() {
            return;
        }
        let object = self.references.get_key_value(object).map_or_else(|| Arc::new(object.clone()), |(k, _)| k.clone());
        let own = self.references.entry(object.clone()).or_default();
        let mut told = Vec::new();
        for reference in references {
            let known = self.referrers.get_key_value(&reference).map(|(known, _)| known.clone());
            let reference = known.unwrap_or_else(|| Arc::new(reference));
            let referrers = self.referrers.entry(reference.clone()).or_default();
            let is_first = referrers.is_empty();
            if referrers.insert(object.clone()) {
                own.push(reference.clone());
            }
            if is_first {
                told.push(reference);
            }
        }
        for reference in &told {
            self.tell(reference);
        }
    }

    fn remove(&mut self, object: &ObjectName) {
        for reference in self.references.remove(object).unwrap_or_default() {
            if let Some(referrers) = self.referrers.get_mut(&reference) {
                referrers.remove(object);
                if referrers.is_empty() {
                    self.referrers.remove(&reference);
                    self.tell(&reference);
                }
            }
        }
    }

    /// Tells the follower of its kind that something began or ceased to have this reference.
    fn tell(&self, reference: &Reference) {
        if let Reference::Name(object) = reference
            && let Some(follower) = self.followers.get(object.kind)
        {
            // The follower is dropped only while the process ends.
            let _ = follower.send(object.clone());
        }
    }
}

#[cfg(test)]
#[path = "references_tests.rs"]
mod tests;
