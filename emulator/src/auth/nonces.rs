//! The nonces that were used, for as long as a request that carries them could still be taken.

use std::collections::{HashSet, VecDeque};

use ring::digest::{SHA256, digest};

/// Used nonces. Keeps 16 bytes of hash each, so that a long benchmark stays small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nonces {
    used: HashSet<u128>,
    by_age: VecDeque<(i64, u128)>,
}

impl Nonces {
    /// Notes the use of a nonce by an access key; false if it was used before. After `stale_at_ms` the date of the
    /// request refuses it anyway, and the nonce is forgotten.
    pub(crate) fn first_use(&mut self, access_key_id: &str, nonce: &str, stale_at_ms: i64, now_ms: i64) -> bool {
        while let Some(&(stale, old)) = self.by_age.front()
            && stale < now_ms
        {
            self.used.remove(&old);
            self.by_age.pop_front();
        }
        let hash = digest(&SHA256, format!("{access_key_id}\n{nonce}").as_bytes());
        let hash = hash.as_ref().iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        let first = self.used.insert(hash);
        if first {
            self.by_age.push_back((stale_at_ms, hash));
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_serves_once_per_key_until_its_date_is_stale() {
        let mut nonces = Nonces::default();
        assert!(nonces.first_use("a", "n", 1000, 0));
        assert!(!nonces.first_use("a", "n", 1000, 1000));
        assert!(nonces.first_use("b", "n", 1000, 1000));
        assert!(nonces.first_use("a", "n", 3000, 1001), "forgotten once the date guards instead");
        assert_eq!(nonces.used.len(), 1);
    }
}
