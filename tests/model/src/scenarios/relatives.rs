//! Versions and their datasets.

use super::IN_FLIGHT;
use crate::faults::Fault;
use crate::properties::Breach;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::{Kin, Spec};

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{Crash, Delete, Edit, Late, Loss, LostAnswer, Recreate, Refused, RemoteDelete, Replace};
    vec![
        Scenario::new("a version: every loss").version().with(&[(Crash, 1), (Loss, 1), (LostAnswer, 1), (Late, 1)]),
        Scenario::new("a version: deleted").version().with(&[(Delete, 1), (LostAnswer, 1), (Crash, 1), (Edit, 1)]),
        Scenario::new("a version: delete and anew").version().settled().with(&[(Delete, 1), (Recreate, 1), (Late, 1)]),
        Scenario::new("a version: replaced")
            .version()
            .with(&[(Replace, 1), (LostAnswer, 1), (Crash, 1)])
            .known(Breach::DeletedWanted, IN_FLIGHT),
        Scenario::new("a version: waits for its dataset").version().kin(Kin::Holds).with(&[(Crash, 1), (Delete, 1)]),
        Scenario::new("a version: its dataset goes").version().with(&[
            (Fault::Kin, 1),
            (Delete, 1),
            (LostAnswer, 1),
            (Crash, 1),
        ]),
        Scenario { dataset_is_ours: false, ..Scenario::new("a version: a strange dataset goes") }.version().with(&[
            (Fault::Kin, 1),
            (Delete, 1),
            (LostAnswer, 1),
        ]),
        Scenario::new("a version: retained").version().spec(Spec { retain: true, ..Spec::default() }).with(&[
            (Delete, 1),
            (Crash, 1),
            (Fault::Kin, 1),
        ]),
        Scenario::new("a version: deleted outside, Recreate")
            .version()
            .settled()
            .wish(Wish { recreate: true, ..Wish::default() })
            .with(&[(RemoteDelete, 1), (Crash, 1)]),
        Scenario::new("a version: its dataset is deleted outside, Recreate")
            .version()
            .settled()
            .wish(Wish { recreate: true, ..Wish::default() })
            .with(&[(Fault::Kin, 1), (Crash, 1)]),
        Scenario::new("a version: two replicas").version().processes(2).with(&[(Loss, 1)]),
        Scenario::new("a dataset with versions").kin(Kin::Holds).settled().with(&[
            (Delete, 1),
            (Fault::Kin, 1),
            (Crash, 1),
            (Refused, 1),
            (LostAnswer, 1),
        ]),
        Scenario { stranger_version: true, ..Scenario::new("a dataset with a stranger's version") }
            .settled()
            .with(&[(Delete, 1), (Crash, 1)]),
        Scenario {
            stranger_version: true,
            ..Scenario::new("a dataset with a stranger's version, deleted all the same")
        }
        .wish(Wish { delete_foreign: true, ..Wish::default() })
        .settled()
        .with(&[(Delete, 1), (Crash, 1)]),
    ]
}
