//! A DatasetFileSet whose files are listed in `ConfigMaps`: rights, wrong lines, changes, and many files.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::{Value, json};
use testbed::condition;

use crate::files::{KIND, OBJECTS, calls, counts, file, files, set, uri, with_flowers};
use crate::jobs::is_observed;
use crate::scene::{Scene, status};
use crate::trouble::fault;

/// A line for each of these files.
fn lines(numbers: impl IntoIterator<Item = usize>) -> String {
    let all: Vec<String> = numbers.into_iter().map(|number| file(number).to_string()).collect();
    all.join("\n")
}

/// A source of files.
fn source(name: &str, key: &str) -> Value {
    json!({"configMapKeyRef": {"name": name, "key": key}})
}

impl Scene {
    fn maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn make_map(&self, name: &str, data: Value) {
        let map = serde_json::from_value(json!({"metadata": {"name": name}, "data": data})).unwrap();
        self.maps().create(&PostParams::default(), &map).await.unwrap();
    }

    async fn edit_map(&self, name: &str, data: Value) {
        let patch = Patch::Merge(json!({"data": data}));
        self.maps().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits until this many files are there, and no others.
    async fn has(&self, name: &str, many: usize, within: Duration) -> DynamicObject {
        let wanted = i64::try_from(many).unwrap();
        let done = |object: &DynamicObject| {
            testbed::is_ready(object) && is_observed(object) && counts(object) == [wanted, wanted, 0]
        };
        let object = self.wait_for(within).object(&self.api(KIND), name, "all there", done).await.unwrap();
        assert_eq!(self.metas().len(), many);
        object
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_in_config_maps_are_followed_and_a_wrong_line_stops_all() {
    let (scene, _) = with_flowers("files-maps", Knobs::default(), &[]).await;
    let sources = json!({"filesFrom": [source("manifest", "a.jsonl"), source("manifest", "b.jsonl")]});
    scene.create(KIND, "one", set(vec![file(0)], sources)).await;
    let message = scene.reason(KIND, "one", "DependencyNotReady").await;
    for part in ["ConfigMap manifest", "resourceNames [manifest]", "verbs [get, list, watch]"] {
        assert!(message.contains(part), "{message}");
    }
    scene.let_read("configmaps", &["manifest"]).await;
    let says = |words: &'static str| {
        move |object: &DynamicObject| {
            testbed::condition(object, "Ready").is_some_and(|ready| ready.message.contains(words))
        }
    };
    let patient = || scene.wait_for(Duration::from_secs(90));
    patient().object(&scene.api(KIND), "one", "missing", says("does not exist")).await.unwrap();
    scene.make_map("manifest", json!({"a.jsonl": lines(1..60)})).await;
    patient().object(&scene.api(KIND), "one", "keyless", says("has no key b.jsonl")).await.unwrap();
    assert_eq!(calls(&scene), [0; 5], "nothing is sent before all is known");
    scene.edit_map("manifest", json!({"b.jsonl": lines(60..110)})).await;
    scene.has("one", 110, Duration::from_secs(60)).await;
    assert_eq!(calls(&scene), [1, 0, 2, 0, 0]);

    // An edit of the ConfigMap costs what it changes, and one write.
    let before = scene.writes(OBJECTS, Some("one")).await;
    scene.edit_map("manifest", json!({"b.jsonl": lines(60..112)})).await;
    scene.has("one", 112, Duration::from_secs(30)).await;
    assert_eq!((calls(&scene), scene.writes(OBJECTS, Some("one")).await - before), ([1, 0, 3, 0, 0], 1));

    let wrong = format!("{}\n\n{}", lines(60..70), json!({"uri": uri(500), "contentType": "t"}));
    scene.edit_map("manifest", json!({"b.jsonl": wrong})).await;
    let message = scene.reason(KIND, "one", "InvalidSpec").await;
    for part in ["ConfigMap manifest", "key b.jsonl", "line 12", "fileType"] {
        assert!(message.contains(part), "{message}");
    }
    scene.edit_map("manifest", json!({"b.jsonl": lines(1..3)})).await;
    let twice = says("more than once");
    let object = scene.wait().object(&scene.api(KIND), "one", "twice", twice).await.unwrap();
    assert!(testbed::condition(&object, "Ready").unwrap().message.contains(&uri(1)));
    assert_eq!((calls(&scene), scene.metas().len()), ([1, 0, 3, 0, 0], 112), "nothing is sent until it is mended");
    scene.edit_map("manifest", json!({"b.jsonl": lines(60..111)})).await;
    scene.has("one", 111, Duration::from_secs(30)).await;
    assert_eq!(calls(&scene), [1, 0, 3, 0, 1]);

    // The ConfigMap goes: the files stay.
    scene.maps().delete("manifest", &DeleteParams::default()).await.unwrap();
    patient().object(&scene.api(KIND), "one", "missing", says("does not exist")).await.unwrap();
    assert_eq!(scene.metas().len(), 111);
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_counted_for_people_without_our_tags() {
    let (scene, _) = with_flowers("files-counted", Knobs::default(), &[]).await;
    let by = |by: &str| json!({"statistics": {"aggregateBy": by}});
    scene.create(KIND, "one", set(vec![file(0), file(1)], by("tags.user"))).await;
    let object = scene.all_there("one").await;
    assert_eq!(object.data["status"]["statistics"], json!([{"key": "red", "count": 2}]));
    scene.patch(KIND, "one", json!({"spec": by("filetype")})).await;
    let counted = |object: &DynamicObject| object.data["status"]["statistics"] == json!([{"key": "image", "count": 2}]);
    scene.wait().object(&scene.api(KIND), "one", "counted", counted).await.unwrap();
    scene.patch(KIND, "one", json!({"spec": {"statistics": null}})).await;
    let absent = |object: &DynamicObject| object.data["status"]["statistics"].is_null();
    scene.wait().object(&scene.api(KIND), "one", "without", absent).await.unwrap();
    assert_eq!(calls(&scene), [1, 2, 1, 0, 0]);
}

/// 20,000 files in five `ConfigMaps`: one call for each hundred, and one page for each hundred after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_thousand_files_three_in_a_hundred_are_refused_and_come_later() {
    const MANY: usize = 5_000;
    let (scene, _) = with_flowers("files-partial", Knobs::default(), &[]).await;
    scene.let_read("configmaps", &["many"]).await;
    scene.make_map("many", json!({"files": lines(0..MANY)})).await;
    scene.faults(["07.jpg", "42.jpg", "93.jpg"].map(|ending| Fault {
        item: Some(ending.to_owned()),
        count: 50,
        code: "Busy".to_owned(),
        ..fault("CreateDatasetFileMetas", Effect::Error, When::Before)
    }));
    scene.create(KIND, "one", set(Vec::new(), json!({"filesFrom": [source("many", "files")]}))).await;
    scene.has("one", MANY, Duration::from_secs(90)).await;
    let calls = calls(&scene);
    assert!((52..=60).contains(&calls[2]), "50 batches, and few for the 150 files that were refused: {calls:?}");
    assert_eq!(calls, [1, 0, calls[2], 0, 0]);
}

/// A set that takes long is written by one reconcile, which ends at once if somebody edits the set or the operator is to stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_a_stop_do_not_wait_until_a_long_work_is_done() {
    let (mut scene, _) = with_flowers("files-long", Knobs::default(), &[("DATASET_OPERATOR_QPS", "2")]).await;
    scene.let_read("configmaps", &["many"]).await;
    scene.make_map("many", json!({"files": lines(0..5_000)})).await;
    let all = json!({"filesFrom": [source("many", "files")], "prune": false});
    scene.create(KIND, "one", set(Vec::new(), all.clone())).await;
    let told = |object: &DynamicObject| {
        condition(object, "Ready").is_some_and(|ready| ready.message.contains("5000 files is being written"))
    };
    scene.wait().object(&scene.api(KIND), "one", "what goes on", told).await.unwrap();

    scene.patch(KIND, "one", json!({"spec": {"filesFrom": null, "files": [file(0)]}})).await;
    scene.wait().object(&scene.api(KIND), "one", "one file", |object| counts(object) == [1, 1, 0]).await.unwrap();
    let sent = calls(&scene)[2];
    assert!(sent < 35, "{sent} of 50 batches were sent before the edit counted");

    scene.patch(KIND, "one", json!({"spec": {"filesFrom": all["filesFrom"], "files": []}})).await;
    scene.until("further batches", async |scene| calls(scene)[2] > sent + 2).await;
    scene.stop_operator().await;
    let sent = calls(&scene)[2];
    assert!(sent < 45, "{sent} of 50 batches were sent before the operator stopped");
}

/// kubectl's client-side apply keeps a copy of the object in an annotation, which has a limit; server-side apply does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_for_client_side_apply_can_be_applied_by_the_server() {
    let (scene, _) = with_flowers("files-large", Knobs::default(), &[]).await;
    let manifest = |name: &str, attributes: usize| {
        let attributes = json!({"a": "x".repeat(attributes)}).to_string();
        let mut items = files(0..100);
        for (number, item) in items.iter_mut().enumerate() {
            item["uri"] = json!(format!("oss://bucket/{}/{name}-{number}.jpg", "d".repeat(900)));
            item["metaAttributes"] = json!(attributes);
        }
        let object = json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": KIND,
            "metadata": {"name": name, "namespace": scene.namespace}, "spec": set(items, json!({})),
        });
        object.to_string()
    };
    let kubectl = scene.kubectl();
    kubectl.run_with(&["apply", "-f", "-"], &manifest("fits", 1000)).await.unwrap();
    scene.all_there("fits").await;

    let large = manifest("large", 4000);
    let refused = kubectl.run_with(&["apply", "-f", "-"], &large).await.unwrap_err().to_string();
    assert!(refused.contains("Too long: may not be more than 262144 bytes"), "{refused}");
    kubectl.run_with(&["apply", "--server-side", "-f", "-"], &large).await.unwrap();
    scene.all_there("large").await;
    assert_eq!(scene.metas().len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_files_cost_a_call_a_hundred() {
    const MANY: usize = 20_000;
    const EACH: usize = 4_000;
    let names = ["m-0", "m-1", "m-2", "m-3", "m-4"];
    let (mut scene, _) = with_flowers("files-many", Knobs::default(), &[("DATASET_OPERATOR_QPS", "1000")]).await;
    scene.let_read("configmaps", &names).await;
    for (number, name) in names.iter().enumerate() {
        scene.make_map(name, json!({"files": lines(number * EACH..(number + 1) * EACH)})).await;
    }
    let sources: Vec<Value> = names.iter().map(|name| source(name, "files")).collect();
    let began = Instant::now();
    scene.create(KIND, "one", set(Vec::new(), json!({"filesFrom": sources}))).await;
    let object = scene.has("one", MANY, Duration::from_secs(300)).await;
    println!("{MANY} files after {:?}, with {} MiB at most", began.elapsed(), scene.peak_memory());
    assert_eq!(calls(&scene), [1, 0, 200, 0, 0]);
    assert_eq!(status(&object, "contentHash").len(), 16);
    let size = serde_json::to_string(&object.data["status"]).unwrap().len();
    assert!(size < 2000, "status does not grow with the files: {size}");

    let edited = lines((1..EACH).chain([MANY]));
    scene.edit_map("m-0", json!({"files": edited})).await;
    let wait = scene.wait_for(Duration::from_secs(60));
    wait.until("the edit", async || Ok((calls(&scene)[4] == 1).then_some(()))).await.unwrap();
    assert_eq!(calls(&scene), [1, 0, 201, 0, 1], "one is new, and one is gone");
    assert_eq!(scene.metas().len(), MANY);

    scene.stop_operator().await;
    let writes = scene.writes(OBJECTS, None).await;
    scene.start_operator().await;
    scene.until("a walk", async |scene| calls(scene)[0] == 201).await;
    assert_eq!(scene.writes(OBJECTS, None).await, writes, "nothing is said while a settled set is looked at");
    scene.annotate(KIND, "one", "reconcile-requested-at", json!("now")).await;
    let handled = |object: &DynamicObject| object.data["status"]["lastHandledReconcileAt"] == "now";
    let wait = scene.wait_for(Duration::from_secs(60));
    wait.object(&scene.api(KIND), "one", "handled", handled).await.unwrap();
    assert_eq!(calls(&scene)[2..], [201, 0, 1], "nothing is made again");
}
