//! What a DatasetJob is given: a wrong spec, a dataset and a version that come later, and a job to adopt.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::changes_after;
use crate::jobs::{KIND, conditions, endless, index, is_observed, is_running, job_id, with_flowers};
use crate::looks::version_of;
use crate::scene::{dataset_id, oss, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_job_is_answered_with_what_to_change() {
    let (scene, _) = with_flowers("job-wrong", endless(), &[]).await;
    for (wrong, expected) in [
        (json!({"jobSpec": {}}), "contentList"),
        (
            json!({"jobAction": "IntelligentTag", "jobSpec": {"modelId": "m", "promptId": "p"}}),
            "intelligentTagConnectionId",
        ),
        (json!({"jobAction": "FileMetaExport", "jobSpec": {}}), "exportDirUri"),
        (json!({"jobAction": "IntelligentTagRevert", "jobSpec": {}}), "intelligentTagJobId"),
        (json!({"jobAction": "FileMetaImport", "jobSpec": {}}), "manifestUri"),
        (
            json!({"jobAction": "FileMetaImport", "jobSpec": {"srcDatasetId": "d-1", "manifestUri": "oss://b/m"}}),
            "not both",
        ),
        (json!({"jobAction": "FileMetaBuild", "jobSpec": {}, "jobMode": "Increment"}), "jobMode"),
        (json!({"jobAction": "Dance"}), "jobAction"),
        (json!({"datasetId": "d-1"}), "datasetRef"),
        (json!({"versionRef": {"name": "second"}, "datasetVersion": "v2"}), "versionRef"),
        (json!({"backoffLimit": 7}), "backoffLimit"),
        (json!({"activeDeadlineSeconds": 0}), "activeDeadlineSeconds"),
        (json!({"partialFailure": "Maybe"}), "partialFailure"),
        (json!({"description": "字".repeat(65)}), "192"),
    ] {
        let refused =
            scene.try_apply(KIND, "wrong", index(wrong.clone())).await.expect_err(&wrong.to_string()).to_string();
        assert!(refused.contains(expected), "{wrong}: {refused}");
    }

    let first = json!({"jobSpec": {"contentList": ["file"], "concurrency": 4}});
    scene.apply(KIND, "fixed", index(first.clone())).await;
    let id = job_id(&scene.running("fixed").await);
    let changed = |change: Value| {
        let mut spec = index(first.clone());
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        spec
    };
    for (field, edit) in [
        ("datasetRef", json!({"datasetRef": {"name": "trees"}})),
        ("datasetVersion", json!({"datasetVersion": "v7"})),
        ("jobAction", json!({"jobAction": "FileMetaBuild"})),
        ("jobMode", json!({"jobMode": "Increment"})),
        ("jobSpec", json!({"jobSpec": {"contentList": ["file"], "concurrency": 5}})),
        ("partialFailure", json!({"partialFailure": "Accept"})),
        ("runId", json!({"runId": "2"})),
    ] {
        let refused = scene.try_apply(KIND, "fixed", changed(edit)).await.expect_err(field).to_string();
        assert!(refused.contains(&format!("{field} cannot change once the job exists")), "{refused}");
    }
    // The API server does not notice that a member has another name; the operator does.
    let renamed = json!({"jobSpec": {"contentList": ["file"], "parallelism": 4}});
    if scene.try_apply(KIND, "fixed", changed(renamed)).await.is_ok() {
        scene.says(KIND, "fixed", "ImmutableChanged", "jobSpec").await;
        scene.apply(KIND, "fixed", changed(json!({}))).await;
    }
    let free =
        json!({"description": "Mine", "backoffLimit": 1, "activeDeadlineSeconds": 7200, "deletionPolicy": "Retain"});
    scene.apply(KIND, "fixed", changed(free)).await;
    let object = scene.job_that("fixed", "observed", |object| is_observed(object) && is_running(object)).await;
    assert_eq!((conditions(&object), job_id(&object)), (vec!["Reconciling"], id));
    assert_eq!(scene.job_calls(), [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_waits_for_its_dataset_and_its_version_and_then_runs() {
    let (scene, _) = with_flowers("job-early", endless(), &[]).await;
    let of_trees = json!({"datasetRef": {"name": "trees"}});
    let of_second = json!({"versionRef": {"name": "second"}});
    scene.make_job("early", of_trees).await;
    scene.make_job("newer", of_second).await;
    scene.says(KIND, "early", "DependencyNotReady", "Dataset trees does not exist").await;
    scene.says(KIND, "newer", "DependencyNotReady", "second").await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1}));

    scene.create("Dataset", "trees", oss("trees")).await;
    scene.create("DatasetVersion", "second", version_of("flowers", "v2")).await;
    assert_eq!(status(&scene.running("newer").await, "datasetVersion"), "v2");
    let trees = dataset_id(&scene.ready("Dataset", "trees").await);
    assert_eq!(dataset_id(&scene.running("early").await), trees);

    // The version of another dataset.
    scene.make_job("astray", json!({"datasetRef": {"name": "trees"}, "versionRef": {"name": "second"}})).await;
    let object = scene.says(KIND, "astray", "InvalidSpec", "second").await;
    assert_eq!(conditions(&object), ["Stalled"]);
    scene.end_job("astray").await;

    // Without a version the newest is meant, and stays meant.
    scene.make_job("newest", json!({})).await;
    assert_eq!(status(&scene.running("newest").await, "datasetVersion"), "v2");
    scene.create("DatasetVersion", "third", version_of("flowers", "v3")).await;
    scene.ready("DatasetVersion", "third").await;
    scene.patch(KIND, "newest", json!({"spec": {"description": "later"}})).await;
    let object = scene.job_that("newest", "observed", is_observed).await;
    assert_eq!(status(&object, "datasetVersion"), "v2");

    // The service says that there is no such version; there may be one later.
    scene.make_job("missing", json!({"datasetVersion": "v9"})).await;
    scene.says(KIND, "missing", "DependencyNotReady", "v9").await;
    scene.end_job("missing").await;

    // A dataset without an object here is read once.
    let theirs = scene.foreign("theirs", &[]);
    let call = scene.last_call();
    let spec = json!({"datasetId": theirs, "jobAction": "FileMetaBuild", "jobSpec": {}});
    scene.create(KIND, "bare", spec).await;
    let object = scene.running("bare").await;
    assert_eq!((dataset_id(&object), status(&object, "datasetVersion")), (theirs.clone(), "v1".to_owned()));
    assert_eq!(scene.calls_after(call)["GetDataset"], 1, "{}", scene.calls_after(call));
    let there: BTreeSet<_> =
        scene.jobs().into_iter().map(|job| (job.dataset_id.to_string(), job.dataset_version.to_string())).collect();
    let expected = [(trees, "v1"), (theirs, "v1")].map(|(id, version)| (id, version.to_owned()));
    assert!(expected.iter().all(|pair| there.contains(pair)), "{there:?}");
    assert_eq!(scene.job_calls(), [4, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_job_is_followed_to_its_end_and_survives_its_object() {
    let (scene, dataset) = with_flowers("job-adopt", endless(), &[]).await;
    let [theirs, ended] = ["theirs", "ended"].map(|description| scene.foreign_job(&dataset, description));
    scene.tell_job(&ended, json!({"status": "Succeeded"}));
    let call = scene.last_call();
    scene.make_job("taken", json!({"adoption": {"datasetJobId": theirs}})).await;
    let object = scene.running("taken").await;
    assert_eq!((job_id(&object), status(&object, "origin")), (theirs.clone(), "Adopted".to_owned()));
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJob": 1}), "its mark");
    let description = scene.jobs()[0].description.clone().unwrap();
    assert!(description.starts_with("theirs [dso1.a"), "{description}");

    scene.make_job("second", json!({"adoption": {"datasetJobId": theirs}})).await;
    scene.says(KIND, "second", "OwnedByOther", &theirs).await;
    scene.make_job("nowhere", json!({"adoption": {"datasetJobId": "dsjob-nowhere"}})).await;
    scene.says(KIND, "nowhere", "AdoptionNotFound", "dsjob-nowhere").await;
    scene.make_job("over", json!({"adoption": {"datasetJobId": ended}})).await;
    scene.complete("over").await;
    scene.tell_job(&theirs, json!({"status": "ManuallyStop"}));
    scene.failed_by("taken", "JobStopped").await;
    for name in ["second", "nowhere", "over", "taken"] {
        scene.end_job(name).await;
    }
    assert_eq!((scene.job_calls(), scene.jobs().len()), ([0, 0, 0], 2));
}
