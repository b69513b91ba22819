//! S5: somebody changes one dataset in a hundred in the cloud. How soon is it as the spec says again?

use std::time::Duration;

use serde_json::{Value, json};
use testbed::Result;
use tokio::time::{Instant, sleep};

use super::verified::verified;
use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::preload;
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::count;

const RESYNC: Duration = Duration::from_secs(30);
const EVERY: usize = 100;
const STRANGE: &str = "changed by someone else";

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let calls = stage.cloud.counts().await?;
    stage.start(Tuning { resync: RESYNC, ..Tuning::default() }).await?;
    if let Err(note) = verified(stage, &calls, n).await? {
        return Ok(Outcome::noted(false, note));
    }
    sleep(RESYNC / 2).await;

    let mut changed = 0;
    let mut texts = Vec::with_capacity(n);
    for (place, mut dataset) in stage.cloud.remotes(stage.kind).await?.into_iter().enumerate() {
        if place % EVERY == 0 {
            dataset["Description"] = json!(STRANGE);
            changed += 1;
        }
        texts.push(dataset.to_string());
    }
    let before = stage.snapshot().await?;
    let began = Instant::now();
    stage.cloud.set_remotes(stage.kind, &texts).await?;
    let all = u64::try_from(changed).unwrap_or_default();
    let mut half = None;
    let repaired = loop {
        let done = stage.cloud.counts().await?.ok("UpdateDataset") - before.calls.ok("UpdateDataset");
        if done * 2 >= all {
            half.get_or_insert_with(|| began.elapsed());
        }
        if done >= all || stage.left().is_zero() {
            break done;
        }
        sleep(Duration::from_millis(50)).await;
    };
    let last = began.elapsed();
    sleep(Duration::from_secs(2)).await;
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    let strange = |dataset: &Value| dataset.get("Description").and_then(Value::as_str) == Some(STRANGE);
    let wrong = stage.cloud.remotes(stage.kind).await?.iter().filter(|dataset| strange(dataset)).count();
    put(figures, "changed", count(changed));
    put(figures, "stillWrong", count(wrong));
    put(figures, "repairedP50Seconds", half.unwrap_or(last).as_secs_f64());
    put(figures, "repairedMaxSeconds", last.as_secs_f64());
    put(figures, "repairedOfResync", last.as_secs_f64() / RESYNC.as_secs_f64());
    Ok(Outcome::of(repaired >= all && wrong == 0))
}
