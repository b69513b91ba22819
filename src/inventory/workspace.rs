//! How far the inventory has come with one workspace, and who waits for it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::object::ObjectKey;
use super::{Inventory, ListError};
use crate::cloud::CallError;
use crate::remote::backoff::backoff;

/// The longest pause between two tries of a page.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// It was listed as a whole in this term.
    swept: bool,
    /// The service answered last at this time.
    reached: Option<Instant>,
    /// Number of the newest list.
    lists: u32,
    /// Number of the newest list that another principal may have read.
    foreign: u32,
    /// Whole rounds.
    rounds: u64,
    /// Pages of its last round.
    pages: u32,
    /// When the last page of a spread round was due.
    due: Option<Instant>,
    trouble: Option<ListError>,
    /// It has not been seen for too long, and everyone concerned knows.
    blind: bool,
    waiting: BTreeSet<ObjectKey>,
}

impl Workspace {
    /// Another principal calls from now on.
    pub(super) const fn other_caller(&mut self) {
        self.foreign = self.lists;
    }

    /// Whether the present principal read the list of this number.
    pub(super) const fn is_ours(&self, list: u32) -> bool {
        list > self.foreign
    }
}

/// Is a workspace known in this term?
#[derive(Debug, Clone)]
pub enum Swept {
    /// Yes.
    Yes,
    /// Not yet; the object is woken when it is.
    Soon,
    /// Not yet, and this has been in the way since the last whole round; the object is woken when it is known.
    Failed(Box<ListError>),
}

/// How a workspace stands.
#[derive(Debug, Clone)]
pub struct WorkspaceState {
    /// Its id.
    pub workspace: String,
    /// It was listed in this term and could be seen lately.
    pub listed: bool,
    /// What has been in the way since the last whole round.
    pub trouble: Option<ListError>,
}

impl WorkspaceState {
    /// The error, if the service refuses the credentials.
    #[must_use]
    pub fn refused_credentials(&self) -> Option<&CallError> {
        self.trouble.as_ref()?.refused_credentials()
    }
}

impl Inventory {
    /// Asks for a workspace. `key` is woken once the answer changes.
    pub fn want(&self, workspace: &str, key: Option<&ObjectKey>) -> Swept {
        let mut state = self.state();
        if !state.workspaces.contains_key(workspace) {
            // Nobody listens only while the process ends.
            let _ = self.wanted.send(workspace.into());
        }
        let entry = state.workspaces.entry(workspace.to_owned()).or_default();
        if entry.swept && !entry.blind {
            return Swept::Yes;
        }
        if let Some(key) = key {
            entry.waiting.insert(key.clone());
        }
        entry.trouble.clone().map_or(Swept::Soon, |trouble| Swept::Failed(Box::new(trouble)))
    }

    /// Was this workspace swept in this term, and could it be seen lately?
    #[must_use]
    pub fn is_swept(&self, workspace: &str) -> bool {
        self.state().workspaces.get(workspace).is_some_and(|entry| entry.swept && !entry.blind)
    }

    /// How the workspaces stand that are wanted, by name.
    #[must_use]
    pub fn standing(&self) -> Vec<WorkspaceState> {
        let state = self.state();
        let mut all: Vec<_> = state
            .workspaces
            .iter()
            .map(|(name, entry)| WorkspaceState {
                workspace: name.clone(),
                listed: entry.swept && !entry.blind,
                trouble: entry.trouble.clone(),
            })
            .collect();
        all.sort_by(|a, b| a.workspace.cmp(&b.workspace));
        all
    }

    /// Number of rounds that ended well, over all workspaces.
    #[must_use]
    pub fn sweeps(&self) -> u64 {
        self.state().workspaces.values().map(|entry| entry.rounds).sum()
    }

    /// The number of a new list of this workspace.
    pub(super) fn next_list(&self, workspace: &str) -> u32 {
        self.with(workspace, |entry| {
            entry.lists += 1;
            entry.lists
        })
    }

    /// A round ended that had so many pages.
    pub(super) fn listed(&self, workspace: &str, pages: u32) {
        self.with(workspace, |entry| entry.pages = pages);
    }

