//! One run from beginning to end.

use dataset_operator::environment::simulated;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::clock::{self, Stage};
use crate::goal::{self, Miss, had_twins, look_back, needs_human};
use crate::history::{Class, Entry};
use crate::kind::Kind;
use crate::life::keep_alive;
use crate::scenario::Scenario;
use crate::world::World;

/// A run that has not reached its goal in this time has failed.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);
/// A resync, with its noise.
const RESYNC: Duration = Duration::from_secs(11 * 60);
/// Mutating calls of the service that a fault may cost. Under another identity those of up to three objects are refused
/// for five minutes.
const fn price(fault: Kind) -> usize {
    match fault {
        Kind::Stranger => 36,
        _ => 6,
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The violation, if there is one.
    pub miss: Option<Miss>,
    /// The whole history.
    pub history: Vec<Entry>,
    /// Where in the history the job was done for the first time.
    pub done: usize,
    /// Simulated time until then, since the job began.
    pub took: Duration,
    /// A person is asked to act; everything else is correct.
    pub human: bool,
}

/// Plays a scenario. The same scenario has the same history.
///
/// # Panics
/// If what is there before the job does not come about; then nothing went wrong yet.
pub fn run(scenario: &Scenario) -> Outcome {
    fastrand::seed(scenario.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        clock::begin();
        let world = World::new(scenario);
        let _stage = simulated(Stage::new(world.clone(), scenario.seed));
        tokio::select! {
            biased;
            outcome = play(&world) => outcome,
            never = operator(&world) => match never {},
        }
    })
}

async fn operator(world: &Arc<World>) -> std::convert::Infallible {
    if world.evidence.job.is_first() {
        // The user comes first.
        sleep(Duration::from_millis(1)).await;
    }
    keep_alive(world).await
}

async fn play(world: &Arc<World>) -> Outcome {
    let evidence = &world.evidence;
    if !evidence.job.is_first() {
        world.perform(evidence.job.prepare());
        sleep(Duration::from_secs(10)).await;
        let ready = until_done(world, Instant::now() + RESYNC).await;
        assert_eq!(ready, Ok(()), "before the job");
        sleep(Duration::from_secs(10)).await;
    }
    world.arm();
    let (begun, first) = (Instant::now(), world.evidence.moment());
    world.perform(evidence.job.act(evidence));
    let miss = until_done(world, begun + PATIENCE).await;
    let (done, took) = (world.evidence.moment(), begun.elapsed());
    let miss = match miss {
        Ok(()) => judge(world, begun + PATIENCE, first).await,
        miss => miss,
    };
    Outcome {
        miss: miss.err(),
        history: evidence.history(),
        done,
        took,
        human: needs_human(evidence, &world.apiserver.store()),
    }
}

fn look(world: &World) -> Result<(), Miss> {
    goal::look(&world.evidence, &world.apiserver.store())
}

/// Waits until all is as it must be.
async fn until_done(world: &World, deadline: Instant) -> Result<(), Miss> {
    let mut step = Duration::from_secs(1);
    loop {
        match look(world) {
            Err(miss) if Instant::now() >= deadline => return Err(miss),
            Err(_) => {
                sleep(step).await;
                step = (step * 5 / 4).min(Duration::from_secs(30));
            }
            Ok(()) => return Ok(()),
        }
    }
}

/// The goal is reached. It must stay reached without calls or writes, and the run must not have cost more than allowed.
async fn judge(world: &World, deadline: Instant, first: usize) -> Result<(), Miss> {
    stays(world, deadline).await?;
    let moment = world.evidence.moment();
    sleep(3 * RESYNC).await;
    if let Some(entry) = world.evidence.writes_since(moment).first() {
        return Err(Miss::Restless(entry.to_string()));
    }
    look(world)?;
    look_back(&world.evidence, &world.apiserver.store())?;
    let history = world.evidence.history();
    had_twins(&world.evidence)?;
    let calls = history[first..].iter().filter(|entry| entry.class == Class::CloudWrite).count();
    let most = 6 + history.iter().filter_map(|entry| entry.fault).map(price).sum::<usize>();
    if calls > most {
        return Err(Miss::Costly(format!("{calls} calls that change something, at most {most} are in order")));
    }
    Ok(())
}

/// Waits until the goal has been reached for two resyncs: by then lost or late messages have had their effect.
async fn stays(world: &World, deadline: Instant) -> Result<(), Miss> {
    const GLANCES: u32 = 12;
    let mut calm = 0;
    while calm < GLANCES {
        sleep(2 * RESYNC / GLANCES).await;
        match look(world) {
            Ok(()) => calm += 1,
            Err(miss) if Instant::now() >= deadline => return Err(miss),
            Err(_) => calm = 0,
        }
    }
    Ok(())
}
