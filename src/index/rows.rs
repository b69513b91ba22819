//! The rows: what was shown of each dataset and version, when, and by whose mark it can be found.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::names::{MARK_DOMAIN, MARK_OWNER, MARK_RELEASED};
use crate::engine::mark::marked_uid;
use crate::engine::recorded::RemoteId;
use crate::engine::view::Remote;

/// How many known-gone ids are remembered.
const TOMBSTONES: usize = 10_000;

/// How many resyncs a listed older version is believed.
const VERSION_RESYNCS: u32 = 100;

#[derive(Debug)]
struct Row {
    remote: Arc<Remote>,
    /// The row shows at least what was true then.
    as_of: Instant,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    datasets: HashMap<String, Row>,
    versions: HashMap<String, BTreeMap<String, Row>>,
    /// Datasets whose versions were listed in this term.
    listed: HashSet<String>,
    /// Dataset ids by owner mark.
    owners: HashMap<String, HashSet<String>>,
    gone: HashSet<RemoteId>,
    gone_order: VecDeque<RemoteId>,
}

/// What a sweep found different.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Datasets that are new, changed or not shown any more.
    pub datasets: Vec<String>,
}

impl Rows {
    pub(super) fn get(&self, id: &RemoteId, now: Instant, trusted: Duration) -> Option<Arc<Remote>> {
        let dataset = self.datasets.get(&id.dataset);
        let fresh = |row: &&Row, times: u32| now.saturating_duration_since(row.as_of) <= trusted * times;
        let Some(version) = &id.version else {
            return dataset.filter(|row| fresh(row, 1)).map(|row| row.remote.clone());
        };
        let latest = dataset.filter(|row| fresh(row, 1)).and_then(|row| row.remote.latest.as_deref().map(|l| (row, l)));
        let own = self.versions.get(&id.dataset).and_then(|versions| versions.get(version));
        match (latest, own) {
            (Some((row, latest)), own) if latest.id == *id && own.is_none_or(|own| own.as_of <= row.as_of) => {
                Some(Arc::new(latest.clone()))
            }
            (_, own) => own.filter(|row| fresh(row, VERSION_RESYNCS)).map(|row| row.remote.clone()),
        }
    }

    pub(super) fn owned(&self, owners: &[String], dataset: Option<&str>) -> Vec<Arc<Remote>> {
        let carries = |remote: &Remote| remote.labels.get(MARK_OWNER).is_some_and(|owner| owners.contains(owner));
        if let Some(dataset) = dataset {
            let latest = self.datasets.get(dataset).and_then(|row| row.remote.latest.as_deref());
            let mut found: BTreeMap<RemoteId, Arc<Remote>> = self
                .versions
                .get(dataset)
                .into_iter()
                .flat_map(BTreeMap::values)
                .filter(|row| carries(&row.remote))
                .map(|row| (row.remote.id.clone(), row.remote.clone()))
                .collect();
            if let Some(latest) = latest.filter(|latest| carries(latest) && !self.gone.contains(&latest.id)) {
                found.entry(latest.id.clone()).or_insert_with(|| Arc::new(latest.clone()));
            }
            return found.into_values().collect();
        }
        let ids = owners.iter().filter_map(|owner| self.owners.get(owner)).flatten();
        ids.filter_map(|id| self.datasets.get(id)).map(|row| row.remote.clone()).collect()
    }

    pub(super) fn is_gone(&self, id: &RemoteId) -> bool {
        self.gone.contains(id) || (id.version.is_some() && self.gone.contains(&RemoteId::dataset(id.dataset.clone())))
    }

    pub(super) fn versions_known(&self, dataset: &str) -> bool {
        let newest = self.datasets.get(dataset).and_then(|row| row.remote.latest.as_ref()?.id.version.as_deref());
        newest == Some("v1") || self.listed.contains(dataset)
    }

    /// A read, or an acknowledged write of ours: the remote exists, whatever was believed before.
    pub(super) fn believe(&mut self, remote: Arc<Remote>, as_of: Instant) {
        self.gone.remove(&remote.id);
        self.put(remote, as_of);
    }

    /// Our own new version is the newest; whether all versions are known does not change.
    pub(super) fn created_version(&mut self, version: &Arc<Remote>, as_of: Instant) {
        let dataset = &version.id.dataset;
        if self.versions_known(dataset) {
            self.listed.insert(dataset.clone());
        }
        self.believe(version.clone(), as_of);
        if let Some(row) = self.datasets.get_mut(dataset) {
            let mut remote = (*row.remote).clone();
            // v1 was known as the newest one; it is kept as an older one.
            let older = remote.latest.replace(Box::new((**version).clone()));
            *row = Row { remote: Arc::new(remote), as_of };
            if let Some(older) = older.filter(|older| older.id != version.id) {
                self.put(Arc::new(*older), as_of);
            }
        }
    }

