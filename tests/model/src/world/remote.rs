//! The remote side: remotes as they are and as they are shown, and the requests that change them.

use super::{Id, Nonce, REMOTES, Uid};

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

/// What a remote is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Doing {
    /// It is no run.
    #[default]
    Nothing,
    /// It runs.
    Runs,
    /// It has ended well.
    Succeeded,
    /// It has failed.
    Failed,
    /// It was stopped.
    Stopped,
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
    /// What it is doing.
    pub doing: Doing,
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
    /// Gone. Kept as long as there is a reference to it.
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
    /// The principal that made the remote; no other principal sees it.
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

/// Remotes by id.
pub type Looks = [Option<Look>; REMOTES];

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
    /// Stops a run.
    Stop(Id),
    /// A delete.
    Delete(Id),
}

impl Call {
    /// What becomes of a remote by this change.
    pub fn change(&self, look: &mut Look) {
        match *self {
            Self::Update { mutable, name, .. } => {
                look.mutable = mutable.unwrap_or(look.mutable);
                look.name = name.unwrap_or(look.name);
            }
            Self::Mark(_, mark) => look.mark = Some(mark),
            Self::Release(_) => look.released = true,
            Self::Unrelease(_) => look.released = false,
            Self::Stop(_) => look.doing = Doing::Stopped,
            Self::Create(_) | Self::Delete(_) => {}
        }
    }
}

/// How long a request may still be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wire {
    /// So many ticks old; it arrives before it is too old.
    Bounded(u8),
    /// A copy of a request, or a delayed request: it may arrive at any time.
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
