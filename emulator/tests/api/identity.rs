//! Who may call, over HTTP; the signature itself is tested with the vectors beside the code.

use pai_emulator::{Credential, Emulator, Role, State};
use serde_json::Value;

use crate::client::{Client, Line, emulator, emulator_with, now, signed, signed_at};

const KEY: (&str, &str) = ("testAccessKeyId", "testAccessKeySecret");

/// Status and code of a signed list call.
async fn list(client: &Client, headers: Vec<(String, String)>) -> String {
    let request = client.http.get(format!("{}/api/v1/datasets?PageSize=1", client.url));
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let answer: Value = response.json().await.unwrap();
    format!("{status} {}", answer["Code"].as_str().unwrap_or_default())
}

fn fresh(emulator: &Emulator, id: &str, secret: &str, token: Option<&str>) -> Vec<(String, String)> {
    signed(emulator, id, secret, token, &format!("{:?}", std::time::Instant::now()))
}

#[tokio::test]
async fn keys_and_triples() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let sts = ("STS.testAccessKeyId", "testStsAccessKeySecret");
    for (id, secret, token, expected) in [
        (KEY.0, KEY.1, None, "200 "),
        (sts.0, sts.1, Some("testSecurityToken"), "200 "),
        (KEY.0, "wrong", None, "400 SignatureDoesNotMatch"),
        ("nobody", KEY.1, None, "404 InvalidAccessKeyId.NotFound"),
        (sts.0, sts.1, None, "404 InvalidAccessKeyId.NotFound"),
        (sts.0, sts.1, Some("stale"), "400 InvalidSecurityToken.MismatchWithAccessKey"),
    ] {
        assert_eq!(list(&client, fresh(&emulator, id, secret, token)).await, expected, "{id} {secret}");
    }
    assert_eq!(list(&client, Vec::new()).await, "400 MissingVersion");
    let keys: Vec<String> = emulator.log().into_iter().map(|line| line.access_key_id).collect();
    assert_eq!(keys, [KEY.0, sts.0, KEY.0, "nobody", sts.0, sts.0, ""]);
}

#[tokio::test]
async fn a_replayed_request_is_refused() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let headers = fresh(&emulator, KEY.0, KEY.1, None);
    assert_eq!(list(&client, headers.clone()).await, "200 ");
    assert_eq!(list(&client, headers.clone()).await, "400 SignatureNonceUsed");
    emulator.set_knobs(|knobs| knobs.nonce_check = false);
    assert_eq!(list(&client, headers).await, "200 ");
}

#[tokio::test]
async fn dates_must_be_near() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for (date, code) in [
        ("2020-01-01T00:00:00Z", "400 InvalidTimeStamp.Expired"),
        ("2020-01-01T00:00:00.000Z", "400 InvalidTimeStamp.Format"),
        ("", "400 InvalidTimeStamp.Format"),
    ] {
        assert_eq!(list(&client, signed_at(&emulator, KEY.0, KEY.1, None, "n", date)).await, code);
    }
}

#[tokio::test]
async fn credentials_change_while_it_runs() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let code = async || list(&client, fresh(&emulator, KEY.0, KEY.1, None)).await;
    let mut key = Credential::access_key(KEY.0, "rotated");
    emulator.set_credentials(vec![key.clone()]);
    assert_eq!(code().await, "400 SignatureDoesNotMatch");
    key = Credential { active: false, ..Credential::access_key(KEY.0, KEY.1) };
    emulator.set_credentials(vec![key.clone()]);
    assert_eq!(code().await, "400 InvalidAccessKeyId.Inactive");
    key = Credential { active: true, denied: vec!["ListDatasets".into()], ..key };
    let state = serde_json::json!({"credentials": [key]});
    assert_eq!(client.control("PUT", "/state", state).await.0, 200);
    assert_eq!(code().await, "403 NoPermission");
    key.denied.clear();
    emulator.set_state(State { credentials: Some(vec![key]), ..State::default() }).unwrap();
    assert_eq!(code().await, "200 ");
    let refused = client.call("GET", "", Value::Null).await;
    assert_eq!((refused.0, refused.1["Code"].as_str()), (401, Some("Unauthorized")));
}

