//! The operator under test, as its own process.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::Instant;

use crate::controlplane::install_tls_provider;
use crate::error::{Context, Error, Result};
use crate::ports;
use crate::process::{GLANCE, OnDrop, Process, Session, tail};

/// Short times for tests and the demo, which the emulator's defaults respect.
pub const SHORT_TIMES: [(&str, &str); 5] = [
    ("DATASET_OPERATOR_SETTLE_TIME", "6s"),
    ("DATASET_OPERATOR_SEND_DEADLINE", "1s"),
    ("DATASET_OPERATOR_REQUEST_TIMEOUT", "3s"),
    ("DATASET_OPERATOR_LIST_LAG", "1s"),
    // One that was killed leaves its lease, and the next would wait for its end.
    ("DATASET_OPERATOR_LEADER_ELECT", "false"),
];

const READY_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A running operator. Dropping it kills it (SIGKILL). For a clean end call
/// [`Operator::stop`], which does not block the runtime that may serve its last requests.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    ports: Ports,
}

/// The loopback ports an operator serves on.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// `/metrics`.
    pub metrics: u16,
    /// `/healthz` and `/readyz`.
    pub health: u16,
}

impl Ports {
    /// Two that are free now.
    pub fn free() -> Result<Self> {
        Ok(Self { metrics: ports::free()?, health: ports::free()? })
    }

    /// The environment that tells an operator to serve there.
    pub fn env(self) -> [(&'static str, String); 2] {
        [
            ("DATASET_OPERATOR_METRICS_ADDR", format!("127.0.0.1:{}", self.metrics)),
            ("DATASET_OPERATOR_HEALTH_ADDR", format!("127.0.0.1:{}", self.health)),
        ]
    }
}

/// How to start an operator.
#[derive(Clone, Debug)]
pub struct OperatorOptions {
    /// The `dataset-operator` binary.
    pub bin: PathBuf,
    /// The kubeconfig that it uses.
    pub kubeconfig: PathBuf,
    /// Its whole configuration, `DATASET_OPERATOR_*` and credentials; [`SHORT_TIMES`] come first,
    /// so a value here wins. Nothing else of this process's environment reaches it but `PATH`.
    pub env: Vec<(String, String)>,
    /// Where its output is appended.
    pub log: PathBuf,
    /// Whether it can stay when the terminal goes.
    pub session: Session,
}

impl Operator {
    /// Starts `bin run` with free ports and waits until it has started: `/readyz` is positive, or only answers of the cloud
    /// are missing.
    pub async fn start(options: &OperatorOptions) -> Result<Self> {
        Self::start_on(options, Ports::free()?).await
    }

    /// The same on these ports.
    pub async fn start_on(options: &OperatorOptions, ports: Ports) -> Result<Self> {
        let mut operator = Self::launch(options, ports)?;
        operator.until_started(READY_TIMEOUT).await?;
        Ok(operator)
    }

    /// Starts it on these ports, without waiting.
    pub fn launch(options: &OperatorOptions, ports: Ports) -> Result<Self> {
        let kubeconfig = options.kubeconfig.display().to_string();
        let fixed = SHORT_TIMES.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let log_format = ("DATASET_OPERATOR_LOG_FORMAT".to_owned(), "json".to_owned());
        // As the Deployment has it.
        let purge = ("MIMALLOC_PURGE_DELAY".to_owned(), "0".to_owned());
        let env: Vec<(String, String)> = fixed
            .into_iter()
            .chain([("KUBECONFIG".to_owned(), kubeconfig), log_format, purge])
            .chain(ports.env().map(|(key, value)| (key.to_owned(), value)))
            .chain(passed_on())
            .chain(options.env.iter().cloned())
            .collect();
        let arguments = ["run".to_owned()];
        let (bin, log) = (&options.bin, &options.log);
        let process = Process::spawn("operator", bin, &arguments, &env, log, options.session)?;
        Ok(Self { process: process.on_drop(OnDrop::Kill), ports })
    }

    /// Waits until it watches its objects, whether the cloud lets it in or not; fails early with its log if it ends.
    pub async fn until_started(&mut self, timeout: Duration) -> Result<()> {
        let url = format!("{}/readyz", self.health_url());
        let of_the_cloud = |line: &str| line.starts_with("credentials: ") || line.starts_with("workspace ");
        let started = |status: StatusCode, body: &str| {
            status.is_success() || body.starts_with("not ready\n") && body.lines().skip(1).all(of_the_cloud)
        };
        until(&mut self.process, &url, timeout, started).await
    }

    /// What `/readyz` answers.
    pub async fn readiness(&self) -> Result<(StatusCode, String)> {
        ask(&format!("{}/readyz", self.health_url())).await.context("asking for readiness")
    }

    /// `http://127.0.0.1:PORT/metrics`.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.ports.metrics)
    }

    /// The base of `/healthz` and `/readyz`.
    pub fn health_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.health)
    }

    /// The file that has its output.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// The last `lines` of its output.
    pub fn log_tail(&self, lines: usize) -> String {
        tail(self.log(), lines)
    }

    /// The process, for its name and id.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.process.exited()
    }

    /// SIGTERM, then waits for the clean end; an error if it takes more than 30 seconds.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        self.process.ask_to_end()?;
        let deadline = Instant::now() + STOP_PATIENCE;
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                let said = self.log_tail(20);
                return Err(Error::new(format!("the operator does not end:\n{said}")));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// SIGSTOP, and returns once it stands still.
    pub fn freeze(&mut self) -> Result<()> {
        self.process.freeze()
    }

    /// SIGCONT.
    pub fn thaw(&mut self) -> Result<()> {
        self.process.thaw()
    }

    /// SIGKILL, as a crash.
    pub fn kill(mut self) -> Result<ExitStatus> {
        self.process.kill()
    }

    /// Lets it stay when this process ends.
    pub fn detach(self) -> Result<()> {
        self.process.detach()
    }
}

/// Passes the developer's log settings on to the operator.
fn passed_on() -> impl Iterator<Item = (String, String)> {
    ["RUST_LOG", "RUST_BACKTRACE"].into_iter().filter_map(|key| Some((key.to_owned(), std::env::var(key).ok()?)))
}

/// Waits until `url` answers with a success; fails early if the process that serves it ends.
pub(crate) async fn until_ok(process: &mut Process, url: &str, timeout: Duration) -> Result<()> {
    until(process, url, timeout, |status, _| status.is_success()).await
}

async fn until(
    process: &mut Process,
    url: &str,
    timeout: Duration,
    done: impl Fn(StatusCode, &str) -> bool,
) -> Result<()> {
    let deadline = Instant::now() + timeout;
    loop {
        if ask(url).await.is_ok_and(|(status, body)| done(status, &body)) {
            return Ok(());
        }
        let ended = process.exited()?;
        if ended.is_some() || Instant::now() >= deadline {
            let how = ended.map_or("is not ready".to_owned(), |status| format!("ended, {status}"));
            let said = process.log_tail(20);
            return Err(Error::new(format!("{} {how}:\n{said}", process.name())));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn ask(url: &str) -> reqwest::Result<(StatusCode, String)> {
    install_tls_provider();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build()?;
    let answer = client.get(url).send().await?;
    Ok((answer.status(), answer.text().await?))
}
