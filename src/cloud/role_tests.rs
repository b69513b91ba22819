//! When sessions are renewed, what is sent, and that refusals say what to do and show no token.

use std::collections::VecDeque;
use std::io::Write as _;

use super::*;
use crate::cloud::BearerStyle;
use crate::cloud::transport::Unanswered;

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
        async move {
            // Others come meanwhile.
            tokio::task::yield_now().await;
            let (status, body) = answer.ok_or_else(|| Unanswered::Broken("no answer is left".to_owned()))?;
            Ok(axum::http::Response::builder().status(status).body(body).unwrap().into())
        }
        .boxed()
    }
}

/// An answer with credentials that last so long.
fn lasting(number: u32, seconds: i64) -> (u16, String) {
    let expires = environment::now().checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let credentials = serde_json::json!({
        "AccessKeyId": format!("STS.{number}"), "AccessKeySecret": "s", "SecurityToken": "t",
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    (200, serde_json::json!({"RequestId": "1", "Credentials": credentials}).to_string())
}

struct Bench {
    sts: Arc<Sts>,
    role: RoleSessions,
    _file: tempfile::NamedTempFile,
}

fn bench(answers: impl IntoIterator<Item = (u16, String)>) -> Bench {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{TOKEN}").unwrap();
    let path = file.path().display().to_string();
    let variable = move |name: &str| match name {
        ROLE => Some("acs:ram::1:role/r".to_owned()),
        PROVIDER => Some("acs:ram::1:oidc-provider/p".to_owned()),
        TOKEN_FILE => Some(path.clone()),
        _ => None,
    };
    let sts = Arc::new(Sts { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() });
    let settings = Settings::for_region("cn-hangzhou", Duration::from_secs(5)).unwrap();
    let environment = Environment::new(variable, BearerStyle::Sdk);
    let role = RoleSessions::of_environment(&environment, sts.clone(), &settings).unwrap().unwrap();
    Bench { sts, role, _file: file }
}

impl Bench {
    async fn key(&self) -> String {
        self.role.credentials().await.unwrap().key()
    }

    fn calls(&self) -> usize {
        lock(&self.sts.requests).len()
    }
}

#[test]
fn a_session_is_renewed_ahead_of_its_end_but_not_in_its_first_half() {
    let after = |life: u64, jitter| renewed_after(Duration::from_secs(life), jitter).as_secs();
    assert_eq!((after(3600, 0), after(3600, 255)), (2700, 2610));
    assert_eq!(after(36_000, 0), 28_800);
    assert_eq!((after(900, 0), after(0, 0)), (450, 0));
}

#[tokio::test]
async fn all_wait_for_one_call_and_its_session_is_used_again() {
    let bench = bench([lasting(1, 3600)]);
    let all = futures::future::join_all((0..20).map(|_| bench.key())).await;
    assert!(all.iter().all(|key| key == "STS.1"), "{all:?}");
    assert_eq!(bench.calls(), 1);
    let (url, body) = lock(&bench.sts.requests)[0].clone();
    assert!(
        url.starts_with(
            "https://sts.cn-hangzhou.aliyuncs.com/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON"
        )
    );
    assert!(!url.contains(TOKEN), "{url}");
    let expected = "RoleArn=acs%3Aram%3A%3A1%3Arole%2Fr&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp\
                    &OIDCToken=canary-token&RoleSessionName=dataset-operator&DurationSeconds=3600";
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_session_is_used_until_its_end_whatever_its_renewal_says() {
    let bench = bench([lasting(1, 3600), (503, String::new()), lasting(2, 3600)]);
    assert_eq!(bench.key().await, "STS.1");
    lock(&bench.role.0.session).as_mut().unwrap().renewed_from = Duration::ZERO;
    let settled = async |calls: usize| {
        while bench.calls() < calls || bench.role.0.calls.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert_eq!(bench.key().await, "STS.1", "nobody waits for the renewal");
    settled(2).await;
    assert_eq!(bench.key().await, "STS.1", "the renewal failed");
    // It is not tried again at once.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(bench.calls(), 2);
    bench.role.0.calls.lock().await.failed.as_mut().unwrap().1 = Duration::ZERO;
    assert_eq!(bench.key().await, "STS.1");
    settled(3).await;
    assert_eq!(bench.key().await, "STS.2");
    lock(&bench.role.0.session).as_mut().unwrap().ends = Duration::ZERO;
    let error = bench.role.credentials().await.unwrap_err();
    assert!(matches!(error, CredentialError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_shows_no_token() {
    for (code, says) in [
        ("AuthenticationFail.OIDCToken.AudienceNotMatch", "audience sts.aliyuncs.com"),
        ("AuthenticationFail.OIDCToken.Expired", "is not renewed"),
        ("AuthenticationFail.OIDCToken.Invalid", "compare the issuer"),
        ("AuthenticationFail.NoPermission", "trust policy"),
        ("InvalidParameter.RoleArn", "check ALIBABA_CLOUD_ROLE_ARN"),
    ] {
        let body = serde_json::json!({"Code": code, "Message": format!("no {TOKEN}"), "RequestId": "R"});
        let bench = bench([(401, body.to_string())]);
        let error = bench.role.credentials().await.unwrap_err();
        let told = error.to_string();
        assert!(matches!(error, CredentialError::Source(_)), "{told}");
        assert!(told.contains(says) && told.contains(code) && told.contains("RequestId R"), "{told}");
        assert!(!told.contains(TOKEN) && told.contains("no ***"), "{told}");
        bench.role.credentials().await.unwrap_err();
        assert_eq!(bench.calls(), 1, "it is not asked again at once");
    }
    let bench = bench([(200, "{}".to_owned())]);
    let error = bench.role.credentials().await.unwrap_err().to_string();
    assert!(error.contains("without credentials"), "{error}");
}

#[test]
fn all_three_variables_are_needed() {
    let settings = Settings::for_region("cn-hangzhou", Duration::from_secs(5)).unwrap();
    let of = |set: &'static [&str], settings: &Settings| {
        let variable = |name: &str| set.contains(&name).then(|| "x".to_owned());
        let environment = Environment::new(variable, BearerStyle::Sdk);
        RoleSessions::of_environment(&environment, Arc::new(Sts::default()), settings).map(|role| role.is_some())
    };
    assert_eq!(of(&[], &settings), Ok(false));
    assert_eq!(of(&[ROLE, PROVIDER, TOKEN_FILE], &settings), Ok(true));
    let error = of(&[ROLE, TOKEN_FILE], &settings).unwrap_err().to_string();
    assert_eq!(error, format!("{ROLE} is set but {PROVIDER} is not"));
    let nowhere = Settings::for_endpoint("http://127.0.0.1:1", Duration::from_secs(5)).unwrap();
    let error = of(&[ROLE, PROVIDER, TOKEN_FILE], &nowhere).unwrap_err().to_string();
    assert!(error.contains("--sts-endpoint"), "{error}");
}
