//! Sections 3 and 5 of the protocol, checked in the calls: a claim is stored before its create is sent, and sent once; before
//! a process deletes a remote, the same process has just read that remote, after the last other answer about it, and its object.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::apiserver::store::{Resource, Store};
use crate::evidence::Evidence;
use crate::goal::{Miss, recorded};
use crate::history::{Class, Entry};

/// A read of an object counts for this time: as long as the calls after it may take.
const FRESH: Duration = Duration::from_secs(40);

/// Is what this operation deletes read before?
fn is_read_first(action: &str) -> bool {
    let actions = ["DeleteDataset", "DeleteDatasetVersion", "DeleteDatasetJobConfig", "imm:DeleteDataset"];
    actions.contains(&action)
}

/// A delete of something that was not read.
pub(crate) fn unread(history: &[Entry]) -> Option<&Entry> {
    let mut read = BTreeSet::new();
    history.iter().find(|entry| {
        let key = (entry.life, entry.path().to_owned());
        match entry.class {
            Class::CloudRead if entry.said.iter().any(|said| said.status == 200) => {
                read.insert(key);
                false
            }
            // The result of this delete is not known: the next delete needs a new read.
            Class::CloudWrite if is_read_first(entry.action()) => !read.remove(&key),
            _ => false,
        }
    })
}

/// A delete whose object was not read. A read is a GET of it, also one that says it is gone, or a write of ours to it that
/// the API server has acknowledged: what it answers is the object as it is stored.
pub(crate) fn object_unread<'a>(evidence: &Evidence, store: &Store, history: &'a [Entry]) -> Option<&'a Entry> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut by_uid: BTreeMap<&str, String> = BTreeMap::new();
    let ids: Vec<_> = store.log().iter().map(|event| recorded(event.key.resource, &event.object)).collect();
    for (event, id) in store.log().iter().zip(&ids) {
        let path = format!("/{}/{}", event.key.resource.plural(), event.key.name);
        if matches!(event.key.resource, Resource::Datasets | Resource::Versions | Resource::Media) {
            by_uid.insert(event.object["metadata"]["uid"].as_str().unwrap_or_default(), path.clone());
            names.extend(id.as_deref().map(|id| (id, path)));
        }
    }
    history.iter().enumerate().filter(|(_, entry)| is_read_first(entry.action())).find_map(|(place, delete)| {
        let id = delete.path().trim_start_matches("datasets/").replace("/versions/", "/");
        let by_mark = evidence.owner_of(delete.path());
        let object = by_mark.and_then(|uid| by_uid.get(&*uid)).or_else(|| names.get(&*id))?;
        let read = history[..place].iter().rev().any(|entry| {
            entry.life == delete.life && delete.at.saturating_sub(entry.at) < FRESH && shows(entry, object)
        });
        (!read).then_some(delete)
    })
}

fn shows(entry: &Entry, object: &str) -> bool {
    match (entry.class, entry.heard()) {
        (Class::KubeRead, Some(200 | 404)) => entry.path().ends_with(object),
        (Class::KubeWrite, Some(200..300)) => entry.path().trim_end_matches("/status").ends_with(object),
        _ => false,
    }
}

/// A create whose claim was not stored when it was sent, or whose attempt was sent before.
pub(crate) fn unclaimed(history: &[Entry]) -> Result<(), Miss> {
    let mut sent = BTreeSet::new();
    let creates = |entry: &Entry| matches!(entry.action(), "CreateDataset" | "CreateDatasetVersion");
    for (place, create) in history.iter().enumerate().filter(|(_, entry)| creates(entry)) {
        let claims = |entry: &&Entry| entry.class == Class::KubeWrite && entry.attempt == create.attempt;
        if create.attempt.is_none() {
            return Err(Miss::Unclaimed(format!("without a mark: {create}")));
        }
        if !history[..place].iter().filter(claims).any(|claim| claim.was_done_by(create.at)) {
            return Err(Miss::Unclaimed(create.to_string()));
        }
        if !sent.insert(&create.attempt) {
            return Err(Miss::Unclaimed(format!("sent again: {create}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Said;

    fn call(second: u64, class: Class, what: &str, answered: Option<(u64, u16)>) -> Entry {
        let said = answered.map(|(at, status)| Said { at: Duration::from_secs(at), status }).into_iter().collect();
        let attempt = class.writes().then(|| "c1".to_owned());
        Entry { said, attempt, ..Entry::new(Duration::from_secs(second), 1, class, what.to_owned()) }
    }

    #[test]
    fn a_claim_is_stored_before_its_create_and_sent_once() {
        let claim = |answered| call(1, Class::KubeWrite, "PATCH simulated/datasets/one", answered);
        let create = |second| call(second, Class::CloudWrite, "CreateDataset datasets", None);
        assert_eq!(unclaimed(&[claim(Some((2, 200))), create(3)]), Ok(()));
        for bad in [
            vec![create(3)],
            vec![claim(None), create(3)],
            vec![claim(Some((2, 409))), create(3)],
            vec![claim(Some((4, 200))), create(3)],
            vec![claim(Some((2, 200))), create(3), create(4)],
            vec![claim(Some((2, 200))), Entry { attempt: None, ..create(3) }],
        ] {
            assert!(unclaimed(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_deleted_was_read_by_the_same_process_after_the_last_delete() {
        let read = || call(1, Class::CloudRead, "GetDataset datasets/d-1", Some((1, 200)));
        let delete = || call(2, Class::CloudWrite, "DeleteDataset datasets/d-1", None);
        assert_eq!(unread(&[read(), delete()]), None);
        let missing = call(1, Class::CloudRead, "GetDataset datasets/d-1", Some((1, 404)));
        let other = call(1, Class::CloudRead, "GetDataset datasets/d-2", Some((1, 200)));
        for bad in [
            vec![delete()],
            vec![missing, delete()],
            vec![other, delete()],
            vec![Entry { life: 2, ..read() }, delete()],
            vec![read(), delete(), delete()],
        ] {
            assert!(unread(&bad).is_some(), "{bad:?}");
        }
        let own = "/datasets/one";
        assert!(shows(&call(1, Class::KubeRead, "GET simulated/datasets/one", Some((1, 404))), own));
        assert!(shows(&call(1, Class::KubeWrite, "PATCH simulated/datasets/one/status", Some((1, 200))), own));
        assert!(!shows(&call(1, Class::KubeRead, "GET simulated/datasets/two", Some((1, 200))), own));
        assert!(!shows(&call(1, Class::KubeWrite, "PATCH simulated/datasets/one/status", None), own));
    }
}
