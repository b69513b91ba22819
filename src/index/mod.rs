//! The cloud index: a reflector for the remote side. Its sweep lists every dataset that carries our domain mark, so
//! it *is* the resync, finds lost remotes by their mark, and wakes exactly the objects whose remote changed.
//!
//! Promises: a row that we wrote is never replaced by a list that began before the write; an absence in a list is
//! only a reason to look, never proof; rows that were not shown for too long are not believed.

pub mod listing;
pub mod reader;
mod rows;
mod sweep;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::cloud::{self, CallError};
use crate::engine::recorded::RemoteId;
use crate::engine::view::Remote;

pub use rows::Changed;
use rows::Rows;

/// An object, as the index names it: kind, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// `Dataset` or `DatasetVersion`
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// The index of one account and endpoint.
#[derive(Debug)]
pub struct Index {
    state: Mutex<State>,
    work: Notify,
    wake: mpsc::UnboundedSender<ObjectKey>,
    settings: Settings,
}

/// What the index is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Values of `dso-domain` that are ours.
    pub domains: Vec<String>,
    /// Time between sweeps.
    pub resync: Duration,
    /// A list may show the state of this long ago.
    pub list_lag: Duration,
}

#[derive(Debug, Default)]
struct State {
    rows: Rows,
    workspaces: HashMap<String, Workspace>,
    /// Which objects recorded a remote.
    recorders: BTreeMap<RemoteId, HashSet<ObjectKey>>,
    /// Passes that work on a remote right now, by uid.
    reserved: HashMap<RemoteId, String>,
    /// Datasets that the service refused to delete because they have versions.
    refused: HashSet<String>,
    /// Principals under which a private remote recorded by that principal was seen by the present one.
    transparent: HashSet<String>,
}

#[derive(Debug, Default)]
struct Workspace {
    swept: Option<Instant>,
    due: Option<Instant>,
    sweeps: u64,
    failure: Option<CallError>,
    failures: u32,
    waiting: HashSet<ObjectKey>,
}

/// Is a workspace known in this term?
#[derive(Debug, Clone)]
pub enum Swept {
    /// Yes.
    Yes,
    /// Not yet; the object is woken when it is.
    Soon,
    /// The last try failed; the object is woken when one succeeds.
    Failed(Box<CallError>),
}

