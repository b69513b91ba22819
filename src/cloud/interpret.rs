//! Turns the reply from the wire into an [`Answer`] or a [`CallError`], without IO.
//!
//! No reply is trusted: bodies may be of any type, length and content. Texts are shortened, and control characters and
//! any credentials that the service may echo are removed.

use std::time::Duration;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::classify::{classify, doubtful};
use super::credentials::Credentials;
use super::error::{CallError, ErrorClass, Unauthorised};
use super::observer::NO_CONNECTION;
use super::request::Request;
use crate::words;

/// The longest text of the service that an error keeps, in characters.
const LONGEST_MESSAGE: usize = 300;
/// The longest code or `RequestId`.
const LONGEST_NAME: usize = 100;

/// The message of a failure whose words may repeat a secret of the user.
const WITHHELD: &str = "the service's words are not shown, as they may repeat the API key";

/// How a request that was given to the network ended.
#[derive(Debug)]
pub(super) enum Exchange {
    /// Status and headers arrived, and the body as far as it was readable.
    Reply(Reply),
    /// No connection was made, so the service has not seen the request.
    NoConnection(String),
    /// The connection broke before a status came.
    Broken(String),
    /// The deadline passed.
    Timeout(Duration),
}

impl Exchange {
    /// A name for how it ended, from a closed set, for an observer when there is no code of the service.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::NoConnection(_) => NO_CONNECTION,
            Self::Broken(_) => "broken",
            Self::Timeout(_) => "timeout",
            Self::Reply(reply) => match reply.status {
                200..=299 => "garbled",
                300..=399 => "http_3xx",
                400..=499 => "http_4xx",
                500..=599 => "http_5xx",
                _ => "other",
            },
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The header `x-acs-request-id`.
    pub(super) request_id: Option<String>,
    /// The wait that the headers ask for.
    pub(super) retry_after: Option<Duration>,
    /// The header `Location`.
    pub(super) location: Option<String>,
    /// The complete body, or why it is not complete.
    pub(super) body: Result<Vec<u8>, String>,
}

/// The meaning of the exchange for the request.
pub(super) fn interpret(request: &Request, credentials: &Credentials, exchange: Exchange) -> Result<Answer, CallError> {
    let operation = request.operation();
    let fail = |class, message: String| {
        let message = credentials.redact(&message);
        CallError::not_sent(operation, class, clean(&message, LONGEST_MESSAGE))
    };
    match exchange {
        Exchange::NoConnection(why) => Err(fail(ErrorClass::Transient, why)),
        Exchange::Broken(why) => Err(fail(doubtful(operation), why)),
        Exchange::Timeout(limit) => {
            let message = format!("no complete answer within {}", words::duration(limit));
            Err(fail(doubtful(operation), message))
        }
        Exchange::Reply(reply) if (200..300).contains(&reply.status) => success(request, credentials, &reply),
        Exchange::Reply(reply) => Err(failure(request, credentials, &reply)),
    }
}

fn success(request: &Request, credentials: &Credentials, reply: &Reply) -> Result<Answer, CallError> {
    let garbled = |message: String| CallError {
        status: Some(reply.status),
        request_id: reply.request_id.as_deref().map(|id| name(id, credentials)),
        ..CallError::not_sent(request.operation(), ErrorClass::Garbled, message)
    };
    let bytes = reply.body.as_ref().map_err(|why| garbled(why.clone()))?;
    let body: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| {
        // What is JSON, and no object, would be repeated by the error as a whole.
        let why = if request.is_private() || error.is_data() { String::new() } else { format!(": {error}") };
        garbled(format!("the body is not a JSON object{why}"))
    })?;
    // Some gateways report an error with a success status.
    if Fault::read(&body).is_some_and(|fault| !is_success(&fault.code)) {
        let error = failure(request, credentials, reply);
        let throttled = matches!(error.class, ErrorClass::Throttled { .. });
        let class = if throttled { error.class } else { ErrorClass::Garbled };
        return Err(CallError { class, ..error });
    }
    let answer = Answer { request_id: request_id(&body, reply, credentials), body };
    match answer.fits(request) {
        Ok(()) => Ok(answer),
        Err(malformed) => {
            Err(CallError { status: Some(reply.status), ..CallError::malformed(request.operation(), malformed) })
        }
    }
}

