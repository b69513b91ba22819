//! One cell, played: prepare, arm, trigger, wait for the goal, and judge.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testbed::proxy::{Act, End, Match, Proxy, Rule, Side};
use testbed::{Error, Result};
use tokio::time::{Instant, sleep};

use crate::bed::Bed;
use crate::cells::Cell;
use crate::columns::Fault;
use crate::jobs::Known;
use crate::oracle::{self, Sort, Violation, cost, violation};
use crate::quiet::settle;
use crate::scene::{Scene, Setting};

/// Longer than the longest wait that a service can ask for (30 s), and some tries more.
const LIMIT: Duration = Duration::from_secs(80);
/// How long the deletion of the objects may take at the end.
const FAREWELL: Duration = Duration::from_secs(40);
/// How often the goal is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How a cell went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the last fault to the goal.
    pub recovery: Duration,
    /// The user was told to act, and did.
    pub told: bool,
    /// The violations.
    pub violations: Vec<Violation>,
    /// The whole history.
    pub took: Duration,
}

/// Plays a cell; whatever fails in the harness is a violation as well.
pub async fn play(bed: &Arc<Bed>, cell: &Cell) -> Outcome {
    let begun = Instant::now();
    let mut outcome = match Scene::new(bed, Setting { knobs: cell.knobs(), ..Setting::default() }).await {
        Ok(mut scene) => acted(&mut scene, cell).await,
        Err(error) => failed(&error),
    };
    outcome.took = begun.elapsed();
    outcome
}

fn failed(error: &Error) -> Outcome {
    Outcome { violations: vec![violation(Sort::Stuck, error.to_string())], ..Outcome::default() }
}

async fn acted(scene: &mut Scene, cell: &Cell) -> Outcome {
    match act(scene, cell).await {
        Ok(mut outcome) => {
            let tail = if outcome.violations.is_empty() { String::new() } else { scene.keeper.log_tail(30) };
            if let Some(last) = outcome.violations.last_mut() {
                last.text = format!("{}\n{tail}", last.text);
            }
            outcome
        }
        Err(error) => failed(&error),
    }
}

async fn act(scene: &mut Scene, cell: &Cell) -> Result<Outcome> {
    let job = cell.row.job;
    if job.prepares() {
        scene.start().await?;
    }
    let mut known = job.prepare(scene).await?;
    if cell.is_cold() {
        scene.keeper.stop().await?;
    } else if !scene.keeper.is_running() {
        scene.start().await?;
    }
    job.trouble(scene);
    arm(scene, cell);
    let before = scene.log.len();
    job.trigger(scene, &mut known).await?;
    if cell.is_cold() {
        let crash = match cell.variant.fault {
            Fault::Crash(when) => Some(format!("{when} {} of {}", cell.row.step, cell.row.kind)),
            Fault::Kill { .. } | Fault::Strike(_) => None,
        };
        scene.keeper.launch(crash.as_deref())?;
    }
    let told = reach(scene, cell, &known).await?;
    let reached = Instant::now();
    let last = scene.log.last_strike().max(scene.keeper.ended);
    let recovery = last.map(|last| reached.duration_since(last)).unwrap_or_default();
    // Messages that are still under way in the network arrive first.
    if let Some(last) = last {
        sleep((last + cell.variant.late).saturating_duration_since(Instant::now())).await;
    }
    for proxy in [&scene.cloud, &scene.kube] {
        proxy.clear();
    }
    let mut violations = settle(scene).await?;
    violations.extend(cost::within(cost::of(scene.log.entries().get(before..).unwrap_or_default()), cell.most()));
    if violations.is_empty() {
        violations.extend(part(scene, job.keeps()).await?);
    }
    violations.extend(oracle::histories(scene, cell.leeway(known.foreign.as_deref())));
    if told && !cell.variant.stops {
        violations.push(violation(Sort::HumanNeeded, "it stood still until somebody asked for another try"));
    }
    Ok(Outcome { recovery, told, violations, took: Duration::ZERO })
}

