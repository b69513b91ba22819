//! The operator's kinds as plain JSON objects: the harness shares no type with the operator.

use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};

use crate::error::{Context, Result};

const VERSION: &str = "v1alpha1";

/// The API group of a kind.
fn group(kind: &str) -> &'static str {
    match kind {
        "MediaDataset" => "imm.dataset-operator.dev",
        "ProviderConfig" | "ClusterProviderConfig" => "dataset-operator.dev",
        _ => "pai.dataset-operator.dev",
    }
}

/// The `apiVersion` of objects of this kind.
#[must_use]
pub fn api_version(kind: &str) -> String {
    format!("{}/{VERSION}", group(kind))
}

/// The `Dataset` objects of a namespace.
pub fn datasets(client: &Client, namespace: &str) -> Api<DynamicObject> {
    objects(client, namespace, "Dataset")
}

/// The `DatasetVersion` objects of a namespace.
pub fn dataset_versions(client: &Client, namespace: &str) -> Api<DynamicObject> {
    objects(client, namespace, "DatasetVersion")
}

/// The `MediaDataset` objects of a namespace.
pub fn media_datasets(client: &Client, namespace: &str) -> Api<DynamicObject> {
    objects(client, namespace, "MediaDataset")
}

/// The objects of this kind in a namespace.
pub fn objects(client: &Client, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group(kind), VERSION, kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// Makes a namespace whose name begins with `prefix` and was never used before, so that stories
/// can share a cluster.
pub async fn new_namespace(client: &Client, prefix: &str) -> Result<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_millisecond();
    let name = format!("{prefix}-{now:x}-{}-{count}", std::process::id());
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.clone());
    let api: Api<Namespace> = Api::all(client.clone());
    let made = api.create(&PostParams::default(), &namespace).await;
    made.context(format!("making namespace {name}"))?;
    Ok(name)
}
