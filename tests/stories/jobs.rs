//! The life of a DatasetJob, from the manifest to the deletion of the object, and the helpers of all stories of jobs. No
//! job is paid for twice, and none that somebody else made is touched.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::DynamicObject;
use pai_emulator::knobs::JobOutcome;
use pai_emulator::{Job, Knobs};
use serde_json::{Value, json};
use testbed::{Wait, condition};

use crate::cluster::changes_after;
use crate::scene::{Scene, Setting, WORKSPACE, dataset_id, oss, status};

pub(crate) const KIND: &str = "DatasetJob";
pub(crate) const OBJECTS: &str = "datasetjobs";
/// At last the operator asks how jobs go on only every half minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const AN_HOUR: u32 = 3_600_000;
pub(crate) const RESYNC: [(&str, &str); 1] = [("DATASET_OPERATOR_RESYNC", "2s")];

/// Jobs that run until something ends them.
pub(crate) fn endless() -> Knobs {
    Knobs { job_pending_ms: 0, job_run_ms: AN_HOUR, ..Knobs::default() }
}

/// Jobs that end soon.
pub(crate) fn short(job_outcome: JobOutcome) -> Knobs {
    Knobs { job_pending_ms: 0, job_run_ms: 500, job_outcome, ..Knobs::default() }
}

