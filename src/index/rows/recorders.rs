//! Which objects recorded what: they are woken when it changes, with or without a row for it.

use super::{Entry, ObjectKey, Recorder, RemoteId, Rows, Uid};

impl Rows {
    pub(in crate::index) fn recorded(&mut self, id: &RemoteId, key: &ObjectKey, workspace: Option<&str>) {
        let entry = self.entry(&id.dataset);
        if entry.workspace.is_none() {
            entry.workspace = workspace.map(Into::into);
        }
        if !entry
            .recorders
            .iter()
            .any(|recorder| recorder.key == *key && recorder.version.as_deref() == id.version.as_deref())
        {
            entry.recorders.push(Recorder { version: id.version.as_deref().map(Into::into), key: key.clone() });
        }
    }

    pub(in crate::index) fn forget(&mut self, id: &RemoteId, uid: Uid) {
        if let Some(entry) = self.entries.get_mut(id.dataset.as_str()) {
            entry
                .recorders
                .retain(|recorder| recorder.key.uid != uid || recorder.version.as_deref() != id.version.as_deref());
        }
        self.tidy(&id.dataset);
    }

    /// Objects that recorded this dataset or a version of it.
    pub(in crate::index) fn recorders_of(&self, dataset: &str) -> impl Iterator<Item = ObjectKey> + '_ {
        self.entries
            .get(dataset)
            .into_iter()
            .flat_map(|entry| entry.recorders.iter().map(|recorder| recorder.key.clone()))
    }

    /// Objects that recorded another dataset with this one's owner mark: nobody recorded this one, so it may be their
    /// surplus.
    pub(in crate::index) fn recorders_beside(&self, dataset: &str) -> Vec<ObjectKey> {
        let Some(entry) = self.entries.get(dataset).filter(|entry| entry.recorders.is_empty()) else {
            return Vec::new();
        };
        let owner = entry.row.as_ref().map_or(0, |row| row.owner);
        if owner == 0 {
            return Vec::new();
        }
        let same = self.owners.range((owner, "".into())..).take_while(|(hash, _)| *hash == owner);
        same.flat_map(|(_, id)| self.recorders_of(id)).collect()
    }

    /// Objects that recorded anything in this workspace.
    pub(in crate::index) fn recorders_in(&self, workspace: &str) -> Vec<ObjectKey> {
        let here = self.entries.values().filter(|entry| entry.workspace.as_deref() == Some(workspace));
        here.flat_map(|entry| entry.recorders.iter().map(|recorder| recorder.key.clone())).collect()
    }

    /// Datasets of this workspace that somebody recorded.
    pub(in crate::index) fn recorded_in(&self, workspace: &str) -> Vec<String> {
        let here = |entry: &Entry| entry.workspace.as_deref() == Some(workspace) && !entry.recorders.is_empty();
        self.entries.iter().filter(|(_, entry)| here(entry)).map(|(id, _)| id.to_string()).collect()
    }

    pub(in crate::index) fn recorded_elsewhere(&self, id: &RemoteId, uid: Uid) -> bool {
        self.entries.get(id.dataset.as_str()).is_some_and(|entry| {
            let same = |recorder: &&Recorder| recorder.version.as_deref() == id.version.as_deref();
            entry.recorders.iter().filter(same).any(|recorder| recorder.key.uid != uid)
        })
    }

    pub(in crate::index) fn is_recorded(&self, dataset: &str) -> bool {
        self.entries.get(dataset).is_some_and(|entry| !entry.recorders.is_empty())
    }
}
