//! etcd's JSON gateway: thousands of objects are there, settled, in seconds, and gone in one request.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use testbed::{Context as _, Error, Result};

/// Operations that one transaction may have, by etcd's default.
const BATCH: usize = 128;

/// A client of one etcd.
#[derive(Clone, Debug)]
pub(crate) struct Etcd {
    http: reqwest::Client,
    url: String,
}

impl Etcd {
    /// Of the etcd at this base URL.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        Ok(Self { http: http.context("making an HTTP client")?, url: url.to_owned() })
    }

    /// The value of a key.
    pub(crate) async fn get(&self, key: &str) -> Result<String> {
        let answer = self.ask("range", &json!({"key": BASE64.encode(key)})).await?;
        let value = answer.pointer("/kvs/0/value").and_then(Value::as_str);
        let value = value.ok_or_else(|| Error::new(format!("etcd has no {key}")))?;
        let bytes = BASE64.decode(value).context("reading from etcd")?;
        String::from_utf8(bytes).context("reading from etcd")
    }

    /// Writes many keys.
    pub(crate) async fn put_all(&self, pairs: &[(String, String)]) -> Result<()> {
        for batch in pairs.chunks(BATCH) {
            let puts: Vec<Value> = batch
                .iter()
                .map(|(key, value)| json!({"requestPut": {"key": BASE64.encode(key), "value": BASE64.encode(value)}}))
                .collect();
            self.ask("txn", &json!({"success": puts})).await?;
        }
        Ok(())
    }

    /// Removes every key that begins so.
    pub(crate) async fn remove(&self, prefix: &str) -> Result<()> {
        let mut end = prefix.as_bytes().to_vec();
        if let Some(last) = end.last_mut() {
            *last += 1; // The first key after all of them: the prefix ends with a slash, not with 255.
        }
        let range = json!({"key": BASE64.encode(prefix), "range_end": BASE64.encode(&end)});
        self.ask("deleterange", &range).await.map(drop)
    }

    async fn ask(&self, what: &str, body: &Value) -> Result<Value> {
        let doing = || format!("etcd {what}");
        let request = self.http.post(format!("{}/v3/kv/{what}", self.url)).body(body.to_string());
        let answer = request.send().await.context(doing())?;
        let status = answer.status();
        let text = answer.text().await.context(doing())?;
        if !status.is_success() {
            return Err(Error::new(format!("{}: {status}: {text}", doing())));
        }
        serde_json::from_str(&text).context(doing())
    }
}
