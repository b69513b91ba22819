//! What a kind may look at besides the object: other objects, the inventory, defaults.

use std::sync::Arc;

use kube::{Resource, ResourceExt};

use crate::accounts::{Asks, Chosen, Configs, DEFAULT, Place, alias};
use crate::api::{Origin, ProviderConfigKind, UsedProviderConfig};
use crate::inventory::inventories::Inventories;
use crate::inventory::{Inventory, ObjectName};
use crate::plan::desired::Deletion;
use crate::plan::object::ObjectFacts;
use crate::reconcile::kind::{AnyKind, Managed};
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::named::NamedObjects;
use crate::reconcile::references::{Reference, References};
use crate::remote::id::RemoteId;

/// What the kinds may look at besides the object.
pub struct Lookups {
    /// All objects in view.
    pub live: LiveObjects,
    /// The references between them.
    pub references: References,
    /// What is known of the objects of other kinds that they name.
    pub named: NamedObjects,
    /// What is known of the remotes, for each account.
    pub inventories: Arc<Inventories>,
    /// Which account an object uses.
    pub configs: Arc<Configs>,
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

    /// The account that the object uses.
    #[must_use]
    pub fn account<K: AnyKind>(&self, object: &K::Object) -> Chosen {
        let facts = ObjectFacts::of(object.meta());
        let asks = asks::<K>(object, &facts);
        let parent = || K::account_of_parent(object, self);
        self.configs.choose(&asks, if asks.named.is_none() { parent() } else { None })
    }

    /// The account that was chosen for the object before; `None` if none was.
    #[must_use]
    pub fn stored_account<K: AnyKind>(&self, object: &K::Object) -> Option<Place> {
        self.configs.stored(&asks::<K>(object, &ObjectFacts::of(object.meta())))
    }

    /// How the object refers to configs: to that of its account by the alias, or as long as none was chosen, by name to each
    /// that may become it.
    #[must_use]
    pub fn account_references<K: AnyKind>(&self, object: &K::Object) -> Vec<Reference> {
        if let Some(place) = self.stored_account::<K>(object) {
            return belongs_to(&place.alias).into_iter().collect();
        }
        let namespace = object.meta().namespace.as_deref().unwrap_or_default();
        let may_be = match object.provider_config_ref() {
            Some(by) => vec![alias::named(namespace, by)],
            None => vec![alias::namespaced(namespace, DEFAULT), alias::of_cluster(DEFAULT)],
        };
        may_be.iter().map(|config| Reference::Name(config_name(config))).collect()
    }

    /// The inventory of the account at this place.
    #[must_use]
    pub fn inventory(&self, place: &Place) -> Arc<Inventory> {
        match place.alias.as_str() {
            DEFAULT => self.inventories.flags().clone(),
            alias => self.inventories.of((alias, &place.region)),
        }
    }

    /// The workspace of an object whose spec names none.
    #[must_use]
    pub fn default_workspace<K: AnyKind>(&self, object: &K::Object) -> Option<String> {
        let Chosen { place, .. } = self.account::<K>(object);
        match place.alias.as_str() {
            DEFAULT => self.defaults.workspace.clone(),
            alias => self.configs.of(alias)?.spec.account.workspace_id,
        }
    }

    /// The objects of kind `K` that recorded this dataset, or something in it.
    #[must_use]
    pub fn recorders<K: AnyKind>(&self, dataset: &str) -> Vec<Arc<K::Object>> {
        let recorded = |object: &Arc<K::Object>| K::remote(object).is_some_and(|(id, _)| id.root() == dataset);
        let all = self.inventories.recorders_of(dataset).into_iter();
        all.filter_map(|key| self.live.get::<K>(&key.name)?.open()).filter(recorded).collect()
    }
}

/// The name of a config among objects.
#[must_use]
pub fn config_name(config: &UsedProviderConfig) -> ObjectName {
    ObjectName::new(config.kind.as_str(), config.namespace.as_deref().unwrap_or_default(), &config.name)
}

/// The reference of the objects that belong to the account with this alias; `None` for that of the flags.
#[must_use]
pub fn belongs_to(alias: &str) -> Option<Reference> {
    (alias != DEFAULT).then(|| Reference::Id(ProviderConfigKind::ProviderConfig.as_str(), RemoteId::new(alias)))
}

/// What decides which account the object uses.
fn asks<'a, K: AnyKind>(object: &'a K::Object, facts: &'a ObjectFacts) -> Asks<'a> {
    Asks {
        namespace: object.meta().namespace.as_deref().unwrap_or_default(),
        recorded: object.common().and_then(|common| common.provider_config.as_ref()),
        intent: facts.intent.target(),
        has_id: K::remote(object).is_some(),
        named: object.provider_config_ref(),
        deleting: facts.deleting,
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
