//! Which object may work on a remote: one reconcile at a time, and no other object while a delete that one object sent
//! may still be executed.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Inventory;
use crate::remote::id::RemoteId;

/// The rights of objects to work on remotes.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// The uid of the object whose reconcile works on a remote right now.
    reserved: HashMap<RemoteId, String>,
    /// The object whose delete of a remote may still be executed, and until when.
    held: HashMap<RemoteId, (String, Instant)>,
}

impl Rights {
    /// The remote is gone: no delete can do anything to it.
    pub(super) fn gone(&mut self, id: &RemoteId) {
        self.held.remove(id);
    }
}

impl Inventory {
    /// Reserves the remote for the reconcile of this object; `false` if another object's reconcile has it.
    pub fn reserve(&self, id: &RemoteId, uid: &str) -> bool {
        self.state().rights.reserved.entry(id.clone()).or_insert_with(|| uid.to_owned()) == uid
    }

    /// Gives back all reservations of this object.
    pub fn unreserve(&self, uid: &str) {
        self.state().rights.reserved.retain(|_, holder| holder != uid);
    }

    /// A delete of this remote is sent for this object: no other object works on the remote for `how_long`, or until it
    /// is known to be gone. The object's finalizer does not ensure that, as somebody may remove it; nor does a refused
    /// delete, as an earlier try of it may still be executed.
    pub fn hold(&self, id: &RemoteId, uid: &str, how_long: Duration) {
        self.state().rights.held.insert(id.clone(), (uid.to_owned(), Instant::now() + how_long));
    }

    /// For how long a delete that another object sent may still be executed on this remote; `None` if there is none.
    #[must_use]
    pub fn held(&self, id: &RemoteId, uid: &str) -> Option<Duration> {
        let state = self.state();
        let (_, until) = state.rights.held.get(id).filter(|(holder, _)| holder != uid)?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Drops holds that have ended.
    pub fn tidy(&self) {
        let now = Instant::now();
        let held = &mut self.state().rights.held;
        held.retain(|_, (_, until)| *until > now);
        held.shrink_to(64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_remote_is_held_until_it_is_gone_or_no_delete_can_hit_it_any_more() {
        let second = Duration::from_secs(1);
        let (inventory, _ends) =
            Inventory::new(Settings { domains: Vec::new(), resync: second * 600, list_lag: second * 5 });
        let (one, other) = (RemoteId::new("d-1"), RemoteId::new("d-2"));
        let third = RemoteId::new("d-1").join("v2");
        for id in [&one, &other, &third] {
            inventory.hold(id, "a", second * 120);
        }
        tokio::time::advance(second * 100).await;
        let held = |uid: &str| [&one, &other, &third].map(|id| inventory.held(id, uid).is_some());
        assert_eq!(inventory.held(&one, "b"), Some(second * 20));
        assert_eq!((held("a"), held("b")), ([false; 3], [true; 3]));
        inventory.remove(&one);
        inventory.state().rights.gone(&third);
        inventory.tidy();
        assert_eq!(held("b"), [false, true, false]);
        tokio::time::advance(second * 20).await;
        assert_eq!(held("b"), [false; 3]);
        inventory.tidy();
        assert!(inventory.state().rights.held.is_empty());
    }

    #[test]
    fn one_pass_works_on_a_remote_at_a_time() {
        let second = Duration::from_secs(1);
        let (inventory, _ends) =
            Inventory::new(Settings { domains: Vec::new(), resync: second * 600, list_lag: second * 5 });
        let id = RemoteId::new("d-1");
        assert!(inventory.reserve(&id, "a") && inventory.reserve(&id, "a"));
        assert!(!inventory.reserve(&id, "b"));
        inventory.unreserve("a");
        assert!(inventory.reserve(&id, "b"));
    }
}
