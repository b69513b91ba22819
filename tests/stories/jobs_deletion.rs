//! A DatasetJob is deleted: its job is stopped first and goes too, or is retained, and the same manifest takes it back.

use futures::future::join_all;
use kube::api::DynamicObject;
use pai_emulator::knobs::StopOutcome;
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::cluster::changes_after;
use crate::jobs::{KIND, endless, is_recorded, job_id, reason_of, with_flowers};
use crate::trouble::{fault, late};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_is_stopped_before_it_is_deleted() {
    let knobs = Knobs { job_stop_ms: 4000, ..endless() };
    let (scene, _) = with_flowers("job-delete", knobs, &[]).await;
    scene.make_job("one", json!({})).await;
    let id = job_id(&scene.running("one").await);
    let call = scene.last_call();
    scene.delete(KIND, "one").await;
    let stopping = |object: &DynamicObject| object.data["status"]["stopReason"] == "Deleted";
    let object = scene.job_that("one", "about to be stopped", stopping).await;
    assert_eq!((reason_of(&object), job_id(&object)), ("Deleting".to_owned(), id));
    scene.slowly_gone(KIND, "one").await;
    assert_eq!(scene.jobs(), []);
    let log = scene.cloud().log_after(call).into_iter().filter(|line| line.changed);
    let changes: Vec<_> = log.map(|line| line.operation).collect();
    assert_eq!(changes, ["StopDatasetJob", "DeleteDatasetJob"]);
    assert_eq!((scene.calls("StopDatasetJob"), scene.calls("DeleteDatasetJob")), ((1, 0), (1, 0)), "none is refused");
    scene.told("one", &["Stopped", "Deleted"]).await;
}

/// A running job is deleted, and the first stop and the first delete meet these faults.
async fn deletion_ends(name: &str, faults: Vec<Fault>) {
    let stopped = if name == "succeeds" { StopOutcome::Succeeded } else { StopOutcome::ManuallyStop };
    let knobs = Knobs { job_stop_outcome: stopped, ..endless() };
    let (scene, _) = with_flowers("job-refused", knobs, &[]).await;
    scene.make_job(name, json!({})).await;
    let id = job_id(&scene.running(name).await);
    // It ends between the last list and the stop, which is then refused; or the stop comes too late.
    if name == "ended" {
        scene.tell_job(&id, json!({"status": "Succeeded"}));
    }
    scene.cloud().add_faults(faults);
    scene.end_job(name).await;
    assert_eq!((scene.jobs(), scene.cloud().faults()), (vec![], vec![]), "{name}");
    assert_eq!(scene.calls("CreateDatasetJob"), (1, 0), "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_ends_whatever_the_service_answers_to_stop_and_delete() {
    let odd = |operation: &str| Fault {
        status: 400,
        code: "Odd.Code".to_owned(),
        ..fault(operation, Effect::Error, When::Before)
    };
    let both =
        |effect, when| ["StopDatasetJob", "DeleteDatasetJob"].map(|operation| fault(operation, effect, when)).to_vec();
    let ways = [
        ("ended", Vec::new()),
        ("succeeds", Vec::new()),
        ("odd", ["StopDatasetJob", "DeleteDatasetJob"].map(odd).to_vec()),
        ("lost", both(Effect::Reset, When::After)),
        ("never", both(Effect::Drop, When::Before)),
        ("late", ["StopDatasetJob", "DeleteDatasetJob"].map(|operation| late(operation, 4500)).to_vec()),
    ];
    join_all(ways.map(|(name, faults)| deletion_ends(name, faults))).await;
}

/// Dies at `point` while it deletes a job that runs.
async fn delete_survives(point: &str) {
    let (mut scene, _) = with_flowers("job-kill-delete", endless(), &[]).await;
    scene.make_job("one", json!({})).await;
    scene.running("one").await;
    scene.stop_operator().await;
    scene.delete(KIND, "one").await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    if point.ends_with("Stop") {
        let object = scene.get(KIND, "one").await;
        assert_eq!(object.data["status"]["stopReason"], "Deleted", "{point}: {}", object.data["status"]);
    }
    scene.start_operator().await;
    scene.slowly_gone(KIND, "one").await;
    assert_eq!((scene.job_calls(), scene.jobs()), ([1, 1, 1], vec![]), "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_deletion_leaves_no_job() {
    let points = ["before Stop", "after Stop", "before Delete", "after Delete", "before RemoveFinalizer"];
    join_all(points.map(delete_survives)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_job_runs_on_and_the_same_manifest_takes_it_back() {
    let (scene, _) = with_flowers("job-retain", endless(), &[]).await;
    let retain = json!({"deletionPolicy": "Retain", "runId": "1"});
    scene.make_job("kept", retain.clone()).await;
    let id = job_id(&scene.running("kept").await);
    let call = scene.last_call();
    scene.end_job("kept").await;
    assert_eq!(changes_after(scene.cloud(), call), json!({}), "it is left alone");
    scene.told("kept", &["Retained"]).await;
    assert_eq!(scene.job_state(&id), "Running");

    scene.make_job("kept", retain).await;
    let object = scene.running("kept").await;
    assert_eq!((job_id(&object), &object.data["status"]["recovered"]), (id.clone(), &json!(true)));
    assert_eq!(scene.calls("CreateDatasetJob"), (1, 0));
    scene.end_job("kept").await;
    // Who means it again says so.
    scene.make_job("kept", json!({"runId": "2"})).await;
    assert_ne!(job_id(&scene.running("kept").await), id);
    assert_eq!(scene.calls("CreateDatasetJob"), (2, 0));
    scene.end_job("kept").await;
    assert_eq!((scene.only_job().dataset_job_id.as_str(), scene.job_state(&id)), (id.as_str(), json!("Running")));
    assert_eq!(scene.job_calls(), [2, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_goes_on_or_ended_well_is_taken_instead_of_run_again() {
    let (scene, _) = with_flowers("job-instead", endless(), &[]).await;
    let cases = [
        ("runs", "Running", "Fail", true),
        ("ended", "Succeeded", "Fail", true),
        ("strict", "PartialFailed", "Fail", false),
        ("lenient", "PartialFailed", "Accept", true),
        ("failed", "Failed", "Fail", false),
        ("stopped", "ManuallyStop", "Fail", false),
    ];
    let spec = |accept: &str| json!({"deletionPolicy": "Retain", "partialFailure": accept});
    let mut ids = Vec::new();
    for (name, state, accept, _) in cases {
        scene.make_job(name, spec(accept)).await;
        let id = job_id(&scene.running(name).await);
        scene.end_job(name).await;
        scene.tell_job(&id, json!({"status": state}));
        ids.push(id);
    }
    for ((name, state, accept, taken), id) in cases.into_iter().zip(&ids) {
        scene.make_job(name, spec(accept)).await;
        let object = scene.job_that(name, "recorded", is_recorded).await;
        assert_eq!((job_id(&object) == *id, object.data["status"]["recovered"] == true), (taken, taken), "{name}");
        if state != "Running" && taken {
            scene.complete(name).await;
        }
    }
    assert_eq!((scene.job_calls(), scene.jobs().len()), ([9, 0, 0], 9));
}
