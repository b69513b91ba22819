//! All scenarios, by what they are about. The small ones of each topic are here, as they run in every `make test`.

mod creates;
mod disasters;
mod owners;
mod people;
mod rare;
mod relatives;
mod replicas;
mod runs;

use crate::faults::Fault;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::{Domain, Mark, STRANGER};

const IN_FLIGHT: &str =
    "a delete that a killed process sent is still under way when a new object takes the remote of the one before it";

fn mark_of(domain: Domain) -> Option<Mark> {
    Some(Mark { domain, owner: 0, uid: STRANGER, nonce: 1, forged: false })
}

/// Small ones, for every `make test`.
#[must_use]
pub fn small() -> Vec<Scenario> {
    use Fault::{Clone, Crash, Delete, Duplicate, Edit, Late, Loss, LostAnswer, Recreate, RemoteDelete, Unsent};
    vec![
        Scenario::new("nothing goes wrong").with(&[]),
        Scenario::new("create: one crash, one loss").with(&[(Crash, 1), (Loss, 1)]),
        Scenario::new("create: late").with(&[(Late, 1), (Unsent, 1), (Fault::Freeze, 1)]),
        Scenario::new("create: a copy of the request").with(&[(Duplicate, 1), (Crash, 1)]),
        Scenario::new("delete and anew").settled().with(&[(Delete, 1), (Recreate, 1), (Crash, 1)]),
        Scenario::new("edit").settled().with(&[(Edit, 1), (Crash, 1), (LostAnswer, 1)]),
        Scenario::new("deleted outside, Recreate")
            .settled()
            .wish(Wish { recreate: true, ..Wish::default() })
            .with(&[(RemoteDelete, 1), (Crash, 1)]),
        Scenario::new("a version").version().with(&[(Crash, 1), (Loss, 1)]),
        Scenario::new("AdoptByName")
            .wish(Wish { policy: 2, ..Wish::default() })
            .remote(None, false)
            .with(&[(Crash, 1), (LostAnswer, 1)]),
        runs::new("a run: fails and is tried again").with(&[(Fault::Fails, 1), (Crash, 1)]),
        runs::new("a run: cloned").with(&[(Clone, 1)]),
    ]
}

/// All of them, for `make model`.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut scenarios = small();
    scenarios.extend(creates::all());
    scenarios.extend(rare::all());
    scenarios.extend(people::all());
    scenarios.extend(replicas::all());
    scenarios.extend(owners::all());
    scenarios.extend(disasters::all());
    scenarios.extend(relatives::all());
    scenarios.extend(runs::all());
    scenarios
}
