//! Which objects recorded which remotes. They are woken when their remote changes, whether or not there is a row for
//! it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Entry, ObjectKey, Recorder, RemoteId, Rows, Uid, place};

impl Rows {
    pub(in crate::inventory) fn recorded(&mut self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        let entry = self.entry(id.root());
        if entry.workspace.is_none() {
            entry.workspace = workspace.map(Into::into).or_else(|| place::of(id).map(Into::into));
        }
        if !entry.recorders.iter().any(|recorder| recorder.key == *key && recorder.child.as_deref() == id.child()) {
            entry.recorders.push(Recorder { child: id.child().map(Into::into), key: key.clone() });
        }
    }

    pub(in crate::inventory) fn forget(&mut self, id: &RemoteId, uid: Uid) {
        self.well(id.root(), uid);
        self.watches.unowned(id);
        if let Some(entry) = self.entries.get_mut(id.root()) {
            entry.recorders.retain(|recorder| recorder.key.uid != uid || recorder.child.as_deref() != id.child());
        }
        self.tidy(id.root());
    }

    pub(in crate::inventory) fn forget_others(&mut self, lives: impl Fn(Uid) -> bool) {
        let gone = |entry: &Entry| entry.recorders.iter().any(|recorder| !lives(recorder.key.uid));
        let ids: Vec<_> = self.entries.iter().filter(|(_, entry)| gone(entry)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.watches.unowned(&RemoteId::new(&*id));
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.recorders.retain(|recorder| lives(recorder.key.uid));
            }
            self.tidy(&id);
        }
        self.told.retain(|(_, uid)| lives(*uid));
        self.watches.forget(lives);
    }

    /// Objects with a second dataset: it carries the object's mark, but the object recorded another one. Returns those
    /// for which such a dataset has come or gone since the last call.
    pub(in crate::inventory) fn doubled(&mut self) -> HashSet<ObjectKey> {
        let unclaimed: HashMap<Arc<str>, Uid> = self.unclaimed().map(|(id, uid)| (id.into(), uid)).collect();
        if unclaimed.is_empty() && self.doubles.is_empty() {
            return HashSet::new();
        }
        let before = std::mem::take(&mut self.doubles);
        let uids: HashSet<Uid> = unclaimed.values().chain(before.values()).copied().collect();
        let recorders = self.entries.values().flat_map(|entry| &entry.recorders);
        let owners: HashMap<Uid, &ObjectKey> =
            recorders.filter(|recorder| uids.contains(&recorder.key.uid)).map(|r| (r.key.uid, &r.key)).collect();
        let now: HashMap<_, _> = unclaimed.into_iter().filter(|(_, uid)| owners.contains_key(uid)).collect();
        let came = now.iter().filter(|(id, _)| !before.contains_key(*id));
        let went = before.iter().filter(|(id, _)| !now.contains_key(*id));
        let keys = came.chain(went).filter_map(|(_, uid)| owners.get(uid).map(|key| (*key).clone())).collect();
        self.doubles = now;
        keys
    }

    /// Objects that recorded this dataset or something in it.
    pub(in crate::inventory) fn recorders_of(&self, dataset: &str) -> impl Iterator<Item = ObjectKey> + '_ {
        self.entries
            .get(dataset)
            .into_iter()
            .flat_map(|entry| entry.recorders.iter().map(|recorder| recorder.key.clone()))
    }

    /// Objects that recorded anything in this workspace.
    pub(in crate::inventory) fn recorders_in(&self, workspace: &str) -> Vec<ObjectKey> {
        let here = self.entries.values().filter(|entry| entry.workspace.as_deref() == Some(workspace));
        here.flat_map(|entry| entry.recorders.iter().map(|recorder| recorder.key.clone())).collect()
    }

    pub(in crate::inventory) fn recorded_elsewhere(&self, id: &RemoteId, uid: Uid) -> bool {
        self.entries.get(id.root()).is_some_and(|entry| {
            let same = |recorder: &&Recorder| recorder.child.as_deref() == id.child();
            entry.recorders.iter().filter(same).any(|recorder| recorder.key.uid != uid)
        })
    }

    pub(in crate::inventory) fn is_recorded(&self, dataset: &str) -> bool {
        self.entries.get(dataset).is_some_and(|entry| !entry.recorders.is_empty())
    }
}
