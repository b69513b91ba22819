//! Section 5 of the protocol, read off the calls: what is deleted was read before, since the last answer about it, by the
//! process that deletes it.

use std::collections::BTreeSet;

use crate::history::{Class, Entry};

/// A delete of something that was not read.
pub(crate) fn unread(history: &[Entry]) -> Option<&Entry> {
    let mut read = BTreeSet::new();
    history.iter().find(|entry| {
        let (action, path) = entry.what.split_once(' ').unwrap_or_default();
        let (life, path) = (entry.life, path.to_owned());
        match entry.class {
            Class::CloudRead if entry.said.contains(&200) => {
                read.insert((life, path));
                false
            }
            Class::CloudWrite if matches!(action, "DeleteDataset" | "DeleteDatasetVersion") => {
                // What comes of it is not known: the next one needs a read of its own.
                !read.remove(&(life, path))
            }
            _ => false,
        }
    })
}
