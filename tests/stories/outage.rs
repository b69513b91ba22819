//! Outages: the cloud does not answer, throttles, or refuses the credentials. Objects say so and recover by themselves,
//! and the operator sends no burst of calls.

use std::time::Duration;

use pai_emulator::{Credential, Knobs, NameScope};
use serde_json::json;

use crate::scene::{Scene, Setting, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_explained_and_ends_by_itself_without_a_storm() {
    let mut scene = Scene::with_names("outage", NameScope::None).await;
    scene.create("Dataset", "settled", oss("settled")).await;
    scene.ready("Dataset", "settled").await;
    scene
        .without_cloud(async |scene| {
            scene.create("Dataset", "new", oss("new")).await;
            let message = scene.reason("Dataset", "new", "CloudUnavailable").await;
            assert!(!message.is_empty());
            scene.patch("Dataset", "settled", json!({"spec": {"description": "later"}})).await;
            scene.reason("Dataset", "settled", "CloudUnavailable").await;
        })
        .await;
    let before = scene.last_call();
    for name in ["new", "settled"] {
        scene.wait_for(Duration::from_secs(40)).ready(&scene.datasets(), name).await.unwrap();
    }
    scene.exactly_one_each(&["settled", "new"]).await;
    let calls: u64 =
        scene.calls_after(before).as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert!(calls <= 6, "{calls} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_lower_than_known_is_learnt() {
    let knobs = Knobs { quota_per_second: 20, quota_burst: 5, name_scope: NameScope::None, ..Knobs::default() };
    let scene = Scene::with("throttled", Setting { knobs, ..Setting::default() }).await;
    let names: Vec<_> = (0..40).map(|n| format!("d{n}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    for name in &names {
        scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), name).await.unwrap();
    }
    assert_eq!(scene.cloud().datasets().len(), 40);
    let (made, rejected) = scene.calls("CreateDataset");
    println!("40 creates at 20 calls/s: {rejected} rejected");
    assert_eq!(made, 40);
    assert!(rejected <= 40, "{rejected} rejected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_are_told_and_recover_without_a_restart() {
    let env = vec![("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong".to_owned())];
    let scene = Scene::with("secret", Setting { env, ..Setting::default() }).await;
    scene.create("Dataset", "one", oss("one")).await;
    let message = scene.reason("Dataset", "one", "CredentialsInvalid").await;
    assert!(message.contains("SignatureDoesNotMatch") && !message.contains("wrong"), "{message}");
    scene.cloud().set_credentials(vec![Credential::access_key("testAccessKeyId", "wrong")]);
    scene.wait_for(Duration::from_secs(40)).ready(&scene.datasets(), "one").await.unwrap();
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission_is_told_and_recovers() {
    let scene = Scene::new("denied").await;
    let mut credential = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    credential.denied = vec!["CreateDataset".to_owned()];
    scene.cloud().set_credentials(vec![credential.clone()]);
    scene.create("Dataset", "one", oss("one")).await;
    let message = scene.reason("Dataset", "one", "AccessDenied").await;
    assert!(message.contains("CreateDataset"), "{message}");
    let object = scene.get("Dataset", "one").await;
    assert!(testbed::condition(&object, "Stalled").is_some());
    credential.denied.clear();
    scene.cloud().set_credentials(vec![credential]);
    scene.wait_for(Duration::from_secs(40)).ready(&scene.datasets(), "one").await.unwrap();
    assert_eq!(scene.cloud().datasets().len(), 1);
}
