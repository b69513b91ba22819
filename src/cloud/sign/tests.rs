//! Test vectors made by running the official SDK's signing code (alibabacloud-openapi-util 0.2.4): byte
//! for byte the canonical request, the string to sign and the Authorization header.

use super::*;
use crate::cloud::request::encode_query;

struct Vector {
    method: Method,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// Headers in addition to the date, nonce, content hash and version, which all vectors share.
    headers: &'static [(&'static str, &'static str)],
    canonical_request: &'static str,
    string_to_sign: &'static str,
    authorization: &'static str,
}

impl Vector {
    fn holds(&self) {
        let payload = sha256_hex(self.body.as_bytes());
        let mut headers = BTreeMap::from([
            ("host", "aiworkspace.cn-hangzhou.aliyuncs.com".to_owned()),
            ("x-acs-content-sha256", payload.clone()),
            ("x-acs-date", "2026-01-02T03:04:05Z".to_owned()),
            ("x-acs-signature-nonce", "0123456789abcdef0123456789abcdef".to_owned()),
            ("x-acs-version", "2021-02-04".to_owned()),
        ]);
        headers.extend(self.headers.iter().map(|&(name, value)| (name, value.to_owned())));
        let unsigned = Unsigned {
            method: self.method.clone(),
            path: self.path,
            query: &encode_query(self.query.iter().copied()),
            headers: &headers,
            payload: &payload,
        };
        assert_eq!(unsigned.canonical_request(), self.canonical_request);
        assert_eq!(unsigned.string_to_sign(), self.string_to_sign);
        let secret = Secret::new("testAccessKeySecret");
        assert_eq!(unsigned.authorization("testAccessKeyId", &secret), self.authorization);
    }
}

#[test]
fn v1_get_with_query_non_ascii_and_reserved_characters() {
    Vector {
        method: Method::GET,
        path: "/api/v1/datasets",
        query: &[("WorkspaceId", "478"), ("Name", "数据 集+*~"), ("DataSourceTypes", "OSS,NAS"), ("Label", ""), ("PageNumber", "1"), ("PageSize", "100"), ("SortBy", "GmtModifiedTime"), ("Order", "DESC")],
        body: "",
        headers: &[("x-acs-action", "ListDatasets")],
        canonical_request: r"GET
/api/v1/datasets
DataSourceTypes=OSS%2CNAS&Label=&Name=%E6%95%B0%E6%8D%AE%20%E9%9B%86%2B%2A~&Order=DESC&PageNumber=1&PageSize=100&SortBy=GmtModifiedTime&WorkspaceId=478
host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-action:ListDatasets
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        string_to_sign: r"ACS3-HMAC-SHA256
6704d75f90827404be42b168a11cc1050026ddac52ee2c3dce95d18c212d4ed4",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=ee0cfb7c4fe854bf342c2644953a9c60adf90935f43e3952f9209cce2ba5bb68",
    }
    .holds();
}

#[test]
fn v2_post_with_a_json_body() {
    Vector {
        method: Method::POST,
        path: "/api/v1/datasets",
        query: &[],
        body: r#"{"DataSourceType":"OSS","Name":"demo-数据集","Property":"DIRECTORY","Uri":"oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/","WorkspaceId":"478"}"#,
        headers: &[("content-type", "application/json; charset=utf-8"), ("x-acs-action", "CreateDataset")],
        canonical_request: r"POST
/api/v1/datasets

content-type:application/json; charset=utf-8
host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-action:CreateDataset
x-acs-content-sha256:3fee28aec507b4f3a687e1a3ec883021a98c5ec0d46a1802c6d1d4d41e405c6f
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
3fee28aec507b4f3a687e1a3ec883021a98c5ec0d46a1802c6d1d4d41e405c6f",
        string_to_sign: r"ACS3-HMAC-SHA256
19cfad30b42b2a95dc8e62e8ed5a2710734e76fe0430572c592a71eb76a58d74",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=2b1e20e428e2ccf9f6e82fc22f7a0e3a93dcf6a49aa1c907665922b650e77018",
    }
    .holds();
}

