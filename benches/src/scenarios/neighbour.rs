//! S9, the other half: another client of the same account takes half of the limit, unannounced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dataset_operator::cloud::{self, BearerStyle, Environment, ErrorClass, Limiter, Request};
use testbed::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Context as _, Result};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Outcome, put};
use crate::candidate::Tuning;
use crate::preload::Template;
use crate::record::Figures;
use crate::stage::{LIMIT, Stage};

const SHARE: u32 = LIMIT / 2;
const TIME: Duration = Duration::from_secs(40);

#[allow(clippy::cast_precision_loss, reason = "counts of a minute")]
pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    let blank = Template::blank(stage).await?;
    stage.start(Tuning::default()).await?;
    let neighbour = Neighbour::new(stage.emulator.url())?;
    let calling = tokio::spawn(neighbour.clone().call());
    blank.place(stage, 0..n).await?;
    // Until the candidate knows.
    sleep(Duration::from_secs(5)).await;
    let (before, then) = (stage.cloud.counts().await?, neighbour.counts());
    sleep(TIME.min(stage.left())).await;
    let (after, now) = (stage.cloud.counts().await?, neighbour.counts());
    calling.abort();
    stage.check_alive()?;
    let (theirs, their_rejected) = (now.0 - then.0, now.1 - then.1);
    let creates = (after.ok("CreateDataset") - before.ok("CreateDataset")) as f64;
    let rejected = (after.throttled - before.throttled).saturating_sub(their_rejected) as f64;
    put(figures, "goodput", creates / TIME.as_secs_f64() / f64::from(LIMIT - SHARE));
    put(figures, "rejected", rejected);
    put(figures, "rejectedPer1000", rejected / creates.max(1.0) * 1e3);
    put(figures, "neighbourRejectedPer1000", their_rejected as f64 / (theirs as f64).max(1.0) * 1e3);
    Ok(Outcome::of(creates > 0.0))
}

/// Somebody else with the same account, who reads a dataset that does not exist, over and over.
#[derive(Clone)]
struct Neighbour {
    client: cloud::Client,
    calls: Arc<AtomicU64>,
    rejected: Arc<AtomicU64>,
}

impl Neighbour {
    fn new(endpoint: &str) -> Result<Self> {
        let variables = |key: &str| match key {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some(ACCESS_KEY_ID.to_owned()),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some(ACCESS_KEY_SECRET.to_owned()),
            _ => None,
        };
        let credentials = Arc::new(Environment::new(variables, BearerStyle::Sdk));
        let settings = cloud::Settings::for_endpoint(endpoint, Duration::from_secs(10)).context("the neighbour")?;
        // `send` asks no limiter: this one goes at its own pace.
        let limiter = Arc::new(Limiter::new(f64::from(SHARE)).context("the neighbour")?);
        let client = cloud::Client::new(settings, credentials, limiter, Arc::new(())).context("the neighbour")?;
        Ok(Self { client, calls: Arc::default(), rejected: Arc::default() })
    }

    /// Calls at the pace of its share, for ever.
    async fn call(self) {
        let mut ticks = interval(Duration::from_secs(1) / SHARE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            ticks.tick().await;
            let own = self.clone();
            tokio::spawn(async move {
                let answer = own.client.send(&Request::get_dataset("d-of-nobody")).await;
                own.calls.fetch_add(1, Ordering::Relaxed);
                if answer.is_err_and(|error| matches!(error.class, ErrorClass::Throttled { .. })) {
                    own.rejected.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }

    fn counts(&self) -> (u64, u64) {
        (self.calls.load(Ordering::Relaxed), self.rejected.load(Ordering::Relaxed))
    }
}
