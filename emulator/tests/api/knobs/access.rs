//! Who is let in, how refusals and throttling look, and what is between an effect and its answer.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use pai_emulator::knobs::QuotaForm;
use pai_emulator::{Effect, Fault};
use serde_json::{Value, json};

use super::{Stage, another, header_of, said};
use crate::client::{dataset, signed, signed_at};
use crate::roles::{assume, oidc_token, with_token};

/// A list signed by this key, with a nonce.
async fn listed_by(stage: &Stage, key: (&str, &str), nonce: &str) -> String {
    sent(stage, signed(&stage.emulator, key.0, key.1, None, nonce)).await
}

async fn sent(stage: &Stage, headers: Vec<(String, String)>) -> String {
    let request = stage.client.http.get(format!("{}/api/v1/datasets?PageSize=1", stage.client.url));
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    said(request.send().await.unwrap()).await
}

/// So many lists, one after the other.
async fn lists(stage: &Stage, times: usize) -> String {
    let mut told = Vec::new();
    for _ in 0..times {
        told.push(stage.says("GET", "", Value::Null).await);
    }
    told.join(", ")
}

/// A header of the second list, which a quota of one rejects.
async fn throttled(stage: &Stage, header: &str) -> String {
    stage.turn(|knobs| knobs.quota_per_second = 1);
    lists(stage, 1).await;
    header_of(&stage.client.send("GET", "", &Value::Null).await.unwrap(), header)
}

/// Whether so many calls that have nothing to do took a fifth of a second each, on average.
async fn pace(stage: &Stage, calls: u32) -> String {
    let start = Instant::now();
    lists(stage, calls.try_into().unwrap()).await;
    if start.elapsed() < Duration::from_millis(200) * calls { "at once" } else { "late" }.to_owned()
}

/// What a role answers to the token of this subject.
async fn assumed(stage: &Stage, subject: &str) -> (u16, Value) {
    let exp = jiff::Timestamp::now().as_second() + 600;
    assume(&stage.emulator, &with_token(&oidc_token(&"sts.aliyuncs.com".into(), subject, exp))).await
}

/// Status of a token of the machine, and of a session of its role `node` without one.
async fn of_machine(stage: &Stage) -> String {
    let http = &stage.client.http;
    let token = http.put(format!("{}/latest/api/token", stage.client.url));
    let token = token.header("X-aliyun-ecs-metadata-token-ttl-seconds", "60").send().await.unwrap();
    let session = http.get(format!("{}/latest/meta-data/ram/security-credentials/node", stage.client.url));
    format!("{} {}", token.status().as_u16(), session.send().await.unwrap().status().as_u16())
}

const KEY: (&str, &str) = ("testAccessKeyId", "testAccessKeySecret");

