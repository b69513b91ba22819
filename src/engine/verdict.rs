//! What a failed call means for the object: one table from error class to reason, and when to try again.

use super::recorded::LastError;
use super::report::{Next, Ready, Report};
use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass, Unauthorised};

/// The report that a failed call deserves. Refusals are the user's to solve; the rest heals by itself.
#[must_use]
pub fn verdict(error: &CallError, time: &str) -> Report {
    let message = error.to_string();
    let ready = match &error.class {
        ErrorClass::Refused if error.blames_the_spec() => Ready::Stuck(Reason::InvalidSpec, message),
        ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::Refused | ErrorClass::Unexplained => {
            Ready::Working(Reason::CloudUnavailable, message)
        }
        ErrorClass::Throttled { .. } => Ready::Working(Reason::Throttled, message),
        ErrorClass::QuotaExceeded => Ready::Working(Reason::QuotaExceeded, message),
        ErrorClass::Garbled => Ready::Working(Reason::MalformedResponse, message),
        ErrorClass::NotFound => Ready::Working(Reason::Progressing, message),
        ErrorClass::NameTaken => Ready::Stuck(Reason::NameTaken, message),
        ErrorClass::Unauthorised(Unauthorised::Credentials) => Ready::Stuck(Reason::CredentialsInvalid, message),
        ErrorClass::Unauthorised(Unauthorised::Permission) => Ready::Stuck(Reason::AccessDenied, message),
    };
    Report { error: Some(last_error(error, time)), ..Report::new(ready, Next::Backoff) }
}

/// The failed call as status tells it.
#[must_use]
pub fn last_error(error: &CallError, time: &str) -> LastError {
    let code = match (error.class, &error.code, error.status) {
        (_, Some(code), _) => code.clone(),
        // The status of an answer that cannot be used says "success".
        (ErrorClass::Garbled, None, _) => "malformed".to_owned(),
        (_, None, Some(status)) => status.to_string(),
        (_, None, None) => "unreachable".to_owned(),
    };
    LastError {
        code,
        request_id: error.request_id.clone(),
        operation: error.operation.as_str().to_owned(),
        time: time.to_owned(),
    }
}
