//! What each class of failure means for each call, as tables: a new class is a new row.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass, Malformed, Operation, Unauthorised};
use crate::kinds::{dataset, version};
use crate::plan::edit::{Edit, Purpose};
use crate::plan::marked::tests::view;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::{JOBS, RemoteId, VERSIONS};
use crate::remote::mark::Labels;
use crate::remote::mark::RawMark;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const CLASSES: [ErrorClass; 11] = [
    ErrorClass::Transient,
    ErrorClass::Throttled { after: None },
    ErrorClass::QuotaExceeded,
    ErrorClass::Refused,
    ErrorClass::Unexplained,
    ErrorClass::NotFound,
    ErrorClass::NameTaken,
    ErrorClass::Unauthorised(Unauthorised::Credentials),
    ErrorClass::Unauthorised(Unauthorised::Permission),
    ErrorClass::Ambiguous,
    ErrorClass::Garbled,
];

fn error(class: ErrorClass) -> CallError {
    let malformed = Malformed { what: "no".into(), request_id: None };
    CallError { class, ..CallError::malformed(Operation::CreateDataset, malformed) }
}

fn remote() -> Arc<Remote> {
    Arc::new(Remote::labelled(RemoteId::new("d-1"), Labels::new(), Fields::new(), None))
}

fn reason(report: &Report) -> Reason {
    match &report.ready {
        Ready::Working(reason, _) | Ready::Stuck(reason, _) => *reason,
        ready @ (Ready::Available(_) | Ready::Paused(_) | Ready::PausedReady(_)) => panic!("{ready:?}"),
    }
}

#[test]
fn a_failed_create_is_over_refused_or_in_doubt() {
    let said = |class, gone| match after_create(&error(class), gone, NOW) {
        CreateAfter::NameTaken => "name taken".to_owned(),
        CreateAfter::Refused(report) => format!("refused {}", reason(&report)),
        CreateAfter::NeverExecuted(report) => format!("never executed {}", reason(&report)),
        CreateAfter::Uncertain => "in doubt".to_owned(),
    };
    let expected = [
        "never executed CloudUnavailable",
        "never executed Throttled",
        "refused QuotaExceeded",
        "refused InvalidSpec",
        "refused CloudUnavailable",
        "refused DependencyNotReady",
        "name taken",
        "refused CredentialsInvalid",
        "refused AccessDenied",
        "in doubt",
        "in doubt",
    ];
    assert_eq!(CLASSES.map(|class| said(class, false)), expected);
    assert_eq!(said(ErrorClass::Refused, true), "refused DependencyNotReady");
    let asked: Vec<_> = CLASSES.into_iter().filter(|class| may_lack_its_parent(&error(*class))).collect();
    assert_eq!(asked, [ErrorClass::Refused], "and only of these lists are asked");
}

#[test]
fn a_create_is_sent_within_its_deadline_of_the_claim_or_not_at_all() {
    let deadline = Duration::from_secs(5);
    assert!(is_late(None, deadline) && is_late(Some(deadline + Duration::from_nanos(1)), deadline));
    assert!(!is_late(Some(deadline), deadline) && !is_late(Some(Duration::ZERO), deadline));
}

#[test]
fn an_answer_is_anothers_if_it_is_known_under_another_mark_or_another_recorded_it() {
    let (ours, other) = (Some("c1"), Some("c2"));
    assert!(!names_another(None, &ours, false) && !names_another(Some(ours), &ours, false));
    assert!(names_another(Some(other), &ours, false) && names_another(Some(None), &ours, false));
    assert!(names_another(None, &ours, true) && names_another(Some(ours), &ours, true));
}

