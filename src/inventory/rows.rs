//! The table of rows: what is known of each dataset and of what is in it, which objects recorded them, and an index to
//! find them by the owner in their mark.

mod absent;
mod recorders;
mod sweeps;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::object::ObjectKey;
use super::row::{Row, Source, owner_hash};
use super::watches::Watches;
use crate::remote::Remote;
use crate::remote::id::{RemoteId, VERSIONS, collection_of, version_number};
use crate::remote::place::{self, UPDATE_LAG};
use crate::remote::uid::Uid;

/// How many ids of gone remotes are remembered.
const TOMBSTONES: usize = 10_000;

/// For how many resyncs the row of what is in a dataset is believed, other than its newest version.
pub(super) const CHILD_RESYNCS: u32 = 100;

/// Everything known of one dataset.
#[derive(Debug, Default)]
struct Entry {
    row: Option<Row>,
    children: Option<Box<Children>>,
    recorders: Vec<Recorder>,
    workspace: Option<Arc<str>>,
}

/// What is in a dataset, by [`RemoteId::child`].
#[derive(Debug, Default)]
struct Children {
    rows: BTreeMap<String, Row>,
    /// The collections that were listed as a whole since the process started, and when the last of these lists began.
    listed: Vec<(Box<str>, Instant)>,
    /// The version before one that we created, if it was not known at that time: a repeated create may have made it, so
    /// it may be a copy of ours.
    unknown: Option<String>,
}

impl Children {
    /// When all of this collection were listed last.
    fn listed(&self, collection: &str) -> Option<Instant> {
        self.listed.iter().find(|(name, _)| **name == *collection).map(|(_, at)| *at)
    }

    /// All of this collection were listed at this time.
    fn set_listed(&mut self, collection: &str, at: Instant) {
        self.listed.retain(|(name, _)| **name != *collection);
        self.listed.push((collection.into(), at));
    }
}

/// An object that recorded a dataset, or something in it.
#[derive(Debug)]
struct Recorder {
    child: Option<Box<str>>,
    key: ObjectKey,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Values of `dso-domain` that are ours.
    domains: Vec<String>,
    entries: HashMap<Arc<str>, Entry>,
    /// Dataset ids by the hash of their owner mark.
    owners: BTreeSet<(u64, Arc<str>)>,
    /// Remotes that are gone, and when they were found to be.
    gone: HashMap<RemoteId, Instant>,
    gone_order: VecDeque<RemoteId>,
    /// Datasets that no object recorded and whose mark names an object that recorded another dataset, as of the last
    /// round.
    doubles: HashMap<Arc<str>, Uid>,
    /// Objects that were already woken because the remote that they recorded of this dataset is not shown any more.
    told: HashSet<(Arc<str>, Uid)>,
    /// The objects that wait for a remote that is not their own.
    pub(super) watches: Watches,
}

impl Rows {
    pub(super) fn new(domains: &[String], watches: Watches) -> Self {
        Self { domains: domains.to_vec(), watches, ..Self::default() }
    }

    /// The remote as it was shown last, whether or not the row is believed.
    pub(super) fn last(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        let entry = self.entries.get(id.root())?;
        match id.child() {
            None => entry.row.as_ref()?.remote(),
            Some(child) => entry.children.as_ref()?.rows.get(child)?.remote(),
        }
    }

    /// The same, unless the service may not show it yet.
    pub(super) fn last_shown(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        let written = |row: &Row| id.key().is_some() && row.written;
        let hidden = id.child().is_none() && self.entries.get(id.root())?.row.as_ref().is_some_and(written);
        if hidden { None } else { self.last(id) }
    }

    pub(super) fn get(&self, id: &RemoteId, now: Instant, trusted: Duration) -> Option<Arc<Remote>> {
        let entry = self.entries.get(id.root())?;
        let Some(child) = id.child() else {
            return entry.row.as_ref()?.believed(now, trusted);
        };
        let own = entry.children.as_ref().and_then(|children| children.rows.get(child));
        let newer = |row: &&Row| row.newest_is(child) && own.is_none_or(|own| own.as_of <= row.as_of);
        match entry.row.as_ref().filter(newer) {
            Some(row) => {
                let remote = row.believed(now, trusted)?;
                remote.latest.as_deref().filter(|latest| latest.id == *id).cloned().map(Arc::new)
            }
            None => own?.believed(now, trusted * CHILD_RESYNCS),
        }
    }

