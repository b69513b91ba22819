//! Who may work on a remote: one pass at a time, and nobody while a delete that no finalizer guards may still hit it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Index;
use crate::engine::recorded::RemoteId;

/// The rights of passes to remotes.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// Passes that work on a remote right now, by uid.
    reserved: HashMap<RemoteId, String>,
    /// Until when a delete may still hit a remote.
    held: HashMap<RemoteId, Instant>,
}

impl Rights {
    /// The remote is gone: there is nothing left to hit.
    pub(super) fn gone(&mut self, id: &RemoteId) {
        self.held.remove(id);
    }
}

impl Index {
    /// Takes the right to work on a remote for one pass; `false` if another object's pass has it.
    pub fn reserve(&self, id: &RemoteId, uid: &str) -> bool {
        self.state().rights.reserved.entry(id.clone()).or_insert_with(|| uid.to_owned()) == uid
    }

    /// Gives back all that this object's pass reserved.
    pub fn unreserve(&self, uid: &str) {
        self.state().rights.reserved.retain(|_, holder| holder != uid);
    }

    /// A delete of this remote is sent that no finalizer guards: nobody works on it for this long, or until it is
    /// known gone.
    pub fn hold(&self, id: &RemoteId, how_long: Duration) {
        let now = Instant::now();
        let held = &mut self.state().rights.held;
        held.retain(|_, until| *until > now);
        held.insert(id.clone(), now + how_long);
    }

    /// For how long such a delete may still hit this remote, if one may.
    #[must_use]
    pub fn held(&self, id: &RemoteId) -> Option<Duration> {
        let left = self.state().rights.held.get(id)?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_remote_is_held_until_it_is_gone_or_no_delete_can_hit_it_any_more() {
        let second = Duration::from_secs(1);
        let (index, _ends) = Index::new(Settings { domains: Vec::new(), resync: second * 600, list_lag: second * 5 });
        let (one, other) = (RemoteId::dataset("d-1"), RemoteId::dataset("d-2"));
        index.hold(&one, second * 120);
        index.hold(&other, second * 120);
        tokio::time::advance(second * 100).await;
        assert_eq!((index.held(&one), index.held(&other)), (Some(second * 20), Some(second * 20)));
        index.remove(&one);
        assert_eq!((index.held(&one), index.held(&other)), (None, Some(second * 20)));
        tokio::time::advance(second * 20).await;
        assert_eq!(index.held(&other), None);
    }

    #[test]
    fn one_pass_works_on_a_remote_at_a_time() {
        let second = Duration::from_secs(1);
        let (index, _ends) = Index::new(Settings { domains: Vec::new(), resync: second * 600, list_lag: second * 5 });
        let id = RemoteId::dataset("d-1");
        assert!(index.reserve(&id, "a") && index.reserve(&id, "a"));
        assert!(!index.reserve(&id, "b"));
        index.unreserve("a");
        assert!(index.reserve(&id, "b"));
    }
}
