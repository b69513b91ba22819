//! Handing a dataset over from one object to another: the message names the owner, both objects get a warning before
//! the dataset would be lost, and the waiting object continues at once.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use pai_emulator::{Knobs, NameScope};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

/// Much less than a retry or a resync takes: an object that is faster was woken.
const AT_ONCE: Duration = Duration::from_secs(15);

fn adopting(id: &str) -> Value {
    json!({"property": "DIRECTORY", "dataSourceType": "OSS", "uri": oss("x")["uri"], "adoption": {"datasetId": id}})
}

/// A Dataset `first` that owns a dataset, and `second` that waits for it; returns the id and what `second` says.
async fn waiting(name: &str) -> (Scene, String, String) {
    let scene = Scene::new(name).await;
    scene.create("Dataset", "first", oss("wanted")).await;
    let id = dataset_id(&scene.ready("Dataset", "first").await);
    scene.create("Dataset", "second", adopting(&id)).await;
    let message = scene.reason("Dataset", "second", "OwnedByOther").await;
    (scene, id, message)
}

impl Scene {
    /// Waits for an event with this reason on an object; returns its text.
    async fn warned(&self, name: &str, reason: &str, says: &str) -> String {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let find = async || {
            let all = events.list(&ListParams::default()).await.unwrap().items.into_iter();
            let of = |event: &Event| {
                event.involved_object.name.as_deref() == Some(name)
                    && event.reason.as_deref() == Some(reason)
                    && event.type_.as_deref() == Some("Warning")
                    && event.message.as_ref().is_some_and(|message| message.contains(says))
            };
            Ok(all.filter(of).find_map(|event| event.message))
        };
        self.wait().until(&format!("event {reason} of {name}"), find).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_waits_for_anothers_dataset_takes_it_right_after_the_commands_it_was_told() {
    let (scene, id, message) = waiting("handover").await;
    let namespace = scene.namespace.clone();
    assert!(message.contains(&format!("{id} belongs to Dataset {namespace}/first; it is not taken")), "{message}");
    println!("{message}");
    let risk = scene.warned("first", "HandoverAtRisk", "waits for").await;
    assert!(risk.contains(&format!("Dataset {namespace}/second waits for {id}")), "{risk}");

    // As the message says.
    let commands = message.split_once("To hand it over: ").unwrap().1.split(" && ");
    for command in commands {
        let words: Vec<_> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
        scene.kubectl().run(words.strip_prefix(&["kubectl"]).unwrap()).await.unwrap();
    }
    let object = scene.wait_for(AT_ONCE).ready(&scene.datasets(), "second").await.unwrap();
    assert_eq!(dataset_id(&object), id);
    scene.gone("Dataset", "first").await;
    assert_eq!((scene.calls("CreateDataset"), scene.calls("DeleteDataset")), ((1, 0), (0, 0)));
    assert_eq!(scene.label_of(&id, "dso-released"), None, "it is the second one's now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_objects_are_warned_when_deleting_one_takes_what_the_other_waits_for() {
    let (scene, id, _) = waiting("atrisk").await;
    scene.delete("Dataset", "first").await;
    scene.gone("Dataset", "first").await;
    assert_eq!(scene.cloud().dataset(&id).map(|dataset| dataset.dataset_id), None);
    let told = scene.warned("second", "HandoverAtRisk", "is being deleted").await;
    assert!(told.contains("first") && told.contains(&id), "{told}");
    let told = scene.warned("first", "HandoverAtRisk", "is deleted with this object").await;
    assert!(told.contains("second") && told.contains(&id), "{told}");
    // And the waiting object says at once that there is nothing to wait for.
    let gone = |object: &kube::api::DynamicObject| {
        testbed::condition(object, "Ready").is_some_and(|ready| ready.reason == "AdoptionNotFound")
    };
    scene.wait_for(AT_ONCE).object(&scene.datasets(), "second", "AdoptionNotFound", gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_lets_go_without_a_call_leaves_what_another_waits_for() {
    let (scene, id, _) = waiting("forced").await;
    scene.annotate("Dataset", "first", "force-release", json!(id)).await;
    scene.delete("Dataset", "first").await;
    scene.gone("Dataset", "first").await;
    let object = scene.wait_for(AT_ONCE).ready(&scene.datasets(), "second").await.unwrap();
    assert_eq!(dataset_id(&object), id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_name_is_told_with_the_id_and_free_again_within_one_resync() {
    let knobs = Knobs { name_scope: NameScope::Workspace, ..Knobs::default() };
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let scene = Scene::with("namedid", Setting { knobs, env, ..Setting::default() }).await;
    let taken = scene.foreign("popular", &[]);
    scene.create("Dataset", "other", oss("other")).await;
    let other = dataset_id(&scene.ready("Dataset", "other").await);
    scene.create("Dataset", "renamed", oss("popular")).await;
    scene.create("Dataset", "deleted", oss("other")).await;
    let message = scene.reason("Dataset", "renamed", "NameTaken").await;
    assert!(message.contains(&format!("popular: {taken};")), "{message}");
    assert!(message.contains(&format!("adoption: {{datasetId: {taken}}}")), "{message}");
    let message = scene.reason("Dataset", "deleted", "NameTaken").await;
    assert!(message.contains(&format!("{other} of Dataset {}/other", scene.namespace)), "{message}");
    scene.sweeps(4).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 2), "refused, and not sent again for nothing");

    scene.console("PUT", &format!("/api/v1/datasets/{taken}"), json!({"Name": "unpopular"}));
    scene.delete("Dataset", "other").await;
    for name in ["renamed", "deleted"] {
        let object = scene.wait_for(AT_ONCE).ready(&scene.datasets(), name).await.unwrap();
        assert!(![&taken, &other].contains(&&dataset_id(&object)));
    }
    assert_eq!(scene.calls("CreateDataset"), (3, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_that_is_taken_is_told_with_the_id_too() {
    let knobs = Knobs { name_scope: NameScope::Workspace, ..Knobs::default() };
    let scene = Scene::with("rename", Setting { knobs, ..Setting::default() }).await;
    let taken = scene.foreign("popular", &[]);
    scene.create("Dataset", "mine", oss("before")).await;
    scene.ready("Dataset", "mine").await;
    scene.patch("Dataset", "mine", json!({"spec": {"name": "popular"}})).await;
    let message = scene.reason("Dataset", "mine", "NameTaken").await;
    assert!(message.contains(&format!("popular: {taken};")), "{message}");
    scene.console("DELETE", &format!("/api/v1/datasets/{taken}"), Value::Null);
    scene.edit("Dataset", "mine", json!({"description": "and now"})).await;
}
