//! The targets, each with what was reached.

use std::fmt::Write as _;

use super::groups::{Figure, Group, Groups};
use crate::record::Parameters;

/// What a figure must be.
#[derive(Clone, Copy, Debug)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// To two digits after the point.
    Exactly(f64),
}

impl Goal {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(exact) => (value - exact).abs() < 0.005,
        }
    }

    fn text(self, decimals: usize) -> String {
        let number = |value: f64| {
            if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
        };
        match self {
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::Exactly(exact) => format!("{exact:.decimals$}"),
        }
    }

    /// Of two values, the one that is further from the goal.
    fn worse(self, a: f64, b: f64) -> bool {
        match self {
            Self::AtMost(_) => a > b,
            Self::AtLeast(_) => a < b,
            Self::Exactly(exact) => (a - exact).abs() > (b - exact).abs(),
        }
    }
}

struct Target {
    text: &'static str,
    scenario: &'static str,
    candidate: &'static str,
    which: fn(&Parameters) -> bool,
    figure: &'static str,
    goal: Goal,
    decimals: usize,
}

const fn target(
    text: &'static str,
    scenario: &'static str,
    which: fn(&Parameters) -> bool,
    figure: &'static str,
    goal: Goal,
    decimals: usize,
) -> Target {
    Target { text, scenario, candidate: "ours", which, figure, goal, decimals }
}

const fn any(_: &Parameters) -> bool {
    true
}

fn headline(parameters: &Parameters) -> bool {
    parameters.latency_ms == 50
}

fn thousand(parameters: &Parameters) -> bool {
    parameters.n == 1_000 && headline(parameters)
}

fn ten_thousand(parameters: &Parameters) -> bool {
    parameters.n == 10_000 && headline(parameters)
}

/// All have their turn within 30 s.
fn short(parameters: &Parameters) -> bool {
    parameters.n <= 1_000
}

fn long(parameters: &Parameters) -> bool {
    !short(parameters)
}

fn hundred_thousand(parameters: &Parameters) -> bool {
    parameters.n == 100_000
}

fn bucket(parameters: &Parameters) -> bool {
    parameters.quota == "bucket"
}

fn window(parameters: &Parameters) -> bool {
    parameters.quota == "window"
}

const TARGETS: &[Target] = &[
    target("calls per create", "S1", any, "callsPerCreate", Goal::Exactly(1.0), 2),
    // Nobody waits 30 s behind a thousand: then the line is not worth a write (`Queued`).
    target("writes to Kubernetes per create", "S1", short, "writesPerCreate", Goal::Exactly(2.0), 2),
    target("writes per create, with those that say Queued", "S1", long, "writesPerCreate", Goal::AtMost(2.1), 2),
    target("1,000 Ready, of N/100 s", "S1", thousand, "ratio", Goal::AtMost(1.06), 3),
    target("10,000 Ready, of N/100 s", "S1", ten_thousand, "ratio", Goal::AtMost(1.03), 3),
    target("goodput at 10,000, of the limit", "S1", ten_thousand, "goodput", Goal::AtLeast(0.97), 3),
    target("rejected calls per 1,000 creates, bucket", "S1", bucket, "rejectedPer1000", Goal::AtMost(1.0), 2),
    target("rejected calls per 1,000 creates, window", "S1", window, "rejectedPer1000", Goal::AtMost(1.0), 2),
    target("bill for 10,000 creates", "S1", ten_thousand, "bill", Goal::AtMost(10.1), 2),
    target("operator CPU s per 1,000 creates", "S1", ten_thousand, "operatorCpuPer1000", Goal::AtMost(0.5), 2),
    target("calls per day at 10,000 and 10 min", "S4", ten_thousand, "callsPerDay", Goal::AtMost(15_000.0), 0),
    target("bill per day at 10,000, a list as one unit", "S4", ten_thousand, "billPerDay", Goal::AtMost(15.0), 2),
    target("writes while idle at 10,000", "S4", ten_thousand, "writes", Goal::Exactly(0.0), 0),
    target("% of a core while idle at 10,000", "S4", ten_thousand, "cpuPercentAt10Minutes", Goal::AtMost(0.3), 3),
    target("MB at 10,000 settled", "S4", ten_thousand, "operatorRssMb", Goal::AtMost(55.0), 0),
    target("MB at 100,000 settled", "S11", hundred_thousand, "operatorRssMb", Goal::AtMost(350.0), 0),
    target(
        "drift repaired, of a 30 s resync (5 % jitter, 1 s to repair)",
        "S5",
        any,
        "repairedOfResync",
        Goal::AtMost(1.09),
        2,
    ),
    target("restart at 10,000: first edit, s", "S6", any, "firstEditSeconds", Goal::AtMost(2.0), 2),
    target("restart at 10,000: all verified, s", "S6", any, "verifiedSeconds", Goal::AtMost(3.0), 2),
    target("restart: writes beyond the edit's", "S6", any, "writesBeyondEdit", Goal::Exactly(0.0), 0),
    target("kills: duplicates", "S7", any, "duplicates", Goal::Exactly(0.0), 0),
    target("kills: orphans", "S7", any, "orphans", Goal::Exactly(0.0), 0),
    target("kills: lost", "S7", any, "lost", Goal::Exactly(0.0), 0),
    target("kills: create calls per create", "S7", any, "createCallsPerCreate", Goal::AtMost(1.01), 3),
    target("edit behind 10,000 creates, p99 ms (250 + L)", "S8", ten_thousand, "p99Ms", Goal::AtMost(300.0), 0),
    target("limit / 5: rejected (2 × 32 passes)", "S9", any, "rejectedLow", Goal::AtMost(64.0), 0),
    target("limit back: recovered after s", "S9", any, "recoverySeconds", Goal::AtMost(5.0), 1),
    target("10,000 deleted, of N/100 s", "S10", ten_thousand, "ratio", Goal::AtMost(1.03), 3),
    target("growth of memory in the soak, %", "S12", any, "growthPercent", Goal::AtMost(2.0), 2),
    target("jobs that run: lists, of what the protocol allows", "S13", any, "listsOfPromised", Goal::AtMost(1.0), 2),
    // Claim, record, three states, and progress every 30 s.
    target("jobs of 180 s: writes each", "S13", any, "writesPerJob", Goal::AtMost(11.0), 2),
    target("jobs: reads each", "S13", any, "readsPerJob", Goal::AtMost(1.0), 2),
    target("jobs that have ended: calls a minute", "S13", any, "callsPerMinuteAfter", Goal::Exactly(0.0), 0),
    target("100,000 files, of N/10,000 s", "S14", hundred_thousand, "ratio", Goal::AtMost(1.1), 2),
    target("100,000 files: create calls", "S14", hundred_thousand, "creates", Goal::AtMost(1_000.0), 0),
    target("100,000 files: MB of the set", "S14", hundred_thousand, "mbOfSet", Goal::AtMost(30.0), 0),
    target("100,000 files: writes after a restart", "S14", hundred_thousand, "walkWrites", Goal::Exactly(0.0), 0),
    target(
        "10,000 MediaDatasets: lists per day at 10 min",
        "S15",
        ten_thousand,
        "listsPerDay",
        Goal::AtMost(7_200.0),
        0,
    ),
    target("10,000 MediaDatasets: writes while idle", "S15", ten_thousand, "writes", Goal::Exactly(0.0), 0),
    Target {
        candidate: "emulator",
        ..target("emulator: creates per CPU s", "S0", any, "create.perCpuSecond", Goal::AtLeast(1_000.0), 0)
    },
    Target {
        candidate: "emulator",
        ..target("emulator: MiB at 100,000", "S0", any, "preload.rssMiB", Goal::AtMost(300.0), 0)
    },
];

