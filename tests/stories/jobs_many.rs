//! Many DatasetJobs at once: they share their lists and reads, also where the service behaves otherwise.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::future::join_all;
use pai_emulator::Knobs;
use pai_emulator::knobs::{JobOutcome, JobsListed};
use serde_json::json;

use crate::cluster::changes_after;
use crate::jobs::{OBJECTS, RESYNC, endless, is_recorded, job_id, short, with_flowers};
use crate::looks::version_of;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_jobs_of_a_dataset_are_watched_by_one_list() {
    let knobs = Knobs { job_run_ms: 15_000, ..Knobs::default() };
    let env = [RESYNC[0], ("DATASET_OPERATOR_QPS", "400")];
    let (scene, _) = with_flowers("job-many", knobs, &env).await;
    let names: Vec<_> = (0..200).map(|number| format!("j-{number}")).collect();
    let made = futures::stream::iter(&names).map(|name| scene.make_job(name, json!({})));
    made.buffer_unordered(20).collect::<Vec<()>>().await;
    let mut recorded = BTreeSet::new();
    for name in &names {
        recorded.insert(job_id(&scene.complete(name).await));
    }
    let there: BTreeSet<_> = scene.jobs().into_iter().map(|job| job.dataset_job_id.to_string()).collect();
    assert_eq!((recorded.len(), &recorded), (200, &there));
    let mut calls = scene.calls_without_sweeps();
    let lists = calls.remove("ListDatasetJobs").unwrap();
    assert_eq!(json!(calls), json!({"CreateDataset": 1, "CreateDatasetJob": 200, "GetDatasetJob": 200}));
    // Two pages each time, 2 s apart at first, and the look before the first create.
    let times = scene.times_of("ListDatasetJobs");
    let took = times.last().unwrap().duration_since(*times.first().unwrap());
    let intervals = u64::try_from(took.as_millis()).unwrap() / 2000 + 1;
    println!("200 jobs: {lists} pages in {took:#}, {} writes", scene.writes(OBJECTS, None).await);
    assert!(lists <= 2 * intervals + 2, "{lists} pages in {intervals} intervals");
    // Claim, record, at most one for each of the three states that follow, and one for progress.
    let writes = scene.writes(OBJECTS, None).await;
    assert!(writes <= 200 * 6, "{writes} writes");

    let call = scene.last_call();
    scene.sweeps(2).await;
    assert_eq!(scene.calls_after(call), json!({}));
    assert_eq!(scene.writes(OBJECTS, None).await, writes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_jobs_deleted_at_once_share_their_reads() {
    let (scene, _) = with_flowers("job-share", short(JobOutcome::Succeeded), &[]).await;
    let names: Vec<_> = (0..20).map(|number| format!("j-{number}")).collect();
    join_all(names.iter().map(|name| scene.make_job(name, json!({})))).await;
    for name in &names {
        scene.complete(name).await;
    }
    let call = scene.last_call();
    join_all(names.iter().map(|name| scene.end_job(name))).await;
    assert_eq!(scene.jobs(), []);
    assert_eq!(changes_after(scene.cloud(), call), json!({"DeleteDatasetJob": 20}));
    let reads = scene.job_reads_after(call);
    println!("20 deletes: {reads} reads");
    assert!(reads <= 12, "{}", scene.calls_after(call));
}

/// What nobody knows of the service, each the other way round; and a restart while the jobs run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_end_as_well_where_the_service_behaves_otherwise() {
    let knobs = Knobs {
        jobs_listed: JobsListed::Version,
        job_page_size_max: 20,
        deleted_jobs_shown_ms: 60_000,
        job_deleting_ms: 500,
        rewrite_job_spec: true,
        job_description_cut: 256,
        trim_texts: true,
        ..endless()
    };
    let (mut scene, _) = with_flowers("job-otherwise", knobs, &RESYNC).await;
    scene.create("DatasetVersion", "second", version_of("flowers", "v2")).await;
    scene.ready("DatasetVersion", "second").await;
    let names: Vec<_> = (0..25).map(|number| format!("j-{number}")).collect();
    let spec = json!({"contentList": ["file"], "concurrency": 4, "threshold": 0.123_456_789_012});
    let versions = ["v1", "v2"].iter().cycle();
    let description = "字".repeat(64);
    let made = names.iter().zip(versions).map(|(name, version)| {
        scene.make_job(name, json!({"jobSpec": spec, "datasetVersion": version, "description": description}))
    });
    join_all(made).await;
    for name in &names {
        scene.job_that(name, "recorded", is_recorded).await;
    }
    scene.kill_operator();
    scene.start_operator().await;
    for job in scene.jobs() {
        scene.tell_job(&job.dataset_job_id, json!({"status": "Succeeded"}));
    }
    for name in &names {
        scene.complete(name).await;
    }
    assert_eq!(scene.job_calls(), [25, 0, 0]);
    assert_eq!(scene.calls("UpdateDatasetJob"), (0, 0));
    join_all(names.iter().map(|name| scene.end_job(name))).await;
    assert_eq!(scene.job_calls(), [25, 0, 25]);
}
