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
        ErrorClass::Transient | ErrorClass::Ambiguous => Ready::Working(Reason::CloudUnavailable, message),
        ErrorClass::Throttled { .. } => Ready::Working(Reason::Throttled, message),
        ErrorClass::Garbled => Ready::Working(Reason::MalformedResponse, message),
        ErrorClass::NotFound => Ready::Working(Reason::Progressing, message),
        ErrorClass::Refused => Ready::Stuck(Reason::InvalidSpec, message),
        ErrorClass::NameTaken => Ready::Stuck(Reason::NameTaken, message),
        ErrorClass::Unauthorised(Unauthorised::Credentials) => Ready::Stuck(Reason::CredentialsInvalid, message),
        ErrorClass::Unauthorised(Unauthorised::Permission) => Ready::Stuck(Reason::AccessDenied, message),
    };
    Report { ready, drifted: None, duplicates: None, error: Some(last_error(error, time)), next: Next::Backoff }
}

/// The failed call as status tells it.
#[must_use]
pub fn last_error(error: &CallError, time: &str) -> LastError {
    LastError {
        code: error
            .code
            .clone()
            .unwrap_or_else(|| error.status.map_or_else(|| "unreachable".to_owned(), |s| s.to_string())),
        request_id: error.request_id.clone(),
        operation: error.operation.as_str().to_owned(),
        time: time.to_owned(),
    }
}