    pub(super) fn owned(&self, owners: &[String], within: Option<(&str, &str)>) -> Vec<Arc<Remote>> {
        let carries = |remote: &Remote| remote.mark.as_ref().is_some_and(|mark| mark.is_of(owners));
        let hashes: Vec<_> = owners.iter().map(|owner| owner_hash(owner)).collect();
        if let Some((dataset, collection)) = within {
            let carries = |remote: &Remote| remote.id.collection() == Some(collection) && carries(remote);
            return self.owned_within(dataset, &hashes, carries);
        }
        let hashes = hashes.into_iter();
        let found =
            hashes.flat_map(|hash| self.owners.range((hash, Arc::from(""))..).take_while(move |(h, _)| *h == hash));
        let rows = found.filter_map(|(_, id)| self.entries.get(id)?.row.as_ref()?.remote());
        rows.filter(|remote| carries(remote)).collect()
    }

    /// `hashes` are those of the owners: a row with another one need not be opened.
    fn owned_within(&self, dataset: &str, hashes: &[u64], carries: impl Fn(&Remote) -> bool) -> Vec<Arc<Remote>> {
        let Some(entry) = self.entries.get(dataset) else { return Vec::new() };
        let rows = entry.children.iter().flat_map(|children| children.rows.values());
        let rows = rows.filter(|row| hashes.contains(&row.owner)).filter_map(Row::remote);
        let mut found: BTreeMap<RemoteId, Arc<Remote>> =
            rows.filter(|remote| carries(remote)).map(|remote| (remote.id.clone(), remote)).collect();
        let newest = entry.row.as_ref().and_then(Row::remote).and_then(|remote| remote.latest.as_deref().cloned());
        if let Some(newest) = newest.filter(|newest| carries(newest) && !self.gone.contains_key(&newest.id)) {
            found.entry(newest.id.clone()).or_insert_with(|| Arc::new(newest));
        }
        found.into_values().collect()
    }

    /// Whether this remote is gone for good. A name may be used again at any time, so only a read says that of one.
    pub(super) fn is_gone(&self, id: &RemoteId) -> bool {
        id.key().is_none() && self.has_left(id)
    }

    /// Whether the last that was learnt of this remote is that it does not exist.
    pub(super) fn has_left(&self, id: &RemoteId) -> bool {
        self.gone.contains_key(id) || (id.child().is_some() && self.gone.contains_key(&RemoteId::new(id.root())))
    }

    /// Whether a list as of this time cannot be right in showing this remote.
    fn left_since(&self, id: &RemoteId, as_of: Instant) -> bool {
        self.gone.get(id).is_some_and(|left| id.key().is_none() || *left >= as_of)
    }

    pub(super) fn children_known(&self, dataset: &str, collection: &str) -> bool {
        self.entries.get(dataset).is_some_and(|entry| {
            let listed = entry.children.as_ref().is_some_and(|children| children.listed(collection).is_some());
            let only_first = || entry.row.as_ref().is_some_and(|row| row.newest_is("v1"));
            listed || (collection == VERSIONS && only_first())
        })
    }

    /// Did a list of all of this collection begin at `since` or later?
    pub(super) fn children_listed_since(&self, dataset: &str, collection: &str, since: Instant) -> bool {
        let children = self.entries.get(dataset).and_then(|entry| entry.children.as_ref());
        children.and_then(|children| children.listed(collection)).is_some_and(|began| began >= since)
    }

    /// Stores a remote as of a read that began at `as_of`, or of our write that was acknowledged then. It exists, even
    /// if it was believed to be gone.
    pub(super) fn believe(&mut self, remote: &Remote, as_of: Instant, source: Source) {
        self.gone.remove(&remote.id);
        self.put(remote, as_of, source);
    }

