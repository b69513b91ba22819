//! The operator notices a deletion in the console within one resync, even if the list shows it only through the row of
//! another object: the versions of a dataset that is gone, and a newest version.

use pai_emulator::{Knobs, NameScope};
use serde_json::{Value, json};

use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss, status};

/// A Dataset `parent` and DatasetVersions `two` and `three` (v2 and v3), all of them like this; returns the id.
async fn family(name: &str, like: Value) -> (Scene, String) {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let scene = Scene::with(name, Setting { knobs, env, ..Setting::default() }).await;
    let with = |mut spec: Value| {
        spec.as_object_mut().unwrap().extend(like.as_object().cloned().unwrap());
        spec
    };
    scene.create("Dataset", "parent", with(oss("parent"))).await;
    let id = dataset_id(&scene.ready("Dataset", "parent").await);
    for name in ["two", "three"] {
        scene.create("DatasetVersion", name, with(version_of("parent", name))).await;
        scene.ready("DatasetVersion", name).await;
    }
    (scene, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_a_dataset_deleted_in_the_console_say_so() {
    let (scene, id) = family("versionsgone", json!({})).await;
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    for (kind, name) in [("Dataset", "parent"), ("DatasetVersion", "two"), ("DatasetVersion", "three")] {
        let message = scene.reason(kind, name, "RemoteDeleted").await;
        assert!(message.contains(&id), "{message}");
    }
    scene.sweeps(2).await;
    let calls = scene.last_call();
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(calls), json!({}), "all has been said");
    for name in ["two", "three"] {
        assert!(!testbed::is_ready(&scene.get("DatasetVersion", name).await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_a_dataset_that_is_made_again_are_made_again_in_the_new_one() {
    let (scene, id) = family("versionsagain", json!({"onExternalDeletion": "Recreate"})).await;
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    let made_again = async |scene: &Scene| {
        let objects = [("Dataset", "parent"), ("DatasetVersion", "two"), ("DatasetVersion", "three")];
        let mut ids = Vec::new();
        for (kind, name) in objects {
            let object = scene.get(kind, name).await;
            if !testbed::is_ready(&object) {
                return false;
            }
            ids.push(dataset_id(&object));
        }
        ids.iter().all(|now| *now != id && *now == ids[0])
    };
    scene.until("made again", made_again).await;
    let now = dataset_id(&scene.get("Dataset", "parent").await);
    let remote = scene.cloud().dataset(&now).unwrap();
    assert_eq!((scene.cloud().datasets().len(), remote.versions.len()), (1, 3));
    for name in ["two", "three"] {
        let object = scene.get("DatasetVersion", name).await;
        let version = remote.version(&status(&object, "versionName")).unwrap();
        assert_eq!(version.uri, object.data["spec"]["uri"]);
    }
    scene.sweeps(3).await;
    assert_eq!((scene.calls("CreateDataset"), scene.calls("CreateDatasetVersion")), ((2, 0), (4, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_that_are_to_be_made_again_wait_for_a_dataset_that_is_not() {
    let (scene, id) = family("versionswait", json!({})).await;
    scene.edit("DatasetVersion", "two", json!({"onExternalDeletion": "Recreate"})).await;
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    let message = scene.reason("DatasetVersion", "two", "DependencyNotReady").await;
    assert!(message.contains(&id) && message.contains("onExternalDeletion"), "{message}");
    scene.patch("Dataset", "parent", json!({"spec": {"onExternalDeletion": "Recreate"}})).await;
    let again = async |scene: &Scene| {
        let object = scene.get("DatasetVersion", "two").await;
        testbed::is_ready(&object) && dataset_id(&object) != id
    };
    scene.until("made again", again).await;
    scene.reason("DatasetVersion", "three", "RemoteDeleted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newest_version_deleted_in_the_console_is_told_or_made_again() {
    let (scene, id) = family("newestgone", json!({})).await;
    scene.sweeps(2).await;
    let calls = scene.last_call();
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(calls), json!({}), "nothing is read while nothing is wrong");
    let newest = format!("/api/v1/datasets/{id}/versions/v3");
    scene.console("DELETE", &newest, Value::Null);
    let message = scene.reason("DatasetVersion", "three", "RemoteDeleted").await;
    assert!(message.contains(&format!("{id}/v3")), "{message}");
    assert!(testbed::is_ready(&scene.get("DatasetVersion", "two").await));
    assert!(testbed::is_ready(&scene.get("Dataset", "parent").await));
    scene.sweeps(2).await;
    let calls = scene.last_call();
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(calls), json!({}), "all has been said");

    scene.edit("DatasetVersion", "three", json!({"onExternalDeletion": "Recreate"})).await;
    let object = scene.get("DatasetVersion", "three").await;
    assert_eq!((dataset_id(&object), status(&object, "versionName")), (id, "v4".to_owned()));
}
