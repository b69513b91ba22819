//! The words in which each server refuses a call.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::apiserver::{Answer, Refusal};
use crate::kind::Kind;
use crate::scenario::Side;

/// A status that comes with a code that nobody knows.
pub(crate) const fn unknown_status(number: usize) -> u16 {
    [400, 404, 409, 412][number / 4 % 4]
}

/// Stands for a code that nobody knows.
const UNKNOWN: &str = "";

/// An unknown code, in one of the forms that codes have; the number decides the form.
pub(crate) fn unknown_code(number: usize) -> String {
    match number % 4 {
        0 => format!("20130{:04}", 1000 + number % 9000),
        1 => format!("Dataset.State{number}"),
        2 => format!("Entity{number}.NotFound"),
        _ => format!("9{number:08}"),
    }
}

/// The answer to a call that is refused in this way; `number` is the number of the call.
pub(crate) fn refusal(side: Side, kind: Kind, number: usize) -> Answer {
    let (status, word, wait) = match (side, kind) {
        (Side::Kube, Kind::Conflict) => (409, "Conflict", None),
        (Side::Kube, Kind::Throttled) => (429, "TooManyRequests", None),
        (Side::Kube, Kind::ThrottledAfter) => (429, "TooManyRequests", Some("1")),
        (Side::Kube, Kind::Forbidden) => (403, "Forbidden", None),
        (Side::Kube, Kind::Denied) => (422, "Invalid", None),
        (Side::Kube, Kind::Unavailable) => (503, "ServiceUnavailable", None),
        (Side::Kube, _) => (500, "InternalError", None),
        (_, Kind::Conflict) => (409, "Conflict", None),
        (_, Kind::Throttled) => (400, "Throttling.User", None),
        (_, Kind::ThrottledAfter) => (429, "Throttling.Api", Some("2")),
        (_, Kind::ThrottledDay) => (503, "Throttling", Some("86400")),
        (_, Kind::Forbidden) => (403, "NoPermission", None),
        (_, Kind::Unrouted) => (404, "InvalidApi.NotFound", None),
        (_, Kind::Unknown) => (unknown_status(number), UNKNOWN, None),
        (_, Kind::Unavailable) => (503, "ServiceUnavailable", None),
        (_, _) => (500, "InternalError", None),
    };
    let code = if word == UNKNOWN { unknown_code(number) } else { word.to_owned() };
    let body = match side {
        Side::Kube => Refusal::new(status, word, "as the scenario wants it").status(),
        Side::Cloud | Side::Seam => of_the_service(&code),
    };
    let mut response = answer(status, &body);
    if let Some(wait) = wait {
        response.headers_mut().insert("retry-after", HeaderValue::from_static(wait));
    }
    Answer::Whole(response)
}

/// The answer that what the call names does not exist.
pub(crate) fn missing(status: u16, code: &str) -> Answer {
    Answer::Whole(answer(status, &of_the_service(code)))
}

fn of_the_service(code: &str) -> Value {
    json!({
        "RequestId": "00000000-0000-4000-8000-000000000000", "HostId": "cloud.simulated", "Code": code,
        "Message": "as the scenario wants it", "Recommend": "",
    })
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
