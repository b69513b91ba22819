//! Events: each one has its own text, also when it comes again, and an outage of the whole service does not hide them.

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use pai_emulator::{Knobs, NameScope};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

impl Scene {
    /// The texts of the events about one object, of one reason, the oldest first; with how often each was told.
    async fn notes(&self, name: &str, reason: &str) -> Vec<(String, i32)> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut all = events.list(&ListParams::default()).await.unwrap().items;
        all.retain(|event| {
            event.involved_object.name.as_deref() == Some(name) && event.reason.as_deref() == Some(reason)
        });
        all.sort_by_key(|event| event.event_time.clone().map(|time| time.0));
        let told = |event: Event| {
            (event.message.unwrap_or_default(), event.series.and_then(|series| series.count).unwrap_or(1))
        };
        all.into_iter().map(told).collect()
    }

    /// Waits until so many different texts were told; returns them.
    async fn told_texts(&self, name: &str, reason: &str, count: usize) -> Vec<String> {
        self.until(&format!("{count} {reason} of {name}"), async |scene| {
            scene.notes(name, reason).await.len() >= count
        })
        .await;
        self.notes(name, reason).await.into_iter().map(|(note, _)| note).collect()
    }

    /// Waits until a warning is told of a value of this annotation; returns it.
    pub(crate) async fn told_of_annotation(&self, name: &str, key: &str) -> String {
        let begin = format!("dataset-operator.dev/{key}: ");
        let wait = self.wait();
        let what = format!("a warning of {key}");
        let told = wait.until(&what, async || {
            let notes = self.notes(name, "InvalidAnnotation").await;
            Ok(notes.into_iter().map(|(note, _)| note).find(|note| note.starts_with(&begin)))
        });
        told.await.unwrap()
    }
}

async fn scene(name: &str) -> Scene {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_made_again_is_announced_under_its_new_id() {
    let scene = scene("announced").await;
    let mut spec = oss("one");
    spec["onExternalDeletion"] = json!("Recreate");
    scene.create("Dataset", "one", spec).await;
    let old = dataset_id(&scene.ready("Dataset", "one").await);
    scene.told_texts("one", "Created", 1).await;
    scene.console("DELETE", &format!("/api/v1/datasets/{old}"), Value::Null);
    let told = scene.told_texts("one", "Created", 2).await;
    let new = dataset_id(&scene.ready("Dataset", "one").await);
    assert_ne!(old, new);
    assert_eq!(told, [format!("{old} was created"), format!("{new} was created")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_each_drift_are_told_with_their_own_fields_in_events_and_log() {
    let scene = scene("whatchanged").await;
    // Longer than the name of an event may be, with what an event adds to it.
    let long = "a".repeat(240);
    let mut spec = oss("one");
    spec["description"] = json!("as written");
    scene.create("Dataset", &long, spec).await;
    let id = dataset_id(&scene.ready("Dataset", &long).await);
    scene.told_texts(&long, "Created", 1).await;

    let edit = json!({"spec": {"description": "edited", "labels": [{"key": "team", "value": "vision"}]}});
    scene.patch("Dataset", &long, edit).await;
    let told = scene.told_texts(&long, "Updated", 1).await;
    assert_eq!(told, ["changed to what the spec says: description, labels.team"]);
    let described = scene.kubectl().run(&["describe", "paids", "-n", &scene.namespace, &long]).await.unwrap();
    assert!(described.contains("Updated") && described.contains(&told[0]), "{described}");

    let path = format!("/api/v1/datasets/{id}");
    for (member, found, wanted) in [("Description", "by hand", "edited"), ("Name", "other", "one")] {
        let before = scene.notes(&long, "DriftDetected").await.len();
        scene.console("PUT", &path, json!({member: found}));
        let told = scene.told_texts(&long, "DriftDetected", before + 1).await;
        let field = member.to_lowercase();
        assert_eq!(
            told[before],
            format!("changed outside Kubernetes: {field}: found \"{found}\", wanted \"{wanted}\"")
        );
        let back = scene.told_texts(&long, "DriftCorrected", before + 1).await;
        assert_eq!(back[before], format!("set back to what the spec says: {field}"));
    }
    assert_eq!(scene.notes(&long, "Updated").await.len(), 1, "a repair is no edit");

    let lines = scene.log_lines();
    let of_changes: Vec<_> = lines.iter().filter(|line| line["did"] == "Change").collect();
    let edits: Vec<_> = lines.iter().filter(|line| line["changed"] == "description, labels.team").collect();
    assert_eq!(edits.len(), 1, "{of_changes:?}");
    assert!(edits[0]["drift"].is_null() && edits[0]["message"] == "changed description, labels.team", "{}", edits[0]);
    let repair = lines.iter().find(|line| line["changed"] == "description").unwrap();
    assert_eq!(repair["drift"], "description: found \"by hand\", wanted \"edited\"");
    assert_eq!(repair["message"], "set back description");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_everything_is_told_by_some_events_and_a_count() {
    let mut scene = Scene::with("drowned", Setting { without_operator: true, ..Setting::default() }).await;
    let (pod, all) = ("dataset-operator-0", 150);
    scene.set("POD_NAME", pod.to_owned());
    scene.set("POD_NAMESPACE", scene.namespace.clone());
    scene.set("POD_UID", "4d2e".to_owned());
    for number in 0..all {
        scene.create("Dataset", &format!("d-{number}"), oss(&format!("d-{number}"))).await;
    }
    let emulator = scene.emulator.take().unwrap();
    emulator.stop().await;
    scene.start_operator().await;
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let count = async || {
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let own = events.iter().filter(|event| event.involved_object.kind.as_deref() == Some("Dataset"));
        let told = own.filter(|event| event.reason.as_deref() == Some("CloudUnavailable")).count();
        let sums = events.iter().filter(|event| event.reason.as_deref() == Some("EventsLeftOut"));
        let sums: Vec<_> = sums.filter(|event| event.involved_object.name.as_deref() == Some(pod)).collect();
        let left_out = |event: &&Event| -> usize {
            let note = event.message.clone().unwrap_or_default();
            let counted = note.split("left out: ").nth(1).and_then(|rest| rest.split(' ').next());
            counted.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{note}"))
        };
        (told, sums.iter().map(left_out).sum::<usize>())
    };
    let wait = scene.wait_for(std::time::Duration::from_secs(90));
    let told = wait.until("everyone to be told or counted", async || {
        let (told, left_out) = count().await;
        Ok((told + left_out >= all).then_some((told, left_out)))
    });
    let (told, left_out) = told.await.unwrap();
    println!("of {all} objects {told} have an event of their own, {left_out} are counted");
    assert_eq!(told + left_out, all);
    assert!(told >= 10 && left_out > 0, "{told} told, {left_out} counted");
}
