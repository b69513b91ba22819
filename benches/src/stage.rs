//! The stage of one run: a namespace and an emulator of its own on the shared rig, and the candidate.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testbed::{Context as _, Emulator, Error, Result, Session};
use tokio::time::Instant;

use crate::candidate::{Candidate, Pace, Subject, Tuning};
use crate::case::Case;
use crate::counters::Snapshot;
use crate::counters::cloud::Cloud;
use crate::loader::{self, Act};
use crate::objects::{self, Kind};
use crate::observer::Observer;
use crate::rig::Rig;

/// The account's limit in all runs but those that change it.
pub(crate) const LIMIT: u32 = 100;

/// Everything that one run needs. [`Stage::clear`] takes it down.
pub(crate) struct Stage<'a> {
    pub(crate) rig: &'a Rig,
    pub(crate) case: &'a Case,
    /// What the objects of this run are.
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) emulator: Emulator,
    pub(crate) cloud: Cloud,
    /// Until when the run may take.
    pub(crate) deadline: Instant,
    pub(crate) subject: Option<Subject>,
    log: PathBuf,
}

impl<'a> Stage<'a> {
    /// Namespace and emulator, with the limit and latency of the case; the clock of the run starts here.
    pub(crate) async fn set(rig: &'a Rig, case: &'a Case) -> Result<Self> {
        let namespace = testbed::new_namespace(&rig.client, "bench").await?;
        let mut knobs = json!({
            "latencyMs": case.parameters.latency_ms,
            "quotaPerSecond": LIMIT,
            // The log of every call is for tests; a short one keeps the emulator's memory its datasets'.
            "logLimit": 1000,
        });
        if case.parameters.quota == "window" {
            knobs["quotaForm"] = json!("window");
        }
        let program = rig.programs.path("pai-emulator")?;
        let log = rig.dir().join(format!("{namespace}.emulator.log"));
        let emulator = Emulator::start(&program, &[], &log, Session::Shared).await?;
        let cloud = Cloud::new(emulator.url())?;
        cloud.turn(&knobs).await?;
        let log = rig.dir().join(format!("{namespace}.operator.log"));
        let deadline = Instant::now() + case.deadline;
        Ok(Self { rig, case, kind: case.scenario.kind(), namespace, emulator, cloud, deadline, subject: None, log })
    }

    /// The candidate of this run.
    pub(crate) fn candidate(&self) -> Candidate {
        self.case.candidate
    }

    /// The number of objects of this run.
    pub(crate) fn n(&self) -> usize {
        self.case.parameters.n
    }

    /// The process id of the candidate, if it runs.
    pub(crate) fn operator_id(&self) -> Option<u32> {
        self.subject.as_ref().map(Subject::id)
    }

    /// Starts the candidate and waits until it says that it is ready.
    pub(crate) async fn start(&mut self, tuning: Tuning) -> Result<()> {
        let (mut subject, ready) = self.launch(tuning)?;
        subject.until_ready(&ready).await?;
        self.subject = Some(subject);
        Ok(())
    }

    /// Starts the candidate; returns it and the URL that tells when it is ready.
    pub(crate) fn launch(&self, tuning: Tuning) -> Result<(Subject, String)> {
        Subject::launch(self.candidate(), self.rig, self.emulator.url(), tuning, &self.log)
    }

    /// Starts the bare loop over the objects of this run, which exist.
    pub(crate) fn start_light(&mut self, pace: Pace) -> Result<()> {
        let (endpoint, namespace) = (self.emulator.url(), &self.namespace);
        self.subject = Some(Subject::launch_light(self.rig, endpoint, namespace, self.n(), &self.log, pace)?);
        Ok(())
    }

    /// Edits one object as a user does; tells its new generation and when the edit was accepted.
    pub(crate) async fn edit(&self, index: usize, description: &str) -> Result<(i64, Instant)> {
        let path = format!("{}/{}", self.kind.path(&self.namespace), objects::name(index));
        let change = json!({"spec": {"description": description}}).to_string();
        let request = objects::send(Method::PATCH, &path, "application/merge-patch+json", change)?;
        let answer = self.rig.client.request_text(request).await.context(format!("editing {index}"))?;
        let (answered, object) = (Instant::now(), serde_json::from_str::<Value>(&answer).context("reading an edit")?);
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
        Ok((generation, answered))
    }

    /// SIGTERM to the candidate, and its clean end.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self.subject.take() {
            Some(subject) => subject.stop().await,
            None => Err(Error::new("no candidate runs")),
        }
    }

    /// SIGKILL to the candidate.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.subject.take().map_or(Ok(()), Subject::kill)
    }

    /// An error if the candidate has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        match self.subject.as_mut().map(Subject::exited).transpose()?.flatten() {
            Some(status) => Err(Error::new(format!("the candidate ended, {status}"))),
            None => Ok(()),
        }
    }

    /// An observer of the objects of this run.
    pub(crate) async fn observe(&self) -> Result<Observer> {
        Observer::start(&self.rig.client, self.kind, &self.namespace).await
    }

    /// Begins to create (or delete) all objects of this run at the usual pace.
    pub(crate) fn load(&self, act: Act) -> loader::Load {
        self.load_some(act, 0..self.n())
    }

    /// The same for the objects of these numbers.
    pub(crate) fn load_some(&self, act: Act, range: Range<usize>) -> loader::Load {
        loader::begin(&self.rig.client, self.kind, &self.namespace, act, range, loader::PACE)
    }

    /// All counts now.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::take(self).await
    }

    /// The end of the candidate's log, to explain a run that failed.
    pub(crate) fn log_tail(&self) -> String {
        testbed::tail(&self.log, 5)
    }

    /// Kills the candidate and removes the objects, at once and without a call to the cloud.
    pub(crate) async fn clear(mut self) -> Result<()> {
        self.kill()?;
        self.rig.etcd.remove(&format!("/registry/configmaps/{}/", self.namespace)).await?;
        for kind in Kind::ALL {
            self.rig.etcd.remove(&kind.key(&self.namespace, "")).await?;
            self.rig.until_count(kind, &self.namespace, 0).await?;
        }
        Ok(())
    }

    /// What is left of the time of this run.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