#[test]
fn a_refused_change_is_told_only_of_a_remote_that_was_read() {
    for class in CLASSES {
        let error = error(class);
        assert_eq!(reads_first(&error, false), class == ErrorClass::Refused, "{class:?}");
        assert!(!reads_first(&error, true), "{class:?}");
        for (gone, deleting) in [(false, false), (false, true), (true, false), (true, true)] {
            let after = match after_change(&error, gone, false, deleting, NOW) {
                ChangeAfter::NameRefused(report) => format!("name refused: {}", reason(&report)),
                ChangeAfter::Gone => "gone".to_owned(),
                ChangeAfter::Report(report) => reason(&report).as_str().to_owned(),
            };
            let expected = match class {
                ErrorClass::NameTaken => "name refused: NameTaken",
                ErrorClass::Refused if gone => "gone",
                ErrorClass::Refused if deleting => "DeletionBlocked",
                ErrorClass::Refused => "InvalidSpec",
                ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::Unexplained => "CloudUnavailable",
                ErrorClass::Throttled { .. } => "Throttled",
                ErrorClass::QuotaExceeded => "QuotaExceeded",
                ErrorClass::NotFound => "Progressing",
                ErrorClass::Unauthorised(Unauthorised::Credentials) => "CredentialsInvalid",
                ErrorClass::Unauthorised(Unauthorised::Permission) => "AccessDenied",
                ErrorClass::Garbled => "MalformedResponse",
            };
            assert_eq!(after, expected, "{class:?} {gone} {deleting}");
        }
    }
}

#[test]
fn what_may_have_been_changed_or_was_not_found_is_in_doubt() {
    let doubtful: Vec<_> = CLASSES.into_iter().filter(|class| leaves_a_doubt(&error(*class))).collect();
    assert_eq!(doubtful, [ErrorClass::NotFound, ErrorClass::Ambiguous, ErrorClass::Garbled]);
}

#[test]
fn only_an_acknowledged_delete_and_a_missing_remote_mean_gone() {
    assert_eq!(after_delete(Ok(()), false), DeleteAfter::Deleted);
    for class in CLASSES {
        let error = error(class);
        let is_kept = matches!(class, ErrorClass::Refused | ErrorClass::QuotaExceeded);
        let expected = if class == ErrorClass::NotFound { DeleteAfter::WasGone } else { DeleteAfter::Failed(&error) };
        assert_eq!(after_delete(Err(&error), false), expected);
        let expected = if is_kept { DeleteAfter::OneByOne } else { expected };
        assert_eq!(after_delete(Err(&error), true), expected);
    }
}

#[test]
fn a_failed_list_says_gone_or_nothing_or_asks_other_lists() {
    for class in CLASSES {
        let expected = match class {
            ErrorClass::NotFound => Some(true),
            ErrorClass::Unexplained => None,
            ErrorClass::Transient
            | ErrorClass::Throttled { .. }
            | ErrorClass::QuotaExceeded
            | ErrorClass::Refused
            | ErrorClass::NameTaken
            | ErrorClass::Unauthorised(_)
            | ErrorClass::Ambiguous
            | ErrorClass::Garbled => Some(false),
        };
        assert_eq!(says_gone(&error(class)), expected, "{class:?}");
    }
}

#[test]
fn a_restored_mark_is_told_unless_it_is_part_of_taking_the_remote() {
    let codec = dataset::PROFILE.codec;
    let (plain, mark) = (remote(), RawMark { owner: Some("o".to_owned()), ..RawMark::default() });
    let released = Remote { mark: Some(RawMark::default().into_released()), ..(*plain).clone() };
    let told = |edit: &Edit, in_flight| news_of(edit, codec.carrier(), in_flight).map(|(reason, _)| reason);
    let restored = Edit::mark(codec, &plain, &mark).unwrap();
    assert_eq!((told(&restored, false), told(&restored, true)), (Some(EventReason::MarkRestored), None));
    assert_eq!(told(&Edit::mark(codec, &released, &mark).unwrap(), false), None, "not all of it yet");
    assert_eq!(told(&Edit::clear_released(codec, &released).unwrap(), false), Some(EventReason::MarkRestored));
    assert_eq!(told(&Edit::release(codec, &plain).unwrap(), true), Some(EventReason::Retained));
    assert_eq!(
        told(&Edit::set_labels(codec.labels().unwrap(), &plain, &Labels::new(), Purpose::Spec(Vec::new())), false),
        None
    );
}

