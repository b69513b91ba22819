//! Where ids come from: dataset ids by seed, request ids and dice.
//!
//! With the same seed the n-th dataset gets the same id, whatever else happened; request ids never repeat.

use std::fmt;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::store::Text;

/// Characters of a dataset id after `d-`.
const ID_LENGTH: usize = 18;
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The id of a thing that is made for `owner` as the `number`th of its kind at this time: the same whenever all of that
/// is, and never given twice.
pub(crate) fn derived(prefix: &str, owner: &str, number: u64, now_ms: i64) -> Text {
    let hash = digest(&SHA256, format!("{prefix}{owner}/{number}/{now_ms}").as_bytes());
    let digits = hash.as_ref().iter().take(ID_LENGTH).map(|byte| char::from(ALPHABET[usize::from(byte % 36)]));
    Text::from(prefix) + &digits.collect::<String>()
}

/// A splitmix64 generator: small, fast, the same on every machine.
#[derive(Clone, Debug)]
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// A `RequestId`, shown as an upper-case UUID of random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(u64, u64);

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = (self.0 & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let variant = (self.1 & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        write!(
            out,
            "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
            version >> 32,
            (version >> 16) & 0xFFFF,
            version & 0xFFFF,
            variant >> 48,
            variant & 0xFFFF_FFFF_FFFF
        )
    }
}

/// The emulator's ids.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    /// What the dataset ids are derived from.
    pub(crate) seed: u64,
    /// The number of the next dataset id.
    pub(crate) next: u64,
    dice: Stream,
    requests: Stream,
}

impl Ids {
    /// Ids of this seed, or of a random one.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        // 32 bits, so that every JSON reader can carry the seed of an exported state.
        let seed = seed.unwrap_or_else(|| random() >> 32);
        Self { seed, next: 0, dice: Stream(seed ^ 0xD1CE), requests: Stream(random()) }
    }

    /// Goes on with the ids of another seed, from its first.
    pub(crate) fn reseed(&mut self, seed: u64) {
        (self.seed, self.next, self.dice) = (seed, 0, Stream(seed ^ 0xD1CE));
    }

    /// The next dataset id.
    pub(crate) fn dataset(&mut self) -> Text {
        let mut stream = Stream(Stream(self.seed).next() ^ Stream(self.next).next());
        self.next += 1;
        let mut id = Text::with_capacity(2 + ID_LENGTH);
        id.push_str("d-");
        for _ in 0..ID_LENGTH {
            // The upper bits: the remainder of a small divisor is even enough for ids.
            let digit = usize::try_from((stream.next() >> 32) % 36).unwrap_or(0);
            id.push(char::from(ALPHABET[digit]));
        }
        id
    }

    /// The next `RequestId`.
    pub(crate) fn request(&mut self) -> RequestId {
        RequestId(self.requests.next(), self.requests.next())
    }

    /// A number from 0 to `most`. Not by the seed, so that asking for it moves no fault's dice.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { (self.requests.next() >> 1) % most.saturating_add(1) }
    }

    /// A number in 0..1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    pub(crate) fn chance(&mut self) -> f64 {
        (self.dice.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without a random source ids are merely the same at each start, which a local emulator can bear.
    let _ = SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_seed_fixes_the_dataset_ids_and_only_them() {
        let (mut first, mut second, mut other) = (Ids::new(Some(7)), Ids::new(Some(7)), Ids::new(Some(8)));
        let ids: Vec<_> = (0..1000).map(|_| first.dataset()).collect();
        assert_eq!(ids, (0..1000).map(|_| second.dataset()).collect::<Vec<_>>());
        assert_ne!(ids[0], other.dataset());
        assert_ne!(first.request(), second.request());
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1000);
    }

    #[test]
    fn ids_have_the_documented_form() {
        let mut ids = Ids::new(None);
        let id = ids.dataset();
        let digits = id.strip_prefix("d-").unwrap();
        assert_eq!(digits.len(), 18);
        assert!(digits.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
        let request = ids.request().to_string();
        assert_eq!(request.len(), 36);
        assert!(request.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{request}");
        assert!((0..1000).map(|_| ids.chance()).all(|roll| (0.0..1.0).contains(&roll)));
        assert_eq!((0..1000).map(|_| ids.up_to(3)).collect::<HashSet<_>>().len(), 4);
        assert_eq!(ids.up_to(0), 0);
    }
}
