//! The cloud inventory: a reflector for the remote side. Its sweep lists every dataset that carries our domain mark. So
//! the sweep *is* the resync, finds lost remotes by their mark, and wakes exactly the objects whose remote changed.
//!
//! Promises: a list or read that began before one of our writes never replaces the row of that write; a write without
//! an answer makes its row unknown; an absence in a list is only a reason to read, never proof; a row that no list has
//! shown for too long is not believed.

pub mod inventories;
mod list_progress;
pub mod listing;
mod object;
pub mod reader;
mod rights;
mod row;
mod rows;
mod runs;
mod sweep;
mod watches;
mod workspace;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
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
use runs::Runs;
use watches::Watches;
use workspace::Workspace;
pub use workspace::{Swept, WorkspaceState};

/// The inventory of one account and endpoint.
#[derive(Debug)]
pub struct Inventory {
    state: Mutex<State>,
    wake: mpsc::UnboundedSender<ObjectKey>,
    wanted: mpsc::UnboundedSender<Arc<str>>,
    followed: mpsc::UnboundedSender<Arc<str>>,
    rounds: watch::Sender<u64>,
    turned: watch::Sender<u64>,
    settings: Settings,
    folded: Folded,
}

/// Settings that stay the same for the life of an inventory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Values of `dso-domain` that are ours.
    pub domains: Vec<String>,
    /// Time between sweeps.
    pub resync: Duration,
    /// The greatest age of the state that a list may show.
    pub list_lag: Duration,
}

#[derive(Debug, Default)]
struct State {
    rows: Rows,
    workspaces: HashMap<String, Workspace>,
    rights: Rights,
    /// Datasets that the service refused to delete because they have versions.
    refused: HashSet<String>,
    /// The runs that go on.
    runs: Runs,
    /// Principals whose private remotes the present principal has seen.
    transparent: HashSet<String>,
}

/// Why a workspace is not known.
#[derive(Debug, Clone)]
pub enum ListError {
    /// A call failed.
    Call(CallError),
    /// The list changed each time it was read, or contradicts its own count.
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

    /// Whether both are the same failure, even if the RequestId differs.
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

/// The receiving ends of an inventory's channels.
#[derive(Debug)]
pub struct InventoryTasks {
    /// Objects that must be reconciled.
    pub woken: mpsc::UnboundedReceiver<ObjectKey>,
    /// Changes with every round that ended well.
    pub rounds: watch::Receiver<u64>,
    wanted: mpsc::UnboundedReceiver<Arc<str>>,
    followed: mpsc::UnboundedReceiver<Arc<str>>,
}

impl InventoryTasks {
    /// Returns the endless lists of `inventory`, and the other two channels for the caller.
    pub fn run(
        self,
        inventory: Arc<Inventory>,
        client: cloud::Client,
    ) -> (impl Future<Output = ()> + Send, mpsc::UnboundedReceiver<ObjectKey>, watch::Receiver<u64>) {
        let lists = futures::future::join(
            sweep::run(inventory.clone(), client.clone(), self.wanted),
            runs::run(inventory, client, self.followed),
        );
        (lists.map(drop), self.woken, self.rounds)
    }
}

impl Inventory {
    /// An empty inventory, and the receiving ends of its channels.
    #[must_use]
    pub fn new(settings: Settings) -> (Arc<Self>, InventoryTasks) {
        let (wake, woken) = mpsc::unbounded_channel();
        let (want, wanted) = mpsc::unbounded_channel();
        let (follow, followed) = mpsc::unbounded_channel();
        let (rounds, told) = watch::channel(0);
        let state = State { rows: Rows::new(&settings.domains, Watches::new(wake.clone())), ..State::default() };
        let folded = Folded::default();
        let turned = watch::Sender::new(0);
        let state = Mutex::new(state);
        let inventory = Self { state, wake, wanted: want, followed: follow, rounds, turned, settings, folded };
        (Arc::new(inventory), InventoryTasks { woken, rounds: told, wanted, followed })
    }

