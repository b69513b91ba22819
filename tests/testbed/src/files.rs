//! The files of a control plane: what it needs before it starts, and copies of what it stored.

use std::fs;
use std::path::Path;

use crate::components::{self, HOST, file};
use crate::error::{Context, Result};
use crate::kubeconfig;
use crate::pki::{Authority, service_account_key};

/// Writes certificates, keys, kubeconfigs and the audit policy.
pub(crate) fn prepare(dir: &Path, port: u16) -> Result<()> {
    fs::create_dir_all(dir).context(format!("making {}", dir.display()))?;
    // What an attempt that lost its port left behind.
    let _ = fs::remove_dir_all(dir.join(file::ETCD_DATA));
    let authority = Authority::new()?;
    let server = authority.server(&[HOST, "localhost", "kubernetes.default.svc", "10.0.0.1"])?;
    let (token_key, token_public) = service_account_key()?;
    for (name, text) in [
        (file::AUTHORITY, authority.pem()),
        (file::SERVER_CERTIFICATE, server.certificate),
        (file::SERVER_KEY, server.key),
        (file::TOKEN_KEY, token_key),
        (file::TOKEN_PUBLIC, token_public),
        (file::AUDIT_POLICY, components::AUDIT_POLICY.to_owned()),
    ] {
        kubeconfig::write_private(&dir.join(name), &text)?;
    }
    let url = format!("https://{HOST}:{port}");
    for (name, user, group) in [
        (file::ADMIN, "admin", Some("system:masters")),
        (file::CONTROLLER_MANAGER, "system:kube-controller-manager", None),
    ] {
        let pair = authority.client(user, group)?;
        let config = kubeconfig::of_certificate(&url, &authority.pem(), &pair);
        kubeconfig::write(&dir.join(name), &config)?;
    }
    Ok(())
}

/// Copies a directory and all in it to `into`, which must not exist.
pub(crate) fn copy(from: &Path, into: &Path) -> Result<()> {
    let what = || format!("copying {} to {}", from.display(), into.display());
    fs::create_dir(into).context(what())?;
    for entry in fs::read_dir(from).context(what())? {
        let entry = entry.context(what())?;
        let (old, new) = (entry.path(), into.join(entry.file_name()));
        if entry.file_type().context(what())?.is_dir() {
            copy(&old, &new)?;
        } else {
            fs::copy(&old, &new).context(what())?;
        }
    }
    Ok(())
}
