//! The table of the rules: operation, status and code in, error class out.

use Operation::{
    CreateDataset, CreateDatasetLabels, CreateDatasetVersion, DeleteDataset, DeleteDatasetVersion, GetDataset,
    GetDatasetVersion, ListDatasetVersions, ListDatasets, PublishDataset, UpdateDataset,
};
use serde_json::{Map, json};

use super::*;
use crate::cloud::request::tests::one_of_each;

const PERMISSION: ErrorClass = ErrorClass::Unauthorised(Unauthorised::Permission);
const CREDENTIALS: ErrorClass = ErrorClass::Unauthorised(Unauthorised::Credentials);
const THROTTLED: ErrorClass = ErrorClass::Throttled { after: None };

fn class(operation: Operation, status: u16, code: &str) -> ErrorClass {
    let request = one_of_each().into_iter().find(|request| request.operation() == operation).unwrap();
    classify(&request, status, (!code.is_empty()).then_some(code), None)
}

#[test]
fn the_class_depends_on_operation_status_and_code() {
    use ErrorClass::{Ambiguous, NameTaken, NotFound, QuotaExceeded, Refused, Transient, Unexplained};
    let rows = [
        // The code with two meanings.
        (CreateDataset, 400, "201300003", NameTaken),
        (CreateDataset, 409, "201300003", NameTaken),
        (UpdateDataset, 400, "201300003", NameTaken),
        (UpdateDataset, 404, "201300003", NotFound),
        (GetDataset, 400, "201300003", NotFound),
        (GetDataset, 404, "201300003", NotFound),
        (GetDatasetVersion, 400, "201300003", NotFound),
        (ListDatasetVersions, 404, "201300003", NotFound),
        (ListDatasets, 404, "201300003", Unexplained),
        (DeleteDataset, 404, "201300003", NotFound),
        // Not one of the two meanings.
        (DeleteDataset, 400, "201300003", Ambiguous),
        (DeleteDatasetVersion, 400, "201300003", Ambiguous),
        (CreateDatasetLabels, 400, "201300003", Ambiguous),
        (CreateDatasetVersion, 400, "201300003", Ambiguous),
        (ListDatasetVersions, 400, "201300003", Transient),
        // Not found, and codes that only look like it.
        (GetDataset, 404, "ResourceNotFound", NotFound),
        (DeleteDataset, 404, "ResourceNotFound", NotFound),
        (GetDatasetVersion, 400, "201300002", NotFound),
        (GetDatasetVersion, 404, "201300002", NotFound),
        (GetDataset, 404, "InvalidApi.NotFound", Refused),
        (DeleteDataset, 404, "InvalidApi.NotFound", Refused),
        (GetDataset, 404, "InvalidProtocol.NeedSsl", Refused),
        (GetDataset, 404, "InvalidAccessKeyId.NotFound", CREDENTIALS),
        (GetDataset, 404, "100400027", Refused),
        (CreateDataset, 404, "100400027", Refused),
        (ListDatasets, 404, "ResourceNotFound", Unexplained),
        (GetDataset, 400, "100400027", Refused),
        (ListDatasets, 400, "100400027", Refused),
        (GetDataset, 404, "", Unexplained),
        (ListDatasets, 404, "", Transient),
        (DeleteDataset, 404, "", Ambiguous),
        // Flow control, at any status.
        (CreateDataset, 400, "Throttling", THROTTLED),
        (CreateDataset, 400, "Throttling.User", THROTTLED),
        (GetDataset, 400, "Throttling.Api", THROTTLED),
        (CreateDataset, 503, "Rejected.Throttling", THROTTLED),
        (GetDataset, 404, "Throttling.User", THROTTLED),
        (CreateDataset, 429, "", THROTTLED),
        (CreateDataset, 429, "TooManyRequests", THROTTLED),
        // Quotas and limits, and codes that only sound like them.
        (CreateDataset, 400, "QuotaExceeded", QuotaExceeded),
        (CreateDataset, 400, "LimitExceededError", QuotaExceeded),
        (CreateDataset, 403, "Forbidden.QuotaExceed", QuotaExceeded),
        (CreateDatasetVersion, 409, "ExceedMaxDatasetVersions", QuotaExceeded),
        (UpdateDataset, 400, "QuotaExceeded.Workspace", QuotaExceeded),
        (CreateDatasetLabels, 400, "LabelLimitExceeded", QuotaExceeded),
        (DeleteDataset, 403, "OperationQuota", QuotaExceeded),
        (GetDataset, 403, "QuotaExceeded", PERMISSION),
        (CreateDataset, 400, "Throttling.QuotaExceeded", THROTTLED),
        (CreateDataset, 429, "QuotaExceeded", THROTTLED),
        (CreateDataset, 500, "QuotaExceeded", Ambiguous),
        (CreateDataset, 401, "QuotaExceeded", CREDENTIALS),
        (GetDataset, 404, "QuotaExceeded", Unexplained),
        (CreateDataset, 400, "InvalidName.LengthExceeded", Refused),
        (CreateDataset, 400, "InvalidLabels", Refused),
        (CreateDataset, 400, "MissingQuotaId", Refused),
        (CreateDataset, 400, "InvalidTimeStamp.Exceeded", CREDENTIALS),
        (CreateDataset, 400, "RequestTimeTooSkewed", Refused),
        // Identity.
        (CreateDataset, 403, "Forbidden.RAM", PERMISSION),
        (DeleteDataset, 403, "NoPermission", PERMISSION),
        (GetDataset, 403, "201300003", PERMISSION),
        (GetDataset, 400, "Forbidden", PERMISSION),
        (GetDataset, 403, "", PERMISSION),
        (DeleteDataset, 403, "", Ambiguous),
        (GetDataset, 401, "", CREDENTIALS),
        (CreateDataset, 401, "", Ambiguous),
        (CreateDataset, 401, "Unauthorized", CREDENTIALS),
        (CreateDataset, 400, "SignatureDoesNotMatch", CREDENTIALS),
        (CreateDataset, 403, "SignatureDoesNotMatch", CREDENTIALS),
        (CreateDataset, 400, "InvalidAccessKeyId.Inactive", CREDENTIALS),
        (CreateDataset, 400, "InvalidSecurityToken.Expired", CREDENTIALS),
        (CreateDataset, 400, "InvalidTimeStamp.Expired", CREDENTIALS),
        // The same request was accepted before.
        (CreateDataset, 400, "SignatureNonceUsed", Ambiguous),
        (GetDataset, 400, "SignatureNonceUsed", Transient),
        // Failures of the service.
        (CreateDataset, 500, "InternalError", Ambiguous),
        (CreateDataset, 503, "ServiceUnavailable", Ambiguous),
        (CreateDataset, 400, "InternalError", Ambiguous),
        (CreateDataset, 500, "SignatureDoesNotMatch", Ambiguous),
        (DeleteDataset, 502, "", Ambiguous),
        (CreateDataset, 408, "RequestTimeout", Ambiguous),
        (GetDataset, 500, "InternalError", Transient),
        (ListDatasets, 504, "", Transient),
        (GetDataset, 599, "", Transient),
        // Refusals.
        (CreateDataset, 400, "InvalidParameter", Refused),
        (CreateDataset, 400, "MissingName", Refused),
        (PublishDataset, 409, "Conflict", Refused),
        (CreateDataset, 400, "", Ambiguous),
        (CreateDataset, 413, "", Ambiguous),
        (GetDataset, 400, "", Transient),
        // Redirects.
        (GetDataset, 302, "", Refused),
        (CreateDataset, 307, "", Refused),
        (CreateDataset, 308, "", Refused),
        (CreateDataset, 303, "", Ambiguous),
        (DeleteDataset, 302, "ResourceNotFound", Ambiguous),
        // Nonsense.
        (GetDataset, 0, "", Transient),
        (DeleteDataset, 999, "x", Ambiguous),
    ];
    for (operation, status, code, expected) in rows {
        assert_eq!(class(operation, status, code), expected, "{operation} {status} {code:?}");
    }
}