cases! {
    auth ["strict" => "400 IncompleteSignature", "off" => "200"] |stage| {
        sent(&stage, vec![("x-acs-version".to_owned(), "2021-02-04".to_owned())]).await
    }
    skew_seconds [900 => "400 InvalidTimeStamp.Expired", 1100 => "200"] |stage| {
        let date = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1000);
        let date = date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        sent(&stage, signed_at(&stage.emulator, KEY.0, KEY.1, None, "n", &date)).await
    }
    roles ["" => "200", "reader=id" => "404"] |stage| {
        assumed(&stage, "c").await.0.to_string()
    }
    ecs_role ["" => "404 404", "node" => "200 200", "other" => "200 404"] |stage| {
        of_machine(&stage).await
    }
    ecs_tokens ["accept" => "200 200", "refuse" => "404 200"] |stage| {
        stage.turn(|knobs| "node".clone_into(&mut knobs.ecs_role));
        of_machine(&stage).await
    }
    ecs_without_token ["accept" => "200 200", "refuse" => "200 403"] |stage| {
        stage.turn(|knobs| "node".clone_into(&mut knobs.ecs_role));
        of_machine(&stage).await
    }
    oidc_subjects ["" => "200", "a, b" => "401"] |stage| {
        assumed(&stage, "c").await.0.to_string()
    }
    sts_session_ms [0 => "200", 1 => "400"] |stage| {
        let given = assumed(&stage, "c").await.1["Credentials"].clone();
        let [id, secret, token] =
            ["AccessKeyId", "AccessKeySecret", "SecurityToken"].map(|name| given[name].as_str().unwrap().to_owned());
        stage.later(2);
        let headers = signed(&stage.emulator, &id, &secret, Some(&token), "n");
        sent(&stage, headers).await.split(' ').next().unwrap().to_owned()
    }
    nonce_check [true => "200, 400 SignatureNonceUsed", false => "200, 200"] |stage| {
        format!("{}, {}", listed_by(&stage, KEY, "n").await, listed_by(&stage, KEY, "n").await)
    }
    authorization_bearer [true => "200", false => "400 IncompleteSignature"] |stage| {
        lists(&stage, 1).await
    }
    any_bearer_token [false => "401 Unauthorized", true => "200"] |stage| {
        said(stage.client.with_token("anything").send("GET", "", &Value::Null).await.unwrap()).await
    }
    action_check [true => "404 InvalidApi.NotFound", false => "200"] |stage| {
        let request = stage.client.http.get(format!("{}/api/v1/datasets", stage.client.url));
        let request = request.bearer_auth(&stage.client.token).header("x-acs-action", "GetDataset");
        said(request.send().await.unwrap()).await
    }
    gateway_form ["accept" => "200", "refuse" => "404 InvalidApi.NotFound"] |stage| {
        let url = format!("{}/api/AIWorkSpace/2021-02-04/ListDatasets", stage.client.url);
        said(stage.client.http.get(url).bearer_auth(&stage.client.token).send().await.unwrap()).await
    }
    signature_status [400 => "400 SignatureDoesNotMatch", 403 => "403 SignatureDoesNotMatch"] |stage| {
        listed_by(&stage, (KEY.0, "wrong"), "n").await
    }
    unknown_access_key_status [404 => "404 InvalidAccessKeyId.NotFound", 400 => "400 InvalidAccessKeyId.NotFound"] |stage| {
        listed_by(&stage, ("nobody", KEY.1), "n").await
    }
    quota_per_second [0 => "200, 200", 1 => "200, 400 Throttling.User"] |stage| {
        lists(&stage, 2).await
    }
    quota_burst [0 => "200, 400 Throttling.User, 400 Throttling.User", 2 => "200, 200, 400 Throttling.User"] |stage| {
        stage.turn(|knobs| knobs.quota_per_second = 1);
        lists(&stage, 3).await
    }
    quota_form ["bucket" => "200, 400 Throttling.User", "window" => "200, 200"] |stage| {
        stage.turn(|knobs| knobs.quota_per_second = 1);
        let first = lists(&stage, 1).await;
        // The next second of the clock, in which a bucket is only half full.
        stage.later(500);
        format!("{first}, {}", lists(&stage, 1).await)
    }
    operation_quotas ["" => "200, 200", "ListDatasets=1" => "200, 400 Throttling.Api"] |stage| {
        lists(&stage, 2).await
    }
    throttle_status [400 => "200, 400 Throttling.User", 429 => "200, 429 Throttling.User"] |stage| {
        stage.turn(|knobs| knobs.quota_per_second = 1);
        lists(&stage, 2).await
    }
    throttle_code ["Throttling.User" => "200, 400 Throttling.User", "Slow" => "200, 400 Slow"] |stage| {
        stage.turn(|knobs| knobs.quota_per_second = 1);
        lists(&stage, 2).await
    }
    operation_throttle_code ["Throttling.Api" => "200, 400 Throttling.Api", "Slow" => "200, 400 Slow"] |stage| {
        stage.turn(|knobs| knobs.operation_quotas = "ListDatasets=1".parse().unwrap());
        lists(&stage, 2).await
    }
    throttle_retry_after_ms [0 => "none", 50 => "50"] |stage| {
        throttled(&stage, "x-acs-retry-after").await
    }
    throttle_retry_after_s [0 => "none", 2 => "2"] |stage| {
        throttled(&stage, "retry-after").await
    }
    latency_ms [0 => "at once", 200 => "late"] |stage| {
        pace(&stage, 2).await
    }
    latency_jitter_ms [0 => "at once", 2000 => "late"] |stage| {
        pace(&stage, 2).await
    }
    not_found_status [404 => "404 201300003", 400 => "400 201300003"] |stage| {
        stage.says("GET", "/d-none", Value::Null).await
    }
    not_found_code ["201300003" => "404 201300003", "NoDataset" => "404 NoDataset"] |stage| {
        stage.says("GET", "/d-none", Value::Null).await
    }
    invalid_code ["specific" => "400 InvalidName", "generic" => "400 InvalidParameter"] |stage| {
        stage.says("POST", "", dataset("_")).await
    }
    workspace_not_found_status [404 => "404 100400027", 403 => "403 100400027"] |stage| {
        stage.says("GET", "?WorkspaceId=none", Value::Null).await
    }
    workspace_not_found_code ["100400027" => "404 100400027", "NoWorkspace" => "404 NoWorkspace"] |stage| {
        stage.says("GET", "?WorkspaceId=none", Value::Null).await
    }
    workspaces ["" => "200, 200", "478, 5" => "200, 404 100400027"] |stage| {
        let five = stage.says("GET", "?WorkspaceId=5", Value::Null).await;
        format!("{five}, {}", stage.says("GET", "?WorkspaceId=6", Value::Null).await)
    }
    default_workspace ["" => "400 MissingWorkspaceId, 400 MissingWorkspaceId", "9" => "200, 200"] |stage| {
        format!("{}, {}", stage.says("POST", "", another(json!({}))).await, lists(&stage, 1).await)
    }
    garble ["complete" => "no JSON", "short" => "cut off"] |stage| {
        stage.emulator.add_faults([Fault { operation: "*".into(), effect: Effect::Garble, ..Fault::default() }]);
        let response = stage.client.send("GET", "", &Value::Null).await.unwrap();
        let body = response.bytes().await.map(|body| serde_json::from_slice::<Value>(&body).is_ok());
        body.map_or("cut off", |json| if json { "JSON" } else { "no JSON" }).to_owned()
    }
    request_id_header [true => "same", false => "none"] |stage| {
        let response = stage.client.send("GET", "", &Value::Null).await.unwrap();
        let header = header_of(&response, "x-acs-request-id");
        let body: Value = response.json().await.unwrap();
        if body["RequestId"] == header.as_str() { "same".to_owned() } else { header }
    }
    log_limit [500_000 => "1 2 3", 2 => "2 3"] |stage| {
        lists(&stage, 3).await;
        let numbers: Vec<String> = stage.emulator.log().iter().map(|line| line.seq.to_string()).collect();
        numbers.join(" ")
    }
}

/// Two windows of a second are told apart by its number, whatever the quota says about bursts.
#[tokio::test]
async fn a_window_does_not_look_at_bursts() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    let clock: fn() -> i64 = || NOW.load(Ordering::Relaxed);
    let stage = Stage::of("quota_burst", &json!(2), &NOW, clock).await;
    stage.turn(|knobs| (knobs.quota_per_second, knobs.quota_form) = (1, QuotaForm::Window));
    assert_eq!(lists(&stage, 2).await, "200, 400 Throttling.User");
}
