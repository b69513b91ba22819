//! S2: one Dataset at a time on an idle system. From the answer to `kubectl apply` until Ready is seen.

use std::time::Duration;

use testbed::Result;

use super::{Outcome, milliseconds, put_times, until};
use crate::candidate::{Candidate, Pace, Tuning};
use crate::loader::Act;
use crate::record::Figures;
use crate::stage::Stage;

/// Between two creates, so that neither the limit nor the last one's echoes are waited for.
const PAUSE: Duration = Duration::from_millis(30);

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    if stage.candidate() == Candidate::Light {
        return light(stage, figures).await;
    }
    stage.start(Tuning::default()).await?;
    let observer = stage.observe().await?;
    let mut times = Vec::new();
    for index in 0..stage.n() {
        let load = stage.load_some(Act::Create, index..index + 1);
        let answered = load.finish().await?;
        if !until(stage, &observer, |seen| seen.object(index).ready.is_some()).await? {
            break;
        }
        let ready = observer.look(|seen| seen.object(index).ready);
        times.extend(answered.first().zip(ready).map(|(answered, ready)| milliseconds(*answered, ready)));
        put_times(figures, &times);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Outcome::of(times.len() == stage.n()))
}

/// The floor: two writes and a call, one object after the other, from one Ready to the next.
async fn light(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let observer = stage.observe().await?;
    stage.load(Act::Create).finish().await?;
    stage.rig.calm().await;
    // The account's limit is not what is asked for here.
    stage.cloud.turn(&serde_json::json!({"quotaPerSecond": 0})).await?;
    stage.start_light(Pace::SINGLE)?;
    let n = stage.n();
    let done = until(stage, &observer, |seen| seen.ready >= n).await?;
    let stamps: Vec<_> = observer.look(|seen| seen.objects.iter().filter_map(|object| object.ready).collect());
    let times: Vec<f64> =
        stamps.windows(2).filter_map(|pair| Some(milliseconds(*pair.first()?, *pair.last()?))).collect();
    put_times(figures, &times);
    Ok(Outcome::of(done))
}
