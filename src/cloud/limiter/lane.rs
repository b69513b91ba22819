//! What a permit is for, and how much of the rate is certain for it.

/// What a permit is for. Earlier lanes go first; each later one has a share that the earlier ones cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// A change or deletion that a user asked for.
    UserChange,
    /// The creation of a dataset or version.
    Create,
    /// Reading the cloud in the background.
    Sweep,
}

impl Lane {
    /// All lanes, the first to go first.
    pub const ALL: [Self; 3] = [Self::UserChange, Self::Create, Self::Sweep];

    /// The lane's name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserChange => "user-change",
            Self::Create => "create",
            Self::Sweep => "sweep",
        }
    }

    /// The part of the account's rate that lanes before this one leave to it however much they want. The first lane
    /// needs none.
    pub(super) const fn share(self) -> Option<f64> {
        match self {
            Self::UserChange => None,
            Self::Create => Some(1.0 / 10.0),
            Self::Sweep => Some(1.0 / 20.0),
        }
    }
}
