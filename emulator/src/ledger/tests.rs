//! Counts and lines are kept, and kept small.

use super::*;

fn entry(code: &str, ok: bool) -> Entry {
    Entry {
        time_ms: 0,
        operation: "GetDataset",
        access_key_id: String::new(),
        status: 200,
        code: code.to_owned(),
        request_id: crate::ids::Ids::new(None).request(),
        changed: false,
        ok,
        throttled: !ok,
        fault: None,
        touched: Touched::default(),
    }
}

#[test]
fn counts_outlive_the_lines() {
    let mut ledger = Ledger::default();
    for ok in [true, false, true] {
        ledger.write(entry("", ok), 2);
    }
    assert_eq!(ledger.stats().calls["GetDataset"], Count { ok: 2, failed: 1, throttled: 1 });
    assert_eq!(ledger.stats().throttled, 1);
    let after = |seq| ledger.after(seq).map(|line| line.seq).collect::<Vec<_>>();
    assert_eq!(
        [after(0), after(1), after(2), after(3), after(u64::MAX - 1)],
        [vec![2, 3], vec![2, 3], vec![3], vec![], vec![]]
    );
}

#[test]
fn a_line_comes_out_as_it_went_in() {
    let mut ledger = Ledger::default();
    let touched = Touched {
        dataset_id: Some("d-1".into()),
        version_name: Some("v2".into()),
        workspace_id: Some("478".into()),
        name: Some("x".into()),
    };
    let whole = Entry {
        access_key_id: "key".to_owned(),
        fault: Some("reset/after".to_owned()),
        touched,
        ..entry("Throttling", true)
    };
    ledger.write(whole.clone(), 9);
    ledger.write(entry("", false), 9);
    let lines: Vec<_> = ledger.after(0).collect();
    let expected = LogLine {
        seq: 1,
        time: "1970-01-01T00:00:00.000Z".to_owned(),
        operation: "GetDataset".to_owned(),
        access_key_id: "key".to_owned(),
        status: 200,
        code: "Throttling".to_owned(),
        request_id: whole.request_id.to_string(),
        changed: false,
        ok: true,
        fault: Some("reset/after".to_owned()),
        dataset_id: Some("d-1".to_owned()),
        version_name: Some("v2".to_owned()),
        workspace_id: Some("478".to_owned()),
        name: Some("x".to_owned()),
    };
    assert_eq!(lines[0], expected);
    assert_eq!((lines[1].code.as_str(), &lines[1].fault, &lines[1].name), ("", &None, &None));
}

#[test]
fn a_line_is_small() {
    assert!(size_of::<Line>() <= 112, "{}", size_of::<Line>());
}
