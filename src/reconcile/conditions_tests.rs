//! What GitOps tools expect of status, for every report after every other: the rules F1-F9, F11 of Flux's checker.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::plan::recorded::LastError;
use crate::plan::report::Next;

fn ready() -> impl Strategy<Value = Ready> {
    let reasons: Vec<Reason> = Reason::ALL.to_vec();
    let (stuck, working): (Vec<_>, Vec<_>) = reasons.into_iter().partition(|reason| reason.stalled());
    prop_oneof![
        Just(Ready::Available("fine".into())),
        (prop::sample::select(working), ".*").prop_map(|(reason, text)| Ready::Working(reason, text)),
        (prop::sample::select(stuck), ".*").prop_map(|(reason, text)| Ready::Stuck(reason, text)),
        Just(Ready::Paused("paused".into())),
        Just(Ready::PausedReady("paused".into())),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let note = || prop::option::of(Just("note".to_owned()));
    let error = prop::option::of((0..2_u8, 0..3_u8).prop_map(|(code, request)| LastError {
        code: code.to_string(),
        request_id: Some(request.to_string()),
        operation: "GetDataset".into(),
        time: "2026-01-01T00:00:00Z".into(),
    }));
    (ready(), note(), note(), error).prop_map(|(ready, drifted, duplicates, error)| {
        let error = error.filter(|_| matches!(ready, Ready::Working(..) | Ready::Stuck(..)));
        let about = Vec::new();
        Report {
            ready,
            drifted,
            normalised: None,
            duplicates,
            error,
            about,
            run: None,
            told: None,
            next: Next::After(Duration::ZERO),
        }
    })
}

fn is_true(status: &Recorded, kind: &str) -> bool {
    status.condition(kind).is_some_and(|condition| condition.status == "True")
}

fn flux(status: &Recorded, generation: i64) {
    let ready = status.condition("Ready").expect("F2");
    if ready.status == "True" {
        assert!(!is_true(status, "Reconciling") && !is_true(status, "Stalled"), "F1, F3, F4: {status:?}");
        for condition in &status.conditions {
            assert_eq!(condition.observed_generation, Some(generation), "F8, F9");
        }
    }
    assert!(!(status.condition("Reconciling").is_some() && status.condition("Stalled").is_some()), "F5");
    assert!(status.observed_generation <= generation, "F6");
    assert!(status.observed_generation == generation || ready.status != "True", "F7");
    assert!(ready.status != "Unknown" || is_true(status, "Reconciling"), "F11");
    let mut kinds: Vec<_> = status.conditions.iter().map(|condition| &condition.type_).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), status.conditions.len(), "a list-map by type");
    for condition in &status.conditions {
        assert!(condition.type_ == "Ready" || condition.status == "True", "present only while True");
        assert!(condition.reason.chars().all(char::is_alphanumeric) && !condition.reason.is_empty());
        assert!(condition.message.chars().count() <= 1000);
    }
}

