//! The last changes of the store, so that a search that knows an older state need not look at everything again.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Dataset;

/// Changes that are kept; they hold on to datasets that are gone.
const KEPT: usize = 1024;

/// One dataset before and after a change; `None` where it did not exist.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The dataset's place in the order of creation.
    pub(crate) order: u64,
    pub(crate) was: Option<Arc<Dataset>>,
    pub(crate) now: Option<Arc<Dataset>>,
}

/// The last changes. The revision counts all there ever were.
#[derive(Debug, Default)]
pub(super) struct Journal {
    changes: VecDeque<Change>,
    revision: u64,
}

impl Journal {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn note(&mut self, change: Change) {
        if self.changes.len() == KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
        self.revision += 1;
    }

    /// The changes after this revision, oldest first; `None` when some of them are no longer kept.
    pub(super) fn since(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        let behind = usize::try_from(self.revision.checked_sub(revision)?).ok()?;
        let from = self.changes.len().checked_sub(behind)?;
        Some(self.changes.range(from..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_last_changes_and_says_when_it_does_not() {
        let mut journal = Journal::default();
        let orders = |journal: &Journal, revision| {
            journal.since(revision).map(|changes| changes.map(|change| change.order).collect::<Vec<_>>())
        };
        for order in 0..3 {
            journal.note(Change { order, was: None, now: None });
        }
        assert_eq!((orders(&journal, 1), orders(&journal, 3)), (Some(vec![1, 2]), Some(vec![])));
        assert_eq!(orders(&journal, 4), None, "no state of this store");
        for order in 3..=KEPT as u64 {
            journal.note(Change { order, was: None, now: None });
        }
        assert_eq!((orders(&journal, 0), orders(&journal, 1).map(|all| all.len())), (None, Some(KEPT)));
    }
}
