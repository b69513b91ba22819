//! DatasetJobs: from the manifest to the end of the job and the deletion of the object, and what people, faults, kills and
//! a restored etcd do meanwhile. No job is paid for twice, and none that somebody else made is touched.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use jiff::Timestamp;
use kube::api::DynamicObject;
use pai_emulator::knobs::{JobOutcome, JobsListed, Rule, StopOutcome};
use pai_emulator::{Effect, Fault, Job, Knobs, When};
use serde_json::{Value, json};
use testbed::{Wait, condition};

use crate::cluster::{Cluster, changes_after, cloud, last_call};
use crate::duplicates::HASTY;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, WORKSPACE, dataset_id, oss, status};
use crate::trouble::{fault, late};

const KIND: &str = "DatasetJob";
const OBJECTS: &str = "datasetjobs";
/// At last the operator asks how jobs go on only every half minute.
const PATIENCE: Duration = Duration::from_secs(120);
const AN_HOUR: u32 = 3_600_000;
const RESYNC: [(&str, &str); 1] = [("DATASET_OPERATOR_RESYNC", "2s")];

/// Jobs that run until something ends them.
fn endless() -> Knobs {
    Knobs { job_pending_ms: 0, job_run_ms: AN_HOUR, ..Knobs::default() }
}

/// Jobs that end soon.
fn short(job_outcome: JobOutcome) -> Knobs {
    Knobs { job_pending_ms: 0, job_run_ms: 500, job_outcome, ..Knobs::default() }
}

