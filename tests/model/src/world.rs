//! The state of the model: objects in etcd, remotes, requests under way, and what each operator process knows.
//!
//! Everything is a small number, so that states are cheap to copy and to compare: a remote is 1 to 4, a life of an
//! object (its uid) is `1 + 3 * slot + life`, a nonce is a counter with a bit for its letter. [`crate::words`] turns
//! them into the words of production. Numbers without a reference are used again, only the order of `resourceVersion`s is
//! kept, and ages are kept only up to the time after which they make no difference. So the checker recognises a state that
//! comes again.
//!
//! `object` has the contents of etcd and the writes to it, `remote` the remote side and the requests to it, `process` the
//! memory of an operator process.

mod object;
mod process;
mod remote;

use crate::faults::FAULTS;

pub use object::{Attempt, Course, Intent, Object, Outcome, RUNS, Spec, Started, Status, Straggler, Told, Write};
pub use process::{Awaits, Desk, Flight, Landed, Pass, Process, Row, Sight};
pub use remote::{Call, Doing, Domain, Life, Look, Looks, Mark, Message, Remote, Wire};

/// The most remotes that live or are remembered at a time.
pub const REMOTES: usize = 4;
/// The most attempts that an intent holds.
pub const ATTEMPTS: usize = dataset_operator::plan::intent::REMEMBERED;
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
