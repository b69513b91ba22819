//! Late effects and copies around the create of a job: exactly one is called ours. The crash matrix loses the answers of creates
//! and kills the operator within them.

use std::time::Duration;

use kube::api::DynamicObject;
use serde_json::json;
use testbed::condition;

use crate::duplicates::HASTY;
use crate::jobs::{KIND, endless, is_recorded, job_id, with_flowers};
use crate::trouble::late;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_took_effect_late_goes_with_its_object() {
    let (scene, _) = with_flowers("job-hasty", endless(), &HASTY).await;
    scene.cloud().add_faults([late("CreateDatasetJob", 15_000)]);
    scene.make_job("one", json!({})).await;
    scene.job_that("one", "recorded", is_recorded).await;
    let both = scene.patient();
    both.until("the earlier attempt", async || Ok((scene.jobs().len() == 2).then_some(()))).await.unwrap();
    scene.end_job("one").await;
    assert_eq!((scene.job_calls(), scene.jobs()), ([2, 2, 2], vec![]));
}

/// Somebody made a second job with the description of ours, mark included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_job_is_reported_and_neither_stopped_nor_deleted() {
    let (mut scene, dataset) = with_flowers("job-copy", endless(), &[]).await;
    for name in ["known", "unknown"] {
        scene.stop_operator().await;
        scene.make_job(name, json!({"description": name})).await;
        if name == "unknown" {
            // Only its mark tells that it is ours.
            scene.crash_at(&format!("after Create of {KIND}")).await;
        } else {
            scene.start_operator().await;
            scene.running(name).await;
        }
        let own =
            scene.jobs().into_iter().find(|job| job.description.as_ref().is_some_and(|text| text.starts_with(name)));
        let own = own.unwrap();
        // The service tells times in whole seconds.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let copy = scene.foreign_job(&dataset, own.description.as_deref().unwrap());
        if name == "unknown" {
            scene.start_operator().await;
        }
        let told = |object: &DynamicObject| {
            condition(object, "DuplicatesFound").is_some_and(|found| found.message.contains(&copy))
        };
        let object = scene.job_that(name, "told of its copy", told).await;
        assert_eq!(job_id(&object), own.dataset_job_id, "{name}: the older one is its own");
        let before = scene.job_calls();
        scene.end_job(name).await;
        assert_eq!(scene.job_calls(), [before[0], before[1] + 1, before[2] + 1], "{name}");
        assert!(scene.jobs().iter().all(|job| job.dataset_job_id != own.dataset_job_id), "{name}");
        assert_eq!(scene.job_state(&copy), "Running", "{name}");
    }
    assert_eq!(scene.calls("CreateDatasetJob"), (2, 0));
}
