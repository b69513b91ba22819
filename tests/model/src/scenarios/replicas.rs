//! Two replicas that both believe to lead.

use crate::faults::Fault;
use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{Crash, Delete, Duplicate, Edit, KubeAnswer, Late, Loss, Recreate};
    vec![
        Scenario::new("two replicas").processes(2).with(&[]),
        Scenario::new("two replicas, a crash").processes(2).with(&[(Crash, 1)]),
        Scenario::new("two replicas, a loss").processes(2).with(&[(Loss, 1)]),
        Scenario::new("two replicas, late").processes(2).with(&[(Late, 1)]),
        Scenario::new("two replicas, one freezes").processes(2).with(&[(Fault::Freeze, 1)]),
        Scenario::new("two replicas, a delete").processes(2).with(&[(Delete, 1)]),
        Scenario::new("two replicas, delete and anew").processes(2).settled().with(&[(Delete, 1), (Recreate, 1)]),
        Scenario::new("two replicas, an edit").processes(2).settled().with(&[(Edit, 1)]),
        Scenario::new("two replicas, a copy of the request").processes(2).with(&[(Duplicate, 1)]),
        Scenario::new("two replicas, a lost write").processes(2).with(&[(KubeAnswer, 1)]),
    ]
}
