//! Lost answers, late effects, copies and kills around the create of a job: exactly one is made and called ours.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use kube::api::DynamicObject;
use pai_emulator::{Effect, When};
use serde_json::json;
use testbed::condition;

use crate::duplicates::HASTY;
use crate::jobs::{KIND, attempts, endless, is_recorded, job_id, with_flowers};
use crate::scene::status;
use crate::trouble::{fault, late};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_makes_exactly_one_job() {
    let (scene, _) = with_flowers("job-answers", endless(), &[]).await;
    let effects = [Effect::Error, Effect::Reset, Effect::Drop, Effect::Garble];
    let ways = effects.iter().flat_map(|effect| [When::Before, When::After].map(|when| (*effect, when)));
    scene.cloud().add_faults(ways.map(|(effect, when)| fault("CreateDatasetJob", effect, when)));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    join_all(names.map(|name| scene.make_job(name, json!({})))).await;
    let mut recorded = BTreeSet::new();
    for name in names {
        recorded.insert(job_id(&scene.running(name).await));
    }
    let there: BTreeSet<_> = scene.jobs().into_iter().map(|job| job.dataset_job_id.to_string()).collect();
    assert_eq!((recorded.len(), &recorded), (8, &there));
    assert_eq!(scene.calls("CreateDatasetJob"), (8, 4), "four that were never executed are made again, once");
    // One that takes effect after the operator gave it up, and before the settle time is over.
    scene.cloud().add_faults([late("CreateDatasetJob", 4500)]);
    scene.make_job("late", json!({})).await;
    scene.running("late").await;
    assert_eq!((scene.calls("CreateDatasetJob"), scene.jobs().len()), ((9, 4), 9));
}

/// Dies at `point` while it creates.
async fn create_survives(point: &str) {
    let (mut scene, _) = with_flowers("job-kill", endless(), &[]).await;
    scene.stop_operator().await;
    scene.make_job("one", json!({})).await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    scene.start_operator().await;
    let object = scene.running("one").await;
    assert_eq!(job_id(&object), scene.only_job().dataset_job_id, "{point}");
    assert_eq!(
        (status(&object, "origin"), attempts(&object, "number")),
        ("Created".to_owned(), vec![json!(1)]),
        "{point}"
    );
    scene.end_job("one").await;
    assert_eq!((scene.job_calls(), scene.jobs()), ([1, 1, 1], vec![]), "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_create_makes_exactly_one_job() {
    let points = [
        "before Permit",
        "before Claim",
        "after Claim",
        "before Create",
        "after Create",
        "before Record",
        "after Record",
    ];
    join_all(points.map(create_survives)).await;
}

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
