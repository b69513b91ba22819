//! What each way in which a write to the object fails means, as tables.

use std::time::Duration;

use super::*;
use crate::api::condition::Reason;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::tests::view;
use crate::plan::object::Stored;
use crate::plan::report::{Next, Ready, Report};

const FAILURES: [NotWritten; 5] =
    [NotWritten::Refused, NotWritten::Conflict, NotWritten::NotFound, NotWritten::Untrue, NotWritten::Unclear];

#[test]
fn a_claim_is_known_by_its_nonce_whatever_was_answered() {
    let attempt = |nonce: &str| Attempt { nonce: nonce.to_owned(), hash: String::new() };
    let (ours, other) = (Intent::default().with(attempt("c1"), None), Intent::default().with(attempt("c2"), None));
    let mut now = view().object;
    now.finalizer = true;
    let mut then = |stored: &Intent, finalizer: bool| {
        (now.intent, now.finalizer) = (Stored::Own(stored.clone()), finalizer);
        FAILURES.map(|error| after_claim(error, &ours, &now))
    };
    let (not_stored, again, not_sent) = (ClaimAfter::NotStored, ClaimAfter::Again, ClaimAfter::NotSent);
    let stored = ClaimAfter::Stored;
    assert_eq!(then(&ours, true), [not_stored, stored, stored, stored, stored]);
    assert_eq!(then(&ours, false), [not_stored, again, not_sent, not_sent, not_sent]);
    assert_eq!(then(&other, true), [not_stored, again, not_sent, not_sent, not_sent]);
    assert_eq!(FAILURES.map(NotWritten::may_be_stored), [false, true, true, true, true], "and is read");
}

#[test]
fn a_record_is_tried_again_unless_nobody_is_there_to_be_told() {
    let millis = |failed| FAILURES.map(|error| records_again(error, failed).map(|wait| wait.as_millis()));
    assert_eq!(millis(0), [None, Some(250), Some(0), Some(0), Some(250)]);
    assert_eq!(millis(2), [None, Some(1000), Some(0), Some(0), Some(1000)]);
    assert_eq!(millis(RECORD_TRIES - 1), [None; 5]);
    assert_eq!(FAILURES.map(NotWritten::misses_its_object), [true, false, true, true, false]);
}

#[test]
fn an_id_that_is_there_is_never_overwritten() {
    for (before, now, then) in [
        (None, None, Unrecorded::Release),
        (Some(1), None, Unrecorded::Release),
        (None, Some(None), Unrecorded::Retry),
        (Some(1), Some(Some(1)), Unrecorded::Retry),
        (None, Some(Some(2)), Unrecorded::Retry),
        (None, Some(Some(3)), Unrecorded::Surplus),
        (Some(1), Some(None), Unrecorded::Surplus),
        (Some(1), Some(Some(3)), Unrecorded::Surplus),
    ] {
        let now: Option<Option<i32>> = now;
        assert_eq!(after_unrecorded(&2, before.as_ref(), now.as_ref().map(Option::as_ref)), then, "{before:?} {now:?}");
    }
}

#[test]
fn only_a_settled_object_that_nothing_else_is_wanted_of_ends_with_its_record() {
    assert!(ends_with_its_record(true, false, false));
    for (settled, deleting, polled) in [(false, false, false), (true, true, false), (true, false, true)] {
        assert!(!ends_with_its_record(settled, deleting, polled));
    }
}

#[test]
fn a_refused_create_cools_down_unless_someone_spoke_or_deletes() {
    let wait = Duration::from_secs(9);
    let stuck = |next| Report::new(Ready::Stuck(Reason::InvalidSpec, String::new()), next);
    let report = stuck(Next::After(wait));
    assert_eq!(after_refuse(&report, true, true), RefuseAfter::LetGo);
    assert_eq!(after_refuse(&report, false, true), RefuseAfter::Soon);
    assert_eq!(after_refuse(&report, false, false), RefuseAfter::Ended(Some(wait)));
    assert_eq!(after_refuse(&stuck(Next::Backoff), false, false), RefuseAfter::Ended(None));
    let working = Report::working(Reason::DependencyNotReady, "", Next::After(wait));
    assert_eq!(after_refuse(&working, false, false), RefuseAfter::Ended(None));
}

#[test]
fn a_finalizer_is_off_once_the_object_is_gone() {
    let (gone, reread, failed) = (FinalizerAfter::Gone, FinalizerAfter::Reread, FinalizerAfter::Failed);
    assert_eq!(FAILURES.map(after_finalizer), [failed, reread, gone, failed, failed]);
}
