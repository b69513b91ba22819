//! What is sent for a token, and that refusals say what to do and show no token.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::cloud::CredentialSource as _;
use crate::cloud::sessions::Sessions;
use crate::cloud::transport::{Transport, Unanswered};
use crate::lock::lock;

const TOKEN: &str = "canary-token";

/// A token service that gives these answers, and keeps the requests.
#[derive(Default)]
struct Sts {
    answers: Mutex<VecDeque<(u16, String)>>,
    requests: Mutex<Vec<(String, String)>>,
}

impl Transport for Sts {
    fn execute(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, Unanswered>> {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        assert!(request.headers().get("authorization").is_none(), "it is not signed");
        lock(&self.requests).push((request.url().to_string(), String::from_utf8(body).unwrap()));
        let answer = lock(&self.answers).pop_front();
        let answer = answer.ok_or_else(|| Unanswered::Broken("no answer is left".to_owned()));
        std::future::ready(
            answer.map(|(status, body)| axum::http::Response::builder().status(status).body(body).unwrap().into()),
        )
        .boxed()
    }
}

/// An answer with credentials that last an hour.
fn session(id: &str) -> (u16, String) {
    let expires = environment::now() + jiff::SignedDuration::from_hours(1);
    let credentials = serde_json::json!({
        "AccessKeyId": id, "AccessKeySecret": "s", "SecurityToken": "t",
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    (200, serde_json::json!({"RequestId": "1", "Credentials": credentials}).to_string())
}

/// A role whose token is `token`, and the token service that is asked.
fn role(token: Token, answers: impl IntoIterator<Item = (u16, String)>) -> (Oidc, Arc<Sts>) {
    let sts = Arc::new(Sts { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() });
    let service = TokenService {
        endpoint: "https://sts.cn-hangzhou.aliyuncs.com".parse().unwrap(),
        transport: sts.clone(),
        limit: Duration::from_secs(5),
    };
    let (role, provider) = ("acs:ram::1:role/r".to_owned(), "acs:ram::1:oidc-provider/p".to_owned());
    (Oidc { role, provider, token, session: "dataset-operator".to_owned(), service }, sts)
}

fn asked(token: &'static str) -> Token {
    Token::Asked(Arc::new(move || std::future::ready(Ok(Secret::new(token))).boxed()))
}

#[tokio::test]
async fn the_token_is_in_the_body_and_nowhere_else() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{TOKEN}").unwrap();
    for token in [Token::File(file.path().to_owned()), asked(TOKEN)] {
        let (role, sts) = role(token, [session("STS.1")]);
        assert_eq!(Sessions::of(role).credentials().await.unwrap().key(), "STS.1");
        let [(url, body)] = &lock(&sts.requests)[..] else { panic!("one request") };
        assert!(url.starts_with(
            "https://sts.cn-hangzhou.aliyuncs.com/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON"
        ));
        assert!(!url.contains(TOKEN), "{url}");
        let expected = "RoleArn=acs%3Aram%3A%3A1%3Arole%2Fr&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp\
                        &OIDCToken=canary-token&RoleSessionName=dataset-operator&DurationSeconds=3600";
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn the_token_is_asked_for_anew_at_each_call() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (role, sts) = role(Token::File(file.path().to_owned()), [session("STS.1"), session("STS.2")]);
    for token in ["first", "second"] {
        std::fs::write(file.path(), token).unwrap();
        assert!(role.issue().await.is_ok());
        assert!(lock(&sts.requests).last().unwrap().1.contains(&format!("OIDCToken={token}&")));
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let [empty, absent] = ["empty", "absent"].map(|name| directory.path().join(name));
    std::fs::write(&empty, "\n").unwrap();
    let refused = Token::Asked(Arc::new(|| std::future::ready(Err(CredentialError::Source("no".into()))).boxed()));
    for (token, says) in [
        (Token::File(empty), "empty: the file is empty"),
        (Token::File(absent), "absent: No such file"),
        (refused, "no"),
    ] {
        let (role, sts) = role(token, [session("STS.1")]);
        let told = role.issue().await.err().unwrap().to_string();
        assert!(told.contains(says), "{told}");
        assert_eq!(lock(&sts.requests).len(), 0);
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_shows_no_token() {
    for (code, says) in [
        ("AuthenticationFail.OIDCToken.AudienceNotMatch", "audience sts.aliyuncs.com"),
        ("AuthenticationFail.OIDCToken.Expired", "is not renewed"),
        ("AuthenticationFail.OIDCToken.Invalid", "compare the issuer"),
        ("AuthenticationFail.NoPermission", "trust policy"),
        ("InvalidParameter.RoleArn", "check the ARNs"),
    ] {
        let body = serde_json::json!({"Code": code, "Message": format!("no {TOKEN}"), "RequestId": "R"});
        let (role, sts) = role(asked(TOKEN), [(401, body.to_string())]);
        let sessions = Sessions::of(role);
        let error = sessions.credentials().await.unwrap_err();
        let told = error.to_string();
        assert!(matches!(error, CredentialError::Source(_)), "{told}");
        assert!(told.contains(says) && told.contains(code) && told.contains("RequestId R"), "{told}");
        assert!(told.contains("acs:ram::1:role/r"), "{told}");
        assert!(!told.contains(TOKEN) && told.contains("no ***"), "{told}");
        sessions.credentials().await.unwrap_err();
        assert_eq!(lock(&sts.requests).len(), 1, "it is not asked again at once");
    }
}

#[tokio::test]
async fn what_says_nothing_about_the_role_may_pass() {
    let throttled = r#"{"Code": "Throttling.User", "Message": "", "RequestId": "R"}"#.to_owned();
    for (answer, says) in [
        ((200, "{}".to_owned()), "an answer without credentials"),
        ((200, r#"{"Credentials": {"AccessKeySecret": "canary-token"}}"#.to_owned()), "an answer without credentials"),
        ((503, String::new()), "HTTP status 503"),
        ((400, throttled), "Throttling.User"),
    ] {
        let (role, _) = role(asked(TOKEN), [answer]);
        let error = role.issue().await.err().unwrap();
        let told = error.to_string();
        assert!(matches!(error, CredentialError::Unavailable(_)), "{told}");
        assert!(told.contains(ACTION) && told.contains(says) && !told.contains(TOKEN), "{told}");
    }
}
