//! The Secret of a DatasetJobConfig: it is missing, unreadable, changed, or masked by the service; and nothing but the
//! service ever gets to see the key.

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;
use testbed::condition;
use testbed::proxy::{Act, Answer, Match, Proxy};

use crate::cluster::changes_after;
use crate::configs::{KIND, OBJECTS, RESYNC, SELDOM, config_id, given, index, tag};
use crate::hostile::always;
use crate::jobs::with_flowers;
use crate::scene::{Scene, Setting, dataset_id, oss};
use crate::security::leaks;
use crate::trouble::fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_missing_or_unreadable_is_told_and_waited_for() {
    let (scene, _) = with_flowers("config-waits", Knobs::default(), &SELDOM).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.create(KIND, "tags", tag("tagging")).await;
    let message = scene.reason(KIND, "tags", "DependencyNotReady").await;
    let rule = "apiGroups: [\"\"], resources: [secrets], resourceNames: [tagging], verbs: [get, list, watch]";
    assert!(message.contains("may not read Secret tagging") && message.contains(rule), "{message}");
    assert!(message.contains(&scene.namespace), "{message}");
    scene.let_read("secrets", &["tagging", "later"]).await;
    // The watch of the Secret is tried again within half a minute.
    scene.patient().ready(&scene.api(KIND), "tags").await.unwrap();
    scene.end_config("tags").await;

    scene.create(KIND, "tags", tag("later")).await;
    let message = scene.reason(KIND, "tags", "DependencyNotReady").await;
    assert!(message.contains("Secret later, whose key api-key is wanted, does not exist"), "{message}");
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"}, "stringData": {"other": "x"}});
    let apply = PatchParams::apply("user").force();
    scene.secrets().patch("later", &apply, &Patch::Apply(&secret)).await.unwrap();
    scene.says(KIND, "tags", "DependencyNotReady", "Secret later has no key api-key").await;
    scene.set_secret("later", "sk-one\n").await;
    scene.says(KIND, "tags", "DependencyNotReady", "is not an API key").await;
    assert_eq!(scene.configs(), []);
    scene.set_secret("later", "sk-two").await;
    scene.ready(KIND, "tags").await;
    assert_eq!(scene.only_config().2, json!({"apiKey": "sk-two"}));

    // A Secret that goes leaves the configuration as it is, and says so.
    scene.delete_secret("later").await;
    scene.says(KIND, "tags", "DependencyNotReady", "does not exist").await;
    assert_eq!(scene.only_config().2, json!({"apiKey": "sk-two"}));
    // The deletion needs no Secret.
    scene.end_config("tags").await;
    assert_eq!(scene.configs(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_service_refuses_is_tried_again_when_the_secret_changes() {
    let (scene, _) = with_flowers("config-refused", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-wrong").await;
    let refused = |operation: &str| Fault {
        status: 400,
        code: "InvalidParameter".to_owned(),
        ..fault(operation, Effect::Error, When::Before)
    };
    scene.faults([refused("CreateDatasetJobConfig")]);
    scene.create(KIND, "tags", tag("tagging")).await;
    let message = scene.reason(KIND, "tags", "InvalidSpec").await;
    assert!(message.contains("400 InvalidParameter: the service's words are not shown"), "{message}");
    let right = scene.set_secret("tagging", "sk-right").await;
    assert_eq!(given(&scene.ready(KIND, "tags").await), right, "the wrong key was not sent again");
    scene.faults([refused("UpdateDatasetJobConfig")]);
    scene.set_secret("tagging", "sk-wrong").await;
    scene.reason(KIND, "tags", "InvalidSpec").await;
    scene.set_secret("tagging", "sk-new").await;
    scene.until("the new key", async |scene| scene.only_config().2 == json!({"apiKey": "sk-new"})).await;
    scene.ready(KIND, "tags").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_secret_in_the_spec_and_changes_while_nobody_looks_are_sent_once() {
    let (mut scene, _) = with_flowers("config-other", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["one", "two"]).await;
    scene.set_secret("one", "sk-one").await;
    let second = scene.set_secret("two", "sk-two").await;
    scene.create(KIND, "tags", tag("one")).await;
    let id = config_id(&scene.ready(KIND, "tags").await);
    let call = scene.last_call();
    scene.patch(KIND, "tags", json!({"spec": tag("two")})).await;
    scene.holds(&id, &json!({"apiKey": "sk-two"})).await;
    scene.config_that("tags", "of the other Secret", |object| given(object) == second).await;
    // The former Secret does not matter any more.
    scene.set_secret("one", "sk-changed").await;
    scene.delete_secret("one").await;
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJobConfig": 1}));

    scene.stop_operator().await;
    let (call, writes) = (scene.last_call(), scene.writes(OBJECTS, None).await);
    scene.start_operator().await;
    scene.until("a look", async |scene| scene.calls_after(call)["ListDatasetJobConfigs"] == 1).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(scene.calls_after(call), json!({"ListDatasetJobConfigs": 1}), "a restart");
    assert_eq!(scene.writes(OBJECTS, None).await, writes);
    scene.stop_operator().await;
    let third = scene.set_secret("two", "sk-three").await;
    let call = scene.last_call();
    scene.start_operator().await;
    scene.holds(&id, &json!({"apiKey": "sk-three"})).await;
    scene.config_that("tags", "of the new Secret", |object| given(object) == third).await;
    assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJobConfig": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_of_a_key_is_put_back_if_the_service_shows_keys() {
    for masked in [false, true] {
        let knobs = Knobs { mask_job_config: masked, ..Knobs::default() };
        let (scene, dataset) = with_flowers("config-drift", knobs, &RESYNC).await;
        scene.let_read("secrets", &["tagging"]).await;
        scene.set_secret("tagging", "sk-one").await;
        scene.create(KIND, "tags", tag("tagging")).await;
        scene.create(KIND, "model", index("m-1")).await;
        let [tags, model] =
            [scene.ready(KIND, "tags").await, scene.ready(KIND, "model").await].map(|it| config_id(&it));
        let call = scene.last_call();
        scene.edit_config(&dataset, &tags, &json!({"apiKey": "sk-console"}));
        let reads = scene.calls("GetDatasetJobConfig").0;
        scene.until("reads", async |scene| scene.calls("GetDatasetJobConfig").0 >= reads + 4).await;
        if masked {
            assert_eq!(changes_after(scene.cloud(), call), json!({}));
            scene.set_secret("tagging", "sk-two").await;
            scene.holds(&tags, &json!({"apiKey": "sk-two"})).await;
        } else {
            scene.holds(&tags, &json!({"apiKey": "sk-one"})).await;
            scene.told("tags", &["DriftDetected", "DriftCorrected"]).await;
        }
        scene.ready(KIND, "tags").await;
        let call = scene.last_call();
        scene.patch(KIND, "model", json!({"spec": {"multimodalSemanticIndex": {"defaultModelId": "m-2"}}})).await;
        scene.holds(&model, &json!({"defaultModelId": "m-2", "defaultModelVersion": "1"})).await;
        scene.ready(KIND, "model").await;
        assert_eq!(changes_after(scene.cloud(), call), json!({"UpdateDatasetJobConfig": 1}), "masked: {masked}");
    }
}

/// A key in a Secret, as kubectl leaves it (with a copy in an annotation), is told by nothing: not by any log level,
/// status, event or metric, and not if the service repeats the body in its errors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_byte_of_a_key_is_told_by_anything() {
    const CANARY: &str = "sk-CanaryQ7f3x9Zk2";
    let env = vec![("RUST_LOG", "trace".to_owned()), ("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let mut scene = Scene::with("config-canary", Setting { env, without_operator: true, ..Setting::default() }).await;
    let proxy = Proxy::before(scene.cloud().address()).await.unwrap();
    scene.set("DATASET_OPERATOR_ENDPOINT", format!("http://{}", proxy.address()));
    scene.set("DATASET_OPERATOR_LOG_LEVEL", "trace".to_owned());
    scene.start_operator().await;
    scene.create("Dataset", "flowers", oss("flowers")).await;
    let dataset = dataset_id(&scene.ready("Dataset", "flowers").await);
    scene.let_read("secrets", &["tagging"]).await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tagging", "namespace": scene.namespace},
        "stringData": {"api-key": CANARY},
    });
    scene.kubectl().run_with(&["apply", "-f", "-"], &secret.to_string()).await.unwrap();

    let body = json!({"Code": CANARY, "Message": format!("{{\"apiKey\":\"{CANARY}\"}} is wrong"), "RequestId": CANARY});
    for (operation, status) in
        [("CreateDatasetJobConfig", 400), ("CreateDatasetJobConfig", 500), ("CreateDatasetJobConfig", 200)]
    {
        proxy.clear();
        let answer = Answer::new(status, body.to_string());
        proxy.clear();
        proxy.add(always(Match::operation(operation), Act::Answer { executed: false, answer }));
        let name = format!("tags-{status}");
        scene.create(KIND, &name, tag("tagging")).await;
        let told = |object: &DynamicObject| {
            let uncertain = condition(object, "Ready").is_some_and(|ready| ready.reason == "Uncertain");
            uncertain || object.data["status"]["lastError"].is_object()
        };
        scene.config_that(&name, "told of the failure", told).await;
        proxy.clear();
        scene.delete(KIND, &name).await;
        scene.slowly_gone(KIND, &name).await;
    }
    scene.create(KIND, "tags", tag("tagging")).await;
    let id = config_id(&scene.ready(KIND, "tags").await);
    // Drift of the key, a text in place of JSON, and refusals of every call.
    scene.edit_config(&dataset, &id, &json!({"apiKey": format!("{CANARY}-other")}));
    scene.holds(&id, &json!({"apiKey": CANARY})).await;
    for operation in ["GetDatasetJobConfig", "UpdateDatasetJobConfig", "ListDatasetJobConfigs"] {
        for (status, body) in [(400, body.to_string()), (200, format!("\"{CANARY}\"")), (502, CANARY.to_owned())] {
            let answer = Answer::new(status, body);
            proxy.clear();
            proxy.add(always(Match::operation(operation), Act::Answer { executed: false, answer }));
            let next = format!("{CANARY}-{operation}-{status}");
            scene.edit_config(&dataset, &id, &json!({"apiKey": "sk-other"}));
            scene.annotate(KIND, "tags", "reconcile-requested-at", json!(next.len().to_string())).await;
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        }
    }
    proxy.clear();
    scene.annotate(KIND, "tags", "reconcile-requested-at", json!("last")).await;
    scene.holds(&id, &json!({"apiKey": CANARY})).await;

    let mut told = scene.metrics().await;
    told.push_str(&serde_json::to_string(&scene.get(KIND, "tags").await).unwrap());
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    told.push_str(&serde_json::to_string(&events.list(&ListParams::default()).await.unwrap().items).unwrap());
    told.push_str(&scene.health("/readyz").await.unwrap().1);
    scene.delete(KIND, "tags").await;
    scene.gone(KIND, "tags").await;
    scene.stop_operator().await;
    told.push_str(&scene.log_text());
    assert!(told.contains("TRACE") || told.contains("trace"), "the log has every level");
    assert_eq!(leaks(&[("any", told)], &[&CANARY[3..]]), []);
}
