//! How each program of the control plane is called.

use std::path::Path;

/// Programs talk to each other on loopback only.
pub(crate) const HOST: &str = "127.0.0.1";

/// Every request is recorded at metadata level when its answer is complete, except health
/// checks.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    nonResourceURLs: [/healthz*, /livez*, /readyz*]
  - level: Metadata
";

/// Names of the files in a control plane's directory.
pub(crate) mod file {
    pub(crate) const ADMIN: &str = "admin.kubeconfig";
    pub(crate) const AUDIT_LOG: &str = "audit.log";
    pub(crate) const AUDIT_POLICY: &str = "audit-policy.yaml";
    pub(crate) const AUTHORITY: &str = "ca.crt";
    pub(crate) const CONTROLLER_MANAGER: &str = "controller-manager.kubeconfig";
    pub(crate) const ETCD_DATA: &str = "etcd";
    pub(crate) const SERVER_CERTIFICATE: &str = "apiserver.crt";
    pub(crate) const SERVER_KEY: &str = "apiserver.key";
    pub(crate) const TOKEN_KEY: &str = "service-account.key";
    pub(crate) const TOKEN_PUBLIC: &str = "service-account.pub";
}

fn at(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

/// One member, no waiting for the disk: the data lives as long as the test.
pub(crate) fn etcd(dir: &Path, port: u16) -> Vec<String> {
    vec![
        format!("--data-dir={}", at(dir, file::ETCD_DATA)),
        format!("--listen-client-urls=http://{HOST}:{port}"),
        format!("--advertise-client-urls=http://{HOST}:{port}"),
        format!("--listen-peer-urls=http://{HOST}:0"),
        "--unsafe-no-fsync=true".to_owned(),
    ]
}

/// RBAC on; if wanted, audit in blocking mode into one file that is never rotated.
pub(crate) fn apiserver(dir: &Path, etcd: u16, port: u16, audit: Option<&Path>) -> Vec<String> {
    let mut arguments = vec![
        format!("--etcd-servers=http://{HOST}:{etcd}"),
        format!("--bind-address={HOST}"),
        format!("--advertise-address={HOST}"),
        format!("--secure-port={port}"),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--tls-cert-file={}", at(dir, file::SERVER_CERTIFICATE)),
        format!("--tls-private-key-file={}", at(dir, file::SERVER_KEY)),
        format!("--client-ca-file={}", at(dir, file::AUTHORITY)),
        "--authorization-mode=Node,RBAC".to_owned(),
        format!("--service-account-issuer=https://{HOST}:{port}"),
        format!("--service-account-key-file={}", at(dir, file::TOKEN_PUBLIC)),
        format!("--service-account-signing-key-file={}", at(dir, file::TOKEN_KEY)),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--event-ttl=15m".to_owned(),
        "--profiling=false".to_owned(),
    ];
    if let Some(log) = audit {
        arguments.extend([
            format!("--audit-policy-file={}", at(dir, file::AUDIT_POLICY)),
            format!("--audit-log-path={}", log.display()),
            "--audit-log-mode=blocking".to_owned(),
            // Megabytes. Zero would mean "never" only to the newest apiservers.
            "--audit-log-maxsize=1000000".to_owned(),
        ]);
    }
    arguments
}

/// The controllers that every cluster needs. Each acts as its own
/// `ServiceAccount`: with one certificate for all, RBAC would forbid them their work.
pub(crate) fn controller_manager(dir: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", at(dir, file::CONTROLLER_MANAGER)),
        "--use-service-account-credentials=true".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        format!("--root-ca-file={}", at(dir, file::AUTHORITY)),
        format!("--service-account-private-key-file={}", at(dir, file::TOKEN_KEY)),
        "--controllers=garbage-collector-controller,namespace-controller,\
         serviceaccount-controller,root-ca-certificate-publisher-controller"
            .to_owned(),
    ]
}