/// A scene with a Dataset `flowers` that is Ready; returns its id.
async fn with_flowers(name: &str, knobs: Knobs, env: &[(&'static str, &str)]) -> (Scene, String) {
    let env = env.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let scene = Scene::with(name, Setting { knobs, env, ..Setting::default() }).await;
    scene.create("Dataset", "flowers", oss("flowers")).await;
    let id = dataset_id(&scene.ready("Dataset", "flowers").await);
    (scene, id)
}

/// A small valid job of the Dataset `flowers`, with these members besides or instead.
fn index(more: Value) -> Value {
    let mut spec = json!({
        "datasetRef": {"name": "flowers"}, "jobAction": "SemanticIndex", "jobSpec": {"contentList": ["file"]},
    });
    let Value::Object(more) = more else { panic!("{more} has no members") };
    spec.as_object_mut().unwrap().extend(more);
    spec
}

fn is_true(object: &DynamicObject, type_: &str) -> bool {
    condition(object, type_).is_some_and(|condition| condition.status == "True")
}

/// The types of all conditions that are True.
fn conditions(object: &DynamicObject) -> Vec<&str> {
    let all = object.data["status"]["conditions"].as_array().unwrap();
    let mut types: Vec<_> =
        all.iter().filter(|it| it["status"] == "True").filter_map(|it| it["type"].as_str()).collect();
    types.sort_unstable();
    types
}

/// The id of the job that status names.
fn job_id(object: &DynamicObject) -> String {
    status(object, "datasetJobId")
}

fn is_recorded(object: &DynamicObject) -> bool {
    object.data["status"]["datasetJobId"].is_string()
}

fn is_running(object: &DynamicObject) -> bool {
    is_recorded(object) && object.data["status"]["state"] == "Running"
}

fn is_observed(object: &DynamicObject) -> bool {
    object.data["status"]["observedGeneration"] == json!(object.metadata.generation)
}

/// The reason of Ready.
fn reason_of(object: &DynamicObject) -> String {
    condition(object, "Ready").map(|ready| ready.reason).unwrap_or_default()
}

/// Members of the attempts in status.
fn attempts(object: &DynamicObject, member: &str) -> Vec<Value> {
    let all = object.data["status"]["attempts"].as_array().cloned().unwrap_or_default();
    all.into_iter().map(|attempt| attempt[member].clone()).collect()
}

/// A job that ended well: this and nothing else is True.
fn assert_complete(object: &DynamicObject) {
    assert_eq!(conditions(object), ["Complete", "Ready"], "{}", object.data["status"]);
    assert!(testbed::is_ready(object) && object.data["status"]["completionTime"].is_string(), "{}", object.data);
}

impl Scene {
    /// The jobs that exist, in the order of creation.
    fn jobs(&self) -> Vec<Job> {
        self.cloud().state().jobs.unwrap_or_default()
    }

    fn only_job(&self) -> Job {
        let mut all = self.jobs();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The path of a job that exists.
    fn job_path(&self, id: &str) -> String {
        let all = self.jobs();
        let job = all.iter().find(|job| job.dataset_job_id == id).unwrap_or_else(|| panic!("no {id} in {all:?}"));
        format!("/api/v1/datasets/{}/datasetjobs/{id}", job.dataset_id)
    }

    /// The state of a job, as the service says it.
    fn job_state(&self, id: &str) -> Value {
        self.console("GET", &self.job_path(id), Value::Null)["Status"].clone()
    }

    /// Makes a job say this from now on.
    fn tell_job(&self, id: &str, said: Value) {
        let said = serde_json::from_value(said).unwrap();
        assert!(self.cloud().tell_job(id, said), "there is no job {id}");
    }

    /// Somebody makes a job on a dataset in the console; returns its id.
    fn foreign_job(&self, dataset: &str, description: &str) -> String {
        let body = json!({
            "WorkspaceId": WORKSPACE, "JobAction": "SemanticIndex", "JobSpec": "{\"contentList\":[\"file\"]}",
            "Description": description,
        });
        let made = self.console("POST", &format!("/api/v1/datasets/{dataset}/datasetjobs"), body);
        made["DatasetJobId"].as_str().unwrap().to_owned()
    }

    /// Applies a small job with these members besides or instead.
    async fn make_job(&self, name: &str, more: Value) {
        self.create(KIND, name, index(more)).await;
    }

    fn patient(&self) -> Wait {
        self.wait_for(PATIENCE)
    }

    async fn job_that(&self, name: &str, what: &str, done: impl Fn(&DynamicObject) -> bool) -> DynamicObject {
        self.patient().object(&self.api(KIND), name, what, done).await.unwrap()
    }

    async fn running(&self, name: &str) -> DynamicObject {
        let object = self.job_that(name, "running", is_running).await;
        assert_eq!(conditions(&object), ["Reconciling"], "{}", object.data["status"]);
        object
    }

    async fn complete(&self, name: &str) -> DynamicObject {
        let done = |object: &DynamicObject| is_true(object, "Complete") && is_observed(object);
        let object = self.job_that(name, "Complete", done).await;
        assert_complete(&object);
        object
    }

    /// Waits until it has ended for good, and not well, for this reason.
    async fn failed_by(&self, name: &str, reason: &str) -> DynamicObject {
        let object = self.job_that(name, "Failed", |object| is_true(object, "Failed")).await;
        assert_eq!(conditions(&object), ["Failed", "Stalled"], "{}", object.data["status"]);
        assert_eq!(reason_of(&object), reason, "{}", object.data["status"]);
        object
    }

    /// Waits until this attempt is recorded; returns its job.
    async fn attempt(&self, name: &str, number: usize) -> String {
        let what = format!("at attempt {number}");
        let object = self.job_that(name, &what, |object| attempts(object, "datasetJobId").len() == number).await;
        attempts(&object, "datasetJobId")[number - 1].as_str().unwrap().to_owned()
    }

    /// Waits until Ready has this reason, and these words in its message.
    async fn says(&self, kind: &str, name: &str, reason: &str, words: &str) -> DynamicObject {
        let what = format!("{reason}, with {words:?}");
        let says = |object: &DynamicObject| {
            condition(object, "Ready").is_some_and(|ready| ready.reason == reason && ready.message.contains(words))
        };
        self.patient().object(&self.api(kind), name, &what, says).await.unwrap()
    }

    async fn slowly_gone(&self, kind: &str, name: &str) {
        self.patient().gone(&self.api(kind), name).await.unwrap();
    }

    /// Deletes an object and waits until it is gone.
    async fn end_job(&self, name: &str) {
        self.delete(KIND, name).await;
        self.slowly_gone(KIND, name).await;
    }

    /// Calls that were carried out: creates, stops, and deletes of jobs.
    fn job_calls(&self) -> [u64; 3] {
        ["CreateDatasetJob", "StopDatasetJob", "DeleteDatasetJob"].map(|operation| self.calls(operation).0)
    }

    /// Calls that read jobs, since this one.
    fn job_reads_after(&self, call: u64) -> u64 {
        let calls = self.calls_after(call);
        ["GetDatasetJob", "ListDatasetJobs"].map(|operation| calls[operation].as_u64().unwrap_or_default()).iter().sum()
    }

    /// When the service had calls of this operation.
    fn times_of(&self, operation: &str) -> Vec<Timestamp> {
        let calls = self.cloud().log().into_iter().filter(|line| line.operation == operation);
        calls.map(|line| line.time.parse().unwrap()).collect()
    }
}

// --- a life ---

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_runs_to_its_end_and_costs_nothing_from_then_on() {
    let knobs = Knobs { job_run_ms: AN_HOUR, ..Knobs::default() };
    let (scene, id) = with_flowers("job", knobs, &RESYNC).await;
    let call = scene.last_call();
    scene.make_job("nightly", json!({"description": "Nightly index"})).await;
    let object = scene.running("nightly").await;
    let made = scene.only_job();
    let mark = made.description.as_ref().and_then(|text| text.strip_prefix("Nightly index")).unwrap();
    assert!(mark.starts_with(" [dso1.c") && mark.len() == 64, "{mark}");
    assert_eq!(serde_json::from_str::<Value>(&made.job_spec).unwrap(), json!({"contentList": ["file"]}));
    assert_eq!((dataset_id(&object), status(&object, "datasetVersion")), (id, "v1".to_owned()));
    assert_eq!((job_id(&object), status(&object, "origin")), (made.dataset_job_id.to_string(), "Created".to_owned()));
    assert_eq!(attempts(&object, "number"), [json!(1)]);
    assert_eq!(attempts(&object, "datasetJobId"), [json!(made.dataset_job_id)]);
    assert!(object.data["status"]["startTime"].is_string() && object.data["status"]["completionTime"].is_null());

    scene.patch(KIND, "nightly", json!({"spec": {"description": "Weekly index"}})).await;
    let described = scene.job_that("nightly", "observed", is_observed).await;
    assert_eq!(scene.only_job().description.as_deref(), Some(format!("Weekly index{mark}").as_str()));
    assert_eq!(job_id(&described), made.dataset_job_id);
    let reads = scene.calls("GetDatasetJob").0;
    assert!(reads <= 1, "{reads} reads before a text with the mark is sent");

    let counts = json!({"totalFileCount": 1000, "completedFileCount": 1000, "failedFileCount": 0});
    let mut said = json!({"status": "Succeeded", "logs": ["begin", "end"]});
    said.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
    scene.tell_job(&made.dataset_job_id, said);
    let wait = ["wait", "--for=condition=Complete", "paidsj/nightly", "-n", scene.namespace.as_str(), "--timeout=120s"];
    scene.kubectl().run(&wait).await.unwrap();
    let object = scene.complete("nightly").await;
    let shown = &object.data["status"];
    assert_eq!((shown["state"].as_str(), &shown["logs"]), (Some("Succeeded"), &json!(["begin", "end"])));
    let progress = &shown["progress"];
    assert_eq!(
        (&progress["total"], &progress["completed"], &progress["failed"]),
        (&json!(1000), &json!(1000), &json!(0))
    );
    assert_eq!(attempts(&object, "state"), [json!("Succeeded")]);
    assert_eq!(scene.calls("GetDatasetJob").0 - reads, 1, "one at the end");
    assert_eq!(changes_after(scene.cloud(), call), json!({"CreateDatasetJob": 1, "UpdateDatasetJob": 1}));
    // Claim, record, one for each state that a list showed, and the edit.
    let writes = scene.writes(OBJECTS, None).await;
    assert!((4..=8).contains(&writes), "{writes} writes");
    scene.told("nightly", &["Created", "Updated", "Completed"]).await;

    let call = scene.last_call();
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(call), json!({}));
    assert_eq!(scene.writes(OBJECTS, None).await, writes);

    // What has ended can still be described, and stays ended.
    let ended = condition(&object, "Complete").unwrap().last_transition_time;
    scene.patch(KIND, "nightly", json!({"spec": {"description": "Done"}})).await;
    let object = scene.complete("nightly").await;
    assert_eq!(condition(&object, "Complete").unwrap().last_transition_time, ended);
    assert_eq!(scene.only_job().description.as_deref(), Some(format!("Done{mark}").as_str()));
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJob": 1}));
    assert!(scene.job_reads_after(call) <= 1, "{}", scene.calls_after(call));

    let (call, writes) = (scene.last_call(), scene.writes(OBJECTS, None).await);
    scene.end_job("nightly").await;
    assert_eq!(scene.jobs(), []);
    assert_eq!(changes_after(scene.cloud(), call), json!({"DeleteDatasetJob": 1}));
    assert!(scene.job_reads_after(call) <= 1, "{}", scene.calls_after(call));
    assert_eq!(scene.writes(OBJECTS, None).await - writes, 1, "the finalizer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_shown_in_a_column_and_seldom_written() {
    let (scene, _) = with_flowers("job-progress", endless(), &[]).await;
    scene.make_job("long", json!({})).await;
    let id = job_id(&scene.running("long").await);
    let (begin, writes) = (Instant::now(), scene.writes(OBJECTS, None).await);
    let lists = scene.calls("ListDatasetJobs").0;
    let mut completed = 0;
    let wait = scene.patient();
    // Each list shows another figure.
    let shown = wait.until("progress in status", async || {
        completed = 999.min(completed + 1);
        scene.tell_job(&id, json!({"totalFileCount": 1000, "completedFileCount": completed, "failedFileCount": 1}));
        let object = scene.get(KIND, "long").await;
        let listed = scene.calls("ListDatasetJobs").0 >= lists + 3;
        Ok((listed && object.data["status"]["progress"]["total"] == 1000).then_some(object))
    });
    let progress = shown.await.unwrap().data["status"]["progress"].clone();
    assert_eq!(progress["failed"], 1, "{progress}");
    let written = scene.writes(OBJECTS, None).await - writes;
    let allowed = 1 + begin.elapsed().as_secs() / 30;
    assert!(written <= usize::try_from(allowed).unwrap(), "{written} writes of progress in {:?}", begin.elapsed());
    let printed = scene.kubectl().run(&["get", "paidsj", "-n", &scene.namespace]).await.unwrap();
    for words in ["DATASET", "ACTION", "STATE", "PROGRESS", "AGE", "SemanticIndex", "Running", "/1000"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
}

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

// --- ends ---

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

// --- deletion ---

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_ends_whatever_the_service_answers_to_stop_and_delete() {
    let (scene, _) = with_flowers("job-refused", endless(), &[]).await;
    let odd = |operation: &str| Fault {
        status: 400,
        code: "Odd.Code".to_owned(),
        ..fault(operation, Effect::Error, When::Before)
    };
    let both =
        |effect, when| ["StopDatasetJob", "DeleteDatasetJob"].map(|operation| fault(operation, effect, when)).to_vec();
    for (name, faults) in [
        ("ended", Vec::new()),
        ("succeeds", Vec::new()),
        ("odd", ["StopDatasetJob", "DeleteDatasetJob"].map(odd).to_vec()),
        ("lost", both(Effect::Reset, When::After)),
        ("never", both(Effect::Drop, When::Before)),
        ("late", ["StopDatasetJob", "DeleteDatasetJob"].map(|operation| late(operation, 4500)).to_vec()),
    ] {
        scene.make_job(name, json!({})).await;
        let id = job_id(&scene.running(name).await);
        // It ends between the last list and the stop, which is then refused; or the stop comes too late.
        if name == "ended" {
            scene.tell_job(&id, json!({"status": "Succeeded"}));
        }
        let outcome = if name == "succeeds" { StopOutcome::Succeeded } else { StopOutcome::ManuallyStop };
        scene.cloud().set_knobs(|knobs| knobs.job_stop_outcome = outcome);
        scene.cloud().add_faults(faults);
        scene.end_job(name).await;
        assert_eq!((scene.jobs(), scene.cloud().faults()), (vec![], vec![]), "{name}");
    }
    assert_eq!(scene.calls("CreateDatasetJob"), (6, 0));
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

// --- lost answers and kills ---

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

// --- datasets ---

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

// --- input ---

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

// --- an older state of the cluster ---

/// The jobs that these objects record.
async fn jobs_of(cluster: &Cluster, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        let wait = Wait::new(PATIENCE);
        let running = |object: &DynamicObject| is_running(object) || is_true(object, "Complete");
        ids.push(job_id(&wait.object(&cluster.api(KIND), name, "running or Complete", running).await.unwrap()));
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_etcd_costs_no_job_and_runs_none_twice() {
    let cloud = cloud().await;
    cloud.set_knobs(|knobs| *knobs = Knobs { name_scope: knobs.name_scope, ..endless() });
    let Some(mut cluster) = Cluster::start().await else { return };
    cluster.in_namespace("mill").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    cluster.create("Dataset", "flowers", oss("flowers")).await;
    cluster.ready("Dataset", "flowers").await;
    cluster.create(KIND, "recorded", index(json!({}))).await;
    jobs_of(&cluster, &["recorded"]).await;
    cluster.kill_operator();
    // Announced, but not sent; and not even seen.
    cluster.create(KIND, "claimed", index(json!({}))).await;
    cluster.crash_at(&format!("before Create of {KIND}")).await;
    cluster.create(KIND, "unseen", index(json!({}))).await;
    let snapshot = cluster.snapshot();

    let all = ["recorded", "claimed", "unseen", "later"];
    cluster.start_operator().await;
    cluster.create(KIND, "later", index(json!({}))).await;
    let ids = jobs_of(&cluster, &all).await;
    let said = serde_json::from_value(json!({"status": "Succeeded"})).unwrap();
    assert!(cloud.tell_job(&ids[1], said));
    let complete = |object: &DynamicObject| is_true(object, "Complete");
    let patient = Wait::new(PATIENCE);
    patient.object(&cluster.api(KIND), "claimed", "Complete", complete).await.unwrap();
    cluster.kill_operator();

    for ahead in [0, 1000] {
        let call = last_call(&cloud);
        cluster.restore(&snapshot, ahead).await;
        if ahead == 0 {
            cluster.start_operator().await;
        }
        // Applied again, it is another object.
        cluster.create(KIND, "later", index(json!({}))).await;
        assert_eq!(jobs_of(&cluster, &all).await, ids, "found again, each one");
        let object = patient.object(&cluster.api(KIND), "claimed", "Complete", complete).await.unwrap();
        assert_complete(&object);
        for name in &all[1..] {
            let object = cluster.api(KIND).get(name).await.unwrap();
            assert_eq!(object.data["status"]["recovered"], true, "{name}");
        }
        assert_eq!(changes_after(&cloud, call), json!({"UpdateDatasetJob": 1}), "the mark of the one applied again");
    }
    assert_eq!(cloud.state().jobs.unwrap_or_default().len(), 4);
    cluster.stop_operator().await;
}
