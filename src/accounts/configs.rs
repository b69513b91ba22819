//! Which account an object uses. Pure, besides the stores of the configs that it asks.
//!
//! Promises (`docs/protocol.md`, section 16): the account is chosen once, before the first claim, and kept in the intent and in
//! status; no other config is followed afterwards. An intent or a status that names a config which the namespace may not use
//! gives nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};

use super::alias::{self, DEFAULT};
use crate::api::{
    AdoptionScope, AllowedNamespaces, ClusterProviderConfig, ClusterProviderConfigSpec, LabelCondition, LabelOperator,
    NamespaceSelector, ProviderConfig, ProviderConfigKind, ProviderConfigRef, ProviderConfigSpec, Reason,
    UsedProviderConfig,
};
use crate::plan::intent::Target;
use crate::plan::report::Blocked;

/// What the watches of the configs show.
#[derive(Clone)]
pub struct Stores {
    /// Those of namespaces.
    pub of_namespaces: Store<ProviderConfig>,
    /// Those of the cluster.
    pub of_cluster: Store<ClusterProviderConfig>,
    /// The namespaces, whose labels selectors ask for.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
}

/// All configs.
#[derive(Default)]
pub struct Configs {
    stores: Option<Stores>,
    /// The region of the flags.
    region: String,
}

/// A config as it is now.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its fields. A ProviderConfig has no endpoints, and allows its own namespace.
    pub spec: ClusterProviderConfigSpec,
    /// It is being deleted.
    pub deleting: bool,
}

/// What decides which account an object uses.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// The config in its status.
    pub recorded: Option<&'a UsedProviderConfig>,
    /// The target in its intent.
    pub intent: Option<&'a Target>,
    /// Its remote is recorded.
    pub has_id: bool,
    /// The config in its spec.
    pub named: Option<&'a ProviderConfigRef>,
    /// It is being deleted.
    pub deleting: bool,
}

/// An account, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The alias under which intents name it.
    pub alias: String,
    /// Its region, empty if only an endpoint is configured.
    pub region: String,
}

/// The account that an object uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The account.
    pub place: Place,
    /// It was chosen before, and is kept.
    pub stored: bool,
    /// The other account that an object like this one, without `providerConfigRef`, would get now.
    pub instead: Option<Place>,
    /// Why the object cannot be worked on.
    pub blocked: Option<Blocked>,
}

impl Configs {
    /// The configs in these stores; `region` is that of the flags.
    #[must_use]
    pub const fn new(stores: Stores, region: String) -> Self {
        Self { stores: Some(stores), region }
    }

    /// This config, if it is there.
    #[must_use]
    pub fn get(&self, config: &UsedProviderConfig) -> Option<Config> {
        let stores = self.stores.as_ref()?;
        match (config.kind, &config.namespace) {
            (ProviderConfigKind::ProviderConfig, Some(namespace)) => {
                let config = stores.of_namespaces.get(&ObjectRef::new(&config.name).within(namespace))?;
                let deleting = config.metadata.deletion_timestamp.is_some();
                Some(Config { spec: of_namespace(&config.spec, namespace), deleting })
            }
            (ProviderConfigKind::ClusterProviderConfig, None) => {
                let config = stores.of_cluster.get(&ObjectRef::new(&config.name))?;
                Some(Config { spec: config.spec.clone(), deleting: config.metadata.deletion_timestamp.is_some() })
            }
            _ => None,
        }
    }

    /// Since when this namespace is being deleted; `None` if it is not, or nothing is known of it.
    #[must_use]
    pub fn going_since(&self, namespace: &str) -> Option<Timestamp> {
        Some(self.namespace(namespace)?.metadata.deletion_timestamp.as_ref()?.0)
    }

    /// The config that an alias names, if it is there.
    #[must_use]
    pub fn of(&self, alias: &str) -> Option<Config> {
        self.get(&alias::config(alias)?)
    }

    /// The account of the flags.
    #[must_use]
    pub fn flags(&self) -> Place {
        Place { alias: DEFAULT.to_owned(), region: self.region.clone() }
    }

