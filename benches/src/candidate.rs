//! The candidates: whom the bench measures, and how each is started.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use testbed::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Context as _, Error, OnDrop, Operator, OperatorOptions, Ports, Process,
};
use testbed::{Result, Session, WORKSPACE, free_port};
use tokio::time::{Instant, sleep};

use crate::rig::Rig;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// One candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The operator as it is released.
    Ours,
    /// A bare loop around the same clients: what no operator can beat.
    Light,
    /// The emulator alone, which must never be what is measured.
    Emulator,
    /// The Go operator as its scaffold makes it.
    GoScaffold,
    /// The Go operator at its best.
    GoBest,
}

impl Candidate {
    /// Its name in raw results and on the page.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Light => "light",
            Self::Emulator => "emulator",
            Self::GoScaffold => "go-scaffold",
            Self::GoBest => "go-best",
        }
    }

    /// Its program among those that were built.
    const fn program(self) -> &'static str {
        match self {
            Self::Ours => "dataset-operator",
            Self::Light => "bench",
            Self::Emulator => "capacity",
            Self::GoScaffold | Self::GoBest => "controller-runtime",
        }
    }
}

/// How a candidate is configured, whichever it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// The account's limit that it is told.
    pub(crate) qps: u32,
    /// Time between comparisons with the cloud.
    pub(crate) resync: Duration,
    /// Whether it gives up on unanswered calls within seconds, so that faults can be seen through in a short run.
    pub(crate) impatient: bool,
    /// Whether replicas elect one of them.
    pub(crate) elects: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { qps: 100, resync: Duration::from_secs(600), impatient: false, elects: false }
    }
}

/// How hard the bare loop works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Its limit.
    pub(crate) qps: u32,
    /// Objects at the same time.
    pub(crate) workers: u32,
}

impl Pace {
    /// Under the usual limit, with twice as many workers as 150 ms keep busy.
    pub(crate) const BURST: Self = Self { qps: 100, workers: 32 };
    /// One object after the other, without waiting for a permit: what a create takes when nothing else goes on.
    pub(crate) const SINGLE: Self = Self { qps: 100_000, workers: 1 };
}

/// What the operator's flags say unless told otherwise; the harness of the tests would shorten them.
const PATIENT: [(&str, &str); 4] = [
    ("DATASET_OPERATOR_SETTLE_TIME", "120s"),
    ("DATASET_OPERATOR_SEND_DEADLINE", "10s"),
    ("DATASET_OPERATOR_REQUEST_TIMEOUT", "10s"),
    ("DATASET_OPERATOR_LIST_LAG", "5s"),
];

/// A candidate that runs. Dropping it kills it.
pub(crate) enum Subject {
    /// Ours.
    Operator(Operator),
    /// Any other.
    Program(Process),
}

