//! S11: very many settled objects. Memory, and how long the start takes.

use std::time::Duration;

use testbed::Result;
use tokio::time::{Instant, sleep};

use super::verified::verified;
use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::preload;
use crate::record::Figures;
use crate::stage::Stage;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    stage.start(Tuning::default()).await?;
    put(figures, "readySeconds", began.elapsed().as_secs_f64());
    let calls = before.calls.clone();
    let all = verified(stage, &calls, n).await?;
    if let Ok(at) = all {
        put(figures, "verifiedSeconds", at.saturating_duration_since(began).as_secs_f64());
    }
    sleep(Duration::from_secs(5)).await;
    stage.snapshot().await?.since(&before, 0).tell(figures);
    Ok(Outcome::noted(all.is_ok(), all.err().unwrap_or_default()))
}
