//! What a set knows of its files: what a walk showed, kept up to date by the answers to its own batches.

use std::collections::BTreeMap;

use crate::remote::fields::hex;

/// A file of the set, in 48 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Hash of its Uri.
    pub key: u64,
    /// Hash of what the object said when the file was last equal to that, or zero; in the lowest bit: it was adopted.
    content: u64,
    /// Its id: 64 hex digits as the service makes them. All zero for an id of another form, which stands beside.
    id: [u8; 32],
}

impl Known {
    /// The set made it, and may delete it.
    #[must_use]
    pub const fn is_created(&self) -> bool {
        self.content & 1 == 0
    }

    /// Is it as this content wants it?
    #[must_use]
    pub const fn is(&self, content: u64) -> bool {
        self.content & !1 == content
    }
}

/// A listed file that is there and not the set's own yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// Its id.
    pub id: Box<str>,
    /// A set that does not live any more made it.
    pub created: bool,
    /// The tags of such sets, which are replaced.
    pub remove: Vec<String>,
}

/// All that is known of the files of one version, as far as it concerns one set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The files with our tag, in the order of their keys.
    own: Vec<Known>,
    /// Ids that are not 64 hex digits.
    odd: BTreeMap<u64, Box<str>>,
    /// Listed files that may be taken.
    pub(super) takes: BTreeMap<u64, Take>,
    /// Listed files that are others', and why they cannot be taken.
    pub(super) conflicts: BTreeMap<u64, String>,
    /// Files of others on which a tag of ours stands: id and our tags.
    pub(super) yields: BTreeMap<u64, (Box<str>, Vec<String>)>,
    /// Files of the version, others' included.
    pub(super) total: u64,
}

impl Shown {
    /// Files with our tag.
    #[must_use]
    pub fn own(&self) -> &[Known] {
        &self.own
    }

    /// Files of the version, others' included.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The file with this key, if it has our tag.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&Known> {
        self.own.binary_search_by_key(&key, |known| known.key).ok().and_then(|at| self.own.get(at))
    }

    /// Why the listed file with this key cannot be the set's, if it cannot.
    #[must_use]
    pub fn conflict(&self, key: u64) -> Option<&str> {
        self.conflicts.get(&key).map(String::as_str)
    }

    /// Does a tag of ours stand on this file of others?
    #[must_use]
    pub fn must_yield(&self, key: u64) -> bool {
        self.yields.contains_key(&key)
    }

    /// The id of a file with our tag; `None` if the service did not tell it.
    #[must_use]
    pub fn id(&self, known: &Known) -> Option<String> {
        match self.odd.get(&known.key) {
            Some(odd) => Some(odd.to_string()).filter(|id| !id.is_empty()),
            None => Some(hex(&known.id, 64)),
        }
    }

    /// A file has our tag now. `content`: what it equals, if that is known.
    pub(super) fn put(&mut self, key: u64, id: &str, content: Option<u64>, created: bool) {
        let packed = pack(id);
        match packed {
            Some(_) => drop(self.odd.remove(&key)),
            None => drop(self.odd.insert(key, id.into())),
        }
        let content = content.unwrap_or_default() | u64::from(!created);
        let known = Known { key, content, id: packed.unwrap_or_default() };
        match self.own.binary_search_by_key(&key, |known| known.key) {
            Ok(at) => {
                if let Some(slot) = self.own.get_mut(at) {
                    *slot = known;
                }
            }
            Err(at) => self.own.insert(at, known),
        }
        self.takes.remove(&key);
        self.yields.remove(&key);
    }

    /// The same for many new files at once; the caller sorts at the end.
    pub(super) fn push(&mut self, key: u64, id: &str, content: Option<u64>, created: bool) {
        let packed = pack(id);
        if packed.is_none() {
            self.odd.insert(key, id.into());
        }
        let content = content.unwrap_or_default() | u64::from(!created);
        self.own.push(Known { key, content, id: packed.unwrap_or_default() });
    }

    /// Brings pushed files in order.
    pub(super) fn sort(&mut self) {
        self.own.sort_by_key(|known| known.key);
        self.own.shrink_to_fit();
    }

    /// The file is not ours any more, or is gone.
    pub(super) fn remove(&mut self, key: u64) {
        if let Ok(at) = self.own.binary_search_by_key(&key, |known| known.key) {
            self.own.remove(at);
        }
        self.odd.remove(&key);
        self.takes.remove(&key);
        self.yields.remove(&key);
    }
}

fn pack(id: &str) -> Option<[u8; 32]> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() != 64 || !id.bytes().all(lower) {
        return None;
    }
    let mut packed = [0; 32];
    for (byte, digits) in packed.iter_mut().zip(id.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_48_bytes_and_its_id_comes_out_as_it_went_in() {
        assert_eq!(size_of::<Known>(), 48);
        let mut shown = Shown::default();
        let hex = "0a".repeat(32);
        for (key, id, created) in [(3, hex.as_str(), true), (1, "m-1", false), (2, "", true)] {
            shown.put(key, id, Some(8), created);
        }
        let of = |shown: &Shown, key| shown.get(key).map(|known| (shown.id(known), known.is_created(), known.is(8)));
        assert_eq!(of(&shown, 3), Some((Some(hex.clone()), true, true)));
        assert_eq!(of(&shown, 1), Some((Some("m-1".to_owned()), false, true)));
        assert_eq!(of(&shown, 2), Some((None, true, true)), "the service did not tell it");
        shown.put(2, &hex, None, true);
        assert_eq!(of(&shown, 2), Some((Some(hex), true, false)));
        shown.remove(1);
        assert_eq!((of(&shown, 1), shown.own().len(), shown.odd.len()), (None, 2, 0));
    }
}