/// The section with the table of targets.
pub(super) fn section(groups: &Groups) -> String {
    let mut text = "## Targets\n\nOf repeated runs the median counts; of several settings the worst.\n\n\
                    | target | goal | reached | met |\n| --- | --- | --- | --- |\n"
        .to_owned();
    for target in TARGETS {
        let row = |reached: &str, met: &str| {
            format!(
                "| {} ({}) | {} | {reached} | {met} |\n",
                target.text,
                target.scenario,
                target.goal.text(target.decimals)
            )
        };
        text.push_str(&match worst(target, groups) {
            None => row("not measured", "–"),
            Some((figure, true)) => {
                row(&figure.text(target.decimals), if target.goal.met(figure.median) { "yes" } else { "**no**" })
            }
            Some((figure, false)) => row(&format!("*{}*, not finished", figure.text(target.decimals)), "**no**"),
        });
    }
    floor(groups, &mut text);
    text.push('\n');
    text
}

/// The figure furthest from the goal, and whether its runs reached their end.
fn worst(target: &Target, groups: &Groups) -> Option<(Figure, bool)> {
    let of_it = |group: &&Group| group.key.candidate == target.candidate && (target.which)(&group.key.parameters);
    let mut worst: Option<(Figure, bool)> = None;
    for group in groups.of_scenario(target.scenario).filter(of_it) {
        let Some(figure) = group.figure(target.figure) else { continue };
        let replaces = worst.is_none_or(|(old, _)| target.goal.worse(figure.median, old.median));
        if replaces {
            worst = Some((figure, group.finished()));
        }
    }
    worst
}

/// How close a single create comes to the bare loop, at each latency.
fn floor(groups: &Groups, text: &mut String) {
    for (figure, most, name) in [("p50Ms", 1.5, "p50"), ("p99Ms", 3.0, "p99")] {
        for ours in groups.of_scenario("S2").filter(|group| group.key.candidate == "ours") {
            let latency = ours.key.parameters.latency_ms;
            let same = |group: &&Group| group.key.candidate == "light" && group.key.parameters.latency_ms == latency;
            let light = groups.of_scenario("S2").find(same).and_then(|group| group.figure(figure));
            let (Some(ours), Some(light)) = (ours.figure(figure), light) else { continue };
            let ratio = ours.median / light.median;
            let met = if ratio <= most { "yes" } else { "**no**" };
            let _ = writeln!(
                text,
                "| one create at L={latency}, {name} of the bare loop's (S2) | ≤ {most} | {ratio:.2} ({:.1} ms of {:.1} ms) | {met} |",
                ours.median, light.median,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_met_or_not() {
        assert!(Goal::AtMost(1.06).met(1.06) && !Goal::AtMost(1.06).met(1.061));
        assert!(Goal::AtLeast(0.97).met(0.97) && !Goal::AtLeast(0.97).met(0.96));
        assert!(Goal::Exactly(2.0).met(2.001) && !Goal::Exactly(2.0).met(2.01) && !Goal::Exactly(0.0).met(1.0));
        assert!(Goal::Exactly(1.0).worse(0.5, 1.1) && Goal::AtLeast(1.0).worse(0.5, 0.6));
        assert_eq!(Goal::AtMost(15_000.0).text(0), "≤ 15000");
        assert_eq!(Goal::Exactly(1.0).text(2), "1.00");
    }
}
