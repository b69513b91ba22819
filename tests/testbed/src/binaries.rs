//! Where the control plane's programs come from.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};

/// Names a directory that has prebuilt `etcd`, `kube-apiserver` and `kubectl`, as other projects'
/// test tools do.
pub const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The programs of a control plane.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) etcd: PathBuf,
    pub(crate) apiserver: PathBuf,
    /// Prebuilt sets usually come without one: namespaces are then never emptied.
    pub(crate) controller_manager: Option<PathBuf>,
    pub(crate) kubectl: PathBuf,
}

impl Binaries {
    /// Those of [`ASSETS`], or else this repository's own, built if they are missing (minutes, the
    /// first time; the build says so on standard error).
    pub(crate) fn find() -> Result<Self> {
        let directory = match env::var_os(ASSETS) {
            Some(directory) if !directory.is_empty() => PathBuf::from(directory),
            Some(_) | None => build()?,
        };
        let program = |name: &str| {
            let path = directory.join(name);
            if path.exists() {
                return Ok(path);
            }
            Err(Error::new(format!("there is no {}", path.display())))
        };
        Ok(Self {
            etcd: program("etcd")?,
            apiserver: program("kube-apiserver")?,
            controller_manager: program("kube-controller-manager").ok(),
            kubectl: program("kubectl")?,
        })
    }
}

/// Runs `tests/controlplane/build` and returns the directory of what it made.
fn build() -> Result<PathBuf> {
    let script = repository().join("tests/controlplane/build");
    let output = Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(format!("running {}", script.display()))?;
    if !output.status.success() {
        return Err(Error::new(format!("{} failed", script.display())));
    }
    let binary = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    binary.parent().map(Path::to_owned).ok_or_else(|| Error::new("the build named no binary"))
}

/// The root of the repository that this harness was built from.
pub fn repository() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}
