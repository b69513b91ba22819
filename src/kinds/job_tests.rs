//! The way of each spec field into the API members, and what the info of a job shows.

use super::super::members::tests::{camel, every_member};
use super::*;

/// Fields about the operator's own behaviour, and the references.
const OURS: [&str; 8] = [
    "activeDeadlineSeconds",
    "adoption",
    "backoffLimit",
    "datasetId",
    "datasetRef",
    "deletionPolicy",
    "providerConfigRef",
    "versionRef",
];

#[test]
fn every_field_of_the_spec_is_a_member_or_says_how_the_operator_works() {
    let (spec, mut names) = every_member::<DatasetJob, DatasetJobSpec>();
    let (fixed, mutable) = members(&spec, spec.dataset_version.clone());
    assert_eq!(fixed.len(), FIXED.len(), "what status records: {fixed:?}");
    assert!(FIXED.iter().all(|name| fixed.contains_key(*name)));
    names.retain(|name| !OURS.contains(&name.as_str()));
    assert_eq!(camel(fixed.keys().chain(mutable.keys())), names, "each once");
}

#[test]
fn members_of_the_job_spec_are_sent_as_they_are_spelled() {
    let spec: DatasetJobSpec =
        serde_json::from_value(json!({"jobSpec": {"contentList": ["file"], "unknownYet": {"aB": 1}}})).unwrap();
    let (fixed, _) = members(&spec, None);
    assert_eq!(fixed["JobSpec"], json!({"contentList": ["file"], "unknownYet": {"aB": 1}}));
    assert_eq!(members(&DatasetJobSpec::default(), None).0["JobSpec"], json!({}));
}

#[test]
fn the_state_is_told_as_the_service_says_it() {
    let fields = json!({
        "Status": "Thinking", "TotalFileCount": 1000, "CompletedFileCount": 340, "FailedFileCount": 2, "Logs": ["a"],
    });
    let remote = Remote::labelled(RemoteId::new("d-1"), Labels::new(), serde_json::from_value(fields).unwrap(), None);
    let mut shown = Map::new();
    info(&remote, &mut shown, false);
    let progress = json!({"total": 1000, "completed": 340, "failed": 2, "summary": "340/1000"});
    assert_eq!((&shown["state"], &shown["progress"], &shown["logs"]), (&json!("Thinking"), &progress, &json!(["a"])));
}