proptest! {
    #[test]
    fn every_status_pleases_gitops_tools(reports in prop::collection::vec((report(), 0..2_i64), 1..6)) {
        let mut status = Recorded { observed_generation: -1, ..Recorded::default() };
        let (mut generation, mut now) = (1, Timestamp::UNIX_EPOCH);
        for (report, edits) in reports {
            generation += edits;
            now += jiff::SignedDuration::from_secs(60);
            let before = status.clone();
            status = next_status(&before, &report, generation, now);
            flux(&status, generation);
            for condition in &status.conditions {
                let same = before.condition(&condition.type_).filter(|old| old.status == condition.status);
                if let Some(old) = same {
                    prop_assert_eq!(&old.last_transition_time, &condition.last_transition_time);
                }
            }
            // The same report again causes no write.
            let again = next_status(&status, &report, generation, now + jiff::SignedDuration::from_secs(60));
            prop_assert_eq!(patch(&crate::kinds::dataset::PROFILE, "u", &status, &again), None);
        }
    }

    #[test]
    fn the_patch_turns_one_status_into_the_other(first in report(), second in report()) {
        let empty = Recorded { observed_generation: -1, ..Recorded::default() };
        let before = next_status(&empty, &first, 1, Timestamp::UNIX_EPOCH);
        let after = next_status(&before, &second, 2, Timestamp::UNIX_EPOCH);
        let mut object = json!({"metadata": {"uid": "u"}, "status": before.to_status(&crate::kinds::dataset::PROFILE)});
        if let Some(operations) = patch(&crate::kinds::dataset::PROFILE, "u", &before, &after) {
            let operations: json_patch::Patch = serde_json::from_value(operations).unwrap();
            json_patch::patch(&mut object, &operations).unwrap();
        }
        prop_assert_eq!(&object["status"], &Value::Object(after.to_status(&crate::kinds::dataset::PROFILE)));
    }
}

#[test]
fn a_retry_that_fails_the_same_way_is_no_news() {
    let failure = |request: &str| Report {
        error: Some(LastError {
            code: "ServiceUnavailable".into(),
            request_id: Some(request.into()),
            operation: "UpdateDataset".into(),
            time: request.into(),
        }),
        ..Report::working(Reason::CloudUnavailable, format!("503 (RequestId {request})"), Next::Backoff)
    };
    let empty = Recorded { observed_generation: -1, ..Recorded::default() };
    let first = next_status(&empty, &failure("A"), 1, Timestamp::UNIX_EPOCH);
    let second = next_status(&first, &failure("B"), 1, Timestamp::UNIX_EPOCH);
    assert_eq!(patch(&crate::kinds::dataset::PROFILE, "u", &first, &second), None);
}

#[test]
fn a_write_that_is_refused_again_is_no_news_unless_in_other_words() {
    let (now, later) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-01-01T00:05:00Z".parse().unwrap());
    let refused = |words: &str| Report::working(Reason::WriteRefused, words, Next::Backoff);
    let first = next_status(&Recorded::default(), &refused("dial tcp 10.0.0.7:40001: connection refused"), 1, now);
    let again = next_status(&first, &refused("dial tcp 10.0.0.7:52345: connection refused"), 1, later);
    assert_eq!(patch(&crate::kinds::dataset::PROFILE, "uid", &first, &again), None);
    let other = next_status(&first, &refused("every object needs the label team"), 1, later);
    assert_eq!(other.condition("Ready").unwrap().message, "every object needs the label team");
    let passed = next_status(&first, &Report::new(Ready::Available("fine".into()), Next::Event), 1, later);
    assert!(passed.was_ready() && passed.condition("Reconciling").is_none());
}

#[test]
fn another_failure_is_news() {
    let failure = |code: &str, operation: &str, report: Report| {
        let (code, operation) = (code.to_owned(), operation.to_owned());
        Report { error: Some(LastError { code, operation, request_id: None, time: "t".into() }), ..report }
    };
    let unavailable = || Report::working(Reason::CloudUnavailable, "503", Next::Backoff);
    let one = failure("503", "GetDataset", unavailable());
    let empty = Recorded { observed_generation: -1, ..Recorded::default() };
    let before = next_status(&empty, &one, 1, Timestamp::UNIX_EPOCH);
    let others = [
        failure("500", "GetDataset", unavailable()),
        failure("503", "ListDatasets", unavailable()),
        failure("503", "GetDataset", Report::working(Reason::Throttled, "503", Next::Backoff)),
        failure("503", "GetDataset", Report::stuck(Reason::CloudUnavailable, "503")),
    ];
    for other in others {
        assert!(
            patch(
                &crate::kinds::dataset::PROFILE,
                "u",
                &before,
                &next_status(&before, &other, 1, Timestamp::UNIX_EPOCH)
            )
            .is_some(),
            "{other:?}"
        );
    }
}

