//! Requests of the public constructors, compared with vectors of the official SDK and its captured headers.

use serde_json::{Map, json};

use super::*;
use crate::cloud::secret::Secret;
use crate::cloud::settings::EndpointForm;

fn occasion() -> Occasion {
    Occasion {
        host: "aiworkspace.cn-hangzhou.aliyuncs.com".to_owned(),
        date: "2026-01-02T03:04:05Z".to_owned(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

fn access_key(security_token: Option<&str>) -> Credentials {
    Credentials::AccessKey {
        id: "testAccessKeyId".to_owned(),
        secret: Secret::new("testAccessKeySecret"),
        security_token: security_token.map(Secret::new),
    }
}

fn signature(request: &Request, credentials: &Credentials) -> String {
    let prepared = prepare(request, EndpointForm::Roa, credentials, occasion());
    let authorization = prepared.headers.get("authorization").unwrap();
    authorization.rsplit_once("Signature=").unwrap().1.to_owned()
}

#[test]
fn constructors_and_signature_agree_with_the_official_sdk() {
    let id = "d-abc123";
    let keys = ["env".to_owned(), "managed-by".to_owned()];
    let update = Map::from_iter([("Description".to_owned(), json!("")), ("Options".to_owned(), json!("{}"))]);
    for (request, token, expected) in [
        (Request::delete_dataset(id), None, "34c780b81e992b0362392ccc6ce21660ee4577aedf206886b96e44c2e188050f"),
        (
            Request::delete_dataset_labels(id, &keys),
            None,
            "3e1087abeea425d25bbd032bf886ffdb58a2ddbda048a4501d4f3c76c3ca28bb",
        ),
        (
            Request::get_dataset(id),
            Some("testSecurityToken"),
            "9b6f421d775582b476d3e271d6e6a09a9b1189016bd8cc68697b5d51c4a37cee",
        ),
        (
            Request::update_dataset_version("d/猫 x", "v2", update),
            None,
            "7d91234d4374677570639351f3c1cd6224c9b08da5397f436221ec34491789bb",
        ),
    ] {
        let operation = request.operation();
        assert_eq!(signature(&request, &access_key(token)), expected, "{operation}");
    }
}

/// Made by running the official SDK's signing code (alibabacloud-tea-openapi 0.4.6).
#[test]
fn a_call_of_the_token_service_is_signed_as_the_official_sdk_signs_it() {
    let request = Request::get_caller_identity();
    for (token, expected) in [
        (None, "1387672455c79d846763034e9ed5a237eb10d56a390b3c478e98f30464d93f24"),
        (Some("testSecurityToken"), "05d1d96c2a21fa7228a011f8bf64a33e423f8a30b481963aa52254f8a53cad1a"),
    ] {
        let occasion = Occasion { host: "sts.cn-hangzhou.aliyuncs.com".to_owned(), ..occasion() };
        let prepared = prepare(&request, EndpointForm::Gateway, &access_key(token), occasion);
        assert_eq!((&prepared.path[..], &prepared.query[..], &prepared.body[..]), ("/", "", &b""[..]));
        assert_eq!(prepared.headers["x-acs-action"], "GetCallerIdentity");
        assert_eq!(prepared.headers["x-acs-version"], "2015-04-01");
        assert!(prepared.headers["authorization"].ends_with(&format!(",Signature={expected}")), "{token:?}");
    }
}

/// Vector V7 of the official SDK's signing code (alibabacloud-tea-openapi 0.4.6).
#[test]
fn a_call_of_imm_is_named_and_signed_as_the_official_sdk_does_it() {
    let members = json!({ "Description": "图片 集", "WorkflowParameters": [{ "Name": "n", "Value": "v" }] });
    let request = Request::create_media_dataset("test-project", "dataset001", members.as_object().unwrap());
    let occasion = Occasion { host: "imm.cn-hangzhou.aliyuncs.com".to_owned(), ..occasion() };
    let prepared = prepare(&request, EndpointForm::Roa, &access_key(None), occasion);
    assert_eq!((&prepared.path[..], &prepared.body[..]), ("/", &b""[..]));
    assert_eq!(prepared.headers["x-acs-action"], "CreateDataset");
    assert_eq!(prepared.headers["x-acs-version"], "2020-09-30");
    let expected = "4226f39ac857b7a14c7b6aa84d4202cbad50edcd44b48fd3c77c1b64abfbfc16";
    assert!(prepared.headers["authorization"].ends_with(&format!(",Signature={expected}")), "{}", prepared.query);
}

#[test]
fn the_gateway_form_is_signed_as_it_is_sent() {
    let request = Request::get_dataset_version("d-1", "v2");
    let [roa, gateway] =
        [EndpointForm::Roa, EndpointForm::Gateway].map(|form| prepare(&request, form, &access_key(None), occasion()));
    assert_eq!(gateway.path, "/api/AIWorkSpace/2021-02-04/GetDatasetVersion");
    assert_eq!(gateway.query, "DatasetId=d-1&VersionName=v2");
    let mut unsigned = gateway.headers.clone();
    unsigned.retain(|name, _| !matches!(*name, "authorization" | "accept"));
    let expected = Unsigned {
        method: request.method(),
        path: "/api/AIWorkSpace/2021-02-04/GetDatasetVersion",
        query: "DatasetId=d-1&VersionName=v2",
        headers: &unsigned,
        payload: &sha256_hex(b""),
    };
    let secret = Secret::new("testAccessKeySecret");
    assert_eq!(gateway.headers["authorization"], expected.authorization("testAccessKeyId", &secret));
    assert_ne!(gateway.headers["authorization"], roa.headers["authorization"]);
}

#[test]
fn only_a_call_with_a_body_has_a_content_type() {
    let publish = prepare(&Request::publish_dataset("d-1"), EndpointForm::Roa, &access_key(None), occasion());
    assert!(publish.body.is_empty());
    assert!(!publish.headers.contains_key("content-type"));
    let body = Map::from_iter([("Name".to_owned(), json!("数据"))]);
    let create = prepare(&Request::create_dataset(body), EndpointForm::Roa, &access_key(None), occasion());
    assert_eq!(create.body, r#"{"Name":"数据"}"#.as_bytes());
    assert_eq!(create.headers["content-type"], "application/json; charset=utf-8");
}

#[test]
fn a_bearer_token_goes_as_the_sdk_sends_it_or_into_authorization() {
    let bearer = |style| Credentials::Bearer { token: Secret::new("token"), style };
    let request = Request::get_dataset("d-1");

    let sdk = prepare(&request, EndpointForm::Roa, &bearer(BearerStyle::Sdk), occasion()).headers;
    assert_eq!(sdk["x-acs-bearer-token"], "token");
    assert_eq!(sdk["x-acs-signature-type"], "BEARERTOKEN");
    assert!(!sdk.contains_key("authorization"));
    assert!(sdk.contains_key("x-acs-date") && sdk.contains_key("x-acs-signature-nonce"));

    // Where parameters are in the query, the official SDK has the type of the signature there too.
    for (request, query) in [
        (Request::list_media_datasets("p", None), "MaxResults=200&ProjectName=p&SignatureType=BEARERTOKEN"),
        (Request::get_caller_identity(), "SignatureType=BEARERTOKEN"),
    ] {
        let rpc = prepare(&request, EndpointForm::Roa, &bearer(BearerStyle::Sdk), occasion());
        assert_eq!((&rpc.query[..], &rpc.headers["x-acs-bearer-token"][..]), (query, "token"));
        assert!(!rpc.headers.contains_key("x-acs-signature-type") && !rpc.headers.contains_key("authorization"));
        let gateway = prepare(&request, EndpointForm::Roa, &bearer(BearerStyle::Authorization), occasion());
        assert!(!gateway.query.contains("SignatureType"));
    }

    let gateway = prepare(&request, EndpointForm::Roa, &bearer(BearerStyle::Authorization), occasion()).headers;
    assert_eq!(gateway["authorization"], "Bearer token");
    assert!(!gateway.contains_key("x-acs-bearer-token"));
    assert_eq!(gateway["x-acs-action"], "GetDataset");
}
