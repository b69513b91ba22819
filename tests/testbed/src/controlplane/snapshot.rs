//! The contents of etcd, copied and restored.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::ControlPlane;
use crate::components::file;
use crate::error::{Context, Error, Result};
use crate::files;

impl ControlPlane {
    /// Copies the contents of etcd to `into`, which must not exist: the state of one moment, as a power cut would leave it.
    /// etcd stands still meanwhile. Not in an existing cluster.
    pub fn snapshot(&mut self, into: &Path) -> Result<()> {
        let data = self.dir().join(file::ETCD_DATA);
        let etcd = self.processes.iter_mut().find(|process| process.name() == "etcd");
        let etcd = etcd.ok_or_else(|| Error::new("there is no etcd of ours to copy"))?;
        etcd.freeze()?;
        let copied = files::copy(&data, into);
        etcd.thaw()?;
        copied
    }

    /// Goes back to a [snapshot](Self::snapshot), of this control plane or of one that is then copied: everything is
    /// stopped, and started again where it was. Watches continue as after a restart of the API server.
    ///
    /// Revisions are counted from the snapshot on, as after `etcdutl snapshot restore`; with `ahead` they go on beyond that
    /// many more, and the earlier ones count as compacted, as after `--bump-revision <ahead> --mark-compacted`.
    pub async fn restore(&mut self, snapshot: &Path, ahead: u32) -> Result<()> {
        self.stop_processes()?;
        let data = self.dir().join(file::ETCD_DATA);
        fs::remove_dir_all(&data).context("making room for the snapshot")?;
        files::copy(snapshot, &data)?;
        self.start_processes(ahead).await
    }
}

/// Skips this number of revisions and forgets those before: a request for one of them gets the answer that it is compacted.
pub(super) async fn skip(etcd: &str, count: u32) -> Result<()> {
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
