//! Drift: the sweep alone notices changes, deletions and marks that others make in the console.

use pai_emulator::{Knobs, NameScope};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

async fn scene(name: &str) -> Scene {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_edited_by_hand_is_repaired_and_told() {
    let scene = scene("repair").await;
    let mut spec = oss("one");
    spec["description"] = json!("as written");
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let writes = scene.writes("datasets", Some("one")).await;
    let by_hand = json!({"Description": "by hand"});
    scene.console("PUT", &format!("/api/v1/datasets/{id}"), by_hand);
    let repaired = async |scene: &Scene| {
        scene.cloud().dataset(&id).is_some_and(|dataset| dataset.description.as_deref() == Some("as written"))
    };
    scene.until("repaired", repaired).await;
    scene.told("one", &["DriftDetected", "DriftCorrected"]).await;
    assert_eq!(scene.calls("GetDataset"), (0, 0), "the sweep is the resync");
    assert_eq!(scene.writes("datasets", Some("one")).await, writes, "nothing changed in Kubernetes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_deleted_by_hand_is_told_or_made_again_once() {
    let scene = scene("lostone").await;
    let mut again = oss("again");
    again["onExternalDeletion"] = json!("Recreate");
    scene.create("Dataset", "again", again).await;
    scene.create("Dataset", "told", oss("told")).await;
    let ids = scene.exactly_one_each(&["again", "told"]).await;
    for id in &ids {
        scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    }
    let message = scene.reason("Dataset", "told", "RemoteDeleted").await;
    assert!(message.contains(&ids[1]), "{message}");
    let made_again = async |scene: &Scene| {
        let object = scene.get("Dataset", "again").await;
        testbed::is_ready(&object) && dataset_id(&object) != ids[0]
    };
    scene.until("made again", made_again).await;
    scene.sweeps(2).await;
    assert_eq!(scene.cloud().datasets().len(), 1);
    assert_eq!(scene.calls("CreateDataset"), (3, 0));
    scene.delete("Dataset", "told").await;
    scene.gone("Dataset", "told").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_removed_by_hand_is_restored_and_a_foreign_one_respected() {
    let scene = scene("marks").await;
    scene.create("Dataset", "mine", oss("mine")).await;
    scene.create("Dataset", "lost", oss("lost")).await;
    let ids = scene.exactly_one_each(&["mine", "lost"]).await;
    scene.unlabel(&ids[0], "dso-domain,dso-owner,dso-attempt");
    scene.until("restored", async |scene| scene.label_of(&ids[0], "dso-attempt").is_some()).await;
    scene.told("mine", &["MarkRestored"]).await;

    scene.label(&ids[1], &[("dso-domain", "another"), ("dso-owner", "x"), ("dso-attempt", "c1.u.c.m")]);
    scene.reason("Dataset", "lost", "OwnedByOther").await;
    assert_eq!(scene.label_of(&ids[1], "dso-domain").as_deref(), Some("another"));
    scene.delete("Dataset", "lost").await;
    scene.gone("Dataset", "lost").await;
    assert!(scene.cloud().dataset(&ids[1]).is_some(), "not ours to delete any more");
}
