//! The metadata service of a machine, over HTTP: tokens, and sessions of the machine's role.

use pai_emulator::knobs::Rule;
use pai_emulator::{Emulator, Knobs};
use serde_json::Value;

use crate::client::{Client, emulator, emulator_with};
use crate::identity::{WHOAMI, whoami};

const TTL: &str = "X-aliyun-ecs-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aliyun-ecs-metadata-token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

/// Status and body of a call with this header.
async fn call(emulator: &Emulator, method: &str, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
    let request = Client::of(emulator).http.request(method.parse().unwrap(), format!("{}{path}", emulator.url()));
    let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn machine(turn: impl FnOnce(&mut Knobs)) -> Emulator {
    emulator_with(|knobs| {
        "node".clone_into(&mut knobs.ecs_role);
        turn(knobs);
    })
    .await
}

#[tokio::test]
async fn a_machine_gives_sessions_of_its_role_for_a_token() {
    let emulator = machine(|knobs| knobs.ecs_without_token = Rule::Refuse).await;
    let (status, token) = call(&emulator, "PUT", "/latest/api/token", Some((TTL, "21600"))).await;
    assert_eq!(status, 200, "{token}");
    let with = Some((TOKEN, token.as_str()));
    assert_eq!(call(&emulator, "GET", ROLES, with).await, (200, "node".to_owned()));
    let (status, answer) = call(&emulator, "GET", &format!("{ROLES}node"), with).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, &answer["Code"]), (200, &"Success".into()));
    let given = |name: &str| answer[name].as_str().unwrap();
    let expires: jiff::Timestamp = given("Expiration").parse().unwrap();
    assert!((21_590..=21_600).contains(&(expires.as_second() - jiff::Timestamp::now().as_second())), "{expires}");
    let key = (given("AccessKeyId"), given("AccessKeySecret"), Some(given("SecurityToken")));
    let caller = whoami(&emulator, key, &WHOAMI).await.1;
    assert_eq!(caller["Arn"], "acs:ram::1000000000000001:assumed-role/node/i-emulator");
}

#[tokio::test]
async fn a_machine_refuses_what_is_no_token_and_knows_one_role() {
    let emulator = machine(|knobs| knobs.ecs_without_token = Rule::Refuse).await;
    for ttl in [None, Some((TTL, "0")), Some((TTL, "21601")), Some((TTL, "soon"))] {
        assert_eq!(call(&emulator, "PUT", "/latest/api/token", ttl).await.0, 400, "{ttl:?}");
    }
    let (_, token) = call(&emulator, "PUT", "/latest/api/token", Some((TTL, "60"))).await;
    let (ends, rest) = token.split_once('.').unwrap();
    let longer = format!("{}.{rest}", ends.parse::<i64>().unwrap() + 1000);
    for (token, role, expected) in [
        (Some(token.as_str()), "node", 200),
        (Some(token.as_str()), "other", 404),
        (Some(token.as_str()), "", 200),
        (Some(longer.as_str()), "node", 403),
        (Some("x"), "node", 403),
        (None, "node", 403),
        (None, "", 403),
    ] {
        let (status, _) = call(&emulator, "GET", &format!("{ROLES}{role}"), token.map(|token| (TOKEN, token))).await;
        assert_eq!(status, expected, "{token:?} {role:?}");
    }
    assert_eq!(call(&emulator, "GET", "/latest/meta-data/instance-id", None).await.0, 404);
}

#[tokio::test]
async fn there_is_no_metadata_where_no_role_is_named() {
    let emulator = emulator().await;
    for (method, path) in [("PUT", "/latest/api/token"), ("GET", ROLES)] {
        let (status, answer) = call(&emulator, method, path, Some((TTL, "60"))).await;
        assert!(status == 404 && answer.contains("InvalidApi.NotFound"), "{answer}");
    }
}
