//! What is wanted: a spec, checked, with defaults filled in and references followed, in the API's terms.

pub use crate::api::DeletionPolicy as Deletion;
use crate::plan::account::AccountView;
use crate::plan::intent::Target;
use crate::remote::fields::{Fields, hash};
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

/// What a spec asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Where; a kind leaves out the account.
    pub target: Target,
    /// The create body, without labels.
    pub create: Fields,
    /// Members fixed at creation, as far as the spec manages them.
    pub fixed: Fields,
    /// Members that an update may change, as far as the spec manages them.
    pub mutable: Fields,
    /// The labels wanted; with `label_keys` of status this says which to remove.
    pub labels: Labels,
    /// What `appliedLabelKeys` holds once the remote equals this.
    pub label_keys: Vec<String>,
    /// Members and labels of v1 that a Dataset manages.
    pub first: FirstVersion,
    /// Consent to take this one existing remote.
    pub adopt: Option<RemoteId>,
    /// What to do about remotes that may be ours when no id is recorded.
    pub policy: Policy,
    /// v1 of a dataset: its content is ours, its life is the dataset's. No mark, no finalizer, no create, no delete.
    pub bind: bool,
    /// Recreate a remote that someone else deleted.
    pub recreate: bool,
}

/// What a Dataset wants of its first version.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FirstVersion {
    /// Members of v1, by the names that the version operations use.
    pub fields: Fields,
    /// Labels of v1; `None` if the spec does not manage them.
    pub labels: Option<Labels>,
}

impl FirstVersion {
    /// Is there anything to compare?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_none()
    }
}

/// `adoption.policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Take back what carries our mark; otherwise create.
    #[default]
    IfMarked,
    /// Never take anything but our own attempt.
    CreateOnly,
    /// Take the one unmarked remote of this name; otherwise create.
    ByName,
    /// Never create.
    Only,
}

impl Desired {
    /// The same in this account.
    #[must_use]
    pub fn placed(mut self, account: &AccountView) -> Self {
        self.target.account.clone_from(&account.alias);
        self.target.region.clone_from(&account.region);
        self
    }

    /// Name and immutables as a create sends them.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(&self.identity())
    }

    /// Name and immutables: what makes a remote *this* remote.
    #[must_use]
    pub fn identity(&self) -> Fields {
        let mut identity = self.fixed.clone();
        if let Some(name) = self.create.get("Name") {
            identity.insert("Name".to_owned(), name.clone());
        }
        identity
    }
}

impl Deletion {
    /// What deleting an object means for its remote: what its spec says, or else the operator's default, or else Delete, and
    /// Retain for what was `adopted`.
    #[must_use]
    pub fn effective(spec: Option<Self>, default: Option<Self>, adopted: bool) -> Self {
        spec.or(default).unwrap_or(if adopted { Self::Retain } else { Self::Delete })
    }
}
