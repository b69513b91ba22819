//! `CLUSTER=yes`: the demo on the cluster that the user's kubectl speaks to.

use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::Api;
use kube::config::Kubeconfig;
use testbed::{Context, ControlPlane, Error, NAMESPACE, Result};

/// The cluster of the user's `KUBECONFIG`, if nothing there could be mistaken for the demo's.
pub(crate) async fn users() -> Result<ControlPlane> {
    let plane = ControlPlane::existing(&current_context()?)?;
    refuse_if_installed(&plane.client().await?).await?;
    Ok(plane)
}

/// The current context as one self-contained file, whatever `KUBECONFIG` is made of.
fn current_context() -> Result<Kubeconfig> {
    let output = Command::new("kubectl")
        .args(["config", "view", "--raw", "--flatten", "--minify"])
        .stdin(Stdio::null())
        .output()
        .context("CLUSTER=yes needs a kubectl in PATH")?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Kubeconfig::from_yaml(&text).context("reading the kubeconfig");
    }
    Err(Error::new(format!("kubectl config view: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
}

/// An operator at work there would make the demo's datasets in a real account, and the demo removes what it
/// installs: both are harmless only where nothing was before.
async fn refuse_if_installed(client: &Client) -> Result<()> {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let crd = crds.get_opt("datasets.pai.dataset-operator.dev").await.context("looking for CRDs")?;
    let namespace = namespaces.get_opt(NAMESPACE).await.context("looking for the namespace")?;
    if crd.is_none() && namespace.is_none() {
        return Ok(());
    }
    Err(Error::new(
        "this cluster has dataset-operator's CRDs or namespace already. The demo installs its own and removes them \
         again, so it needs a cluster without (`kubectl delete -k crds` removes them, and every \
         Dataset with them)",
    ))
}
