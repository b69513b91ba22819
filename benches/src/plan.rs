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

    fn form(mut self, quota: &str) -> Self {
        quota.clone_into(&mut self.parameters.quota);
        self
    }

    fn variant(mut self, variant: &str) -> Self {
        variant.clone_into(&mut self.parameters.variant);
        self
    }
}

/// The runs of `make bench`: an hour.
pub(crate) fn full() -> Vec<Case> {
    use Candidate::{Emulator, GoBest, GoScaffold, Light, Ours};
    use Scenario::{
        Burst, Capacity, Ceiling, Drift, Edits, Files, Idle, Jobs, Kills, Limit, Media, Neighbour, Removal, Restart,
        Scale, Single, Soak,
    };
    let mut entries = vec![
        entry(Capacity, Emulator, 100_000, 1, 90),
        entry(Burst, Ours, 1_000, 5, 60),
        entry(Burst, Ours, 1_000, 3, 60).form("window"),
        entry(Burst, Ours, 10_000, 2, 240),
        entry(Burst, Ours, 10_000, 1, 240).form("window"),
        entry(Burst, GoBest, 1_000, 3, 90),
        entry(Burst, GoBest, 1_000, 1, 90).form("window"),
        entry(Burst, GoBest, 10_000, 1, 300),
        entry(Burst, GoScaffold, 1_000, 1, 300),
        entry(Burst, Light, 1_000, 3, 60),
        entry(Single, Ours, 300, 1, 150),
        entry(Single, GoBest, 300, 1, 150),
    ];
    for latency in [0, 150] {
        entries.push(entry(Burst, Ours, 1_000, 1, 60).at(latency));
        entries.push(entry(Burst, Ours, 1_000, 1, 60).at(latency).form("window"));
    }
    for candidate in [Ours, GoBest, GoScaffold, Light] {
        entries.push(entry(Single, candidate, 200, 1, 150).at(0));
    }
    for candidate in [Ours, GoBest] {
        entries.push(entry(Idle, candidate, 10_000, 1, 100).variant("resync=10s"));
        entries.push(entry(Edits, candidate, 10_000, 1, 160));
        entries.push(entry(Restart, candidate, 10_000, 1, 120).variant("SIGTERM"));
    }
    entries.extend([
        entry(Ceiling, Ours, 10_000, 1, 180).at(0),
        entry(Idle, Ours, 1_000, 1, 100).variant("resync=10s"),
        entry(Drift, Ours, 10_000, 1, 90),
        entry(Restart, Ours, 10_000, 2, 90).variant("kill -9"),
        entry(Restart, Ours, 10_000, 1, 120).variant("takeover"),
        entry(Kills, Ours, 1_000, 1, 240).variant("20 kills"),
        entry(Limit, Ours, 10_000, 1, 160).variant("low for 60s"),
        entry(Neighbour, Ours, 5_000, 1, 90),
        entry(Removal, Ours, 1_000, 1, 60),
        entry(Removal, Ours, 10_000, 1, 240),
        entry(Removal, GoBest, 1_000, 1, 60),
        entry(Scale, Ours, 100_000, 1, 240),
        entry(Soak, Ours, 10_000, 1, 150),
        entry(Jobs, Ours, 1_000, 1, 360).variant("run=180s"),
        entry(Files, Ours, 100_000, 1, 360),
        entry(Media, Ours, 10_000, 1, 100).variant("resync=10s"),
    ]);
    interleaved(&entries)
}

/// The runs of `make bench-quick`: a quarter of an hour at most.
pub(crate) fn quick() -> Vec<Case> {
    use Candidate::{Emulator, GoBest, Light, Ours};
    use Scenario::{
        Burst, Capacity, Drift, Edits, Files, Idle, Jobs, Kills, Limit, Media, Removal, Restart, Scale, Single,
    };
    interleaved(&[
        entry(Capacity, Emulator, 100_000, 1, 60),
        entry(Burst, Ours, 1_000, 2, 40),
        entry(Burst, Ours, 1_000, 1, 40).at(150).form("window"),
        entry(Burst, Light, 1_000, 1, 40),
        entry(Burst, GoBest, 1_000, 1, 40),
        entry(Single, Ours, 60, 1, 20).at(0),
        entry(Single, Light, 60, 1, 20).at(0),
        entry(Idle, Ours, 1_000, 1, 40).variant("resync=3s"),
        entry(Drift, Ours, 1_000, 1, 70),
        entry(Restart, Ours, 10_000, 1, 40).variant("kill -9"),
        entry(Kills, Ours, 300, 1, 90).variant("5 kills"),
        entry(Edits, Ours, 1_000, 1, 40),
        entry(Limit, Ours, 10_000, 1, 80).variant("low for 15s"),
        entry(Removal, Ours, 1_000, 1, 40),
        entry(Scale, Ours, 30_000, 1, 60),
        entry(Jobs, Ours, 100, 1, 90).variant("run=30s"),
        entry(Files, Ours, 5_000, 1, 90),
        entry(Media, Ours, 1_000, 1, 40).variant("resync=3s"),
    ])
}

/// All first repetitions, then all second ones, and so on, scenario by scenario.
fn interleaved(entries: &[Entry]) -> Vec<Case> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_interleaved() {
        let cases = interleaved(&[
            entry(Scenario::Burst, Candidate::Ours, 1, 2, 1),
            entry(Scenario::Idle, Candidate::Ours, 1, 1, 1),
            entry(Scenario::Burst, Candidate::Light, 1, 2, 1),
        ]);
        let order: Vec<_> =
            cases.iter().map(|case| (case.scenario.name(), case.candidate.name(), case.repeat)).collect();
        let expected =
            [("S1", "ours", 1), ("S1", "light", 1), ("S1", "ours", 2), ("S1", "light", 2), ("S4", "ours", 1)];
        assert_eq!(order, expected);
    }

    #[test]
    fn every_scenario_is_measured() {
        let cases = full();
        for scenario in Scenario::ALL {
            assert!(cases.iter().any(|case| case.scenario == scenario), "{scenario:?}");
        }
    }
}
