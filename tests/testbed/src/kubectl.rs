//! kubectl, as a user would call it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::{Context, Error, Result};

/// kubectl with one kubeconfig. It waits without blocking the runtime: what it waits for may be
/// served by the same one.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// `program` (looked up in `PATH` if it is a bare name) with `kubeconfig`.
    pub fn new(program: &Path, kubeconfig: &Path) -> Self {
        Self { program: program.to_owned(), kubeconfig: kubeconfig.to_owned() }
    }

    /// The program, to show or to hand on.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs it and returns its standard output; fails with its standard error.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with(arguments, "").await
    }

    /// The same with `input` on its standard input, as in `kubectl apply -f -`.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        let what = format!("kubectl {}", arguments.join(" "));
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context(&what)?;
        if let Some(mut pipe) = child.stdin.take() {
            // If kubectl ended early, its own message says why.
            let _ = pipe.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await.context(&what)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("{what}: {}", said.trim_end())))
    }
}
