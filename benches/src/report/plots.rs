//! The plots of the page.

use super::groups::Groups;
use super::svg::{Chart, Series};
use crate::record::Parameters;

/// A plot and what it says.
pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) caption: &'static str,
    pub(super) svg: String,
}

const CANDIDATES: [&str; 4] = ["ours", "go-best", "go-scaffold", "light"];
/// Resyncs of 10 minutes in a day.
const PER_DAY: f64 = 144.0;
/// 100 calls/s for a day.
const QUOTA_PER_DAY: f64 = 8_640_000.0;
const MANY: f64 = 100_000.0;

/// Those for which something was measured.
pub(super) fn all(groups: &Groups) -> Vec<Plot> {
    [ready(groups), calls(groups), edits(groups), memory(groups)].into_iter().flatten().collect()
}

fn plot(file: &'static str, caption: &'static str, chart: &Chart) -> Option<Plot> {
    let measured = chart.series.iter().any(|series| !series.reference && !series.points.is_empty());
    measured.then(|| Plot { file, title: chart.title, caption, svg: chart.svg() })
}

fn series(name: &str, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), points, ..Series::default() }
}

fn reference(name: &str, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), points, reference: true, ..Series::default() }
}

fn ready(groups: &Groups) -> Option<Plot> {
    let mut all: Vec<Series> = CANDIDATES.iter().map(|name| series(name, groups.by_n("S1", name, "seconds"))).collect();
    all.push(reference("N/100 s", vec![(1e3, 10.0), (1e4, 100.0)]));
    let title = "Time until all N Datasets are Ready";
    let chart = Chart { title, x: "N", y: "seconds", categories: Vec::new(), series: all };
    plot(
        "ready.svg",
        "S1, L = 50 ms, token bucket. N/100 s is what the account's limit allows at one call each.",
        &chart,
    )
}

fn calls(groups: &Groups) -> Option<Plot> {
    let names = ["ours", "go-best", "go-scaffold"];
    let of = |name: &str| {
        let measured = groups.by_n("S4", name, "callsPerResync");
        let points: Vec<(f64, f64)> = measured.iter().map(|(n, calls)| (*n, calls * PER_DAY)).collect();
        // Resyncs cost the same for each object: the largest N measured says what more would cost.
        let more = points.last().filter(|(n, _)| *n < MANY).map(|(n, per_day)| (MANY, per_day * MANY / n));
        Series { extended: more.into_iter().collect(), ..series(name, points) }
    };
    let mut all: Vec<Series> = names.into_iter().map(of).collect();
    all.push(reference("100 calls/s", vec![(1e3, QUOTA_PER_DAY), (MANY, QUOTA_PER_DAY)]));
    let title = "Calls per day while nothing happens";
    let chart = Chart { title, x: "N", y: "calls", categories: Vec::new(), series: all };
    let caption = "Arithmetic from S4: calls of one resync, as measured, times 144 resyncs of 10 minutes; dashed: beyond \
                   the largest N that was measured, in proportion to N.";
    plot("calls.svg", caption, &chart)
}

fn edits(groups: &Groups) -> Option<Plot> {
    let backlogs = [0, 1_000, 10_000];
    let of = |name: &str| {
        let at = |(place, backlog): (usize, &usize)| {
            let group = groups.of_scenario("S8").find(|group| {
                let Parameters { n, latency_ms, .. } = &group.key.parameters;
                group.key.candidate == name && n == backlog && *latency_ms == 50
            })?;
            Some((crate::stats::count(place), group.figure("p99Ms")?.median))
        };
        series(name, backlogs.iter().enumerate().filter_map(at).collect())
    };
    let chart = Chart {
        title: "An edit of a settled object while creates are queued",
        x: "creates queued",
        y: "p99, ms",
        categories: backlogs.iter().map(ToString::to_string).collect(),
        series: ["ours", "go-best", "go-scaffold"].into_iter().map(of).collect(),
    };
    let caption = "S8, L = 50 ms: from the answer to the edit until Ready is seen for it, 99th percentile. An edit that was not \
                   served by the end of the run counts with the time it had waited.";
    plot("edits.svg", caption, &chart)
}

fn memory(groups: &Groups) -> Option<Plot> {
    let of = |name: &&str| {
        let mut points = groups.by_n("S4", name, "operatorRssMb");
        points.extend(groups.by_n("S11", name, "operatorRssMb"));
        series(name, points)
    };
    let title = "Memory with N settled Datasets";
    let series = CANDIDATES.iter().map(of).collect();
    let chart = Chart { title, x: "N", y: "MB", categories: Vec::new(), series };
    plot("memory.svg", "Resident memory of the candidate's process, S4 and S11.", &chart)
}