#[test]
fn a_place_is_swept_with_all_that_is_in_the_parent_or_needs_no_sweep() {
    for (workspace, children, parent_gone, swept) in [
        (Some(true), None, false, true),
        (Some(true), Some(true), false, true),
        (Some(true), Some(false), false, false),
        (Some(false), Some(true), false, false),
        (None, Some(true), false, false),
        (None, None, true, true),
    ] {
        assert_eq!(place_is_swept(workspace, children, parent_gone), swept, "{workspace:?} {children:?} {parent_gone}");
    }
}

#[test]
fn a_version_waits_for_nobody_who_deletes_its_dataset() {
    let (dataset, left) = (RemoteId::new("d-1"), Some(Duration::from_secs(3)));
    let report = waits_for_a_delete(&dataset::PROFILE, &dataset, left).unwrap();
    assert_eq!((reason(&report), report.next), (Reason::Uncertain, Next::After(Duration::from_secs(3))));
    assert_eq!(waits_for_a_delete(&dataset::PROFILE, &dataset, None), None);
    assert_eq!(waits_for_a_delete(&version::PROFILE, &dataset, left), None);
    assert!(waits_for_a_delete(&version::PROFILE, &dataset.join("v2"), left).is_some());
}

#[test]
fn only_reads_of_datasets_before_a_delete_are_shared() {
    let (mut view, id) = (view(), RemoteId::new("d-1"));
    assert!(!reads_shared(&view, &id, "w"));
    view.object.deleting = true;
    assert!(reads_shared(&view, &id, "w"));
    assert!(!reads_shared(&view, &id, "") && !reads_shared(&view, &id.join("v2"), "w"));
}

#[test]
fn a_remote_in_hand_is_looked_at_and_let_go_and_nothing_else() {
    let codec = dataset::PROFILE.codec;
    let mut view = view();
    let id = RemoteId::new("d-1");
    let label = Labels::from([("a".to_owned(), "b".to_owned())]);
    let taken = [
        Step::Read(id.clone()),
        Step::Look(Look::Owned),
        Step::Edit(Box::new(Edit::release(codec, &remote()).unwrap())),
        Step::RemoveFinalizer,
    ];
    for step in taken {
        assert_eq!(in_hand(&view, step.clone()), step);
    }
    let left = [
        Step::Reread,
        Step::Look(Look::Sweep),
        Step::Look(Look::Named("n".to_owned())),
        Step::Look(Look::Children(id.clone(), VERSIONS)),
        Step::Permit,
        Step::Create,
        Step::Resolve,
        Step::Edit(Box::new(Edit::set_labels(codec.labels().unwrap(), &remote(), &label, Purpose::Mark))),
        Step::Report(Box::new(Report::stuck(Reason::NameTaken, ""))),
        Step::Ignore,
        Step::Delete(id.clone()),
    ];
    for step in left {
        assert_eq!(in_hand(&view, step.clone()), Step::Ignore, "{step:?}");
    }
    let mark = view.config.identity.mark(&view.owner, &view.object.uid, "c1");
    let made = Arc::new(Remote { mark: Some(mark), ..(*remote()).clone() });
    view.observed.remotes.insert(id.clone(), Observation::Read(made));
    assert_eq!(in_hand(&view, Step::Delete(id.clone())), Step::Delete(id), "it carries the mark");
}

/// Once a violation in `tests/model`: a copy of an object that was gone knew of no attempt, and took the clone of its job
/// for the job.
#[test]
fn a_run_in_hand_is_deleted_only_if_it_was_made_in_this_reconcile() {
    let mut view = View { profile: &crate::kinds::job::PROFILE, ..view() };
    let id = RemoteId::new("d-1").within(JOBS, "j-1");
    let run = Remote { id: id.clone(), mark: Some(view.mark("c0000000000000001")), ..(*remote()).clone() };
    view.observed.remotes.insert(id.clone(), Observation::Read(Arc::new(run)));
    assert_eq!(in_hand(&view, Step::Delete(id.clone())), Step::Delete(id.clone()));
    view.recorded.recovered = true;
    assert_eq!(in_hand(&view, Step::Delete(id)), Step::Ignore);
}
