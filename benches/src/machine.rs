//! What the page says about where and with what the figures were made.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::counters::proc;

/// A machine, and what was measured on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Machine {
    /// Model of the processor.
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    /// Commit of this repository, with `+` if files differ from it.
    pub(crate) commit: String,
    /// Name and version of what was used.
    pub(crate) versions: Vec<String>,
    /// The command line.
    pub(crate) command: String,
    /// RFC 3339, when the bench began.
    pub(crate) began: String,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn here() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let dirty =
            said("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
        let commit = said("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
        let versions = [("rustc", ["--version"]), ("go", ["version"])];
        // Paths below the working directory are told from there: where a clone lies concerns nobody.
        let here = std::env::current_dir().map(|here| format!("{}/", here.display())).unwrap_or_default();
        let told = |argument: String| argument.strip_prefix(&here).map_or(argument.clone(), str::to_owned);
        let arguments: Vec<String> = std::env::args().skip(1).map(told).collect();
        Self {
            cpu: after_colon(&cpu, "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mb: proc::kilobytes(&memory, "MemTotal").unwrap_or_default() / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            commit: if dirty { format!("{commit}+") } else { commit },
            versions: versions.iter().filter_map(|(program, arguments)| said(program, arguments)).collect(),
            command: format!("bench {}", arguments.join(" ")),
            began: jiff::Timestamp::now().to_string(),
        }
    }
}

/// The load average of the last minute; 0 where the system does not tell.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(testbed::repository()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn after_colon(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
