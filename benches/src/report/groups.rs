//! Runs that repeat each other, together: the figures of a group are medians of its runs.

use std::collections::BTreeMap;

use crate::record::{Line, Parameters, Run};
use crate::stats::{median, range};

/// Scenario, candidate and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) scenario: String,
    pub(super) candidate: String,
    pub(super) parameters: Parameters,
}

/// A figure over the runs of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) median: f64,
    least: f64,
    greatest: f64,
    runs: usize,
}

impl Figure {
    fn of(values: &[f64]) -> Option<Self> {
        let (least, greatest) = range(values)?;
        Some(Self { median: median(values)?, least, greatest, runs: values.len() })
    }

    /// `10.4 (10.2–10.9)`
    pub(super) fn text(&self, decimals: usize) -> String {
        let number = |value: f64| grouped(value, decimals);
        if self.runs < 2 || self.least.total_cmp(&self.greatest).is_eq() {
            return number(self.median);
        }
        format!("{} ({}–{})", number(self.median), number(self.least), number(self.greatest))
    }
}

/// `1,234.5`
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{}", rest.map_or(String::new(), |rest| format!(".{rest}")))
}

/// The runs of one key.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) key: Key,
    runs: Vec<Run>,
}

impl Group {
    /// Whether every run reached its end.
    pub(super) fn finished(&self) -> bool {
        self.runs.iter().all(|run| run.finished)
    }

    /// How many runs there are.
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// What runs had to say that did not reach their end.
    pub(super) fn notes(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| run.note.as_str()).filter(|note| !note.is_empty())
    }

    /// A figure over the runs that reached their end, or over the others if none did.
    pub(super) fn figure(&self, name: &str) -> Option<Figure> {
        let values = |finished: bool| -> Vec<f64> {
            let runs = self.runs.iter().filter(|run| run.finished == finished);
            runs.filter_map(|run| run.figures.get(name).copied()).collect()
        };
        Figure::of(&values(true)).or_else(|| Figure::of(&values(false)))
    }

    /// The load average before the runs, all of them.
    pub(super) fn load(&self) -> Option<Figure> {
        Figure::of(&self.runs.iter().map(|run| run.load_before).collect::<Vec<_>>())
    }
}

/// All groups, in the order in which they were first measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Vec<Group>);

impl Groups {
    /// Of raw results. A run that was made again counts as made the last time.
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for line in lines {
            let Line::Run(run) = line else { continue };
            let (scenario, candidate) = (run.scenario.clone(), run.candidate.clone());
            let key = Key { scenario, candidate, parameters: run.parameters.clone() };
            match groups.iter_mut().find(|group| group.key == key) {
                None => groups.push(Group { key, runs: vec![run.clone()] }),
                Some(group) => {
                    group.runs.retain(|old| old.repeat != run.repeat);
                    group.runs.push(run.clone());
                }
            }
        }
        Self(groups)
    }

    /// Those of one scenario.
    pub(super) fn of_scenario(&self, scenario: &str) -> impl Iterator<Item = &Group> {
        self.0.iter().filter(move |group| group.key.scenario == scenario)
    }

    /// Points (N, median of a figure) of one candidate, by N, at the headline latency and form.
    pub(super) fn by_n(&self, scenario: &str, candidate: &str, figure: &str) -> Vec<(f64, f64)> {
        let mut points = BTreeMap::new();
        for group in self.of_scenario(scenario) {
            let Parameters { n, latency_ms, quota, .. } = &group.key.parameters;
            if group.key.candidate == candidate && *latency_ms == 50 && quota == "bucket" && group.finished() {
                points.extend(group.figure(figure).map(|value| (*n, value.median)));
            }
        }
        points.into_iter().map(|(n, value)| (crate::stats::count(n), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(repeat: u32, finished: bool, seconds: f64) -> Line {
        let figures = [("seconds".to_owned(), seconds)].into();
        Line::Run(Run { scenario: "S1".into(), candidate: "ours".into(), repeat, finished, figures, ..Run::default() })
    }

    #[test]
    fn a_run_made_again_replaces_the_first() {
        let groups = Groups::of(&[run(1, false, 99.0), run(2, true, 12.0), run(1, true, 10.0)]);
        let group = groups.of_scenario("S1").next().unwrap();
        assert_eq!((group.runs(), group.finished()), (2, true));
        assert_eq!(group.figure("seconds").unwrap().text(1), "11.0 (10.0–12.0)");
        assert_eq!(group.figure("other"), None);
    }

    #[test]
    fn unfinished_runs_count_only_alone() {
        let groups = Groups::of(&[run(1, false, 99.0), run(2, true, 12.0)]);
        assert_eq!(groups.of_scenario("S1").next().unwrap().figure("seconds").unwrap().text(0), "12");
        let alone = Groups::of(&[run(1, false, 99.0)]);
        assert_eq!(alone.of_scenario("S1").next().unwrap().figure("seconds").unwrap().text(0), "99");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_440_000.0, 0), "1,440,000");
        assert_eq!(grouped(-1234.56, 1), "-1,234.6");
        assert_eq!(grouped(999.0, 2), "999.00");
    }
}
