//! The objects in etcd: the user's spec, the data that the operator has stored on the object, and the writes to it.

use super::{ATTEMPTS, Doing, Id, Nonce, Uid};

/// The most attempts of a run in status.
pub const RUNS: usize = 2;

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

/// An attempt of a run in status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Started {
    /// Its nonce.
    pub nonce: Nonce,
    /// Its run, 0 if there is no such attempt.
    pub id: Id,
    /// What its run was doing when that was last written down.
    pub doing: Doing,
}

/// What status says of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Course {
    /// `attempts`, oldest first.
    pub attempts: [Started; RUNS],
    /// `state`
    pub doing: Doing,
    /// `stopReason: Deleted`
    pub stops: bool,
    /// What was told when the run ended for good: the condition `Complete` or `Failed`.
    pub ended: Told,
}

impl Course {
    /// Is this the run of one of the attempts?
    #[must_use]
    pub fn has(&self, id: Id) -> bool {
        id > 0 && self.attempts.iter().any(|started| started.id == id)
    }

    /// Is an attempt with this nonce written down?
    #[must_use]
    pub fn lists(&self, nonce: Nonce) -> bool {
        self.attempts.iter().any(|started| started.id > 0 && started.nonce == nonce)
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
    /// Of a run.
    pub course: Course,
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
