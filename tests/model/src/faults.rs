//! Faults, and the actions of people: each has a budget, so that the state space is finite.

/// How many there are.
pub const FAULTS: usize = Fault::ALL.len();

/// A fault, or something that somebody outside does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The process ends between two steps, and starts again.
    Crash,
    /// The process is frozen between claim and create for longer than the send deadline.
    Freeze,
    /// A request is lost; its sender sees a timeout.
    Loss,
    /// A request is carried out, and its answer is lost.
    LostAnswer,
    /// The sender gives up, the request arrives later, within the request's longest time.
    Late,
    /// No connection: provably never executed.
    Unsent,
    /// The request is carried out, and a copy of it arrives some time later, however late.
    Duplicate,
    /// The request arrives however late.
    Replay,
    /// The service refuses.
    Refused,
    /// A create is carried out, and its answer names another remote than the one it made.
    WrongAnswer,
    /// A write to the object is stored, its answer is lost.
    KubeAnswer,
    /// A write to the object is lost.
    KubeLoss,
    /// A write to the object is given up and arrives later.
    KubeLate,
    /// A list page lacks datasets, or the list breaks off.
    HalfList,
    /// The mutable member of the spec changes.
    Edit,
    /// The immutable member of the spec changes.
    EditFixed,
    /// The object is deleted.
    Delete,
    /// The object is made again under its name.
    Recreate,
    /// The same from a manifest that carries finalizer and intent of the object before.
    RecreateCopied,
    /// The finalizer is stripped, and the object goes at once.
    Replace,
    /// The intent is stripped.
    StripIntent,
    /// The intent is edited: its target is another account.
    MoveIntent,
    /// The finalizer is stripped.
    StripFinalizer,
    /// `adoption.datasetId` is set to a remote that is there.
    Adopt,
    /// The object is paused, or goes on.
    Pause,
    /// `force-release` is set.
    Force,
    /// Somebody changes the remote.
    RemoteEdit,
    /// Somebody deletes the remote.
    RemoteDelete,
    /// Somebody removes the mark.
    Unmark,
    /// The mark of another remote is copied to it, which has none.
    CopyMark,
    /// Another operator's mark is put on the remote.
    ForeignMark,
    /// The mark of another cluster of our domain is put on the remote.
    ClusterMark,
    /// A mark with a wrong MAC is put on the remote.
    ForgedMark,
    /// etcd is restored: the object as it was when the snapshot was made.
    Restore,
    /// etcd is restored from a backup without status.
    RestoreBare,
    /// Other credentials come into use, or the first ones again.
    Principal,
    /// The relatives of slot 0 move on (see [`crate::world::Kin`]).
    Kin,
    /// A run fails.
    Fails,
    /// Somebody clones a run, with the mark in its description.
    Clone,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 39] = [
        Self::Crash,
        Self::Freeze,
        Self::Loss,
        Self::LostAnswer,
        Self::Late,
        Self::Unsent,
        Self::Duplicate,
        Self::Replay,
        Self::Refused,
        Self::WrongAnswer,
        Self::KubeAnswer,
        Self::KubeLoss,
        Self::KubeLate,
        Self::HalfList,
        Self::Edit,
        Self::EditFixed,
        Self::Delete,
        Self::Recreate,
        Self::RecreateCopied,
        Self::Replace,
        Self::StripIntent,
        Self::MoveIntent,
        Self::StripFinalizer,
        Self::Adopt,
        Self::Pause,
        Self::Force,
        Self::RemoteEdit,
        Self::RemoteDelete,
        Self::Unmark,
        Self::CopyMark,
        Self::ForeignMark,
        Self::ClusterMark,
        Self::ForgedMark,
        Self::Restore,
        Self::RestoreBare,
        Self::Principal,
        Self::Kin,
        Self::Fails,
        Self::Clone,
    ];

    /// Its place in a budget.
    #[must_use]
    pub const fn at(self) -> usize {
        self as usize
    }
}

const OTHER_NAMES: [&str; 12] = [
    "a step",
    "a request arrives",
    "a request that nobody waits for is lost",
    "a write that was given up arrives",
    "a write that was given up is lost",
    "the watch",
    "a sweep",
    "time passes",
    "lists catch up",
    "a snapshot of etcd",
    "the dataset of a version goes",
    "a run succeeds",
];

const OTHERS: usize = OTHER_NAMES.len();

