//! S13: N jobs on ten Datasets, each as long as the emulator's clock says. What does it cost to follow them, and what do
//! they cost once they have ended?

use std::time::Duration;

use serde_json::json;
use testbed::Result;
use tokio::time::{Instant, sleep, sleep_until};

use super::verified::reads;
use super::{Outcome, parents, put, until};
use crate::candidate::Tuning;
use crate::counters::Difference;
use crate::loader::Act;
use crate::objects::JOBS_ON;
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::count;

/// How long a job waits in the service before it runs.
const PENDING: Duration = Duration::from_secs(1);
/// Until the operator has seen that the last job runs, and before the first one ends.
const MARGIN: Duration = Duration::from_secs(10);
/// How long is measured once all have ended, and how long before that nothing is.
const AFTER: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(5);
/// Time between two lists of the jobs of a dataset, at first and at most; each is half as long again as the one before
/// (docs/protocol.md, 12.3).
const FIRST: f64 = 2.0;
const LONGEST: f64 = 30.0;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    let (lists, page, _) = reads(stage.kind);
    // `run=180s`
    let run = stage.case.parameters.variant.trim_start_matches("run=").trim_end_matches('s');
    let run = Duration::from_secs(run.parse().unwrap_or(180));
    stage.cloud.turn(&json!({"jobPendingMs": milliseconds(PENDING), "jobRunMs": milliseconds(run)})).await?;
    stage.start(Tuning::default()).await?;
    parents::make(stage, JOBS_ON).await?;
    let observer = stage.observe().await?;
    let start = stage.snapshot().await?;
    let load = stage.load(Act::Create);
    let began = load.began();
    while stage.cloud.counts().await?.ok("CreateDatasetJob") < u64::try_from(n).unwrap_or(u64::MAX) {
        stage.check_alive()?;
        if stage.left().is_zero() {
            return Ok(Outcome::noted(false, "not all jobs were created"));
        }
        sleep(Duration::from_millis(100)).await;
    }
    put(figures, "createdSeconds", began.elapsed().as_secs_f64());
    load.finish().await?;

    sleep(PENDING + MARGIN).await;
    let (before, since) = (stage.snapshot().await?, Instant::now());
    sleep_until(began + PENDING + run - MARGIN).await;
    let (difference, seconds) = (stage.snapshot().await?.since(&before, 0), since.elapsed().as_secs_f64());
    let minutes = seconds / 60.0;
    let of_lists = called(&difference, lists);
    let promised = promised_lists(seconds) * JOBS_ON * n.div_ceil(JOBS_ON).div_ceil(page);
    put(figures, "runningSeconds", seconds);
    put(figures, "callsPerMinuteRunning", all_calls(&difference) / minutes);
    put(figures, "listsPerMinuteRunning", of_lists / minutes);
    put(figures, "othersPerMinuteRunning", (all_calls(&difference) - of_lists) / minutes);
    put(figures, "listsOfPromised", of_lists / count(promised));
    put(figures, "writesPerMinuteRunning", writes(&difference) / minutes);
    put(figures, "cpuPercentRunning", difference.cpu("operator") / seconds * 100.0);

    let done = until(stage, &observer, |seen| seen.ready >= n).await?;
    let last = observer.look(|seen| seen.objects.iter().filter_map(|object| object.ready).max());
    put(figures, "seconds", last.unwrap_or_else(Instant::now).saturating_duration_since(began).as_secs_f64());
    sleep(REST).await;
    let before = stage.snapshot().await?;
    let whole = before.since(&start, 0);
    whole.tell(figures);
    for (name, value) in [
        ("callsPerJob", all_calls(&whole)),
        ("createsPerJob", called(&whole, "CreateDatasetJob")),
        ("readsPerJob", called(&whole, "GetDatasetJob")),
        ("listsPerJob", called(&whole, lists)),
        ("writesPerJob", writes(&whole)),
    ] {
        put(figures, name, value / count(n));
    }
    let window = AFTER.min(stage.left());
    sleep(window).await;
    let after = stage.snapshot().await?.since(&before, 0);
    // The Datasets have a resync of their own.
    let calls = all_calls(&after) - called(&after, "ListDatasets");
    put(figures, "callsPerMinuteAfter", calls / window.as_secs_f64() * 60.0);
    put(figures, "writesAfter", writes(&after));
    Ok(Outcome::of(done && stage.cloud.remotes(stage.kind).await?.len() == n))
}

/// The most lists of one dataset in so many seconds.
fn promised_lists(seconds: f64) -> usize {
    let intervals = std::iter::successors(Some(FIRST), |last| Some((last * 1.5).min(LONGEST)));
    let ends = intervals.scan(0.0, |end, interval| {
        *end += interval;
        Some(*end)
    });
    // One may have been due when the time began.
    1 + ends.take_while(|end| *end <= seconds).count()
}

fn milliseconds(time: Duration) -> u128 {
    time.as_millis()
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn called(difference: &Difference, operation: &str) -> f64 {
    difference.calls.by_operation.get(operation).map_or(0.0, |calls| (calls.ok + calls.failed) as f64)
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn all_calls(difference: &Difference) -> f64 {
    difference.calls.total() as f64
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn writes(difference: &Difference) -> f64 {
    difference.writes() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_by_half_up_to_thirty_seconds() {
        let lists = [1.9, 2.0, 5.0, 9.5, 64.0, 65.0, 95.0, 125.0].map(promised_lists);
        assert_eq!(lists, [1, 2, 3, 4, 7, 8, 9, 10]);
    }
}
