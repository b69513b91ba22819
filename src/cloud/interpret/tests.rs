//! Bodies of every sort, and secrets that must not appear in errors.

use proptest::strategy::Strategy as _;
use serde_json::json;

use super::*;
use crate::cloud::credentials::BearerStyle;
use crate::cloud::hidden::Hidden;
use crate::cloud::operation::Operation;
use crate::cloud::request::tests::one_of_each;
use crate::cloud::secret::Secret;

fn credentials() -> Credentials {
    Credentials::AccessKey {
        id: "AKID".to_owned(),
        secret: Secret::new("canary-secret"),
        security_token: Some(Secret::new("canary-token")),
    }
}

fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, request_id: None, retry_after: None, location: None, body: Ok(body.into()) }
}

fn outcome(request: &Request, reply: Reply) -> Result<Answer, CallError> {
    interpret(request, &credentials(), Exchange::Reply(reply))
}

fn get() -> Request {
    Request::get_dataset("d-1")
}

fn create() -> Request {
    Request::create_dataset(Map::new())
}

#[test]
fn both_spellings_of_an_error_body_are_read() {
    for body in [
        json!({ "Code": "InvalidParameter", "Message": "no Uri", "RequestId": "R-1" }),
        json!({ "code": "InvalidParameter", "message": "no Uri", "requestId": "R-1" }),
    ] {
        let error = outcome(&create(), reply(400, body.to_string())).unwrap_err();
        assert_eq!(error.to_string(), "CreateDataset was refused: 400 InvalidParameter: no Uri (RequestId R-1)");
    }
    let numeric = json!({ "Code": 201_300_003, "Message": "exists" });
    let error = outcome(&create(), reply(400, numeric.to_string())).unwrap_err();
    assert_eq!(error.class, ErrorClass::NameTaken);
}

