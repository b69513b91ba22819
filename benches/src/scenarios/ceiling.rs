//! S3: the limit is lifted far above what the machine can do, and N objects wait already. How many creates does a second
//! of the candidate's processor time make?

use testbed::Result;
use tokio::time::Instant;

use super::{Outcome, put, until};
use crate::candidate::Tuning;
use crate::preload::Template;
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::count;

const LIFTED: u32 = 2_000;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    Template::blank(stage).await?.place(stage, 0..n).await?;
    stage.rig.until_count(stage.kind, &stage.namespace, n).await?;
    stage.rig.calm().await;
    stage.cloud.turn(&serde_json::json!({"quotaPerSecond": LIFTED})).await?;
    let observer = stage.observe().await?;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    stage.start(Tuning { qps: LIFTED, ..Tuning::default() }).await?;
    let done = until(stage, &observer, |seen| seen.ready >= n).await?;
    let seconds = began.elapsed().as_secs_f64();
    let difference = stage.snapshot().await?.since(&before, 0);
    let ready = count(observer.look(|seen| seen.ready));
    put(figures, "seconds", seconds);
    put(figures, "createsPerSecond", ready / seconds);
    put(figures, "createsPerCpuSecond", ready / difference.cpu("operator").max(0.01));
    super::burst::per_object(&difference, ready.max(1.0), figures);
    Ok(Outcome::of(done))
}
