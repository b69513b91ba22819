//! The ways in which a call can fail: a closed set that says what is known about the effect of the call.

use std::fmt;
use std::time::Duration;

use super::answer::Malformed;
use super::operation::Operation;

/// A call that did not end with a usable answer. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CallError {
    /// What the failure means.
    pub class: ErrorClass,
    /// The operation that was called.
    pub operation: Operation,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The service's code, if the answer was an error body of the service.
    pub code: Option<String>,
    /// The service's message or ours: one line, at most 300 characters of the service's text.
    pub message: String,
    /// The service's id of the call.
    pub request_id: Option<String>,
}

/// What a failed call means for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Certainly not executed, or a read failed: safe to repeat.
    Transient,
    /// Not executed because of flow control.
    Throttled {
        /// How long the service asks to wait, at most 30 s.
        after: Option<Duration>,
    },
    /// Not executed: a quota or limit is used up. Repeating it helps once somebody has made room.
    QuotaExceeded,
    /// The service read the call and rejected it; repeating it will not help.
    Refused,
    /// A read was rejected with an unknown code. It says nothing about what exists: only lists do.
    Unexplained,
    /// The resource in the path does not exist (or cannot be seen).
    NotFound,
    /// The dataset name is in use, perhaps by a dataset that this identity cannot list.
    NameTaken,
    /// The credentials or the permissions are the problem.
    Unauthorised(Unauthorised),
    /// A write that may have been executed, or still may be.
    Ambiguous,
    /// A success status with an unusable body. After a write it is as uncertain as [`ErrorClass::Ambiguous`].
    Garbled,
}

/// What is wrong with the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorised {
    /// Missing, wrong or outdated credentials, or a wrong clock.
    Credentials,
    /// The identity is valid but may not do this. Never means that something is gone.
    Permission,
}

impl CallError {
    /// Whether it is certain that this call has no effect in the cloud: a read failed, no connection was made, the call
    /// was throttled, or its refusal was read. It says nothing about earlier calls.
    pub fn never_executed(&self) -> bool {
        match self.class {
            ErrorClass::Transient
            | ErrorClass::Throttled { .. }
            | ErrorClass::QuotaExceeded
            | ErrorClass::Refused
            | ErrorClass::Unexplained
            | ErrorClass::NotFound
            | ErrorClass::NameTaken
            | ErrorClass::Unauthorised(_) => true,
            ErrorClass::Ambiguous | ErrorClass::Garbled => false,
        }
    }

    /// The service's code, or the kind of failure where there is none: the status, `malformed` or `unreachable`.
    #[must_use]
    pub fn cause(&self) -> String {
        match (self.class, &self.code, self.status) {
            (_, Some(code), _) => code.clone(),
            // The status of such an answer is that of a success.
            (ErrorClass::Garbled, None, _) => "malformed".to_owned(),
            (_, None, Some(status)) => status.to_string(),
            (_, None, None) => "unreachable".to_owned(),
        }
    }

    /// An answer whose body does not fit the request.
    pub fn malformed(operation: Operation, malformed: Malformed) -> Self {
        Self {
            class: ErrorClass::Garbled,
            operation,
            status: Some(200),
            code: None,
            message: malformed.what.into_owned(),
            request_id: malformed.request_id,
        }
    }

    /// The read was refused although a list shows the remote.
    #[must_use]
    pub fn though_listed(mut self) -> Self {
        self.message.push_str("; a list shows that it exists");
        self
    }

    /// A call that was not sent at all.
    pub(super) fn not_sent(operation: Operation, class: ErrorClass, message: String) -> Self {
        Self { class, operation, status: None, code: None, message, request_id: None }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.class {
            ErrorClass::Transient => "failed",
            ErrorClass::Throttled { .. } => "was throttled",
            ErrorClass::QuotaExceeded => "was refused because a quota or limit is used up",
            ErrorClass::Refused | ErrorClass::Unexplained => "was refused",
            ErrorClass::NotFound => "found nothing",
            ErrorClass::NameTaken => "was refused because the name is taken",
            ErrorClass::Unauthorised(Unauthorised::Credentials) => "was not authenticated",
            ErrorClass::Unauthorised(Unauthorised::Permission) => "was not permitted",
            ErrorClass::Ambiguous => "ended without a clear outcome",
            ErrorClass::Garbled => "got an unusable answer",
        };
        write!(f, "{} {verdict}:", self.operation)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}:")?;
        }
        if !self.message.is_empty() {
            write!(f, " {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (RequestId {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> CallError {
        CallError {
            class: ErrorClass::Refused,
            operation: Operation::CreateDataset,
            status: Some(400),
            code: Some("InvalidParameter".to_owned()),
            message: "Uri is wrong".to_owned(),
            request_id: Some("ABC".to_owned()),
        }
    }

    #[test]
    fn an_error_reads_as_a_sentence_with_its_request_id() {
        assert_eq!(
            refused().to_string(),
            "CreateDataset was refused: 400 InvalidParameter: Uri is wrong (RequestId ABC)"
        );
        let lost = CallError {
            class: ErrorClass::Ambiguous,
            status: None,
            code: None,
            request_id: None,
            message: "no answer within 10 s".to_owned(),
            ..refused()
        };
        assert_eq!(lost.to_string(), "CreateDataset ended without a clear outcome: no answer within 10 s");
    }

    #[test]
    fn only_doubtful_classes_may_have_been_executed() {
        for (class, never) in [
            (ErrorClass::Transient, true),
            (ErrorClass::Throttled { after: None }, true),
            (ErrorClass::Refused, true),
            (ErrorClass::QuotaExceeded, true),
            (ErrorClass::NameTaken, true),
            (ErrorClass::Unauthorised(Unauthorised::Permission), true),
            (ErrorClass::Ambiguous, false),
            (ErrorClass::Garbled, false),
        ] {
            let error = CallError { class, ..refused() };
            assert_eq!(error.never_executed(), never, "{class:?}");
        }
    }
}