    /// Puts a row unless a newer one is there. Returns whether it says something new.
    pub(super) fn put(&mut self, remote: Arc<Remote>, as_of: Instant) -> bool {
        let dataset = remote.id.dataset.clone();
        if let Some(version) = remote.id.version.clone() {
            let rows = self.versions.entry(dataset).or_default();
            return put(rows.get_mut(&version), remote.clone(), as_of).unwrap_or_else(|| {
                rows.insert(version, Row { remote, as_of });
                true
            });
        }
        if self.gone.contains(&remote.id) {
            return false;
        }
        let newer = self.datasets.get(&dataset).is_none_or(|row| row.as_of <= as_of);
        if newer {
            self.reown(&dataset, remote.labels.get(MARK_OWNER));
        }
        put(self.datasets.get_mut(&dataset), remote.clone(), as_of).unwrap_or_else(|| {
            self.datasets.insert(dataset, Row { remote, as_of });
            true
        })
    }

    pub(super) fn put_versions(&mut self, dataset: &str, versions: &[Arc<Remote>], since: Instant) {
        for version in versions {
            self.put(version.clone(), since);
        }
        let shown: HashSet<_> = versions.iter().filter_map(|version| version.id.version.as_ref()).collect();
        if let Some(rows) = self.versions.get_mut(dataset) {
            rows.retain(|name, row| shown.contains(name) || row.as_of > since);
        }
        self.listed.insert(dataset.to_owned());
    }

    pub(super) fn remove(&mut self, id: &RemoteId) {
        if let Some(version) = &id.version {
            if let Some(rows) = self.versions.get_mut(&id.dataset) {
                rows.remove(version);
            }
        } else {
            self.drop_dataset(&id.dataset);
            self.versions.remove(&id.dataset);
            self.listed.remove(&id.dataset);
        }
        if self.gone.insert(id.clone()) {
            self.gone_order.push_back(id.clone());
        }
        if self.gone_order.len() > TOMBSTONES
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    /// Drops the datasets of `workspace` that a complete sweep, begun at `since`, did not show; their objects look
    /// for themselves.
    pub(super) fn drop_unseen(&mut self, workspace: &str, shown: &HashSet<String>, since: Instant) -> Vec<String> {
        let unseen: Vec<String> = self
            .datasets
            .iter()
            .filter(|(id, row)| {
                let here = row.remote.fields.get("WorkspaceId").is_none_or(|there| there == workspace);
                here && row.as_of <= since && !shown.contains(*id)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in &unseen {
            self.drop_dataset(id);
        }
        unseen
    }

    pub(super) fn marked_uids(&self, domains: &[String]) -> Vec<String> {
        let labels = self.datasets.values().map(|row| &row.remote.labels);
        labels
            .filter(|labels| labels.get(MARK_DOMAIN).is_some_and(|domain| domains.contains(domain)))
            .filter(|labels| !labels.contains_key(MARK_RELEASED))
            .filter_map(|labels| marked_uid(labels).map(str::to_owned))
            .collect()
    }

    /// Keeps the owner map right when a row's owner mark changes.
    fn reown(&mut self, id: &str, owner: Option<&String>) {
        let before = self.datasets.get(id).and_then(|row| row.remote.labels.get(MARK_OWNER).cloned());
        if before.as_ref() != owner
            && let Some(ids) = before.and_then(|before| self.owners.get_mut(&before))
        {
            ids.remove(id);
        }
        if let Some(owner) = owner {
            self.owners.entry(owner.clone()).or_default().insert(id.to_owned());
        }
    }

    fn drop_dataset(&mut self, id: &str) {
        let owner = self.datasets.remove(id).and_then(|row| row.remote.labels.get(MARK_OWNER).cloned());
        let Some(owner) = owner else { return };
        if let Some(ids) = self.owners.get_mut(&owner) {
            ids.remove(id);
            if ids.is_empty() {
                self.owners.remove(&owner);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.datasets.len() + self.versions.values().map(BTreeMap::len).sum::<usize>()
    }
}

/// Replaces a row that is not newer. `None` if there was no row; otherwise whether it changed.
fn put(row: Option<&mut Row>, remote: Arc<Remote>, as_of: Instant) -> Option<bool> {
    let row = row?;
    if row.as_of > as_of {
        return Some(false);
    }
    let changed = !alike(&row.remote, &remote);
    *row = Row { remote, as_of };
    Some(changed)
}

/// Equal but for times.
fn alike(a: &Remote, b: &Remote) -> bool {
    let fields = |remote: &Remote| {
        let mut fields = remote.fields.clone();
        fields.remove("GmtModifiedTime");
        fields.remove("GmtCreateTime");
        fields
    };
    a.labels == b.labels
        && fields(a) == fields(b)
        && match (&a.latest, &b.latest) {
            (Some(a), Some(b)) => a.id == b.id && alike(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
