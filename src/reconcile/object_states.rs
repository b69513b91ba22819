//! What this process remembers of all objects of a kind, by uid, and of names whose object was lost.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::memory::Memory;
use crate::lock::lock;
use crate::plan::object::ObjectFacts;
use crate::plan::recorded::Recorded;
use crate::reconcile::object_state::ObjectState;
use crate::remote::uid::Uid;

/// How long an attempt of a lost object is remembered. By then it took effect, if it ever does, and a sweep showed it.
const LEFT: Duration = Duration::from_secs(3600);

/// States by uid. A settled object has none.
#[derive(Debug, Default)]
pub struct ObjectStates {
    all: Mutex<HashMap<String, ObjectState>>,
    /// Objects that this process has seen Ready.
    ready: Mutex<HashSet<Uid>>,
    /// What is remembered of objects that stand for many small remotes.
    sets: Mutex<HashMap<Uid, Memory>>,
    /// Names whose object went while its create was in doubt, though a finalizer was to keep it, and when.
    left: Mutex<HashMap<Name, Instant>>,
}

/// Namespace and name.
type Name = (String, String);

impl ObjectStates {
    /// Works on the memory of one object.
    pub fn with<T>(&self, uid: &str, work: impl FnOnce(&mut ObjectState) -> T) -> T {
        let mut all = lock(&self.all);
        if let Some(state) = all.get_mut(uid) {
            return work(state);
        }
        work(all.entry(uid.to_owned()).or_insert_with(|| ObjectState::new(Instant::now())))
    }

    /// The watch shows this copy of an object. Returns whether it is news: not what we wrote ourselves.
    pub fn shown(&self, uid: &str, resource_version: &str) -> bool {
        lock(&self.all).get_mut(uid).is_none_or(|state| state.echo.shown(resource_version))
    }

    /// A reconcile of the object is over. Returns whether the watch showed a copy that it has not looked at.
    pub fn end(&self, uid: &str) -> bool {
        lock(&self.all).get_mut(uid).is_some_and(|state| state.echo.end())
    }

    /// The object is Ready. Returns whether it is so for the first time in this process.
    pub fn became_ready(&self, uid: &str) -> bool {
        lock(&self.ready).insert(Uid::of(uid))
    }

    /// Takes what is remembered of an object that stands for many small remotes, until it is put back.
    pub fn take_set(&self, uid: &str, now: Instant) -> Memory {
        lock(&self.sets).remove(&Uid::of(uid)).unwrap_or_else(|| Memory::new(now))
    }

    /// Remembers this of the object.
    pub fn put_set(&self, uid: &str, memory: Memory) {
        lock(&self.sets).insert(Uid::of(uid), memory);
    }

    /// The object is gone.
    pub fn forget(&self, uid: &str) {
        lock(&self.all).remove(uid);
        lock(&self.sets).remove(&Uid::of(uid));
        lock(&self.ready).remove(&Uid::of(uid));
    }

    /// The object is gone. If its newest attempt may have executed, the next object of its name inherits the doubt.
    pub fn lost(&self, object: &ObjectFacts, recorded: &Recorded) {
        let newest = object.intent.own().and_then(|intent| intent.newest());
        let unended = newest.filter(|nonce| recorded.attempt.as_ref().is_none_or(|attempt| attempt.nonce != **nonce));
        let in_doubt = |nonce| lock(&self.all).get(&object.uid).is_some_and(|state| !state.is_over(nonce));
        if unended.is_some_and(in_doubt) {
            lock(&self.left).insert(name(object), Instant::now());
        }
        self.forget(&object.uid);
    }

    /// Did an object of this name go while its create was in doubt?
    #[must_use]
    pub fn has_left_a_doubt(&self, object: &ObjectFacts) -> bool {
        let left = lock(&self.left);
        !left.is_empty() && left.contains_key(&name(object))
    }

    /// The doubt about that attempt is over: the name does not hold it any more.
    pub fn found(&self, object: &ObjectFacts) {
        lock(&self.left).remove(&name(object));
    }

