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
use testbed::{Audit, Context, ControlPlane, Error, NAMESPACE, Options, Result, SERVICE_ACCOUNT};

/// The owner domain of the operators under test.
pub const DOMAIN: &str = "matrix";

/// The control plane of a bed.
enum Plane {
    Shared(&'static ControlPlane),
    Own(Box<ControlPlane>),
}

/// The parts that all cells share.
pub struct Bed {
    plane: Plane,
    /// The administrator's client, which goes through no proxy.
    pub client: Client,
    /// The operator's kubeconfig as it is without a proxy.
    kubeconfig: Value,
    /// The way to the API server.
    pub upstream: Upstream,
    /// What the proxies before the API server show.
    pub certificate: Certificate,
    /// The program whose `run` is the operator.
    pub operator: PathBuf,
}

impl Bed {
    /// On the control plane that this process shares.
    pub async fn shared(operator: &Path) -> Result<Self> {
        Self::on(Plane::Shared(ControlPlane::shared().await?), operator).await
    }

    /// On a control plane of its own, for operators that look after all namespaces.
    pub async fn alone(operator: &Path) -> Result<Self> {
        let plane = ControlPlane::start(Options::default()).await?;
        testbed::install(&plane.client().await?).await?;
        Self::on(Plane::Own(Box::new(plane)), operator).await
    }

    async fn on(plane: Plane, operator: &Path) -> Result<Self> {
        let control: &ControlPlane = match &plane {
            Plane::Shared(plane) => plane,
            Plane::Own(plane) => plane,
        };
        let client = control.client().await?;
        let path = control.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT).await?;
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

    fn control(&self) -> &ControlPlane {
        match &self.plane {
            Plane::Shared(plane) => plane,
            Plane::Own(plane) => plane,
        }
    }

    /// The audit log of the API server.
    pub fn audit(&self) -> Result<Audit> {
        self.control().audit().ok_or_else(|| Error::new("this control plane keeps no audit log"))
    }

    /// Writes the operator's kubeconfig for an API server that is reached at `address`.
    pub fn kubeconfig_by(&self, address: SocketAddr, into: &Path) -> Result<()> {
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
pub fn domain_mark() -> String {
    let identity = Identity::new(&[DOMAIN.to_owned()], &[], "");
    identity.domains().first().cloned().unwrap_or_default()
}
