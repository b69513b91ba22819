//! Kubeconfig files: the credentials for calls to the apiserver.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::error::{Context, Error, Result};
use crate::pki::Pair;

/// How long a `ServiceAccount`'s token is good for.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// A kubeconfig for a client certificate.
pub(crate) fn of_certificate(server: &str, authority: &str, user: &Pair) -> Value {
    assemble(
        &json!({
            "server": server,
            "certificate-authority-data": BASE64.encode(authority),
        }),
        &json!({
            "client-certificate-data": BASE64.encode(&user.certificate),
            "client-key-data": BASE64.encode(&user.key),
        }),
    )
}

fn assemble(cluster: &Value, user: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "testbed", "user": user}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
        "current-context": "testbed",
    })
}

/// Writes `text` to a file that only this user can read. Another process that reads or writes the file at the same time
/// never sees a half-written file.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{count}", std::process::id()));
    // Never into an older file: that one would keep its own permissions.
    let _ = fs::remove_file(&draft);
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes())).and_then(|()| fs::rename(&draft, path));
    written.context(format!("writing {}", path.display()))
}

/// Writes a kubeconfig (JSON, which is YAML).
pub(crate) fn write(path: &Path, kubeconfig: &Value) -> Result<()> {
    write_private(path, &format!("{kubeconfig:#}\n"))
}

/// A client for the current context of a kubeconfig file. It retries nothing by itself: a test
/// that counts calls must know how many it made.
pub async fn client(path: &Path) -> Result<Client> {
    let what = || format!("using {}", path.display());
    let kubeconfig = Kubeconfig::read_from(path).context(what())?;
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.context(what())?;
    config.default_retry = false;
    Client::try_from(config).context(what())
}

/// Writes `into` a kubeconfig that acts as a `ServiceAccount` of the cluster of `admin`, by a token
/// from the `TokenRequest` API that lasts 24 hours.
pub async fn for_service_account(admin: &Path, namespace: &str, name: &str, into: &Path) -> Result<PathBuf> {
    let token = request_token(admin, namespace, name).await?;
    let cluster = current_cluster(admin)?;
    write(into, &assemble(&cluster, &json!({"token": token})))?;
    Ok(into.to_owned())
}

async fn request_token(admin: &Path, namespace: &str, name: &str) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client(admin).await?, namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() },
        ..TokenRequest::default()
    };
    let what = format!("asking for a token of {namespace}/{name}");
    let params = PostParams::default();
    let answer = accounts.create_subresource("token", name, &params, &request).await;
    let answer: TokenRequest = answer.context(&what)?;
    let status = answer.status.ok_or_else(|| Error::new(format!("{what}: none came")))?;
    Ok(status.token)
}

/// The `cluster` member of the current context, with its authority inline.
fn current_cluster(path: &Path) -> Result<Value> {
    let what = || format!("reading {}", path.display());
    let kubeconfig = Kubeconfig::read_from(path).context(what())?;
    let name = kubeconfig.current_context.unwrap_or_default();
    let context = kubeconfig.contexts.iter().find(|context| context.name == name);
    let cluster = context
        .and_then(|context| context.context.as_ref())
        .map(|context| context.cluster.as_str())
        .and_then(|name| kubeconfig.clusters.iter().find(|cluster| cluster.name == name))
        .and_then(|cluster| cluster.cluster.as_ref())
        .ok_or_else(|| Error::new(format!("{} has no current cluster", path.display())))?;
    serde_json::to_value(cluster).context(what())
}
