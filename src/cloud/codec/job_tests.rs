//! Jobs on the wire: what is sent, where the mark goes, and what comes back.

use serde_json::json;

use super::*;
use crate::remote::carrier::split;
use crate::remote::mark::{Identity, Owner};

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn mark() -> RawMark {
    let owner = Owner { kind: "DatasetJob.pai.dataset-operator.dev".into(), namespace: "n".into(), name: "o".into() };
    let identity = Identity::new(&["d".to_owned()], &[], "c");
    identity.text_mark(&owner, "default cn-hangzhou 1 d-1", "u", "c0123456789abcdef", "5efd8903882438b7").unwrap()
}

fn sent(request: &Request, name: &str) -> String {
    request.body().unwrap()[name].as_str().unwrap().to_owned()
}

#[test]
fn a_create_sends_the_spec_as_a_text_and_carries_the_mark() {
    let members = fields(json!({
        "JobAction": "SemanticIndex", "WorkspaceId": "1", "Description": "nightly", "JobSpec": {"contentList": ["file"]},
    }));
    let request = Jobs.create(Some("d-1"), &members, &Labels::new(), Some(&mark())).unwrap();
    assert_eq!(request.dataset_id(), Some("d-1"));
    assert_eq!(sent(&request, "JobSpec"), r#"{"contentList":["file"]}"#);
    let description = sent(&request, "Description");
    assert_eq!(split(&description), ("nightly", Some(mark())));
    let without = Jobs.create(Some("d-1"), &Fields::new(), &Labels::new(), Some(&mark())).unwrap();
    assert_eq!(split(&sent(&without, "Description")), ("", Some(mark())));
}

#[test]
fn a_list_shows_jobs_by_their_ids_in_the_dataset() {
    let created = Jobs.create(Some("d-1"), &Fields::new(), &Labels::new(), Some(&mark())).unwrap();
    let description = sent(&created, "Description");
    let job = json!({
        "DatasetJobId": "dsjob-1", "Status": "Running", "Description": description, "JobSpec": "{\"modelId\": \"m\"}",
    });
    let answer = Answer { request_id: None, body: fields(json!({"DatasetJobs": [job], "TotalCount": 1})) };
    let page = Jobs.listed("d-1", &answer).unwrap();
    let [remote] = page.remotes.as_slice() else { panic!("{page:?}") };
    assert_eq!(remote.id, RemoteId::new("d-1").within(JOBS, "dsjob-1"));
    assert_eq!((remote.mark.clone(), page.total), (Some(mark()), Some(1)));
    assert_eq!(remote.fields["JobSpec"], json!({"modelId": "m"}));
    assert_eq!(remote.fields["Description"], "");
    let stateless = Answer { request_id: None, body: fields(json!({"DatasetJobs": [{"DatasetJobId": "dsjob-1"}]})) };
    assert!(Jobs.listed("d-1", &stateless).is_err(), "whether it runs decides what is done with it");
}

#[test]
fn an_update_changes_the_description_alone_and_keeps_the_mark() {
    let remote = Jobs::remote("d-1", "dsjob-1", fields(json!({"Status": "Running"})));
    let remote = Remote { mark: Some(mark()), ..remote };
    let members = fields(json!({"Description": "weekly", "JobAction": "SemanticIndex"}));
    let request = Jobs.update(&remote, members).unwrap();
    assert_eq!(split(&sent(&request, "Description")), ("weekly", Some(mark())));
    assert_eq!(request.body().unwrap().len(), 1);
}

#[test]
fn of_a_long_log_only_the_last_lines_are_kept() {
    let logs = |lines: Vec<String>| Jobs::remote("d-1", "j", fields(json!({ "Logs": lines }))).fields["Logs"].clone();
    let many = logs((0..100_000).map(|line| format!("line {line}")).collect());
    assert_eq!(many.as_array().unwrap().len(), LINES);
    assert_eq!(many[9], "line 99999");
    let long = logs(vec!["é".repeat(5_000_000), "the end".to_owned()]);
    assert_eq!(long[1], "the end");
    assert!(long.to_string().len() <= LOG_BYTES + 16, "{}", long.to_string().len());
    assert_eq!(logs(Vec::new()), json!([]));
}
