//! The caller: the identity stays the same when its keys change, and objects for which an earlier release recorded a
//! key continue.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kube::api::DynamicObject;
use pai_emulator::{Credential, Effect, Knobs, NameScope, Role, When};
use serde_json::json;

use crate::scene::{Scene, Setting, dataset_id, oss, status};
use crate::trouble::{fault, intent};

/// A session of a role that sees only what is its own.
fn session(key: &str, role: &str) -> Credential {
    let secret = format!("secret-of-{key}");
    let role = Role { name: role.to_owned(), id: format!("300-{role}"), session_name: format!("session-{key}") };
    Credential {
        security_token: Some(format!("token-of-{key}")),
        user_id: role.id.clone(),
        role: Some(role),
        list_all: false,
        ..Credential::access_key(key, &secret)
    }
}

/// A scene whose operators have a token service, and which has two sessions of one role and one of another.
async fn stage(name: &str) -> Scene {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let mut scene = Scene::with(name, Setting { knobs, without_operator: true, ..Setting::default() }).await;
    let sessions = [("K1", "trainer"), ("K2", "trainer"), ("K3", "other")];
    scene.cloud().set_credentials(sessions.map(|(key, role)| session(key, role)).to_vec());
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", scene.cloud().url());
    act_with(&mut scene, "K1");
    scene
}

/// Operators that are started from now on use this session.
fn act_with(scene: &mut Scene, key: &str) {
    scene.set("ALIBABA_CLOUD_ACCESS_KEY_ID", key.to_owned());
    scene.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", format!("secret-of-{key}"));
    scene.set("ALIBABA_CLOUD_SECURITY_TOKEN", format!("token-of-{key}"));
}

fn principal(object: &DynamicObject) -> String {
    intent(object).unwrap()["principal"].as_str().unwrap().to_owned()
}