#[tokio::test]
async fn denied_operations_say_which() {
    let emulator = emulator().await;
    let credential = Credential { denied: vec!["*".into()], ..Credential::bearer("b", "testBearerToken") };
    emulator.set_credentials(vec![credential]);
    let (status, answer) = Client::of(&emulator).call("GET", "/d-1", Value::Null).await;
    assert_eq!((status, answer["AccessDeniedDetail"]["AuthAction"].as_str()), (403, Some("paidataset:GetDataset")));
}

#[tokio::test]
async fn with_auth_off_nothing_is_asked() {
    let emulator = emulator_with(|knobs| knobs.auth = pai_emulator::knobs::Auth::Off).await;
    let client = Client::of(&emulator);
    assert_eq!(list(&client, Vec::new()).await, "200 ");
    assert_eq!(emulator.log()[0].access_key_id, KEY.0);
}

#[tokio::test]
async fn the_quota_holds_for_an_account_and_names_the_wait() {
    let emulator = emulator_with(|knobs| {
        (knobs.quota_per_second, knobs.quota_burst) = (1, 3);
        knobs.throttle_retry_after_ms = 700;
    })
    .await;
    let client = Client::of(&emulator);
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(list(&client, fresh(&emulator, KEY.0, KEY.1, None)).await);
    }
    let throttled = "400 Throttling.User";
    assert_eq!(codes, ["200 ", "200 ", "200 ", throttled, throttled]);
    emulator.set_knobs(|knobs| knobs.throttle_status = 429);
    let response = client.send("GET", "", &Value::Null).await.unwrap();
    assert_eq!(response.status().as_u16(), 429, "all keys of an account share");
    assert_eq!(response.headers()["x-acs-retry-after"], "700");
    let stats = emulator.stats();
    assert_eq!((stats.throttled, stats.calls["ListDatasets"].ok, stats.calls["ListDatasets"].failed), (3, 3, 3));
    emulator.set_knobs(|knobs| knobs.quota_per_second = 0);
    assert_eq!(list(&client, fresh(&emulator, KEY.0, KEY.1, None)).await, "200 ");
}

#[tokio::test]
async fn an_operation_has_its_own_quota() {
    let emulator = emulator_with(|knobs| {
        knobs.operation_quotas = "ListDatasets=1".parse().unwrap();
        knobs.quota_form = pai_emulator::knobs::QuotaForm::Window;
        knobs.throttle_retry_after_s = 2;
    })
    .await;
    let client = Client::of(&emulator);
    // However slow the machine is, some second sees two of these calls.
    let throttled = loop {
        let response = client.send("GET", "", &Value::Null).await.unwrap();
        if response.status().as_u16() != 200 {
            break response;
        }
    };
    assert_eq!((throttled.status().as_u16(), &throttled.headers()["retry-after"]), (400, &"2".parse().unwrap()));
    assert!(!throttled.headers().contains_key("x-acs-retry-after"));
    assert_eq!(throttled.json::<Value>().await.unwrap()["Code"], "Throttling.Api");
    for _ in 0..5 {
        assert_eq!(client.refused("GET", "/d-none", Value::Null).await, "404 201300003", "others have no quota");
    }
    let stats = emulator.stats();
    assert_eq!((stats.throttled, stats.calls["ListDatasets"].throttled, stats.calls["ListDatasets"].failed), (1, 1, 1));
}