    /// Forgets what cannot matter any more, and gives the room back.
    pub fn tidy(&self, list_lag: Duration) {
        let now = Instant::now();
        lock(&self.left).retain(|_, since| now.saturating_duration_since(*since) < LEFT);
        let mut all = lock(&self.all);
        all.retain(|_, state| !state.is_idle(now, list_lag));
        let room = (all.len() * 2).max(64);
        all.shrink_to(room);
    }

    /// How many objects are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.all).len()
    }

    /// No object is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn name(object: &ObjectFacts) -> Name {
    (object.namespace.clone(), object.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::intent::{Attempt, Intent};
    use crate::plan::object::Stored;
    use crate::plan::recorded::{Ended, Outcome};
    use crate::remote::id::RemoteId;

    #[tokio::test(start_paused = true)]
    async fn only_an_attempt_that_may_have_executed_is_left_to_the_next_object_of_its_name() {
        let states = ObjectStates::default();
        let mut view = crate::plan::marked::tests::view();
        let attempt = Attempt { nonce: "c1".into(), hash: String::new() };
        let intent = Intent::default().with(attempt, None);
        let leaves = |object: &ObjectFacts, recorded: &Recorded, change: &dyn Fn(&mut ObjectState)| {
            states.with(&object.uid, |state| {
                state.process(object, Instant::now(), "");
                change(state);
            });
            states.lost(object, recorded);
            let left = states.has_left_a_doubt(object);
            states.found(object);
            left
        };
        assert!(!leaves(&view.object, &view.recorded, &|_| ()), "nothing was tried");
        view.object.intent = Stored::Own(intent);
        assert!(leaves(&view.object, &view.recorded, &|_| ()));
        assert!(!leaves(&view.object, &view.recorded, &ObjectState::resolve));
        assert!(!leaves(&view.object, &view.recorded, &|state| state.never_executed = Some("c1".into())));
        assert!(leaves(&view.object, &view.recorded, &|state| state.never_executed = Some("c0".into())));
        let resolved_before = |state: &mut ObjectState| {
            state.resolve();
            state.doubt.nonce = Some("c0".into());
        };
        assert!(leaves(&view.object, &view.recorded, &resolved_before));
        let outcome = Outcome::Refused;
        let mut ended = |nonce: &str| {
            view.recorded.attempt = Some(Ended { nonce: nonce.into(), outcome });
            leaves(&view.object, &view.recorded, &|_| ())
        };
        assert_eq!((ended("c1"), ended("c0")), (false, true));

        states.lost(&view.object, &view.recorded);
        assert!(!states.has_left_a_doubt(&view.object), "we let go of it: nothing is remembered");
        states.with(&view.object.uid, |_| ());
        states.lost(&view.object, &view.recorded);
        tokio::time::advance(LEFT / 2).await;
        states.tidy(Duration::ZERO);
        assert!(states.has_left_a_doubt(&view.object));
        tokio::time::advance(LEFT).await;
        states.tidy(Duration::ZERO);
        assert!(!states.has_left_a_doubt(&view.object));
    }

    #[tokio::test(start_paused = true)]
    async fn a_settled_object_is_forgotten_once_lists_show_what_we_wrote() {
        let (states, lag) = (ObjectStates::default(), Duration::from_secs(5));
        assert!(states.shown("uid", "7"), "an object that nothing is remembered of");
        states.with("uid", |state| {
            state.echo.wrote(Some("8".into()), true);
            state.recorded = Some((RemoteId::new("d-1"), Instant::now()));
            state.calm();
        });
        states.tidy(lag);
        assert_eq!(states.len(), 1, "the watch has not shown it yet");
        assert!(!states.shown("uid", "8"));
        states.tidy(lag);
        assert_eq!(states.len(), 1, "a list may not show it yet");
        tokio::time::advance(lag * 2).await;
        states.with("other", |state| state.failures = 1);
        states.tidy(lag);
        assert_eq!(states.len(), 1, "only the one that fails");
        assert!(states.became_ready("uid") && !states.became_ready("uid"));
    }
}
