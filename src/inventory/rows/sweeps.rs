//! The questions of a sweep to the rows: which datasets its list did not show, in which datasets a collection must be
//! listed, and which remotes carry our mark although no object recorded them.

use tokio::time::Instant;

use super::super::row::marked;
use super::{Entry, Recorder, RemoteId, Rows, Uid, VERSIONS, collection_of};

impl Rows {
    /// The list number `list` shows this dataset. Returns whether it is shown there for the first time; `None` if there
    /// is no row.
    pub(in crate::inventory) fn seen_by(&mut self, dataset: &str, list: u32) -> Option<bool> {
        let row = self.entries.get_mut(dataset)?.row.as_mut()?;
        Some(std::mem::replace(&mut row.list, list) != list)
    }

    /// The workspace of this dataset and the number of the last list that has shown it, if one has.
    pub(in crate::inventory) fn shown_by(&self, dataset: &str) -> Option<(&str, u32)> {
        let entry = self.entries.get(dataset)?;
        Some((entry.workspace.as_deref()?, entry.row.as_ref()?.list)).filter(|(_, list)| *list > 0)
    }

    /// Whether there is a row for this dataset.
    pub(in crate::inventory) fn is_shown(&self, dataset: &str) -> bool {
        self.entries.get(dataset).is_some_and(|entry| entry.row.is_some())
    }

    /// Datasets of a workspace that no list from number `first` on, begun at `since`, has shown, and of which nothing
    /// newer is known.
    pub(in crate::inventory) fn unseen(&self, workspace: &str, first: u32, since: Instant) -> Vec<String> {
        let unseen = |entry: &Entry| {
            entry.workspace.as_deref().is_none_or(|there| there == workspace)
                && entry.row.as_ref().is_none_or(|row| row.list < first && row.as_of <= since)
        };
        self.entries.iter().filter(|(_, entry)| unseen(entry)).map(|(id, _)| id.to_string()).collect()
    }

    /// Whether this version was shown, was created by us, or is gone.
    pub(super) fn knows(&self, entry: &Entry, dataset: &str, version: &str) -> bool {
        entry.children.as_ref().is_some_and(|children| children.rows.contains_key(version))
            || entry.row.as_ref().is_some_and(|row| row.newest_is(version))
            || self.gone.contains_key(&RemoteId::new(dataset).join(version))
    }

    /// Datasets of a workspace in which this collection must be listed: an object recorded something in it, other than
    /// the newest version, and the last list is from before `then`; or one version may be a copy of ours.
    pub(in crate::inventory) fn unlisted(&self, workspace: &str, collection: &str, then: Instant) -> Vec<String> {
        let due = |dataset: &str, entry: &Entry| {
            let row = entry.row.as_ref().filter(|row| row.has_newest());
            let older = |recorder: &Recorder| {
                let here = recorder.child.as_deref().filter(|child| collection_of(child) == collection);
                here.is_some_and(|child| row.is_some_and(|row| !row.newest_is(child)))
            };
            let children = entry.children.as_ref();
            let unknown = children.and_then(|children| children.unknown.as_ref()).filter(|_| collection == VERSIONS);
            let long_ago = children.and_then(|children| children.listed(collection)).is_some_and(|at| at <= then);
            entry.workspace.as_deref() == Some(workspace)
                && ((long_ago && entry.recorders.iter().any(older))
                    || unknown.is_some_and(|unknown| !self.knows(entry, dataset, unknown)))
        };
        self.entries.iter().filter(|(id, entry)| due(id, entry)).map(|(id, _)| id.to_string()).collect()
    }

    /// Datasets that no object recorded, with a mark of ours that is not released, and the uid in it.
    pub(in crate::inventory) fn unclaimed(&self) -> impl Iterator<Item = (&str, Uid)> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.recorders.iter().all(|recorder| recorder.child.is_some()))
            .filter_map(|(id, entry)| Some((id.as_ref(), entry.row.as_ref()?.marked?)))
    }

    /// The same for newest versions. (Older ones are left out, as no sweep shows when they are gone.)
    pub(in crate::inventory) fn unclaimed_versions(&self) -> impl Iterator<Item = (RemoteId, Uid)> {
        self.entries.values().filter_map(|entry| {
            let row = entry.row.as_ref().filter(|row| row.newest_is_marked)?;
            let mut recorded = entry.recorders.iter().filter_map(|recorder| recorder.child.as_deref());
            if recorded.any(|child| row.newest_is(child)) {
                return None;
            }
            let remote = row.remote()?;
            let newest = remote.latest.as_deref().filter(|newest| !self.gone.contains_key(&newest.id))?;
            Some((newest.id.clone(), marked(newest, &self.domains)?))
        })
    }
}
