//! S12: a long life in short: resyncs every 5 s, and one connection in fifty to the cloud breaks. Does memory grow?

use std::time::Duration;

use serde_json::json;
use testbed::Result;
use tokio::time::{Instant, sleep};

use super::verified::verified;
use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::counters::proc::Usage;
use crate::preload;
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::{median, slope};

const RESYNC: Duration = Duration::from_secs(5);
/// Until memory is what it will be.
const WARM_UP: Duration = Duration::from_secs(30);
/// To end in order.
const AROUND: Duration = Duration::from_secs(15);

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let calls = stage.cloud.counts().await?;
    stage.start(Tuning { resync: RESYNC, ..Tuning::default() }).await?;
    if let Err(note) = verified(stage, &calls, n).await? {
        return Ok(Outcome::noted(false, note));
    }
    let fault = json!({"operation": "*", "effect": "reset", "when": "before", "count": 1_000_000, "probability": 0.02});
    stage.cloud.order(&fault).await?;
    sleep(WARM_UP.min(stage.left())).await;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    let mut points = Vec::new();
    while stage.left() > AROUND {
        stage.check_alive()?;
        if let Some(usage) = stage.operator_id().and_then(Usage::of) {
            points.push((began.elapsed().as_secs_f64(), usage.rss_mb));
        }
        sleep(Duration::from_secs(1)).await;
    }
    stage.snapshot().await?.since(&before, 0).tell(figures);
    let seconds = began.elapsed().as_secs_f64();
    let memory: Vec<f64> = points.iter().map(|(_, mb)| *mb).collect();
    put(figures, "seconds", seconds);
    put(figures, "resyncs", seconds / RESYNC.as_secs_f64());
    if let (Some(slope), Some(middle)) = (slope(&points), median(&memory)) {
        put(figures, "rssMb", middle);
        put(figures, "rssMbPerMinute", slope * 60.0);
        put(figures, "growthPercent", slope * seconds / middle * 100.0);
    }
    Ok(Outcome::of(points.len() > 10))
}
