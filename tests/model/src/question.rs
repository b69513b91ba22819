//! What a decision depends on, small enough to be a key.

use crate::look::carries_owner;
use crate::rows::DATASET_GONE;
use crate::world::{Doing, Flight, Id, Kin, Look, Looks, Nonce, Object, REMOTES, Row, Sight, index};

/// What never changes in a scenario, for one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wish {
    /// `adoption.policy`: 0 `AdoptIfMarked`, 1 `CreateOnly`, 2 `AdoptByName`, 3 `AdoptOnly`.
    pub policy: u8,
    /// `onExternalDeletion: Recreate`
    pub recreate: bool,
    /// `deleteForeignVersions: true`
    pub delete_foreign: bool,
    /// `backoffLimit` of a run.
    pub backoff: u8,
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
    /// The run that was last asked to stop, and whether that was so long ago that it may be asked again.
    pub stopped: Option<(Id, bool)>,
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
    /// The workspace was listed in this term.
    pub swept: bool,
    /// So were the versions of the dataset.
    pub versions_known: bool,
    /// What the pass saw of remotes itself, by id.
    pub sights: [Sight; REMOTES],
    /// What the index has of them (its age does not matter).
    pub rows: [Option<Row>; REMOTES],
    /// What the index knows gone, as bits.
    pub gone: u8,
    /// Whether the dataset of this version exists, if it was read in this pass.
    pub dataset: Option<bool>,
    /// Remotes with the owner mark, if they were listed in this pass.
    pub owned: Option<Looks>,
    /// Remotes with the name.
    pub named: Option<Looks>,
    /// Versions.
    pub versions: Option<Looks>,
    /// Lives here, as bits.
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

impl Question {
    /// Does the index know this remote gone?
    #[must_use]
    pub fn is_gone(&self, id: Id) -> bool {
        let bit = index(id).map_or(0, |at| 1 << at);
        self.gone & (bit | DATASET_GONE) > 0
    }

    /// What is known of a remote: by the pass, or else by the index.
    #[must_use]
    pub fn sight(&self, id: Id) -> Sight {
        let Some(at) = index(id) else { return Sight::Unknown };
        match (self.sights[at], self.rows[at]) {
            (Sight::Unknown, _) if self.is_gone(id) => Sight::Gone,
            (Sight::Unknown, Some(row)) if !row.doubtful => Sight::Indexed(row.look),
            (sight, _) => sight,
        }
    }

    /// The same, if it is there.
    #[must_use]
    pub fn look(&self, id: Id) -> Option<Look> {
        match self.sight(id) {
            Sight::Read(look) | Sight::Indexed(look) => Some(look),
            Sight::Unknown | Sight::Gone => None,
        }
    }

    /// Does it ask for a run?
    #[must_use]
    pub fn is_of_run(&self) -> bool {
        let looks = self.rows.iter().flatten().map(|row| row.look).chain(self.owned().into_iter().flatten());
        self.object.status.course.has(self.object.status.id)
            || looks.into_iter().any(|look| look.doing != Doing::Nothing)
    }

    /// What is in the index, or was listed in this pass, under the owner mark.
    #[must_use]
    pub fn owned(&self) -> Looks {
        let known = || self.rows.map(|row| row.map(|row| row.look).filter(|look| carries_owner(look, self.slot)));
        self.owned.unwrap_or_else(known)
    }
}
