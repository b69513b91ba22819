//! What a kind may look at besides the object: other objects, the inventory, defaults.

use std::sync::Arc;

use kube::ResourceExt;

use crate::api::Origin;
use crate::inventory::Inventory;
use crate::plan::desired::Deletion;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::named::NamedObjects;
use crate::reconcile::references::{Reference, References};

/// What the kinds may look at besides the object.
pub struct Lookups {
    /// All objects in view.
    pub live: LiveObjects,
    /// The references between them.
    pub references: References,
    /// What is known of the objects of other kinds that they name.
    pub named: NamedObjects,
    /// What is known of the remotes.
    pub inventory: Arc<Inventory>,
    /// Defaults of this operator.
    pub defaults: Defaults,
}

impl Lookups {
    /// The object that a reference means.
    #[must_use]
    pub fn get<K: AnyKind>(&self, reference: &Reference) -> Option<Arc<K::Object>> {
        match reference {
            Reference::Name(object) => self.live.get::<K>(object)?.open(),
            Reference::Id(_, id) => {
                let is = |object: &Arc<K::Object>| K::remote(object).is_some_and(|(own, _)| own == *id);
                self.recorders::<K>(id.root()).into_iter().find(is)
            }
        }
    }

    /// The objects of kind `K` that refer in one of these ways.
    #[must_use]
    pub fn referrers<K: AnyKind>(&self, of: &[Reference]) -> Vec<Arc<K::Object>> {
        let all = self.references.referrers(of).into_iter();
        all.filter_map(|name| self.live.get::<K>(&name)?.open()).collect()
    }

    /// The names of the objects that refer in one of these ways and do not parse: their spec and status are not known.
    #[must_use]
    pub fn unparsable_referrers<K: AnyKind>(&self, of: &[Reference]) -> Vec<String> {
        let all = self.references.referrers(of).into_iter().filter_map(|name| self.live.get::<K>(&name));
        all.filter(|object| object.open().is_none()).map(|object| object.name_any()).collect()
    }

    /// The objects of kind `K` that recorded this dataset, or something in it.
    #[must_use]
    pub fn recorders<K: AnyKind>(&self, dataset: &str) -> Vec<Arc<K::Object>> {
        let recorded = |object: &Arc<K::Object>| K::remote(object).is_some_and(|(id, _)| id.root() == dataset);
        let all = self.inventory.recorders_of(dataset).into_iter();
        all.filter_map(|key| self.live.get::<K>(&key.name)?.open()).filter(recorded).collect()
    }
}

/// The values of fields that a spec leaves out.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// `--workspace-id`
    pub workspace: Option<String>,
    /// `--default-deletion-policy`
    pub deletion: Option<Deletion>,
}

impl Defaults {
    /// Is the remote of an object kept when the object is deleted?
    #[must_use]
    pub fn keeps(&self, policy: Option<Deletion>, origin: Option<Origin>) -> bool {
        let adopted = origin == Some(Origin::Adopted);
        Deletion::effective(policy, self.deletion, adopted) == Deletion::Retain
    }
}
