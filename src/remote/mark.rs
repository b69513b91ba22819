//! Our mark on a remote (the ownership labels): how it is written, and how it tells the owner of a remote.
//!
//! The create request itself writes three labels, so there is no moment in which a remote of ours is unmarked. A mark
//! counts only if its MAC verifies; label filters of the service are substring matches, so every hit is checked here
//! again. Rules: `docs/protocol.md`, "Whose is it?".

mod text;

use std::collections::{BTreeMap, BTreeSet};

use ring::hmac;

pub use crate::api::Origin;
pub use crate::api::names::MARK_RELEASED;
use crate::remote::fields::{digest_hex, hex};
pub use crate::remote::raw_mark::RawMark;

/// Labels of a remote.
pub type Labels = BTreeMap<String, String>;

const MAC_DIGITS: usize = 32;
const HASH_DIGITS: usize = 16;
/// Stands in a mark for a cluster that is not known. Two such marks need not be of the same cluster.
const UNKNOWN_CLUSTER: &str = "unknown";

/// The identity of this operator: its owner domains, keys and cluster. It writes with the first domain and key, and
/// recognises all.
#[derive(Debug, Clone)]
pub struct Identity {
    domains: Vec<String>,
    keys: Vec<hmac::Key>,
    /// `None` if it is not known; then no mark counts as one of this cluster by the cluster that it names.
    cluster: Option<String>,
}

/// Kind, namespace and name of an object. They are the same when the object is made again, but its uid is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `Dataset.pai.dataset-operator.dev`
    pub kind: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

impl Origin {
    /// The first letter of a nonce.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Created => 'c',
            Self::Adopted => 'a',
        }
    }

    /// The origin that a nonce tells.
    #[must_use]
    pub fn of_nonce(nonce: &str) -> Self {
        if nonce.starts_with('a') { Self::Adopted } else { Self::Created }
    }
}

/// The owner of a remote, seen from one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// The mark is ours, with this object's uid.
    Mine {
        /// The attempt that made or took it.
        nonce: String,
        /// The remote also carries `dso-released`.
        released: bool,
    },
    /// The mark is ours, with this owner, but a uid that no object here has: an earlier object of the same name.
    Predecessor {
        /// The attempt that made or took it.
        nonce: String,
    },
    /// The mark is ours, with this owner, but an earlier object released the remote.
    Released,
    /// The mark is that of another living owner.
    Other,
    /// The mark is that of another owner that released the remote or does not live here: as good as no mark.
    Dead,
    /// The MAC does not verify, although the mark names this owner or uid.
    Forged,
    /// The remote carries no complete mark.
    Nobody,
}

impl Identity {
    /// Without `domains`, the uid of `kube-system` is the domain. Without `keys`, the domains are the keys (marks can
    /// then be forged by anyone who knows a domain).
    #[must_use]
    pub fn new(domains: &[String], keys: &[String], kube_system_uid: &str) -> Self {
        let default = [kube_system_uid.to_owned()];
        let domains = if domains.is_empty() { &default[..] } else { domains };
        let cluster = Some(digest_hex(kube_system_uid.as_bytes(), HASH_DIGITS));
        Self { cluster, ..Self::without_cluster(domains, keys) }
    }

