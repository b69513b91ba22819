//! The cloud inventory: a reflector for the remote side. Its sweep lists every dataset that carries our domain mark, so
//! it *is* the resync, finds lost remotes by their mark, and wakes exactly the objects whose remote changed.
//!
//! Promises: a row that we wrote is never replaced by a list or read that began before the write; a write that ended
//! without an answer makes its row unknown; an absence in a list is only a reason to look, never proof; rows that
//! were not shown for too long are not believed.

mod list_progress;
pub mod listing;
mod object;
pub mod reader;
mod rights;
mod row;
mod rows;
mod sweep;
mod watches;
mod workspace;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cloud::{self, CallError, ErrorClass, Unauthorised};
use crate::folded::Folded;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::uid::Uid;

pub use object::{ObjectKey, ObjectName};
use rights::Rights;
use row::Source;
use rows::Rows;
use watches::Watches;
use workspace::Workspace;
pub use workspace::{Swept, WorkspaceState};

/// The inventory of one account and endpoint.
#[derive(Debug)]
pub struct Inventory {
    state: Mutex<State>,
    wake: mpsc::UnboundedSender<ObjectKey>,
    wanted: mpsc::UnboundedSender<Arc<str>>,
    rounds: watch::Sender<u64>,
    turned: watch::Sender<u64>,
    settings: Settings,
    folded: Folded,
}

/// What the inventory is told once.
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
    rights: Rights,
    /// Datasets that the service refused to delete because they have versions.
    refused: HashSet<String>,
    /// Principals under which a private remote recorded by that principal was seen by the present one.
    transparent: HashSet<String>,
}

/// Why a workspace is not known.
#[derive(Debug, Clone)]
pub enum ListError {
    /// A call failed.
    Call(CallError),
    /// The list is never the same twice, or contradicts its own count.
    Unsteady,
}

impl ListError {
    /// The error, if the service refuses the credentials.
    fn refused_credentials(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => {
                Some(error).filter(|error| error.class == ErrorClass::Unauthorised(Unauthorised::Credentials))
            }
            Self::Unsteady => None,
        }
    }

    /// The code of the service, or the kind of failure.
    fn cause(&self) -> String {
        match self {
            Self::Call(error) => error.cause(),
            Self::Unsteady => "unsteady list".to_owned(),
        }
    }

    /// The same trouble, maybe with another RequestId.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Call(a), Self::Call(b)) => (&a.code, a.status) == (&b.code, b.status),
            (Self::Unsteady, Self::Unsteady) => true,
            (Self::Call(_), Self::Unsteady) | (Self::Unsteady, Self::Call(_)) => false,
        }
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Unsteady => f.write_str(
                "the list of its datasets changed while it was read, or did not show as many as it counted; it is \
                 read again",
            ),
        }
    }
}

/// The far ends of an inventory: what it asks others to do.
#[derive(Debug)]
pub struct InventoryTasks {
    /// Objects to look at.
    pub woken: mpsc::UnboundedReceiver<ObjectKey>,
    /// Moves with every round that ended well.
    pub rounds: watch::Receiver<u64>,
    wanted: mpsc::UnboundedReceiver<Arc<str>>,
}

impl InventoryTasks {
    /// The sweeps of `index`, for ever; what is left is for others.
    pub fn run(
        self,
        inventory: Arc<Inventory>,
        client: cloud::Client,
    ) -> (impl Future<Output = ()> + Send, mpsc::UnboundedReceiver<ObjectKey>, watch::Receiver<u64>) {
        (sweep::run(inventory, client, self.wanted), self.woken, self.rounds)
    }
}

impl Inventory {
    /// An empty index, and where it says what it wants done.
    #[must_use]
    pub fn new(settings: Settings) -> (Arc<Self>, InventoryTasks) {
        let (wake, woken) = mpsc::unbounded_channel();
        let (want, wanted) = mpsc::unbounded_channel();
        let (rounds, told) = watch::channel(0);
        let state = State { rows: Rows::new(&settings.domains, Watches::new(wake.clone())), ..State::default() };
        let folded = Folded::default();
        let turned = watch::Sender::new(0);
        let inventory = Self { state: Mutex::new(state), wake, wanted: want, rounds, turned, settings, folded };
        (Arc::new(inventory), InventoryTasks { woken, rounds: told, wanted })
    }

