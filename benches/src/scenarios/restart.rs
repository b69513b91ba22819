//! S6: everything is settled, the candidate is stopped or killed, a user edits one object, and the candidate starts.

use std::time::Duration;

use testbed::Result;
use tokio::time::{Instant, sleep};

use super::verified::verified;
use super::{Outcome, put, until};
use crate::candidate::Tuning;
use crate::preload;
use crate::record::Figures;
use crate::stage::Stage;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let calls = stage.cloud.counts().await?;
    stage.start(Tuning::default()).await?;
    if let Err(note) = verified(stage, &calls, n).await? {
        return Ok(Outcome::noted(false, format!("at the first start: {note}")));
    }
    if stage.case.parameters.variant == "SIGTERM" {
        stage.stop().await?;
    } else {
        stage.kill()?;
    }
    let observer = stage.observe().await?;
    let edited = n / 2;
    let (generation, _) = stage.edit(edited, "edited while nobody looked").await?;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    let (subject, ready) = stage.launch(Tuning::default())?;
    let subject = stage.subject.insert(subject);
    subject.until_ready(&ready).await?;
    put(figures, "readySeconds", began.elapsed().as_secs_f64());
    let calls = before.calls.clone();
    let all = verified(stage, &calls, n).await?;
    let seconds = |at: Instant| at.saturating_duration_since(began).as_secs_f64();
    if let Ok(at) = all {
        put(figures, "verifiedSeconds", seconds(at));
    }
    let served = |seen: &crate::observer::Seen| {
        seen.object(edited).settled.filter(|(settled, _)| *settled >= generation).map(|(_, at)| at)
    };
    let edit = until(stage, &observer, |seen| served(seen).is_some()).await?;
    if let Some(at) = observer.look(served) {
        put(figures, "firstEditSeconds", seconds(at));
    }
    sleep(Duration::from_secs(2)).await;
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    // The edit's own status is the one write that there must be.
    let edits = u64::from(edit);
    #[allow(clippy::cast_precision_loss, reason = "a handful")]
    put(figures, "writesBeyondEdit", difference.writes().saturating_sub(edits) as f64);
    let finished = all.is_ok() && edit;
    Ok(Outcome::noted(finished, all.err().unwrap_or_default()))
}
