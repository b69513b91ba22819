//! Sessions of roles, over HTTP: who gets one, and what it is worth.

use pai_emulator::{Credential, Emulator};
use serde_json::Value;

use crate::client::{Client, Line, emulator, emulator_with};
use crate::identity::{WHOAMI, whoami};

/// A token of a cluster for this audience and subject, which ends at this second.
pub(crate) fn oidc_token(audience: &Value, subject: &str, exp: i64) -> String {
    use base64::Engine as _;
    let encode = |part: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = serde_json::json!({"iss": "https://cluster", "aud": audience, "sub": subject, "exp": exp});
    format!("{}.{}.c2ln", encode(serde_json::json!({"alg": "RS256"})), encode(claims))
}

/// Status and answer of an `AssumeRoleWithOIDC` with these parameters in the body.
pub(crate) async fn assume(emulator: &Emulator, form: &[(&str, &str)]) -> (u16, Value) {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let url = format!("{}/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON", emulator.url());
    let response = Client::of(emulator).http.post(url).body(body.join("&")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The parameters of a call with this token.
pub(crate) fn with_token(token: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("RoleArn", "acs:ram::1000000000000001:role/operator"),
        ("OIDCProviderArn", "acs:ram::1000000000000001:oidc-provider/cluster"),
        ("OIDCToken", token),
        ("RoleSessionName", "s-1"),
    ]
}

#[tokio::test]
async fn a_token_of_a_cluster_is_worth_a_session_of_a_role() {
    let emulator = emulator().await;
    let exp = jiff::Timestamp::now().as_second() + 600;
    let token = oidc_token(&serde_json::json!(["other", "sts.aliyuncs.com"]), "system:serviceaccount:a:b", exp);
    let (status, answer) = assume(&emulator, &with_token(&token)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "acs:ram::1000000000000001:role/operator/s-1");
    let given = |name: &str| answer["Credentials"][name].as_str().unwrap();
    let expires: jiff::Timestamp = given("Expiration").parse().unwrap();
    assert!((3590..=3600).contains(&(expires.as_second() - jiff::Timestamp::now().as_second())), "{expires}");
    let key = (given("AccessKeyId"), given("AccessKeySecret"), Some(given("SecurityToken")));
    let (status, caller) = whoami(&emulator, key, &WHOAMI).await;
    assert_eq!((status, &caller["Arn"]), (200, &"acs:ram::1000000000000001:assumed-role/operator/s-1".into()));
    assert_eq!(whoami(&emulator, (key.0, key.1, Some("other")), &WHOAMI).await.0, 400);
}

#[tokio::test]
async fn a_session_of_a_role_is_refused_with_the_codes_of_the_service() {
    let emulator = emulator().await;
    let now = jiff::Timestamp::now().as_second();
    let ours = serde_json::json!("sts.aliyuncs.com");
    let good = oidc_token(&ours, "s", now + 600);
    let (other, old) = (oidc_token(&"kubernetes".into(), "s", now + 600), oidc_token(&ours, "s", now - 1));
    let one_other = |name: &'static str, value: &'static str| {
        let mut form = with_token(&good);
        form.retain(|(known, _)| *known != name);
        form.push((name, value));
        form
    };
    for (form, expected) in [
        (with_token(&other), "401 AuthenticationFail.OIDCToken.AudienceNotMatch"),
        (with_token(&old), "401 AuthenticationFail.OIDCToken.Expired"),
        (with_token("no.token"), "401 AuthenticationFail.OIDCToken.Invalid"),
        (one_other("OIDCProviderArn", "acs:ram::2:oidc-provider/cluster"), "401 AuthenticationFail.NoPermission"),
        (one_other("RoleArn", "operator"), "400 InvalidParameter.RoleArn"),
        (one_other("RoleSessionName", "a b"), "400 InvalidParameter.RoleSessionName"),
        (one_other("DurationSeconds", "899"), "400 InvalidParameter.DurationSeconds"),
        (one_other("RoleArn", ""), "400 MissingRoleArn"),
    ] {
        let (status, answer) = assume(&emulator, &form).await;
        assert_eq!(format!("{status} {}", answer["Code"].as_str().unwrap()), expected);
    }
}

/// The credentials in an answer: id, secret, token.
fn key(answer: &Value) -> (&str, &str, Option<&str>) {
    let given = |name: &str| answer["Credentials"][name].as_str();
    (given("AccessKeyId").unwrap(), given("AccessKeySecret").unwrap(), given("SecurityToken"))
}

/// Status and answer of a signed `AssumeRole` with these parameters in the query, which must be sorted.
async fn assume_signed(emulator: &Emulator, key: (&str, &str, Option<&str>), query: &str) -> (u16, Value) {
    whoami(emulator, key, &Line { action: "AssumeRole", query, ..WHOAMI }).await
}

const USER: (&str, &str, Option<&str>) = ("AK-USER", "user-secret", None);
const ROLE: &str = "RoleArn=acs%3Aram%3A%3A1000000000000001%3Arole%2Freader&RoleSessionName=s-1";

/// An emulator whose caller is a RAM user, with this value of the knob `roles`.
async fn with_user(roles: &str) -> Emulator {
    let emulator = emulator_with(|knobs| roles.clone_into(&mut knobs.roles)).await;
    let user = Credential { user_id: "7".into(), ..Credential::access_key(USER.0, USER.1) };
    emulator.set_credentials([vec![user], Credential::defaults()].concat());
    emulator
}

#[tokio::test]
async fn a_user_assumes_a_role_and_a_session_another() {
    let emulator = with_user("").await;
    let (status, first) = assume_signed(&emulator, USER, &format!("DurationSeconds=900&{ROLE}")).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["AssumedRoleUser"]["Arn"], "acs:ram::1000000000000001:role/reader/s-1");
    let expires: jiff::Timestamp = first["Credentials"]["Expiration"].as_str().unwrap().parse().unwrap();
    assert!((890..=900).contains(&(expires.as_second() - jiff::Timestamp::now().as_second())), "{expires}");
    assert_eq!(
        whoami(&emulator, key(&first), &WHOAMI).await.1["Arn"],
        "acs:ram::1000000000000001:assumed-role/reader/s-1"
    );
    // A role of another account, with the session of the first.
    let other = "RoleArn=acs%3Aram%3A%3A2%3Arole%2Fwriter&RoleSessionName=s-2";
    let (status, second) = assume_signed(&emulator, key(&first), other).await;
    assert_eq!(status, 200, "{second}");
    let caller = whoami(&emulator, key(&second), &WHOAMI).await.1;
    assert_eq!((&caller["Arn"], &caller["AccountId"]), (&"acs:ram::2:assumed-role/writer/s-2".into(), &"2".into()));
}

