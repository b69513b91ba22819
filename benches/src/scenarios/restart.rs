//! S6: everything is settled, the candidate is stopped or killed, a user edits one object, and the candidate starts. Or there
//! are two replicas, the one with the lease is killed, and the other one takes over.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use testbed::{Context as _, Result};
use tokio::time::{Instant, sleep};

use super::verified::verified;
use super::{Outcome, put, until};
use crate::candidate::Tuning;
use crate::record::Figures;
use crate::stage::Stage;
use crate::{objects, preload};

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    preload::settled(stage, n).await?;
    let calls = stage.cloud.counts().await?;
    let takeover = stage.case.parameters.variant == "takeover";
    let tuning = Tuning { elects: takeover, ..Tuning::default() };
    stage.start(tuning).await?;
    if let Err(note) = verified(stage, &calls, n).await? {
        return Ok(Outcome::noted(false, format!("at the first start: {note}")));
    }
    let mut standby = None;
    if takeover {
        let (mut second, ready) = stage.launch(tuning)?;
        second.until_ready(&ready).await?;
        standby = Some(second);
    }
    let leader = holder(stage).await?;
    if stage.case.parameters.variant == "SIGTERM" {
        stage.stop().await?;
    } else {
        stage.kill()?;
    }
    let observer = stage.observe().await?;
    let edited = n / 2;
    let (generation, _) = stage.edit(edited, "edited while nobody looked").await?;
    let before = stage.snapshot().await?;
    let mut began = Instant::now();
    if let Some(second) = standby {
        stage.subject = Some(second);
        while holder(stage).await? == leader {
            sleep(Duration::from_millis(20)).await;
        }
        put(figures, "leaseSeconds", began.elapsed().as_secs_f64());
        began = Instant::now();
    } else {
        let (subject, ready) = stage.launch(tuning)?;
        stage.subject.insert(subject).until_ready(&ready).await?;
        put(figures, "readySeconds", began.elapsed().as_secs_f64());
    }
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

/// Who holds the lease of the operator, if there is one.
async fn holder(stage: &Stage<'_>) -> Result<Option<String>> {
    let path = "/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3Ddataset-operator";
    let request = objects::send(Method::GET, path, "application/json", String::new())?;
    let text = stage.rig.client.request_text(request).await.context("reading the lease")?;
    let leases: Value = serde_json::from_str(&text).context("reading the lease")?;
    Ok(leases.pointer("/items/0/spec/holderIdentity").and_then(Value::as_str).map(str::to_owned))
}
