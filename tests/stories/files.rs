//! The life of a DatasetFileSet, from the manifest to the deletion of the object, and the helpers of all stories of file sets.
//! Only what a set made is ever changed or deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::api::DynamicObject;
use pai_emulator::{FileMeta, Knobs};
use serde_json::{Value, json};

use crate::jobs::{conditions, is_observed, reason_of};
use crate::scene::{Scene, Setting, WORKSPACE, dataset_id, oss, status};

pub(crate) const KIND: &str = "DatasetFileSet";
pub(crate) const OBJECTS: &str = "datasetfilesets";
/// A resync of 2 s: files are counted every 2 s, and a walk because of a difference comes after 12 s.
pub(crate) const OFTEN: [(&str, &str); 1] = [("DATASET_OPERATOR_RESYNC", "2s")];

/// A dataset that can have file metadata.
pub(crate) fn advanced(name: &str) -> Value {
    let mut spec = oss(name);
    spec["edition"] = json!("ADVANCED");
    spec
}

/// A scene with a Dataset `flowers` of the edition ADVANCED that is Ready; returns its id.
pub(crate) async fn with_flowers(name: &str, knobs: Knobs, env: &[(&'static str, &str)]) -> (Scene, String) {
    let env = env.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let scene = Scene::with(name, Setting { knobs, env, ..Setting::default() }).await;
    scene.create("Dataset", "flowers", advanced("flowers")).await;
    let id = dataset_id(&scene.ready("Dataset", "flowers").await);
    (scene, id)
}

/// The Uri of a file.
pub(crate) fn uri(number: usize) -> String {
    format!("oss://bucket/flowers/{number:05}.jpg")
}

/// A file of a set.
pub(crate) fn file(number: usize) -> Value {
    json!({
        "uri": uri(number), "contentType": "image/jpeg", "fileType": "image", "fileFingerPrint": "9B2C",
        "fileUpdateTime": "2026-11-01T00:00:00Z", "tags": ["red"],
    })
}

pub(crate) fn files(numbers: impl IntoIterator<Item = usize>) -> Vec<Value> {
    numbers.into_iter().map(file).collect()
}

/// A set of the Dataset `flowers`.
pub(crate) fn set(files: Vec<Value>, more: Value) -> Value {
    let mut spec = json!({"datasetRef": {"name": "flowers"}, "files": files});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

/// Calls of the operations on file metadata: walks, counts, creates, updates, deletes.
pub(crate) fn calls(scene: &Scene) -> [u64; 5] {
    [
        "ListDatasetFileMetas",
        "GetDatasetFileMetasStatistics",
        "CreateDatasetFileMetas",
        "UpdateDatasetFileMetas",
        "DeleteDatasetFileMetas",
    ]
    .map(|operation| scene.calls(operation))
    .map(|(ok, failed)| ok + failed)
}

pub(crate) fn counts(object: &DynamicObject) -> [i64; 3] {
    ["desired", "present", "failed"].map(|name| object.data["status"]["files"][name].as_i64().unwrap_or(-1))
}

impl Scene {
    /// The metadata that is there, by Uri.
    pub(crate) fn metas(&self) -> BTreeMap<String, FileMeta> {
        let all = self.cloud().state().file_metas.unwrap_or_default();
        all.into_iter().filter(|meta| !meta.deleted).map(|meta| (meta.uri.to_string(), meta)).collect()
    }

    /// Somebody makes metadata in the console; returns its id.
    pub(crate) fn foreign_file(&self, dataset: &str, number: usize, print: &str, tags: &[&str]) -> String {
        let item = json!({
            "Uri": uri(number), "ContentType": "image/jpeg", "FileType": "image", "FileFingerPrint": print,
            "FileUpdateTime": "2026-11-01T00:00:00Z", "Tags": json!({"user": {"add": tags}}).to_string(),
        });
        let body = json!({"DatasetVersion": "v1", "WorkspaceId": WORKSPACE, "DatasetFileMetas": [item]});
        let made = self.console("POST", &format!("/api/v1/datasets/{dataset}/datasetfilemetas"), body);
        made["SucceedDetails"][0]["DatasetFileMetaId"].as_str().unwrap().to_owned()
    }

    /// Somebody changes metadata in the console.
    pub(crate) fn edit_file(&self, number: usize, change: Value) {
        let meta = self.metas()[&uri(number)].clone();
        let mut item = json!({"DatasetFileMetaId": meta.dataset_file_meta_id});
        item.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let path = format!("/api/v1/datasets/{}/datasetfilemetas", meta.dataset_id);
        let answer = self.console("PUT", &path, json!({"DatasetFileMetas": [item]}));
        assert_eq!(answer["Status"], true, "{answer}");
    }

    /// Somebody deletes metadata in the console.
    pub(crate) fn delete_file(&self, number: usize) {
        let meta = self.metas()[&uri(number)].clone();
        let (dataset, id) = (meta.dataset_id, meta.dataset_file_meta_id);
        let path = format!("/api/v1/datasets/{dataset}/datasetfilemetas?DatasetFileMetaIds={id}");
        assert_eq!(self.console("DELETE", &path, Value::Null)["Status"], true);
    }

    /// Waits until the set is Ready for its present spec, and checks that all its files are there.
    pub(crate) async fn all_there(&self, name: &str) -> DynamicObject {
        let ready = |object: &DynamicObject| testbed::is_ready(object) && is_observed(object);
        let wait = self.wait_for(Duration::from_secs(60));
        let object = wait.object(&self.api(KIND), name, "Ready", ready).await.unwrap();
        let (listed, metas) = (object.data["spec"]["files"].as_array().unwrap().clone(), self.metas());
        for file in &listed {
            let meta = metas.get(file["uri"].as_str().unwrap()).unwrap_or_else(|| panic!("{file} is missing"));
            assert_eq!(meta.file_finger_print, file["fileFingerPrint"].as_str().unwrap());
            assert!(meta.user_tags.iter().any(|tag| tag.starts_with("dso-")), "{meta:?}");
        }
        let many = i64::try_from(listed.len()).unwrap();
        assert_eq!(
            (counts(&object), conditions(&object)),
            ([many, many, 0], vec!["Ready"]),
            "{}",
            object.data["status"]
        );
        object
    }

    /// Changes the files of a set.
    pub(crate) async fn list_files(&self, name: &str, files: Vec<Value>) {
        self.patch(KIND, name, json!({"spec": {"files": files}})).await;
    }

    /// Asks for a full check.
    pub(crate) async fn ask(&self, name: &str, value: &str) {
        self.annotate(KIND, name, "reconcile-requested-at", json!(value)).await;
        let handled = |object: &DynamicObject| object.data["status"]["lastHandledReconcileAt"] == value;
        self.wait().object(&self.api(KIND), name, "handled", handled).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_made_edited_and_deleted_in_batches_with_exact_costs() {
    let (scene, dataset) = with_flowers("files-life", Knobs::default(), &[]).await;
    let before = scene.calls_without_sweeps();
    scene.create(KIND, "one", set(files(0..100), json!({}))).await;
    let object = scene.all_there("one").await;
    assert_eq!((status(&object, "datasetId"), status(&object, "datasetVersion")), (dataset.clone(), "v1".to_owned()));
    assert_eq!((status(&object, "contentHash").len(), status(&object, "lastFullCheckTime").len()), (16, 20));
    assert_eq!(object.data["status"]["files"]["summary"], "100/100");
    assert_eq!(calls(&scene), [1, 0, 1, 0, 0], "one page of nothing, one batch");
    assert_eq!(scene.writes(OBJECTS, Some("one")).await, 2, "one claim, one status");
    let one = scene.metas()[&uri(0)].clone();
    assert_eq!((one.file_type.as_str(), one.content_type.as_str(), one.user_tags.len()), ("image", "image/jpeg", 2));

    // An edit of three files costs one call and no walk: one is new, one is changed, one is gone.
    let mut edited = files(1..101);
    edited[5]["fileFingerPrint"] = json!("9B2D");
    scene.list_files("one", edited).await;
    scene.all_there("one").await;
    assert_eq!((calls(&scene), scene.metas().len()), ([1, 0, 2, 1, 1], 100));
    assert_eq!(scene.writes(OBJECTS, Some("one")).await, 3);
    assert!(!scene.metas().contains_key(&uri(0)), "it was pruned");

    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0);
    assert_eq!(calls(&scene), [2, 0, 2, 1, 3], "100 ids in two calls, and a last look");
    let mut others = scene.calls_without_sweeps();
    others.retain(|operation, _| !operation.contains("FileMetas"));
    assert_eq!(others, before, "no other call was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settled_set_costs_one_count_a_resync_and_no_write() {
    let (scene, _) = with_flowers("files-settled", Knobs::default(), &OFTEN).await;
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    scene.all_there("one").await;
    scene.until("three counts", async |scene| calls(scene)[1] >= 3).await;
    assert_eq!((calls(&scene)[0], calls(&scene)[2..].to_vec()), (1, vec![1, 0, 0]));
    assert_eq!(scene.writes(OBJECTS, Some("one")).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_delete_or_change_is_repaired_and_their_own_stays() {
    let (scene, dataset) = with_flowers("files-drift", Knobs::default(), &OFTEN).await;
    scene.foreign_file(&dataset, 7, "other", &["people"]);
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    scene.all_there("one").await;
    // A deletion changes the count of our tag, and so it is found.
    scene.delete_file(1);
    let wait = scene.wait_for(Duration::from_secs(40));
    wait.until("the file", async || Ok(scene.metas().contains_key(&uri(1)).then_some(()))).await.unwrap();
    // A change does not, and shows at the next walk.
    scene.edit_file(2, json!({"FileFingerPrint": "console", "Tags": r#"{"user":{"add":["mine"],"remove":["red"]}}"#}));
    scene.ask("one", "now").await;
    scene.all_there("one").await;
    let changed = scene.metas()[&uri(2)].clone();
    for tag in ["mine", "red"] {
        assert!(changed.user_tags.iter().any(|own| own == tag), "{changed:?}");
    }
    // Somebody takes our tag away: the file is taken back, as it has our fingerprint.
    let tag = changed.user_tags.iter().find(|tag| tag.starts_with("dso-")).unwrap().clone();
    scene.edit_file(2, json!({"Tags": json!({"user": {"remove": [tag]}}).to_string()}));
    scene.ask("one", "again").await;
    scene.all_there("one").await;
    let taken = scene.metas()[&uri(2)].clone();
    assert!(taken.user_tags.iter().any(|tag| tag.starts_with("dso-a-")), "{taken:?}");
    let theirs = scene.metas()[&uri(7)].clone();
    assert_eq!((theirs.file_finger_print.as_str(), theirs.user_tags.len()), ("other", 1), "{theirs:?}");
    // What was taken back is not deleted with the set; what it made is.
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    let left = scene.metas();
    assert_eq!(left.keys().cloned().collect::<Vec<_>>(), [uri(2), uri(7)]);
    assert!(left[&uri(2)].user_tags.iter().all(|tag| !tag.starts_with("dso-")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_prune_waits_until_it_is_allowed() {
    let (scene, _) = with_flowers("files-prune", Knobs::default(), &[]).await;
    scene.create(KIND, "one", set(files(0..30), json!({}))).await;
    scene.all_there("one").await;
    let before = calls(&scene);
    scene.list_files("one", files(20..40)).await;
    let message = scene.reason(KIND, "one", "PruneBlocked").await;
    assert!(message.contains("20 of the 30 files"), "{message}");
    let object = scene.api(KIND).get("one").await.unwrap();
    let hash = status(&object, "contentHash");
    assert!(message.contains(&hash) && conditions(&object) == ["Stalled"], "{message}");
    assert_eq!((calls(&scene), scene.metas().len()), (before, 30), "nothing is sent");
    scene.annotate(KIND, "one", "allow-prune", json!("0123456789abcdef")).await;
    scene.annotate(KIND, "one", "allow-prune", json!(hash)).await;
    scene.all_there("one").await;
    assert_eq!(scene.metas().len(), 20);

    // An empty list is another one, so the annotation allows nothing any more.
    scene.list_files("one", Vec::new()).await;
    scene.reason(KIND, "one", "PruneBlocked").await;
    assert_eq!(scene.metas().len(), 20);
    scene.patch(KIND, "one", json!({"spec": {"prune": false}})).await;
    scene.all_there("one").await;
    assert_eq!(scene.metas().len(), 20, "they stay");
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0, "a deletion needs nobody's leave");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_somebody_else_fails_alone_or_is_taken_over() {
    let (scene, dataset) = with_flowers("files-conflict", Knobs::default(), &[]).await;
    scene.foreign_file(&dataset, 1, "other", &["people"]);
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    let message = scene.reason(KIND, "one", "PartialFailed").await;
    assert!(message.contains("1 of 3 files failed") && message.contains(&uri(1)), "{message}");
    let object = scene.api(KIND).get("one").await.unwrap();
    assert_eq!((counts(&object), conditions(&object)), ([3, 2, 1], vec!["Stalled"]));
    assert_eq!(object.data["status"]["failures"][0]["uri"], uri(1));
    assert_eq!(scene.metas()[&uri(1)].file_finger_print, "other");

    // A second set that lists a file of the first one.
    scene.create(KIND, "two", set(files([2, 3]), json!({"conflictPolicy": "Adopt"}))).await;
    let message = scene.reason(KIND, "two", "PartialFailed").await;
    assert!(message.contains("DatasetFileSet") && message.contains("/one"), "{message}");
    scene.patch(KIND, "one", json!({"spec": {"conflictPolicy": "Adopt"}})).await;
    scene.all_there("one").await;
    let taken = scene.metas()[&uri(1)].clone();
    assert_eq!((taken.file_finger_print.as_str(), taken.user_tags.iter().any(|tag| tag == "people")), ("9B2C", true));
    // The first set lets go of the file, and the second one gets it.
    scene.list_files("one", files([0, 1])).await;
    scene.all_there("one").await;
    scene.annotate(KIND, "two", "reconcile-requested-at", json!("now")).await;
    scene.all_there("two").await;
    for name in ["one", "two"] {
        scene.delete(KIND, name).await;
        scene.gone(KIND, name).await;
    }
    let left = scene.metas();
    assert_eq!(left.keys().cloned().collect::<Vec<_>>(), [uri(1)]);
    assert!(left[&uri(1)].user_tags.iter().all(|tag| !tag.starts_with("dso-")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_input_is_named_and_nothing_is_sent() {
    let (scene, _) = with_flowers("files-input", Knobs::default(), &[]).await;
    scene.create("Dataset", "basic", oss("basic")).await;
    scene.ready("Dataset", "basic").await;
    for (name, dataset, part) in [("basic", "basic", "edition: ADVANCED"), ("missing", "missing", "does not exist")] {
        let mut spec = set(files(0..2), json!({}));
        spec["datasetRef"]["name"] = json!(dataset);
        scene.create(KIND, name, spec).await;
        let reason = if name == "basic" { "InvalidSpec" } else { "DependencyNotReady" };
        let message = scene.reason(KIND, name, reason).await;
        assert!(message.contains(part), "{message}");
    }
    scene.create(KIND, "twice", set(files([1, 2, 1]), json!({}))).await;
    let message = scene.reason(KIND, "twice", "InvalidSpec").await;
    assert!(message.contains(&uri(1)) && !message.contains(&uri(2)), "{message}");
    assert_eq!(calls(&scene)[2..], [0, 0, 0]);
    // The edition is corrected, the Dataset comes, the double is taken away: each of them wakes its set.
    scene.patch("Dataset", "basic", json!({"spec": {"edition": "ADVANCED"}})).await;
    scene.create("Dataset", "missing", advanced("missing")).await;
    scene.list_files("twice", files([1, 2])).await;
    for name in ["basic", "missing", "twice"] {
        scene.all_there(name).await;
    }
    assert_eq!(reason_of(&scene.api(KIND).get("twice").await.unwrap()), "Available");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_set_sends_nothing() {
    let (scene, _) = with_flowers("files-paused", Knobs::default(), &[]).await;
    scene.create(KIND, "one", set(files(0..2), json!({}))).await;
    scene.all_there("one").await;
    scene.annotate(KIND, "one", "paused", json!("true")).await;
    scene.list_files("one", files(0..3)).await;
    scene.reason(KIND, "one", "Paused").await;
    scene.delete(KIND, "one").await;
    let waits = |object: &DynamicObject| {
        testbed::condition(object, "Ready").is_some_and(|ready| ready.message.contains("is deleted once"))
    };
    scene.wait().object(&scene.api(KIND), "one", "waiting", waits).await.unwrap();
    assert_eq!(scene.metas().len(), 2);
    scene.annotate(KIND, "one", "paused", Value::Null).await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_of_a_version_and_one_of_a_bare_id() {
    let (scene, dataset) = with_flowers("files-version", Knobs::default(), &[]).await;
    let version = json!({"datasetRef": {"name": "flowers"}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/v2/"});
    scene.create("DatasetVersion", "second", version).await;
    scene.ready("DatasetVersion", "second").await;
    scene.create(KIND, "first", set(files(0..2), json!({"datasetVersion": "v1"}))).await;
    scene.create(KIND, "second", set(files(0..2), json!({"versionRef": {"name": "second"}}))).await;
    for (name, version) in [("first", "v1"), ("second", "v2")] {
        assert_eq!(status(&scene.all_there(name).await, "datasetVersion"), version);
    }
    assert_eq!(scene.cloud().state().file_metas.unwrap().len(), 4);
    let body = json!({"Name": "bare", "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": oss("bare")["uri"], "Edition": "ADVANCED"});
    let bare = scene.console("POST", "/api/v1/datasets", body)["DatasetId"].as_str().unwrap().to_owned();
    let gets = scene.calls("GetDataset").0;
    scene.create(KIND, "bare", json!({"datasetId": bare, "files": files(0..2)})).await;
    let object = scene.all_there("bare").await;
    assert_eq!(
        (status(&object, "datasetId"), scene.calls("GetDataset").0 - gets),
        (bare, 1),
        "one read tells the rest"
    );
    assert_ne!(status(&object, "datasetId"), dataset);
}
