//! Deleting a dataset that has versions: the operator deletes no version that an object still needs, and deletes the whole
//! dataset by one call if the service allows that.

use pai_emulator::Knobs;
use pai_emulator::knobs::DeleteWithVersions;
use serde_json::{Value, json};

use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss};

/// A Dataset `parent` with DatasetVersions `two` (v2) and `three` (v3), all Ready; returns the dataset's id.
async fn family(name: &str, knobs: Knobs) -> (Scene, String) {
    let scene = Scene::with(name, Setting { knobs, ..Setting::default() }).await;
    scene.create("Dataset", "parent", oss("parent")).await;
    let id = dataset_id(&scene.ready("Dataset", "parent").await);
    for name in ["two", "three"] {
        scene.create("DatasetVersion", name, version_of("parent", name)).await;
        scene.ready("DatasetVersion", name).await;
    }
    (scene, id)
}

/// Someone makes a version in the console; returns its name.
fn foreign_version(scene: &Scene, id: &str) -> String {
    let body =
        json!({"Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/x/"});
    let made = scene.console("POST", &format!("/api/v1/datasets/{id}/versions"), body);
    made["VersionName"].as_str().unwrap().to_owned()
}

/// As `kubectl delete -f` does it: one after the other.
async fn delete_family(scene: &Scene) {
    scene.delete("Dataset", "parent").await;
    scene.delete("DatasetVersion", "two").await;
    scene.delete("DatasetVersion", "three").await;
}

async fn family_is_gone(scene: &Scene) {
    scene.gone("Dataset", "parent").await;
    scene.gone("DatasetVersion", "two").await;
    scene.gone("DatasetVersion", "three").await;
    assert!(scene.cloud().datasets().is_empty());
}

