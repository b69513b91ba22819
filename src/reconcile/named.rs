//! Objects of other kinds that ours name, such as Secrets. Each is watched by its name and as metadata alone, so that the
//! right to it can be given by its name, and nothing of its content is held here.
//!
//! Promises: an object is watched from the first reference to it to the last. When it comes, changes or goes, the objects
//! that refer to it are woken. A namespace in which more than [`MOST`] names are watched gets one watch of all its objects
//! of the kind instead; where that is forbidden, each name is read once every [`EVERY`].

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::inventory::ObjectName;
use crate::lock::lock;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::references::Reference;

/// The most names that are watched one by one in a namespace.
pub const MOST: usize = 200;
/// Time between two reads of a name that cannot be watched.
pub const EVERY: Duration = Duration::from_secs(60);
/// The longest wait for the answer to such a read.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One state of an object: another state has another version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.resourceVersion`
    pub resource_version: String,
}

/// What is known of a named object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Known {
    /// Nothing yet.
    Nothing,
    /// It does not exist.
    Absent,
    /// It exists, in this version.
    Present(Version),
    /// The API server forbids the operator to watch it.
    Forbidden,
}

impl Version {
    /// The version that this metadata is of.
    #[must_use]
    pub fn of(object: &impl ResourceExt) -> Self {
        Self { uid: object.uid().unwrap_or_default(), resource_version: object.resource_version().unwrap_or_default() }
    }
}

/// What is known of all named objects, of all kinds.
#[derive(Debug, Default)]
pub struct NamedObjects {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<ObjectName, Known>,
    /// The kinds and namespaces of which every object was listed: any other object there is absent.
    listed: HashSet<(&'static str, String)>,
}

impl NamedObjects {
    /// What is known of this object now.
    #[must_use]
    pub fn get(&self, object: &ObjectName) -> Known {
        let state = lock(&self.state);
        let all = || state.listed.contains(&(object.kind, object.place().0.to_owned()));
        let known = state.known.get(object).cloned();
        known.unwrap_or_else(|| if all() { Known::Absent } else { Known::Nothing })
    }

    /// What is known of this object as soon as something is, or after this time.
    pub async fn wait(&self, object: &ObjectName, longest: Duration) -> Known {
        let until = Instant::now() + longest;
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let known = self.get(object);
            if known != Known::Nothing || tokio::time::timeout_at(until, news).await.is_err() {
                return known;
            }
        }
    }

    /// Returns whether this is news.
    fn set(&self, object: &ObjectName, known: &Known) -> bool {
        let before = lock(&self.state).known.insert(object.clone(), known.clone());
        self.news.notify_waiters();
        before.as_ref() != Some(known)
    }

    fn forget(&self, object: &ObjectName) {
        lock(&self.state).known.remove(object);
    }

    /// All objects of this kind in this namespace are known now.
    fn listed(&self, kind: &'static str, namespace: &str) {
        lock(&self.state).listed.insert((kind, namespace.to_owned()));
        self.news.notify_waiters();
    }

    /// The objects of this kind in this namespace are not watched any more.
    fn unlisted(&self, kind: &'static str, namespace: &str) {
        let mut state = lock(&self.state);
        state.listed.remove(&(kind, namespace.to_owned()));
        state.known.retain(|object, _| object.kind != kind || object.place().0 != namespace);
    }

    fn names(&self, kind: &'static str, namespace: &str) -> Vec<ObjectName> {
        let state = lock(&self.state);
        let within = |object: &&ObjectName| object.kind == kind && object.place().0 == namespace;
        state.known.keys().filter(within).cloned().collect()
    }
}

/// A kind whose objects can be watched by their names.
pub trait Nameable:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + k8s_openapi::Resource
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl Nameable for ConfigMap {}
impl Nameable for Secret {}

/// Watches the objects of kind `R` that references in `lookups` name, for ever. `wake` is called with each object that
/// refers to one of them, whenever that is news.
pub async fn watch<R: Nameable>(client: Client, lookups: Arc<Lookups>, wake: Arc<dyn Fn(ObjectName) + Send + Sync>) {
    let mut names = lookups.references.follow(R::KIND);
    let mut namespaces: HashMap<String, Namespace> = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        let object = tokio::select! {
            name = names.recv() => match name {
                Some(object) => object,
                None => return,
            },
            // A watch never ends by itself; one that was ended is cleared away here.
            Some(_) = tasks.join_next() => continue,
        };
        let (namespace, name) = object.place();
        let all = namespaces.entry(namespace.to_owned()).or_default();
        let is_named = !lookups.references.referrers(&[Reference::Name(object.clone())]).is_empty();
        let mut begin = |only: Option<&str>| {
            let (client, lookups, wake) = (client.clone(), lookups.clone(), wake.clone());
            let watch = Watch::<R> {
                api: Api::namespaced(client, namespace),
                namespace: namespace.to_owned(),
                only: only.map(str::to_owned),
                lookups,
                wake,
            };
            tasks.spawn(watch.run())
        };
        match (is_named, &all.whole) {
            (true, None) if all.each.len() == MOST && !all.each.contains_key(name) => {
                all.each.drain().for_each(|(_, watch)| watch.abort());
                all.whole = Some(begin(None));
            }
            (true, None) => {
                all.each.entry(name.to_owned()).or_insert_with(|| begin(Some(name)));
            }
            (true, Some(_)) => {}
            (false, whole) => {
                if let Some(watch) = all.each.remove(name) {
                    watch.abort();
                }
                if whole.is_none() {
                    lookups.named.forget(&object);
                }
            }
        }
        if is_named {
            all.named.insert(name.to_owned());
        } else if all.named.remove(name) && all.named.is_empty() {
            all.whole.iter().for_each(AbortHandle::abort);
            lookups.named.unlisted(R::KIND, namespace);
            namespaces.remove(namespace);
        }
    }
}

