//! The allowed cost of a cell: the calls that `docs/protocol.md` section 9 allows its job, and a little more for one fault.
//!
//! Calls that many objects share are counted separately, there and here: the sweeps (lists by our domain, and lists by
//! id of remotes that they miss) and lists of versions, which the index repeats by itself.

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
    /// This number of each.
    pub const fn new(changes: usize, looks: usize) -> Self {
        Self { changes, looks }
    }

    /// With one fault: a call that changes something is sent once more. All reads may be repeated, as by the next
    /// process, and a doubt takes three lists and a read. (The study allows a list and a read for each fault; here
    /// "nothing there" is believed only after two lists that come when the settle time is over.)
    #[must_use]
    pub const fn with_a_fault(self) -> Self {
        Self::new(self.changes + 1, 2 * self.looks + 4)
    }
}

/// The cost of these calls.
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

/// The cost is not higher than allowed.
pub fn within(cost: Cost, most: Cost) -> Vec<Violation> {
    let dear = cost.changes > most.changes || cost.looks > most.looks;
    dear.then(|| violation(Sort::Broken, format!("it took {cost:?}, at most {most:?} are in order")))
        .into_iter()
        .collect()
}
