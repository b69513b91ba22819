//! What this process remembers of one object. None of it is needed for safety after a restart: losing it only makes the
//! operator wait (the grace period of a doubt starts again).

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::plan::object::ObjectFacts;
use crate::plan::view::{OperatorConfig, StateView};
use crate::reconcile::named::Known;
use crate::reconcile::own_writes::OwnWrites;
use crate::reconcile::repairs::Repairs;
use crate::remote::id::RemoteId;
use crate::remote::place::UPDATE_LAG;

/// What is remembered of one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectState {
    /// The newest nonce and when this process first saw it.
    pub doubt: Uncertainty,
    /// A nonce that this process knows was never executed.
    pub never_executed: Option<String>,
    /// When the newest attempt was answered "name taken".
    pub name_taken: Option<Instant>,
    /// When this process first saw that the object is being deleted.
    pub deleting_since: Option<Instant>,
    /// This process wrote into the intent that a delete is sent.
    pub claimed_delete: bool,
    /// When the last delete was sent, until it is answered.
    pub sent_delete: Option<Instant>,
    /// The last delete before it that was never answered and may still take effect: when it was sent, or when this
    /// process learnt of it.
    pub unanswered_delete: Option<Instant>,
    /// When this process last changed the remote.
    pub edited: Option<Instant>,
    /// The run that the service was last asked to stop, and when.
    pub stopped: Option<(RemoteId, Instant)>,
    /// The id this process recorded, and when.
    pub recorded: Option<(RemoteId, Instant)>,
    /// Our own writes, until the watch shows them.
    pub echo: OwnWrites,
    /// A reconcile found everything as it should be.
    pub settled: bool,
    /// Failed reconciles in a row.
    pub failures: u32,
    /// The object is not reconciled before this time, unless its [fingerprint](crate::reconcile::pass) changes.
    pub cooldown: Option<(String, Instant)>,
    /// When this process last read the recorded remote.
    pub read: Option<Instant>,
    /// When the object began to wait for something.
    pub waiting_since: Option<Instant>,
    /// The message about its wait, if status shows another one with the same reason.
    pub news: Option<String>,
    /// When a settled object began to fail.
    pub failing_since: Option<Instant>,
    /// When the object began to wait for a permit.
    pub permit_since: Option<Instant>,
    /// Other objects that wait for its remote were warned that it is being deleted.
    pub warned: bool,
    /// Since when writes of ours get no clear answer.
    pub unwritten: Option<Instant>,
    /// The refused write that was last reported by an event, because status could not be written.
    pub refused: Option<String>,
    /// Updates of fields that the service may keep in another form.
    pub repairs: Repairs,
    /// When the object may report that it waits for a permit.
    pub slot: Option<Instant>,
    /// The warnings that were sent about annotations, as long as those stay.
    pub warned_of: Vec<String>,
    /// What was last known of the Secret that the remote takes a text from.
    pub secret: Option<Known>,
}

/// Progress in resolving the doubt about one nonce.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uncertainty {
    /// The newest nonce, if there is one.
    pub nonce: Option<String>,
    /// When this process first saw it.
    pub since: Instant,
    /// Complete lists by owner mark since then.
    pub lists: u32,
    /// How many of them ended after the grace period.
    pub settled_lists: u32,
    /// The doubt is over: nothing came of the attempt, or its remote is known.
    pub resolved: bool,
}

