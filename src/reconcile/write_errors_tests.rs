//! Which answers are refusals, in the words of real API servers.

use super::*;
use crate::refusals::CANNOT_BE_APPLIED;

fn status(code: u16, reason: &str, message: &str) -> Status {
    Status { code, ..Status::failure(message, reason) }
}

fn error(code: u16, reason: &str, message: &str) -> KubeError {
    KubeError::Api(kube::Error::Api(status(code, reason, message).boxed()))
}

#[test]
fn admission_rights_size_and_quota_refuse() {
    let said = [
        (
            422,
            "Invalid",
            "datasets \"a\" is forbidden: ValidatingAdmissionPolicy 'need-team' with binding 'need-team' denied request: every object needs the label team",
        ),
        (
            403,
            "Forbidden",
            "datasets \"a\" is forbidden: User \"system:serviceaccount:s:o\" cannot patch resource \"datasets\"",
        ),
        (403, "Forbidden", "datasets \"a\" is forbidden: exceeded quota: q"),
        (422, "Invalid", "Dataset \"a\" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes"),
        (413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"),
        (400, "BadRequest", "admission webhook \"w.example.com\" denied the request: no"),
        (404, "NotFound", "admission webhook \"w.example.com\" denied the request: no such team"),
        (409, "Conflict", "admission webhook \"w.example.com\" denied the request: frozen"),
        (
            500,
            "InternalError",
            "Internal error occurred: failed calling webhook \"w.example.com\": failed to call webhook: Post \"https://w.s.svc:443/\": dial tcp 10.0.0.7:443: connect: connection refused",
        ),
    ];
    for (code, reason, message) in said {
        let error = error(code, reason, message);
        assert!(error.refusal().is_some(), "{code} {message}");
        let known = error.known();
        assert_eq!(known, NotWritten::Refused, "{code} {message}: not to be taken for a conflict or a missing object");
    }
}

#[test]
fn conflicts_missing_objects_failed_tests_and_troubles_of_the_server_are_no_refusals() {
    let said = [
        (404, "NotFound", "datasets.pai.dataset-operator.dev \"a\" not found"),
        (409, "Conflict", "Operation cannot be fulfilled on datasets \"a\": the object has been modified"),
        (422, "Invalid", CANNOT_BE_APPLIED),
        (429, "TooManyRequests", "too many requests"),
        (500, "InternalError", "etcdserver: leader changed"),
        (503, "ServiceUnavailable", "apiserver is shutting down"),
        (504, "Timeout", "the request timed out"),
    ];
    for (code, reason, message) in said {
        let error = error(code, reason, message);
        assert!(error.refusal().is_none(), "{code} {message}");
        let known = match code {
            404 => NotWritten::NotFound,
            409 => NotWritten::Conflict,
            422 => NotWritten::Untrue,
            _ => NotWritten::Unclear,
        };
        assert_eq!(error.known(), known, "{code} {message}");
    }
    assert!(KubeError::Timeout.refusal().is_none() && KubeError::Timeout.known() == NotWritten::Unclear);
}

#[test]
fn a_refusal_is_told_in_the_api_servers_words_with_what_to_do() {
    let policy = status(
        422,
        "Invalid",
        "datasets \"a\" is forbidden: ValidatingAdmissionPolicy 'p'\nwith binding 'b' denied request: no team",
    );
    let told = refused(Write::Claim, &policy);
    assert_eq!(
        told,
        "the API server refuses to store the operator's finalizer and annotation on this object: 422 Invalid: datasets \
         \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no team; change the object so \
         that it is admitted, or exempt the operator's ServiceAccount; the operator tries again by itself"
    );
    for (code, message, words) in [
        (403, "User \"o\" cannot patch resource \"datasets\"", "this right again"),
        (422, "metadata.annotations: Too long: may not be more than 262144 bytes", "smaller"),
        (413, "limit is 3145728", "smaller"),
        (500, "failed calling webhook \"w\": refused", "bring that webhook back"),
        (400, "admission webhook \"w\" denied the request: no", "so that it is admitted"),
        (403, "exceeded quota: q", "what refuses it"),
    ] {
        let told = refused(Write::Finalizer, &status(code, "R", message));
        assert!(told.contains(words) && told.contains(message), "{told}");
    }
    let long = refused(Write::Status, &status(403, "Forbidden", &"x".repeat(5000)));
    assert!(long.chars().count() < 700 && long.ends_with("by itself"), "{long}");
}

#[test]
fn ports_and_counts_are_no_news_but_other_words_are() {
    let dial = |port: u32| format!("dial tcp 10.0.0.7:{port}: connection refused");
    assert_eq!(gist(&dial(40_001)), gist(&dial(51_234)));
    assert_ne!(gist("every object needs the label team"), gist("every object needs the label owner"));
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let mut throttled = status(429, "TooManyRequests", "too many requests");
    throttled.details = serde_json::from_value(serde_json::json!({"retryAfterSeconds": 7})).unwrap();
    let error = KubeError::Api(kube::Error::Api(throttled.boxed()));
    assert_eq!(error.retry_after(), Duration::from_secs(7));
    assert_eq!(KubeError::Timeout.retry_after(), Duration::ZERO);
}