    /// Moves when a list failed or a round ended well: [`Inventory::standing`] may be another.
    #[must_use]
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Failures that are the same for all objects, also those of passes.
    #[must_use]
    pub const fn folded(&self) -> &Folded {
        &self.folded
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The remote, if the inventory saw it no longer than one resync (and a half) ago.
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

    /// A remote as a read showed it that began at `since`.
    pub fn put_read(&self, remote: &Remote, since: Instant) {
        self.state().rows.believe(remote, since, Source::Shown);
    }

    /// A remote as our own write, acknowledged now, made it.
    pub fn put_written(&self, remote: &Remote) {
        self.state().rows.believe(remote, Instant::now(), Source::Sent);
    }

    /// A version that we created just now.
    pub fn put_created_version(&self, remote: &Remote) {
        self.state().rows.created_version(remote, Instant::now());
    }

    /// A write to this remote ended without an answer: what was believed of it is not known any more.
    pub fn doubt(&self, id: &RemoteId) {
        self.state().rows.doubt(id, Instant::now());
    }

    /// Some remotes as listed by a call that began at `since`.
    pub fn put_listed(&self, remotes: &[Arc<Remote>], since: Instant) {
        let since = self.lagged(since);
        let mut state = self.state();
        for remote in remotes {
            state.rows.put(remote, since, Source::Shown);
        }
    }

    /// All versions of a dataset as listed by a call that began at `since`. Returns whether they say something new.
    pub fn put_versions(&self, dataset: &str, versions: &[Arc<Remote>], since: Instant) -> bool {
        self.state().rows.put_versions(dataset, versions, self.lagged(since), Instant::now())
    }

    /// A remote is known gone.
    pub fn remove(&self, id: &RemoteId) {
        let mut state = self.state();
        state.rows.remove(id);
        state.rights.gone(id);
        if id.child().is_none() {
            state.refused.remove(id.root());
        }
    }

    /// `key` recorded this remote, in this workspace if that is known: it is woken when the remote changes.
    pub fn recorded(&self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        self.state().rows.recorded(id, key, workspace);
    }

    /// `key` found what it recorded: it is told when that goes.
    pub fn found(&self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        let mut state = self.state();
        state.rows.recorded(id, key, workspace);
        state.rows.well(id.root(), key.uid);
    }

    /// A read for the object `uid` did not find this remote: nothing is believed of it, and whoever else recorded it, or
    /// a version of it, looks for itself.
    pub fn missed(&self, id: &RemoteId, uid: &str) {
        let (now, uid) = (Instant::now(), Uid::of(uid));
        let keys = self.state().rows.missing(id, now);
        self.wake(keys.into_iter().filter(|key| key.uid != uid));
    }

    /// Wakes every object that recorded this dataset or a version of it.
    pub fn wake_recorders(&self, dataset: &str) {
        let keys: Vec<_> = self.state().rows.recorders_of(dataset).collect();
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
        self.state().rows.recorded_elsewhere(id, Uid::of(uid))
    }

    /// The objects that recorded this dataset or a version of it.
    #[must_use]
    pub fn recorders_of(&self, dataset: &str) -> Vec<ObjectKey> {
        self.state().rows.recorders_of(dataset).collect()
    }

    /// The object that recorded this remote is gone.
    pub fn forget(&self, id: &RemoteId, uid: &str) {
        self.state().rows.forget(id, Uid::of(uid));
    }

    /// Of the objects that recorded something only these live: the others went unseen.
    pub fn forget_others(&self, lives_here: impl Fn(Uid) -> bool) {
        self.state().rows.forget_others(lives_here);
    }

    /// The present principal sees private remotes of this one.
    pub fn sees(&self, principal: &str) {
        let mut state = self.state();
        if !state.transparent.contains(principal) {
            state.transparent.insert(principal.to_owned());
        }
    }

    /// Another caller asks from now on: what the one before it saw says nothing of what this one sees.
    pub fn other_caller(&self) {
        self.state().transparent.clear();
    }

    /// Does an absence count for what this principal made?
    #[must_use]
    pub fn can_see(&self, principal: &str) -> bool {
        self.state().transparent.contains(principal)
    }

    /// Datasets, and newest versions, with this operator's mark, not released, that no object here recorded and whose
    /// uid does not live here.
    pub fn orphans(&self, lives_here: impl Fn(Uid) -> bool) -> Vec<RemoteId> {
        let state = self.state();
        let datasets = state.rows.unclaimed().map(|(id, uid)| (RemoteId::new(id), uid));
        let all = datasets.chain(state.rows.unclaimed_versions());
        all.filter(|(_, uid)| !lives_here(*uid)).map(|(id, _)| id).collect()
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

    /// Rows that show an older state than this are not believed.
    fn trusted(&self) -> Duration {
        self.settings.resync + self.settings.resync / 2 + self.settings.list_lag + Duration::from_secs(60)
    }

    /// How long it takes until what was written now is shown again by a sweep, or, of an older version, by the list of
    /// its dataset's versions.
    #[must_use]
    pub fn shown_again_within(&self, id: &RemoteId) -> Duration {
        if id.child().is_some() {
            self.trusted() + self.settings.resync * rows::VERSION_RESYNCS
        } else {
            self.trusted()
        }
    }

    /// A list that begins now may show the state of this moment.
    fn lagged(&self, since: Instant) -> Instant {
        since.checked_sub(self.settings.list_lag).unwrap_or(since)
    }

    fn wake(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        for key in keys {
            // Nobody listens only while the process ends.
            let _ = self.wake.send(key);
        }
    }
}

#[cfg(test)]
#[path = "absent_tests.rs"]
mod absent_tests;
#[cfg(test)]
#[path = "chaos_tests.rs"]
mod chaos_tests;
#[cfg(test)]
#[path = "outage_tests.rs"]
mod outage_tests;
#[cfg(test)]
#[path = "reader_tests.rs"]
mod reader_tests;
#[cfg(test)]
#[path = "stage_tests.rs"]
mod stage;
#[cfg(test)]
#[path = "strangers_tests.rs"]
mod strangers_tests;
#[cfg(test)]
#[path = "sweep_tests.rs"]
mod sweep_tests;
