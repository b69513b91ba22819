//! Remotes that are missing where a read or list had to show them: their rows are not believed any more, and the
//! objects that recorded them are woken to read for themselves. An absence is never proof here.

use tokio::time::Instant;

use super::{Arc, ObjectKey, Recorder, Remote, RemoteId, Rows, Uid, version_number};

impl Rows {
    /// A read did not find this remote, or a list that had to show it does not. Its row, and for a dataset the rows of
    /// what is in it, are not believed until the service shows them again. Returns the objects that recorded any of them
    /// and were not woken for it yet.
    pub(in crate::inventory) fn missing(&mut self, id: &RemoteId, now: Instant) -> Vec<ObjectKey> {
        let dataset = id.root();
        self.watches.left(id);
        let Some(entry) = self.entries.get_mut(dataset) else { return Vec::new() };
        let mine = |recorder: &&Recorder| id.child().is_none() || recorder.child.as_deref() == id.child();
        let keys: Vec<_> = entry.recorders.iter().filter(mine).map(|recorder| recorder.key.clone()).collect();
        match id.child() {
            None => {
                entry.children = None;
                self.drop_row(dataset);
            }
            Some(child) => {
                if let Some(children) = &mut entry.children {
                    children.rows.remove(child);
                }
                if let Some(row) = entry.row.as_mut().filter(|row| row.newest_is(child)) {
                    row.doubt(now);
                }
            }
        }
        self.untold(dataset, keys)
    }

    /// A list as of `as_of` shows this dataset. Versions above its newest one are not believed any more, unless
    /// something newer is known of them. Returns the objects that recorded such a version and were not woken for it
    /// yet.
    pub(in crate::inventory) fn outlived(&mut self, shown: &Remote, as_of: Instant) -> Vec<ObjectKey> {
        let dataset = shown.id.root();
        let newest = shown.latest.as_deref().and_then(|latest| version_number(latest.id.child()?));
        let (Some(newest), Some(entry)) = (newest, self.entries.get_mut(dataset)) else { return Vec::new() };
        if entry.row.as_ref().is_none_or(|row| row.as_of > as_of) {
            return Vec::new();
        }
        let later = |version: &str| version_number(version).is_some_and(|number| number > newest);
        let mut rows = entry.children.as_mut().map(|children| &mut children.rows);
        let mut keys = Vec::new();
        for recorder in &entry.recorders {
            let Some(version) = recorder.child.as_deref().filter(|child| later(child)) else { continue };
            let known = rows.as_ref().and_then(|rows| rows.get(version)).is_some_and(|row| row.as_of > as_of);
            if !known {
                keys.push(recorder.key.clone());
                rows.as_mut().and_then(|rows| rows.remove(version));
            }
        }
        self.untold(dataset, keys)
    }

    /// This object found the remote that it recorded: it is woken again if that disappears.
    pub(in crate::inventory) fn well(&mut self, dataset: &str, uid: Uid) {
        if !self.told.is_empty() {
            self.told.remove(&(Arc::from(dataset), uid));
        }
    }

    fn untold(&mut self, dataset: &str, keys: Vec<ObjectKey>) -> Vec<ObjectKey> {
        keys.into_iter().filter(|key| self.told.insert((Arc::from(dataset), key.uid))).collect()
    }
}
