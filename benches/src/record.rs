//! Raw results: one JSON line for each run, appended when it ends, so that an interrupted bench keeps what it has and
//! the page can be made anew.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use testbed::{Context as _, Result};

use crate::case::Case;
use crate::machine::Machine;

/// The file of raw results in a directory.
pub(crate) const FILE: &str = "bench.jsonl";

/// What was measured, by name; the name ends with the unit where there is one (`Seconds`, `Mb`, …).
pub(crate) type Figures = BTreeMap<String, f64>;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "line")]
pub(crate) enum Line {
    /// Where and with what the runs after it were made.
    Machine(Machine),
    /// One run.
    Run(Run),
}

/// How a run was set up. Runs that are equal in this and in scenario and candidate are repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Parameters {
    /// Objects.
    pub(crate) n: usize,
    /// What the emulator waits before each answer.
    pub(crate) latency_ms: u64,
    /// `bucket` or `window`.
    pub(crate) quota: String,
    /// Whatever else tells runs of one scenario apart, such as `SIGTERM`.
    pub(crate) variant: String,
}

/// One run and its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Run {
    pub(crate) scenario: String,
    pub(crate) candidate: String,
    pub(crate) parameters: Parameters,
    /// From 1.
    pub(crate) repeat: u32,
    /// RFC 3339, when it began.
    pub(crate) began: String,
    /// Length of the whole run, setting up included.
    pub(crate) took_seconds: f64,
    /// Load average of the last minute, before it began.
    pub(crate) load_before: f64,
    /// Whether it reached what it was to reach before its deadline.
    pub(crate) finished: bool,
    /// Why it did not, or what else the reader must know.
    pub(crate) note: String,
    /// What was measured until then.
    pub(crate) figures: Figures,
}

/// Appends a line to the file of raw results in `dir`.
pub(crate) fn append(dir: &Path, line: &Line) -> Result<()> {
    let path = dir.join(FILE);
    let what = || format!("writing {}", path.display());
    fs::create_dir_all(dir).context(what())?;
    let mut file = File::options().create(true).append(true).open(&path).context(what())?;
    let text = serde_json::to_string(line).context(what())?;
    writeln!(file, "{text}").context(what())
}

/// All raw results in `dir`, in the order in which they were made.
pub(crate) fn read(dir: &Path) -> Result<Vec<Line>> {
    let path = dir.join(FILE);
    let text = fs::read_to_string(&path).context(format!("reading {}", path.display()))?;
    parse(&text)
}

/// Forgets the raw results in `dir`.
pub(crate) fn clear(dir: &Path) -> Result<()> {
    match fs::remove_file(dir.join(FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("clearing the results"),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Keeps of `cases` those that have no finished run among the raw results in `dir`.
pub(crate) fn missing(dir: &Path, cases: &mut Vec<Case>) -> Result<()> {
    let lines = if dir.join(FILE).exists() { read(dir)? } else { Vec::new() };
    cases.retain(|case| !lines.iter().any(|line| matches!(line, Line::Run(run) if run.finished && run.is_of(case))));
    Ok(())
}

impl Run {
    fn is_of(&self, case: &Case) -> bool {
        (self.scenario.as_str(), self.candidate.as_str(), self.repeat)
            == (case.scenario.name(), case.candidate.name(), case.repeat)
            && self.parameters == case.parameters
    }
}

/// A line that was cut off, as only the last one can be, is left out.
fn parse(text: &str) -> Result<Vec<Line>> {
    let whole = text.rfind('\n').and_then(|end| text.get(..=end)).unwrap_or_default();
    whole.lines().map(|line| serde_json::from_str(line).context(format!("reading {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let parameters = Parameters { n: 1000, quota: "bucket".into(), ..Parameters::default() };
        let figures = Figures::from([("seconds".to_owned(), 10.25)]);
        Run { scenario: "S1".into(), candidate: "ours".into(), parameters, finished: true, figures, ..Run::default() }
    }

    #[test]
    fn what_is_appended_is_read_and_a_torn_line_is_not() {
        let line = Line::Run(run());
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains(r#""line":"run""#), "{text}");
        let torn = format!("{text}\n{text}\n{}", &text[..20]);
        assert_eq!(parse(&torn).unwrap(), [line.clone(), line]);
        assert_eq!(parse("").unwrap(), []);
        assert!(parse("{}\n").is_err());
    }
}
