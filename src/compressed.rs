//! Values that are kept for every object and remote, but rarely read: as compressed JSON they take some hundred bytes
//! of memory instead of some thousand.
//!
//! A dictionary holds what such values have in common, so that even a single small value shrinks: a typical text that
//! is part of the program, and later also the first value of a suitable length that this process packed, because values
//! of one account and cluster share texts that the program cannot know.

use std::marker::PhantomData;
use std::sync::OnceLock;

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The dictionary learns a value whose JSON has so many bytes: a shorter one leaves too much out, and in a longer one
/// too little is typical.
const INSTRUCTIVE: std::ops::Range<usize> = 600..8000;
/// Last byte of a value that was compressed before the dictionary was extended, and after.
const TYPICAL: u8 = 0;
const LEARNT: u8 = 1;

/// A type whose values can be compressed.
pub trait Compressible: Serialize + DeserializeOwned {
    /// Text that the JSON of values of this type has in common. No compressed value outlives the process, so the text
    /// may change at any time.
    const TYPICAL: &'static str;

    /// The place of this type's extended dictionary: a `static` of the implementation.
    fn learnt() -> &'static OnceLock<Box<[u8]>>;
}

/// A packed value. Two packed values that are equal hold equal values. Equal values are also equal when packed, once
/// the dictionary has learnt, if they serialise their members in a fixed order.
pub struct Compressed<T> {
    bytes: Box<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T: Compressible> Compressed<T> {
    /// Compresses a value. `None` if it cannot be written as JSON, which does not happen for plain data.
    #[must_use]
    pub fn new(value: &T) -> Option<Self> {
        let json = serde_json::to_vec(value).ok()?;
        let (tag, dictionary) = match T::learnt().get() {
            Some(learnt) => (LEARNT, learnt.as_ref()),
            None => (TYPICAL, T::TYPICAL.as_bytes()),
        };
        let mut bytes = compress_prepend_size_with_dict(&json, dictionary);
        bytes.push(tag);
        if tag == TYPICAL && INSTRUCTIVE.contains(&json.len()) {
            T::learnt().get_or_init(|| [T::TYPICAL.as_bytes(), &json].concat().into_boxed_slice());
        }
        Some(Self { bytes: bytes.into_boxed_slice(), of: PhantomData })
    }

    /// The value. `None` only after a defect, as [`Compressed::new`] made these bytes in this process.
    #[must_use]
    pub fn open(&self) -> Option<T> {
        let (tag, bytes) = self.bytes.split_last()?;
        let dictionary = if *tag == LEARNT { T::learnt().get()?.as_ref() } else { T::TYPICAL.as_bytes() };
        let json = decompress_size_prepended_with_dict(bytes, dictionary).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// The compressed size, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl<T> Clone for Compressed<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Compressed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> std::fmt::Debug for Compressed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compressed({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        kind: String,
        text: String,
    }

    impl Compressible for Sample {
        const TYPICAL: &'static str = r#"{"kind":"an ordinary sample","text":"#;

        fn learnt() -> &'static OnceLock<Box<[u8]>> {
            static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
            &LEARNT
        }
    }

    fn sample(text: &str) -> Sample {
        Sample { kind: "an ordinary sample".into(), text: text.into() }
    }

    #[test]
    fn what_was_packed_comes_out_again_and_is_small() {
        for text in ["", "x", "数据\u{0}\"\\", &"long ".repeat(50_000)] {
            let packed = Compressed::new(&sample(text)).unwrap();
            assert_eq!(packed.open().unwrap(), sample(text));
        }
        let packed = Compressed::new(&sample("7f3a")).unwrap();
        assert!(packed.size() < 20, "{packed:?}");
    }

    #[test]
    fn equal_values_are_equal_when_packed() {
        assert_eq!(Compressed::new(&sample("a")), Compressed::new(&sample("a")));
        assert_ne!(Compressed::new(&sample("a")), Compressed::new(&sample("b")));
    }
}
