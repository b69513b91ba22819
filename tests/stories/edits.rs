//! Edits of a manifest: a field that may change is changed with one call and one write; other edits are refused with
//! advice.

use pai_emulator::knobs::Write;
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::looks::labels_of;
use crate::scene::{Scene, Setting, dataset_id, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_description_options_and_labels_is_one_update_and_two_label_calls() {
    let scene = Scene::new("edit").await;
    let mut spec = oss("edit");
    spec["description"] = json!("before");
    spec["options"] = json!("{\"mountPath\": \"/mnt/a/\"}");
    spec["labels"] =
        json!([{"key": "keep", "value": "1"}, {"key": "drop", "value": "1"}, {"key": "turn", "value": "1"}]);
    scene.apply("Dataset", "edit", spec.clone()).await;
    let id = dataset_id(&scene.ready("Dataset", "edit").await);
    scene.label_by_hand(&id, "foreign", "theirs");
    let before = scene.cloud().dataset(&id).unwrap();
    let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("edit")).await);

    spec["description"] = json!("after");
    spec["options"] = json!("{\"mountPath\": \"/mnt/b/\"}");
    spec["labels"] =
        json!([{"key": "keep", "value": "1"}, {"key": "turn", "value": "2"}, {"key": "new", "value": "1"}]);
    scene.apply("Dataset", "edit", spec.clone()).await;
    let object = scene.ready("Dataset", "edit").await;
    assert_eq!(
        scene.calls_after(calls),
        json!({"UpdateDataset": 1, "CreateDatasetLabels": 1, "DeleteDatasetLabels": 1})
    );
    assert_eq!(scene.writes("datasets", Some("edit")).await - writes, 1);
    assert_eq!(object.data["status"]["appliedLabelKeys"], json!(["keep", "new", "turn"]));
    assert_eq!(object.data["status"]["mountPath"], "/mnt/b/");
    let after = scene.cloud().dataset(&id).unwrap();
    assert_eq!(after.description.as_deref(), Some("after"));
    assert_eq!(after.options.as_deref(), Some("{\"mountPath\": \"/mnt/b/\"}"));
    let wanted = json!({"keep": "1", "turn": "2", "new": "1", "foreign": "theirs"});
    assert_eq!(labels_of(&after.labels), wanted);
    assert_eq!((after.name, after.uri, after.accessibility), (before.name, before.uri, before.accessibility));
    assert_eq!(after.labels.iter().filter(|label| label.key.starts_with("dso-")).count(), 3, "the mark stays");

    // One thing only: one call. The same value in other words: none.
    let calls = scene.last_call();
    scene.edit("Dataset", "edit", json!({"description": "again"})).await;
    assert_eq!(scene.calls_after(calls), json!({"UpdateDataset": 1}));
    let calls = scene.last_call();
    scene.edit("Dataset", "edit", json!({"options": "{ \"mountPath\":\"/mnt/b/\" }"})).await;
    assert_eq!(scene.calls_after(calls), json!({}));

    // No labels at all: ours go, theirs stay. An empty description is an empty one.
    let object = scene.edit("Dataset", "edit", json!({"labels": null, "description": ""})).await;
    let after = scene.cloud().dataset(&id).unwrap();
    assert_eq!(labels_of(&after.labels), json!({"foreign": "theirs"}));
    assert_eq!(after.description.unwrap_or_default(), "");
    assert!(object.data["status"].get("appliedLabelKeys").is_none(), "{}", object.data["status"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_v1_are_edited_through_the_dataset_keeping_the_labels_of_others() {
    let knobs = Knobs { version_labels_put: Write::Replace, ..Knobs::default() };
    let scene = Scene::with("editv1", Setting { knobs, ..Setting::default() }).await;
    let mut spec = oss("v1");
    spec["versionDescription"] = json!("before");
    spec["versionLabels"] = json!([{"key": "light", "value": "day"}, {"key": "drop", "value": "1"}]);
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let all = json!({"Labels": [{"Key": "light", "Value": "day"}, {"Key": "drop", "Value": "1"},
                                {"Key": "foreign", "Value": "theirs"}]});
    scene.console("PUT", &format!("/api/v1/datasets/{id}/versions/v1/labels"), all);
    let (call, writes) = (scene.last_call(), scene.writes("datasets", None).await);
    let edit = json!({"versionDescription": "after", "dataCount": 9,
                      "versionLabels": [{"key": "light", "value": "night"}]});
    scene.edit("Dataset", "one", edit).await;
    let remote = scene.cloud().dataset(&id).unwrap();
    let first = remote.version("v1").unwrap();
    assert_eq!((first.description.as_deref(), first.data_count), (Some("after"), Some(9)));
    assert_eq!(labels_of(&first.labels), json!({"light": "night", "foreign": "theirs"}));
    assert_eq!(remote.description, None);
    let made = json!({"UpdateDatasetVersion": 1, "GetDatasetVersion": 1, "CreateDatasetVersionLabels": 1,
                      "DeleteDatasetVersionLabels": 1});
    assert_eq!(scene.calls_after(call), made);
    assert_eq!(scene.writes("datasets", None).await - writes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_uri_is_refused_with_the_hint_to_make_a_version() {
    let scene = Scene::new("uri").await;
    scene.apply("Dataset", "uri", oss("uri")).await;
    scene.ready("Dataset", "uri").await;
    let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("uri")).await);
    let mut spec = oss("uri");
    spec["uri"] = json!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/other/");
    let refused = scene.try_apply("Dataset", "uri", spec).await.unwrap_err().to_string();
    assert!(
        refused.contains("spec.uri") && refused.contains("create a DatasetVersion to point at new data"),
        "{refused}"
    );
    assert_eq!(scene.calls_after(calls), json!({}));
    assert_eq!(scene.writes("datasets", Some("uri")).await, writes);
}

/// The edit comes while the create is on its way, which then takes effect at once or late.
async fn uri_edited_during_the_create(when: When) {
    let scene = Scene::new("urirace").await;
    let slow = Fault { effect: Effect::Delay, when, delay_ms: 1500, ..Fault::default() };
    scene.cloud().add_faults([slow]);
    scene.create("Dataset", "race", oss("race")).await;
    scene.claimed("Dataset", "race").await;
    let other = "oss://bucket.oss-cn-hangzhou.aliyuncs.com/other/";
    scene.patch("Dataset", "race", json!({"spec": {"uri": other}})).await;
    let message = scene.reason("Dataset", "race", "ImmutableChanged").await;
    assert!(message.contains("spec.uri") && message.contains(other), "{message}");
    let object = scene.get("Dataset", "race").await;
    let id = dataset_id(&object);
    assert_eq!(object.data["status"]["uri"], oss("race")["uri"]);
    assert!(testbed::condition(&object, "Stalled").is_some());

    scene.patch("Dataset", "race", json!({"spec": {"uri": oss("race")["uri"]}})).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "race").await), id);
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1}));
    assert_eq!(scene.cloud().datasets().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_uri_changed_while_the_create_is_answered_late_stalls_until_taken_back() {
    uri_edited_during_the_create(When::After).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_uri_changed_before_the_create_takes_effect_stalls_until_taken_back() {
    uri_edited_during_the_create(When::Before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_is_one_update_and_keeps_the_id() {
    let scene = Scene::new("rename").await;
    scene.apply("Dataset", "object", oss("old-name")).await;
    let id = dataset_id(&scene.ready("Dataset", "object").await);
    let calls = scene.last_call();
    let object = scene.edit("Dataset", "object", json!({"name": "new-name"})).await;
    assert_eq!(dataset_id(&object), id);
    assert_eq!(object.data["status"]["name"], "new-name");
    assert_eq!(scene.calls_after(calls), json!({"UpdateDataset": 1}));
    assert_eq!(scene.cloud().dataset(&id).unwrap().name, "new-name");

    // If another dataset has the name, the object says so, and the old name stays until the user chooses another one.
    let theirs = json!({"Name": "theirs", "WorkspaceId": crate::scene::WORKSPACE, "Property": "DIRECTORY",
                        "DataSourceType": "OSS", "Uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/"});
    scene.console("POST", "/api/v1/datasets", theirs);
    scene.patch("Dataset", "object", json!({"spec": {"name": "theirs"}})).await;
    let message = scene.reason("Dataset", "object", "NameTaken").await;
    assert!(message.contains("theirs") || message.contains("201300003"), "{message}");
    assert_eq!(scene.cloud().dataset(&id).unwrap().name, "new-name");
    scene.patch("Dataset", "object", json!({"spec": {"name": null}})).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "object").await), id);
    assert_eq!(scene.cloud().dataset(&id).unwrap().name, "object", "the default is metadata.name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_is_one_call_and_the_way_back_is_tried_once_and_told() {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let scene = Scene::with("publish", Setting { env, ..Setting::default() }).await;
    scene.apply("Dataset", "public", oss("public")).await;
    let id = dataset_id(&scene.ready("Dataset", "public").await);
    let calls = scene.last_call();
    scene.edit("Dataset", "public", json!({"accessibility": "PUBLIC"})).await;
    assert_eq!(scene.cloud().dataset(&id).unwrap().accessibility, "PUBLIC");
    assert_eq!(scene.calls_after(calls), json!({"PublishDataset": 1}));

    let calls = scene.last_call();
    let private = json!({"spec": {"accessibility": "PRIVATE", "description": "private again"}});
    scene.patch("Dataset", "public", private).await;
    let message = scene.reason("Dataset", "public", "InvalidSpec").await;
    assert!(message.contains("Accessibility") && message.contains("PUBLIC"), "{message}");
    let remote = scene.cloud().dataset(&id).unwrap();
    assert_eq!((remote.accessibility.as_str(), remote.description.as_deref()), ("PUBLIC", Some("private again")));
    // The calls: the possible changes, the refused change, and a read, because the meaning of a refusal is unknown.
    let made = json!({"UpdateDataset": 2, "GetDataset": 1});
    assert_eq!(scene.calls_after(calls), made);
    scene.sweeps(2).await;
    assert_eq!(scene.calls_after(calls), made, "it is not tried again and again");
    assert_eq!(dataset_id(&scene.get("Dataset", "public").await), id);

    scene.edit("Dataset", "public", json!({"accessibility": "PUBLIC"})).await;

    // Where the service allows it, it is done.
    scene.cloud().set_knobs(|knobs| knobs.unpublish = pai_emulator::knobs::Rule::Accept);
    scene.edit("Dataset", "public", json!({"accessibility": "PRIVATE"})).await;
    assert_eq!(scene.cloud().dataset(&id).unwrap().accessibility, "PRIVATE");
}
