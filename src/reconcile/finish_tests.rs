//! Which reports are written, which are held back and for how long, and when to look again: decisions on values.

use super::*;
use crate::plan::marked::tests::view;
use crate::plan::recorded::LastError;

const MINUTE: Duration = Duration::from_secs(60);

fn working(reason: Reason, next: Next) -> Report {
    Report::working(reason, "now", next)
}

/// A call that failed, tried again after `next`.
fn failed(reason: Reason, next: Next) -> Report {
    Report {
        error: Some(LastError { code: "ServiceUnavailable".into(), ..LastError::default() }),
        ..working(reason, next)
    }
}

fn available() -> Report {
    Report::new(Ready::Available("fine".into()), Next::Event)
}

/// The status after this report of generation 1.
fn told_of(report: &Report) -> Recorded {
    let empty = Recorded { observed_generation: -1, ..Recorded::default() };
    conditions::next_status(&empty, report, 1, jiff::Timestamp::UNIX_EPOCH)
}

#[test]
fn a_settled_object_is_left_as_it_is_told_through_a_short_trouble() {
    let (mut facts, outage) = (view().object, failed(Reason::CloudUnavailable, Next::Backoff));
    let stalled = told_of(&Report::stuck(Reason::InvalidSpec, "wrong"));
    for settled in [&told_of(&available()), &stalled] {
        assert_eq!(patience(&facts, settled, &outage), Patience::Grace);
        assert_eq!(patience(&facts, settled, &working(Reason::WriteRefused, Next::Backoff)), Patience::Grace);
        assert_eq!(patience(&facts, settled, &working(Reason::Progressing, Next::Event)), Patience::Grace, "a list");
        let edit = working(Reason::Progressing, Next::Backoff);
        assert_eq!(patience(&facts, settled, &edit), Patience::Short(None), "no failure");
    }
    assert_eq!(patience(&facts, &told_of(&working(Reason::Uncertain, Next::Event)), &outage), Patience::Short(None));
    facts.generation = 2;
    assert_eq!(patience(&facts, &stalled, &outage), Patience::Short(None), "status is about the generation before");
    facts.generation = 1;
    facts.deleting = true;
    assert_eq!(patience(&facts, &told_of(&available()), &outage), Patience::None, "nothing is Ready while it goes");
    assert_eq!(patience(&facts, &stalled, &outage), Patience::Short(None));
}

#[test]
fn what_status_tells_already_is_not_held_back_and_a_wait_for_something_else_is_news() {
    let facts = view().object;
    let (waits, other) = (working(Reason::DependencyNotReady, Next::Event), "another Dataset is not Ready");
    assert_eq!(patience(&facts, &told_of(&waits), &waits), Patience::None);
    let news = Report::working(Reason::DependencyNotReady, other, Next::Event);
    assert_eq!(patience(&facts, &told_of(&waits), &news), Patience::Short(Some(other)));
    for told in
        [available(), Report::stuck(Reason::InvalidSpec, "wrong"), Report::new(Ready::Paused("p".into()), Next::Event)]
    {
        assert_eq!(patience(&facts, &Recorded::default(), &told), Patience::None, "{told:?}");
    }
}

#[test]
fn a_report_that_is_held_back_is_told_in_time_whatever_the_pass_would_wait_for() {
    assert_eq!((PATIENCE, GRACE), (Duration::from_secs(5), 5 * MINUTE));
    for patience in [PATIENCE, GRACE] {
        for waited in [Duration::ZERO, patience / 2, patience.saturating_sub(Duration::from_millis(1))] {
            let left = patience.saturating_sub(waited);
            let after = |next| held_back(&failed(Reason::CloudUnavailable, next), patience, waited);
            assert_eq!(after(Next::Event), Some(Again::After(left)));
            assert_eq!(after(Next::After(60 * MINUTE)), Some(Again::After(left)));
            assert_eq!(after(Next::After(Duration::from_millis(1))), Some(Again::After(Duration::from_millis(1))));
            let most = left.max(Duration::from_secs(1));
            assert_eq!(after(Next::Backoff), Some(Again::Backoff { least: Duration::ZERO, most }));
        }
        for next in [Next::Event, Next::After(MINUTE), Next::Backoff] {
            assert_eq!(held_back(&failed(Reason::CloudUnavailable, next), patience, patience), None);
        }
    }
}

