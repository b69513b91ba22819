//! What a decision depends on, small enough to be a key.

use crate::world::{Flight, Kin, Looks, Nonce, Object, REMOTES, Sight};

/// What never changes in a scenario, for one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wish {
    /// `adoption.policy`: 0 `AdoptIfMarked`, 1 `CreateOnly`, 2 `AdoptByName`, 3 `AdoptOnly`.
    pub policy: u8,
    /// `onExternalDeletion: Recreate`
    pub recreate: bool,
    /// `deleteForeignVersions: true`
    pub delete_foreign: bool,
}

/// What the process remembers of the object, by the production memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// Ticks since this process first saw the newest nonce.
    pub doubt_age: u8,
    /// Lists since then.
    pub lists: u8,
    /// Lists after the settle time.
    pub settled_lists: u8,
    /// The doubt is over.
    pub resolved: bool,
    /// Known never executed.
    pub never_executed: Option<Nonce>,
    /// Ticks since "name taken".
    pub name_taken: Option<u8>,
    /// Ticks since the deletion was first seen.
    pub deleting_age: u8,
    /// Ticks since the id was recorded.
    pub recorded_age: Option<u8>,
}

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "as in the production view")]
pub struct Question {
    /// Which slot asks.
    pub slot: u8,
    /// What never changes.
    pub wish: Wish,
    /// The copy of the object (its version does not matter).
    pub object: Object,
    /// What is remembered.
    pub memory: Memory,
    /// Digits that nobody has used.
    pub fresh: Nonce,
    /// See the production view.
    pub object_is_fresh: bool,
    /// See the production view.
    pub swept: bool,
    /// See the production view.
    pub absence_counts: bool,
    /// Remotes, by id.
    pub sights: [Sight; REMOTES],
    /// The dataset of this version is known gone.
    pub dataset_gone: bool,
    /// It was read in this pass.
    pub dataset_read: bool,
    /// Remotes with the owner mark.
    pub owned: Looks,
    /// They were listed in this pass.
    pub owned_is_fresh: bool,
    /// Remotes with the name.
    pub named: Option<Looks>,
    /// Versions.
    pub versions: Option<Looks>,
    /// Lives here that other slots have, as bits.
    pub live_here: u16,
    /// Ids that others recorded, as bits.
    pub elsewhere: u8,
    /// See the production view.
    pub permit: bool,
    /// See the production view.
    pub flight: Option<Flight>,
    /// The object is gone: the question is about the remote that could not be recorded on it.
    pub in_hand: bool,
    /// The principal in use.
    pub principal: u8,
    /// Relatives.
    pub kin: Kin,
    /// Somebody else's version exists.
    pub stranger_version: bool,
    /// The service refused to delete the dataset.
    pub delete_refused: bool,
}