    /// Stores what we created. Whether all of its collection are known does not change.
    pub(super) fn created(&mut self, remote: &Remote, as_of: Instant) {
        if remote.id.collection() == Some(VERSIONS) {
            self.created_version(remote, as_of);
        } else {
            self.believe(remote, as_of, Source::Sent);
            // Only updates take their time to show, so the next list may replace this row.
            let row = self.entries.get_mut(remote.id.root()).and_then(|entry| entry.row.as_mut());
            row.into_iter().for_each(Row::shows_at_once);
        }
    }

    /// Stores our new version as the newest one.
    fn created_version(&mut self, version: &Remote, as_of: Instant) {
        let dataset = version.id.root();
        if self.children_known(dataset, VERSIONS) {
            let children = self.entry(dataset).children.get_or_insert_default();
            let listed = children.listed(VERSIONS).unwrap_or(as_of);
            children.set_listed(VERSIONS, listed);
        }
        let before = version.id.child().and_then(version_number).and_then(|number| number.checked_sub(1));
        if let Some(before) = before.filter(|before| *before > 1).map(|before| format!("v{before}"))
            && !self.entries.get(dataset).is_some_and(|entry| self.knows(entry, dataset, &before))
        {
            self.entry(dataset).children.get_or_insert_default().unknown = Some(before);
        }
        self.believe(version, as_of, Source::Sent);
        let Some(row) = self.entries.get(dataset).and_then(|entry| entry.row.as_ref()) else { return };
        let Some(mut remote) = row.remote().map(|remote| (*remote).clone()) else { return };
        let number = |id: &RemoteId| id.child().and_then(version_number);
        if remote.latest.as_ref().is_some_and(|latest| number(&latest.id) > number(&version.id)) {
            // A later version was created at the same time, and its answer came first.
            return;
        }
        // The version that was the newest until now, such as v1, gets a row of its own.
        let older = remote.latest.replace(Box::new(version.clone()));
        self.put(&remote, as_of, Source::Sent);
        if let Some(older) = older.filter(|older| older.id != version.id) {
            self.put(&older, as_of, Source::Shown);
        }
    }

    /// Stores a row unless a newer one is there. Returns whether the content is new.
    pub(super) fn put(&mut self, remote: &Remote, as_of: Instant, source: Source) -> bool {
        if remote.id.child().is_none() && self.left_since(&remote.id, as_of) {
            return false;
        }
        if remote.id.key().is_some() {
            self.gone.remove(&remote.id);
        }
        let Some(mut row) = Row::new(remote, as_of, source, &self.domains) else { return false };
        let dataset = remote.id.root();
        let entry = self.entry(dataset);
        if let Some(child) = remote.id.child() {
            let rows = &mut entry.children.get_or_insert_default().rows;
            let changed = put(rows.get_mut(child), &mut row).unwrap_or_else(|| {
                rows.insert(child.to_owned(), row);
                true
            });
            if changed {
                self.watches.shown(remote);
            }
            return changed;
        }
        let lag = if remote.id.key().is_some() { UPDATE_LAG } else { Duration::ZERO };
        let newer = |old: &Row| old.as_of > as_of || (source == Source::Shown && old.hides(as_of, lag));
        if entry.row.as_ref().is_some_and(newer) {
            return false;
        }
        let workspace = remote.fields.get("WorkspaceId").and_then(serde_json::Value::as_str).map(Cow::from);
        if let Some(workspace) = workspace.or_else(|| place::of(&remote.id).map(Cow::from))
            && entry.workspace.as_deref() != Some(&*workspace)
        {
            entry.workspace = Some(workspace.as_ref().into());
        }
        let (before, after) = (entry.row.as_ref().map_or(0, |row| row.owner), row.owner);
        let changed = put(entry.row.as_mut(), &mut row);
        if changed.is_none() {
            entry.row = Some(row);
        }
        if before != after {
            self.reown(dataset, before, after);
        }
        self.watches.shown(remote);
        changed.unwrap_or(true)
    }