#[test]
fn the_token_service_has_codes_of_its_own() {
    use ErrorClass::{Refused, Transient, Unexplained};
    let rows = [
        (401, "AuthenticationFail.NoPermission", PERMISSION),
        (401, "AuthenticationFail.OIDCToken.Expired", CREDENTIALS),
        (403, "NoPermission", PERMISSION),
        (404, "InvalidAccessKeyId.NotFound", CREDENTIALS),
        (403, "InvalidAccessKeyId.Inactive", CREDENTIALS),
        (400, "MissingSecurityToken", CREDENTIALS),
        (400, "InvalidParameter.RoleArn", Refused),
        (404, "EntityNotExist.Role", Refused),
        (404, "InvalidAction.NotFound", Refused),
        (400, "Throttling", THROTTLED),
        (500, "InternalError", Transient),
        (404, "201300003", Unexplained),
        (404, "ResourceNotFound", Unexplained),
    ];
    for (status, code, expected) in rows {
        assert_eq!(class(Operation::GetCallerIdentity, status, code), expected, "{status} {code}");
    }
    assert_eq!(class(GetDataset, 401, "AuthenticationFail.NoPermission"), CREDENTIALS, "only there");
}

#[test]
fn imm_has_codes_of_its_own() {
    use ErrorClass::{Ambiguous, NameTaken, NotFound, QuotaExceeded, Refused, Transient, Unexplained};
    use Operation::{
        CreateMediaDataset as Create, DeleteMediaDataset as Delete, GetMediaDataset as Get, ListMediaDatasets as List,
        UpdateMediaDataset as Update,
    };
    // The last column: whether the spec is to blame.
    let rows = [
        (Get, 400, "ResourceNotFound", NotFound, false),
        (Update, 400, "ResourceNotFound", NotFound, false),
        (Delete, 400, "ResourceNotFound", NotFound, false),
        (Delete, 404, "ResourceNotFound", NotFound, false),
        // There is no such project.
        (Create, 400, "ResourceNotFound", Refused, true),
        (List, 400, "ResourceNotFound", Refused, true),
        (Create, 400, "ResourceAlreadyExists", NameTaken, false),
        (Delete, 400, "StatusConflict", Refused, true),
        (Update, 400, "StatusConflict", Refused, true),
        (Create, 400, "LimitExceededError", QuotaExceeded, false),
        (Create, 400, "InvalidArgument", Refused, true),
        (Create, 400, "InvalidDatasetName", Refused, true),
        (Create, 400, "MissingDatasetName", Refused, true),
        (Get, 400, "MissingProjectName", Refused, false),
        (List, 400, "InvalidArgument", Refused, false),
        (Get, 400, "InvalidAccessKeyId.Inactive", CREDENTIALS, false),
        (Get, 400, "MissingSecurityToken", CREDENTIALS, false),
        (Get, 404, "InvalidAction.NotFound", Refused, false),
        (Create, 400, "Throttling.User", THROTTLED, false),
        (Create, 403, "Forbidden.RAM", PERMISSION, false),
        (Create, 500, "InternalError", Ambiguous, false),
        (Get, 503, "ServiceUnavailable", Transient, false),
        (Get, 400, "SomethingNew", Unexplained, false),
        (List, 400, "SomethingNew", Unexplained, false),
        (Create, 400, "SomethingNew", Refused, true),
        (Create, 400, "201300003", Refused, true),
        (Get, 404, "", Unexplained, false),
        (Delete, 404, "", Ambiguous, false),
    ];
    for (operation, status, code, expected, blames) in rows {
        let class = class(operation, status, code);
        let error = CallError { code: Some(code.to_owned()), ..CallError::not_sent(operation, class, String::new()) };
        assert_eq!((class, error.blames_the_spec()), (expected, blames), "{operation} {status} {code:?}");
        assert_eq!(error.says_in_use(), code == "StatusConflict", "{operation} {code}");
    }
}

