//! An object that waits long for the rate limiter says so once in status: how many are before it, and about how long.
//!
//! There are at most ten such writes a second over all objects, only for objects that then still have more than half a
//! minute to wait, and none where status shows something that matters more.

use std::sync::Mutex;
use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::api::condition::Reason;
use crate::cloud::Ahead;
use crate::lock::lock;
use crate::plan::create_state::CreateState;
use crate::plan::recorded::Recorded;
use crate::plan::report::Report;
use crate::plan::view::View;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::{Flow, Pass};

/// A shorter wait is not worth a write.
const LONG: Duration = Duration::from_secs(30);
/// Time between two such writes, over all objects.
const GAP: Duration = Duration::from_millis(100);
/// An object whose turn is this near does not report its wait any more.
const NEAR: Duration = Duration::from_secs(5);

/// The times at which objects may report that they wait in line.
#[derive(Debug, Default)]
pub struct Slots(Mutex<Option<Instant>>);

impl Slots {
    /// A time for the report of an object whose turn is at `due`. `None` if its wait would be too short by then.
    fn take(&self, now: Instant, due: Instant) -> Option<Instant> {
        let mut next = lock(&self.0);
        let at = next.map_or(now, |next| next.max(now));
        if due.saturating_duration_since(at) <= LONG {
            return None;
        }
        *next = Some(at + GAP);
        Some(at)
    }
}

/// What an object does until its turn.
#[derive(Debug, PartialEq, Eq)]
enum Meanwhile {
    /// It reports that it waits.
    Say(Ahead),
    /// It comes back at this time to report that.
    ComeBack(Instant),
    /// It just waits.
    Wait,
}

impl<K: AnyKind> Pass<'_, K> {
    /// Ends the reconcile, which holds nothing. The object comes back after `wait`, when its turn is.
    /// `may_say`: its status may say that it waits.
    pub(super) async fn wait_in_line(&mut self, may_say: bool, wait: Duration) -> Flow {
        let now = Instant::now();
        self.ctx.metrics.in_line(K::NAME, &self.facts.namespace, &self.facts.name);
        match self.meanwhile(may_say, now) {
            Meanwhile::Say(ahead) => {
                let mut report = Report::queued(ahead.before, ahead.due.saturating_duration_since(now), wait);
                // This reconcile looked for no duplicates, so those that status shows stay.
                report.duplicates = self.recorded.condition("DuplicatesFound").map(|told| told.message.clone());
                Flow::End(self.finish(report).await)
            }
            Meanwhile::ComeBack(at) => Flow::End(Action::requeue(wait.min(at.saturating_duration_since(now)))),
            Meanwhile::Wait => Flow::End(Action::requeue(wait)),
        }
    }

    fn meanwhile(&self, may_say: bool, now: Instant) -> Meanwhile {
        let Some(ahead) = self.account.client.limiter().ahead(&self.facts.uid).filter(|_| may_say) else {
            return Meanwhile::Wait;
        };
        self.ctx.states.with(&self.facts.uid, |state| {
            match state.slot.or_else(|| self.ctx.slots.take(now, ahead.due)) {
                Some(at) if at > now => {
                    state.slot = Some(at);
                    Meanwhile::ComeBack(at)
                }
                Some(_) => {
                    state.slot = None;
                    let long = ahead.due.saturating_duration_since(now) > NEAR;
                    if long { Meanwhile::Say(ahead) } else { Meanwhile::Wait }
                }
                None => Meanwhile::Wait,
            }
        })
    }
}

/// May status say that the object waits in line? Not in place of a report that matters more: that the remote equals its
/// spec, a create is in doubt, or somebody must know or do something.
pub(super) fn may_say(view: &View) -> bool {
    !view.carried_out() && view.create_state() != CreateState::Uncertain && says_little(&view.recorded)
}

/// Does `Ready` say nothing that matters more than a wait in line?
pub(super) fn says_little(recorded: &Recorded) -> bool {
    let weaker = [Reason::Available, Reason::Progressing, Reason::DependencyNotReady].map(Reason::as_str);
    recorded.condition("Ready").is_none_or(|ready| weaker.contains(&&*ready.reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Lane, Limiter, Operation, Reservation};
    use crate::plan::marked::tests::view;
    use crate::plan::report::{Next, Ready};
    use crate::reconcile::conditions;

    #[tokio::test(start_paused = true)]
    async fn of_a_burst_ten_a_second_say_it_and_only_who_still_waits_long() {
        let (slots, began) = (Slots::default(), Instant::now());
        // Ten thousand objects come at once and are served in 102 s.
        let due = |number: u32| began + Duration::from_secs(1) * number / 98;
        let said: Vec<_> =
            (0..10_000).filter_map(|number| Some((slots.take(began, due(number))?, due(number)))).collect();
        assert!((700..=730).contains(&said.len()), "{} writes for 10,000 creates", said.len());
        assert!(said.iter().all(|(at, due)| *due - *at > LONG));
        for (place, (at, _)) in said.iter().enumerate() {
            let within = said[place..].iter().filter(|(other, _)| *other < *at + Duration::from_secs(1)).count();
            assert!(within <= 10, "{within} from {:?} on", *at - began);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_slow_limit_everyone_says_it_who_waits_long() {
        let (limiter, slots) = (Limiter::new(1.0).unwrap(), Slots::default());
        let mut said = Vec::new();
        for number in 0..60 {
            let uid = format!("uid-{number}");
            if let Reservation::At(_) = limiter.reserve(&uid, Lane::Create, Operation::CreateDataset) {
                let ahead = limiter.ahead(&uid).unwrap();
                said.extend(slots.take(Instant::now(), ahead.due).map(|_| ahead.before));
            }
        }
        let (first, last) = (*said.first().unwrap(), *said.last().unwrap());
        // One permit is granted at once; of the objects that wait, the last one has 58 before it.
        assert!((28..=31).contains(&first) && last == 58, "{said:?}");
        assert!(said.len() >= 26, "{said:?}");
    }

    #[test]
    fn it_is_not_said_over_what_matters_more() {
        let told = |ready: Ready, generation: i64| {
            let mut view = view();
            let report = Report::new(ready, Next::Event);
            view.recorded = conditions::next_status(&view.recorded, &report, generation, jiff::Timestamp::UNIX_EPOCH);
            may_say(&view)
        };
        assert!(may_say(&view()), "nothing is said yet");
        assert!(told(Ready::Working(Reason::DependencyNotReady, String::new()), 1));
        assert!(told(Ready::Available(String::new()), 0), "an edit waits");
        assert!(!told(Ready::Available(String::new()), 1), "it is settled");
        for reason in [Reason::Queued, Reason::Uncertain, Reason::CloudUnavailable, Reason::DeletionBlocked] {
            assert!(!told(Ready::Working(reason, String::new()), 1), "{reason}");
        }
        assert!(!told(Ready::Stuck(Reason::NameTaken, String::new()), 1));
        assert!(!told(Ready::Paused(String::new()), 1));
        let mut doubtful = view();
        doubtful.object.finalizer = true;
        assert_eq!(doubtful.create_state(), CreateState::Uncertain);
        assert!(!may_say(&doubtful));
    }
}
