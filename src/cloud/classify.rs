//! The meaning of a failed answer, by operation, code and HTTP status together. The codes are in [`codes`], product by
//! product.
//!
//! No public list of the service's codes exists. So the rules name only codes that are documented or were seen, and
//! otherwise choose the meaning that does no harm: a write without a readable refusal may have been executed, and only
//! a code that is known to say so means that something is gone.

mod codes;

use std::time::Duration;

use jiff::Timestamp;

use super::error::{CallError, ErrorClass, Unauthorised};
use super::operation::{NameOrMissing, Operation, Shows};
use super::request::Request;
use codes::Meaning;

/// The longest wait that a service's hint can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Prefixes of gateway codes that come with 404 and are about the call, not about a resource.
const WRONG_CALL: [&str; 5] = ["InvalidApi", "InvalidAction", "InvalidVersion", "InvalidProtocol", "InvalidProduct"];

/// Prefixes of gateway codes about the identity, of any 4xx status.
const WRONG_CREDENTIALS: [&str; 9] = [
    "InvalidAccessKeyId",
    "InvalidAccessKeySecret",
    "MissingAccessKeyId",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "InvalidBearerToken",
    "InvalidTimeStamp",
];

/// Words in codes that say that a quota or limit is used up. (Flow control has codes of its own, which are checked
/// first.)
const USED_UP: [&str; 3] = ["Quota", "Limit", "Exceed"];

/// Prefixes of codes about one parameter of the call: `InvalidName.LengthExceeded` asks for another spec, not for room.
const ABOUT_A_PARAMETER: [&str; 2] = ["Invalid", "Missing"];

/// Classifies an answer that is not a success: `code` comes from a readable error body, `after` from [`retry_after`].
pub fn classify(request: &Request, status: u16, code: Option<&str>, after: Option<Duration>) -> ErrorClass {
    if status == 429 || code.is_some_and(|code| code.contains("Throttling")) {
        return ErrorClass::Throttled { after };
    }
    match (status, code) {
        (300..=399, _) => redirected(request.operation(), status),
        (400..=499, Some(code)) => rejected(request, status, code),
        // An answer without a code may come from a proxy, perhaps after the service did the work.
        (401, None) if request.operation().reads() => credentials(),
        (403, None) if request.operation().reads() => permission(),
        (404, None) if request.operation().reads() && names_a_resource(request.operation()) => ErrorClass::Unexplained,
        _ => doubtful(request.operation()),
    }
}

impl CallError {
    /// Whether the refusal means that the spec cannot be fulfilled as it is. A refused read says nothing about the
    /// spec, unless the workspace or the project in the spec does not exist.
    pub fn blames_the_spec(&self) -> bool {
        let no_place = matches!(self.meaning(), Some(Meaning::NoWorkspace | Meaning::Missing));
        self.class == ErrorClass::Refused && (no_place || !self.operation.reads())
    }

    /// Whether the code says that the resource is in the way of the call itself: a media dataset that is to be deleted
    /// has bindings or files. No page names the code for this case, so any other refusal may mean it too, and a read
    /// shows the numbers.
    pub fn says_in_use(&self) -> bool {
        self.class == ErrorClass::Refused && self.meaning() == Some(Meaning::Conflict)
    }

    fn meaning(&self) -> Option<Meaning> {
        Meaning::of(self.operation.product(), self.code.as_deref()?)
    }
}

/// The class of a failure about which nothing is known: a read can be repeated, a write may have been executed.
pub(super) fn doubtful(operation: Operation) -> ErrorClass {
    if operation.reads() { ErrorClass::Transient } else { ErrorClass::Ambiguous }
}

/// The wait that the service asks for: the longer one of `Retry-After` (seconds or an HTTP date) and
/// `x-acs-retry-after` (milliseconds), at most 30 s. Unreadable values do not count.
pub(super) fn retry_after(header: Option<&str>, acs_header: Option<&str>, now: Timestamp) -> Option<Duration> {
    let acs = acs_header.and_then(number).map(Duration::from_millis);
    let standard = header.and_then(|value| {
        let seconds = number(value).map(Duration::from_secs);
        seconds.or_else(|| until(value, now))
    });
    acs.max(standard).map(|wait| wait.min(LONGEST_WAIT))
}