/// A scene with a Dataset `flowers` that is Ready; returns its id.
pub(crate) async fn with_flowers(name: &str, knobs: Knobs, env: &[(&'static str, &str)]) -> (Scene, String) {
    let env = env.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let scene = Scene::with(name, Setting { knobs, env, ..Setting::default() }).await;
    scene.create("Dataset", "flowers", oss("flowers")).await;
    let id = dataset_id(&scene.ready("Dataset", "flowers").await);
    (scene, id)
}

/// A small valid job of the Dataset `flowers`, with these members besides or instead.
pub(crate) fn index(more: Value) -> Value {
    let mut spec = json!({
        "datasetRef": {"name": "flowers"}, "jobAction": "SemanticIndex", "jobSpec": {"contentList": ["file"]},
    });
    let Value::Object(more) = more else { panic!("{more} has no members") };
    spec.as_object_mut().unwrap().extend(more);
    spec
}

pub(crate) fn is_true(object: &DynamicObject, type_: &str) -> bool {
    condition(object, type_).is_some_and(|condition| condition.status == "True")
}

/// The types of all conditions that are True.
pub(crate) fn conditions(object: &DynamicObject) -> Vec<&str> {
    let all = object.data["status"]["conditions"].as_array().unwrap();
    let mut types: Vec<_> =
        all.iter().filter(|it| it["status"] == "True").filter_map(|it| it["type"].as_str()).collect();
    types.sort_unstable();
    types
}

/// The id of the job that status names.
pub(crate) fn job_id(object: &DynamicObject) -> String {
    status(object, "datasetJobId")
}

pub(crate) fn is_recorded(object: &DynamicObject) -> bool {
    object.data["status"]["datasetJobId"].is_string()
}

pub(crate) fn is_running(object: &DynamicObject) -> bool {
    is_recorded(object) && object.data["status"]["state"] == "Running"
}

pub(crate) fn is_observed(object: &DynamicObject) -> bool {
    object.data["status"]["observedGeneration"] == json!(object.metadata.generation)
}

/// The reason of Ready.
pub(crate) fn reason_of(object: &DynamicObject) -> String {
    condition(object, "Ready").map(|ready| ready.reason).unwrap_or_default()
}

/// Members of the attempts in status.
pub(crate) fn attempts(object: &DynamicObject, member: &str) -> Vec<Value> {
    let all = object.data["status"]["attempts"].as_array().cloned().unwrap_or_default();
    all.into_iter().map(|attempt| attempt[member].clone()).collect()
}

/// A job that ended well: this and nothing else is True.
pub(crate) fn assert_complete(object: &DynamicObject) {
    assert_eq!(conditions(object), ["Complete", "Ready"], "{}", object.data["status"]);
    assert!(testbed::is_ready(object) && object.data["status"]["completionTime"].is_string(), "{}", object.data);
}

impl Scene {
    /// The jobs that exist, in the order of creation.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.cloud().state().jobs.unwrap_or_default()
    }

    pub(crate) fn only_job(&self) -> Job {
        let mut all = self.jobs();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The path of a job that exists.
    pub(crate) fn job_path(&self, id: &str) -> String {
        let all = self.jobs();
        let job = all.iter().find(|job| job.dataset_job_id == id).unwrap_or_else(|| panic!("no {id} in {all:?}"));
        format!("/api/v1/datasets/{}/datasetjobs/{id}", job.dataset_id)
    }

    /// The state of a job, as the service says it.
    pub(crate) fn job_state(&self, id: &str) -> Value {
        self.console("GET", &self.job_path(id), Value::Null)["Status"].clone()
    }

    /// Makes a job say this from now on.
    pub(crate) fn tell_job(&self, id: &str, said: Value) {
        let said = serde_json::from_value(said).unwrap();
        assert!(self.cloud().tell_job(id, said), "there is no job {id}");
    }

    /// Somebody makes a job on a dataset in the console; returns its id.
    pub(crate) fn foreign_job(&self, dataset: &str, description: &str) -> String {
        let body = json!({
            "WorkspaceId": WORKSPACE, "JobAction": "SemanticIndex", "JobSpec": "{\"contentList\":[\"file\"]}",
            "Description": description,
        });
        let made = self.console("POST", &format!("/api/v1/datasets/{dataset}/datasetjobs"), body);
        made["DatasetJobId"].as_str().unwrap().to_owned()
    }

    /// Applies a small job with these members besides or instead.
    pub(crate) async fn make_job(&self, name: &str, more: Value) {
        self.create(KIND, name, index(more)).await;
    }

    pub(crate) fn patient(&self) -> Wait {
        self.wait_for(PATIENCE)
    }

    pub(crate) async fn job_that(
        &self,
        name: &str,
        what: &str,
        done: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        self.patient().object(&self.api(KIND), name, what, done).await.unwrap()
    }

    pub(crate) async fn running(&self, name: &str) -> DynamicObject {
        let object = self.job_that(name, "running", is_running).await;
        assert_eq!(conditions(&object), ["Reconciling"], "{}", object.data["status"]);
        object
    }

    pub(crate) async fn complete(&self, name: &str) -> DynamicObject {
        let done = |object: &DynamicObject| is_true(object, "Complete") && is_observed(object);
        let object = self.job_that(name, "Complete", done).await;
        assert_complete(&object);
        object
    }

    /// Waits until it has ended for good, and not well, for this reason.
    pub(crate) async fn failed_by(&self, name: &str, reason: &str) -> DynamicObject {
        let object = self.job_that(name, "Failed", |object| is_true(object, "Failed")).await;
        assert_eq!(conditions(&object), ["Failed", "Stalled"], "{}", object.data["status"]);
        assert_eq!(reason_of(&object), reason, "{}", object.data["status"]);
        object
    }

    /// Waits until this attempt is recorded; returns its job.
    pub(crate) async fn attempt(&self, name: &str, number: usize) -> String {
        let what = format!("at attempt {number}");
        let object = self.job_that(name, &what, |object| attempts(object, "datasetJobId").len() == number).await;
        attempts(&object, "datasetJobId")[number - 1].as_str().unwrap().to_owned()
    }

    /// Waits until Ready has this reason, and these words in its message.
    pub(crate) async fn says(&self, kind: &str, name: &str, reason: &str, words: &str) -> DynamicObject {
        let what = format!("{reason}, with {words:?}");
        let says = |object: &DynamicObject| {
            condition(object, "Ready").is_some_and(|ready| ready.reason == reason && ready.message.contains(words))
        };
        self.patient().object(&self.api(kind), name, &what, says).await.unwrap()
    }

    pub(crate) async fn slowly_gone(&self, kind: &str, name: &str) {
        self.patient().gone(&self.api(kind), name).await.unwrap();
    }

    /// Deletes an object and waits until it is gone.
    pub(crate) async fn end_job(&self, name: &str) {
        self.delete(KIND, name).await;
        self.slowly_gone(KIND, name).await;
    }

    /// Calls that were carried out: creates, stops, and deletes of jobs.
    pub(crate) fn job_calls(&self) -> [u64; 3] {
        ["CreateDatasetJob", "StopDatasetJob", "DeleteDatasetJob"].map(|operation| self.calls(operation).0)
    }

    /// Calls that read jobs, since this one.
    pub(crate) fn job_reads_after(&self, call: u64) -> u64 {
        let calls = self.calls_after(call);
        ["GetDatasetJob", "ListDatasetJobs"].map(|operation| calls[operation].as_u64().unwrap_or_default()).iter().sum()
    }

    /// When the service had calls of this operation.
    pub(crate) fn times_of(&self, operation: &str) -> Vec<Timestamp> {
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

/// States that nobody has heard of, counts that go back, and a log of 10 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_job_shows_it_is_followed_to_its_end() {
    let (scene, _) = with_flowers("job-odd", endless(), &[]).await;
    scene.make_job("odd", json!({})).await;
    let id = job_id(&scene.running("odd").await);
    scene.tell_job(&id, json!({"status": "Rebalancing", "totalFileCount": 1000, "completedFileCount": 600}));
    let odd = |object: &DynamicObject| object.data["status"]["state"] == "Rebalancing";
    let object = scene.job_that("odd", "its state", odd).await;
    assert_eq!(
        (reason_of(&object), &object.data["status"]["progress"]["completed"]),
        ("Progressing".to_owned(), &json!(600))
    );
    let logs = vec!["x".repeat(1000); 10_000];
    scene.tell_job(&id, json!({"status": "Succeeded", "totalFileCount": 10, "completedFileCount": 10, "logs": logs}));
    let object = scene.complete("odd").await;
    assert_eq!(object.data["status"]["progress"]["completed"], 10, "{}", object.data["status"]["progress"]);
    let size = serde_json::to_string(&object.data["status"]).unwrap().len();
    assert!(size < 64 << 10, "status has {size} bytes");
    assert!(scene.peak_memory() < 200, "{} MiB", scene.peak_memory());
    assert_eq!(scene.job_calls(), [1, 0, 0]);
}
