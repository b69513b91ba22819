//! S1: N Datasets are created at 200/s. How long until all are Ready, at what cost?

use testbed::Result;
use tokio::time::Instant;

use super::{Outcome, put, until};
use crate::candidate::{Candidate, Pace, Tuning};
use crate::counters::{Difference, Snapshot};
use crate::loader::Act;
use crate::observer::Observer;
use crate::record::Figures;
use crate::stage::{LIMIT, Stage};
use crate::stats::{count, percentile};

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    if stage.candidate() == Candidate::Light {
        return light(stage, figures).await;
    }
    stage.start(Tuning::default()).await?;
    let observer = stage.observe().await?;
    let before = stage.snapshot().await?;
    let load = stage.load(Act::Create);
    let began = load.began();
    let n = stage.n();
    let done = until(stage, &observer, |seen| seen.ready >= n).await?;
    tell(stage, &observer, began, &before, figures).await?;
    if done {
        let answered = load.finish().await?;
        let waits: Vec<f64> = observer.look(|seen| {
            let ready = |(index, answered): (usize, &Instant)| {
                Some(seen.object(index).ready?.saturating_duration_since(*answered).as_secs_f64() * 1e3)
            };
            answered.iter().enumerate().filter_map(ready).collect()
        });
        for (name, share) in [("waitP50Ms", 0.5), ("waitP99Ms", 0.99)] {
            figures.extend(percentile(&waits, share).map(|wait| (name.to_owned(), wait)));
        }
    }
    Ok(Outcome::of(done))
}

/// The bare loop watches nothing: its objects must exist, and its clock starts when they do.
async fn light(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let observer = stage.observe().await?;
    stage.load(Act::Create).finish().await?;
    stage.rig.calm().await;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    stage.start_light(Pace::BURST)?;
    let n = stage.n();
    let done = until(stage, &observer, |seen| seen.ready >= n).await?;
    tell(stage, &observer, began, &before, figures).await?;
    Ok(Outcome::of(done))
}

async fn tell(
    stage: &Stage<'_>,
    observer: &Observer,
    began: Instant,
    before: &Snapshot,
    figures: &mut Figures,
) -> Result<()> {
    let now = Instant::now();
    let difference = stage.snapshot().await?.since(before, 0);
    let (ready, last) = observer.look(|seen| (seen.ready, seen.objects.iter().filter_map(|object| object.ready).max()));
    // What is not finished took until now, and longer.
    let end = if ready >= stage.n() { last.unwrap_or(now) } else { now };
    let (seconds, n) = (end.saturating_duration_since(began).as_secs_f64(), count(ready.max(1)));
    put(figures, "ready", count(ready));
    put(figures, "seconds", seconds);
    put(figures, "ratio", seconds / (n / f64::from(LIMIT)));
    put(figures, "goodput", n / seconds / f64::from(LIMIT));
    per_object(&difference, n, figures);
    Ok(())
}

/// Figures per create, and everything that was counted.
pub(super) fn per_object(difference: &Difference, n: f64, figures: &mut Figures) {
    difference.tell(figures);
    let share = |figures: &Figures, name: &str| figures.get(name).copied().unwrap_or_default() / n;
    for (name, of, factor) in [
        ("callsPerCreate", "calls", 1.0),
        ("writesPerCreate", "writes", 1.0),
        ("rejectedPer1000", "rejected", 1e3),
        ("operatorCpuPer1000", "operatorCpuSeconds", 1e3),
        ("apiserverCpuPer1000", "apiserverCpuSeconds", 1e3),
    ] {
        let value = share(figures, of) * factor;
        figures.insert(name.to_owned(), value);
    }
}