impl Index {
    /// An empty index, and where it says which objects to look at.
    #[must_use]
    pub fn new(settings: Settings) -> (Arc<Self>, mpsc::UnboundedReceiver<ObjectKey>) {
        let (wake, woken) = mpsc::unbounded_channel();
        (Arc::new(Self { state: Mutex::default(), work: Notify::new(), wake, settings }), woken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a workspace. `key` is woken once the answer changes.
    pub fn want(&self, workspace: &str, key: Option<&ObjectKey>) -> Swept {
        let mut state = self.state();
        let entry = state.workspaces.entry(workspace.to_owned()).or_default();
        if entry.swept.is_some() {
            return Swept::Yes;
        }
        if let Some(key) = key {
            entry.waiting.insert(key.clone());
        }
        if entry.due.is_none() {
            entry.due = Some(Instant::now());
            self.work.notify_one();
        }
        entry.failure.clone().map_or(Swept::Soon, |error| Swept::Failed(Box::new(error)))
    }

    /// Was this workspace swept in this term?
    #[must_use]
    pub fn is_swept(&self, workspace: &str) -> bool {
        self.state().workspaces.get(workspace).is_some_and(|entry| entry.swept.is_some())
    }

    /// The remote, if the index saw it no longer than one resync (and a half) ago.
    #[must_use]
    pub fn get(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        self.state().rows.get(id, Instant::now(), self.trusted())
    }

    /// Everything that carries one of these owner marks.
    #[must_use]
    pub fn owned(&self, owners: &[String], dataset: Option<&str>) -> Vec<Arc<Remote>> {
        self.state().rows.owned(owners, dataset)
    }

    /// Our own acknowledged delete, or a Get, says that this is gone.
    #[must_use]
    pub fn is_gone(&self, id: &RemoteId) -> bool {
        self.state().rows.is_gone(id)
    }

    /// All versions of this dataset are known: listed in this term, or only v1 and our own ones exist.
    #[must_use]
    pub fn versions_known(&self, dataset: &str) -> bool {
        self.state().rows.versions_known(dataset)
    }

    /// A row as read, or as our own write made it.
    pub fn put(&self, remote: &Arc<Remote>) {
        self.state().rows.believe(remote.clone(), Instant::now());
    }

    /// A version that we created just now.
    pub fn put_created_version(&self, remote: &Arc<Remote>) {
        self.state().rows.created_version(remote, Instant::now());
    }

    /// Some remotes as listed by a call that began at `since`.
    pub fn put_listed(&self, remotes: &[Arc<Remote>], since: Instant) {
        let since = since.checked_sub(self.settings.list_lag).unwrap_or(since);
        let mut state = self.state();
        for remote in remotes {
            state.rows.put(remote.clone(), since);
        }
    }

    /// All versions of a dataset as listed by a call that began at `since`.
    pub fn put_versions(&self, dataset: &str, versions: &[Arc<Remote>], since: Instant) {
        let since = since.checked_sub(self.settings.list_lag).unwrap_or(since);
        self.state().rows.put_versions(dataset, versions, since);
    }

    /// A remote is known gone.
    pub fn remove(&self, id: &RemoteId) {
        let mut state = self.state();
        state.rows.remove(id);
        if id.version.is_none() {
            state.refused.remove(&id.dataset);
        }
    }

    /// `key` recorded this remote: it is woken when the remote changes.
    pub fn recorded(&self, id: &RemoteId, key: &ObjectKey) {
        self.state().recorders.entry(id.clone()).or_default().insert(key.clone());
    }

    /// Wakes every object that recorded this dataset or a version of it.
    pub fn wake_recorders(&self, dataset: &str) {
        let keys = self.state().recorders_of(dataset);
        self.wake(keys);
    }

    /// The service refused to delete this dataset because it has versions: they go one by one.
    pub fn refuse(&self, dataset: &str) {
        self.state().refused.insert(dataset.to_owned());
        self.wake_recorders(dataset);
    }

    /// Must the versions of this dataset go one by one?
    #[must_use]
    pub fn is_refused(&self, dataset: &str) -> bool {
        self.state().refused.contains(dataset)
    }

    /// Another object here recorded this remote.
    #[must_use]
    pub fn recorded_elsewhere(&self, id: &RemoteId, uid: &str) -> bool {
        self.state().recorders.get(id).is_some_and(|keys| keys.iter().any(|key| key.uid != uid))
    }

    /// The object that recorded this remote is gone.
    pub fn forget(&self, id: &RemoteId, uid: &str) {
        let mut state = self.state();
        if let Some(keys) = state.recorders.get_mut(id) {
            keys.retain(|key| key.uid != uid);
            if keys.is_empty() {
                state.recorders.remove(id);
            }
        }
    }

    /// Takes the right to work on a remote for one pass; `false` if another object's pass has it.
    pub fn reserve(&self, id: &RemoteId, uid: &str) -> bool {
        self.state().reserved.entry(id.clone()).or_insert_with(|| uid.to_owned()) == uid
    }

    /// Gives back all that this object's pass reserved.
    pub fn unreserve(&self, uid: &str) {
        self.state().reserved.retain(|_, holder| holder != uid);
    }

    /// The present principal sees private remotes of this one.
    pub fn sees(&self, principal: &str) {
        let mut state = self.state();
        if !state.transparent.contains(principal) {
            state.transparent.insert(principal.to_owned());
        }
    }

    /// Does an absence count for what this principal made?
    #[must_use]
    pub fn can_see(&self, principal: &str) -> bool {
        self.state().transparent.contains(principal)
    }

    /// The uids that the marks of this operator name on datasets that were not released.
    #[must_use]
    pub fn marked_uids(&self) -> Vec<String> {
        self.state().rows.marked_uids(&self.settings.domains)
    }

    /// Number of datasets and versions known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().rows.len()
    }

    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sweeps whatever is due, for ever.
    pub async fn run(self: Arc<Self>, client: cloud::Client) {
        sweep::run(&self, &client).await;
    }

    /// Rows not shown for longer than this are not believed.
    fn trusted(&self) -> Duration {
        self.settings.resync + self.settings.resync / 2 + Duration::from_secs(60)
    }

    fn wake(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        for key in keys {
            // Nobody listens only while the process ends.
            let _ = self.wake.send(key);
        }
    }
}
