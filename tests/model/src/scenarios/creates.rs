//! A create that fails in every way: lost, late, repeated, refused, answered wrongly.

use super::mark_of;
use crate::faults::Fault;
use crate::properties::Breach;
use crate::scenario::Scenario;
use crate::world::Domain;

const SENT_UNREAD: &str = "an answer to a create named a dataset that is not ours and that nobody here knew, and an edit is \
                           sent to it before a sweep has shown its marks";

pub(super) const READY_UNREAD: &str = "an answer to a create named a dataset that is not ours and that nobody here knew, and Ready is \
                            told of what was asked for before a sweep has shown what is there";

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{
        Crash, Delete, Edit, HalfList, KubeAnswer, KubeLate, KubeLoss, Late, Loss, LostAnswer, Refused, Replace,
        Replay, Unsent, WrongAnswer,
    };
    let all = [(Crash, 2), (Loss, 1), (LostAnswer, 1), (Late, 1), (Unsent, 1), (Fault::Freeze, 1)];
    vec![
        Scenario::new("create: two crashes and every loss").with(&all),
        Scenario::new("create: the apiserver loses and delays").with(&[
            (KubeAnswer, 1),
            (KubeLoss, 1),
            (KubeLate, 1),
            (Crash, 1),
            (Loss, 1),
        ]),
        Scenario::new("create: replayed however late").with(&[(Replay, 1), (Crash, 1)]),
        Scenario::new("create: replayed after the delete").with(&[(Replay, 1), (Delete, 1)]),
        Scenario::new("create: refused").with(&[(Refused, 1), (Crash, 1), (Delete, 1)]),
        Scenario { unique_names: true, ..Scenario::new("create: names are unique") }.with(&[
            (LostAnswer, 1),
            (Late, 1),
            (Crash, 1),
        ]),
        Scenario { unique_names: true, retries: true, ..Scenario::new("create: the name is taken") }
            .remote(None, false)
            .unready()
            .with(&[(Crash, 1), (Fault::RemoteDelete, 1)]),
        Scenario::new("create: the answer names nobody's remote").remote(None, false).with(&[
            (WrongAnswer, 1),
            (Crash, 1),
            (Delete, 1),
        ]),
        Scenario::new("create: the answer names nobody's remote, and the object is replaced")
            .remote(None, false)
            .with(&[(WrongAnswer, 1), (Replace, 1)]),
        Scenario::new("create: the answer names nobody's remote, and the spec is edited")
            .remote(None, false)
            .with(&[(WrongAnswer, 1), (Edit, 1)])
            .known(Breach::ForeignChange, SENT_UNREAD)
            .known(Breach::ReadyUntrue, READY_UNREAD),
        Scenario::new("create: the answer names another owner's remote")
            .remote(mark_of(Domain::Foreign), false)
            .with(&[(WrongAnswer, 1), (Crash, 1), (Delete, 1)]),
        Scenario::new("create: the answer names another object's remote").two_slots().with(&[(WrongAnswer, 1)]),
        Scenario::new("create: half a list").with(&[(HalfList, 2), (Crash, 1), (LostAnswer, 1)]),
        Scenario { settle: 1, short_settle_is_shown: true, ..Scenario::new("create: the settle time is too short") }
            .with(&[(Late, 1), (Crash, 1)]),
    ]
}
