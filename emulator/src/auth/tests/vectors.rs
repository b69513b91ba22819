//! Requests signed by the vendor's own signing code: V1 to V8.

use crate::encoding::encode;
use crate::request::Request;
use crate::request::tests::request;

pub(super) const DATE: &str = "2026-01-02T03:04:05Z";
pub(super) const NONCE: &str = "0123456789abcdef0123456789abcdef";
/// `DATE` in milliseconds.
pub(super) const NOW: i64 = 1_767_323_045_000;

/// A request and its signature.
pub(super) struct Vector {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) body: &'static str,
    pub(super) action: &'static str,
    /// Headers besides host, version, action, date, nonce and content hash.
    pub(super) more: &'static [(&'static str, &'static str)],
    pub(super) signed: &'static str,
    pub(super) signature: &'static str,
}

const PLAIN: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
const WITH_BODY: &str =
    "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

/// V1 to V8.
pub(super) const VECTORS: [Vector; 8] = [
    Vector {
        method: "GET",
        path: "/api/v1/datasets",
        query: &[
            ("WorkspaceId", "478"),
            ("Name", "数据 集+*~"),
            ("DataSourceTypes", "OSS,NAS"),
            ("Label", ""),
            ("PageNumber", "1"),
            ("PageSize", "100"),
            ("SortBy", "GmtModifiedTime"),
            ("Order", "DESC"),
        ],
        body: "",
        action: "ListDatasets",
        more: &[],
        signed: PLAIN,
        signature: "ee0cfb7c4fe854bf342c2644953a9c60adf90935f43e3952f9209cce2ba5bb68",
    },
    Vector {
        method: "POST",
        path: "/api/v1/datasets",
        query: &[],
        body: r#"{"DataSourceType":"OSS","Name":"demo-数据集","Property":"DIRECTORY","Uri":"oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/","WorkspaceId":"478"}"#,
        action: "CreateDataset",
        more: &[JSON],
        signed: WITH_BODY,
        signature: "2b1e20e428e2ccf9f6e82fc22f7a0e3a93dcf6a49aa1c907665922b650e77018",
    },
    Vector {
        method: "DELETE",
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        action: "DeleteDataset",
        more: &[],
        signed: PLAIN,
        signature: "34c780b81e992b0362392ccc6ce21660ee4577aedf206886b96e44c2e188050f",
    },
    Vector {
        method: "DELETE",
        path: "/api/v1/datasets/d-abc123/labels",
        query: &[("LabelKeys", "env,managed-by")],
        body: "",
        action: "DeleteDatasetLabels",
        more: &[],
        signed: PLAIN,
        signature: "3e1087abeea425d25bbd032bf886ffdb58a2ddbda048a4501d4f3c76c3ca28bb",
    },
    Vector {
        method: "GET",
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        action: "GetDataset",
        more: &[("x-acs-accesskey-id", "testAccessKeyId"), ("x-acs-security-token", "testSecurityToken")],
        signed: "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;\
            x-acs-signature-nonce;x-acs-version",
        signature: "9b6f421d775582b476d3e271d6e6a09a9b1189016bd8cc68697b5d51c4a37cee",
    },
    Vector {
        method: "PUT",
        path: "/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2",
        query: &[],
        body: r#"{"Description":"","Options":"{}"}"#,
        action: "UpdateDatasetVersion",
        more: &[JSON],
        signed: WITH_BODY,
        signature: "7d91234d4374677570639351f3c1cd6224c9b08da5397f436221ec34491789bb",
    },
    Vector {
        method: "POST",
        path: "/",
        query: &[
            ("ProjectName", "test-project"),
            ("DatasetName", "dataset001"),
            ("Description", "图片 集"),
            ("WorkflowParameters", r#"[{"Name":"n","Value":"v"}]"#),
        ],
        body: "",
        action: "CreateDataset",
        more: &[("x-acs-version", "2020-09-30"), ("host", "imm.cn-hangzhou.aliyuncs.com")],
        signed: PLAIN,
        signature: "4226f39ac857b7a14c7b6aa84d4202cbad50edcd44b48fd3c77c1b64abfbfc16",
    },
    Vector {
        method: "GET",
        path: "/api/v1/datasets/d-abc123",
        query: &[],
        body: "",
        action: "GetDataset",
        more: &[("accept", "application/json"), ("user-agent", "example-agent/1.0")],
        signed: "accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;\
            x-acs-version",
        signature: "4179f06a26aa6d927cd758545f9b3f6659a424b3404e237a60872cb80459e6ba",
    },
];

/// The vector as it would arrive: blanks in the query as `+`, as the Python SDK's HTTP library writes them.
pub(super) fn arriving(vector: &Vector) -> Request {
    let query: Vec<String> = vector
        .query
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value).replace("%20", "+").replace("%7E", "~")))
        .collect();
    let target = if query.is_empty() { vector.path.to_owned() } else { format!("{}?{}", vector.path, query.join("&")) };
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential=testAccessKeyId,SignedHeaders={},Signature={}",
        vector.signed, vector.signature
    );
    let hash = request("GET", "/", &[], vector.body).body_hash;
    let mut headers = vec![
        ("x-acs-action", vector.action),
        ("x-acs-date", DATE),
        ("x-acs-signature-nonce", NONCE),
        ("x-acs-content-sha256", &hash),
        ("authorization", &authorization),
    ];
    headers.extend(vector.more);
    for (name, value) in [("host", "aiworkspace.cn-hangzhou.aliyuncs.com"), ("x-acs-version", "2021-02-04")] {
        if !headers.iter().any(|(known, _)| *known == name) {
            headers.push((name, value));
        }
    }
    request(vector.method, &target, &headers, vector.body)
}
