//! etcd goes back in time.

use crate::faults::Fault;
use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{Crash, Delete, Edit, LostAnswer, Recreate, Restore, RestoreBare};
    vec![
        Scenario::new("etcd restored").with(&[(Restore, 1), (Delete, 1), (Crash, 1)]),
        Scenario::new("etcd restored, status lost").with(&[(RestoreBare, 1), (Crash, 1), (LostAnswer, 1)]),
        Scenario::new("etcd restored after an edit").settled().with(&[(Restore, 1), (Edit, 1), (Crash, 1)]),
        Scenario::new("etcd restored after delete and anew").settled().with(&[
            (Restore, 1),
            (Delete, 1),
            (Recreate, 1),
        ]),
    ]
}
