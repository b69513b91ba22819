//! Which runs a bench is made of, in their order: repetitions are interleaved, A B A B, so that a machine that gets
//! slower does so for all candidates.

use std::time::Duration;

use crate::candidate::Candidate;
use crate::case::Case;
use crate::record::Parameters;
use crate::scenarios::Scenario;

/// A case and how often it is made.
#[derive(Clone, Debug)]
struct Entry {
    scenario: Scenario,
    candidate: Candidate,
    parameters: Parameters,
    repeats: u32,
    seconds: u64,
}

fn entry(scenario: Scenario, candidate: Candidate, n: usize, repeats: u32, seconds: u64) -> Entry {
    let parameters = Parameters { n, latency_ms: 50, quota: "bucket".to_owned(), variant: String::new() };
    Entry { scenario, candidate, parameters, repeats, seconds }
}

impl Entry {
    fn at(mut self, latency_ms: u64) -> Self {
        self.parameters.latency_ms = latency_ms;
        self
    }

    fn window(mut self) -> Self {
        "window".clone_into(&mut self.parameters.quota);
        self
    }
}

/// The runs of `make bench`.
pub(crate) fn full() -> Vec<Case> {
    quick()
}

/// The runs of `make bench-quick`: at most ten minutes.
pub(crate) fn quick() -> Vec<Case> {
    use Candidate::{GoBest, Light, Ours};
    interleaved(vec![
        entry(Scenario::Burst, Ours, 1000, 2, 40),
        entry(Scenario::Burst, Ours, 1000, 1, 40).at(150).window(),
        entry(Scenario::Burst, Light, 1000, 1, 60),
        entry(Scenario::Burst, GoBest, 1000, 1, 60),
    ])
}

/// All first repetitions, then all second ones, and so on, scenario by scenario.
fn interleaved(entries: Vec<Entry>) -> Vec<Case> {
    let mut cases = Vec::new();
    for scenario in Scenario::ALL {
        let of_it = || entries.iter().filter(|entry| entry.scenario == scenario);
        let most = of_it().map(|entry| entry.repeats).max().unwrap_or_default();
        for repeat in 1..=most {
            cases.extend(of_it().filter(|entry| entry.repeats >= repeat).map(|entry| Case {
                scenario,
                candidate: entry.candidate,
                parameters: entry.parameters.clone(),
                repeat,
                deadline: Duration::from_secs(entry.seconds),
            }));
        }
    }
    cases
}