#[test]
fn the_request_id_header_serves_if_the_body_has_none() {
    let with_header = |status, body: &str| Reply { request_id: Some("H-1".to_owned()), ..reply(status, body) };
    let answer = outcome(&create(), with_header(200, r#"{"DatasetId":"d-1"}"#)).unwrap();
    assert_eq!(answer.request_id.as_deref(), Some("H-1"));
    let error = outcome(&create(), with_header(200, "{")).unwrap_err();
    assert_eq!(error.request_id.as_deref(), Some("H-1"));
    let error = outcome(&create(), with_header(502, "<html>")).unwrap_err();
    assert_eq!(error.request_id.as_deref(), Some("H-1"));
}

#[test]
fn xml_html_and_no_body_are_opaque() {
    let xml = "<?xml version='1.0'?><Error><Code>ResourceNotFound</Code></Error>";
    for body in [xml, "<html>\r\n<h1>Not here</h1>", "", "[]", "null", "404", "\u{0}\u{1b}[31m"] {
        let error = outcome(&get(), reply(404, body)).unwrap_err();
        assert_eq!((error.class, error.code), (ErrorClass::Unexplained, None), "{body:?}");
        let error = outcome(&Request::delete_dataset("d-1"), reply(404, body)).unwrap_err();
        assert_eq!(error.class, ErrorClass::Ambiguous, "{body:?}");
        assert!(!error.message.is_empty() && !error.message.contains(char::is_control));
    }
}

#[test]
fn a_success_that_cannot_be_used_is_garbled_on_every_operation() {
    for request in one_of_each() {
        for body in ["", "<html>", "[]", "\"ok\"", r#"{"DatasetId":"d-"#, "\u{0}"] {
            let error = outcome(&request, reply(200, body)).unwrap_err();
            assert_eq!(error.class, ErrorClass::Garbled, "{} {body}", request.operation());
            assert!(!error.never_executed());
        }
        let cut = Reply { body: Err("cut".to_owned()), ..reply(200, "") };
        let error = outcome(&request, cut).unwrap_err();
        assert_eq!((error.class, &error.message[..]), (ErrorClass::Garbled, "cut"));
    }
}

#[test]
fn an_answer_about_something_else_is_garbled() {
    let other = json!({ "DatasetId": "d-2", "RequestId": "R-1" }).to_string();
    let error = outcome(&get(), reply(200, other)).unwrap_err();
    assert_eq!(error.class, ErrorClass::Garbled);
    assert_eq!(error.request_id.as_deref(), Some("R-1"));
    let no_id = outcome(&create(), reply(200, r#"{"RequestId":"R-1"}"#)).unwrap_err();
    assert_eq!(no_id.class, ErrorClass::Garbled);
}

#[test]
fn an_error_dressed_as_a_success_is_no_success() {
    let delete = Request::delete_dataset("d-1");
    let error = outcome(&delete, reply(200, r#"{"Code":"InternalError"}"#)).unwrap_err();
    assert_eq!(error.class, ErrorClass::Garbled);
    let error = outcome(&delete, reply(200, r#"{"Code":"Throttling.User"}"#)).unwrap_err();
    assert_eq!(error.class, ErrorClass::Throttled { after: None });
    assert!(outcome(&delete, reply(200, r#"{"Code":"OK","RequestId":"R"}"#)).is_ok());
}

#[test]
fn a_redirect_names_its_target() {
    let moved = Reply { location: Some("https://else\n.where/".to_owned()), ..reply(302, "") };
    let error = outcome(&get(), moved).unwrap_err();
    assert_eq!(error.class, ErrorClass::Refused);
    assert!(error.message.contains("redirects to https://else .where/"), "{error}");
}

#[test]
fn a_wrong_clock_is_called_by_its_name() {
    let body = json!({ "Code": "InvalidTimeStamp.Expired", "Message": "Specified time stamp" });
    let error = outcome(&get(), reply(400, body.to_string())).unwrap_err();
    assert_eq!(error.class, ErrorClass::Unauthorised(Unauthorised::Credentials));
    assert!(error.message.starts_with("the clock here"), "{error}");
}

#[test]
fn without_a_reply_only_a_missing_connection_is_certain() {
    let end = |request: &Request, exchange| interpret(request, &credentials(), exchange).unwrap_err();
    let refused = || Exchange::NoConnection("connection refused".to_owned());
    let broken = || Exchange::Broken("connection reset".to_owned());
    let timeout = || Exchange::Timeout(Duration::from_secs(3));
    for exchange in [refused(), broken(), timeout()] {
        assert_eq!(end(&get(), exchange).class, ErrorClass::Transient);
    }
    assert_eq!(end(&create(), refused()).class, ErrorClass::Transient);
    assert_eq!(end(&create(), broken()).class, ErrorClass::Ambiguous);
    assert_eq!(end(&create(), timeout()).class, ErrorClass::Ambiguous);
    assert!(end(&create(), timeout()).message.contains("within 3 s"));
}

#[test]
fn texts_are_one_line_without_tricks_and_short() {
    let message = format!("a\r\nb\u{1b}[31m\u{202e}c{}", "x".repeat(1_000_000));
    let body = json!({ "Code": "C\n\u{7}".repeat(200), "Message": message, "RequestId": "R\n".repeat(500) });
    let error = outcome(&create(), reply(400, body.to_string())).unwrap_err();
    assert!(error.message.starts_with("a b [31m cx"), "{error}");
    assert_eq!(error.message.chars().count(), 300);
    assert!(error.code.as_ref().unwrap().len() <= 100);
    assert!(error.request_id.as_ref().unwrap().len() <= 100);
    assert!(!error.to_string().contains(char::is_control));
}

#[test]
fn an_echoed_secret_does_not_come_out() {
    let echo = "x-acs-security-token:canary-token secret canary-secret";
    let json = json!({ "Code": "SignatureDoesNotMatch canary-token", "Message": echo, "RequestId": "canary-secret" });
    let exchanges = [
        Exchange::Reply(reply(400, json.to_string())),
        Exchange::Reply(reply(502, format!("<pre>{echo}</pre>"))),
        Exchange::Reply(Reply { location: Some(echo.to_owned()), ..reply(302, "") }),
        Exchange::Reply(Reply { request_id: Some(echo.to_owned()), ..reply(200, "") }),
        Exchange::Broken(echo.to_owned()),
        Exchange::Reply(reply(200, json!(echo).to_string())),
        Exchange::Reply(reply(200, json!([echo, {"a": echo}]).to_string())),
        Exchange::Reply(reply(200, json!({"DatasetId": echo, echo: echo}).to_string())),
        // Across the place where the text is cut.
        Exchange::Reply(reply(502, format!("{}canary-secret", "x".repeat(LONGEST_MESSAGE - 6)))),
        Exchange::Reply(reply(502, format!("{}canary-secret", " ".repeat(LONGEST_MESSAGE * 4 - 6)))),
    ];
    for exchange in exchanges {
        let error = interpret(&create(), &credentials(), exchange).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary") && !error.message.is_empty(), "{shown}");
        assert!(error.message.chars().count() <= LONGEST_MESSAGE, "{shown}");
    }
    let bearer = Credentials::Bearer { token: Secret::new("canary-b"), style: BearerStyle::Sdk };
    let exchange = Exchange::Reply(reply(500, "Bearer canary-b"));
    let error = interpret(&create(), &bearer, exchange).unwrap_err();
    assert_eq!(error.message, "Bearer ***");
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(
        status in 0..1000u16,
        body in proptest::prop_oneof![
            proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            r#"\{"(Code|Labels|DatasetId|Datasets|LatestVersion)": ?(1|""|"x"|\[\]|\[1\]|\{\}|null)\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        for request in one_of_each() {
            let _ = outcome(&request, reply(status, body.clone()));
        }
    }
}

#[test]
fn deeply_nested_json_is_garbled_not_a_stack_overflow() {
    let error = outcome(&get(), reply(200, "{\"a\":".repeat(100_000))).unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Garbled, Operation::GetDataset));
}

/// What a failure about a configuration may repeat: the key that was sent, or one that the service stores.
#[test]
fn no_failure_about_a_configuration_tells_the_words_of_the_service() {
    let key = Hidden::new("sk-canary").in_object("apiKey");
    let sends = || Request::create_dataset_job_config("d-1", Map::new()).with_hidden("Config", key.clone());
    let reads = [Request::get_dataset_job_config("d-1", "c"), Request::list_dataset_job_configs("d-1", 1, 100)];
    let fault = |code: &str| {
        let message = r#"Config {"apiKey":"sk-canary"} is wrong, see c2stY2FuYXJ5 and sk-c***"#;
        json!({"Code": code, "Message": message, "RequestId": "ABC-1"}).to_string()
    };
    let redirect = Reply { location: Some("http://x/?sk-canary".to_owned()), ..reply(302, "sk-canary") };
    let bodies = [
        reply(400, fault("InvalidParameter")),
        reply(400, "sk-canary"),
        reply(200, r#""sk-canary""#),
        reply(200, fault("InvalidParameter")),
        reply(502, "<html>sk-canary"),
        redirect,
    ];
    for request in reads.into_iter().chain([sends()]) {
        for body in &bodies {
            let again = Reply { location: body.location.clone(), body: body.body.clone(), ..reply(body.status, "") };
            let error = outcome(&request, again).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(!told.contains("canary") && !told.contains("c2st") && !told.contains("sk-c"), "{told}");
        }
    }
    let error = outcome(&sends(), reply(400, fault("InvalidParameter"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CreateDatasetJobConfig was refused: 400 InvalidParameter: the service's words are not shown, as they may repeat \
         the API key (RequestId ABC-1)"
    );
    let echo = json!({"Code": "sk-canary", "Message": "", "RequestId": "sk-canary"}).to_string();
    let letters = json!({"Code": "Key.canary", "Message": "", "RequestId": "ab-canary"}).to_string();
    let knows = Request::get_dataset_job_config("d-1", "c").with_hidden("Config", Hidden::new("canary"));
    for (request, body) in [(sends(), &echo), (Request::get_dataset_job_config("d-1", "c"), &echo), (knows, &letters)] {
        let error = outcome(&request, reply(400, body.clone())).unwrap_err();
        assert_eq!((error.code, error.request_id), (None, None), "{body}");
    }
    let plain = Request::create_dataset_job_config("d-1", Map::new());
    let error = outcome(&plain, reply(400, fault("InvalidParameter"))).unwrap_err();
    assert!(error.message.starts_with("Config"), "without a key the words help: {error}");
}