/// Kinds of action.
pub const KINDS: usize = OTHERS + FAULTS;

/// What happens to a write to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is stored, and answered.
    Well,
    /// It is stored, the answer is lost.
    Unanswered,
    /// It is lost.
    Lost,
    /// It arrives later.
    Late,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A process takes the next step for a slot; its write to the object, if it makes one, has this fate.
    Step(u8, u8, Fate),
    /// A request arrives, and is answered if somebody waits.
    Arrive(u8),
    /// A request that nobody waits for is lost.
    Vanish(u8),
    /// A request meets a fault.
    Wire(u8, Fault),
    /// A write to an object that was given up arrives.
    Straggle,
    /// It is lost.
    StragglerVanishes,
    /// The watch of a process shows a slot as it is.
    Watch(u8, u8),
    /// A process lists the workspace.
    Sweep(u8),
    /// A process sees only one remote in a list that breaks off.
    Page(u8, u8),
    /// Time passes: more than the send deadline and the list lag, less than the settle time.
    Tick,
    /// The same while a create was claimed and not sent yet.
    Freeze,
    /// Lists show what a remote is by now.
    Catch(u8),
    /// A process ends and starts again.
    Crash(u8),
    /// Somebody does something to the object of a slot.
    User(u8, Fault),
    /// Somebody does something to a remote.
    Outside(u8, Fault),
    /// A snapshot of etcd is made of slot 0.
    Snapshot,
    /// It is restored.
    Restore(Fault),
    /// Other credentials come into use.
    Principal,
    /// Relatives move on.
    Kin(crate::world::Kin),
    /// The service deletes the dataset of a version, which the version does not outlive.
    DatasetGoes,
    /// A run ends well.
    Succeeds(u8),
}

impl Action {
    /// The kind of action, for counting.
    #[must_use]
    pub const fn kind(&self) -> usize {
        match self {
            Self::Step(_, _, Fate::Well) => 0,
            Self::Step(_, _, Fate::Unanswered) => OTHERS + Fault::KubeAnswer.at(),
            Self::Step(_, _, Fate::Lost) => OTHERS + Fault::KubeLoss.at(),
            Self::Step(_, _, Fate::Late) => OTHERS + Fault::KubeLate.at(),
            Self::Arrive(_) => 1,
            Self::Vanish(_) => 2,
            Self::Straggle => 3,
            Self::StragglerVanishes => 4,
            Self::Watch(..) => 5,
            Self::Sweep(_) => 6,
            Self::Tick => 7,
            Self::Catch(_) => 8,
            Self::Snapshot => 9,
            Self::DatasetGoes => 10,
            Self::Succeeds(_) => 11,
            Self::Wire(_, fault) | Self::User(_, fault) | Self::Outside(_, fault) | Self::Restore(fault) => {
                OTHERS + fault.at()
            }
            Self::Page(..) => OTHERS + Fault::HalfList.at(),
            Self::Crash(_) => OTHERS + Fault::Crash.at(),
            Self::Freeze => OTHERS + Fault::Freeze.at(),
            Self::Principal => OTHERS + Fault::Principal.at(),
            Self::Kin(_) => OTHERS + Fault::Kin.at(),
        }
    }

    /// The name of a kind of action.
    #[must_use]
    pub fn kind_name(kind: usize) -> String {
        match kind.checked_sub(OTHERS) {
            Some(fault) => format!("{:?}", Fault::ALL[fault]),
            None => OTHER_NAMES[kind].to_owned(),
        }
    }

    /// Does the action happen by itself, without a fault and without a person?
    #[must_use]
    pub const fn is_quiet(self) -> bool {
        match self {
            Self::Step(_, _, Fate::Well)
            | Self::Arrive(_)
            | Self::Vanish(_)
            | Self::Straggle
            | Self::StragglerVanishes
            | Self::Watch(..)
            | Self::Sweep(_)
            | Self::Tick
            | Self::Catch(_)
            | Self::DatasetGoes
            | Self::Succeeds(_) => true,
            Self::Kin(kin) => matches!(kin, crate::world::Kin::Quiet),
            Self::Step(..)
            | Self::Wire(..)
            | Self::Page(..)
            | Self::Crash(_)
            | Self::Freeze
            | Self::User(..)
            | Self::Outside(..)
            | Self::Snapshot
            | Self::Restore(_)
            | Self::Principal => false,
        }
    }
}