/// A read with an unknown code says nothing, and a write with one was not executed.
#[test]
fn of_codes_that_nobody_knows_nothing_is_believed() {
    use ErrorClass::{Refused, Unexplained};
    let rows = [
        (ListDatasets, 400, "PageNumberExceed", Unexplained),
        (GetDataset, 400, "201300002", Unexplained),
        (GetDataset, 404, "200800001", Unexplained),
        (GetDataset, 409, "200800001", Unexplained),
        (GetDatasetVersion, 412, "200800001", Unexplained),
        (ListDatasetVersions, 404, "DatasetGone", Unexplained),
        (ListDatasets, 400, "200800001", Unexplained),
        (DeleteDataset, 404, "200800001", Refused),
        (DeleteDatasetVersion, 400, "201300002", Refused),
        (CreateDatasetLabels, 404, "200800001", Refused),
    ];
    for (operation, status, code, expected) in rows {
        assert_eq!(class(operation, status, code), expected, "{operation} {status} {code:?}");
    }
}

#[test]
fn an_update_without_a_name_cannot_clash() {
    let body = Map::from_iter([("Description".to_owned(), json!("d"))]);
    let request = Request::update_dataset("d-1", body);
    assert_eq!(classify(&request, 400, Some("201300003"), None), ErrorClass::Ambiguous);
}

