//! A dataset, or its whole namespace, is deleted while jobs run on it.

use serde_json::json;

use crate::jobs::{KIND, assert_complete, conditions, endless, job_id, with_flowers};
use crate::looks::version_of;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_waits_for_its_running_jobs_and_names_them() {
    let (scene, _) = with_flowers("job-parent", endless(), &[]).await;
    scene.make_job("nightly", json!({})).await;
    let id = job_id(&scene.running("nightly").await);
    scene.delete("Dataset", "flowers").await;
    let object = scene.says("Dataset", "flowers", "Deleting", "nightly").await;
    assert_eq!(conditions(&object), ["Reconciling"]);
    assert_eq!((scene.calls("DeleteDataset"), scene.job_state(&id)), ((0, 0), json!("Running")));
    scene.tell_job(&id, json!({"status": "Succeeded"}));
    scene.complete("nightly").await;
    scene.slowly_gone("Dataset", "flowers").await;
    assert!(scene.cloud().datasets().is_empty());
    // The job went with its dataset, and its end stays told.
    assert_complete(&scene.get(KIND, "nightly").await);
    scene.end_job("nightly").await;
    assert_eq!((scene.job_calls()[..2].to_vec(), scene.calls("DeleteDataset")), (vec![1, 0], (1, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_of_somebody_else_blocks_the_deletion_of_its_dataset() {
    let (scene, dataset) = with_flowers("job-foreign", endless(), &[]).await;
    scene.make_job("ours", json!({"deletionPolicy": "Retain"})).await;
    let ours = job_id(&scene.running("ours").await);
    scene.end_job("ours").await;
    let theirs = scene.foreign_job(&dataset, "theirs");
    scene.delete("Dataset", "flowers").await;
    for id in [&ours, &theirs] {
        scene.says("Dataset", "flowers", "DeletionBlocked", id).await;
        assert_eq!(scene.calls("DeleteDataset"), (0, 0));
        scene.tell_job(id, json!({"status": "Succeeded"}));
    }
    scene.slowly_gone("Dataset", "flowers").await;
    assert_eq!((scene.job_calls(), scene.calls("DeleteDataset")), ([1, 0, 0], (1, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_with_a_dataset_a_version_and_jobs_ends() {
    let (scene, _) = with_flowers("job-namespace", endless(), &[]).await;
    scene.create("DatasetVersion", "second", version_of("flowers", "v2")).await;
    scene.ready("DatasetVersion", "second").await;
    for name in ["ended", "first", "second"] {
        scene.make_job(name, json!({})).await;
    }
    let ended = job_id(&scene.running("ended").await);
    scene.tell_job(&ended, json!({"status": "Failed"}));
    scene.failed_by("ended", "JobFailed").await;
    for name in ["first", "second"] {
        scene.running(name).await;
    }
    let wait = ["delete", "namespace", scene.namespace.as_str(), "--wait", "--timeout=180s"];
    scene.kubectl().run(&wait).await.unwrap();
    assert!(scene.cloud().datasets().is_empty() && scene.jobs().is_empty());
    assert_eq!((scene.job_calls()[..2].to_vec(), scene.calls("DeleteDataset")), (vec![3, 2], (1, 0)));
    println!("a namespace with three jobs: {}", json!(scene.calls_without_sweeps()));
}
