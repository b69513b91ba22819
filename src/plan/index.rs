//! What a view takes from the inventory: everything that its reconcile did not read itself.
//!
//! A reconcile asks the inventory of its account, and the model in `tests/model` asks its own small one, both through
//! [`Index`]. Which questions are asked, and what their answers mean for the view, is the same for both.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::plan::account::absence_counts;
use crate::plan::aftermath::place_is_swept;
use crate::plan::intent::Target;
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::RawMark;

/// The questions that a view asks the inventory, and the list of objects that live here.
pub trait Index {
    /// Was this workspace listed in this term?
    fn is_swept(&self, workspace: &str) -> bool;
    /// Are all remotes in this collection of a dataset known?
    fn children_known(&self, dataset: &str, collection: &str) -> bool;
    /// Is this remote known to be gone?
    fn is_gone(&self, id: &RemoteId) -> bool;
    /// This remote, as long as what the inventory has of it may be believed.
    fn get(&self, id: &RemoteId) -> Option<Arc<Remote>>;
    /// All datasets that carry one of these owner marks; or all such remotes within this dataset and collection of it.
    fn owned(&self, owners: &[String], within: Option<(&str, &str)>) -> Vec<Arc<Remote>>;
    /// Did the service refuse to delete this dataset because of its versions?
    fn is_refused(&self, dataset: &str) -> bool;
    /// Did an object here record the remote, other than the one with this uid?
    fn recorded_elsewhere(&self, id: &RemoteId, uid: &str) -> bool;
    /// Does the caller see the datasets that are private to this principal?
    fn can_see(&self, principal: &str) -> bool;
    /// Does an object with this uid exist here?
    fn lives_here(&self, uid: &str) -> bool;
}

impl View {
    /// Fills in what the inventory knows and this reconcile did not read itself. `in_hand` means that the object is gone
    /// and its remote was created a moment ago; then nothing else has to be known.
    pub fn look_at_index(&mut self, index: &impl Index, in_hand: bool) {
        let target = self.target();
        let dataset = target.as_ref().and_then(|target| target.dataset_id.clone());
        let within = dataset.as_deref().zip(self.profile.collection());
        self.observed.delete_refused = self.recorded.id.as_ref().is_some_and(|id| index.is_refused(id.root()));
        let mut ids: BTreeSet<RemoteId> = self.recorded.id.iter().cloned().collect();
        ids.extend(self.recorded.id.iter().map(|id| RemoteId::new(id.root())));
        ids.extend(dataset.clone().map(RemoteId::new));
        let key = target.as_ref().and_then(Target::key);
        ids.extend(key.clone());
        self.observed.swept = in_hand
            || place_is_swept(
                target.as_ref().map(|target| index.is_swept(&target.workspace)),
                within.map(|(dataset, collection)| index.children_known(dataset, collection)),
                self.profile.is_nested() && ids.iter().any(|id| index.is_gone(id)),
            );
        if !self.observed.owned_is_fresh && target.is_some() {
            self.observed.owned = index.owned(&self.owner_values(), within);
        }
        ids.extend(self.observed.owned.iter().map(|remote| remote.id.clone()));
        for id in ids {
            self.look_up(index, id);
        }
        if let (Some(id), Some(inner)) = (&self.recorded.id, self.profile.inner) {
            let first = id.join(inner);
            let latest = self.observation(id).and_then(Observation::remote).and_then(|remote| remote.latest.as_deref());
            match latest.filter(|latest| latest.id == first).cloned() {
                // The row of the dataset is open already, and holds v1.
                Some(latest) => {
                    let listed = || Observation::Listed(Arc::new(latest));
                    self.observed.remotes.entry(first).or_insert_with(listed);
                }
                None => self.look_up(index, first),
            }
        }
        self.observed.absence_counts = in_hand
            || absence_counts(self.named_principal(), &self.account.caller, |named| match key {
                Some(_) => self.account.caller.is_of_the_account_of(named),
                None => index.can_see(named),
            });
        if let Some(key) = key.filter(|key| index.recorded_elsewhere(key, &self.object.uid)) {
            self.observed.recorded_elsewhere.insert(key);
        }
        let seen: Vec<_> = self.seen().cloned().collect();
        for remote in seen {
            if let Some(uid) = remote.mark.as_ref().and_then(RawMark::uid).filter(|uid| *uid != self.object.uid)
                && index.lives_here(uid)
            {
                self.observed.live_here.insert(uid.to_owned());
            }
            if index.recorded_elsewhere(&remote.id, &self.object.uid) {
                self.observed.recorded_elsewhere.insert(remote.id.clone());
            }
        }
        if self.profile.is_unmarked() {
            // No mark says whose those are that a list has shown.
            let listed = self.observed.children.values().flatten().map(|remote| &remote.id);
            let elsewhere = listed.filter(|id| index.recorded_elsewhere(id, &self.object.uid));
            self.observed.recorded_elsewhere.extend(elsewhere.cloned());
        }
    }

    /// Adds what the inventory knows of one remote, unless this reconcile knows better.
    fn look_up(&mut self, index: &impl Index, id: RemoteId) {
        if self.observed.remotes.contains_key(&id) {
            return;
        }
        let sight = if index.is_gone(&id) { Some(Observation::Gone) } else { index.get(&id).map(Observation::Listed) };
        if let Some(sight) = sight {
            self.observed.remotes.insert(id, sight);
        }
    }

    /// All remotes that are in view.
    pub fn seen(&self) -> impl Iterator<Item = &Arc<Remote>> {
        let sights = self.observed.remotes.values().filter_map(Observation::remote);
        sights.chain(&self.observed.owned).chain(self.observed.named.iter().flatten())
    }
}
