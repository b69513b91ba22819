//! The scenarios: what is done to a candidate and what is measured meanwhile. `benches/README.md` says what each is for.

mod burst;

use testbed::{Error, Result};

use crate::case::Case;
use crate::observer::{Observer, Seen};
use crate::record::Figures;
use crate::rig::Rig;
use crate::stage::Stage;

/// A scenario of the measurement plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// N Datasets at once.
    Burst,
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
}

impl Scenario {
    /// Every one, in the order in which they are run.
    pub(crate) const ALL: [Self; 1] = [Self::Burst];

    /// Its number in the plan.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Burst => "S1",
        }
    }
}

/// Runs one case on a stage of its own. `figures` keeps what was measured if the run fails or is cut off.
pub(crate) async fn run(rig: &Rig, case: &Case, figures: &mut Figures) -> Result<Outcome> {
    let mut stage = Stage::set(rig, case).await?;
    let result = match case.scenario {
        Scenario::Burst => burst::run(&mut stage, figures).await,
    };
    let result = result.map_err(|error| Error::new(format!("{error}\n{}", stage.log_tail())));
    stage.clear().await?;
    result
}

/// Waits until `done` or the deadline of the run; says which. Fails early if the candidate ends.
async fn until(stage: &mut Stage<'_>, observer: &Observer, done: impl Fn(&Seen) -> bool) -> Result<bool> {
    loop {
        let look = stage.left().min(std::time::Duration::from_secs(1));
        let deadline = tokio::time::Instant::now() + look;
        if observer.until(deadline, &done).await? {
            return Ok(true);
        }
        stage.check_alive()?;
        if stage.left().is_zero() {
            return Ok(false);
        }
    }
}
