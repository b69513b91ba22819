//! The scenarios: what is done to a candidate and what is measured meanwhile. `benches/README.md` says what each is for.

mod burst;
mod capacity;
mod ceiling;
mod consistency;
mod drift;
mod edits;
mod files;
mod idle;
mod jobs;
mod kills;
mod limit;
mod neighbour;
mod parents;
mod removal;
mod restart;
mod scale;
mod single;
mod soak;
mod verified;

use std::time::Duration;

use testbed::{Error, Result};
use tokio::time::Instant;

use crate::case::Case;
use crate::objects::Kind;
use crate::observer::{Observer, Seen};
use crate::record::Figures;
use crate::rig::Rig;
use crate::stage::Stage;

/// A scenario of the measurement plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// The emulator alone.
    Capacity,
    /// N Datasets at once.
    Burst,
    /// One Dataset at a time on an idle system.
    Single,
    /// The limit out of the way: what the candidate itself can do.
    Ceiling,
    /// Nothing happens.
    Idle,
    /// Somebody changes datasets in the cloud.
    Drift,
    /// A restart when everything is settled.
    Restart,
    /// A restart again and again while work is under way.
    Kills,
    /// Edits of settled objects while creates are queued.
    Edits,
    /// The account's limit falls for a minute.
    Limit,
    /// Another client uses half of the account's limit.
    Neighbour,
    /// N Datasets are deleted.
    Removal,
    /// Ten times as many objects as anyone has tested.
    Scale,
    /// Minutes of resyncs and broken connections.
    Soak,
    /// N jobs on ten Datasets.
    Jobs,
    /// A set of N files.
    Files,
    /// Nothing happens to N media datasets.
    Media,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether it reached what it was to reach.
    pub(crate) finished: bool,
    /// What the reader must know.
    pub(crate) note: String,
}

impl Outcome {
    fn of(finished: bool) -> Self {
        Self { finished, note: String::new() }
    }

    fn noted(finished: bool, note: impl Into<String>) -> Self {
        Self { finished, note: note.into() }
    }
}

impl Scenario {
    /// Every one, in the order in which they are run.
    pub(crate) const ALL: [Self; 17] = [
        Self::Capacity,
        Self::Burst,
        Self::Single,
        Self::Ceiling,
        Self::Idle,
        Self::Drift,
        Self::Restart,
        Self::Kills,
        Self::Edits,
        Self::Limit,
        Self::Neighbour,
        Self::Removal,
        Self::Scale,
        Self::Soak,
        Self::Jobs,
        Self::Files,
        Self::Media,
    ];

    /// Its number in the plan.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Capacity => "S0",
            Self::Burst => "S1",
            Self::Single => "S2",
            Self::Ceiling => "S3",
            Self::Idle => "S4",
            Self::Drift => "S5",
            Self::Restart => "S6",
            Self::Kills => "S7",
            Self::Edits => "S8",
            Self::Limit => "S9",
            Self::Neighbour => "S9b",
            Self::Removal => "S10",
            Self::Scale => "S11",
            Self::Soak => "S12",
            Self::Jobs => "S13",
            Self::Files => "S14",
            Self::Media => "S15",
        }
    }

    /// What its objects are.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Jobs => Kind::DatasetJob,
            Self::Files => Kind::DatasetFileSet,
            Self::Media => Kind::MediaDataset,
            Self::Capacity
            | Self::Burst
            | Self::Single
            | Self::Ceiling
            | Self::Idle
            | Self::Drift
            | Self::Restart
            | Self::Kills
            | Self::Edits
            | Self::Limit
            | Self::Neighbour
            | Self::Removal
            | Self::Scale
            | Self::Soak => Kind::Dataset,
        }
    }
}

/// Runs one case on a stage of its own. `figures` keeps what was measured if the run fails or is cut off.
pub(crate) async fn run(rig: &Rig, case: &Case, figures: &mut Figures) -> Result<Outcome> {
    if case.scenario == Scenario::Capacity {
        return capacity::run(rig, figures).await;
    }
    let mut stage = Stage::set(rig, case).await?;
    let result = match case.scenario {
        Scenario::Capacity | Scenario::Burst => burst::run(&mut stage, figures).await,
        Scenario::Single => single::run(&mut stage, figures).await,
        Scenario::Ceiling => ceiling::run(&mut stage, figures).await,
        Scenario::Idle | Scenario::Media => idle::run(&mut stage, figures).await,
        Scenario::Drift => drift::run(&mut stage, figures).await,
        Scenario::Restart => restart::run(&mut stage, figures).await,
        Scenario::Kills => kills::run(&mut stage, figures).await,
        Scenario::Edits => edits::run(&mut stage, figures).await,
        Scenario::Limit => limit::run(&mut stage, figures).await,
        Scenario::Neighbour => neighbour::run(&mut stage, figures).await,
        Scenario::Removal => removal::run(&mut stage, figures).await,
        Scenario::Scale => scale::run(&mut stage, figures).await,
        Scenario::Soak => soak::run(&mut stage, figures).await,
        Scenario::Jobs => jobs::run(&mut stage, figures).await,
        Scenario::Files => files::run(&mut stage, figures).await,
    };
    let result = result.map_err(|error| Error::new(format!("{error}\n{}", stage.log_tail())));
    stage.clear().await?;
    result
}

/// Waits until `done` or the deadline of the run; says which. Fails early if the candidate ends.
async fn until(stage: &mut Stage<'_>, observer: &Observer, done: impl Fn(&Seen) -> bool) -> Result<bool> {
    loop {
        let look = stage.left().min(Duration::from_secs(1));
        if observer.until(Instant::now() + look, &done).await? {
            return Ok(true);
        }
        stage.check_alive()?;
        if stage.left().is_zero() {
            return Ok(false);
        }
    }
}

/// Writes a figure down.
/// What cannot be said, because a run did not come that far, is left out: JSON has no word for it.
fn put(figures: &mut Figures, name: &str, value: f64) {
    if value.is_finite() {
        figures.insert(name.to_owned(), value);
    }
}

/// Median, 99th percentile and maximum of times in milliseconds.
fn put_times(figures: &mut Figures, times: &[f64]) {
    use crate::stats::percentile;
    for (name, share) in [("p50Ms", 0.5), ("p99Ms", 0.99), ("maxMs", 1.0)] {
        if let Some(value) = percentile(times, share) {
            put(figures, name, value);
        }
    }
}

/// The time from `from` to `to` in milliseconds.
fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e3
}