#[tokio::test]
async fn a_role_is_not_for_everybody() {
    let emulator = with_user("reader=shared, open").await;
    let open = ROLE.replace("reader", "open");
    for (caller, query, expected) in [
        (USER, format!("ExternalId=shared&{ROLE}"), "200 "),
        (USER, open.clone(), "200 "),
        (USER, format!("ExternalId=any&{open}"), "200 "),
        (USER, ROLE.to_owned(), "403 NoPermission"),
        (USER, format!("ExternalId=other&{ROLE}"), "403 NoPermission"),
        (USER, ROLE.replace("reader", "writer"), "404 EntityNotExist.Role"),
        (USER, ROLE.replace("acs", "aws"), "400 InvalidParameter.RoleArn"),
        (USER, ROLE.replace("s-1", "s"), "400 InvalidParameter.RoleSessionName"),
        (USER, format!("DurationSeconds=899&{open}"), "400 InvalidParameter.DurationSeconds"),
        (USER, "RoleSessionName=s-1".to_owned(), "400 MissingRoleArn"),
        ((USER.0, "wrong", None), open.clone(), "400 SignatureDoesNotMatch"),
        (("nobody", USER.1, None), open.clone(), "404 InvalidAccessKeyId.NotFound"),
        (("testAccessKeyId", "testAccessKeySecret", None), open.clone(), "403 NoPermission"),
    ] {
        let (status, answer) = assume_signed(&emulator, caller, &query).await;
        assert_eq!(format!("{status} {}", answer["Code"].as_str().unwrap_or_default()), expected, "{query}");
    }
    let exp = jiff::Timestamp::now().as_second() + 600;
    let token = oidc_token(&"sts.aliyuncs.com".into(), "s", exp);
    let (status, answer) = assume(&emulator, &with_token(&token)).await;
    assert_eq!((status, &answer["Code"]), (404, &"EntityNotExist.Role".into()), "a token finds no other roles");
    let user =
        Credential { user_id: "7".into(), denied: vec!["AssumeRole".into()], ..Credential::access_key(USER.0, USER.1) };
    emulator.set_credentials(vec![user]);
    let (status, answer) = assume_signed(&emulator, USER, &open).await;
    assert_eq!((status, &answer["AccessDeniedDetail"]["AuthAction"]), (403, &"sts:AssumeRole".into()));
}
