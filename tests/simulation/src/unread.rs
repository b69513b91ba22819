//! Section 5 of the protocol, checked in the calls: before a process deletes a remote, the same process has read it,
//! after the last other answer about it.

use std::collections::BTreeSet;

use crate::history::{Class, Entry};

/// Is what this operation deletes read before?
fn is_read_first(action: &str) -> bool {
    let actions = ["DeleteDataset", "DeleteDatasetVersion", "DeleteDatasetJobConfig", "imm:DeleteDataset"];
    actions.contains(&action)
}

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
            Class::CloudWrite if is_read_first(action) => {
                // The result of this delete is not known: the next delete needs a new read.
                !read.remove(&(life, path))
            }
            _ => false,
        }
    })
}
