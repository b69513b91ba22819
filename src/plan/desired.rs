//! What is wanted: a spec, checked, with defaults filled in and references followed, in the API's terms.

use serde_json::json;

pub use crate::api::DeletionPolicy as Deletion;
use crate::cloud::codec::job_config::KEY;
use crate::plan::account::AccountView;
use crate::plan::intent::Target;
use crate::plan::run::Run;
use crate::plan::secret::SecretVersion;
use crate::remote::fields::{Fields, hash};
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

/// What a spec asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Where the remote belongs. [`Desired::placed`] adds account and region.
    pub target: Target,
    /// The create body, without labels.
    pub create: Fields,
    /// Members fixed at creation, as far as the spec manages them.
    pub fixed: Fields,
    /// Members that an update may change, as far as the spec manages them.
    pub mutable: Fields,
    /// The wanted labels. A label that only `label_keys` of status lists is removed.
    pub labels: Labels,
    /// The value of `appliedLabelKeys` once the remote equals the spec.
    pub label_keys: Vec<String>,
    /// Members and labels of v1 that a Dataset manages.
    pub first: FirstVersion,
    /// The user's consent to adopt this one existing remote.
    pub adopt: Option<RemoteId>,
    /// What to do about remotes that may be ours when no id is recorded.
    pub policy: Policy,
    /// The object binds v1 of a dataset: it manages the content only. No mark, no finalizer, no create, no delete.
    pub bind: bool,
    /// Recreate a remote that someone else deleted.
    pub recreate: bool,
    /// How the run is handled, if the remote is one.
    pub run: Option<Run>,
    /// The version of the Secret that the remote takes a text from, if it takes one.
    pub secret: Option<SecretVersion>,
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
    /// Take only remotes that this very object made; otherwise create.
    CreateOnly,
    /// Take the one unmarked remote of this name; otherwise create.
    ByName,
    /// Never create.
    Only,
}

impl Desired {
    /// The same, with the text that it takes from a Secret, of which only the version is named.
    #[must_use]
    pub fn with_secret(mut self, version: SecretVersion) -> Self {
        self.mutable.insert(KEY.to_owned(), json!(version));
        self.create.insert(KEY.to_owned(), json!(version));
        self.secret = Some(version);
        self
    }

    /// The same, with its target in this account.
    #[must_use]
    pub fn placed(mut self, account: &AccountView) -> Self {
        self.target.account.clone_from(&account.alias);
        self.target.region.clone_from(&account.region);
        self
    }

    /// Hash of the name and the immutable fields as a create sends them.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(&self.identity())
    }

    /// Does a create send everything that an update may change later?
    #[must_use]
    pub fn is_made_at_once(&self) -> bool {
        self.mutable.keys().all(|name| self.create.contains_key(name))
    }

    /// Name and immutable fields: a remote that differs in them is another remote.
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
    /// The policy of the spec, or the operator's default, or else Retain for an `adopted` remote and Delete otherwise.
    #[must_use]
    pub fn effective(spec: Option<Self>, default: Option<Self>, adopted: bool) -> Self {
        spec.or(default).unwrap_or(if adopted { Self::Retain } else { Self::Delete })
    }
}