    /// The same for a cluster that is not known. `domains` must not be empty.
    #[must_use]
    pub fn without_cluster(domains: &[String], keys: &[String]) -> Self {
        let secrets = if keys.is_empty() { domains } else { keys };
        Self {
            keys: secrets.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())).collect(),
            domains: domains.iter().map(|domain| digest_hex(domain.as_bytes(), HASH_DIGITS)).collect(),
            cluster: None,
        }
    }

    /// The values of `dso-domain` that are ours; the first is the one we write.
    #[must_use]
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// The values that `dso-owner` has for this owner, by each of our keys; the first is the one we write.
    #[must_use]
    pub fn owner_values(&self, owner: &Owner) -> Vec<String> {
        self.keys.iter().map(|key| owner_value(key, owner)).collect()
    }

    /// The whole mark, to be written into labels.
    #[must_use]
    pub fn mark(&self, owner: &Owner, uid: &str, nonce: &str) -> RawMark {
        let (Some(domain), Some(key)) = (self.domains.first(), self.keys.first()) else {
            return RawMark::default();
        };
        let owner = owner_value(key, owner);
        let cluster = self.cluster.as_deref().unwrap_or(UNKNOWN_CLUSTER);
        let mac = attempt_mac(key, domain, &owner, nonce, uid, cluster);
        let attempt = Some(format!("{nonce}.{uid}.{cluster}.{mac}"));
        RawMark { domain: Some(domain.clone()), owner: Some(owner), attempt, released: None }
    }

    /// The owner of a remote with this mark among its labels, seen from the object `uid` of `owner`. `lives_here` holds
    /// the uids that objects here have. `has_id`: the object has recorded an id, so the mark of another cluster is not
    /// that of its predecessor.
    #[must_use]
    pub fn ownership(
        &self,
        mark: Option<&RawMark>,
        owner: &Owner,
        uid: &str,
        lives_here: &BTreeSet<String>,
        has_id: bool,
    ) -> Ownership {
        let Some(RawMark { domain: Some(domain), owner: Some(owner_label), attempt: Some(attempt), released }) = mark
        else {
            return Ownership::Nobody;
        };
        let released = released.is_some();
        if !self.domains.contains(domain) {
            return if released { Ownership::Dead } else { Ownership::Other };
        }
        let same_owner = self.owner_values(owner).contains(owner_label);
        let Some(claim) = self.verified(domain, owner_label, attempt) else {
            let claims_us = same_owner || mark.and_then(RawMark::uid) == Some(uid);
            return if claims_us { Ownership::Forged } else { Ownership::Dead };
        };
        let nonce = claim.nonce.to_owned();
        let lives = claim.uid != uid && lives_here.contains(claim.uid);
        let our_cluster = self.cluster.as_deref() == Some(claim.cluster);
        match (claim.uid == uid, same_owner) {
            (true, true) => Ownership::Mine { nonce, released },
            (false, true) if released => Ownership::Released,
            (_, false) if released => Ownership::Dead,
            _ if lives => Ownership::Other,
            (_, true) if our_cluster || !has_id => Ownership::Predecessor { nonce },
            (_, false) if our_cluster => Ownership::Dead,
            _ => Ownership::Other,
        }
    }

    fn verified<'a>(&self, domain: &str, owner: &str, attempt: &'a str) -> Option<Claim<'a>> {
        let mut parts = attempt.split('.');
        let (nonce, uid, cluster, mac) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none();
        let valid = self.keys.iter().any(|key| attempt_mac(key, domain, owner, nonce, uid, cluster) == mac);
        (whole && valid).then_some(Claim { nonce, uid, cluster })
    }
}

struct Claim<'a> {
    nonce: &'a str,
    uid: &'a str,
    cluster: &'a str,
}

/// Is this label key one of ours?
#[must_use]
pub fn is_mark(key: &str) -> bool {
    key.starts_with("dso-")
}

fn owner_value(key: &hmac::Key, owner: &Owner) -> String {
    hex(owner_tag(key, owner).as_ref(), MAC_DIGITS)
}

fn owner_tag(key: &hmac::Key, owner: &Owner) -> hmac::Tag {
    let text = format!("owner\n{}\n{}\n{}", owner.kind, owner.namespace, owner.name);
    hmac::sign(key, text.as_bytes())
}

fn attempt_mac(key: &hmac::Key, domain: &str, owner: &str, nonce: &str, uid: &str, cluster: &str) -> String {
    let text = format!("attempt\n{domain}\n{owner}\n{nonce}\n{uid}\n{cluster}");
    hex(hmac::sign(key, text.as_bytes()).as_ref(), MAC_DIGITS)
}

#[cfg(test)]
#[path = "mark_tests.rs"]
mod tests;
