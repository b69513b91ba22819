//! Revisions of etcd that nobody has seen, by its JSON gateway.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::error::{Context, Error, Result};

/// Skips so many revisions and forgets those before: whoever asks for one of them is told that it is compacted.
pub(crate) async fn skip(etcd: &str, count: u32) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().build().context("talking to etcd")?;
    let call = async |path: &str, body: Value| -> Result<Value> {
        let answer = client.post(format!("{etcd}/v3/kv/{path}")).json(&body).send().await.context("talking to etcd")?;
        answer.error_for_status().context("talking to etcd")?.json().await.context("talking to etcd")
    };
    let key = BASE64.encode("skipped");
    // Each write is a revision.
    for _ in 0..count {
        call("put", json!({"key": key, "value": ""})).await?;
    }
    let gone = call("deleterange", json!({ "key": key })).await?;
    let newest = gone["header"]["revision"].as_str().ok_or_else(|| Error::new(format!("no revision in {gone}")))?;
    call("compaction", json!({ "revision": newest })).await.map(drop)
}
