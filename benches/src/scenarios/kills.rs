//! S7: the candidate is killed at odd moments of creates, updates and deletes, and answers to creates get lost. Is there
//! exactly one dataset for each object, and what did it cost?

use std::time::Duration;

use serde_json::json;
use testbed::Result;
use tokio::time::{Instant, sleep};

use super::consistency::Flaws;
use super::{Outcome, put, until};
use crate::candidate::Tuning;
use crate::loader::Act;
use crate::observer::{Observer, Seen};
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::count;

const TUNING: Tuning = Tuning { qps: 100, resync: Duration::from_secs(30), impatient: true, elects: false };

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    // `20 kills`: most while there are creates, the rest among updates and deletes of a third of the objects.
    let kills: u32 = stage.case.parameters.variant.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(20);
    let (later, third) = (kills / 5, n / 3);
    stage.cloud.turn(&json!({"nameScope": "none"})).await?;
    let lost = json!({"operation": "CreateDataset", "effect": "reset", "when": "after", "count": 1_000_000, "probability": 0.01});
    stage.cloud.order(&lost).await?;
    let observer = stage.observe().await?;
    let before = stage.snapshot().await?;
    stage.start(TUNING).await?;
    let began = Instant::now();

    let load = stage.load(Act::Create);
    let mut killed = 0;
    let created = among_kills(stage, &observer, kills - 2 * later, &mut killed, |seen| seen.ready >= n).await?;
    load.finish().await?;
    put(figures, "seconds", began.elapsed().as_secs_f64());
    put(figures, "ready", count(observer.look(|seen| seen.ready)));
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    let calls = |name: &str| figures.get(name).copied().unwrap_or_default() / count(n);
    let (all, create) = (calls("calls"), calls("callsCreateDataset"));
    put(figures, "callsPerCreate", all);
    put(figures, "createCallsPerCreate", create);
    let first = Flaws::of(stage).await?;
    if !created {
        first.tell(figures);
        return Ok(Outcome::of(false));
    }
    let mut flaws = vec![first];

    stage.cloud.no_faults().await?;
    let mut generations = Vec::new();
    for index in 0..third {
        generations.push(stage.edit(index, "edited among kills").await?.0);
    }
    let served = |seen: &Seen| {
        let settled =
            |(index, generation): (usize, &i64)| seen.object(index).settled.is_some_and(|(at, _)| at >= *generation);
        generations.iter().enumerate().all(settled)
    };
    let edited = among_kills(stage, &observer, later, &mut killed, served).await?;
    flaws.push(Flaws::of(stage).await?);

    let load = stage.load_some(Act::Delete, 0..third);
    let removed = among_kills(stage, &observer, later, &mut killed, |seen| seen.gone >= third).await?;
    load.finish().await?;
    flaws.push(Flaws::of(stage).await?);
    // The worst of the three, so that none is hidden by what came after it.
    if let Some(worst) = flaws.iter().find(|flaws| !flaws.none()).or(flaws.last()) {
        worst.tell(figures);
    }
    put(figures, "kills", f64::from(killed));
    Ok(Outcome::of(edited && removed))
}

/// Kills and starts the candidate up to so many times while there is work (`killed` counts), then waits until `done`.
async fn among_kills(
    stage: &mut Stage<'_>,
    observer: &Observer,
    kills: u32,
    killed: &mut u32,
    done: impl Fn(&Seen) -> bool,
) -> Result<bool> {
    // Moments that are odd, but the same in each run.
    let mut dice = 12_345_u64;
    for _ in 0..kills {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(300 + (dice >> 33) % 1_500)).await;
        if observer.look(&done) || stage.left().is_zero() {
            break;
        }
        stage.kill()?;
        let (subject, _) = stage.launch(TUNING)?;
        stage.subject = Some(subject);
        *killed += 1;
    }
    until(stage, observer, done).await
}
