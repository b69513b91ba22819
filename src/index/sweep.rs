//! The sweep: every workspace that is wanted is listed by domain mark, before the first create of a term and then
//! once per resync, spread and jittered. What changed wakes its objects; what failed is tried again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::rows::Changed;
use super::{Index, ObjectKey, listing};
use crate::cloud::{self, CallError, Lane, ListDatasets};
use crate::engine::memory::backoff;
use crate::engine::recorded::RemoteId;

/// An empty poll at least this often, so that a missed notification costs little.
const IDLE: Duration = Duration::from_secs(30);

/// Sweeps whatever is due, for ever.
pub(super) async fn run(index: &Arc<Index>, client: &cloud::Client) {
    loop {
        let due = index.next_due();
        match due {
            Some((workspace, at)) if at <= Instant::now() => {
                let result = sweep(index, client, &workspace).await;
                index.finished(&workspace, result);
            }
            due => {
                let wait = due.map_or(IDLE, |(_, at)| at.saturating_duration_since(Instant::now()).min(IDLE));
                let _ = tokio::time::timeout(wait, index.work.notified()).await;
            }
        }
    }
}

async fn sweep(index: &Index, client: &cloud::Client, workspace: &str) -> Result<Changed, CallError> {
    let since = Instant::now();
    let since = since.checked_sub(index.settings.list_lag).unwrap_or(since);
    let (mut shown, mut complete) = (HashSet::new(), true);
    let mut changed = Changed::default();
    for domain in &index.settings.domains {
        let query = ListDatasets {
            workspace_id: Some(workspace.to_owned()),
            label: Some(domain.clone()),
            ..ListDatasets::default()
        };
        let listing = listing::datasets(client, Lane::Sweep, &query).await?;
        complete &= listing.complete;
        let mut state = index.state();
        for remote in listing.remotes {
            shown.insert(remote.id.dataset.clone());
            let id = remote.id.dataset.clone();
            if state.rows.put(remote, since) {
                changed.datasets.push(id);
            }
        }
    }
    if complete {
        changed.datasets.extend(index.state().rows.drop_unseen(workspace, &shown, since));
    }
    Ok(changed)
}

impl Index {
    fn next_due(&self) -> Option<(String, Instant)> {
        let state = self.state();
        let due = state.workspaces.iter().filter_map(|(name, entry)| Some((name.clone(), entry.due?)));
        due.min_by_key(|(_, at)| *at)
    }

    /// Writes down how a sweep ended, and wakes whoever must know.
    fn finished(&self, workspace: &str, result: Result<Changed, CallError>) {
        let now = Instant::now();
        let mut keys: HashSet<ObjectKey> = HashSet::new();
        {
            let mut state = self.state();
            let Some(entry) = state.workspaces.get_mut(workspace) else { return };
            match result {
                Ok(changed) => {
                    entry.failure = None;
                    entry.failures = 0;
                    entry.swept = Some(now);
                    entry.sweeps += 1;
                    entry.due = Some(now + self.spread(workspace, entry.sweeps));
                    keys.extend(entry.waiting.drain());
                    for dataset in changed.datasets {
                        keys.extend(state.recorders_of(&dataset));
                    }
                }
                Err(error) => {
                    tracing::warn!(workspace, %error, "the workspace could not be listed");
                    let news =
                        entry.failure.as_ref().is_none_or(|old| (&old.code, old.status) != (&error.code, error.status));
                    entry.failure = Some(error);
                    entry.failures += 1;
                    entry.due = Some(now + backoff(entry.failures, 0).min(Duration::from_secs(30)));
                    if news {
                        keys.extend(entry.waiting.iter().cloned());
                    }
                }
            }
        }
        self.wake(keys);
    }

    /// The time to the next sweep: the resync, between 95 and 105 %, so that workspaces drift apart.
    fn spread(&self, workspace: &str, sweeps: u64) -> Duration {
        let seed = workspace.bytes().fold(sweeps, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let percent = 95 + u32::try_from(seed % 11).unwrap_or_default();
        self.settings.resync * percent / 100
    }

    /// Number of sweeps that ended well, by workspace.
    #[must_use]
    pub fn sweeps(&self) -> u64 {
        self.state().workspaces.values().map(|entry| entry.sweeps).sum()
    }

    /// Makes the next sweep of every workspace due now.
    pub fn sweep_now(&self) {
        for entry in self.state().workspaces.values_mut() {
            entry.due = Some(Instant::now());
        }
        self.work.notify_one();
    }
}

impl super::State {
    /// Objects that recorded this dataset or a version of it.
    pub(super) fn recorders_of(&self, dataset: &str) -> Vec<ObjectKey> {
        let from = self.recorders.range(RemoteId::dataset(dataset)..);
        from.take_while(|(id, _)| id.dataset == dataset).flat_map(|(_, keys)| keys.iter().cloned()).collect()
    }
}