/// Status and answer of a signed `GetCallerIdentity`.
pub(crate) async fn whoami(emulator: &Emulator, key: (&str, &str, Option<&str>), line: &Line<'_>) -> (u16, Value) {
    let nonce = format!("{:?}", std::time::Instant::now());
    let headers = line.signed(emulator, key, &nonce, &now());
    let url = format!("{}{}?{}", emulator.url(), line.path, line.query);
    let request = Client::of(emulator).http.request(line.method.parse().unwrap(), url);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

pub(crate) const WHOAMI: Line<'_> =
    Line { method: "POST", path: "/", query: "", action: "GetCallerIdentity", version: "2015-04-01" };

#[tokio::test]
async fn the_token_service_tells_who_calls() {
    let emulator = emulator().await;
    let key = Credential::access_key(KEY.0, KEY.1);
    let named = |member: &str, value: &str| (member.to_owned(), Value::from(value));
    let role = Role { name: "reader".into(), id: "33".into(), session_name: "s-1".into() };
    let user = Credential { user_id: "7".into(), ..key.clone() };
    for (credential, identity) in [
        (key.clone(), ["Account", "acs:ram::1000000000000001:root", "1000000000000001", "UserId", "1000000000000001"]),
        (user.clone(), ["RAMUser", "acs:ram::1000000000000001:user/7", "7", "UserId", "7"]),
        (
            Credential { user_name: Some("admin".into()), ..user },
            ["RAMUser", "acs:ram::1000000000000001:user/admin", "7", "UserId", "7"],
        ),
        (
            Credential { role: Some(role), ..key },
            ["AssumedRoleUser", "acs:ram::1000000000000001:assumed-role/reader/s-1", "33:s-1", "RoleId", "33"],
        ),
    ] {
        let state = State { credentials: Some(vec![credential]), ..State::default() };
        let state = serde_json::to_value(state).unwrap();
        assert_eq!(Client::of(&emulator).control("PUT", "/state", state).await.0, 200);
        let [kind, arn, principal, id_member, id] = identity;
        let expected = serde_json::Map::from_iter([
            named("IdentityType", kind),
            named("AccountId", "1000000000000001"),
            named("Arn", arn),
            named("PrincipalId", principal),
            named(id_member, id),
        ]);
        let by_query = Line { method: "GET", query: "Action=GetCallerIdentity&Version=2015-04-01", ..WHOAMI };
        for line in [&WHOAMI, &by_query] {
            let (status, mut answer) = whoami(&emulator, (KEY.0, KEY.1, None), line).await;
            assert!(answer.as_object_mut().unwrap().remove("RequestId").is_some());
            assert_eq!((status, answer), (200, Value::Object(expected.clone())));
        }
    }
    assert_eq!(emulator.stats().calls["GetCallerIdentity"].ok, 8);
}

#[tokio::test]
async fn the_token_service_refuses_as_strictly() {
    let emulator = emulator_with(|knobs| (knobs.quota_per_second, knobs.quota_burst) = (1, 1)).await;
    let sts = ("STS.testAccessKeyId", "testStsAccessKeySecret");
    let old = Line { version: "2021-02-04", ..WHOAMI };
    let other = Line { action: "AssumeRoleWithSAML", ..WHOAMI };
    for (key, line, expected) in [
        ((KEY.0, "wrong", None), &WHOAMI, "400 SignatureDoesNotMatch"),
        (("nobody", KEY.1, None), &WHOAMI, "404 InvalidAccessKeyId.NotFound"),
        ((sts.0, sts.1, None), &WHOAMI, "404 InvalidAccessKeyId.NotFound"),
        ((sts.0, sts.1, Some("stale")), &WHOAMI, "400 InvalidSecurityToken.MismatchWithAccessKey"),
        ((KEY.0, KEY.1, None), &old, "404 InvalidApi.NotFound"),
        ((KEY.0, KEY.1, None), &other, "404 InvalidApi.NotFound"),
    ] {
        let (status, answer) = whoami(&emulator, key, line).await;
        assert_eq!(format!("{status} {}", answer["Code"].as_str().unwrap()), expected);
    }
    let key = (KEY.0, KEY.1, None);
    let only = |credential: Credential| emulator.set_credentials(vec![credential]);
    let whoami = async || whoami(&emulator, key, &WHOAMI).await;
    only(Credential { active: false, ..Credential::access_key(KEY.0, KEY.1) });
    let (status, answer) = whoami().await;
    assert_eq!((status, answer["Code"].as_str()), (403, Some("InvalidAccessKeyId.Inactive")));
    only(Credential { denied: vec!["*".into()], ..Credential::access_key(KEY.0, KEY.1) });
    for _ in 0..3 {
        assert_eq!(whoami().await.0, 200, "neither RAM nor the quota of the dataset API has a say");
    }
    only(Credential { denied: vec!["GetCallerIdentity".into()], ..Credential::access_key(KEY.0, KEY.1) });
    let (status, answer) = whoami().await;
    let action = answer["AccessDeniedDetail"]["AuthAction"].as_str();
    assert_eq!((status, action), (403, Some("sts:GetCallerIdentity")));
}
