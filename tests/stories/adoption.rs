//! Adoption: datasets that an object may take, the consent that it needs, and datasets that it leaves alone.

use pai_emulator::{Knobs, NameScope};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss, status};

fn adopting(name: &str, adoption: Value) -> Value {
    let mut spec = oss(name);
    spec["adoption"] = adoption;
    spec
}

/// Names may repeat, so that several datasets can have one name.
async fn scene(name: &str) -> Scene {
    Scene::with_names(name, NameScope::None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_dataset_is_marked_and_survives_its_object() {
    let scene = scene("adopt").await;
    let id = scene.foreign("theirs", &[("team", "vision")]);
    let before = scene.last_call();
    scene.create("Dataset", "taken", adopting("theirs", json!({"datasetId": id}))).await;
    let object = scene.ready("Dataset", "taken").await;
    assert_eq!((dataset_id(&object), status(&object, "origin")), (id.clone(), "Adopted".to_owned()));
    assert_eq!(scene.calls_after(before), json!({"GetDataset": 1, "CreateDatasetLabels": 1}));
    assert_eq!(scene.writes("datasets", Some("taken")).await, 2);
    assert_eq!(scene.label_of(&id, "team").as_deref(), Some("vision"), "labels of others stay");

    let before = scene.last_call();
    scene.delete("Dataset", "taken").await;
    scene.gone("Dataset", "taken").await;
    assert_eq!(scene.calls_after(before), json!({"CreateDatasetLabels": 1}), "released, not deleted");
    assert_eq!(scene.label_of(&id, "dso-released").as_deref(), Some("true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_adopted_is_told() {
    let scene = scene("refused").await;
    scene.create("Dataset", "missing", adopting("x", json!({"datasetId": "d-000000000000000000"}))).await;
    let message = scene.reason("Dataset", "missing", "AdoptionNotFound").await;
    assert!(message.contains("d-000000000000000000"), "{message}");
    scene.create("Dataset", "only", adopting("only", json!({"policy": "AdoptOnly"}))).await;
    scene.reason("Dataset", "only", "AdoptionNotFound").await;

    let marks = [("dso-domain", "another"), ("dso-owner", "someone"), ("dso-attempt", "c1.u.c.m")];
    let id = scene.foreign("owned", &marks);
    scene.create("Dataset", "owned", adopting("owned", json!({"datasetId": id}))).await;
    let message = scene.reason("Dataset", "owned", "OwnedByOther").await;
    assert!(message.contains(&id), "{message}");
    assert_eq!(scene.label_of(&id, "dso-domain").as_deref(), Some("another"), "nothing was sent to it");
    assert_eq!(scene.calls("CreateDataset"), (0, 0));

    // Released over there, it may be taken.
    scene.label(&id, &[("dso-released", "true")]);
    scene.patch("Dataset", "owned", json!({"spec": {"description": "now"}})).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "owned").await), id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_name_exactly_one_is_taken_and_none_is_created_beside_several() {
    let scene = scene("byname").await;
    let one = scene.foreign("one", &[]);
    scene.foreign("two", &[]);
    scene.foreign("two", &[]);
    for name in ["none", "one", "two"] {
        scene.create("Dataset", name, adopting(name, json!({"policy": "AdoptByName"}))).await;
    }
    assert_eq!(dataset_id(&scene.ready("Dataset", "one").await), one);
    scene.ready("Dataset", "none").await;
    let message = scene.reason("Dataset", "two", "AdoptionNotFound").await;
    assert!(message.contains("2 datasets"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (1, 0), "only the one that did not exist");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_objects_that_adopt_one_dataset_do_not_share_it() {
    let scene = scene("both").await;
    let id = scene.foreign("theirs", &[]);
    for name in ["a", "b"] {
        scene.create("Dataset", name, adopting("theirs", json!({"datasetId": id}))).await;
    }
    let reason = async |name: &str| {
        let object = scene.get("Dataset", name).await;
        testbed::condition(&object, "Ready").map(|ready| ready.reason).unwrap_or_default()
    };
    scene
        .until("one owner", async |_| {
            let mut reasons = [reason("a").await, reason("b").await];
            reasons.sort();
            reasons == ["Available", "OwnedByOther"]
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_dataset_is_not_taken_silently_by_the_same_manifest() {
    let scene = scene("retain").await;
    let mut spec = oss("kept");
    spec["deletionPolicy"] = json!("Retain");
    scene.create("Dataset", "kept", spec.clone()).await;
    let id = dataset_id(&scene.ready("Dataset", "kept").await);
    scene.delete("Dataset", "kept").await;
    scene.gone("Dataset", "kept").await;

    scene.create("Dataset", "kept", spec).await;
    let message = scene.reason("Dataset", "kept", "NameTaken").await;
    assert!(message.contains(&format!("adoption: {{datasetId: {id}}}")), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    scene.patch("Dataset", "kept", json!({"spec": {"adoption": {"datasetId": id}}})).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "kept").await), id);
    assert_eq!(scene.label_of(&id, "dso-released"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_applied_again_after_their_status_was_lost_get_the_same_ids() {
    let mut scene = scene("restored").await;
    let names = ["a", "b", "c"];
    for name in names {
        scene.create("Dataset", name, oss(name)).await;
    }
    let ids = scene.exactly_one_each(&names).await;
    // The cluster is lost: objects vanish without the operator, and come back from Git.
    scene.kill_operator();
    for name in names {
        scene.strip(name, true, false).await;
        scene.delete("Dataset", name).await;
        scene.gone("Dataset", name).await;
        scene.create("Dataset", name, oss(name)).await;
    }
    scene.start_operator().await;
    assert_eq!(scene.exactly_one_each(&names).await, ids);
    let object = scene.get("Dataset", "a").await;
    assert_eq!(object.data["status"]["recovered"], json!(true));
    assert_eq!(status(&object, "origin"), "Created", "so it is deleted with its object");
    assert_eq!(scene.calls("CreateDataset"), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_taken_is_told_in_seconds_and_the_object_goes_without_a_call() {
    let knobs = Knobs { name_scope: NameScope::Workspace, ..Knobs::default() };
    let scene = Scene::with("taken", Setting { knobs, ..Setting::default() }).await;
    scene.foreign("popular", &[]);
    scene.create("Dataset", "late", oss("popular")).await;
    let message = scene.reason("Dataset", "late", "NameTaken").await;
    assert!(message.contains("popular"), "{message}");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(scene.calls("CreateDataset"), (0, 1), "refused, and not sent again until something changes");
    let before = scene.last_call();
    scene.delete("Dataset", "late").await;
    scene.gone("Dataset", "late").await;
    assert_eq!(scene.calls_after(before), json!({}));
    assert_eq!(scene.cloud().datasets().len(), 1, "the other one stays");
}