fn is_success(code: &str) -> bool {
    let known = ["OK", "Success", "200", "0"];
    known.iter().any(|known| code.eq_ignore_ascii_case(known))
}

fn failure(request: &Request, credentials: &Credentials, reply: &Reply) -> CallError {
    let bytes = reply.body.as_deref().unwrap_or_default();
    let body: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
    let fault = Fault::read(&body);
    let code = fault.as_ref().map(|fault| fault.code.as_str());
    let class = classify(request, reply.status, code, reply.retry_after);
    let said = match &fault {
        Some(fault) => fault.message.clone(),
        None => match &reply.body {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(why) => why.clone(),
        },
    };
    let said = clean(&credentials.redact(&said), LONGEST_MESSAGE);
    let private = request.is_private();
    let shown = |text: &String, fits: fn(&str) -> bool| !private || fits(text) && !request.tells(text);
    CallError {
        class,
        operation: request.operation(),
        status: Some(reply.status),
        code: code.map(|code| name(code, credentials)).filter(|code| shown(code, is_code)),
        message: if private { WITHHELD.to_owned() } else { explain(class, code, reply, credentials, said) },
        request_id: request_id(&body, reply, credentials).filter(|id| shown(id, is_request_id)),
    }
}

/// Adds what a person needs to know beyond the service's message.
fn explain(class: ErrorClass, code: Option<&str>, reply: &Reply, credentials: &Credentials, said: String) -> String {
    let clock = code == Some("InvalidTimeStamp.Expired");
    if (300..400).contains(&reply.status) {
        let to = reply.location.as_deref().unwrap_or("an unknown place");
        let to = clean(&credentials.redact(to), LONGEST_NAME);
        return format!("the endpoint redirects to {to}; redirects are not followed, correct the endpoint");
    }
    if clock && class == ErrorClass::Unauthorised(Unauthorised::Credentials) {
        return format!("the clock here and that of the service differ by more than 15 minutes: {said}");
    }
    if said.is_empty() {
        return "the answer says nothing more".to_owned();
    }
    said
}

/// The error body of the service, in either spelling.
struct Fault {
    code: String,
    message: String,
}

impl Fault {
    fn read(body: &Map<String, Value>) -> Option<Self> {
        Some(Self {
            code: member(body, "Code", "code")?,
            message: member(body, "Message", "message").unwrap_or_default(),
        })
    }
}

fn member(body: &Map<String, Value>, upper: &str, lower: &str) -> Option<String> {
    let text = match body.get(upper).or_else(|| body.get(lower))? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn request_id(body: &Map<String, Value>, reply: &Reply, credentials: &Credentials) -> Option<String> {
    let id = member(body, "RequestId", "requestId").or_else(|| reply.request_id.clone())?;
    Some(name(&id, credentials))
}

fn name(text: &str, credentials: &Credentials) -> String {
    clean(&credentials.redact(text), LONGEST_NAME)
}

/// Whether a text is what codes of the service are: a number, or words with dots between.
fn is_code(text: &str) -> bool {
    let words = text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    words || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is what ids of calls are.
fn is_request_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// One line that is safe to show: control characters and those that reorder or hide text become blanks, runs of blanks
/// become one, and the text is cut at `longest` characters.
pub(super) fn clean(text: &str, longest: usize) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
    };
    // Cut before the rest of the work: a body may have megabytes.
    let head: String = text.chars().take(longest * 4).collect();
    let words: Vec<&str> =
        head.split(|c: char| c.is_whitespace() || hidden(c)).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(longest).collect()
}

#[cfg(test)]
mod tests;
