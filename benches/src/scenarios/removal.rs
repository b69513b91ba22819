//! S10: all settled objects are deleted at 200/s. How long until all are gone, at what cost?

use testbed::Result;
use tokio::time::Instant;

use super::verified::verified;
use super::{Outcome, put, until};
use crate::candidate::Tuning;
use crate::loader::Act;
use crate::preload;
use crate::record::Figures;
use crate::stage::{LIMIT, Stage};
use crate::stats::count;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let calls = stage.cloud.counts().await?;
    stage.start(Tuning::default()).await?;
    if let Err(note) = verified(stage, &calls, n).await? {
        return Ok(Outcome::noted(false, note));
    }
    let observer = stage.observe().await?;
    let before = stage.snapshot().await?;
    let load = stage.load(Act::Delete);
    let began = load.began();
    let done = until(stage, &observer, |seen| seen.gone >= n).await?;
    let now = Instant::now();
    let (gone, last) = observer.look(|seen| (seen.gone, seen.objects.iter().filter_map(|object| object.gone).max()));
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    let end = if done { last.unwrap_or(now) } else { now };
    let (seconds, each) = (end.saturating_duration_since(began).as_secs_f64(), count(gone.max(1)));
    put(figures, "gone", count(gone));
    put(figures, "seconds", seconds);
    put(figures, "ratio", seconds / (each / f64::from(LIMIT)));
    for (name, of) in [("callsPerDelete", "calls"), ("writesPerDelete", "writes")] {
        let value = figures.get(of).copied().unwrap_or_default() / each;
        put(figures, name, value);
    }
    put(figures, "left", count(stage.cloud.remotes(stage.kind).await?.len()));
    Ok(Outcome::of(done))
}
