//! `testbed cluster`: a control plane in the foreground, for trying things by hand.

use std::future::pending;

use testbed::{ControlPlane, Options, Result, install};

/// Starts it, installs CRDs and RBAC, names the kubeconfig on standard output and stays.
pub(crate) async fn run() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    install(&plane.client().await?).await?;
    println!("KUBECONFIG={}", plane.kubeconfig().display());
    pending().await
}