#[test]
fn v3_delete_without_query_or_body() {
    Vector {
        method: Method::DELETE,
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        headers: &[("x-acs-action", "DeleteDataset")],
        canonical_request: r"DELETE
/api/v1/datasets/d-abc123

host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-action:DeleteDataset
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        string_to_sign: r"ACS3-HMAC-SHA256
0f20175c47502fde6d5173e482059a694eb1066713adea4980cea9d7c69c0f0b",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=34c780b81e992b0362392ccc6ce21660ee4577aedf206886b96e44c2e188050f",
    }
    .holds();
}

#[test]
fn v4_delete_with_a_comma_list_in_the_query() {
    Vector {
        method: Method::DELETE,
        path: "/api/v1/datasets/d-abc123/labels",
        query: &[("LabelKeys", "env,managed-by")],
        body: "",
        headers: &[("x-acs-action", "DeleteDatasetLabels")],
        canonical_request: r"DELETE
/api/v1/datasets/d-abc123/labels
LabelKeys=env%2Cmanaged-by
host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-action:DeleteDatasetLabels
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        string_to_sign: r"ACS3-HMAC-SHA256
3525c74c72a755de265882e13bd09c2aeb77c0b31daa788d0e7ff08f1a1b6e2f",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=3e1087abeea425d25bbd032bf886ffdb58a2ddbda048a4501d4f3c76c3ca28bb",
    }
    .holds();
}

#[test]
fn v5_get_with_a_security_token() {
    Vector {
        method: Method::GET,
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        headers: &[("x-acs-accesskey-id", "testAccessKeyId"), ("x-acs-action", "GetDataset"), ("x-acs-security-token", "testSecurityToken")],
        canonical_request: r"GET
/api/v1/datasets/d-abc123

host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-accesskey-id:testAccessKeyId
x-acs-action:GetDataset
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2026-01-02T03:04:05Z
x-acs-security-token:testSecurityToken
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        string_to_sign: r"ACS3-HMAC-SHA256
5c2fc9461513aee8e3e8d85bfbe6bb02f168ed020534e7cc408f0a673448cf22",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,Signature=9b6f421d775582b476d3e271d6e6a09a9b1189016bd8cc68697b5d51c4a37cee",
    }
    .holds();
}

#[test]
fn v6_put_with_an_encoded_path_segment() {
    Vector {
        method: Method::PUT,
        path: "/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2",
        query: &[],
        body: r#"{"Description":"","Options":"{}"}"#,
        headers: &[("content-type", "application/json; charset=utf-8"), ("x-acs-action", "UpdateDatasetVersion")],
        canonical_request: r"PUT
/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2

content-type:application/json; charset=utf-8
host:aiworkspace.cn-hangzhou.aliyuncs.com
x-acs-action:UpdateDatasetVersion
x-acs-content-sha256:a7dcef54f7671547e6fcab9b5addbc35726fe322f8702c8b1cde4ce89e1dc30a
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
a7dcef54f7671547e6fcab9b5addbc35726fe322f8702c8b1cde4ce89e1dc30a",
        string_to_sign: r"ACS3-HMAC-SHA256
2c6c37255db0ce111be97f29d067e2db5af21cb4374f016dc906720bcc7068a6",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=7d91234d4374677570639351f3c1cd6224c9b08da5397f436221ec34491789bb",
    }
    .holds();
}

#[test]
fn v8_get_signed_over_accept_and_user_agent() {
    Vector {
        method: Method::GET,
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        headers: &[("accept", "application/json"), ("user-agent", "example-agent/1.0"), ("x-acs-action", "GetDataset")],
        canonical_request: r"GET
/api/v1/datasets/d-abc123

accept:application/json
host:aiworkspace.cn-hangzhou.aliyuncs.com
user-agent:example-agent/1.0
x-acs-action:GetDataset
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:0123456789abcdef0123456789abcdef
x-acs-version:2021-02-04

accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        string_to_sign: r"ACS3-HMAC-SHA256
1ab0344435bb67dedd600001651b0883ecac7df155067cb7d881aca8d47b1ede",
        authorization: "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders=accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=4179f06a26aa6d927cd758545f9b3f6659a424b3404e237a60872cb80459e6ba",
    }
    .holds();
}
