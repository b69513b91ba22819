//! All scenarios, by what they are about.

use crate::faults::Fault;
use crate::properties::Breach;
use crate::question::Wish;
use crate::scenario::Scenario;
use crate::world::{Domain, Kin, Mark, STRANGER, Spec};

const IN_FLIGHT: &str =
    "a delete that a killed process sent is still under way when a new object takes the remote of the one before it";

const SENT_UNREAD: &str = "an answer to a create named a dataset that is not ours and that nobody here knew, and an edit is \
                           sent to it before a sweep has shown its marks";

const READY_UNREAD: &str = "an answer to a create named a dataset that is not ours and that nobody here knew, and Ready is \
                            told of what was asked for before a sweep has shown what is there";

fn mark_of(domain: Domain) -> Option<Mark> {
    Some(Mark { domain, owner: 0, uid: STRANGER, nonce: 1, forged: false })
}

/// Small ones, for every `make test`.
#[must_use]
pub fn small() -> Vec<Scenario> {
    use Fault::{Crash, Delete, Duplicate, Edit, Late, Loss, LostAnswer, Recreate, RemoteDelete, Unsent};
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
    ]
}

/// All of them, for `make model`.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut scenarios = small();
    scenarios.extend(creates());
    scenarios.extend(people());
    scenarios.extend(replicas());
    scenarios.extend(owners());
    scenarios.extend(disasters());
    scenarios.extend(relatives());
    scenarios
}

fn creates() -> Vec<Scenario> {
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

fn people() -> Vec<Scenario> {
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

fn replicas() -> Vec<Scenario> {
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

fn owners() -> Vec<Scenario> {
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

fn disasters() -> Vec<Scenario> {
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

fn relatives() -> Vec<Scenario> {
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
