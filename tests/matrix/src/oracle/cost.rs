//! What a cell may cost: the calls that `docs/protocol.md` section 9 allows its job, and a little more for one fault.
//!
//! What many objects share is counted apart, there and here: the sweeps (lists by our domain, and of what they miss by id)
//! and lists of versions, which the index repeats by itself.

use testbed::proxy::{Entry, Side};

use super::{Sort, Violation, changes, violation};
use crate::bed::domain_mark;

/// Calls of the dataset API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Calls that change something, creates among them.
    pub changes: usize,
    /// Reads of one remote, lists by owner mark and lists by name.
    pub looks: usize,
}

impl Cost {
    /// So many.
    pub const fn new(changes: usize, looks: usize) -> Self {
        Self { changes, looks }
    }

    /// With one fault: a call that changes something is sent once more. All looking may be done anew, as by the next
    /// process, and a doubt takes three lists and a read. (The study allows a list and a read for each fault; here
    /// "nothing there" is believed only after two lists that come when the settle time is over.)
    #[must_use]
    pub const fn with_a_fault(self) -> Self {
        Self::new(self.changes + 1, 2 * self.looks + 4)
    }
}

/// What these calls come to.
pub fn of(entries: &[Entry]) -> Cost {
    let sweep = domain_mark();
    let looks = |entry: &Entry| {
        entry.side == Side::Cloud
            && entry.reads()
            && entry.operation != "ListDatasetVersions"
            && !entry.target.contains(&sweep)
            && !entry.target.contains("DatasetIds=")
    };
    let count = |such: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| such(entry)).count();
    Cost::new(count(&changes), count(&looks))
}

/// It came to no more than that.
pub fn within(cost: Cost, most: Cost) -> Vec<Violation> {
    let dear = cost.changes > most.changes || cost.looks > most.looks;
    dear.then(|| violation(Sort::Broken, format!("it took {cost:?}, at most {most:?} are in order")))
        .into_iter()
        .collect()
}
