//! Objects that are gone: each has no remote, or exactly the one that it had to keep.

use std::collections::BTreeMap;

use crate::apiserver::store::{Change, Resource, Store};
use crate::goal::{Miss, recorded};
use crate::remotes::Remote;

/// An object that is gone.
pub(crate) struct Past {
    pub(crate) name: String,
    /// The remote that it recorded last.
    recorded: Option<String>,
    /// The object wanted to keep its remote.
    keeps: bool,
    /// What it was an object of.
    pub(crate) resource: Resource,
}

/// Every object that is gone, by uid.
pub(crate) fn gone(store: &Store) -> BTreeMap<&str, Past> {
    let mut all: BTreeMap<&str, (Past, bool)> = BTreeMap::new();
    for event in store.log() {
        let object = &event.object;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let keeps = match object["spec"]["deletionPolicy"].as_str() {
            Some(policy) => policy == "Retain",
            None => object["spec"].get("adoption").is_some(),
        };
        let before = all.remove(uid).and_then(|(past, _)| past.recorded);
        let recorded = recorded(event.key.resource, object).or(before);
        let past = Past { name: event.key.name.clone(), recorded, keeps, resource: event.key.resource };
        all.insert(uid, (past, event.change == Change::Deleted));
    }
    all.into_iter().filter(|(_, (_, gone))| *gone).map(|(uid, (past, _))| (uid, past)).collect()
}

impl Past {
    /// `described_late`: a mark in a description may have come back after its release.
    pub(crate) fn check(&self, remotes: &[Remote], described_late: bool) -> Result<(), Miss> {
        let Some(first) = remotes.first() else {
            return match &self.recorded {
                Some(id) if self.keeps => Err(Miss::Orphan(format!("{id} is not kept, or lost its mark"))),
                Some(_) | None => Ok(()),
            };
        };
        let marked_again = self.resource == Resource::Media && described_late;
        if !self.keeps || !(first.is_released || marked_again) {
            return Err(Miss::Orphan(format!("{} is left of {}", first.id, self.name)));
        }
        if remotes.len() > 1 {
            return Err(Miss::Duplicate(format!("{} left {} remotes", self.name, remotes.len())));
        }
        Ok(())
    }
}
