//! The parts that all cells share: one control plane, the connection to it, and the operator's program.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use dataset_operator::remote::mark::Identity;
use kube::Client;
use serde_json::{Value, json};
use testbed::proxy::{Certificate, Upstream};
use testbed::{Audit, Context, ControlPlane, Error, NAMESPACE, Result, SERVICE_ACCOUNT};

/// The owner domain of the operators under test.
pub(crate) const DOMAIN: &str = "matrix";

/// The parts that all cells share.
pub struct Bed {
    plane: &'static ControlPlane,
    /// The administrator's client, which goes through no proxy.
    pub(crate) client: Client,
    /// The operator's kubeconfig as it is without a proxy.
    kubeconfig: Value,
    /// The way to the API server.
    pub(crate) upstream: Upstream,
    /// What the proxies show.
    pub(crate) certificate: Certificate,
    /// The program whose `run` is the operator.
    pub(crate) operator: PathBuf,
}

impl Bed {
    /// On the control plane that this process shares.
    pub async fn shared(operator: &Path) -> Result<Self> {
        let plane = ControlPlane::shared().await?;
        let client = plane.client().await?;
        let path = plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT).await?;
        let text = fs::read(&path).context("reading the operator's kubeconfig")?;
        let kubeconfig: Value = serde_json::from_slice(&text).context("reading the operator's kubeconfig")?;
        let cluster = &kubeconfig["clusters"][0]["cluster"];
        let server = cluster["server"].as_str().unwrap_or_default().trim_start_matches("https://");
        let address: SocketAddr = server.trim_end_matches('/').parse().context("the API server's address")?;
        let authority = cluster["certificate-authority-data"].as_str().unwrap_or_default();
        let authority = BASE64.decode(authority).context("the API server's authority")?;
        let upstream = Upstream::tls(address, &authority)?;
        let certificate = Certificate::new()?;
        Ok(Self { plane, client, kubeconfig, upstream, certificate, operator: operator.to_owned() })
    }

    /// The audit log of the API server.
    pub(crate) fn audit(&self) -> Result<Audit> {
        self.plane.audit().ok_or_else(|| Error::new("this control plane keeps no audit log"))
    }

    /// Writes the operator's kubeconfig for an API server that is reached at `address`.
    pub(crate) fn kubeconfig_by(&self, address: SocketAddr, into: &Path) -> Result<()> {
        let mut config = self.kubeconfig.clone();
        config["clusters"][0]["cluster"] = json!({
            "server": format!("https://{address}"),
            "certificate-authority-data": BASE64.encode(&self.certificate.pem),
        });
        // The operator's own namespace, as it has it in a cluster.
        config["contexts"][0]["context"]["namespace"] = json!(NAMESPACE);
        fs::write(into, config.to_string()).context("writing a kubeconfig")
    }
}

/// The value of `dso-domain` on all remotes of the operators under test; sweeps ask for it.
pub(crate) fn domain_mark() -> String {
    let identity = Identity::new(&[DOMAIN.to_owned()], &[], "");
    identity.domains().first().cloned().unwrap_or_default()
}
