//! Whose is a configuration? Those of other people are left alone unless an object adopts them, two objects never share
//! one, and one goes and comes with its Dataset.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use pai_emulator::Knobs;
use pai_emulator::knobs::Rule;
use serde_json::json;

use crate::cluster::changes_after;
use crate::configs::{INDEX, KIND, OBJECTS, RESYNC, SELDOM, config_id, index, tag, with};
use crate::jobs::with_flowers;
use crate::scene::{dataset_id, oss, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_configuration_is_taken_by_consent_alone_and_kept() {
    let (scene, dataset) = with_flowers("config-foreign", Knobs::default(), &SELDOM).await;
    let foreign = scene.foreign_config(&dataset, INDEX, &json!({"defaultModelId": "theirs"}));
    let call = scene.last_call();
    scene.create(KIND, "model", index("m-1")).await;
    let message = scene.reason(KIND, "model", "NameTaken").await;
    let way_out = format!("adoption: {{datasetJobConfigId: {foreign}}}");
    assert!(
        message.contains(&format!("{dataset}/configs/{foreign} exists already")) && message.contains(&way_out),
        "{message}"
    );
    assert_eq!(changes_after(scene.cloud(), call), json!({}));
    scene.patch(KIND, "model", json!({"spec": {"adoption": {"datasetJobConfigId": foreign}}})).await;
    let object = scene.ready(KIND, "model").await;
    assert_eq!((config_id(&object), status(&object, "origin")), (foreign.clone(), "Adopted".to_owned()));
    assert_eq!(scene.only_config().2, json!({"defaultModelId": "m-1", "defaultModelVersion": "1"}));
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJobConfig": 1}));
    scene.end_config("model").await;
    assert_eq!(scene.only_config().0, foreign, "kept");
    scene.told("model", &["Adopted", "Retained"]).await;

    let adopts = json!({"adoption": {"datasetJobConfigId": "dscfg-none"}});
    scene.create(KIND, "model", with(index("m-1"), adopts)).await;
    scene.says(KIND, "model", "AdoptionNotFound", "dscfg-none").await;
    scene.end_config("model").await;
    let meant = json!({"adoption": {"datasetJobConfigId": foreign}, "deletionPolicy": "Delete"});
    scene.create(KIND, "model", with(index("m-1"), meant)).await;
    scene.ready(KIND, "model").await;
    scene.end_config("model").await;
    assert_eq!(scene.configs(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_objects_never_have_one_configuration_even_if_the_service_allows_two() {
    let knobs = Knobs { duplicate_job_config: Rule::Accept, ..Knobs::default() };
    let (scene, dataset) = with_flowers("config-two", knobs, &SELDOM).await;
    scene.create(KIND, "first", index("m-1")).await;
    let by_id = json!({"datasetRef": null, "datasetId": dataset});
    for (name, spec) in [("second", index("m-2")), ("third", with(index("m-3"), by_id))] {
        // Objects of one second have no order by age.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        scene.create(KIND, name, spec).await;
        let message = scene.reason(KIND, name, "OwnedByOther").await;
        assert!(message.contains(&format!("DatasetJobConfig {}/first stands for", scene.namespace)), "{message}");
    }
    let id = config_id(&scene.ready(KIND, "first").await);
    assert_eq!(scene.only_config().0, id);
    // Another type is another configuration.
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.create(KIND, "tags", tag("tagging")).await;
    scene.ready(KIND, "tags").await;
    let adopts = json!({"spec": {"adoption": {"datasetJobConfigId": id}}});
    scene.patch(KIND, "second", adopts).await;
    scene.reason(KIND, "second", "OwnedByOther").await;
    scene.patch(KIND, "second", json!({"spec": {"adoption": null}})).await;
    // The next in line takes its place.
    scene.end_config("first").await;
    let second = scene.ready(KIND, "second").await;
    assert_ne!(config_id(&second), id);
    scene.reason(KIND, "third", "OwnedByOther").await;
    assert_eq!(scene.calls("CreateDatasetJobConfig"), (3, 0));
    scene.end_config("third").await;
    scene.end_config("second").await;
    assert_eq!(scene.configs().len(), 1, "that of the other type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_goes_with_its_dataset_and_starts_anew_in_the_next_one() {
    let (scene, dataset) = with_flowers("config-anew", Knobs::default(), &RESYNC).await;
    scene.create(KIND, "early", with(index("m-1"), json!({"datasetRef": {"name": "later"}}))).await;
    scene.says(KIND, "early", "DependencyNotReady", "Dataset later does not exist").await;
    scene.create("Dataset", "later", oss("later")).await;
    scene.ready(KIND, "early").await;
    scene.create(KIND, "model", index("m-1")).await;
    let first = config_id(&scene.ready(KIND, "model").await);
    scene.delete("Dataset", "flowers").await;
    scene.gone("Dataset", "flowers").await;
    scene.says(KIND, "model", "DependencyNotReady", "Dataset flowers does not exist").await;
    assert_eq!(scene.configs().len(), 1, "the service deletes it with its dataset");
    scene.create("Dataset", "flowers", oss("flowers")).await;
    let next = dataset_id(&scene.ready("Dataset", "flowers").await);
    assert_ne!(next, dataset);
    let object = scene.config_that("model", "in the new dataset", |object| {
        object.data["status"]["datasetId"] == json!(next) && testbed::is_ready(object)
    });
    let object = object.await;
    assert_ne!(config_id(&object), first);
    assert_eq!(status(&object, "origin"), "Created");
    assert_eq!(scene.configs().len(), 2);
    // Deleted after its Dataset has gone: nothing is left to do.
    scene.delete("Dataset", "flowers").await;
    scene.gone("Dataset", "flowers").await;
    scene.end_config("model").await;
    scene.end_config("early").await;
    assert_eq!(scene.configs(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_deletes_is_reported_or_made_again_and_retain_costs_no_call() {
    let (scene, dataset) = with_flowers("config-deleted", Knobs::default(), &RESYNC).await;
    scene.create(KIND, "model", index("m-1")).await;
    let first = config_id(&scene.ready(KIND, "model").await);
    let path = format!("/api/v1/datasets/{dataset}/datasetjobconfigs/{first}");
    scene.console("DELETE", &path, serde_json::Value::Null);
    scene.reason(KIND, "model", "RemoteDeleted").await;
    scene.patch(KIND, "model", json!({"spec": {"onExternalDeletion": "Recreate", "deletionPolicy": "Retain"}})).await;
    let again = scene.config_that("model", "made again", |it| testbed::is_ready(it) && config_id(it) != first).await;
    assert_eq!(scene.only_config().0, config_id(&again));
    let call = scene.last_call();
    scene.end_config("model").await;
    assert_eq!(changes_after(scene.cloud(), call), json!({}));
    scene.told("model", &["Retained"]).await;
    // What was kept carries no mark, so the same manifest needs consent.
    scene.create(KIND, "model", index("m-1")).await;
    scene.reason(KIND, "model", "NameTaken").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_goes_with_configurations_and_their_secrets() {
    let (scene, _) = with_flowers("config-namespace", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.create(KIND, "tags", tag("tagging")).await;
    scene.create(KIND, "model", index("m-1")).await;
    for name in ["tags", "model"] {
        scene.ready(KIND, name).await;
    }
    let all: Api<Namespace> = Api::all(scene.client.clone());
    all.delete(&scene.namespace, &DeleteParams::default()).await.unwrap();
    for name in ["tags", "model"] {
        scene.slowly_gone(KIND, name).await;
    }
    scene.patient().gone(&scene.api("Dataset"), "flowers").await.unwrap();
    assert_eq!((scene.configs(), scene.cloud().datasets().len()), (vec![], 0));
    assert!(scene.writes(OBJECTS, None).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_configuration_is_not_changed_and_an_annotation_sets_the_pace() {
    let (scene, dataset) = with_flowers("config-paused", Knobs::default(), &RESYNC).await;
    scene.create(KIND, "model", with(index("m-1"), json!({}))).await;
    let id = config_id(&scene.ready(KIND, "model").await);
    scene.annotate(KIND, "model", "paused", json!("true")).await;
    scene.patch(KIND, "model", json!({"spec": {"multimodalSemanticIndex": {"defaultModelId": "m-2"}}})).await;
    scene.reason(KIND, "model", "Paused").await;
    scene.edit_config(&dataset, &id, &json!({"defaultModelId": "console"}));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(scene.only_config().2, json!({"defaultModelId": "console"}));
    scene.annotate(KIND, "model", "paused", json!(null)).await;
    scene.holds(&id, &json!({"defaultModelId": "m-2", "defaultModelVersion": "1"})).await;
    scene.ready(KIND, "model").await;
    // On demand: no read until one is asked for.
    scene.annotate(KIND, "model", "poll-interval", json!("0")).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let call = scene.last_call();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(scene.calls_after(call), json!({}));
    scene.annotate(KIND, "model", "reconcile-requested-at", json!("now")).await;
    scene.until("a read", async |scene| scene.calls_after(call) == json!({"GetDatasetJobConfig": 1})).await;
}
