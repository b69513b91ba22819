//! Keeps an operator running, as a kubelet does: it starts an operator that ended again.

use std::path::PathBuf;

use testbed::{Operator, OperatorOptions, Ports, Result, Session};
use tokio::time::Instant;

/// One operator process at a time.
pub(crate) struct Keeper {
    options: OperatorOptions,
    operator: Option<Operator>,
    /// When each of its processes began.
    pub(crate) lives: Vec<Instant>,
    /// When that was last.
    pub(crate) ended: Option<Instant>,
}

impl Keeper {
    /// Keeps operators with these options; none runs yet.
    pub(crate) fn new(bin: PathBuf, kubeconfig: PathBuf, env: Vec<(String, String)>, log: PathBuf) -> Self {
        let options = OperatorOptions { bin, kubeconfig, env, log, session: Session::Shared };
        Self { options, operator: None, lives: Vec::new(), ended: None }
    }

    /// Starts one that dies at this point, if one is given. Does not wait.
    pub(crate) fn launch(&mut self, crash: Option<&str>) -> Result<()> {
        let mut options = self.options.clone();
        options.env.extend(crash.map(|point| ("DATASET_OPERATOR_CRASH".to_owned(), point.to_owned())));
        self.lives.push(Instant::now());
        self.operator = Some(Operator::launch(&options, Ports::free()?)?);
        Ok(())
    }

    /// Starts it again if it has ended.
    pub(crate) fn look(&mut self) -> Result<()> {
        let Some(operator) = self.operator.as_mut() else { return Ok(()) };
        if operator.exited()?.is_some() {
            self.note();
            self.launch(None)?;
        }
        Ok(())
    }

    /// Whether it has ended; none is kept then.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        let Some(operator) = self.operator.as_mut() else { return Ok(true) };
        if operator.exited()?.is_none() {
            return Ok(false);
        }
        self.operator = None;
        self.note();
        Ok(true)
    }

    /// SIGKILL, and the next one.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(operator) = self.operator.take() {
            operator.kill()?;
            self.note();
        }
        self.launch(None)
    }

    /// SIGTERM, the clean end, and none for now.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self.operator.take() {
            Some(operator) => operator.stop().await.map(drop),
            None => Ok(()),
        }
    }

    /// All that its processes said.
    pub(crate) fn said(&self) -> String {
        std::fs::read(&self.options.log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// The end of it.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        testbed::tail(&self.options.log, lines)
    }

    fn note(&mut self) {
        self.ended = Some(Instant::now());
    }
}