/// Sets up the fault.
fn arm(scene: &Scene, cell: &Cell) {
    let Some((side, of)) = cell.row.matches() else { return };
    let proxy: &Proxy = if side == Side::Cloud { &scene.cloud } else { &scene.kube };
    match &cell.variant.fault {
        Fault::Strike(act) => proxy.add(Rule::once(of, act.clone())),
        Fault::Kill { executed } => {
            proxy.add(Rule::once(of, Act::Lose { executed: *executed, end: End::Silence }));
        }
        // A pass must find that the workspace is not listed yet.
        Fault::Crash(_) if cell.row.step == "Sweep" => {
            let operations = ["ListDatasets", "ListDatasetVersions"].map(Match::operation);
            for of in operations {
                scene.cloud.add(Rule::once(of, Act::Delay(Duration::from_millis(800))));
            }
        }
        Fault::Crash(_) => {}
    }
}

/// Waits for the fault and for the goal. Returns whether a user had to ask for another try.
async fn reach(scene: &mut Scene, cell: &Cell, known: &Known) -> Result<bool> {
    let deadline = Instant::now() + LIMIT;
    let (mut told, mut killed) = (false, false);
    loop {
        if let Fault::Kill { executed } = cell.variant.fault
            && !killed
            && scene.log.strikes() > 0
        {
            if executed {
                executed_now(scene).await;
            }
            scene.keeper.kill()?;
            killed = true;
        }
        scene.keeper.look()?;
        let struck = match cell.variant.fault {
            Fault::Crash(_) => scene.keeper.ended.is_some(),
            Fault::Kill { .. } | Fault::Strike(_) => scene.log.strikes() > 0,
        };
        if struck && cell.row.job.reached(scene, known) {
            return Ok(told);
        }
        if struck && ask_again(scene).await? {
            told = cell.row.job != crate::jobs::Job::Refused;
        }
        if Instant::now() >= deadline {
            let what = if struck { "the goal was not reached" } else { "the fault never struck" };
            return Err(Error::new(format!("{what}\n{}", state(scene))));
        }
        sleep(LOOK).await;
    }
}

/// Waits until the server has answered the request with the fault.
async fn executed_now(scene: &Scene) {
    let deadline = Instant::now() + Duration::from_secs(2);
    let answered = || scene.log.count(|entry| entry.struck && !entry.answers.is_empty()) > 0;
    while !answered() && Instant::now() < deadline {
        sleep(Duration::from_millis(5)).await;
    }
}

/// If an object says that it is Stalled, its user asks for another try.
async fn ask_again(scene: &Scene) -> Result<bool> {
    let mut asked = false;
    for (kind, object) in scene.objects() {
        let stalled = testbed::condition(&object, "Stalled").is_some_and(|stalled| stalled.status == "True");
        let key = "dataset-operator.dev/reconcile-requested-at";
        let annotations = object.metadata.annotations.unwrap_or_default();
        if stalled && !annotations.contains_key(key) {
            let name = object.metadata.name.unwrap_or_default();
            scene.patch(kind, &name, json!({"metadata": {"annotations": {key: "now"}}})).await?;
            asked = true;
        }
    }
    Ok(asked)
}

/// Deletes everything, and checks which remotes are left.
pub async fn part(scene: &mut Scene, keeps: bool) -> Result<Vec<Violation>> {
    for (kind, object) in scene.objects() {
        if object.metadata.deletion_timestamp.is_none() {
            scene.delete(kind, &object.metadata.name.unwrap_or_default()).await?;
        }
    }
    let what = "the objects to be gone";
    scene.until(what, FAREWELL, async |scene: &mut Scene| Ok(oracle::left(scene).is_empty())).await?;
    Ok(oracle::gone(scene, keeps))
}

/// The visible state, for the person who reads about a failure.
pub fn state(scene: &Scene) -> String {
    // Writing to a string cannot fail.
    let mut text = String::new();
    for (kind, object) in scene.objects() {
        let (metadata, status) = (&object.metadata, &object.data["status"]);
        let _ = writeln!(
            text,
            "{kind} {:?} generation {:?} finalizers {:?} deletion {:?}: {status}",
            metadata.name, metadata.generation, metadata.finalizers, metadata.deletion_timestamp
        );
    }
    let calls = scene.log.entries();
    let last = calls.iter().rev().take(12).rev();
    for entry in last {
        let struck = if entry.struck { " struck" } else { "" };
        let given: Vec<_> = entry.answers.iter().map(|answer| answer.status).collect();
        let _ = writeln!(text, "{} {} -> {given:?}{struck}", entry.method, entry.target);
    }
    text.push_str(&scene.keeper.log_tail(20));
    text
}
