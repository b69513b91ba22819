//! Scenarios that need a rule which simpler scenarios do not need.

use super::creates::READY_UNREAD;
use crate::faults::Fault;
use crate::properties::Breach;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::Spec;

const MADE_IS_GONE: &str = "an answer to a create named a dataset that is not ours and that nobody here knew, and the one that \
                            was made is deleted outside before a list shows it: the mark goes on what the answer named";

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{CopyMark, Crash, Delete, Edit, EditFixed, KubeLate, Late, RemoteDelete, Replay, WrongAnswer};
    let recreate = Wish { recreate: true, ..Wish::default() };
    let adopt = Spec { adopt: 1, ..Spec::default() };
    vec![
        Scenario::new("create: late, and an edit").with(&[(Late, 1), (Edit, 1)]),
        Scenario::new("create: replayed, and another member is wanted").with(&[(Replay, 1), (EditFixed, 1)]),
        Scenario::new("edits, and a write that is late").settled().with(&[(KubeLate, 1), (Edit, 2)]),
        Scenario::new("deleted outside, Recreate, and a write that is late").wish(recreate).with(&[
            (KubeLate, 1),
            (RemoteDelete, 1),
            (Crash, 1),
        ]),
        Scenario::new("adoption by id, and the mark is copied")
            .spec(adopt)
            .remote(None, false)
            .remote(None, false)
            .with(&[(CopyMark, 1), (Crash, 1)]),
        Scenario::new("create: the answer names something of another make")
            .remote(None, false)
            .made_otherwise()
            .unready()
            .with(&[(WrongAnswer, 1), (RemoteDelete, 1), (Delete, 1)])
            .known(Breach::ForeignChange, MADE_IS_GONE)
            .known(Breach::ReadyUntrue, READY_UNREAD),
    ]
}
