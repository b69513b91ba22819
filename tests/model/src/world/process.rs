//! What an operator process keeps: its index, and for each object a memory and the pass under way.

use super::{Id, Look, Looks, Nonce, Object, REMOTES, Told, Uid};

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
    /// Nothing, and what is told of that.
    Refused(Told),
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

/// What a pass waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaits {
    /// The answer to a create.
    Create,
    /// To a change.
    Change(Id),
    /// To a delete.
    Delete(Id),
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
    /// The object is gone, and what is done is for the remote that it could not be told of.
    pub in_hand: bool,
    /// Remotes it has reserved, as bits.
    pub reserved: u8,
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
            in_hand: false,
            dataset: None,
            reserved: 0,
        }
    }
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
