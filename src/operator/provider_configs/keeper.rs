//! Keeps each config: gives its account the credentials, says in status whose they are and who uses them, and holds its deletion
//! while objects do.
//!
//! Promises: credentials of another account than the one that objects are in are never used. Those in use stay in memory as long
//! as the process lives, so Secret, config and objects of a namespace may be deleted together. What is told names the Secret, and
//! never its content.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::clients::OfConfigs;
use super::status;
use crate::accounts::{Accounts, DEFAULT, Stores, alias};
use crate::api::{
    ClusterProviderConfig, ProviderConfig, ProviderConfigKind, ProviderConfigStatus, Reason, UsedProviderConfig, names,
};
use crate::cloud::{BearerStyle, CredentialSource};
use crate::environment;
use crate::inventory::ObjectName;
use crate::lock::lock;
use crate::reconcile::lookups::{Lookups, belongs_to, config_name};
use crate::reconcile::references::Reference;
use status::Found;

/// The longest wait for an answer, of the API server or of the token service.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A config that is being deleted is looked at again after this time, and so is one whose users are not known yet.
const SOON: Duration = Duration::from_secs(1);
/// Time between two looks at how many objects use each config.
const COUNTING: Duration = Duration::from_secs(5);
/// The first and the longest delay after a failure.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Keeps all configs.
pub(in crate::operator) struct Keeper {
    pub(in crate::operator) kube: Client,
    pub(in crate::operator) stores: Stores,
    pub(in crate::operator) lookups: Arc<Lookups>,
    pub(in crate::operator) accounts: Arc<Accounts>,
    /// Makes the client that asks whose credentials are, and their source.
    pub(in crate::operator) clients: Arc<OfConfigs>,
    /// The credentials of the process, for the source Environment.
    pub(in crate::operator) own: Arc<dyn CredentialSource>,
    pub(in crate::operator) style: BearerStyle,
    /// The namespace of the operator, where the Secrets of ClusterProviderConfigs are.
    pub(in crate::operator) namespace: String,
    /// Time between two looks at a config that nothing has changed.
    pub(in crate::operator) resync: Duration,
    /// The sources that are open, each with what it was opened for.
    pub(in crate::operator) open: Mutex<BTreeMap<ObjectName, Open>>,
    /// Queues an object for a reconcile.
    pub(in crate::operator) wake: Arc<dyn Fn(ObjectName) + Send + Sync>,
}

/// A source that is open, and what it was opened for.
pub(in crate::operator) type Open = (String, Arc<dyn CredentialSource>);

/// How a look at a config ended.
enum Kept {
    /// The config does not exist any more.
    Gone,
    /// Nothing is to be done for so long.
    Until(Duration),
    /// Something failed, and is tried again.
    Failed,
}

/// A config of either kind, as it is stored.
pub(super) struct Stored {
    pub(super) config: UsedProviderConfig,
    meta: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    pub(super) status: ProviderConfigStatus,
}

impl Keeper {
    /// Keeps the configs whose names come, several at a time and each once at a time. Never ends by itself.
    pub(in crate::operator) async fn run(self, mut changed: UnboundedReceiver<ObjectName>) {
        let keeper = Arc::new(self);
        let mut due: BTreeMap<ObjectName, Instant> = BTreeMap::new();
        let mut failures: BTreeMap<ObjectName, u32> = BTreeMap::new();
        let mut under_way: BTreeSet<ObjectName> = BTreeSet::new();
        let mut tasks = JoinSet::new();
        let mut counting = tokio::time::interval(COUNTING);
        loop {
            let waiting = due.iter().filter(|(name, _)| !under_way.contains(*name));
            let next = waiting.min_by_key(|(_, at)| **at).map(|(name, at)| (name.clone(), *at));
            let until = next.as_ref().map_or_else(|| Instant::now() + keeper.resync, |(_, at)| *at);
            tokio::select! {
                name = changed.recv() => match name {
                    Some(name) => drop(due.insert(name, Instant::now()).is_some()),
                    None => return,
                },
                Some(done) = tasks.join_next() => {
                    let Ok((name, kept)): Result<(ObjectName, Kept), _> = done else { continue };
                    under_way.remove(&name);
                    let wait = match kept {
                        Kept::Gone => {
                            failures.remove(&name);
                            continue;
                        }
                        Kept::Until(wait) => {
                            failures.remove(&name);
                            wait
                        }
                        Kept::Failed => {
                            let failed = failures.entry(name.clone()).or_default();
                            *failed += 1;
                            RETRY.0.saturating_mul(1 << (*failed - 1).min(6)).min(RETRY.1)
                        }
                    };
                    // Something may have changed meanwhile.
                    due.entry(name).or_insert_with(|| Instant::now() + wait);
                }
                _ = counting.tick(), if keeper.has_some() => {
                    due.extend(keeper.miscounted().into_iter().map(|name| (name, Instant::now())));
                }
                () = sleep_until(until) => {
                    let Some((name, _)) = next else { continue };
                    due.remove(&name);
                    under_way.insert(name.clone());
                    let keeper = keeper.clone();
                    tasks.spawn(async move {
                        let kept = keeper.keep(&name).await;
                        (name, kept)
                    });
                }
            }
        }
    }

