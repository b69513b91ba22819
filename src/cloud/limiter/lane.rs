//! The lanes (priorities) of calls, and the share of the rate that is reserved for each.

/// The purpose of a permit. Earlier lanes go first; each later one has a share that the earlier ones cannot take.
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
    /// All lanes; the first one goes first.
    pub const ALL: [Self; 3] = [Self::UserChange, Self::Create, Self::Sweep];

    /// The lane's name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserChange => "user-change",
            Self::Create => "create",
            Self::Sweep => "sweep",
        }
    }

    /// The part of the account's rate that earlier lanes always leave to this one. The first lane needs none.
    pub(super) const fn share(self) -> Option<f64> {
        match self {
            Self::UserChange => None,
            Self::Create => Some(1.0 / 10.0),
            Self::Sweep => Some(1.0 / 20.0),
        }
    }
}
