//! A mark as it was found on a remote, before it is verified.

use serde::{Deserialize, Serialize};

use super::mark::Labels;
use crate::api::names::{MARK_ATTEMPT, MARK_DOMAIN, MARK_OWNER, MARK_RELEASED};

/// The parts of a mark. Anybody can write or remove each of them, so each may be missing, and nothing is believed before
/// [`Identity`](super::mark::Identity) has verified it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawMark {
    /// `dso-domain`; a mark in a text has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// `dso-owner`, or its short form in a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `dso-attempt`, or in a text `<nonce>:<hash>:<tag>:<mac>`, so that neither is ever taken for the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// `dso-released`: any value means that the owner released the remote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
}

impl RawMark {
    /// Takes the mark out of the labels of a remote. Other labels stay, also those that merely look like ours.
    #[must_use]
    pub fn take(labels: &mut Labels) -> Option<Self> {
        let [domain, owner, attempt, released] =
            [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT, MARK_RELEASED].map(|key| labels.remove(key));
        Self { domain, owner, attempt, released }.present()
    }

    /// The labels that it consists of.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let parts = [
            (MARK_DOMAIN, &self.domain),
            (MARK_OWNER, &self.owner),
            (MARK_ATTEMPT, &self.attempt),
            (MARK_RELEASED, &self.released),
        ];
        parts.into_iter().filter_map(|(key, part)| Some((key.to_owned(), part.clone()?))).collect()
    }

    /// `None` if no part is left.
    #[must_use]
    pub fn present(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    /// The same with `dso-released`.
    #[must_use]
    pub fn into_released(self) -> Self {
        Self { released: Some("true".to_owned()), ..self }
    }

    /// Is it the mark of the same attempt, released or not?
    #[must_use]
    pub fn names_the_same(&self, other: &Self) -> bool {
        (&self.domain, &self.owner, &self.attempt) == (&other.domain, &other.owner, &other.attempt)
    }

    /// May its owner domain be one of these? A mark in a text does not name its domain.
    #[must_use]
    pub fn may_be_under(&self, domains: &[String]) -> bool {
        self.is_in_text() || self.domain.as_ref().is_some_and(|domain| domains.contains(domain))
    }

    /// Is its owner one of these values of `dso-owner`?
    #[must_use]
    pub fn is_of(&self, owners: &[String]) -> bool {
        self.owner.as_ref().is_some_and(|owner| owners.contains(owner))
    }

    /// What it names the object by, if anything: its uid, or in a text the hash of its kind, namespace and name.
    #[must_use]
    pub fn named(&self) -> Option<&str> {
        if self.is_in_text() { self.owner.as_deref() } else { self.uid() }
    }

    fn is_in_text(&self) -> bool {
        self.domain.is_none() && self.attempt.as_ref().is_some_and(|attempt| attempt.contains(':'))
    }

    /// The uid that it names, if any; a mark in a text names none.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.attempt.as_ref()?.split('.').nth(1)
    }

    /// The hashes of owner domain and cluster: `dso-domain` and the third part of `dso-attempt`.
    #[must_use]
    pub fn place(&self) -> (Option<&str>, Option<&str>) {
        // Anybody can write a label, so only hex digits get into messages.
        let hash = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let cluster = self.attempt.as_ref().and_then(|attempt| attempt.split('.').nth(2));
        (self.domain.as_deref().filter(hash), cluster.filter(hash))
    }
}
