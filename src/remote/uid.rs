//! `metadata.uid` in sixteen bytes, for tables that hold one for each object.

use ring::digest;

/// A uid. A text that is not a UUID is hashed; two different ones are still different in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid([u8; 16]);

impl Uid {
    /// The uid with this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(uuid(text).unwrap_or_else(|| hashed(text)).to_be_bytes())
    }
}

/// Reads the canonical form only, so that different texts never are the same uid.
fn uuid(text: &str) -> Option<u128> {
    let dashes = [8, 13, 18, 23];
    if text.len() != 36 {
        return None;
    }
    text.bytes().enumerate().try_fold(0, |value: u128, (at, byte)| match byte {
        b'-' if dashes.contains(&at) => Some(value),
        b'0'..=b'9' if !dashes.contains(&at) => Some(value << 4 | u128::from(byte - b'0')),
        b'a'..=b'f' if !dashes.contains(&at) => Some(value << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}

fn hashed(text: &str) -> u128 {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_texts_are_different_uids() {
        let uid = "0f8b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3";
        assert_eq!(Uid::of(uid), Uid(0x0f8b_1c2d_3e4f_4a5b_8c6d_7e8f_90a1_b2c3_u128.to_be_bytes()));
        let others =
            ["", "uid", "0F8B1C2D-3e4f-4a5b-8c6d-7e8f90a1b2c3", "0f8b1c2d3e4f4a5b8c6d7e8f90a1b2c3", &uid[..35]];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(Uid::of(other), Uid::of(uid), "{other}");
            assert!(others[..at].iter().all(|before| Uid::of(before) != Uid::of(other)), "{other}");
        }
    }
}