    /// The account that was chosen for the object before; `None` if none was.
    #[must_use]
    pub fn stored(&self, asks: &Asks<'_>) -> Option<Place> {
        let of_intent = |alias: &str| asks.intent.filter(|target| target.account == alias);
        let place = |alias: String, config: Option<Config>| {
            let region = of_intent(&alias).map(|target| target.region.clone());
            let region = region.or_else(|| config.map(|config| self.region_of(&config.spec)));
            Place { region: region.unwrap_or_else(|| self.region.clone()), alias }
        };
        if let Some(recorded) = asks.recorded.filter(|config| is_within(config, asks.namespace)) {
            return Some(place(alias::alias(recorded), self.get(recorded)));
        }
        if let Some(target) = asks.intent {
            let config = alias::config(&target.account).filter(|config| is_within(config, asks.namespace));
            let usable = config.and_then(|config| {
                let now = self.get(&config);
                // An annotation can be copied, so it gives nothing that the namespace may not use.
                let of_cluster = config.kind == ProviderConfigKind::ClusterProviderConfig;
                let forbidden = of_cluster && !now.as_ref().is_some_and(|now| self.allows(&now.spec, asks.namespace));
                (!forbidden).then_some((config, now))
            });
            return Some(match usable {
                Some((config, now)) => place(alias::alias(&config), now),
                // The decision compares this with the target.
                None => self.flags(),
            });
        }
        asks.has_id.then(|| self.flags())
    }

    /// The account that the object uses; `parent` is that of the Dataset it refers to.
    #[must_use]
    pub fn choose(&self, asks: &Asks<'_>, parent: Option<Place>) -> Chosen {
        let named = asks.named.map(|by| alias::named(asks.namespace, by));
        if let Some(place) = self.stored(asks) {
            let other = named.filter(|named| alias::alias(named) != place.alias && !asks.deleting);
            let blocked = other.map(|other| {
                let message = format!(
                    "the object belongs to {}, and another account would not know what it made: set providerConfigRef back \
                     from {} to that, or create another object",
                    place.words(),
                    alias::words(&other)
                );
                Blocked::stuck(Reason::AccountMismatch, message)
            });
            let now = || parent.unwrap_or_else(|| self.usual(asks.namespace));
            let instead = (asks.named.is_none() && !asks.deleting).then(now).filter(|other| other.alias != place.alias);
            return Chosen { place, stored: true, instead, blocked };
        }
        let (config, now) = match (named, parent) {
            (Some(named), _) => {
                let now = self.get(&named);
                (named, now)
            }
            (None, Some(place)) => return Chosen { place, stored: false, instead: None, blocked: None },
            (None, None) => {
                let Some((config, now)) = self.default_of(asks.namespace) else {
                    return Chosen { place: self.flags(), stored: false, instead: None, blocked: None };
                };
                (config, Some(now))
            }
        };
        let blocked = self.refuses_namespace(&config, now.as_ref(), asks.namespace);
        Chosen { place: self.place(&config, now.as_ref()), stored: false, instead: None, blocked }
    }

    /// The config that the objects of this namespace use if they name none and are in no Dataset.
    fn default_of(&self, namespace: &str) -> Option<(UsedProviderConfig, Config)> {
        let (own, shared) = (alias::namespaced(namespace, DEFAULT), alias::of_cluster(DEFAULT));
        let allowed = |now: &Config| self.allows(&now.spec, namespace);
        let found = self.get(&own).map(|now| (own, now));
        found.or_else(|| self.get(&shared).filter(allowed).map(|now| (shared, now)))
    }

    fn usual(&self, namespace: &str) -> Place {
        self.default_of(namespace).map_or_else(|| self.flags(), |(config, now)| self.place(&config, Some(&now)))
    }

    fn place(&self, config: &UsedProviderConfig, now: Option<&Config>) -> Place {
        let region = now.map(|now| self.region_of(&now.spec));
        Place { alias: alias::alias(config), region: region.unwrap_or_else(|| self.region.clone()) }
    }