/// Makes an object whose create was never executed, without an answer that says so, and stops the operator.
async fn leave_a_doubt(scene: &mut Scene) -> DynamicObject {
    scene.start_operator().await;
    scene.faults([fault("CreateDataset", Effect::Drop, When::Before)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.until("the create to be lost", async |scene| scene.cloud().stats().faults == 1).await;
    let object = scene.claimed("Dataset", "one").await;
    scene.kill_operator();
    object
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubt_ends_under_another_session_of_the_same_role() {
    let mut scene = stage("session").await;
    let object = leave_a_doubt(&mut scene).await;
    assert_eq!(principal(&object), "acs:ram::1000000000000001:role/trainer");
    act_with(&mut scene, "K2");
    scene.start_operator().await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 1), "the first was never executed, and it is made again");
    assert_eq!(scene.calls("GetCallerIdentity"), (2, 0), "once a start");
    // The operator knows that the remote is gone: the deletion ends.
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(status(&object, "principal"), "acs:ram::1000000000000001:role/trainer");
    scene.stop_operator().await;
    scene.console("DELETE", &format!("/api/v1/datasets/{}", dataset_id(&object)), json!(null));
    act_with(&mut scene, "K1");
    scene.start_operator().await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubt_stays_under_another_role() {
    let mut scene = stage("role").await;
    leave_a_doubt(&mut scene).await;
    act_with(&mut scene, "K3");
    scene.start_operator().await;
    let message = scene.reason("Dataset", "one", "AccountMismatch").await;
    assert!(message.contains("made by another identity"), "{message}");
    assert_eq!(scene.calls("CreateDataset"), (0, 1), "nothing is sent");
    scene.stop_operator().await;
    act_with(&mut scene, "K2");
    scene.start_operator().await;
    scene.exactly_one_each(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_names_a_key_is_the_callers_as_long_as_that_key_is_in_use() {
    let mut scene = stage("former").await;
    // As earlier releases do it.
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", "none".to_owned());
    scene.start_operator().await;
    for name in ["edited", "deleted", "lost"] {
        scene.create("Dataset", name, oss(name)).await;
        let object = scene.ready("Dataset", name).await;
        assert_eq!((principal(&object), status(&object, "principal")), ("K1".to_owned(), "K1".to_owned()));
    }
    scene.stop_operator().await;
    let object = leave_a_doubt(&mut scene).await;
    assert_eq!(principal(&object), "K1");
    let lost = dataset_id(&scene.datasets().get("lost").await.unwrap());
    scene.console("DELETE", &format!("/api/v1/datasets/{lost}"), json!(null));
    assert_eq!(scene.calls("GetCallerIdentity"), (0, 0));

    scene.set("DATASET_OPERATOR_STS_ENDPOINT", scene.cloud().url());
    scene.start_operator().await;
    let before = scene.ready("Dataset", "edited").await;
    scene.patch("Dataset", "edited", json!({"spec": {"description": "edited"}})).await;
    scene
        .until("the edit", async |scene| {
            scene.cloud().dataset(&dataset_id(&before)).unwrap().description.as_deref() == Some("edited")
        })
        .await;
    for name in ["deleted", "lost"] {
        scene.delete("Dataset", name).await;
        scene.gone("Dataset", name).await;
    }
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(principal(&object), "acs:ram::1000000000000001:role/trainer", "the new attempt is of the role");
    assert_eq!(scene.cloud().datasets().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_service_that_is_away_stops_nothing_and_nothing_is_taken_for_anothers() {
    let mut scene = stage("away").await;
    leave_a_doubt(&mut scene).await;
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", "http://127.0.0.1:9".to_owned());
    act_with(&mut scene, "K2");
    scene.start_operator().await;
    scene.create("Dataset", "two", oss("two")).await;
    let two = scene.ready("Dataset", "two").await;
    assert_eq!(principal(&two), "K2");
    let waits = |object: &DynamicObject| {
        let ready = testbed::condition(object, "Ready");
        ready.is_some_and(|ready| ready.reason == "Uncertain" && ready.message.contains("GetCallerIdentity"))
    };
    scene.wait().object(&scene.datasets(), "one", "waiting for the name of the caller", waits).await.unwrap();
    let told = scene.log_lines().iter().filter(|line| line.to_string().contains("GetCallerIdentity failed")).count();
    assert_eq!(told, 1);
    scene.stop_operator().await;
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", scene.cloud().url());
    scene.start_operator().await;
    scene.exactly_one_each(&["one", "two"]).await;
}

/// A token of the scene's `ServiceAccount` for this audience.
async fn token_for(scene: &Scene, audience: &str) -> String {
    let audience = format!("--audience={audience}");
    let command = ["create", "token", testbed::SERVICE_ACCOUNT, "-n", testbed::NAMESPACE, &audience];
    scene.kubectl().run(&command).await.unwrap().trim().to_owned()
}

/// A scene whose operators have no key.
async fn without_key(name: &str, knobs: Knobs) -> Scene {
    let mut scene = Scene::with(name, Setting { knobs, without_operator: true, ..Setting::default() }).await;
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", scene.cloud().url());
    scene.set("ALIBABA_CLOUD_ACCESS_KEY_ID", String::new());
    scene.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", String::new());
    scene
}

/// A scene whose operators assume a role with the token in a file; returns the file.
async fn with_role(name: &str, knobs: Knobs) -> (Scene, PathBuf) {
    let mut scene = without_key(name, knobs).await;
    let file = scene.file("token");
    scene.set("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1000000000000001:role/operator".to_owned());
    scene.set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1000000000000001:oidc-provider/cluster".to_owned());
    scene.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", file.display().to_string());
    (scene, file)
}

/// RRSA: the Pod's token is worth a session of a role, which is renewed while calls go on; each session is the same caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_assumed_with_the_token_of_the_cluster_and_renewed_without_a_failed_call() {
    let subject = format!("system:serviceaccount:{}:{}", testbed::NAMESPACE, testbed::SERVICE_ACCOUNT);
    let knobs = Knobs { oidc_subjects: subject, sts_session_ms: 6000, ..Knobs::default() };
    let (mut scene, file) = with_role("rrsa", knobs).await;
    let token = token_for(&scene, "sts.aliyuncs.com").await;
    std::fs::write(&file, &token).unwrap();
    scene.start_operator().await;
    let began = Instant::now();
    let names: Vec<_> = (0..100).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for name in &names {
        scene.ready("Dataset", name).await;
    }
    assert_eq!(scene.calls("CreateDataset"), (100, 0));
    let (assumed, failed) = scene.calls("AssumeRoleWithOIDC");
    // One of 6 s is renewed after 2.7 s at the earliest.
    let most = 2 + began.elapsed().as_secs() / 2;
    assert!((3..=most).contains(&assumed) && failed == 0, "{assumed} sessions, {failed} failures");
    let failures = scene.cloud().log().iter().filter(|line| line.code.contains("Token")).count();
    assert_eq!(failures, 0, "no call had a session that was over");
    let object = scene.get("Dataset", "d-0").await;
    assert_eq!(principal(&object), "acs:ram::1000000000000001:role/operator");
    let sessions: BTreeSet<_> = scene.cloud().log().into_iter().map(|line| line.access_key_id).collect();
    assert!(sessions.len() > 2, "{sessions:?}");
    assert!(!scene.log_text().contains(&token), "the token is told");
    scene.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_the_role_does_not_trust_is_told_with_what_to_change() {
    let (mut scene, file) = with_role("rrsa-refused", Knobs::default()).await;
    // Without the file there is no session.
    scene.launch_operator();
    scene.until("its end", async |scene| scene.log_text().contains("the OIDC token cannot be read")).await;
    scene.kill_operator();
    std::fs::write(&file, token_for(&scene, "https://kubernetes.default.svc").await).unwrap();
    scene.launch_operator();
    scene.until("its end", async |scene| scene.log_text().contains("audience sts.aliyuncs.com")).await;
    scene.kill_operator();
    std::fs::write(&file, token_for(&scene, "sts.aliyuncs.com").await).unwrap();
    scene.start_operator().await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene.stop_operator().await;
}

/// A credentials URI: the sessions that it gives are renewed while calls go on, and nothing but its host is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credentials_uri_is_enough_for_an_operator() {
    let knobs = Knobs { ecs_role: "node".to_owned(), sts_session_ms: 6000, ..Knobs::default() };
    let mut scene = without_key("credentials-uri", knobs).await;
    let uri = format!("{}/latest/meta-data/ram/security-credentials/", scene.cloud().url());
    scene.set("ALIBABA_CLOUD_CREDENTIALS_URI", format!("{uri}other?token=canary"));
    scene.launch_operator();
    scene.until("its end", async |scene| scene.log_text().contains("HTTP status 404; check the URI")).await;
    scene.kill_operator();
    scene.set("ALIBABA_CLOUD_CREDENTIALS_URI", format!("{uri}node?token=canary"));
    scene.start_operator().await;
    let names: Vec<_> = (0..60).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for name in &names {
        scene.ready("Dataset", name).await;
    }
    assert_eq!(scene.calls("CreateDataset"), (60, 0));
    let object = scene.get("Dataset", "d-0").await;
    assert_eq!(principal(&object), "acs:ram::1000000000000001:role/node");
    let sessions: BTreeSet<_> = scene.cloud().log().into_iter().map(|line| line.access_key_id).collect();
    assert!(sessions.len() > 1, "{sessions:?}");
    let text = scene.log_text();
    assert!(!text.contains("canary") && !text.contains("security-credentials"), "the URI is told");
    scene.stop_operator().await;
}