/// The versions deleted by calls, in order.
fn versions_deleted(scene: &Scene) -> Vec<String> {
    let log = scene.cloud().log().into_iter().filter(|line| line.operation == "DeleteDatasetVersion" && line.ok);
    log.filter_map(|line| line.version_name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_with_live_versions_stays_and_names_them() {
    let (scene, id) = family("blocked", Knobs::default()).await;
    let calls = scene.last_call();
    scene.delete("Dataset", "parent").await;
    let message = scene.reason("Dataset", "parent", "DeletionBlocked").await;
    assert!(message.contains("two") && message.contains("three"), "{message}");
    assert_eq!(scene.calls_after(calls), json!({}));
    scene.delete("DatasetVersion", "two").await;
    scene.delete("DatasetVersion", "three").await;
    family_is_gone(&scene).await;
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
    println!("parent first, versions later: {} (dataset {id})", scene.calls_after(calls));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_and_its_versions_deleted_together_are_one_call() {
    let (scene, _) = family("tree", Knobs::default()).await;
    let calls = scene.last_call();
    let writes = scene.writes("datasetversions", None).await + scene.writes("datasets", None).await;
    delete_family(&scene).await;
    family_is_gone(&scene).await;
    let made = scene.calls_after(calls);
    assert_eq!((&made["DeleteDataset"], &made["DeleteDatasetVersion"]), (&json!(1), &Value::Null), "{made}");
    let after = scene.writes("datasetversions", None).await + scene.writes("datasets", None).await;
    // An object that waits for the others says so once: no object is Ready while it is being deleted.
    assert!((3..=6).contains(&(after - writes)), "three finalizers, and that they wait: {}", after - writes);
    println!("a tree of three: {made}, {} writes", after - writes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binder_of_v1_does_not_block_its_dataset() {
    let (scene, _) = family("treev1", Knobs::default()).await;
    let first = json!({"datasetRef": {"name": "parent"}, "adoption": {"versionName": "v1"}});
    scene.create("DatasetVersion", "one", first).await;
    scene.ready("DatasetVersion", "one").await;
    delete_family(&scene).await;
    family_is_gone(&scene).await;
    assert_eq!((scene.calls("DeleteDataset"), scene.calls("DeleteDatasetVersion")), ((1, 0), (0, 0)));
    // The remaining object has no remote any more, and says so.
    let object = scene.wait().object(&scene.versions(), "one", "not Ready", |object| !testbed::is_ready(object)).await;
    let ready = testbed::condition(&object.unwrap(), "Ready").unwrap();
    println!("a binder whose dataset is gone: {}: {}", ready.reason, ready.message);
    scene.delete("DatasetVersion", "one").await;
    scene.gone("DatasetVersion", "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_service_refuses_the_tree_versions_go_singly_newest_first() {
    let knobs = Knobs { delete_with_versions: DeleteWithVersions::Refuse, ..Knobs::default() };
    let (scene, _) = family("singly", knobs).await;
    delete_family(&scene).await;
    family_is_gone(&scene).await;
    assert_eq!(versions_deleted(&scene), ["v3", "v2"]);
    assert_eq!(scene.calls("DeleteDataset"), (1, 1), "refused once, then done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_dataset_lets_its_versions_be_deleted() {
    let (scene, id) = family("retained", Knobs::default()).await;
    scene.edit("Dataset", "parent", json!({"deletionPolicy": "Retain"})).await;
    delete_family(&scene).await;
    scene.gone("Dataset", "parent").await;
    scene.gone("DatasetVersion", "two").await;
    scene.gone("DatasetVersion", "three").await;
    let remote = scene.cloud().dataset(&id).unwrap();
    assert_eq!((versions_deleted(&scene), remote.versions.len()), (vec!["v3".to_owned(), "v2".to_owned()], 1));
    assert!(remote.labels.iter().any(|label| label.key == "dso-released"));
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_version_blocks_the_deletion_of_its_dataset() {
    let (scene, id) = family("keptversion", Knobs::default()).await;
    scene.edit("DatasetVersion", "three", json!({"deletionPolicy": "Retain"})).await;
    scene.delete("DatasetVersion", "three").await;
    scene.gone("DatasetVersion", "three").await;
    let kept = scene.cloud().dataset(&id).unwrap();
    assert!(kept.version("v3").unwrap().labels.iter().any(|label| label.key == "dso-released"));
    tokio::join!(scene.delete("Dataset", "parent"), scene.delete("DatasetVersion", "two"));
    let message = scene.reason("Dataset", "parent", "DeletionBlocked").await;
    assert!(message.contains("v3") && message.contains("deleteForeignVersions"), "{message}");
    assert!(scene.cloud().dataset(&id).unwrap().version("v3").is_some());
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
    scene.patch("Dataset", "parent", json!({"spec": {"deleteForeignVersions": true}})).await;
    family_is_gone(&scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_made_in_the_console_blocks_until_it_is_gone_or_allowed_to_go() {
    let (scene, id) = family("console", Knobs::default()).await;
    let foreign = foreign_version(&scene, &id);
    delete_family(&scene).await;
    let message = scene.reason("Dataset", "parent", "DeletionBlocked").await;
    assert!(message.contains(&foreign), "{foreign}: {message}");
    // As words: the id is random letters, and may hold "v2".
    let named = |version: &str| message.split(|c: char| !c.is_alphanumeric()).any(|word| word == version);
    assert!(!named("v2") && !named("v3"), "only what blocks is named: {message}");
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
    scene.patch("Dataset", "parent", json!({"spec": {"deleteForeignVersions": true}})).await;
    family_is_gone(&scene).await;
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_dataset_goes_once_the_foreign_version_is_deleted_by_hand() {
    let scene = Scene::new("consolegone").await;
    scene.create("Dataset", "parent", oss("parent")).await;
    let id = dataset_id(&scene.ready("Dataset", "parent").await);
    let foreign = foreign_version(&scene, &id);
    scene.delete("Dataset", "parent").await;
    let message = scene.reason("Dataset", "parent", "DeletionBlocked").await;
    assert!(message.contains(&foreign), "{message}");
    scene.console("DELETE", &format!("/api/v1/datasets/{id}/versions/{foreign}"), Value::Null);
    scene.gone("Dataset", "parent").await;
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_with_objects_inside_ends() {
    let (scene, _) = family("nsend", Knobs::default()).await;
    scene.create("Dataset", "other", oss("other")).await;
    scene.ready("Dataset", "other").await;
    let first = json!({"datasetRef": {"name": "other"}, "adoption": {"versionName": "v1"}});
    scene.create("DatasetVersion", "first", first).await;
    scene.ready("DatasetVersion", "first").await;
    scene.kubectl().run(&["delete", "namespace", &scene.namespace, "--wait", "--timeout=60s"]).await.unwrap();
    assert!(scene.cloud().datasets().is_empty());
    assert_eq!(scene.calls("DeleteDataset"), (2, 0));
    println!("a namespace with two trees: {}", json!(scene.calls_without_sweeps()));
}
