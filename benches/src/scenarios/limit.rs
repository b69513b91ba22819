//! S9: creates are queued, and the account's limit falls to a fifth for a minute without anyone being told.

use std::time::Duration;

use serde_json::json;
use testbed::Result;
use tokio::time::{Instant, sleep};

use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::counters::cloud::Calls;
use crate::preload::Template;
use crate::record::Figures;
use crate::stage::{LIMIT, Stage};

const LOW: u32 = 20;
const HIGH: Duration = Duration::from_secs(15);
const AFTER: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What counts as recovered, of the limit, over one second.
const RECOVERED: f64 = 0.9;

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    // `low for 60s`
    let low: String = stage.case.parameters.variant.chars().filter(char::is_ascii_digit).collect();
    let low = Duration::from_secs(low.parse().unwrap_or(60));
    let blank = Template::blank(stage).await?;
    let before = stage.snapshot().await?;
    stage.start(Tuning::default()).await?;
    blank.place(stage, 0..n).await?;
    sleep(Duration::from_secs(2)).await;

    let high = watch(stage, HIGH).await?;
    stage.cloud.turn(&json!({"quotaPerSecond": LOW})).await?;
    let throttled = watch(stage, low).await?;
    stage.cloud.turn(&json!({"quotaPerSecond": LIMIT})).await?;
    let after = watch(stage, AFTER).await?;
    put(figures, "goodputBefore", high.rate() / f64::from(LIMIT));
    put(figures, "rejectedBefore", high.rejected());
    put(figures, "goodputLow", throttled.rate() / f64::from(LOW));
    put(figures, "rejectedLow", throttled.rejected());
    put(figures, "goodputAfter", after.rate() / f64::from(LIMIT));
    put(figures, "rejectedAfter", after.rejected());
    let recovered = after.reaches(f64::from(LIMIT) * RECOVERED);
    if let Some(at) = recovered {
        put(figures, "recoverySeconds", at);
    }
    stage.snapshot().await?.since(&before, 0).tell(figures);
    Ok(Outcome::of(recovered.is_some()))
}

/// Calls over some time: seconds since its begin, calls carried out and calls rejected.
#[derive(Debug, Default)]
struct Course(Vec<(f64, u64, u64)>);

/// Looks at the emulator's counts for `time`.
async fn watch(stage: &mut Stage<'_>, time: Duration) -> Result<Course> {
    let began = Instant::now();
    let mut course = Course::default();
    let mut look = |calls: &Calls| course.0.push((began.elapsed().as_secs_f64(), calls.all_ok(), calls.throttled));
    while began.elapsed() < time {
        look(&stage.cloud.counts().await?);
        stage.check_alive()?;
        sleep(LOOK_EVERY).await;
    }
    look(&stage.cloud.counts().await?);
    Ok(course)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a minute")]
impl Course {
    /// Calls per second that were carried out.
    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return 0.0 };
        last.1.saturating_sub(first.1) as f64 / (last.0 - first.0).max(0.001)
    }

    fn rejected(&self) -> f64 {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return 0.0 };
        last.2.saturating_sub(first.2) as f64
    }

    /// When a second began in which so many calls were carried out.
    fn reaches(&self, rate: f64) -> Option<f64> {
        self.0.iter().enumerate().find_map(|(place, from)| {
            let to = self.0.iter().skip(place).find(|to| to.0 >= from.0 + 1.0)?;
            ((to.1 - from.1) as f64 / (to.0 - from.0) >= rate).then_some(from.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_has_a_rate_and_a_turning_point() {
        // 20 calls/s for 5 s, then 100 calls/s for 5 s, looked at every half second.
        let at = |half: u32| if half <= 10 { half * 10 } else { 100 + (half - 10) * 50 };
        let points = (0..=20).map(|half| (f64::from(half) / 2.0, u64::from(at(half)), u64::from(half.min(4))));
        let course = Course(points.collect());
        assert!((course.rate() - 60.0).abs() < 1e-9);
        assert!((course.rejected() - 4.0).abs() < 1e-9);
        assert_eq!(course.reaches(95.0), Some(5.0));
        assert_eq!(course.reaches(101.0), None);
        assert_eq!(Course::default().reaches(1.0), None);
    }
}