    async fn keep(&self, name: &ObjectName) -> Kept {
        if name.kind == Namespace::KIND {
            self.wake_all(&self.by_labels());
            return Kept::Gone;
        }
        let Some(stored) = self.stored(name) else {
            self.lookups.references.remove(name);
            lock(&self.open).remove(name);
            self.wake_all(&[Reference::Name(name.clone())]);
            self.wake_kept(name);
            return Kept::Gone;
        };
        self.lookups.references.set(name, self.secret(&stored).into_iter().map(Reference::Name).collect());
        let deleting = stored.meta.deletion_timestamp.is_some();
        if !self.lookups.live.is_complete() {
            return Kept::Until(SOON);
        }
        let alias = alias::alias(&stored.config);
        let users = self.users(&alias);
        let finalizer = stored.meta.finalizers.iter().flatten().any(|held| held == names::IN_USE);
        if deleting && users.is_empty() {
            let gone = !finalizer || self.set_finalizer(&stored, false).await;
            return if gone { Kept::Until(self.resync) } else { Kept::Failed };
        }
        if !deleting && !finalizer && !self.set_finalizer(&stored, true).await {
            return Kept::Failed;
        }
        let mut found = Found { generation: stored.meta.generation, users: users.len(), ..Found::default() };
        let was = self.account_lacks(&stored.config);
        let credentials = self.credentials(name, &stored, users.len()).await;
        let failed = credentials.is_err();
        match credentials {
            Ok(used) => {
                (found.source, found.identity, found.expires) = (Some(used.source), used.identity, used.expires);
            }
            Err((reason, message, stalled)) => {
                self.fail(&stored.config, &message);
                found.trouble = Some((reason, message, stalled));
            }
        }
        if deleting {
            let some: Vec<String> = users.iter().take(5).map(words).collect();
            let message =
                format!("{} objects are in its account, such as {}: delete them first", users.len(), some.join(", "));
            found.trouble = Some((Reason::DeletionBlocked, message, true));
        }
        let mut concerned = Vec::new();
        if self.limit(&stored.config) || was != self.account_lacks(&stored.config) {
            concerned.extend(belongs_to(&alias));
        }
        if !concerned.is_empty() || stored.status.observed_generation != stored.meta.generation {
            // These have no account yet, perhaps because of what the config said.
            concerned.push(Reference::Name(config_name(&stored.config)));
            self.wake_kept(name);
        }
        let after = status::after(&stored.status, &found, environment::now());
        self.wake_all(&concerned);
        if after != stored.status && !self.write_status(&stored, &after).await {
            return Kept::Failed;
        }
        if deleting {
            return Kept::Until(SOON);
        }
        if failed { Kept::Failed } else { Kept::Until(self.resync) }
    }

    /// The configs that allow namespaces by their labels.
    fn by_labels(&self) -> Vec<Reference> {
        let all = self.stores.of_cluster.state();
        let selects = |config: &&Arc<ClusterProviderConfig>| {
            config.spec.allowed_namespaces.as_ref().is_some_and(|allowed| allowed.selector.is_some())
        };
        let names = all.iter().filter(selects).map(|config| config_name(&alias::of_cluster(&config.name_any())));
        names.map(Reference::Name).collect()
    }

    /// Is there any config?
    fn has_some(&self) -> bool {
        !self.stores.of_namespaces.is_empty() || !self.stores.of_cluster.is_empty()
    }

    /// The configs whose status tells another number of users than there are.
    fn miscounted(&self) -> Vec<ObjectName> {
        let namespaced = self.stores.of_namespaces.state();
        let namespaced = namespaced.iter().map(|config| ObjectName::of("ProviderConfig", &config.metadata));
        let of_cluster = self.stores.of_cluster.state();
        let of_cluster = of_cluster.iter().map(|config| ObjectName::of("ClusterProviderConfig", &config.metadata));
        let miscounted = |name: &ObjectName| {
            let told = self.stored(name).and_then(|stored| Some((stored.status.users?, alias::alias(&stored.config))));
            told.is_some_and(|(told, alias)| usize::try_from(told).ok() != Some(self.users(&alias).len()))
        };
        namespaced.chain(of_cluster).filter(miscounted).collect()
    }

    /// The objects that are in the account of this config.
    fn users(&self, alias: &str) -> Vec<ObjectName> {
        belongs_to(alias).map(|of| self.lookups.references.referrers(&[of])).unwrap_or_default()
    }

