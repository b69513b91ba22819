//! What people do to an object and its remote, with failures between.

use super::IN_FLIGHT;
use crate::faults::Fault;
use crate::properties::Breach;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::Spec;

pub(super) fn all() -> Vec<Scenario> {
    use Fault::{
        Adopt, CopyMark, Crash, Delete, Edit, EditFixed, Force, Late, Loss, LostAnswer, MoveIntent, Pause, Recreate,
        RecreateCopied, RemoteDelete, RemoteEdit, Replace, StripFinalizer, StripIntent, Unmark,
    };
    let recreate = Wish { recreate: true, ..Wish::default() };
    let retain = Spec { retain: true, ..Spec::default() };
    vec![
        Scenario::new("edits while the create is under way").with(&[
            (Edit, 1),
            (EditFixed, 2),
            (Crash, 1),
            (LostAnswer, 1),
        ]),
        Scenario::new("edit and edit back").settled().with(&[(Edit, 2), (Late, 1), (Loss, 1), (Crash, 1)]),
        Scenario::new("delete while the create is under way").with(&[(Delete, 1), (Crash, 1), (Loss, 1), (Late, 1)]),
        Scenario::new("delete, and lost answers").settled().with(&[
            (Delete, 1),
            (LostAnswer, 1),
            (Late, 1),
            (Loss, 1),
            (Crash, 1),
        ]),
        Scenario::new("delete and anew while the create is under way").with(&[
            (Delete, 1),
            (Recreate, 1),
            (Crash, 1),
            (Late, 1),
        ]),
        Scenario::new("replaced while the create is under way, no crash").with(&[
            (Replace, 1),
            (LostAnswer, 1),
            (Late, 1),
        ]),
        Scenario::new("replaced while the create is under way")
            .with(&[(Replace, 1), (Crash, 1), (LostAnswer, 1)])
            .known(Breach::DeletedWanted, IN_FLIGHT),
        Scenario::new("made anew with a copied intent").settled().with(&[
            (Delete, 1),
            (RecreateCopied, 1),
            (Crash, 1),
            (Loss, 1),
        ]),
        Scenario { copied_elsewhere: true, ..Scenario::new("made anew with an intent of elsewhere") }
            .settled()
            .with(&[(Delete, 1), (RecreateCopied, 1), (Crash, 1)]),
        Scenario::new("stripped intent").with(&[(StripIntent, 1), (Crash, 1), (Loss, 1), (Late, 1)]),
        Scenario::new("an intent edited to name another account").with(&[
            (MoveIntent, 1),
            (Crash, 1),
            (LostAnswer, 1),
            (Delete, 1),
        ]),
        Scenario::new("stripped finalizer").with(&[(StripFinalizer, 1), (Crash, 1), (LostAnswer, 1)]),
        Scenario::new("stripped both").with(&[(StripFinalizer, 1), (StripIntent, 1), (LostAnswer, 1), (Delete, 1)]),
        Scenario::new("paused").with(&[(Pause, 2), (Edit, 1), (Crash, 1), (Delete, 1)]),
        Scenario::new("force-release").with(&[(Force, 1), (Delete, 1), (Loss, 1)]),
        Scenario::new("changed outside").settled().with(&[(RemoteEdit, 1), (Edit, 1), (Crash, 1), (Late, 1)]),
        Scenario::new("deleted outside").settled().with(&[(RemoteDelete, 1), (Delete, 1), (Crash, 1)]),
        Scenario::new("deleted outside, Recreate, losses").settled().wish(recreate).with(&[
            (RemoteDelete, 1),
            (Crash, 1),
            (LostAnswer, 1),
            (Delete, 1),
        ]),
        Scenario::new("mark removed").settled().with(&[(Unmark, 1), (Edit, 1), (Delete, 1), (Crash, 1)]),
        Scenario::new("mark copied to something else").remote(None, false).made_otherwise().settled().with(&[
            (CopyMark, 1),
            (Edit, 1),
            (Crash, 1),
        ]),
        Scenario::new("Retain and anew").spec(retain).settled().with(&[
            (Delete, 1),
            (Recreate, 1),
            (Adopt, 1),
            (Crash, 1),
        ]),
        Scenario::new("Retain, with losses").spec(retain).with(&[(Delete, 1), (LostAnswer, 1), (Late, 1), (Crash, 1)]),
    ]
}
