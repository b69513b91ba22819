//! Ownership of remotes: adoption, marks of other owners and clusters, other credentials.

use super::mark_of;
use crate::faults::Fault;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::{Domain, Spec};

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{ClusterMark, Crash, Delete, Edit, ForeignMark, ForgedMark, LostAnswer, Principal, Recreate};
    let policy = |policy| Wish { policy, ..Wish::default() };
    let adopt = Spec { adopt: 1, ..Spec::default() };
    vec![
        Scenario::new("adoption by id").spec(adopt).remote(None, false).with(&[
            (Crash, 1),
            (LostAnswer, 1),
            (Delete, 1),
            (Edit, 1),
        ]),
        Scenario::new("adoption of nothing")
            .spec(Spec { adopt: 2, ..Spec::default() })
            .remote(None, false)
            .unready()
            .with(&[(Crash, 1)]),
        Scenario::new("adoption of another's")
            .spec(adopt)
            .remote(mark_of(Domain::Foreign), false)
            .unready()
            .with(&[(Crash, 1)]),
        Scenario::new("two objects adopt one remote").spec(adopt).two_slots().remote(None, false).with(&[(Crash, 1)]),
        Scenario::new("two objects adopt one remote, one is deleted")
            .spec(adopt)
            .two_slots()
            .remote(None, false)
            .with(&[(Delete, 1)]),
        Scenario::new("AdoptByName, two of the name")
            .wish(policy(2))
            .remote(None, false)
            .remote(None, false)
            .unready()
            .with(&[(Fault::RemoteDelete, 1)]),
        Scenario::new("AdoptByName, none").wish(policy(2)).with(&[(Crash, 1)]),
        Scenario::new("AdoptOnly").wish(policy(3)).unready().with(&[(Crash, 1)]),
        Scenario::new("CreateOnly, made anew").wish(policy(1)).with(&[
            (Fault::Replace, 1),
            (Crash, 1),
            (LostAnswer, 1),
        ]),
        Scenario::new("another owner takes it").settled().with(&[(ForeignMark, 1), (Edit, 1), (Delete, 1), (Crash, 1)]),
        Scenario::new("another cluster takes it").settled().with(&[
            (ClusterMark, 1),
            (Edit, 1),
            (Delete, 1),
            (Crash, 1),
        ]),
        Scenario::new("a forged mark").settled().with(&[(ForgedMark, 1), (Edit, 1), (Delete, 1), (Recreate, 1)]),
        Scenario::new("a move from another cluster").remote(mark_of(Domain::OtherCluster), false).with(&[
            (Crash, 1),
            (LostAnswer, 1),
            (Delete, 1),
        ]),
        Scenario::new("a released remote of another cluster")
            .remote(mark_of(Domain::OtherCluster), true)
            .unready()
            .with(&[(Fault::Adopt, 1), (Crash, 1)]),
        Scenario::new("other credentials").with(&[(Principal, 2), (LostAnswer, 1), (Crash, 1)]),
        Scenario::new("other credentials, a delete").settled().with(&[(Principal, 2), (Delete, 1), (Crash, 1)]),
    ]
}
