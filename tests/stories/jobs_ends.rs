//! How a DatasetJob ends that does not end well: it fails, fails in part, is stopped or lost, or takes too long.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use kube::api::DynamicObject;
use pai_emulator::Knobs;
use pai_emulator::knobs::{JobOutcome, Rule, StopOutcome};
use serde_json::{Value, json};
use testbed::condition;

use crate::jobs::{
    KIND, RESYNC, assert_complete, attempts, conditions, endless, is_observed, is_true, job_id, reason_of, short,
    with_flowers,
};
use crate::scene::{dataset_id, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_runs_again_also_after_restarts_until_the_limit() {
    let (mut scene, _) = with_flowers("job-again", endless(), &[]).await;
    scene.make_job("again", json!({"backoffLimit": 2})).await;
    let first = job_id(&scene.running("again").await);
    scene.stop_operator().await;
    scene.tell_job(&first, json!({"status": "Failed"}));
    // The next attempt is announced, but not sent, and does not count.
    scene.crash_at("before Create of DatasetJob").await;
    assert_eq!(scene.jobs().len(), 1);
    scene.start_operator().await;
    let second = scene.attempt("again", 2).await;
    scene.kill_operator();
    scene.tell_job(&second, json!({"status": "Failed"}));
    scene.start_operator().await;
    let third = scene.attempt("again", 3).await;
    let lines: Vec<_> = (0..30).map(|number| format!("line {number} {}", "字".repeat(100))).collect();
    scene.tell_job(&third, json!({"status": "Failed", "logs": lines}));
    let object = scene.failed_by("again", "JobFailed").await;
    let message = condition(&object, "Ready").unwrap().message;
    assert!(message.contains(&third) && message.contains("line 29"), "{message}");
    scene.told("again", &["JobFailed"]).await;
    let logs: Vec<_> = object.data["status"]["logs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(logs.len() <= 10 && logs.concat().len() <= 2048, "{logs:?}");
    assert_eq!(logs.last(), lines.last().map(String::as_str).as_ref());
    assert_eq!(attempts(&object, "number"), [1, 2, 3].map(|number| json!(number)));
    assert_eq!(attempts(&object, "state"), ["Failed"; 3].map(|state| json!(state)));
    assert_eq!(attempts(&object, "datasetJobId"), [&first, &second, &third].map(|id| json!(id)));
    let nonces: BTreeSet<_> = attempts(&object, "nonce").iter().map(ToString::to_string).collect();
    assert_eq!((nonces.len(), job_id(&object)), (3, third));

    // The end is final, and the deletion takes all attempts.
    scene.patch(KIND, "again", json!({"spec": {"backoffLimit": 6}})).await;
    scene.job_that("again", "observed", is_observed).await;
    scene.failed_by("again", "JobFailed").await;
    assert_eq!(scene.job_calls(), [3, 0, 0]);
    scene.end_job("again").await;
    assert_eq!((scene.job_calls(), scene.jobs()), ([3, 0, 3], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_always_fails_costs_one_create_and_one_read_for_each_attempt() {
    let (scene, _) = with_flowers("job-fails", short(JobOutcome::Failed), &RESYNC).await;
    let call = scene.last_call();
    scene.make_job("once", json!({})).await;
    scene.make_job("twice", json!({"backoffLimit": 1})).await;
    let once = scene.failed_by("once", "JobFailed").await;
    let twice = scene.failed_by("twice", "JobFailed").await;
    assert_eq!(attempts(&twice, "state"), ["Failed"; 2].map(|state| json!(state)));
    assert_eq!(once.data["status"]["progress"]["failed"], 10, "{}", once.data["status"]);
    let calls = scene.calls_after(call);
    assert_eq!((&calls["CreateDatasetJob"], &calls["GetDatasetJob"]), (&json!(3), &json!(3)), "{calls}");
    let call = scene.last_call();
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(call), json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_failed_for_some_files_ends_as_the_spec_says() {
    let (scene, _) = with_flowers("job-partial", short(JobOutcome::PartialFailed), &[]).await;
    scene.make_job("strict", json!({})).await;
    scene.make_job("lenient", json!({"partialFailure": "Accept"})).await;
    let strict = scene.failed_by("strict", "PartialFailed").await;
    let lenient = scene.complete("lenient").await;
    for object in [&strict, &lenient] {
        let shown = &object.data["status"];
        let progress = &shown["progress"];
        assert_eq!(
            (&shown["state"], &progress["failed"], &progress["completed"]),
            (&json!("PartialFailed"), &json!(1), &json!(9))
        );
    }
    assert_eq!(scene.job_calls(), [2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_somebody_stopped_is_not_run_again() {
    let (scene, _) = with_flowers("job-stopped", endless(), &[]).await;
    for name in ["called", "told"] {
        scene.make_job(name, json!({"backoffLimit": 3})).await;
    }
    let [called, told] = [scene.running("called").await, scene.running("told").await].map(|object| job_id(&object));
    scene.console("PUT", &format!("{}/action/stop", scene.job_path(&called)), json!({}));
    scene.tell_job(&told, json!({"status": "ManuallyStop"}));
    for name in ["called", "told"] {
        let object = scene.failed_by(name, "JobStopped").await;
        assert_eq!(object.data["status"]["stopReason"], Value::Null, "it was not the operator");
        scene.told(name, &["JobStopped"]).await;
    }
    assert_eq!(scene.job_calls(), [2, 0, 0]);
}

/// A job is deleted behind the operator's back; lists may go on showing it as Deleted.
async fn lost(shown_ms: u32) {
    let knobs = Knobs { delete_running_job: Rule::Accept, deleted_jobs_shown_ms: shown_ms, ..endless() };
    let (scene, _) = with_flowers("job-lost", knobs, &[]).await;
    for name in ["lost", "ended"] {
        scene.make_job(name, json!({"backoffLimit": 1})).await;
    }
    let [lost, ended] = [scene.running("lost").await, scene.running("ended").await].map(|object| job_id(&object));
    scene.tell_job(&ended, json!({"status": "Succeeded"}));
    scene.complete("ended").await;
    for id in [&lost, &ended] {
        scene.console("DELETE", &scene.job_path(id), Value::Null);
    }
    let object = scene.failed_by("lost", "JobLost").await;
    let message = condition(&object, "Ready").unwrap().message;
    assert!(message.contains(&lost), "{message}");
    assert_complete(&scene.get(KIND, "ended").await);
    for name in ["lost", "ended"] {
        scene.end_job(name).await;
    }
    assert_eq!(scene.job_calls(), [2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_somebody_deleted_is_lost_and_not_run_again() {
    join_all(vec![lost(0), lost(60_000)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_dataset_was_made_anew_is_lost() {
    let (scene, id) = with_flowers("job-anew", endless(), &RESYNC).await;
    scene.patch("Dataset", "flowers", json!({"spec": {"onExternalDeletion": "Recreate"}})).await;
    scene.make_job("lost", json!({})).await;
    scene.running("lost").await;
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    scene.failed_by("lost", "JobLost").await;
    let new = |object: &DynamicObject| testbed::is_ready(object) && dataset_id(object) != id;
    scene.patient().object(&scene.datasets(), "flowers", "made anew", new).await.unwrap();
    scene.end_job("lost").await;
    assert_eq!((scene.job_calls(), scene.jobs()), ([1, 0, 0], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_takes_too_long_is_stopped_and_not_run_again() {
    let (scene, _) = with_flowers("job-slow", endless(), &[]).await;
    scene.make_job("slow", json!({"activeDeadlineSeconds": 2, "backoffLimit": 2})).await;
    let object = scene.failed_by("slow", "JobDeadlineExceeded").await;
    assert_eq!(
        (status(&object, "stopReason"), status(&object, "state")),
        ("DeadlineExceeded".into(), "ManuallyStop".into())
    );
    scene.told("slow", &["Stopped"]).await;
    assert_eq!(scene.job_calls(), [1, 1, 0]);

    // A stop that comes too late.
    scene.cloud().set_knobs(|knobs| knobs.job_stop_outcome = StopOutcome::Succeeded);
    scene.make_job("close", json!({"activeDeadlineSeconds": 2, "backoffLimit": 2})).await;
    let ended = |object: &DynamicObject| is_true(object, "Complete") || is_true(object, "Failed");
    let object = scene.job_that("close", "over", ended).await;
    println!("stopped at its deadline, and Succeeded all the same: {}", reason_of(&object));
    let one = if is_true(&object, "Complete") { ["Complete", "Ready"] } else { ["Failed", "Stalled"] };
    assert_eq!((conditions(&object), status(&object, "state")), (one.to_vec(), "Succeeded".to_owned()));
    assert_eq!(scene.job_calls(), [2, 2, 0]);
}

/// The operator dies at `point` while it stops a job that takes too long.
async fn deadline_survives(point: &str) {
    let (mut scene, _) = with_flowers("job-deadline", endless(), &[]).await;
    scene.make_job("slow", json!({"backoffLimit": 2})).await;
    let id = job_id(&scene.running("slow").await);
    scene.stop_operator().await;
    scene.patch(KIND, "slow", json!({"spec": {"activeDeadlineSeconds": 1}})).await;
    // The service counts in whole seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    if point.ends_with("Stop") {
        let object = scene.get(KIND, "slow").await;
        assert_eq!(object.data["status"]["stopReason"], "DeadlineExceeded", "{point}: {}", object.data["status"]);
        assert_eq!(scene.calls("StopDatasetJob"), (u64::from(point == "after Stop"), 0), "{point}");
    }
    scene.start_operator().await;
    scene.failed_by("slow", "JobDeadlineExceeded").await;
    assert_eq!((scene.job_calls(), scene.job_state(&id)), ([1, 1, 0], json!("ManuallyStop")), "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_a_job_is_stopped_does_not_make_it_somebody_elses_stop() {
    join_all(["before Report", "after Report", "before Stop", "after Stop"].map(deadline_survives)).await;
}