    /// A write of ours to this remote ended without an answer: the rows of its dataset become doubtful.
    pub(super) fn doubt(&mut self, id: &RemoteId, now: Instant) {
        let Some(entry) = self.entries.get_mut(id.root()) else { return };
        if let Some(row) = &mut entry.row {
            row.doubt(now);
        }
        for row in entry.children.iter_mut().flat_map(|children| children.rows.values_mut()) {
            row.doubt(now);
        }
    }

    /// Stores what a list as of `since`, which began at `began`, shows of one collection of a dataset. Returns whether
    /// anything is new, changed or gone.
    pub(super) fn put_children(
        &mut self,
        (dataset, collection): (&str, &str),
        remotes: &[Arc<Remote>],
        since: Instant,
        began: Instant,
    ) -> bool {
        let mut changed = false;
        for remote in remotes {
            changed |= self.put(remote, since, Source::Shown);
        }
        let shown: HashSet<_> = remotes.iter().filter_map(|remote| remote.id.child()).collect();
        let known = self.entry(dataset).children.get_or_insert_default();
        let before = known.rows.len();
        let other = |child: &str| collection_of(child) != collection;
        known.rows.retain(|child, row| other(child) || shown.contains(child.as_str()) || row.as_of > since);
        known.set_listed(collection, began);
        if collection == VERSIONS {
            known.unknown = None;
        }
        changed || known.rows.len() != before
    }

    /// Drops the row of something in a dataset.
    pub(super) fn drop_child(&mut self, id: &RemoteId) {
        let children = self.entries.get_mut(id.root()).and_then(|entry| entry.children.as_mut());
        if let (Some(children), Some(child)) = (children, id.child()) {
            children.rows.remove(child);
        }
    }

    /// As of when the row of this remote is.
    pub(super) fn as_of(&self, id: &RemoteId) -> Option<Instant> {
        self.entries.get(id.root())?.children.as_ref()?.rows.get(id.child()?).map(|row| row.as_of)
    }

    pub(super) fn remove(&mut self, id: &RemoteId) {
        self.watches.left(id);
        if id.child().is_some() {
            self.drop_child(id);
        } else {
            self.drop_row(id.root());
            if let Some(entry) = self.entries.get_mut(id.root()) {
                entry.children = None;
            }
            self.tidy(id.root());
        }
        if self.gone.insert(id.clone(), Instant::now()).is_none() {
            self.gone_order.push_back(id.clone());
        }
        if self.gone_order.len() > TOMBSTONES
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    /// Drops the row of a dataset, but keeps the objects that recorded it.
    pub(super) fn drop_row(&mut self, dataset: &str) {
        let Some(entry) = self.entries.get_mut(dataset) else { return };
        if let Some(row) = entry.row.take() {
            self.reown(dataset, row.owner, 0);
        }
        self.tidy(dataset);
    }

    pub(super) fn len(&self) -> usize {
        let known = |entry: &Entry| {
            usize::from(entry.row.is_some()) + entry.children.as_ref().map_or(0, |children| children.rows.len())
        };
        self.entries.values().map(known).sum()
    }

    fn entry(&mut self, dataset: &str) -> &mut Entry {
        self.entries.entry(dataset.into()).or_default()
    }

    /// Updates the owner index when the owner mark of a row changes.
    fn reown(&mut self, dataset: &str, before: u64, after: u64) {
        let Some((id, _)) = self.entries.get_key_value(dataset) else { return };
        let id = id.clone();
        if before != 0 {
            self.owners.remove(&(before, id.clone()));
        }
        if after != 0 {
            self.owners.insert((after, id));
        }
    }

    /// Removes an entry in which nothing is left.
    fn tidy(&mut self, dataset: &str) {
        let empty = |entry: &Entry| entry.row.is_none() && entry.children.is_none() && entry.recorders.is_empty();
        if self.entries.get(dataset).is_some_and(empty) {
            self.entries.remove(dataset);
        }
    }
}

/// Replaces `old` unless it is newer. `None` if there is no old row; otherwise whether the content changed.
fn put(old: Option<&mut Row>, row: &mut Row) -> Option<bool> {
    let old = old?;
    if old.as_of > row.as_of {
        return Some(false);
    }
    let changed = row.supersedes(old);
    std::mem::swap(old, row);
    Some(changed)
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
