//! Runs: created in every way that goes wrong, tried again, stopped and deleted, kept and taken again, cloned.

use crate::faults::Fault;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::Spec;

/// One new DatasetJob that may be tried again once.
pub(super) fn new(name: &'static str) -> Scenario {
    Scenario::new(name).run().wish(Wish { backoff: 1, ..Wish::default() })
}

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{
        Clone, Crash, Delete, Duplicate, Fails, KubeAnswer, KubeLoss, Late, Loss, LostAnswer, Recreate, Unsent,
    };
    let kept = || Spec { retain: true, ..Spec::default() };
    vec![
        new("a run: one crash, one loss").with(&[(Crash, 1), (Loss, 1)]),
        new("a run: the answer is lost").with(&[(Crash, 1), (LostAnswer, 1), (Fails, 1)]),
        new("a run: late").with(&[(Late, 1), (Unsent, 1), (Fault::Freeze, 1)]),
        new("a run: late, and then it fails").with(&[(Late, 1), (Fails, 1)]),
        new("a run: a copy of the request").with(&[(Duplicate, 1), (Crash, 1)]),
        new("a run: fails to the end").with(&[(Fails, 2), (Crash, 1), (LostAnswer, 1)]),
        new("a run: the apiserver loses writes").with(&[(KubeAnswer, 1), (KubeLoss, 1), (Fails, 1)]),
        new("a run: deleted while it runs").with(&[(Delete, 1), (Crash, 1)]),
        new("a run: deleted, and an answer is lost").with(&[(Delete, 1), (LostAnswer, 1)]),
        new("a run: deleted while it is late").with(&[(Delete, 1), (Late, 1)]),
        new("a run: deleted after it failed").with(&[(Delete, 1), (Fails, 1), (Loss, 1)]),
        new("a run: kept and made again").spec(kept()).with(&[(Delete, 1), (Recreate, 1), (Fails, 1)]),
        new("a run: kept and made again, with a crash").spec(kept()).settled().with(&[
            (Delete, 1),
            (Recreate, 1),
            (Crash, 1),
        ]),
        new("a run: kept, made again and deleted again").spec(kept()).settled().with(&[(Delete, 2), (Recreate, 1)]),
        new("a run: cloned while it fails").with(&[(Clone, 1), (Fails, 1)]),
        new("a run: cloned and deleted").with(&[(Clone, 1), (Delete, 1)]),
    ]
}