#[test]
fn a_long_wait_is_told_at_once() {
    let held = |reason, next| held_back(&working(reason, next), GRACE, Duration::ZERO).is_some();
    assert!(!held(Reason::Queued, Next::After(Duration::from_secs(1))));
    assert!(!held(Reason::Throttled, Next::After(GRACE)));
    assert!(held(Reason::Throttled, Next::After(GRACE / 2)) && held(Reason::Throttled, Next::Backoff));
    assert!(held(Reason::CloudUnavailable, Next::After(GRACE)), "no wait that the service asked for");
    assert_eq!(held_back(&available(), GRACE, Duration::ZERO), None);
}

#[test]
fn what_a_person_mends_where_no_event_comes_from_is_tried_soon_and_the_rest_hourly() {
    let stuck = |reason| told(&Report { next: Next::Backoff, ..Report::stuck(reason, "m") });
    for reason in Reason::ALL.iter().copied().filter(|reason| reason.stalled()) {
        let outside = [Reason::CredentialsInvalid, Reason::AccessDenied, Reason::DeletionBlocked].contains(&reason);
        let least = if outside { Duration::ZERO } else { 60 * MINUTE };
        assert_eq!(stuck(reason), Again::Backoff { least, most: Duration::MAX }, "{reason:?}");
    }
    let any = Again::Backoff { least: Duration::ZERO, most: Duration::MAX };
    assert_eq!(told(&working(Reason::CloudUnavailable, Next::Backoff)), any);
    assert_eq!(told(&available()), Again::OnChange);
    assert_eq!(told(&Report { next: Next::After(MINUTE), ..available() }), Again::After(MINUTE));
    assert_eq!(told(&working(Reason::DependencyNotReady, Next::Event)), Again::After(FALLBACK), "an event may be lost");
}

#[test]
fn what_an_object_turned_to_is_told_once_and_everything_that_stalls_it() {
    for reason in Reason::ALL.iter().copied() {
        let report = if reason.stalled() { Report::stuck(reason, "m") } else { working(reason, Next::Event) };
        let news = turned(&told_of(&available()), &report);
        assert_eq!(news.map(|(reason, _)| reason), reason.is_told().then_some(reason));
        assert!(reason.is_told() || !reason.stalled(), "{reason:?} needs a person");
        assert_eq!(turned(&told_of(&report), &report), None, "{reason:?} was told");
    }
    let blocked = Report::stuck(Reason::DeletionBlocked, "versions");
    assert_eq!(turned(&told_of(&available()), &blocked), Some((Reason::DeletionBlocked, "versions")));
    assert_eq!(turned(&told_of(&blocked), &available()), None, "being ready again is told by what was done");
    for paused in [Ready::Paused("p".into()), Ready::PausedReady("p".into())] {
        let report = Report::new(paused, Next::Event);
        assert_eq!(turned(&told_of(&available()), &report), Some((Reason::Paused, "p")));
        assert_eq!(turned(&told_of(&report), &report), None);
    }
}

#[test]
fn duplicates_and_what_the_service_normalises_are_told_when_they_are_found_and_not_again() {
    let report = Report { duplicates: Some("d-2".into()), normalised: Some("spec.options".into()), ..available() };
    let both = [(EventReason::DuplicatesFound, "d-2"), (EventReason::ServiceNormalises, "spec.options")];
    assert_eq!(found(&told_of(&available()), &report), both);
    assert_eq!(found(&told_of(&report), &report), []);
    let drifted = Report { drifted: Some("spec.description".into()), ..available() };
    assert_eq!(found(&told_of(&drifted), &report), both, "drift is something else");
    assert_eq!(found(&told_of(&report), &available()), []);
}