    /// Changes when a list failed or a round ended well: [`Inventory::standing`] may then return something else.
    #[must_use]
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Failures that are the same for all objects, from sweeps and from reconciles.
    #[must_use]
    pub const fn folded(&self) -> &Folded {
        &self.folded
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The remote, if it was shown or written recently: within about one and a half resyncs; what is in a dataset, other
    /// than its newest version, within a hundred times that.
    #[must_use]
    pub fn get(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        self.state().rows.get(id, Instant::now(), self.trusted())
    }

    /// Every dataset that carries one of these owner marks; or everything `within` this dataset and collection of it.
    #[must_use]
    pub fn owned(&self, owners: &[String], within: Option<(&str, &str)>) -> Vec<Arc<Remote>> {
        self.state().rows.owned(owners, within)
    }

    /// Whether this remote is known to be gone: our delete was acknowledged, or the service answered "not found" to a
    /// delete or to a list of what is in it.
    #[must_use]
    pub fn is_gone(&self, id: &RemoteId) -> bool {
        self.state().rows.is_gone(id)
    }

    /// Whether all of this collection of a dataset are known: they were listed since the process started, or only v1 and
    /// our own versions exist.
    #[must_use]
    pub fn children_known(&self, dataset: &str, collection: &str) -> bool {
        self.state().rows.children_known(dataset, collection)
    }

    /// Whether all of this collection of a dataset were listed, by a list that began at `since` or later.
    #[must_use]
    pub fn children_listed_since(&self, dataset: &str, collection: &str, since: Instant) -> bool {
        self.state().rows.children_listed_since(dataset, collection, since)
    }

    /// Stores a remote as shown by a read that began at `since`.
    pub fn put_read(&self, remote: &Remote, since: Instant) {
        self.state().rows.believe(remote, since, Source::Shown);
    }

    /// Stores a remote as our own write, acknowledged now, left it.
    pub fn put_written(&self, remote: &Remote) {
        self.state().rows.believe(remote, Instant::now(), Source::Sent);
    }

    /// Stores a remote that we created just now.
    pub fn put_created(&self, remote: &Remote) {
        self.state().rows.created(remote, Instant::now());
    }

    /// A write to this remote ended without an answer: its row is not believed until the service shows it again.
    pub fn doubt(&self, id: &RemoteId) {
        self.state().rows.doubt(id, Instant::now());
    }

    /// Stores some remotes as shown by a list that began at `since`.
    pub fn put_listed(&self, remotes: &[Arc<Remote>], since: Instant) {
        let since = self.lagged(since);
        let mut state = self.state();
        for remote in remotes {
            state.rows.put(remote, since, Source::Shown);
        }
    }

    /// Stores all of this collection of a dataset as shown by a list that began at `since`. Returns whether any of them is
    /// new, changed or gone.
    pub fn put_children(&self, within: (&str, &str), remotes: &[Arc<Remote>], since: Instant) -> bool {
        self.state().rows.put_children(within, remotes, self.lagged(since), since)
    }

    /// The remote is known to be gone.
    pub fn remove(&self, id: &RemoteId) {
        let mut state = self.state();
        state.rows.remove(id);
        state.rights.gone(id);
        if id.child().is_none() {
            state.refused.remove(id.root());
        }
    }

    /// `key` recorded this remote, in `workspace` if that is known: it is woken when the remote changes.
    pub fn recorded(&self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        self.state().rows.recorded(id, key, workspace);
    }

    /// `key` found the remote that it recorded: it is woken again if the remote disappears.
    pub fn found(&self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        let mut state = self.state();
        state.rows.recorded(id, key, workspace);
        state.rows.well(id.root(), key.uid);
    }

    /// A read for the object `uid` did not find this remote: its row is not believed any more, and the other objects
    /// that recorded it or a version of it are woken to read for themselves.
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

    /// The service refused to delete this dataset because it has versions, so its versions must be deleted one by one.
    pub fn refuse(&self, dataset: &str) {
        self.state().refused.insert(dataset.to_owned());
        self.wake_recorders(dataset);
    }

    /// Whether the versions of this dataset must be deleted one by one.
    #[must_use]
    pub fn is_refused(&self, dataset: &str) -> bool {
        self.state().refused.contains(dataset)
    }

    /// Whether another object here recorded this remote.
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
        let mut state = self.state();
        state.rows.forget(id, Uid::of(uid));
        state.runs.unfollow(Uid::of(uid));
    }

    /// Only these objects still exist: the records of all others, whose deletion was not seen, are dropped.
    pub fn forget_others(&self, lives_here: impl Fn(Uid) -> bool) {
        let mut state = self.state();
        state.rows.forget_others(&lives_here);
        state.runs.forget_others(&lives_here);
    }

    /// This is a private remote of `principal`. If a list of the present principal has shown it, the present principal
    /// can see such remotes. That a read shows it says nothing: the service may hide in lists what it shows by its id.
    pub fn sees(&self, private: &RemoteId, principal: &str) {
        let mut state = self.state();
        let State { rows, workspaces, .. } = &*state;
        let shown = rows.shown_by(private.root());
        let listed = shown.is_some_and(|(workspace, list)| workspaces.get(workspace).is_some_and(|w| w.is_ours(list)));
        if listed && !state.transparent.contains(principal) {
            state.transparent.insert(principal.to_owned());
        }
    }

    /// Another principal calls from now on: what the one before could see says nothing about what this one can.
    pub fn other_caller(&self) {
        let mut state = self.state();
        state.transparent.clear();
        state.workspaces.values_mut().for_each(Workspace::other_caller);
    }

    /// Whether the absence of a remote that `principal` made means anything: the present principal can see such
    /// remotes.
    #[must_use]
    pub fn can_see(&self, principal: &str) -> bool {
        self.state().transparent.contains(principal)
    }

    /// Orphans: datasets and newest versions with this operator's mark that are not released, that no object here
    /// recorded, and whose uid belongs to no object here.
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

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row that shows an older state than this is not believed.
    fn trusted(&self) -> Duration {
        self.settings.resync + self.settings.resync / 2 + self.settings.list_lag + Duration::from_secs(60)
    }

    /// How long it takes until a list shows again what was written now: the sweep, or for what is in a dataset the list
    /// of its collection.
    #[must_use]
    pub fn shown_again_within(&self, id: &RemoteId) -> Duration {
        if id.child().is_some() { self.trusted() + self.settings.resync * rows::CHILD_RESYNCS } else { self.trusted() }
    }

    /// The state that a list that begins at `since` may still show.
    fn lagged(&self, since: Instant) -> Instant {
        since.checked_sub(self.settings.list_lag).unwrap_or(since)
    }

    fn wake(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        for key in keys {
            // The receiver is dropped only while the process ends.
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
