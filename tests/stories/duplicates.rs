//! More than one remote with the mark of one object: the operator deletes those that are provably its own work and
//! reports the others.

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use pai_emulator::{Effect, Knobs, NameScope, When};
use serde_json::{Value, json};

use crate::inventory::rounds;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss, status};
use crate::trouble::{fault, intent, late};

/// A settle time that is shorter than a create may take; the start is refused otherwise.
pub(crate) const HASTY: [(&str, &str); 4] = [
    ("DATASET_OPERATOR_UNSAFE_SETTLE_TIME", "yes"),
    ("DATASET_OPERATOR_SETTLE_TIME", "1s"),
    ("DATASET_OPERATOR_REQUEST_TIMEOUT", "1s"),
    ("DATASET_OPERATOR_LIST_LAG", "100ms"),
];

/// A scene in which names may repeat, with a resync of one second.
async fn scene(name: &str, more: &[(&'static str, &str)]) -> Scene {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let resync = [("DATASET_OPERATOR_RESYNC", "1s")];
    let env = resync.iter().chain(more).map(|(key, value)| (*key, (*value).to_owned())).collect();
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

/// The labels that make up the mark of a dataset.
fn marks(scene: &Scene, id: &str) -> [(&'static str, String); 3] {
    ["dso-domain", "dso-owner", "dso-attempt"].map(|key| (key, scene.label_of(id, key).unwrap()))
}

/// The same, to be put elsewhere.
fn borrowed<'a>(marks: &'a [(&'static str, String); 3]) -> [(&'a str, &'a str); 3] {
    marks.each_ref().map(|(key, value)| (*key, value.as_str()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settle_time_that_is_too_short_makes_a_duplicate_which_goes_again() {
    let scene = scene("hasty", &HASTY).await;
    scene.faults([late("CreateDataset", 6000)]);
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    assert_eq!(scene.calls("CreateDataset"), (1, 0), "the second attempt; the first one is still on its way");
    scene.until("a duplicate", async |scene| scene.calls("CreateDataset") == (2, 0)).await;
    scene.until("it to go", async |scene| scene.calls("DeleteDataset") == (1, 0)).await;
    assert_eq!(scene.exactly_one_each(&["one"]).await, std::slice::from_ref(&id));

    scene.faults([late("CreateDatasetVersion", 6000)]);
    scene.create("DatasetVersion", "newer", version_of("one", "v2")).await;
    let name = status(&scene.ready("DatasetVersion", "newer").await, "versionName");
    scene.until("a duplicate", async |scene| scene.calls("CreateDatasetVersion") == (2, 0)).await;
    scene.until("it to go", async |scene| scene.calls("DeleteDatasetVersion") == (1, 0)).await;
    let versions = scene.cloud().dataset(&id).unwrap().versions;
    let names: Vec<_> = versions.iter().map(|version| version.version_name.clone()).collect();
    assert_eq!(names, ["v1".to_owned(), name.clone()]);
    assert_eq!(status(&scene.ready("DatasetVersion", "newer").await, "versionName"), name);
    rounds(&scene, 2).await;
    assert_eq!((scene.calls("CreateDataset"), scene.calls("DeleteDataset")), ((2, 0), (1, 0)));
    assert_eq!(scene.calls("CreateDatasetVersion"), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_an_objects_mark_is_reported_once_and_left_alone() {
    let scene = scene("copy", &[]).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let marks = marks(&scene, &id);
    let call = scene.last_call();
    let copy = scene.foreign("other", &borrowed(&marks));
    let as_it_was = scene.cloud().dataset(&copy).unwrap();
    let found = async |scene: &Scene| testbed::condition(&scene.get("Dataset", "one").await, "DuplicatesFound");
    scene.until("DuplicatesFound", async |scene| found(scene).await.is_some()).await;
    let condition = found(&scene).await.unwrap();
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("True", "DuplicatesFound"));
    assert!(condition.message.contains(&copy), "{}", condition.message);
    assert!(testbed::is_ready(&scene.get("Dataset", "one").await), "its own dataset is as it should be");
    scene.told("one", &["DuplicatesFound"]).await;
    let counted = "pai_dataset_managed_resource_duplicates{kind=\"Dataset\"} ";
    let duplicates = async |scene: &Scene, number: u64| scene.metrics().await.contains(&format!("{counted}{number}\n"));
    scene.until("the metric", async |scene| duplicates(scene, 1).await).await;
    rounds(&scene, 3).await;
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let told = events.list(&ListParams::default()).await.unwrap().items.into_iter();
    let told: Vec<_> = told.filter(|event| event.reason.as_deref() == Some("DuplicatesFound")).collect();
    assert!(told.len() == 1 && told[0].series.is_none(), "{told:?}");
    assert_eq!(scene.cloud().dataset(&copy), Some(as_it_was), "nobody touched it");

    // After a user follows the advice, the condition is gone.
    scene.console("DELETE", &format!("/api/v1/datasets/{copy}"), Value::Null);
    scene.until("no duplicate", async |scene| found(scene).await.is_none()).await;
    scene.until("the metric", async |scene| duplicates(scene, 0).await).await;
    let calls = scene.calls_after(call);
    assert!(calls.as_object().unwrap().keys().all(|name| !name.starts_with("Delete")), "{calls}");
    assert_eq!(scene.exactly_one_each(&["one"]).await, [id]);
}

/// The first of two attempts takes effect when the object is already being deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_takes_along_what_an_earlier_attempt_made_late() {
    let mut scene = scene("hasty-end", &HASTY).await;
    scene.faults([late("CreateDataset", 6000)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0), "the second attempt; the first one is still on its way");
    scene.kill_operator();
    let attempts = intent(&scene.get("Dataset", "one").await).unwrap()["attempts"].clone();
    assert_ne!(attempts[0]["nonce"], attempts[1]["nonce"], "{attempts}");
    scene.until("a duplicate", async |scene| scene.calls("CreateDataset") == (2, 0)).await;
    scene.delete("Dataset", "one").await;
    scene.start_operator().await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.cloud().datasets(), []);
}

/// Someone copies the labels of one dataset onto the dataset of another object: a remote that another object recorded
/// is not surplus, even if it equals the request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_mark_on_the_dataset_of_another_object_takes_it_from_nobody() {
    let scene = scene("twin", &HASTY).await;
    // An object that was created in two attempts looks for the remote of the other attempt before it goes.
    scene.faults([fault("CreateDataset", Effect::Drop, When::Before)]);
    for name in ["one", "two"] {
        scene.create("Dataset", name, oss("twin")).await;
        scene.ready("Dataset", name).await;
    }
    let ids = scene.exactly_one_each(&["one", "two"]).await;
    scene.label(&ids[1], &borrowed(&marks(&scene, &ids[0])));
    scene.reason("Dataset", "two", "OwnedByOther").await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (1, 0), "{}", scene.log_tail());
    assert!(scene.cloud().dataset(&ids[1]).is_some());
}

/// An adopted dataset belonged to somebody before; a copy of it, with its mark, may belong to somebody too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_an_adopted_dataset_is_reported_and_left_alone() {
    let scene = scene("adopted-copy", &[]).await;
    let mut spec = oss("one");
    spec["adoption"] = json!({"datasetId": scene.foreign("one", &[])});
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let marks = marks(&scene, &id);
    let copy = scene.foreign("one", &borrowed(&marks));
    scene.told("one", &["DuplicatesFound"]).await;
    rounds(&scene, 2).await;
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
    assert!(scene.cloud().dataset(&copy).is_some());
    assert_eq!(dataset_id(&scene.ready("Dataset", "one").await), id);
}
