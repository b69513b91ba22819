//! Changes by hand while a create is under way: whatever a person does to the object, each living object ends with exactly
//! one dataset, and none is left over. Names may repeat, so that a duplicate could exist.

use kube::api::PostParams;
use pai_emulator::NameScope;
use serde_json::{Value, json};

use crate::scene::{Scene, dataset_id, oss};
use crate::trouble::{FINALIZER, INTENT, late};

/// An object whose create takes effect, and is answered, a while after this returns.
async fn creating(name: &str) -> Scene {
    let scene = Scene::with_names(name, NameScope::None).await;
    scene.faults([late("CreateDataset", 1500)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.claimed("Dataset", "one").await;
    scene
}

/// Someone takes the finalizer away and deletes the object.
async fn forced_away(scene: &Scene) {
    scene.strip("one", true, false).await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
}

/// An object with more in its metadata than a name.
async fn create_with(scene: &Scene, name: &str, annotations: Value, finalizers: Value) {
    let mut object = scene.manifest("Dataset", name, oss(name));
    object["metadata"]["annotations"] = annotations;
    object["metadata"]["finalizers"] = finalizers;
    let object = serde_json::from_value(object).unwrap();
    scene.datasets().create(&PostParams::default(), &object).await.unwrap();
}

/// The object is Ready with the only dataset there is, in good order, and takes it along.
async fn ends_well(scene: &Scene) {
    scene.exactly_one_each(&["one"]).await;
    scene.in_order("one").await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_replace_during_a_create() {
    let scene = creating("replace").await;
    let manifest = scene.manifest("Dataset", "one", oss("one")).to_string();
    scene.kubectl().run_with(&["replace", "-n", &scene.namespace, "-f", "-"], &manifest).await.unwrap();
    ends_well(&scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finalizer_stripped_during_a_create() {
    let scene = creating("nofinal").await;
    scene.strip("one", true, false).await;
    ends_well(&scene).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_stripped_during_a_create() {
    let scene = creating("nointent").await;
    scene.strip("one", false, true).await;
    ends_well(&scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_stripped_and_the_operator_killed_during_a_create() {
    let mut scene = creating("nomemory").await;
    scene.kill_operator();
    scene.strip("one", false, true).await;
    scene.start_operator().await;
    ends_well(&scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_copied_with_its_annotations_under_another_name() {
    let scene = creating("copied").await;
    let original = scene.get("Dataset", "one").await;
    let intent = json!({INTENT: original.metadata.annotations.unwrap()[INTENT]});
    create_with(&scene, "two", intent, json!([FINALIZER])).await;
    let ids = scene.exactly_one_each(&["one", "two"]).await;
    assert_ne!(ids[0], ids[1]);
    assert_eq!(scene.calls("CreateDataset"), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_deleted_and_made_again_during_its_create() {
    let scene = creating("again").await;
    forced_away(&scene).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let alone = async |scene: &Scene| {
        let there = scene.cloud().datasets();
        there.len() == 1 && there[0].dataset_id == id
    };
    scene.until("no orphan", alone).await;
    ends_well(&scene).await;
}

/// A dataset that was made for an object is not recorded on the next object of its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_made_again_during_the_create_of_its_predecessor_does_not_get_its_id() {
    let scene = creating("heir").await;
    forced_away(&scene).await;
    // Paused, so that it has no id of its own when the answer comes.
    create_with(&scene, "one", json!({"dataset-operator.dev/paused": "true"}), json!([])).await;
    scene.until("the delete", async |scene| scene.calls("DeleteDataset") == (1, 0)).await;
    assert_eq!(scene.cloud().datasets(), []);
    assert_eq!(scene.get("Dataset", "one").await.data["status"]["datasetId"], Value::Null);
    scene.annotate("Dataset", "one", "paused", Value::Null).await;
    ends_well(&scene).await;
}

/// The delete of a dataset is still under way: no object takes this dataset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_made_again_does_not_take_what_a_delete_may_still_hit() {
    let scene = creating("doomed").await;
    // Longer than the request timeout (3 s).
    scene.faults([late("DeleteDataset", 4500)]);
    forced_away(&scene).await;
    scene.until("the delete to be on its way", async |scene| scene.cloud().faults().is_empty()).await;
    let doomed = scene.cloud().datasets().remove(0).dataset_id;
    scene.create("Dataset", "one", oss("one")).await;
    assert_ne!(dataset_id(&scene.ready("Dataset", "one").await), doomed);
    scene.until("the delete", async |scene| scene.calls("DeleteDataset") == (1, 0)).await;
    ends_well(&scene).await;
}

/// The same of a delete that a finalizer guarded until somebody took it away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_forced_away_during_its_delete_and_made_again_gets_a_dataset_that_stays() {
    let scene = Scene::with_names("unguarded", NameScope::None).await;
    scene.create("Dataset", "one", oss("one")).await;
    let doomed = dataset_id(&scene.ready("Dataset", "one").await);
    // Longer than the request timeout (3 s).
    scene.faults([late("DeleteDataset", 4500)]);
    scene.delete("Dataset", "one").await;
    scene.until("the delete to be on its way", async |scene| scene.cloud().faults().is_empty()).await;
    scene.strip("one", true, false).await;
    scene.gone("Dataset", "one").await;
    scene.create("Dataset", "one", oss("one")).await;
    assert_ne!(dataset_id(&scene.ready("Dataset", "one").await), doomed);
    ends_well(&scene).await;
}

/// The result of the create of the earlier object is unknown: the new object looks for it, and waits as if it were its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_made_again_while_its_predecessor_is_in_doubt_takes_what_that_one_made() {
    let scene = Scene::with_names("inherits", NameScope::None).await;
    // Longer than the request timeout (3 s), shorter than the settle time (6 s).
    scene.faults([late("CreateDataset", 4500)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.claimed("Dataset", "one").await;
    forced_away(&scene).await;
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(object.data["status"]["recovered"], json!(true), "this one made nothing");
    ends_well(&scene).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}
