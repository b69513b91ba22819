//! Promises that can break, and events that should happen. The promises are checked for every single step
//! ([`crate::audit`]) and every change of the world ([`crate::compare`]). They are written here a second time, and not
//! taken from `plan`.

use crate::faults::{Fate, Fault};
use crate::world::{State, index};

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Two remotes that one object made live at once; of runs, two that run.
    TwoLive = 1,
    /// A create without a stored claim.
    CreateUnclaimed,
    /// An attempt was sent twice.
    SentTwice,
    /// A create although a remote of this object is known, the workspace was not swept, or there is a doubt.
    NotLooked,
    /// A change of a remote that is not this object's to change.
    ForeignChange,
    /// A delete of a remote that is not this object's to delete.
    ForeignDelete,
    /// A delete without a read in the same pass, or of an object that was not just read.
    Unread,
    /// A delete against `deletionPolicy`.
    Retained,
    /// A remote was deleted that a living object has recorded.
    DeletedWanted,
    /// A recorded id was replaced while its remote lives.
    IdOverwritten,
    /// Ready was written although the remote does not equal the spec.
    ReadyUntrue,
    /// `observedGeneration` went back.
    ObservedBack,
    /// The finalizer was removed while a remote of the object lives, or a create of it is under way.
    OrphanLeft,
    /// The finalizer was taken off a living object.
    LetGoAlive,
    /// A write to the remote of a paused object.
    NotPaused,
    /// Something is sent or written in doubt about an attempt in an account that is not configured.
    Elsewhere,
    /// `plan` wants something that has no meaning here.
    Strange,
    /// A pass that makes no progress.
    Endless,
    /// A recorded run is stopped before status says why.
    StopUnsaid,
    /// A run that goes on is deleted.
    DeletedRunning,
    /// An attempt follows a run that did not fail, or is one more than `backoffLimit` allows.
    TriedAgain,
    /// Status names an attempt twice, or one run for two attempts.
    RecordedTwice,
    /// The model is too small.
    TooManyRemotes,
    /// The model is too small.
    TooManyMessages,
}

impl Breach {
    /// All.
    pub const ALL: [Self; 24] = [
        Self::TwoLive,
        Self::CreateUnclaimed,
        Self::SentTwice,
        Self::NotLooked,
        Self::ForeignChange,
        Self::ForeignDelete,
        Self::Unread,
        Self::Retained,
        Self::DeletedWanted,
        Self::IdOverwritten,
        Self::ReadyUntrue,
        Self::ObservedBack,
        Self::OrphanLeft,
        Self::LetGoAlive,
        Self::NotPaused,
        Self::Elsewhere,
        Self::Strange,
        Self::Endless,
        Self::StopUnsaid,
        Self::DeletedRunning,
        Self::TriedAgain,
        Self::RecordedTwice,
        Self::TooManyRemotes,
        Self::TooManyMessages,
    ];

    /// The one that a state tells.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        index(state.broken).and_then(|at| Self::ALL.get(at)).copied()
    }
}

/// Something that should happen in some run, or the model shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A doubt ended with "nothing came of it".
    DoubtResolved,
    /// Surplus was deleted.
    SurplusRemoved,
    /// A remote was found by its mark.
    Recovered,
    /// A create was not sent because it was too late.
    SendDeadline,
    /// A remote in hand was released because its object is gone.
    InHand,
}

impl Event {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::DoubtResolved, Self::SurplusRemoved, Self::Recovered, Self::SendDeadline, Self::InHand];
}

/// Writes down the first breach.
pub fn broke(state: &mut State, breach: Breach) {
    if state.broken == 0 {
        state.broken = breach as u8;
    }
}

/// Does the fate of a write need a budget?
#[must_use]
pub const fn fault_of(fate: Fate) -> Option<Fault> {
    match fate {
        Fate::Well => None,
        Fate::Unanswered => Some(Fault::KubeAnswer),
        Fate::Lost => Some(Fault::KubeLoss),
        Fate::Late => Some(Fault::KubeLate),
    }
}
