//! Objects that are blocked by a remote that is not theirs. Each is woken once when that remote changes, appears or
//! disappears, or when the object that recorded it is gone.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::mpsc::UnboundedSender;

use super::Inventory;
use super::object::ObjectKey;
use crate::plan::report::About;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::uid::Uid;

/// Which objects wait for which remote.
#[derive(Debug, Default)]
pub(super) struct Watches {
    by: HashMap<RemoteId, Vec<Watch>>,
    /// Objects that were woken and have not been reconciled since.
    news: HashSet<Uid>,
    wake: Option<UnboundedSender<ObjectKey>>,
}

#[derive(Debug)]
struct Watch {
    key: ObjectKey,
    workspace: Box<str>,
    about: About,
}

impl Watches {
    pub(super) fn new(wake: UnboundedSender<ObjectKey>) -> Self {
        Self { wake: Some(wake), ..Self::default() }
    }

    /// Whether no object waits.
    pub(super) fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// This object waits for these remotes, and for no others.
    fn set(&mut self, key: &ObjectKey, workspace: &str, about: &[About]) {
        self.forget(|uid| uid != key.uid);
        for about in about {
            let watch = Watch { key: key.clone(), workspace: workspace.into(), about: about.clone() };
            self.by.entry(about.id.clone()).or_default().push(watch);
        }
    }

    /// Drops the waits of all objects that do not exist any more.
    pub(super) fn forget(&mut self, lives: impl Fn(Uid) -> bool) {
        if self.by.is_empty() && self.news.is_empty() {
            return;
        }
        self.by.retain(|_, watches| {
            watches.retain(|watch| lives(watch.key.uid));
            !watches.is_empty()
        });
        self.news.retain(|uid| lives(*uid));
    }

    /// A read or list shows this remote.
    pub(super) fn shown(&mut self, remote: &Remote) {
        if self.by.contains_key(&remote.id) {
            let face = About::shown(remote).face;
            self.fire(&remote.id, |watch| watch.about.face != face);
        }
        if let Some(latest) = remote.latest.as_deref() {
            self.shown(latest);
        }
    }

    /// This remote does not exist.
    pub(super) fn left(&mut self, id: &RemoteId) {
        self.fire(id, |watch| watch.about.face.is_some());
        if id.child().is_none() && !self.by.is_empty() {
            let of = |other: &&RemoteId| other.parent().as_ref() == Some(id);
            for version in self.by.keys().filter(of).cloned().collect::<Vec<_>>() {
                self.left(&version);
            }
        }
    }

    /// The object that recorded this remote does not record it any more.
    pub(super) fn unowned(&mut self, id: &RemoteId) {
        self.fire(id, |_| true);
    }

    /// Datasets of this workspace that objects wait for.
    pub(super) fn datasets(&self, workspace: &str) -> BTreeSet<String> {
        let here = |watches: &Vec<Watch>| watches.iter().any(|watch| &*watch.workspace == workspace);
        self.by.iter().filter(|(_, watches)| here(watches)).map(|(id, _)| id.root().to_owned()).collect()
    }

    /// Whether an object waits for this dataset or a version of it.
    pub(super) fn has(&self, dataset: &str) -> bool {
        self.by.keys().any(|id| id.root() == dataset)
    }

    fn fire(&mut self, id: &RemoteId, concerns: impl Fn(&Watch) -> bool) {
        let Some(watches) = self.by.get_mut(id) else { return };
        for watch in watches.extract_if(.., |watch| concerns(watch)) {
            self.news.insert(watch.key.uid);
            if let Some(wake) = &self.wake {
                // The receiver is dropped only while the process ends.
                let _ = wake.send(watch.key);
            }
        }
        if watches.is_empty() {
            self.by.remove(id);
        }
    }
}

impl Inventory {
    /// A reconcile of `key` ended because of these remotes of this workspace, and of no others: the object is woken
    /// when one of them differs from what that reconcile saw.
    pub fn watch(&self, key: &ObjectKey, workspace: &str, about: &[About]) {
        let mut state = self.state();
        let rows = &mut state.rows;
        if about.is_empty() && rows.watches.is_empty() {
            return;
        }
        rows.watches.set(key, workspace, about);
        for about in about {
            // A change since the reconcile read them wakes the object at once.
            if rows.has_left(&about.id) {
                rows.watches.left(&about.id);
            } else if let Some(remote) = rows.last_shown(&about.id) {
                rows.watches.shown(&remote);
            }
        }
    }

    /// Objects that wait for a remote because the object `owner` has it.
    #[must_use]
    pub fn waiters(&self, id: &RemoteId, owner: &str) -> Vec<Uid> {
        let state = self.state();
        let watches = state.rows.watches.by.get(id).into_iter().flatten();
        let theirs = |watch: &&Watch| watch.about.owner.as_ref().is_some_and(|there| there.uid == owner);
        watches.filter(theirs).map(|watch| watch.key.uid).collect()
    }

    /// Whether this object was woken because of a remote that it waited for. Asking clears it.
    #[must_use]
    pub fn take_news(&self, uid: &str) -> bool {
        let news = &mut self.state().rows.watches.news;
        !news.is_empty() && news.remove(&Uid::of(uid))
    }
}