    /// How many pages the last round had, 1 at least.
    pub(super) fn pages(&self, workspace: &str) -> u32 {
        self.with(workspace, |entry| entry.pages.max(1))
    }

    /// When the next page is due: so long after the one before. Who is further behind than that does not catch up.
    pub(super) fn next_page(&self, workspace: &str, gap: Duration) -> Instant {
        let now = Instant::now();
        self.with(workspace, |entry| {
            let next = entry.due.map(|due| due + gap).filter(|next| *next + gap > now);
            *entry.due.insert(next.map_or(now + gap, |next| next.max(now)))
        })
    }

    /// It has not been seen for too long.
    pub(super) fn is_blind(&self, workspace: &str) -> bool {
        self.with(workspace, |entry| entry.blind)
    }

    /// The service answered. What was in the way is told until a whole round has ended, unless it was the credentials.
    pub(super) fn reached(&self, workspace: &str) {
        let let_in = self.with(workspace, |entry| {
            entry.reached = Some(Instant::now());
            entry.trouble.take_if(|trouble| trouble.refused_credentials().is_some()).is_some()
        });
        if let_in {
            self.turned.send_modify(|turns| *turns += 1);
        }
    }

    /// Remotes of these objects were shown, and are not as they were known. As long as the workspace is not known, only
    /// those are woken that wait for it: they may go on, and the others have not looked yet.
    pub(super) fn shown(&self, workspace: &str, mut keys: Vec<ObjectKey>) {
        self.with(workspace, |entry| {
            if !entry.swept || entry.blind {
                keys.retain(|key| entry.waiting.remove(key));
            }
        });
        self.wake(keys);
    }

    /// A list failed, so many times in a row. Whoever waits learns of a new kind of failure at once, and everyone of a
    /// workspace that could not be seen for too long. Returns how long to pause.
    pub(super) fn failed(&self, workspace: &str, trouble: ListError, failures: u32) -> Duration {
        let error = trouble.to_string();
        if self.folded.is_news(&trouble.cause(), &error, None) {
            tracing::warn!(workspace, error, "the workspace could not be listed");
        } else {
            tracing::debug!(workspace, error, "the workspace could not be listed");
        }
        let keys = {
            let mut guard = self.state();
            let (state, trusted) = (&mut *guard, self.trusted());
            let entry = state.workspaces.entry(workspace.to_owned()).or_default();
            let news = entry.trouble.as_ref().is_none_or(|old| !old.same(&trouble));
            entry.trouble = Some(trouble);
            let unseen = entry.reached.is_some_and(|reached| reached.elapsed() > trusted);
            let turned = unseen && !std::mem::replace(&mut entry.blind, true);
            let mut keys: BTreeSet<ObjectKey> = BTreeSet::new();
            if news {
                keys.extend(entry.waiting.iter().cloned());
            }
            if turned {
                keys.extend(state.rows.recorders_in(workspace));
            }
            keys
        };
        self.wake(keys);
        self.turned.send_modify(|turns| *turns += 1);
        backoff(failures, 0).min(LONGEST_PAUSE)
    }

    /// A whole round ended well.
    pub(super) fn finished(&self, workspace: &str) {
        let keys = {
            let mut guard = self.state();
            let state = &mut *guard;
            let entry = state.workspaces.entry(workspace.to_owned()).or_default();
            entry.swept = true;
            entry.rounds += 1;
            entry.trouble = None;
            let recovered = std::mem::take(&mut entry.blind);
            let mut keys: BTreeSet<ObjectKey> = std::mem::take(&mut entry.waiting);
            if recovered {
                keys.extend(state.rows.recorders_in(workspace));
            }
            keys.extend(state.rows.doubled());
            keys
        };
        self.wake(keys);
        self.rounds.send_modify(|rounds| *rounds += 1);
        self.turned.send_modify(|turns| *turns += 1);
    }

    fn with<T>(&self, workspace: &str, work: impl FnOnce(&mut Workspace) -> T) -> T {
        work(self.state().workspaces.entry(workspace.to_owned()).or_default())
    }
}
