//! S8: a user edits settled objects while creates are queued. From the answer to the edit until Ready is seen for it.

use std::time::Duration;

use testbed::Result;
use tokio::time::{Instant, sleep, sleep_until};

use super::verified::verified;
use super::{Outcome, milliseconds, put, put_times};
use crate::candidate::Tuning;
use crate::preload::{self, Template};
use crate::record::Figures;
use crate::stage::Stage;
use crate::stats::{count, percentile};

/// Settled objects; each is edited once at most.
const SETTLED: usize = 200;
const EVERY: Duration = Duration::from_millis(500);
/// As long as 10,000 creates are queued at the full limit.
const LONGEST: Duration = Duration::from_secs(90);
/// Without a backlog, and to let the last edits be served.
const SHORT: Duration = Duration::from_secs(10);

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let queued = stage.n();
    let blank = Template::blank(stage).await?;
    preload::settled(stage, SETTLED).await?;
    let calls = stage.cloud.counts().await?;
    stage.start(Tuning::default()).await?;
    if let Err(note) = verified(stage, &calls, SETTLED).await? {
        return Ok(Outcome::noted(false, note));
    }
    let observer = stage.observe().await?;
    let before = stage.snapshot().await?;
    blank.place(stage, SETTLED..SETTLED + queued).await?;
    // Until the candidate has been told of all.
    sleep(Duration::from_secs(1)).await;

    let began = Instant::now();
    let (mut edits, mut writes) = (Vec::new(), Vec::new());
    for index in 0..SETTLED {
        let at = EVERY * u32::try_from(index).unwrap_or_default();
        let backlog = observer.look(|seen| seen.ready) < queued;
        let over = if queued == 0 { at > SHORT } else { !backlog };
        if over || at > LONGEST || stage.left() < SHORT {
            break;
        }
        sleep_until(began + at).await;
        let asked = Instant::now();
        let (generation, answered) = stage.edit(index, "edited while creates are queued").await?;
        writes.push(milliseconds(asked, answered));
        edits.push((index, generation, answered));
    }
    let ready = observer.look(|seen| seen.objects.iter().skip(SETTLED).filter(|object| object.ready.is_some()).count());
    put(figures, "createsPerSecond", count(ready) / began.elapsed().as_secs_f64());
    sleep(SHORT.min(stage.left())).await;
    let difference = stage.snapshot().await?.since(&before, u64::try_from(edits.len()).unwrap_or_default());
    difference.tell(figures);
    let now = Instant::now();
    let mut unserved = 0;
    let times: Vec<f64> = observer.look(|seen| {
        edits
            .iter()
            .map(|(index, generation, answered)| {
                let served = seen.object(*index).settled.filter(|(settled, _)| settled >= generation);
                // What was not served took until now, and longer.
                unserved += usize::from(served.is_none());
                milliseconds(*answered, served.map_or(now, |(_, at)| at))
            })
            .collect()
    });
    put_times(figures, &times);
    // What the API server took for the edit itself, the same kind of write as the candidate's answer to it.
    for (name, share) in [("writeP50Ms", 0.5), ("writeP99Ms", 0.99)] {
        if let Some(value) = percentile(&writes, share) {
            put(figures, name, value);
        }
    }
    put(figures, "edits", count(edits.len()));
    put(figures, "unserved", count(unserved));
    let note =
        if unserved > 0 { format!("{unserved} of {} edits were not served", edits.len()) } else { String::new() };
    Ok(Outcome::noted(!edits.is_empty() && unserved == 0, note))
}
