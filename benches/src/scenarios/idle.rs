//! S4 and S15: N settled objects and nothing to do. What do the resyncs cost? The interval is short so that minutes show several;
//! figures per day are arithmetic from what one resync took.

use std::time::Duration;

use testbed::Result;
use tokio::time::sleep;

use super::verified::{reads, verified};
use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::preload;
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::count;

/// Resyncs in a day at the default interval of 10 minutes.
const PER_DAY: f64 = 144.0;
/// About how long is measured, after the first resync.
const WINDOW: Duration = Duration::from_secs(60);
/// Resyncs that are measured at least.
const RESYNCS: u32 = 3;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    // `resync=10s`
    let resync = stage.case.parameters.variant.trim_start_matches("resync=").trim_end_matches('s');
    let resync = Duration::from_secs(resync.parse().unwrap_or(10));
    let calls = stage.cloud.counts().await?;
    let started = stage.snapshot().await?;
    stage.start(Tuning { resync, ..Tuning::default() }).await?;
    let known = verified(stage, &calls, n).await?;
    sleep(resync).await;
    let before = stage.snapshot().await?;
    put(figures, "writesAtStart", started_writes(&before, &started));
    let window = (resync * RESYNCS).max(WINDOW).min(stage.left());
    sleep(window).await;
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    let resyncs = window.as_secs_f64() / resync.as_secs_f64();
    let value = |figures: &Figures, name: &str| figures.get(name).copied().unwrap_or_default();
    put(figures, "resyncs", resyncs);
    // With a short interval a spread sweep may take longer than the interval: fewer calls than a whole one needs are
    // then no saving, and what a day costs is reckoned from a whole one.
    let seen = value(figures, "calls") / resyncs;
    let (operation, page, _) = reads(stage.kind);
    let whole_one = count(n.div_ceil(page));
    let calls = seen.max(whole_one);
    let whole = calls / seen.max(0.001);
    put(figures, "callsSeenPerResync", seen);
    put(figures, "callsPerResync", calls);
    put(figures, "callsPerDay", calls * PER_DAY);
    let lists = value(figures, &format!("calls{operation}")) / resyncs;
    put(figures, "listsSeenPerResync", lists);
    put(figures, "listsPerResync", lists.max(whole_one));
    put(figures, "listsPerDay", lists.max(whole_one) * PER_DAY);
    for (name, bill) in [("billPerDay", "bill"), ("billPerDayWithOutput", "billWithOutput")] {
        if figures.contains_key(bill) {
            let per_day = value(figures, bill) / resyncs * whole * PER_DAY;
            put(figures, name, per_day);
        }
    }
    let cpu = difference.cpu("operator") / resyncs * whole;
    put(figures, "cpuSecondsPerResync", cpu);
    put(figures, "cpuPercentAt10Minutes", cpu / 600.0 * 100.0);
    Ok(Outcome::noted(known.is_ok() && resyncs > 1.0, known.err().unwrap_or_default()))
}

#[allow(clippy::cast_precision_loss, reason = "a handful")]
fn started_writes(now: &crate::counters::Snapshot, then: &crate::counters::Snapshot) -> f64 {
    now.since(then, 0).writes() as f64
}
