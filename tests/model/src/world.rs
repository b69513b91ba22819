//! The state of the model: objects in etcd, remotes, requests under way, and what each operator process knows.
//!
//! Everything is a small number, so that states are cheap to copy and to compare: a remote is 1 to 4, a life of an
//! object (its uid) is `1 + 3 * slot + life`, a nonce is a counter with a bit for its letter. [`crate::words`] turns
//! them into what production calls them. Numbers that nobody refers to are used again, `resourceVersion`s are only
//! kept in their order and ages only up to the time from which they make no difference: so a state that comes again
//! is recognised.

use crate::faults::FAULTS;

/// The most remotes that live or are remembered at a time.
pub const REMOTES: usize = 4;
/// The most attempts that an intent holds.
pub const ATTEMPTS: usize = dataset_operator::engine::intent::REMEMBERED;
/// The most requests under way.
pub const MESSAGES: usize = 4;

/// A life of an object; 0 is nobody, [`STRANGER`] an object of another cluster.
pub type Uid = u8;
/// A remote; 0 is none.
pub type Id = u8;
/// A nonce; 0 is none, [`ADOPTED`] tells the letter.
pub type Nonce = u8;

/// The bit of nonces that begin with `a`.
pub const ADOPTED: Nonce = 0x40;
/// The uid of an object that lives elsewhere.
pub const STRANGER: Uid = 15;

/// What a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Spec {
    /// The value of the mutable member.
    pub mutable: u8,
    /// The value of the immutable member.
    pub fixed: u8,
    /// `adoption.datasetId`, or 0.
    pub adopt: Id,
    /// `deletionPolicy: Retain`
    pub retain: bool,
    /// The annotation `paused`.
    pub paused: bool,
    /// The annotation `force-release`: 0 absent, 1 `none`, else the id plus 1.
    pub force: u8,
}

/// One attempt in an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Attempt {
    /// Its nonce.
    pub nonce: Nonce,
    /// Stands for the hash of what it sent.
    pub hash: u8,
}

/// The intent annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Intent {
    /// Whose.
    pub uid: Uid,
    /// The principal it names.
    pub principal: u8,
    /// Its target is a client that is not configured.
    pub elsewhere: bool,
    /// Attempts, oldest first.
    pub attempts: [Attempt; ATTEMPTS],
}

impl Intent {
    /// Does it list this nonce?
    #[must_use]
    pub fn lists(&self, nonce: Nonce) -> bool {
        self.attempts.iter().any(|attempt| attempt.nonce == nonce)
    }
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It made the remote.
    Created,
    /// It took one.
    Adopted,
    /// Refused.
    Refused,
}

/// What the condition `Ready` says. The number is that of the reason ([`crate::words::reason`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Told {
    /// No condition yet.
    #[default]
    Nothing,
    /// True.
    Ready,
    /// True, and paused.
    PausedReady,
    /// False, the operator goes on by itself.
    Working(u8),
    /// False, a human must act.
    Stuck(u8),
    /// False, paused.
    Paused,
}

impl Told {
    /// Ready is True.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Ready | Self::PausedReady)
    }
}

/// The status of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Status {
    /// `observedGeneration`, 0 if absent.
    pub observed: u8,
    /// The recorded id, or 0.
    pub id: Id,
    /// `origin`: 0 absent, 1 Created, 2 Adopted.
    pub origin: u8,
    /// `recovered`
    pub recovered: bool,
    /// The recorded immutable member.
    pub fixed: Option<u8>,
    /// The recorded name: 0 absent.
    pub name: u8,
    /// The outcome of the newest attempt that has one.
    pub attempt: Option<(Nonce, Outcome)>,
    /// The principal that recorded the id, or 0.
    pub principal: u8,
    /// What `Ready` says.
    pub told: Told,
    /// The condition `DuplicatesFound`.
    pub duplicates: bool,
}

/// An object, or a copy of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Object {
    /// Which life.
    pub uid: Uid,
    /// `resourceVersion`
    pub version: u8,
    /// `generation`
    pub generation: u8,
    /// What is wanted.
    pub spec: Spec,
    /// Being deleted.
    pub deleting: bool,
    /// Our finalizer is there.
    pub finalizer: bool,
    /// Our intent.
    pub intent: Option<Intent>,
    /// What was written down.
    pub status: Status,
}

/// Whose domain a mark names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Domain {
    /// Ours, and our cluster.
    Ours,
    /// Ours, another cluster.
    OtherCluster,
    /// Another operator's.
    Foreign,
}

/// A mark on a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Whose.
    pub domain: Domain,
    /// The slot whose owner name it carries; 9 is a name of none here.
    pub owner: u8,
    /// The life it names.
    pub uid: Uid,
    /// The attempt.
    pub nonce: Nonce,
    /// Its MAC does not verify.
    pub forged: bool,
}