fn number(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for 64 bits is still a number: a long wait.
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::parse(date.trim()).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// 307 and 308 say that the request was not performed; other redirects can follow a write.
fn redirected(operation: Operation, status: u16) -> ErrorClass {
    if operation.reads() || matches!(status, 307 | 308) { ErrorClass::Refused } else { ErrorClass::Ambiguous }
}

/// A 4xx with an error body of the service.
fn rejected(request: &Request, status: u16, code: &str) -> ErrorClass {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
    // The same request, with the same nonce, was accepted before.
    let copied = code == "SignatureNonceUsed";
    let failed = status == 408 || begins(&["InternalError", "ServiceUnavailable"]);
    let meaning = Meaning::of(request.operation().product(), code);
    if copied || failed {
        doubtful(request.operation())
    } else if meaning == Some(Meaning::Permission) {
        permission()
    } else if status == 401 || begins(&WRONG_CREDENTIALS) {
        credentials()
    } else if !request.operation().reads() && is_used_up(status, code) {
        ErrorClass::QuotaExceeded
    } else if status == 403 || begins(&["Forbidden", "NoPermission"]) {
        permission()
    } else if begins(&WRONG_CALL) {
        ErrorClass::Refused
    } else {
        meant(request, status, meaning)
    }
}

/// A refusal with a code of the product itself.
fn meant(request: &Request, status: u16, meaning: Option<Meaning>) -> ErrorClass {
    let operation = request.operation();
    let missing = match meaning {
        Some(Meaning::NameOrMissing) => return name_or_missing(request, status),
        Some(Meaning::NameTaken) => return ErrorClass::NameTaken,
        Some(Meaning::Refused | Meaning::Conflict | Meaning::NoWorkspace) => return ErrorClass::Refused,
        Some(Meaning::Permission) => return permission(),
        Some(Meaning::Missing) if operation.creates() || operation.shows().is_page() => return ErrorClass::Refused,
        Some(Meaning::Missing) => names_a_resource(operation),
        Some(Meaning::MissingAt404) => status == 404 && names_a_resource(operation),
        Some(Meaning::MissingVersion) => operation.shows() == Shows::Version,
        None => false,
    };
    if missing { ErrorClass::NotFound } else { unexplained(operation) }
}

/// A refusal with an unknown code: a write was not executed, and a read says nothing.
fn unexplained(operation: Operation) -> ErrorClass {
    if operation.reads() { ErrorClass::Unexplained } else { ErrorClass::Refused }
}

/// Whether the code of a write says that a quota or limit is used up. Labels of others count against such limits too,
/// so the spec is not wrong. (On a read such words are about the page that was asked for.)
fn is_used_up(status: u16, code: &str) -> bool {
    matches!(status, 400 | 403 | 409)
        && USED_UP.iter().any(|word| code.contains(word))
        && !ABOUT_A_PARAMETER.iter().any(|prefix| code.starts_with(prefix))
}

fn name_or_missing(request: &Request, status: u16) -> ErrorClass {
    let operation = request.operation();
    match operation.clash() {
        NameOrMissing::Name => ErrorClass::NameTaken,
        NameOrMissing::Neither => ErrorClass::Unexplained,
        NameOrMissing::NewName if status != 404 && request.names() => ErrorClass::NameTaken,
        NameOrMissing::Gone => ErrorClass::NotFound,
        NameOrMissing::NewName | NameOrMissing::ByStatus => {
            if status == 404 {
                ErrorClass::NotFound
            } else {
                doubtful(operation)
            }
        }
    }
}

/// Whether the call names something that can be missing.
fn names_a_resource(operation: Operation) -> bool {
    operation.id_names().next().is_some()
}

fn credentials() -> ErrorClass {
    ErrorClass::Unauthorised(Unauthorised::Credentials)
}

fn permission() -> ErrorClass {
    ErrorClass::Unauthorised(Unauthorised::Permission)
}

#[cfg(test)]
mod tests;