    /// Why an object of this namespace that begins now cannot use the config.
    fn refuses_namespace(&self, config: &UsedProviderConfig, now: Option<&Config>, namespace: &str) -> Option<Blocked> {
        let called = alias::words(config);
        let waits = |message: String| Some(Blocked::waiting(Reason::DependencyNotReady, message));
        match now {
            None if config.namespace.is_some() => waits(format!("{called} does not exist in this namespace")),
            None => waits(format!("{called} does not exist")),
            Some(now) if !self.allows(&now.spec, namespace) => {
                let allowed = now.spec.allowed_namespaces.as_ref();
                let message = if allowed.is_some_and(|allowed| allowed.selector.is_some()) {
                    format!(
                        "{called} does not allow this namespace: give namespace {namespace} the labels that its \
                         allowedNamespaces.selector asks for (the operator must be able to list and watch namespaces), or add it \
                         to allowedNamespaces.names"
                    )
                } else {
                    format!("{called} does not allow this namespace: add {namespace} to its allowedNamespaces.names")
                };
                waits(message)
            }
            Some(now) if now.deleting => waits(format!("{called} is being deleted")),
            Some(_) => None,
        }
    }

    fn allows(&self, spec: &ClusterProviderConfigSpec, namespace: &str) -> bool {
        let Some(AllowedNamespaces { names, selector }) = &spec.allowed_namespaces else { return false };
        let named = names.iter().flatten().any(|name| name == "*" || name == namespace);
        named || selector.as_ref().is_some_and(|selector| self.selects(selector, namespace))
    }

    fn selects(&self, selector: &NamespaceSelector, namespace: &str) -> bool {
        self.namespace(namespace).is_some_and(|known| fits(selector, known.labels()))
    }

    fn namespace(&self, name: &str) -> Option<Arc<PartialObjectMeta<Namespace>>> {
        self.stores.as_ref()?.namespaces.get(&ObjectRef::new(name))
    }

    fn region_of(&self, spec: &ClusterProviderConfigSpec) -> String {
        spec.account.region.clone().unwrap_or_else(|| self.region.clone())
    }
}

impl Place {
    /// The account as people call it.
    #[must_use]
    pub fn words(&self) -> String {
        alias::config(&self.alias)
            .map_or_else(|| "the account of the operator's flags".to_owned(), |config| alias::words(&config))
    }
}

impl Config {
    /// Why an object may not create or adopt in this workspace; `None` if it may. `config` is how people call it.
    #[must_use]
    pub fn refuses(&self, workspace: &str, config: &str) -> Option<Blocked> {
        let allowed = match &self.spec.account.workspaces {
            Some(names) => names.iter().any(|name| name == "*" || name == workspace),
            None => self.spec.account.workspace_id.as_deref() == Some(workspace),
        };
        let message = || {
            format!(
                "{config} does not allow workspace {workspace}: add it to spec.workspaces there, or set spec.workspaceId to one \
                 that it allows"
            )
        };
        (!allowed).then(|| Blocked::stuck(Reason::InvalidSpec, message()))
    }

    /// What may be taken over.
    #[must_use]
    pub fn adoption(&self) -> AdoptionScope {
        self.spec.account.adoption.unwrap_or(AdoptionScope::Marked)
    }
}

/// A config of another namespace is never used.
fn is_within(config: &UsedProviderConfig, namespace: &str) -> bool {
    config.namespace.as_deref().is_none_or(|of| of == namespace)
}

fn fits(selector: &NamespaceSelector, labels: &BTreeMap<String, String>) -> bool {
    let meets = |condition: &LabelCondition| {
        let LabelCondition { key, operator, values } = condition;
        let value = key.as_ref().and_then(|key| labels.get(key));
        let listed = value.is_some_and(|value| values.iter().flatten().any(|one| one == value));
        match operator {
            Some(LabelOperator::In) => listed,
            Some(LabelOperator::NotIn) => !listed,
            Some(LabelOperator::Exists) => value.is_some(),
            Some(LabelOperator::DoesNotExist) => value.is_none(),
            None => false,
        }
    };
    let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    selector.match_labels.iter().flatten().all(has) && selector.match_expressions.iter().flatten().all(meets)
}

fn of_namespace(spec: &ProviderConfigSpec, namespace: &str) -> ClusterProviderConfigSpec {
    let allowed_namespaces = Some(AllowedNamespaces { names: Some(vec![namespace.to_owned()]), selector: None });
    ClusterProviderConfigSpec { account: spec.clone(), allowed_namespaces, ..Default::default() }
}

#[cfg(test)]
#[path = "configs_tests.rs"]
mod tests;