impl ObjectState {
    /// The state of an object that this process sees for the first time.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            doubt: Uncertainty { nonce: None, since: now, lists: 0, settled_lists: 0, resolved: false },
            never_executed: None,
            name_taken: None,
            deleting_since: None,
            claimed_delete: false,
            sent_delete: None,
            unanswered_delete: None,
            edited: None,
            stopped: None,
            recorded: None,
            echo: OwnWrites::default(),
            settled: false,
            failures: 0,
            cooldown: None,
            read: None,
            waiting_since: None,
            news: None,
            failing_since: None,
            permit_since: None,
            warned: false,
            unwritten: None,
            refused: None,
            repairs: Repairs::default(),
            slot: None,
            warned_of: Vec::new(),
            secret: None,
        }
    }

    /// A Secret that has changed is worth a try at once.
    pub fn meets_secret(&mut self, known: Known) {
        if self.secret.as_ref() != Some(&known) {
            self.cooldown = None;
            self.secret = Some(known);
        }
    }

    /// What a decision may know of the object. The grace period of a nonce not seen before starts now.
    pub fn process(&mut self, object: &ObjectFacts, now: Instant, fresh: &str) -> StateView {
        let nonce = object.intent.own().and_then(|intent| intent.newest()).map(str::to_owned);
        if self.doubt.nonce != nonce {
            self.doubt = Uncertainty { nonce, since: now, lists: 0, settled_lists: 0, resolved: false };
            self.name_taken = None;
        }
        if object.intent.own().is_some_and(|intent| intent.delete_sent) && !self.claimed_delete {
            // An earlier process may have sent it.
            self.unanswered_delete.get_or_insert(now);
        }
        if object.deleting {
            self.deleting_since.get_or_insert(now);
        }
        let deleting_since = self.deleting_since.unwrap_or(now);
        StateView {
            deleting_age: now.saturating_duration_since(deleting_since),
            uncertain_for: now.saturating_duration_since(self.doubt.since),
            lists: self.doubt.lists,
            settled_lists: self.doubt.settled_lists,
            resolved: self.doubt.resolved,
            never_executed: self.never_executed.clone(),
            name_taken: self.name_taken.map(|since| now.saturating_duration_since(since)),
            delete_age: self.sent_delete.or(self.unanswered_delete).map(|since| now.saturating_duration_since(since)),
            edited_age: self.edited.map(|since| now.saturating_duration_since(since)),
            recorded_age: self.recorded.as_ref().map(|(_, since)| now.saturating_duration_since(*since)),
            read_age: self.read.map(|since| now.saturating_duration_since(since)),
            predecessor_uncertain: false,
            futile: self.repairs.futile(object),
            stopped: self.stopped.as_ref().map(|(id, since)| (id.clone(), now.saturating_duration_since(*since))),
            now: Timestamp::UNIX_EPOCH,
            fresh: fresh.to_owned(),
        }
    }

    /// A complete list by owner mark was read, whose first request was sent at `since`.
    pub fn listed(&mut self, world: &OperatorConfig, since: Instant) {
        self.doubt.lists += 1;
        if since.saturating_duration_since(self.doubt.since) >= world.settle {
            self.doubt.settled_lists += 1;
        }
    }

    /// Our delete of this remote was acknowledged, so the object does not wait for the list lag after its create.
    pub fn deleted(&mut self, id: &RemoteId) {
        self.recorded.take_if(|(recorded, _)| recorded == id);
    }

    /// A delete of the remote is sent now.
    pub fn sends_delete(&mut self, now: Instant) {
        self.unanswered_delete = self.sent_delete.replace(now).or(self.unanswered_delete);
    }

    /// The service is asked to stop this run now.
    pub fn asks_to_stop(&mut self, id: &RemoteId, now: Instant) {
        self.stopped = Some((id.clone(), now));
    }

    /// The delete was answered, so it does nothing later. (An earlier one that was not answered still may.)
    pub const fn answered_delete(&mut self) {
        self.sent_delete = None;
    }

    /// The doubt about the newest nonce is over.
    pub const fn resolve(&mut self) {
        self.doubt.resolved = true;
    }

    /// Does this process know that nothing more can come of the attempt with this nonce?
    pub(super) fn is_over(&self, nonce: &str) -> bool {
        let resolved = self.doubt.resolved && self.doubt.nonce.as_deref() == Some(nonce);
        resolved || self.never_executed.as_deref() == Some(nonce)
    }

    /// The API server took a write of ours.
    pub fn written(&mut self) {
        self.unwritten = None;
        self.refused = None;
    }

    /// How long the object has been waiting, counted from the first call with this `news`.
    pub fn waiting(&mut self, now: Instant, news: Option<&str>) -> Duration {
        if self.news.as_deref() != news {
            self.news = news.map(str::to_owned);
            self.waiting_since = None;
        }
        now.saturating_duration_since(*self.waiting_since.get_or_insert(now))
    }

    /// How long a settled object has been failing, counted from the first call.
    pub fn failing(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.failing_since.get_or_insert(now))
    }

    /// Everything is fine: the object neither waits nor fails.
    pub fn calm(&mut self) {
        self.written();
        self.settled = true;
        self.failures = 0;
        self.cooldown = None;
        self.waiting_since = None;
        self.news = None;
        self.failing_since = None;
    }

    /// Nothing is remembered that could still matter: the object is settled, and lists show what we wrote.
    pub(super) fn is_idle(&self, now: Instant, list_lag: Duration) -> bool {
        let fresh =
            |since: Option<Instant>| since.is_some_and(|since| now.saturating_duration_since(since) <= list_lag);
        let doubt = self.doubt.lists > 0 || self.never_executed.is_some() || self.name_taken.is_some();
        let waits = self.waiting_since.is_some() || self.failing_since.is_some() || self.permit_since.is_some();
        let edited = self.edited.is_some_and(|since| now.saturating_duration_since(since) <= UPDATE_LAG);
        let written = self.unwritten.is_none() && self.refused.is_none();
        let calm = written && self.failures == 0 && self.cooldown.is_none() && self.deleting_since.is_none();
        let told = self.warned_of.is_empty() && self.read.is_none() && self.echo.is_silent();
        self.settled
            && calm
            && told
            && self.repairs.is_idle(now)
            && !doubt
            && !waits
            && !edited
            && !fresh(self.recorded.as_ref().map(|(_, since)| *since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_nonce_has_a_settle_time_of_its_own_and_only_lists_after_it_count() {
        let mut view = crate::plan::marked::tests::view();
        let settle = view.config.settle;
        let mut state = ObjectState::new(Instant::now());
        let mut seen = async |nonce: &str, waited: Duration, lists: u32| {
            view.object.intent = crate::plan::object::Stored::Own(
                crate::plan::intent::Intent::default()
                    .with(crate::plan::intent::Attempt { nonce: nonce.into(), hash: String::new() }, None),
            );
            state.process(&view.object, Instant::now(), "");
            tokio::time::advance(waited).await;
            for _ in 0..lists {
                state.listed(&view.config, Instant::now());
            }
            let process = state.process(&view.object, Instant::now(), "");
            (process.uncertain_for, process.lists, process.settled_lists)
        };
        assert_eq!(seen("c1", settle / 2, 1).await, (settle / 2, 1, 0), "too early to count");
        assert_eq!(seen("c1", settle / 2, 2).await, (settle, 3, 2));
        assert_eq!(seen("c2", settle / 2, 1).await, (settle / 2, 1, 0), "another one");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_delete_says_nothing_of_an_earlier_one() {
        let second = Duration::from_secs(1);
        let mut object = crate::plan::marked::tests::view().object;
        let age = |state: &mut ObjectState, object: &ObjectFacts| state.process(object, Instant::now(), "").delete_age;
        object.deleting = true;
        let mut state = ObjectState::new(Instant::now());
        assert_eq!(age(&mut state, &object), None);
        object.intent =
            crate::plan::object::Stored::Own(crate::plan::intent::Intent { delete_sent: true, ..Default::default() });
        state.claimed_delete = true;
        assert_eq!(age(&mut state, &object), None, "this process wrote that, and has sent nothing yet");
        state.sends_delete(Instant::now());
        tokio::time::advance(second).await;
        assert_eq!(age(&mut state, &object), Some(second));
        state.sends_delete(Instant::now());
        assert_eq!(age(&mut state, &object), Some(Duration::ZERO));
        state.answered_delete();
        assert_eq!(age(&mut state, &object), Some(second), "the first is still on its way");
        let mut next = ObjectState::new(Instant::now());
        next.deleting_since = Some(Instant::now());
        assert_eq!(age(&mut next, &object), Some(Duration::ZERO), "an earlier process sent it");
        tokio::time::advance(second).await;
        next.sends_delete(Instant::now());
        next.answered_delete();
        assert_eq!(age(&mut next, &object), Some(second));
    }
}
