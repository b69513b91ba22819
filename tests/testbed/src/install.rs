//! Installs what a release ships: CRDs, namespace, `ServiceAccount` and RBAC, from their own files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::binaries::repository;
use crate::error::{Context, Error, Result};
use crate::objects::{dataset_versions, datasets};
use crate::wait;

/// The operator's namespace.
pub const NAMESPACE: &str = "dataset-operator-system";
/// The operator's `ServiceAccount`.
pub const SERVICE_ACCOUNT: &str = "dataset-operator";

/// In this order; the Deployment is left out, as the operator under test runs beside the cluster.
const BASE: [&str; 5] = ["namespace.yaml", "service-account.yaml", "rbac.yaml", "user-roles.yaml", "rights.yaml"];

/// Applies the shipped files and waits until the CRDs are established and their objects can be listed: the API server
/// answers 429 for a moment, while the storage of a new definition starts.
pub async fn install(client: &Client) -> Result<()> {
    let mut crds = Vec::new();
    for object in shipped()? {
        if object.types.as_ref().is_some_and(|t| t.kind == "CustomResourceDefinition") {
            crds.push(object.metadata.name.clone().unwrap_or_default());
        }
        apply(client, &object).await?;
    }
    for name in crds {
        until_established(client, &name).await?;
    }
    let wait = wait::Wait::new(Duration::from_secs(30));
    for objects in [datasets(client, NAMESPACE), dataset_versions(client, NAMESPACE)] {
        let listed = async || match objects.list(&ListParams::default()).await {
            Ok(_) => Ok(Some(())),
            Err(kube::Error::Api(status)) if status.code == 429 => Ok(None),
            Err(error) => Err(error).context("listing the objects of a new CRD"),
        };
        wait.until("a CRD that serves its objects", listed).await?;
    }
    Ok(())
}

/// Deletes what [`install`] applied, and the namespace `also` first; waits until the namespaces and CRDs are gone.
/// Objects of the CRDs go with them, without the operator and so without a call to the cloud: finalizers are removed.
pub async fn uninstall(client: &Client, also: &str) -> Result<()> {
    for objects in [datasets(client, also), dataset_versions(client, also)] {
        release(&objects).await?;
    }
    let namespace = DynamicObject::deserialize(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": also},
    }));
    let all = [namespace.context("naming a namespace")?].into_iter().chain(shipped()?.into_iter().rev());
    let all: Vec<DynamicObject> = all.collect();
    for object in &all {
        let (api, name) = api_of(client, object)?;
        delete(&api, name).await?;
    }
    let wait = wait::Wait::new(Duration::from_secs(120));
    for object in &all {
        let (api, name) = api_of(client, object)?;
        wait.gone(&api, name).await?;
    }
    Ok(())
}

/// Removes the finalizers of objects that a failed run left.
async fn release(objects: &Api<DynamicObject>) -> Result<()> {
    let listed = match objects.list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()), // The CRD never came.
        listed => listed.context("listing what is left")?,
    };
    for object in listed.items {
        let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        let name = object.metadata.name.unwrap_or_default();
        let patched = objects.patch(&name, &PatchParams::default(), &patch).await;
        patched.context(format!("releasing {name}"))?;
    }
    Ok(())
}

async fn delete(api: &Api<DynamicObject>, name: &str) -> Result<()> {
    match api.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        result => result.map(drop).context(format!("deleting {name}")),
    }
}

/// The contents of `deploy/kustomize/base`, except the parts that run in the cluster.
fn shipped() -> Result<Vec<DynamicObject>> {
    let base = repository().join("deploy/kustomize/base");
    let files = crd_files()?.into_iter().chain(BASE.map(|name| base.join(name)));
    let objects: Vec<Vec<DynamicObject>> = files.map(|file| read(&file)).collect::<Result<_>>()?;
    Ok(objects.into_iter().flatten().collect())
}

/// The generated CRD files, in the order of their names.
fn crd_files() -> Result<Vec<PathBuf>> {
    let dir = repository().join("crds");
    let what = format!("listing {}", dir.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&dir).context(&what)? {
        let path = entry.context(&what)?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml");
        if yaml && !path.ends_with("kustomization.yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every document of a YAML file.
pub fn read(path: &Path) -> Result<Vec<DynamicObject>> {
    let what = format!("reading {}", path.display());
    let text = fs::read_to_string(path).context(&what)?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).context(&what)?;
    let objects = documents.into_iter().filter(|document| !document.is_null());
    objects.map(|object| DynamicObject::deserialize(object).context(&what)).collect()
}

/// Server-side apply, as `kubectl apply --server-side --force-conflicts` does.
pub async fn apply(client: &Client, object: &DynamicObject) -> Result<DynamicObject> {
    let (api, name) = api_of(client, object)?;
    let params = PatchParams::apply("testbed").force();
    let applied = api.patch(name, &params, &Patch::Apply(object)).await;
    applied.context(format!("applying {name}"))
}

/// Lets the operator do what these rules say in a namespace, by a Role of this name.
pub async fn allow(client: &Client, namespace: &str, name: &str, rules: Value) -> Result<()> {
    let metadata = json!({"name": name, "namespace": namespace});
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules,
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": NAMESPACE}],
    });
    for object in [role, binding] {
        let object = DynamicObject::deserialize(object).context("writing a Role")?;
        apply(client, &object).await?;
    }
    Ok(())
}

/// Where an object belongs, by its kind and namespace.
fn api_of<'a>(client: &Client, object: &'a DynamicObject) -> Result<(Api<DynamicObject>, &'a str)> {
    let types = object.types.as_ref().ok_or_else(|| Error::new("an object without a kind"))?;
    let gvk = GroupVersionKind::try_from(types).context("reading a kind")?;
    let resource = ApiResource::from_gvk(&gvk);
    let api = match object.metadata.namespace.as_deref() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    Ok((api, object.metadata.name.as_deref().unwrap_or_default()))
}

async fn until_established(client: &Client, name: &str) -> Result<()> {
    let gvk = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let api = Api::all_with(client.clone(), &ApiResource::from_gvk(&gvk));
    let wait = wait::Wait::new(Duration::from_secs(30));
    let done =
        |crd: &DynamicObject| wait::condition(crd, "Established").is_some_and(|condition| condition.status == "True");
    wait.object(&api, name, "established", done).await.map(drop)
}