/// The watches in one namespace: of each name, or of the whole. A whole watch stays until no name is left.
#[derive(Default)]
struct Namespace {
    named: HashSet<String>,
    each: HashMap<String, AbortHandle>,
    whole: Option<AbortHandle>,
}

/// One watch, of one name or of a namespace.
struct Watch<R: Nameable> {
    api: Api<PartialObjectMeta<R>>,
    namespace: String,
    only: Option<String>,
    lookups: Arc<Lookups>,
    wake: Arc<dyn Fn(ObjectName) + Send + Sync>,
}

impl<R: Nameable> Watch<R> {
    async fn run(self) {
        let config = watcher::Config::default();
        let config = match &self.only {
            Some(name) => config.fields(&format!("metadata.name={name}")),
            None => config,
        };
        let mut events = std::pin::pin!(watcher(self.api.clone(), config).default_backoff());
        let (mut listed, mut polled) = (HashSet::new(), None::<Instant>);
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(object)) => {
                    listed.insert(object.name_any());
                    self.learn(&object.name_any(), &Known::Present(Version::of(&object)));
                }
                Ok(Event::Apply(object)) => self.learn(&object.name_any(), &Known::Present(Version::of(&object))),
                Ok(Event::Delete(object)) => self.learn(&object.name_any(), &Known::Absent),
                Ok(Event::InitDone) => self.on_list(&listed),
                Err(error) if is_forbidden(&error) => {
                    if self.only.is_some() {
                        self.names().iter().for_each(|name| self.learn(name, &Known::Forbidden));
                    } else if polled.is_none_or(|last| last.elapsed() >= EVERY) {
                        polled = Some(Instant::now());
                        self.poll().await;
                    }
                }
                Err(error) => {
                    let (kind, namespace, name) = (R::KIND, &self.namespace, &self.only);
                    tracing::debug!(kind, namespace, name, %error, "an object that is referred to could not be watched");
                }
            }
        }
    }

    /// The names that this watch answers for.
    fn names(&self) -> Vec<String> {
        if let Some(name) = &self.only {
            return vec![name.clone()];
        }
        let mut names = self.lookups.references.named(R::KIND, &self.namespace);
        let known = self.lookups.named.names(R::KIND, &self.namespace);
        names.extend(known.iter().map(|object| object.place().1.to_owned()));
        names.into_iter().collect()
    }

    /// A list was read as a whole: other objects do not exist.
    fn on_list(&self, listed: &HashSet<String>) {
        for name in self.names().iter().filter(|name| !listed.contains(*name)) {
            self.learn(name, &Known::Absent);
        }
        if self.only.is_none() {
            self.lookups.named.listed(R::KIND, &self.namespace);
        }
    }

    /// Reads each name, as the namespace may not be watched.
    async fn poll(&self) {
        for name in self.names() {
            match tokio::time::timeout(TIMEOUT, self.api.get_metadata_opt(&name)).await {
                Ok(Ok(Some(object))) => self.learn(&name, &Known::Present(Version::of(&object))),
                Ok(Ok(None)) => self.learn(&name, &Known::Absent),
                Ok(Err(kube::Error::Api(status))) if status.code == 403 => self.learn(&name, &Known::Forbidden),
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    fn learn(&self, name: &str, known: &Known) {
        let object = ObjectName::new(R::KIND, &self.namespace, name);
        if self.lookups.named.set(&object, known) {
            for referrer in self.lookups.references.referrers(&[Reference::Name(object)]) {
                (self.wake)(referrer);
            }
        }
    }
}

fn is_forbidden(error: &watcher::Error) -> bool {
    status_of(error) == Some(403)
}

/// The HTTP status with which the API server refused a watch, if that is what happened.
#[must_use]
pub fn status_of(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => {
            if let kube::Error::Api(status) = error {
                Some(status.code)
            } else {
                None
            }
        }
        watcher::Error::WatchError(status) => Some(status.code),
        watcher::Error::NoResourceVersion => None,
    }
}

#[cfg(test)]
#[path = "named_tests.rs"]
mod tests;