/// A remote as a read or a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Look {
    /// The mark.
    pub mark: Option<Mark>,
    /// `dso-released`
    pub released: bool,
    /// The immutable member.
    pub fixed: u8,
    /// The mutable member.
    pub mutable: u8,
    /// The name.
    pub name: u8,
}

/// Whether a remote lives, and what lists show of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// Made in this tick, and not in lists yet.
    Unlisted,
    /// There.
    Listed,
    /// Deleted in this tick, and still in lists.
    Ghost,
    /// Gone. Kept as long as somebody refers to it.
    Gone,
}

/// A remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Remote {
    /// What reads show.
    pub look: Look,
    /// Whether it lives.
    pub life: Life,
    /// The life of an object that made it, 0 for a stranger's. Only properties look at it.
    pub maker: Uid,
    /// The principal that made it, who alone sees it.
    pub principal: u8,
}

impl Remote {
    /// Does it exist?
    #[must_use]
    pub const fn lives(&self) -> bool {
        matches!(self.life, Life::Unlisted | Life::Listed)
    }

    /// Do lists show it?
    #[must_use]
    pub const fn is_listed(&self) -> bool {
        matches!(self.life, Life::Listed | Life::Ghost)
    }
}

/// A call that changes the remote side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// A create, with its mark and members.
    Create(Look),
    /// New values of members.
    Update {
        /// Which remote.
        id: Id,
        /// The mutable member.
        mutable: Option<u8>,
        /// The name.
        name: Option<u8>,
    },
    /// Labels of ours.
    Mark(Id, Mark),
    /// `dso-released`
    Release(Id),
    /// Takes it off.
    Unrelease(Id),
    /// A delete.
    Delete(Id),
}

/// How long a request may still be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wire {
    /// So many ticks old; it arrives before it is too old.
    Bounded(u8),
    /// A copy, or one held up somewhere: it may arrive at any time.
    Unbounded,
}

/// A request under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// The process and slot that wait for the answer.
    pub waits: Option<(u8, u8)>,
    /// On whose behalf.
    pub uid: Uid,
    /// The request.
    pub call: Call,
    /// Its time.
    pub wire: Wire,
}

/// A write to the object that was given up and may arrive yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Straggler {
    /// Which object.
    pub slot: u8,
    /// What.
    pub write: Write,
}

/// A write to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Write {
    /// Finalizer and intent, guarded by `resourceVersion`.
    Claim {
        /// The version it was made for.
        version: u8,
        /// The intent.
        intent: Intent,
    },
    /// Status, from one to another; which tests it begins with is asked of production.
    Status {
        /// The life whose status it is.
        uid: Uid,
        /// As read.
        before: Status,
        /// As wanted.
        after: Status,
    },
    /// The finalizer off, guarded by `resourceVersion`.
    LetGo {
        /// The version it was made for.
        version: u8,
    },
}

/// What a pass or the index knows of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sight {
    /// Nothing.
    #[default]
    Unknown,
    /// By the index.
    Indexed(Look),
    /// By a read in this pass.
    Read(Look),
    /// Not there.
    Gone,
}

/// An attempt claimed in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flight {
    /// A create.
    Create {
        /// Its nonce.
        nonce: Nonce,
        /// What came of it.
        landed: Landed,
    },
    /// A taking.
    Take {
        /// Its nonce.
        nonce: Nonce,
        /// What is taken.
        id: Id,
        /// Our mark is on it.
        marked: bool,
        /// It was ours before.
        recovered: bool,
    },
}

/// What came of a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Landed {
    /// Not known.
    Not,
    /// This.
    At(Id),
    /// Nothing.
    Refused,
}

/// A row of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// What was shown.
    pub look: Look,
    /// How old that is, in ticks.
    pub age: u8,
    /// A write of ours may or may not have changed it.
    pub doubtful: bool,
}

/// Remotes by id.
pub type Looks = [Option<Look>; REMOTES];

/// What a pass waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaits {
    /// The answer to a create.
    Create,
    /// To a mark; a release is taken off after it.
    Mark(Id),
    /// To taking the release off, at the end of a mark.
    Unmark(Id),
    /// To any other change.
    Change(Id),
    /// To a delete.
    Delete(Id),
}

/// What is written down of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    /// The remote.
    pub id: Id,
    /// 1 Created, 2 Adopted.
    pub origin: u8,
    /// Found by its mark.
    pub recovered: bool,
    /// The immutable member.
    pub fixed: Option<u8>,
    /// The attempt.
    pub attempt: Option<(Nonce, Outcome)>,
    /// Ready goes into the same write.
    pub settled: bool,
}

