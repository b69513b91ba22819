//! The mark of a remote that has no labels: it must be short, so hashes stand for what labels say in clear.
//! [`carrier`](crate::remote::carrier) describes its form.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

use super::{Identity, Owner, Ownership, RawMark, UNKNOWN_CLUSTER, owner_tag};

/// Bytes of each part.
const OWNER: usize = 9;
const HASH: usize = 6;
const TAG: usize = 3;
const MAC: usize = 12;
/// Hex digits of a nonce behind its letter.
const NONCE_DIGITS: usize = 16;

impl Identity {
    /// The mark of the attempt `nonce` of `owner`, to be written into a text of a remote in `target`. `hash` is the
    /// hash of the spec as written, in hex. `None` if nonce or hash has another form than ours.
    #[must_use]
    pub fn text_mark(&self, owner: &Owner, target: &str, uid: &str, nonce: &str, hash: &str) -> Option<RawMark> {
        let (domain, key) = (self.domains.first()?, self.keys.first()?);
        let (nonce, hash) = (short_nonce(nonce)?, short_hash(hash)?);
        let tag = uid_tag(uid, self.cluster.as_deref().unwrap_or(UNKNOWN_CLUSTER));
        let mac = text_mac(key, domain, owner, target, [&nonce, &hash, &tag]);
        let attempt = Some(format!("{nonce}:{hash}:{tag}:{mac}"));
        Some(RawMark { domain: None, owner: Some(short_owner(key, owner)), attempt, released: None })
    }

    /// The owner of a remote in `target` with this mark in its text. The rules are those of [`Identity::ownership`],
    /// but a text names neither domain nor cluster: a mark that does not verify and does not name this object is that
    /// of another owner until it is released.
    #[must_use]
    pub fn ownership_by_text(
        &self,
        mark: Option<&RawMark>,
        owner: &Owner,
        target: &str,
        uid: &str,
        lives_here: &BTreeSet<String>,
        has_id: bool,
    ) -> Ownership {
        let Some(RawMark { domain: None, owner: Some(shown), attempt: Some(attempt), released }) = mark else {
            return Ownership::Nobody;
        };
        let Ok([nonce, hash, tag, mac]) = <[&str; 4]>::try_from(attempt.split(':').collect::<Vec<_>>()) else {
            return Ownership::Nobody;
        };
        let released = released.is_some();
        // Marks that were written before the cluster was known count too.
        let names = |uid: &str| {
            let clusters = self.cluster.as_deref().into_iter().chain([UNKNOWN_CLUSTER]);
            clusters.map(|cluster| uid_tag(uid, cluster)).any(|ours| ours == tag)
        };
        let same_owner = self.keys.iter().any(|key| short_owner(key, owner) == *shown);
        let signed = |key| self.domains.iter().any(|d| text_mac(key, d, owner, target, [nonce, hash, tag]) == mac);
        let verified = same_owner && self.keys.iter().any(signed);
        match long_nonce(nonce).filter(|_| verified) {
            None if same_owner || names(uid) => Ownership::Forged,
            None if released => Ownership::Dead,
            None => Ownership::Other,
            Some(nonce) if names(uid) => Ownership::Mine { nonce, released },
            Some(_) if released => Ownership::Released,
            // The mark may be of another cluster.
            Some(_) if has_id || lives_here.iter().any(|other| names(other)) => Ownership::Other,
            Some(nonce) => Ownership::Predecessor { nonce },
        }
    }
}

impl RawMark {
    /// Does this mark, if it is one of a text, say that its remote was made from a spec with this hash?
    #[must_use]
    pub fn is_of_spec(&self, hash: &str) -> bool {
        let named = self.attempt.as_deref().and_then(|attempt| attempt.split(':').nth(1));
        named.is_some() && named == short_hash(hash).as_deref()
    }
}

fn short_owner(key: &hmac::Key, owner: &Owner) -> String {
    first_bytes(owner_tag(key, owner).as_ref(), OWNER)
}

fn text_mac(key: &hmac::Key, domain: &str, owner: &Owner, target: &str, [nonce, hash, tag]: [&str; 3]) -> String {
    let Owner { kind, namespace, name } = owner;
    let text = format!("text\n{domain}\n{kind}\n{namespace}\n{name}\n{target}\n{nonce}\n{hash}\n{tag}");
    first_bytes(hmac::sign(key, text.as_bytes()).as_ref(), MAC)
}

fn uid_tag(uid: &str, cluster: &str) -> String {
    first_bytes(digest::digest(&digest::SHA256, format!("{uid}\n{cluster}").as_bytes()).as_ref(), TAG)
}

fn first_bytes(bytes: &[u8], length: usize) -> String {
    URL_SAFE_NO_PAD.encode(bytes.get(..length).unwrap_or(bytes))
}

fn short_hash(hash: &str) -> Option<String> {
    let digits = u64::from_str_radix(hash.get(..2 * HASH)?, 16).ok()?.to_be_bytes();
    digits.get(digits.len() - HASH..).map(|digits| URL_SAFE_NO_PAD.encode(digits))
}

fn short_nonce(nonce: &str) -> Option<String> {
    let (letter, digits) = nonce.split_at_checked(1)?;
    let number = u64::from_str_radix(digits, 16).ok().filter(|_| digits.len() == NONCE_DIGITS)?;
    Some(format!("{letter}{}", URL_SAFE_NO_PAD.encode(number.to_be_bytes())))
}

fn long_nonce(short: &str) -> Option<String> {
    let (letter, digits) = short.split_at_checked(1)?;
    let number = URL_SAFE_NO_PAD.decode(digits).ok().and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)?;
    Some(format!("{letter}{number:016x}"))
}