#[test]
fn no_answer_makes_a_write_look_undone_or_a_remote_look_gone_without_a_code() {
    for request in one_of_each() {
        let operation = request.operation();
        for status in (0..=999).filter(|status| !matches!(status, 307 | 308 | 429)) {
            let class = classify(&request, status, None, None);
            assert_ne!(class, ErrorClass::NotFound, "{operation} {status}");
            assert!(operation.reads() || class == ErrorClass::Ambiguous, "{operation} {status}");
        }
        for (status, code) in [(404, "InvalidApi.NotFound"), (403, "NotFound"), (403, "201300003")] {
            let class = classify(&request, status, Some(code), None);
            assert_ne!(class, ErrorClass::NotFound, "{operation} {status} {code}");
        }
    }
}

/// The wait in milliseconds; an empty text stands for an absent header.
fn wait(standard: &str, acs: &str) -> Option<u128> {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let [standard, acs] = [standard, acs].map(|text| (!text.is_empty()).then_some(text));
    retry_after(standard, acs, now).map(|wait| wait.as_millis())
}

#[test]
fn the_wait_is_the_longer_hint_and_at_most_thirty_seconds() {
    assert_eq!(wait("", ""), None);
    assert_eq!(wait("2", ""), Some(2_000));
    assert_eq!(wait("", "1500"), Some(1_500));
    assert_eq!(wait("1", "1500"), Some(1_500));
    assert_eq!(wait("0", ""), Some(0));
    assert_eq!(wait("Fri, 02 Jan 2026 03:04:12 GMT", ""), Some(7_000));
    assert_eq!(wait("Fri, 02 Jan 2026 03:00:00 GMT", ""), Some(0));
    assert_eq!(wait("Thu, 31 Dec 2099 23:59:59 GMT", ""), Some(30_000));
    for absurd in ["86400", "18446744073709551615", "99999999999999999999999999"] {
        assert_eq!(wait(absurd, ""), Some(30_000), "{absurd}");
        assert_eq!(wait("", absurd), Some(30_000), "{absurd}");
    }
    for unreadable in ["-1", "1.5", "soon", "+5", "٣", "Fri, 99 Jan 2026 03:04:12 GMT", " "] {
        assert_eq!(wait(unreadable, unreadable), None, "{unreadable}");
    }
}

proptest::proptest! {
    #[test]
    fn no_header_or_code_makes_it_panic(header in ".*", code in ".*", status in 0..1000u16) {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let after = retry_after(Some(&header), Some(&code), now);
        proptest::prop_assert!(after.unwrap_or_default() <= Duration::from_secs(30));
        for request in one_of_each() {
            classify(&request, status, Some(&code), after);
        }
    }
}
