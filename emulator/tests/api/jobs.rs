//! Jobs on a clock of the test's own.

use std::sync::atomic::{AtomicI64, Ordering};

use pai_emulator::knobs::{JobOutcome, JobsListed, Rule, StopOutcome};
use pai_emulator::{Emulator, Knobs, Options};
use serde_json::{Value, json};

use crate::client::{Client, texts, version, with};

const START: i64 = 1_764_460_800_000;

/// An emulator whose time is a static of the test, with one dataset of 10 files.
macro_rules! stage {
    ($now:ident, $turn:expr) => {{
        let mut options = Options { seed: Some(1), clock: || $now.load(Ordering::Relaxed), ..Options::default() };
        let turn: fn(&mut Knobs) = $turn;
        (options.knobs.job_pending_ms, options.knobs.job_run_ms) = (1000, 10_000);
        turn(&mut options.knobs);
        let emulator = Emulator::start(options).await.unwrap();
        let client = Client::of(&emulator);
        let more = json!({"WorkspaceId": "478", "Edition": "ADVANCED", "DataCount": 10});
        let dataset = client.create("x", more).await;
        (emulator, client, format!("/{dataset}/datasetjobs"))
    }};
}

fn job() -> Value {
    json!({"JobAction": "SemanticIndex", "JobSpec": r#"{"contentList":["file"]}"#, "WorkspaceId": "478"})
}

async fn made(client: &Client, jobs: &str, more: Value) -> String {
    let answer = client.ok("POST", jobs, with(job(), more)).await;
    let id = answer["DatasetJobId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("dsjob-") && id.len() == 24, "{id}");
    format!("{jobs}/{id}")
}

fn counts(job: &Value) -> (String, i64, i64, i64) {
    let number = |name: &str| job[name].as_i64().unwrap();
    let status = job["Status"].as_str().unwrap().to_owned();
    (status, number("TotalFileCount"), number("CompletedFileCount"), number("FailedFileCount"))
}

#[tokio::test]
async fn a_job_runs_to_its_end() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    let (_emulator, client, jobs) = stage!(NOW, |_| {});
    let id = made(&client, &jobs, json!({"Description": "nightly", "DatasetVersion": "v1"})).await;
    let mut seen = Vec::new();
    for passed in [0, 500, 500, 5000, 5000] {
        NOW.fetch_add(passed, Ordering::Relaxed);
        let job = client.ok("GET", &id, Value::Null).await;
        assert_eq!(job["FinishTime"].is_null(), job["Status"] != "Succeeded");
        seen.push(counts(&job));
    }
    let at = |status: &str, completed| (status.to_owned(), 10, completed, 0);
    let expected = [at("Pending", 0), at("Starting", 0), at("Running", 0), at("Running", 5), at("Succeeded", 10)];
    assert_eq!(seen, expected);
    let mut whole = client.ok("GET", &id, Value::Null).await;
    assert!(whole.as_object_mut().unwrap().remove("RequestId").is_some());
    let expected = json!({
        "JobAction": "SemanticIndex", "JobMode": "Full", "JobSpec": r#"{"contentList":["file"]}"#,
        "Description": "nightly", "Status": "Succeeded", "CreateTime": "2025-11-30T00:00:00Z",
        "FinishTime": "2025-11-30T00:00:11Z", "TotalFileCount": 10, "CompletedFileCount": 10, "FailedFileCount": 0,
        "Logs": ["2025-11-30T00:00:00Z SemanticIndex is pending", "2025-11-30T00:00:01Z running on 10 files",
            "2025-11-30T00:00:11Z Succeeded: 10 files completed, 0 failed"],
    });
    assert_eq!(whole, expected);
    client.ok("PUT", &id, json!({"Description": "changed"})).await;
    assert_eq!(client.ok("GET", &id, Value::Null).await["Description"], "changed");
    client.ok("DELETE", &id, Value::Null).await;
    assert_eq!(client.refused("GET", &id, Value::Null).await, "404 201300003");
    assert_eq!(client.ok("GET", &jobs, Value::Null).await["TotalCount"], 0);
}

#[tokio::test]
async fn outcomes_and_the_control_api() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    let (emulator, client, jobs) = stage!(NOW, |knobs| knobs.job_outcome = JobOutcome::PartialFailed);
    let partial = made(&client, &jobs, json!({})).await;
    emulator.set_knobs(|knobs| knobs.job_outcome = JobOutcome::Failed);
    let failed = made(&client, &jobs, json!({})).await;
    let told = made(&client, &jobs, json!({})).await;
    NOW.fetch_add(20_000, Ordering::Relaxed);
    assert_eq!(counts(&client.ok("GET", &partial, Value::Null).await), ("PartialFailed".to_owned(), 10, 9, 1));
    assert_eq!(counts(&client.ok("GET", &failed, Value::Null).await), ("Failed".to_owned(), 10, 0, 10));

    let control = told.rsplit_once('/').map(|(_, id)| format!("/jobs/{id}")).unwrap();
    let say = json!({"status": "Running", "totalFileCount": 1000, "completedFileCount": 340, "logs": ["a", "b"]});
    assert_eq!(client.control("PUT", &control, say).await.0, 200);
    let job = client.ok("GET", &told, Value::Null).await;
    assert_eq!((counts(&job), &job["Logs"]), (("Running".to_owned(), 1000, 340, 10), &json!(["a", "b"])));
    client.ok("PUT", &format!("{told}/action/stop"), json!({})).await;
    assert_eq!(client.ok("GET", &told, Value::Null).await["Status"], "ManuallyStop");
    client.control("PUT", &control, json!({"status": "Odd", "logs": null})).await;
    assert_eq!(client.ok("GET", &told, Value::Null).await["Status"], "Odd");
    let said = pai_emulator::Said { status: Some("Failed".into()), ..pai_emulator::Said::default() };
    assert!(
        emulator.tell_job(control.trim_start_matches("/jobs/"), said)
            && !emulator.tell_job("none", pai_emulator::Said::default())
    );
    let job = client.ok("GET", &told, Value::Null).await;
    assert_eq!((job["Status"].as_str(), job["FinishTime"].as_str()), (Some("Failed"), Some("2025-11-30T00:00:20Z")));
    assert_eq!(client.control("PUT", &control, json!({"state": "x"})).await.0, 400);
    assert_eq!(client.control("PUT", "/jobs/none", json!({})).await.0, 404);
    assert_eq!(client.control("GET", &control, Value::Null).await.0, 405);
}

#[tokio::test]
async fn stops_and_deletions() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    let (emulator, client, jobs) = stage!(NOW, |_| {});
    let id = made(&client, &jobs, json!({})).await;
    let stop = format!("{id}/action/stop");
    assert_eq!(client.refused("DELETE", &id, Value::Null).await, "400 201300201", "it has not ended");
    NOW.fetch_add(6000, Ordering::Relaxed);
    client.ok("PUT", &stop, json!({"WorkspaceId": "478", "DatasetVersion": "v1"})).await;
    let job = client.ok("GET", &id, Value::Null).await;
    assert_eq!(counts(&job), ("ManuallyStop".to_owned(), 10, 5, 0));
    assert_eq!(client.refused("PUT", &stop, json!({})).await, "400 201300201");
    emulator.set_knobs(|knobs| {
        knobs.stop_ended_job = Rule::Accept;
        (knobs.job_deleting_ms, knobs.deleted_jobs_shown_ms) = (1000, 60_000);
        knobs.job_stop_outcome = StopOutcome::Succeeded;
        knobs.job_stop_ms = 100;
        knobs.delete_running_job = Rule::Accept;
    });
    client.ok("PUT", &stop, json!({})).await;
    client.ok("DELETE", &id, Value::Null).await;
    assert_eq!(client.ok("GET", &id, Value::Null).await["Status"], "Deleting");
    client.ok("DELETE", &id, Value::Null).await;
    NOW.fetch_add(1000, Ordering::Relaxed);
    assert_eq!(client.refused("GET", &id, Value::Null).await, "404 201300003");
    let statuses = async || texts(&client.ok("GET", &jobs, Value::Null).await["DatasetJobs"], "Status");
    assert_eq!(statuses().await, ["Deleted"]);
    NOW.fetch_add(60_000, Ordering::Relaxed);
    assert!(statuses().await.is_empty());

    let other = made(&client, &jobs, json!({})).await;
    client.ok("PUT", &format!("{other}/action/stop"), json!({})).await;
    assert_eq!(client.ok("GET", &other, Value::Null).await["Status"], "Pending");
    NOW.fetch_add(100, Ordering::Relaxed);
    assert_eq!(client.ok("GET", &other, Value::Null).await["Status"], "Succeeded");
    let running = made(&client, &jobs, json!({})).await;
    let dataset = jobs.trim_end_matches("/datasetjobs");
    emulator.set_knobs(|knobs| knobs.delete_with_running_jobs = Rule::Refuse);
    assert_eq!(client.refused("DELETE", dataset, Value::Null).await, "400 201300201");
    client.ok("DELETE", &running, Value::Null).await;
    client.ok("DELETE", dataset, Value::Null).await;
    assert_eq!(emulator.state().jobs, Some(Vec::new()), "a dataset takes its jobs along");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    let (emulator, client, jobs) = stage!(NOW, |_| {});
    client.ok("POST", &jobs.replace("datasetjobs", "versions"), version()).await;
    let mut ids = Vec::new();
    let build = json!({"JobAction": "FileMetaBuild", "JobSpec": "{}"});
    for more in [json!({"DatasetVersion": "v1"}), build, json!({"JobMode": "Increment"})] {
        ids.push(made(&client, &jobs, more).await.rsplit_once('/').unwrap().1.to_owned());
        NOW.fetch_add(5000, Ordering::Relaxed);
    }
    let listed = async |query: &str| {
        let answer = client.ok("GET", &format!("{jobs}?{query}"), Value::Null).await;
        let shown = texts(&answer["DatasetJobs"], "DatasetJobId");
        shown.iter().map(|id| ids.iter().position(|known| known == id).unwrap()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("Order=ASC", vec![0, 1, 2]),
        ("DatasetVersion=v1", vec![0]),
        ("DatasetVersion=v2&WorkspaceId=478", vec![2, 1]),
        ("JobAction=SemanticIndex", vec![2, 0]),
        ("Status=Succeeded", vec![0]),
        ("Status=Running&SortBy=JobAction&Order=ASC", vec![1, 2]),
        ("SortBy=FinishTime", vec![0, 2, 1]),
        ("SortBy=Status&Order=ASC", vec![1, 2, 0]),
        ("PageSize=2", vec![2, 1]),
        ("PageSize=2&PageNumber=2", vec![0]),
        ("PageNumber=2", vec![]),
    ] {
        assert_eq!(listed(query).await, expected, "{query}");
    }
    let answer = client.ok("GET", &format!("{jobs}?WithLogs=True&PageSize=1"), Value::Null).await;
    assert_eq!((&answer["TotalCount"], answer["DatasetJobs"][0]["Logs"].is_array()), (&json!(3), true));
    assert!(client.ok("GET", &jobs, Value::Null).await["DatasetJobs"][0].get("Logs").is_none());
    emulator.set_knobs(|knobs| (knobs.jobs_listed, knobs.job_page_size_max) = (JobsListed::Version, 1));
    assert_eq!(listed("PageSize=50").await, [2], "v2 is the newest, a page is one job");
    emulator.set_knobs(|knobs| *knobs = Knobs { list_lag_ms: 7000, ..Knobs::default() });
    let late = made(&client, &jobs, json!({})).await;
    assert_eq!(listed("").await, [2, 1, 0], "lists lag");
    assert_eq!(client.ok("GET", &late, Value::Null).await["Status"], "Pending", "reads by id do not");
    for (query, refusal) in [
        ("SortBy=Size", "400 InvalidSortBy"),
        ("Status=Done", "400 InvalidStatus"),
        ("PageSize=0", "400 InvalidPageSize"),
        ("DatasetVersion=v9", "404 201300003"),
        ("WorkspaceId=479", "400 InvalidWorkspaceId"),
    ] {
        assert_eq!(client.refused("GET", &format!("{jobs}?{query}"), Value::Null).await, refusal, "{query}");
    }
}

#[tokio::test]
async fn what_a_job_needs() {
    static NOW: AtomicI64 = AtomicI64::new(START);
    let (emulator, client, jobs) = stage!(NOW, |_| {});
    for (more, refusal) in [
        (json!({"JobAction": null}), "400 MissingJobAction"),
        (json!({"JobAction": "Dance"}), "400 InvalidJobAction"),
        (json!({"JobSpec": ""}), "400 MissingJobSpec"),
        (json!({"JobSpec": "{}"}), "400 InvalidJobSpec"),
        (json!({"JobMode": "Half"}), "400 InvalidJobMode"),
        (json!({"JobAction": "FileMetaBuild", "JobMode": "Increment"}), "400 InvalidJobMode"),
        (json!({"WorkspaceId": null}), "400 MissingWorkspaceId"),
        (json!({"WorkspaceId": "479"}), "400 InvalidWorkspaceId"),
        (json!({"DatasetVersion": "v7"}), "404 201300003"),
    ] {
        assert_eq!(client.refused("POST", &jobs, with(job(), more.clone())).await, refusal, "{more}");
    }
    assert_eq!(client.refused("POST", "/d-none/datasetjobs", job()).await, "404 201300003");
    assert_eq!(client.refused("GET", &format!("{jobs}/dsjob-none"), Value::Null).await, "404 201300003");
    emulator.set_knobs(|knobs| {
        (knobs.rewrite_job_spec, knobs.trim_texts, knobs.job_description_cut) = (true, true, 5);
        (knobs.foreign_workspace, knobs.jobs_on_basic) = (Rule::Accept, Rule::Refuse);
        "NoJob".clone_into(&mut knobs.item_not_found_code);
    });
    let spec = r#"{ "contentList": ["file"], "concurrency": 4 }"#;
    let more = json!({"JobSpec": spec, "Description": " abcdefg ", "WorkspaceId": "479"});
    let job = client.ok("GET", &made(&client, &jobs, more).await, Value::Null).await;
    let expected = (json!(r#"{"concurrency":4.0,"contentList":["file"]}"#), json!("abcde"));
    assert_eq!((job["JobSpec"].clone(), job["Description"].clone()), expected);
    assert_eq!(client.refused("GET", &format!("{jobs}/dsjob-none"), Value::Null).await, "404 NoJob");
    let basic = client.create("basic", json!({"WorkspaceId": "478"})).await;
    assert_eq!(
        client.refused("POST", &format!("/{basic}/datasetjobs"), crate::jobs::job()).await,
        "400 InvalidDatasetId"
    );
    NOW.fetch_add(1, Ordering::Relaxed);
}
