//! Keeps an operator running, as a kubelet does: it starts an operator that ended again.

use std::path::PathBuf;

use testbed::{Operator, OperatorOptions, Ports, Result, Session};
use tokio::time::Instant;

/// One operator process at a time.
pub struct Keeper {
    options: OperatorOptions,
    operator: Option<Operator>,
    /// How often one ended by itself or was killed.
    pub ends: u32,
    /// When that was last.
    pub ended: Option<Instant>,
}

impl Keeper {
    /// Keeps operators with these options; none runs yet.
    pub fn new(bin: PathBuf, kubeconfig: PathBuf, env: Vec<(String, String)>, log: PathBuf) -> Self {
        let options = OperatorOptions { bin, kubeconfig, env, log, session: Session::Shared };
        Self { options, operator: None, ends: 0, ended: None }
    }

    /// Changes the environment of the next start.
    pub fn set(&mut self, key: &str, value: &str) {
        self.options.env.retain(|(name, _)| name != key);
        self.options.env.push((key.to_owned(), value.to_owned()));
    }

    /// Starts one that dies at this point, if one is given. Does not wait.
    pub fn launch(&mut self, crash: Option<&str>) -> Result<()> {
        let mut options = self.options.clone();
        options.env.extend(crash.map(|point| ("DATASET_OPERATOR_CRASH".to_owned(), point.to_owned())));
        self.operator = Some(Operator::launch(&options, Ports::free()?)?);
        Ok(())
    }

    /// Whether one is kept.
    pub fn is_running(&self) -> bool {
        self.operator.is_some()
    }

    /// Starts it again if it has ended.
    pub fn look(&mut self) -> Result<()> {
        let Some(operator) = self.operator.as_mut() else { return Ok(()) };
        if operator.exited()?.is_some() {
            self.note();
            self.launch(None)?;
        }
        Ok(())
    }

    /// Whether it has ended; none is kept then.
    pub fn has_ended(&mut self) -> Result<bool> {
        let Some(operator) = self.operator.as_mut() else { return Ok(true) };
        if operator.exited()?.is_none() {
            return Ok(false);
        }
        self.operator = None;
        self.note();
        Ok(true)
    }

    /// SIGKILL, and the next one.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(operator) = self.operator.take() {
            operator.kill()?;
            self.note();
        }
        self.launch(None)
    }

    /// SIGKILL, and none for now.
    pub fn leave(&mut self) -> Result<()> {
        match self.operator.take() {
            Some(operator) => operator.kill().map(drop),
            None => Ok(()),
        }
    }

    /// SIGTERM, the clean end, and none for now.
    pub async fn stop(&mut self) -> Result<()> {
        match self.operator.take() {
            Some(operator) => operator.stop().await.map(drop),
            None => Ok(()),
        }
    }

    /// Where its metrics are.
    pub fn metrics_url(&self) -> Option<String> {
        self.operator.as_ref().map(Operator::metrics_url)
    }

    /// All that its processes said.
    pub fn said(&self) -> String {
        std::fs::read(&self.options.log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// The end of it.
    pub fn log_tail(&self, lines: usize) -> String {
        testbed::tail(&self.options.log, lines)
    }

    fn note(&mut self) {
        self.ends += 1;
        self.ended = Some(Instant::now());
    }
}
