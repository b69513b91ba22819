//! What a failed call means for the object: one table from error class to reason, and when to try again.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::condition::Reason;
use crate::cloud::{CallError, ErrorClass, Unauthorised};
use crate::plan::recorded::LastError;
use crate::plan::report::{Next, Ready, Report};

/// A throttled object is reconciled again after this time at the earliest.
const AGAIN: Duration = Duration::from_millis(200);

/// The report for a failed call. `Stuck` means that a person must act; all other failures can pass without one.
#[must_use]
pub fn report_for(error: &CallError, now: Timestamp) -> Report {
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
    Report { error: Some(last_error(error, now)), ..Report::new(ready, Next::Backoff) }
}

/// The report of a failed call that ends the reconcile.
#[must_use]
pub fn last_words(error: &CallError, now: Timestamp) -> Report {
    let mut report = report_for(error, now);
    if let ErrorClass::Throttled { after } = error.class {
        // The limiter already slows down all calls; the object only gets in line again.
        report.next = Next::After(after.unwrap_or_default().max(AGAIN));
    }
    report
}

/// The failed call as status shows it.
#[must_use]
pub fn last_error(error: &CallError, now: Timestamp) -> LastError {
    LastError {
        code: error.cause(),
        request_id: error.request_id.clone(),
        operation: error.operation.as_str().to_owned(),
        time: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Malformed, Operation};

    #[test]
    fn an_answer_that_cannot_be_used_has_no_code_of_success() {
        let malformed = Malformed { what: "the body is empty".into(), request_id: None };
        let error = CallError::malformed(Operation::GetDataset, malformed);
        assert_eq!(last_error(&error, Timestamp::UNIX_EPOCH).code, "malformed");
        let lost = CallError { class: ErrorClass::Transient, status: None, ..error.clone() };
        assert_eq!(last_error(&lost, Timestamp::UNIX_EPOCH).code, "unreachable");
        let unavailable = CallError { class: ErrorClass::Transient, status: Some(503), ..error };
        assert_eq!(last_error(&unavailable, Timestamp::UNIX_EPOCH).code, "503");
    }

    #[test]
    fn a_refused_read_never_blames_the_spec() {
        let refused = |operation, class, code: &str| {
            let malformed = Malformed { what: "".into(), request_id: None };
            let code = Some(code.to_owned());
            report_for(&CallError { class, code, ..CallError::malformed(operation, malformed) }, Timestamp::UNIX_EPOCH)
                .ready
        };
        let unknown = refused(Operation::GetDataset, ErrorClass::Unexplained, "201399999");
        assert!(matches!(unknown, Ready::Working(Reason::CloudUnavailable, _)), "{unknown:?}");
        let gateway = refused(Operation::GetDataset, ErrorClass::Refused, "InvalidApi.NotFound");
        assert!(matches!(gateway, Ready::Working(Reason::CloudUnavailable, _)), "{gateway:?}");
        let workspace = refused(Operation::ListDatasets, ErrorClass::Refused, "100400027");
        assert!(matches!(workspace, Ready::Stuck(Reason::InvalidSpec, _)), "{workspace:?}");
        let create = refused(Operation::CreateDataset, ErrorClass::Refused, "201399999");
        assert!(matches!(create, Ready::Stuck(Reason::InvalidSpec, _)), "{create:?}");
    }
}
