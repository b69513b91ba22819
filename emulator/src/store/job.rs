//! Jobs of datasets and their configurations. A job is kept as what it was told and when; its state follows from the
//! time of day, so nothing has to run for it.

use serde::{Deserialize, Serialize};

use super::Text;
use super::shelf::Kept;
use crate::clock::seconds;
use crate::knobs::{JobOutcome, StopOutcome};

/// A job, as `GET /_emulator/state` shows it. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of the service's DatasetJob, under its names")]
pub struct Job {
    pub dataset_job_id: Text,
    pub dataset_id: Text,
    pub dataset_version: Text,
    pub workspace_id: Text,
    pub job_action: Text,
    pub job_mode: Text,
    pub job_spec: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    pub created_ms: i64,
    /// How long it is Pending and Starting.
    pub pending_ms: i64,
    /// How long it is Running.
    pub run_ms: i64,
    pub outcome: JobOutcome,
    /// Files that it works on, and those of them that it fails at.
    pub files: i64,
    pub failing_files: i64,
    /// When a stop takes effect, and what comes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_ms: Option<i64>,
    pub stop_outcome: StopOutcome,
    /// When it was deleted, and until when it is Deleting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<i64>,
    pub gone_ms: i64,
    /// Whether its end has left its marks on the file metadata.
    pub settled: bool,
    /// What the control API says in place of all this.
    pub said: Said,
}

/// What the control API makes a job say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(missing_docs, reason = "the members of the service's DatasetJob, under its names")]
pub struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Text>,
    /// Since when the status is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_file_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_file_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_file_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<Text>>,
}

/// A job at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) status: Text,
    pub(crate) total: i64,
    pub(crate) completed: i64,
    pub(crate) failed: i64,
    /// When it ended, if it has.
    pub(crate) finished_ms: Option<i64>,
}

/// Whether a job of this status has come to an end. A status that nobody knows has not.
pub(crate) fn is_final(status: &str) -> bool {
    ["Succeeded", "PartialFailed", "Failed", "ManuallyStop", "Deleting", "Deleted"].contains(&status)
}

impl Job {
    fn starts_ms(&self) -> i64 {
        self.created_ms.saturating_add(self.pending_ms)
    }

    /// When it ends by itself or by a stop, and whether the stop does it.
    fn end(&self) -> (i64, bool) {
        let own = self.starts_ms().saturating_add(self.run_ms);
        match self.stopped_ms {
            Some(stop) if stop < own => (stop, true),
            Some(_) | None => (own, false),
        }
    }

    /// What it is like at a time.
    pub(crate) fn at(&self, now_ms: i64) -> Moment {
        let alive = self.deleted_ms.map_or(now_ms, |deleted| now_ms.min(deleted));
        let mut moment = self.alive_at(alive);
        if let Some(status) = &self.said.status {
            moment.finished_ms = is_final(status).then(|| self.said.since_ms.unwrap_or(self.created_ms));
            moment.status.clone_from(status);
        }
        if self.deleted_ms.is_some_and(|deleted| deleted <= now_ms) {
            moment.status = if now_ms < self.gone_ms { "Deleting" } else { "Deleted" }.into();
        }
        moment.total = self.said.total_file_count.unwrap_or(moment.total);
        moment.completed = self.said.completed_file_count.unwrap_or(moment.completed);
        moment.failed = self.said.failed_file_count.unwrap_or(moment.failed);
        moment
    }

    fn alive_at(&self, now_ms: i64) -> Moment {
        let (ends_ms, stopped) = self.end();
        let forced = stopped && self.stop_outcome == StopOutcome::Succeeded;
        let (own, failing) = match self.outcome {
            _ if forced => ("Succeeded", 0),
            JobOutcome::Succeeded => ("Succeeded", 0),
            JobOutcome::PartialFailed => ("PartialFailed", self.failing_files),
            JobOutcome::Failed => ("Failed", self.files),
        };
        let status = if stopped && !forced { "ManuallyStop" } else { own };
        // How far the work is: at the end all of it, under way and after a stop the share of the time.
        let finished = now_ms >= ends_ms;
        let share = |of: i64| {
            let worked = now_ms.min(ends_ms).saturating_sub(self.starts_ms()).max(0);
            let run = i128::from(self.run_ms.max(1));
            i64::try_from(i128::from(of) * i128::from(worked).min(run) / run).unwrap_or(of)
        };
        let whole = finished && (!stopped || forced);
        let failed = if whole { failing } else { share(failing) };
        let working = self.files.saturating_sub(failing);
        let completed = if whole { working } else { share(working) };
        let running = if now_ms >= self.starts_ms() {
            "Running"
        } else if now_ms >= self.created_ms.saturating_add(self.pending_ms / 2) {
            "Starting"
        } else {
            "Pending"
        };
        Moment {
            status: if finished { status } else { running }.into(),
            total: self.files,
            completed,
            failed,
            finished_ms: finished.then_some(ends_ms),
        }
    }

    /// The log at a time, oldest line first.
    pub(crate) fn logs(&self, now_ms: i64) -> Vec<Text> {
        if let Some(logs) = &self.said.logs {
            return logs.clone();
        }
        let moment = self.at(now_ms);
        let line = |ms: i64, text: String| compact_str::format_compact!("{} {text}", seconds(ms));
        let mut lines = vec![line(self.created_ms, format!("{} is pending", self.job_action))];
        if now_ms >= self.starts_ms() && self.end().0 >= self.starts_ms() {
            lines.push(line(self.starts_ms(), format!("running on {} files", moment.total)));
        }
        if let Some(finished) = moment.finished_ms {
            let counts = format!("{} files completed, {} failed", moment.completed, moment.failed);
            lines.push(line(finished, format!("{}: {counts}", self.at(finished).status)));
        }
        lines
    }

    /// Whether its end, if it has come, leaves marks on file metadata.
    pub(crate) fn has_effect_at(&self, now_ms: i64) -> Option<bool> {
        let moment = self.at(now_ms);
        is_final(&moment.status).then(|| ["Succeeded", "PartialFailed"].contains(&moment.status.as_str()))
    }
}

impl Kept for Job {
    fn id(&self) -> Text {
        self.dataset_job_id.clone()
    }

    fn owner(&self) -> Text {
        self.dataset_id.clone()
    }
}

/// A job configuration, as `GET /_emulator/state` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the members of the service's DatasetJobConfig, under its names")]
pub struct JobConfig {
    pub dataset_job_config_id: Text,
    pub dataset_id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_version: Option<Text>,
    pub workspace_id: Text,
    pub config_type: Text,
    pub config: Text,
    pub create_time: Text,
    pub modify_time: Text,
}

impl Kept for JobConfig {
    fn id(&self) -> Text {
        self.dataset_job_config_id.clone()
    }

    fn owner(&self) -> Text {
        self.dataset_id.clone()
    }
}

#[cfg(test)]
mod tests;