    fn stored(&self, name: &ObjectName) -> Option<Stored> {
        let (namespace, own) = name.place();
        if name.kind == ProviderConfigKind::ProviderConfig.as_str() {
            let config = alias::namespaced(namespace, own);
            let object =
                self.stores.of_namespaces.get(&kube::runtime::reflector::ObjectRef::new(own).within(namespace))?;
            let status = object.status.clone().unwrap_or_default();
            return Some(Stored { config, meta: object.metadata.clone(), status });
        }
        let object = self.stores.of_cluster.get(&kube::runtime::reflector::ObjectRef::new(own))?;
        let status = object.status.clone().unwrap_or_default();
        Some(Stored { config: alias::of_cluster(own), meta: object.metadata.clone(), status })
    }

    /// The Secret that it names.
    pub(super) fn secret(&self, stored: &Stored) -> Option<ObjectName> {
        let spec = self.lookups.configs.get(&stored.config)?.spec;
        let name = spec.account.credentials?.secret_ref?.name?;
        let namespace = stored.config.namespace.as_ref().unwrap_or(&self.namespace);
        Some(ObjectName::new(Secret::KIND, namespace, &name))
    }

    /// Why its account has no credentials; `None` if it has some, or was not asked for yet.
    fn account_lacks(&self, config: &UsedProviderConfig) -> Option<String> {
        let accounts = self.accounts.named(&alias::alias(config));
        if accounts.is_empty() { Some(String::new()) } else { accounts.iter().find_map(|account| account.lacks()) }
    }

    /// Its account is called within the limits of the config. Returns whether they are other ones than before: those who wait
    /// for a permit should ask again.
    fn limit(&self, config: &UsedProviderConfig) -> bool {
        let limits = self.lookups.configs.get(config).and_then(|now| self.clients.limits(&now.spec).ok());
        let accounts = self.accounts.named(&alias::alias(config));
        limits.is_some_and(|limits| accounts.iter().filter(|account| account.limit_to(limits.clone())).count() > 0)
    }

    /// Its account has no credentials, unless it has had some.
    fn fail(&self, config: &UsedProviderConfig, why: &str) {
        for account in self.accounts.named(&alias::alias(config)) {
            account.has_none(why);
        }
    }

    fn wake_all(&self, to: &[Reference]) {
        self.lookups.references.referrers(to).into_iter().for_each(|user| (self.wake)(user));
    }

    /// Wakes the objects that this config would give another account if they were new: their status says so.
    fn wake_kept(&self, config: &ObjectName) {
        let (namespace, name) = config.place();
        if name == DEFAULT {
            let of = (!namespace.is_empty()).then_some(namespace);
            self.lookups.live.stores().flat_map(|store| store.names(of)).for_each(|object| (self.wake)(object));
        }
    }

    async fn set_finalizer(&self, stored: &Stored, held: bool) -> bool {
        let others = stored.meta.finalizers.iter().flatten().filter(|other| *other != names::IN_USE);
        let own = held.then(|| names::IN_USE.to_owned());
        let finalizers: Vec<String> = others.cloned().chain(own).collect();
        // The version guards what others write to the list.
        let meta = json!({"finalizers": finalizers, "resourceVersion": stored.meta.resource_version});
        let patch = json!({"metadata": meta});
        match stored.config.kind {
            ProviderConfigKind::ProviderConfig => self.patch(self.namespaced(stored), stored, patch, false).await,
            ProviderConfigKind::ClusterProviderConfig => self.patch(self.of_cluster(), stored, patch, false).await,
        }
    }

    async fn write_status(&self, stored: &Stored, status: &ProviderConfigStatus) -> bool {
        let meta = json!({"uid": stored.meta.uid});
        let patch = json!({"metadata": meta, "status": status});
        match stored.config.kind {
            ProviderConfigKind::ProviderConfig => self.patch(self.namespaced(stored), stored, patch, true).await,
            ProviderConfigKind::ClusterProviderConfig => self.patch(self.of_cluster(), stored, patch, true).await,
        }
    }

    fn namespaced(&self, stored: &Stored) -> Api<ProviderConfig> {
        Api::namespaced(self.kube.clone(), stored.config.namespace.as_deref().unwrap_or_default())
    }

    fn of_cluster(&self) -> Api<ClusterProviderConfig> {
        Api::all(self.kube.clone())
    }

    /// Returns whether the patch was made, or the config is gone.
    async fn patch<O>(&self, api: Api<O>, stored: &Stored, patch: Value, status: bool) -> bool
    where
        O: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let (name, params) = (stored.config.name.as_str(), PatchParams::default());
        let patch = Patch::Merge(patch);
        let patched = if status {
            timeout(TIMEOUT, api.patch_status(name, &params, &patch)).await
        } else {
            timeout(TIMEOUT, api.patch(name, &params, &patch)).await
        };
        match patched {
            Ok(Ok(_)) => true,
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => true,
            Ok(Err(error)) => {
                tracing::warn!(config = alias::alias(&stored.config), %error, "a config could not be written; it is tried again");
                false
            }
            Err(_) => false,
        }
    }
}

/// An object as people call it.
fn words(object: &ObjectName) -> String {
    let (namespace, name) = object.place();
    format!("{} {namespace}/{name}", object.kind)
}