impl Subject {
    /// Starts a candidate on `rig` against the cloud at `endpoint` without waiting for it.
    pub(crate) fn launch(
        candidate: Candidate,
        rig: &Rig,
        endpoint: &str,
        tuning: Tuning,
        log: &Path,
    ) -> Result<(Self, String)> {
        let program = rig.programs.path(candidate.program())?;
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut env = vec![
            pair("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
            pair("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ];
        let resync = format!("{}s", tuning.resync.as_secs());
        match candidate {
            Candidate::Ours => {
                env.extend([
                    pair("DATASET_OPERATOR_ENDPOINT", endpoint),
                    pair("DATASET_OPERATOR_IMM_ENDPOINT", endpoint),
                    pair("DATASET_OPERATOR_WORKSPACE_ID", WORKSPACE),
                    pair("DATASET_OPERATOR_QPS", &tuning.qps.to_string()),
                    pair("DATASET_OPERATOR_RESYNC", &resync),
                    pair("POD_NAMESPACE", testbed::NAMESPACE),
                    pair("DATASET_OPERATOR_LEADER_ELECT", if tuning.elects { "true" } else { "false" }),
                ]);
                if !tuning.impatient {
                    env.extend(PATIENT.map(|(key, value)| pair(key, value)));
                }
                let (kubeconfig, log) = (rig.operator.clone(), log.to_owned());
                let options = OperatorOptions { bin: program, kubeconfig, env, log, session: Session::Shared };
                let operator = Operator::launch(&options, Ports::free()?)?;
                let ready = format!("{}/readyz", operator.health_url());
                Ok((Self::Operator(operator), ready))
            }
            Candidate::GoScaffold | Candidate::GoBest => {
                let health = format!("127.0.0.1:{}", free_port()?);
                let setting = if candidate == Candidate::GoBest { "best-effort" } else { "scaffold" };
                let arguments = [
                    ("kubeconfig", rig.peer.display().to_string()),
                    ("endpoint", endpoint.to_owned()),
                    ("workspace-id", WORKSPACE.to_owned()),
                    ("resync", resync),
                    // It takes the pace itself; ours takes the account's limit and keeps the same 2 % below it.
                    ("qps", (f64::from(tuning.qps) * 0.98).to_string()),
                    ("setting", setting.to_owned()),
                    ("health-addr", health.clone()),
                ];
                let arguments: Vec<String> =
                    arguments.iter().map(|(flag, value)| format!("--{flag}={value}")).collect();
                let process = Process::spawn(candidate.name(), &program, &arguments, &env, log, Session::Shared)?;
                Ok((Self::Program(process.on_drop(OnDrop::Kill)), format!("http://{health}/readyz")))
            }
            Candidate::Light | Candidate::Emulator => {
                Err(Error::new(format!("{} is no operator: this scenario is not for it", candidate.name())))
            }
        }
    }

    /// Starts the bare loop over the first `count` objects of a namespace, which exist already.
    pub(crate) fn launch_light(
        rig: &Rig,
        endpoint: &str,
        namespace: &str,
        count: usize,
        log: &Path,
        pace: Pace,
    ) -> Result<Self> {
        let own = std::env::current_exe().context("looking for this program")?;
        let (count, qps, workers) = (count.to_string(), pace.qps.to_string(), pace.workers.to_string());
        let kubeconfig = rig.operator.display().to_string();
        let arguments = ["light", "--kubeconfig", &kubeconfig, "--endpoint", endpoint, "--namespace", namespace];
        let arguments =
            arguments.into_iter().chain(["--count", &count, "--qps", &qps, "--workers", &workers]).map(str::to_owned);
        let arguments: Vec<String> = arguments.collect();
        let env =
            [("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)];
        let env = env.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let process = Process::spawn("light", &own, &arguments, &env, log, Session::Shared)?;
        Ok(Self::Program(process.on_drop(OnDrop::Kill)))
    }

    /// Waits until its readiness URL answers 200; fails early with its log if it ends.
    pub(crate) async fn until_ready(&mut self, url: &str) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
        let http = http.context("making an HTTP client")?;
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self.exited()?;
            if ended.is_some() || Instant::now() >= deadline {
                let how = ended.map_or("is not ready".to_owned(), |status| format!("ended, {status}"));
                return Err(Error::new(format!("the candidate {how}:\n{}", self.log_tail())));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// How it ended, if it has.
    pub(crate) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        match self {
            Self::Operator(operator) => operator.exited(),
            Self::Program(process) => process.exited(),
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        match self {
            Self::Operator(operator) => operator.process().id(),
            Self::Program(process) => process.id(),
        }
    }

    /// Where it serves metrics in our format, if it does.
    pub(crate) fn metrics_url(&self) -> Option<String> {
        match self {
            Self::Operator(operator) => Some(operator.metrics_url()),
            Self::Program(_) => None,
        }
    }

    /// The end of its log.
    pub(crate) fn log_tail(&self) -> String {
        match self {
            Self::Operator(operator) => operator.log_tail(10),
            Self::Program(process) => process.log_tail(10),
        }
    }

    /// SIGTERM, and the clean end.
    pub(crate) async fn stop(self) -> Result<()> {
        match self {
            Self::Operator(operator) => operator.stop().await.map(drop),
            // Nothing else needs this runtime while it waits for a program that is about to end.
            Self::Program(mut process) => tokio::task::block_in_place(|| process.end(STOP_PATIENCE)).map(drop),
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(self) -> Result<()> {
        match self {
            Self::Operator(operator) => operator.kill().map(drop),
            Self::Program(mut process) => process.kill().map(drop),
        }
    }
}
