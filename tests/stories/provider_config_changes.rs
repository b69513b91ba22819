//! A ProviderConfig that changes while its objects are being made: its limits, and its credentials under load.

use std::time::Duration;

use kube::ResourceExt as _;
use pai_emulator::Credential;
use serde_json::json;

use crate::provider_configs::{BLUE, CONFIG, RED, config, key, tenants};
use crate::scene::{Scene, WORKSPACE, oss};

async fn ready_count(scene: &Scene) -> usize {
    let all = scene.datasets().list(&kube::api::ListParams::default()).await.unwrap();
    all.iter().filter(|object| object.data["status"]["datasetId"].is_string()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_count_as_soon_as_they_are_changed() {
    let scene = tenants("configs-limits").await;
    scene.set_key("red", "red-1").await;
    let limits = json!({"limits": {"qps": 10, "operationQps": {"CreateDataset": 1}}});
    scene.apply(CONFIG, "default", config("red", limits)).await;
    scene.config_is("default", "Available").await;
    let names: Vec<_> = (0..200).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    scene.until("the first create", async |scene| scene.calls("CreateDataset").0 > 0).await;
    let rate = async |scene: &Scene, scope: &str| {
        let metrics = scene.metrics().await;
        let of = |line: &&str| {
            line.starts_with(&format!("pai_api_rate_limiter_rate{{account=\"{RED}\""))
                && line.contains(&format!("scope=\"{scope}\""))
        };
        metrics.lines().find(of).map(|line| line.split_once("} ").unwrap().1.to_owned())
    };
    assert_eq!(rate(&scene, "CreateDataset").await.as_deref(), Some("0.98"));
    // With these limits the creates would take more than three minutes.
    scene.apply(CONFIG, "default", config("red", json!({"limits": {"qps": 100}}))).await;
    for name in &names {
        scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), name).await.unwrap();
    }
    assert_eq!((rate(&scene, "account").await.as_deref(), rate(&scene, "CreateDataset").await), (Some("98.0"), None));
    assert_eq!(scene.calls("CreateDataset"), (200, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_creates_go_on_while_keys_and_sessions_rotate() {
    let mut scene = tenants("configs-rotating").await;
    scene.stop_operator().await;
    scene.set("DATASET_OPERATOR_QPS", "60".to_owned());
    scene.start_operator().await;
    scene.cloud().set_knobs(|knobs| {
        knobs.roles = "team".to_owned();
        knobs.sts_session_ms = 6000;
    });
    let user = |number: u32| Credential { user_id: "400".to_owned(), ..key(&format!("red-{number}"), RED) };
    let own = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    scene.cloud().set_credentials(vec![own, user(1)]);
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    let role = json!([{"roleArn": format!("acs:ram::{BLUE}:role/team")}]);
    let assumed = json!({"credentials": {"source": "Secret", "secretRef": {"name": "red"}, "assumeRole": role}});
    scene.apply(CONFIG, "assumed", config("red", assumed)).await;
    for name in ["default", "assumed"] {
        scene.config_is(name, "Available").await;
    }
    let load = async {
        for number in 0..1000 {
            let mut spec = oss(&format!("d-{number}"));
            if number % 2 == 0 {
                spec["providerConfigRef"] = json!({"name": "assumed"});
            }
            scene.create("Dataset", &format!("d-{number}"), spec).await;
        }
    };
    let rotation = async {
        for number in 2..=5 {
            scene.cloud().add_credential(user(number));
            let new = format!("red-{number}");
            scene.set_key("red", &new).await;
            let called = |scene: &Scene, operation: &str| {
                scene.cloud().log().iter().any(|line| line.operation == operation && line.access_key_id == new)
            };
            scene
                .until("calls with the new key", async |scene| {
                    called(scene, "CreateDataset") && called(scene, "AssumeRole")
                })
                .await;
            // Calls that began with the former key have ended a second later.
            tokio::time::sleep(Duration::from_secs(1)).await;
            scene.cloud().revoke_key(&format!("red-{}", number - 1));
        }
    };
    tokio::join!(load, rotation);
    scene.until("all", async |scene| ready_count(scene).await == 1000).await;
    assert_eq!(scene.calls("CreateDataset"), (1000, 0));
    let failed = scene.cloud().stats().calls.into_iter().filter(|(_, count)| count.failed > 0);
    assert_eq!(failed.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<String>::new());
    let (sessions, _) = scene.calls("AssumeRole");
    assert!(sessions >= 3, "the session of the role was renewed {sessions} times");
    let owners: std::collections::BTreeSet<_> =
        scene.cloud().datasets().iter().map(|one| one.owner_id.clone()).collect();
    assert_eq!(owners.len(), 2, "{owners:?}");
    let one = scene.datasets().get("d-0").await.unwrap();
    assert_eq!(one.data["status"]["providerConfig"]["accountId"], BLUE, "{}", one.name_any());
}

/// The Pod has no key, and no default workspace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_without_credentials_works_for_configs() {
    let mut scene = tenants("configs-alone").await;
    scene.stop_operator().await;
    for variable in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "DATASET_OPERATOR_WORKSPACE_ID"]
    {
        scene.unset(variable);
    }
    scene.cloud().set_credentials(vec![key("red-1", RED)]);
    let before = scene.cloud().stats().calls.len();
    scene.start_operator().await;
    let mut spec = oss("early");
    spec["workspaceId"] = json!(WORKSPACE);
    scene.create("Dataset", "early", spec).await;
    let message = scene.reason("Dataset", "early", "DependencyNotReady").await;
    assert!(message.contains("create a ProviderConfig named default in this namespace"), "{message}");
    let log = scene.log_text();
    assert!(log.contains("set ALIBABA_CLOUD_ACCESS_KEY_ID") && log.contains("are worked on"), "{log}");
    assert_eq!(scene.cloud().stats().calls.len(), before, "nothing can be called");
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    let early = scene.ready("Dataset", "early").await;
    assert_eq!(early.data["status"]["providerConfig"]["accountId"], RED);
    scene.stop_operator().await;
    scene.start_operator().await;
    scene.patch("Dataset", "early", json!({"spec": {"description": "edited"}})).await;
    scene.ready("Dataset", "early").await;
    scene.delete("Dataset", "early").await;
    scene.gone("Dataset", "early").await;
    let failed = scene.cloud().stats().calls.values().map(|count| count.failed).sum::<u64>();
    assert_eq!(failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_settled_objects_keep_their_account_when_a_default_comes_and_say_so() {
    let scene = tenants("configs-beside").await;
    let names: Vec<_> = (0..50).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    for name in &names {
        scene.ready("Dataset", name).await;
    }
    let calls = || {
        scene
            .cloud()
            .stats()
            .calls
            .iter()
            .filter(|(name, _)| name.ends_with("Dataset"))
            .map(|(_, count)| count.ok)
            .sum::<u64>()
    };
    let (before, writes) = (calls(), scene.writes("datasets", None).await);
    let kept = async |scene: &Scene| {
        let all = scene.datasets().list(&kube::api::ListParams::default()).await.unwrap();
        let has = |object: &&kube::api::DynamicObject| condition(object, "AccountKept").is_some();
        all.iter().filter(has).count()
    };
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    scene.until("all say so", async |scene| kept(scene).await == 50).await;
    let one = scene.datasets().get("d-7").await.unwrap();
    let message = condition(&one, "AccountKept").unwrap();
    let words = "belongs to the account of the operator's flags and stays there";
    assert!(message.contains(words) && message.contains("ProviderConfig default"), "{message}");
    assert_eq!(condition(&one, "Ready").as_deref(), Some("the cloud dataset equals the spec"));
    assert_eq!((calls(), scene.writes("datasets", None).await), (before, writes + 50));
    // An edit goes where the object is.
    scene.patch("Dataset", "d-7", json!({"spec": {"description": "edited"}})).await;
    scene.ready("Dataset", "d-7").await;
    assert!(condition(&scene.datasets().get("d-7").await.unwrap(), "AccountKept").is_some());
    // Nobody uses the config, so it goes, and with it what was said.
    scene.delete(CONFIG, "default").await;
    scene.gone(CONFIG, "default").await;
    scene.until("none says so", async |scene| kept(scene).await == 0).await;
}

/// The message of a condition that is True.
fn condition(object: &kube::api::DynamicObject, kind: &str) -> Option<String> {
    let all = object.data["status"]["conditions"].as_array()?;
    let of = all.iter().find(|condition| condition["type"] == kind && condition["status"] == "True")?;
    Some(of["message"].as_str()?.to_owned())
}