#[test]
fn a_message_is_cut_to_a_thousand_characters() {
    assert_eq!(cut(&"ü".repeat(1000)), "ü".repeat(1000));
    assert_eq!(cut(&"ü".repeat(1001)), "ü".repeat(999) + "…");
}

#[test]
fn a_status_moves_to_a_newer_generation_only_from_the_one_that_was_read() {
    let told = |before: &Recorded, generation| {
        let report = Report::new(Ready::Available("fine".to_owned()), Next::Event);
        next_status(before, &report, generation, Timestamp::UNIX_EPOCH)
    };
    let first = told(&Recorded { observed_generation: -1, ..Recorded::default() }, 1);
    let (second, third) = (told(&first, 2), told(&first, 3));
    let late: json_patch::Patch =
        serde_json::from_value(patch(&crate::kinds::dataset::PROFILE, "u", &first, &second).unwrap()).unwrap();
    let mut object = json!({"metadata": {"uid": "u"}, "status": third.to_status(&crate::kinds::dataset::PROFILE)});
    assert!(json_patch::patch(&mut object, &late).is_err());
    let mut object = json!({"metadata": {"uid": "u"}, "status": first.to_status(&crate::kinds::dataset::PROFILE)});
    assert!(json_patch::patch(&mut object, &late).is_ok());
}

#[test]
fn an_id_is_written_only_where_the_one_that_was_read_still_is() {
    let before = Recorded { observed_generation: -1, ..Recorded::default() };
    let mut after = before.clone();
    after.id = Some(crate::remote::id::RemoteId::new("d-1"));
    let operations = patch(&crate::kinds::dataset::PROFILE, "u", &before, &after).unwrap();
    assert_eq!(operations[0], json!({"op": "test", "path": "/metadata/uid", "value": "u"}));
    assert_eq!(operations[1], json!({"op": "test", "path": "/status/datasetId", "value": null}));
    assert_eq!(operations[2], json!({"op": "add", "path": "/status/datasetId", "value": "d-1"}));
}

fn unavailable() -> Report {
    let error = LastError { code: "503".into(), operation: "GetDataset".into(), ..LastError::default() };
    Report { error: Some(error), ..Report::working(Reason::CloudUnavailable, "503", Next::Backoff) }
}

#[test]
fn the_last_error_goes_with_what_it_explains() {
    let failed = next_status(&Recorded::default(), &unavailable(), 1, Timestamp::UNIX_EPOCH);
    assert!(failed.last_error.is_some());
    let recovered = [
        Report::new(Ready::Available("fine".into()), Next::Event),
        Report::new(Ready::Paused("paused".into()), Next::Event),
        Report::stuck(Reason::InvalidSpec, "our own check"),
        Report::working(Reason::CloudUnavailable, "a list kept changing", Next::Backoff),
    ];
    for report in recovered {
        let after = next_status(&failed, &report, 1, Timestamp::UNIX_EPOCH);
        assert_eq!(after.last_error, None, "{report:?}");
        let operations = patch(&crate::kinds::dataset::PROFILE, "u", &failed, &after).unwrap();
        let removal = json!({"op": "remove", "path": "/status/lastError"});
        assert!(operations.as_array().unwrap().contains(&removal), "{operations}");
    }
}

#[test]
fn a_failure_that_stays_is_told_of_the_generation_that_fails_now() {
    let first = next_status(&Recorded::default(), &unavailable(), 1, Timestamp::UNIX_EPOCH);
    let edited = next_status(&first, &unavailable(), 2, Timestamp::UNIX_EPOCH);
    assert_eq!(edited.observed_generation, 2);
    assert!(edited.conditions.iter().all(|condition| condition.observed_generation == Some(2)), "{edited:?}");
    assert!(patch(&crate::kinds::dataset::PROFILE, "u", &first, &edited).is_some());
}
