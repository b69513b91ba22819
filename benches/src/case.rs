//! One run that is to be made: which scenario, which candidate, how many objects, and how long at most.

use std::time::Duration;

use crate::candidate::Candidate;
use crate::record::Parameters;
use crate::scenarios::Scenario;

/// A run to be made.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    pub(crate) candidate: Candidate,
    pub(crate) parameters: Parameters,
    /// From 1.
    pub(crate) repeat: u32,
    /// After this time it is ended and reported as not finished.
    pub(crate) deadline: Duration,
}

impl Case {
    /// How progress names it.
    pub(crate) fn title(&self) -> String {
        let Parameters { n, latency_ms, quota, variant } = &self.parameters;
        let mut title =
            format!("{:<3} {:<11} n={n} L={latency_ms} {quota}", self.scenario.name(), self.candidate.name());
        if !variant.is_empty() {
            title.push(' ');
            title.push_str(variant);
        }
        format!("{title} #{}", self.repeat)
    }
}