/// A pass under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pass {
    /// The copy of the object it works with.
    pub object: Object,
    /// The object was read in this pass.
    pub fresh: bool,
    /// What it saw itself, by id.
    pub sights: [Sight; REMOTES],
    /// What carries the owner mark, listed in this pass.
    pub owned: Option<Looks>,
    /// What has the wanted name, listed in this pass.
    pub named: Option<Looks>,
    /// All versions, listed in this pass.
    pub versions: Option<Looks>,
    /// Whether the dataset of this version exists, read in this pass.
    pub dataset: Option<bool>,
    /// The limiter's permit.
    pub permit: bool,
    /// The attempt in flight.
    pub flight: Option<Flight>,
    /// Ticks since the claim.
    pub claimed: Option<u8>,
    /// A request whose answer it waits for.
    pub awaits: Option<Awaits>,
    /// A remote in hand whose object is gone: it is let go.
    pub in_hand: Option<Record>,
    /// Remotes it has reserved, as bits.
    pub reserved: u8,
}

/// What a process keeps for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Desk {
    /// The copy that the watch has shown.
    pub shown: Option<Object>,
    /// The life that the memory is of.
    pub uid: Uid,
    /// The production memory, by its number.
    pub memory: u16,
    /// The version of our own last write, 0 if the watch has shown it.
    pub written: u8,
    /// The pass under way.
    pub pass: Option<Pass>,
}

/// An operator process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// The workspace was listed in this term.
    pub swept: bool,
    /// The versions of the dataset were listed in this term.
    pub versions_known: bool,
    /// The index.
    pub rows: [Option<Row>; REMOTES],
    /// Ids known gone, as bits.
    pub gone: u8,
    /// For how many ticks a delete that no finalizer guards may still hit a remote.
    pub held: [u8; REMOTES],
    /// The service refused to delete the dataset because of its versions.
    pub refused: bool,
    /// By slot.
    pub desks: Vec<Desk>,
}

/// The dataset of versions, or the versions of a dataset, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kin {
    /// There are none / it is ready.
    #[default]
    Quiet,
    /// A `DatasetVersion` lives. / The Dataset is not ready yet.
    Holds,
    /// It is being deleted with its own remote, which goes first. / The Dataset goes, and takes its versions along.
    Doomed,
    /// It is being deleted and keeps its remote. / The Dataset goes, but other versions of it stay.
    Leaving,
    /// (Only of the dataset of a version.) It is gone.
    Gone,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The objects in etcd, by slot.
    pub objects: Vec<Option<Object>>,
    /// Lives that each slot has had.
    pub lives: Vec<u8>,
    /// The snapshot of etcd.
    pub snapshot: Option<Box<Object>>,
    /// Remotes, by id.
    pub remotes: [Option<Remote>; REMOTES],
    /// Requests under way, in order.
    pub messages: [Option<Message>; MESSAGES],
    /// A write to an object that may arrive yet.
    pub straggler: Option<Box<Straggler>>,
    /// Processes.
    pub processes: Vec<Process>,
    /// The principal in use.
    pub principal: u8,
    /// Relatives of slot 0.
    pub kin: Kin,
    /// Somebody else's version of the dataset exists.
    pub stranger_version: bool,
    /// What is left of each fault.
    pub budget: [u8; FAULTS],
    /// The first promise that was broken, 0 if none ([`crate::properties::Breach`]).
    pub broken: u8,
}

impl Pass {
    /// A pass that begins with this copy.
    #[must_use]
    pub const fn new(object: Object) -> Self {
        Self {
            object,
            fresh: false,
            sights: [Sight::Unknown; REMOTES],
            owned: None,
            named: None,
            versions: None,
            permit: false,
            flight: None,
            claimed: None,
            awaits: None,
            in_hand: None,
            dataset: None,
            reserved: 0,
        }
    }
}

impl State {
    /// The remote with this id.
    #[must_use]
    pub fn remote(&self, id: Id) -> Option<&Remote> {
        self.remotes.get(index(id)?)?.as_ref()
    }

    /// The same, to be changed.
    pub fn remote_mut(&mut self, id: Id) -> Option<&mut Remote> {
        self.remotes.get_mut(index(id)?)?.as_mut()
    }

    /// Living remotes with their ids.
    pub fn living(&self) -> impl Iterator<Item = (Id, &Remote)> {
        each(&self.remotes).filter(|(_, remote)| remote.lives())
    }

    /// Does an object with this uid live, as etcd has it?
    #[must_use]
    pub fn is_alive(&self, uid: Uid) -> bool {
        self.objects.iter().flatten().any(|object| object.uid == uid)
    }

    /// Requests under way.
    pub fn under_way(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().flatten()
    }
}

/// The place of an id.
#[must_use]
pub fn index(id: Id) -> Option<usize> {
    usize::from(id).checked_sub(1)
}

/// What is there, with its id.
pub fn each<T>(all: &[Option<T>; REMOTES]) -> impl Iterator<Item = (Id, &T)> {
    (1..).zip(all).filter_map(|(id, one)| Some((id, one.as_ref()?)))
}

/// The slot of a life.
#[must_use]
pub const fn slot_of(uid: Uid) -> u8 {
    uid.saturating_sub(1) / 3
}

/// The first life of a slot.
#[must_use]
pub const fn first_life(slot: u8) -> Uid {
    1 + 3 * slot
}
