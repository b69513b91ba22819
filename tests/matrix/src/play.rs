//! One cell, played: prepare, arm, act, wait for the fault and the goal, and judge.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use simulation::{Entry, Kind, Miss, Scenario, goal};
use testbed::proxy::Side;
use testbed::{Error, Result};
use tokio::time::{Instant, sleep};

use crate::bed::Bed;
use crate::calls::cost;
use crate::cells::{Cell, of_service};
use crate::quiet::settle;
use crate::scene::{LOOK, Scene};
use crate::strike::LATE;

/// Longer than the longest wait that a service can ask for (30 s), and some tries more.
const LIMIT: Duration = Duration::from_secs(80);
/// How long the deletion of the objects may take at the end.
const FAREWELL: Duration = Duration::from_secs(40);
/// The secret key of the operators under test.
const SECRET: &str = "testAccessKeySecret";

/// How a cell went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the last fault to the goal.
    pub recovery: Duration,
    /// What was not as it must be.
    pub miss: Option<Miss>,
    /// All of it.
    pub took: Duration,
}

/// Plays a cell; whatever fails in the harness is a miss as well.
pub(crate) async fn play(bed: &Arc<Bed>, cell: &Cell) -> Outcome {
    let begun = Instant::now();
    let outcome = match Scene::new(bed, &Scenario::calm(3, cell.row.job)).await {
        Ok(mut scene) => {
            let outcome = act(&mut scene, cell).await;
            told(&scene, outcome)
        }
        Err(error) => Outcome { miss: Some(Miss::Unfinished(error.to_string())), ..Outcome::default() },
    };
    Outcome { took: begun.elapsed(), ..outcome }
}

/// The outcome, with what a person needs who reads about a failure.
pub(crate) fn told(scene: &Scene, outcome: Result<Outcome>) -> Outcome {
    let outcome = outcome.unwrap_or_else(|error| {
        let miss = Some(Miss::Unfinished(error.to_string()));
        Outcome { miss, ..Outcome::default() }
    });
    if let Some(miss) = &outcome.miss {
        println!("{miss}\n{}", state(scene));
    }
    outcome
}

async fn act(scene: &mut Scene, cell: &Cell) -> Result<Outcome> {
    let (job, row) = (cell.row.job, &cell.row);
    if !job.is_first() {
        scene.start().await?;
        scene.users.perform(job.prepare()).await?;
        scene.until("what is there before the job", FAREWELL, |scene| Ok(scene.look().is_ok())).await?;
    }
    if let Some(create) = &row.doubt {
        let side = if create.starts_with("imm:") { Side::Imm } else { Side::Cloud };
        scene.arm(side, of_service(create), Kind::AnswerLost)?;
    }
    scene.arm(row.side(), row.matches(), cell.kind)?;
    let before = scene.log.len();
    scene.users.perform(job.act(&scene.evidence)).await?;
    if job.is_first() {
        scene.keeper.launch(None)?;
    }
    reach(scene, cell).await?;
    let last = scene.log.last_strike().max(scene.keeper.ended);
    let recovery = last.map(|last| last.elapsed()).unwrap_or_default();
    // Messages that are still under way in the network arrive first.
    if let (Some(last), Kind::Late) = (last, cell.kind) {
        sleep((last + LATE).saturating_duration_since(Instant::now())).await;
    }
    scene.disarm();
    let mut miss = settle(scene).await?;
    if miss.is_none() {
        miss = dear(cell, scene.history().get(before..).unwrap_or_default());
    }
    if miss.is_none() {
        miss = part(scene).await?;
    }
    Ok(Outcome { recovery, miss: miss.or_else(|| look_back(scene).err()), took: Duration::ZERO })
}

/// More than the job costs, and a little more for one fault: a call that changes something is sent once more, and a copy of
/// a create that the service carried out is deleted again. All reads may be repeated, as by the next process, and a doubt
/// takes three lists and a read.
fn dear(cell: &Cell, calls: &[Entry]) -> Option<Miss> {
    let (changes, looks) = cost(calls.iter());
    let most = (cell.row.cost.0 + 1 + usize::from(cell.kind.doubles()), 2 * cell.row.cost.1 + 4);
    let told = || Miss::Costly(format!("{changes} changes and {looks} looks; at most {most:?} are in order"));
    (changes > most.0 || looks > most.1).then(told)
}

/// Waits for the fault and for the goal.
async fn reach(scene: &mut Scene, cell: &Cell) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    let strikes = 1 + usize::from(cell.row.doubt.is_some());
    let mut dies = matches!(cell.kind, Kind::CrashBefore | Kind::CrashAfter);
    loop {
        let struck = scene.log.strikes() >= strikes;
        if struck && dies {
            if cell.kind == Kind::CrashAfter {
                executed_now(scene).await;
            }
            scene.keeper.kill()?;
            dies = false;
        }
        scene.keeper.look()?;
        if struck && scene.look().is_ok() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let why = if struck { "the goal was not reached" } else { "the fault never struck" };
            return Err(Error::new(why));
        }
        sleep(LOOK).await;
    }
}

/// Waits until the server has answered the request with the fault.
async fn executed_now(scene: &Scene) {
    let deadline = Instant::now() + Duration::from_secs(2);
    let waits = |entry: &testbed::proxy::Entry| entry.struck && entry.answers.is_empty();
    while scene.log.count(waits) > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Deletes everything, and looks at what is left.
pub(crate) async fn part(scene: &mut Scene) -> Result<Option<Miss>> {
    for (resource, name, deleted) in scene.users.mirror.objects() {
        if !deleted {
            scene.users.delete(resource, &name).await?;
        }
    }
    scene.until("the objects to be gone", FAREWELL, |scene| Ok(scene.users.mirror.objects().is_empty())).await?;
    Ok(scene.look().err())
}

/// Was all correct all the time, no secret told, and no reconcile cut off?
pub(crate) fn look_back(scene: &Scene) -> std::result::Result<(), Miss> {
    scene.evidence.set_history(scene.history());
    let store = scene.users.mirror.store();
    goal::look_back(&scene.evidence, &store)?;
    goal::had_twins(&scene.evidence)?;
    let said = scene.keeper.said();
    let sent = scene.log.entries().into_iter().map(|entry| format!("{} {}", entry.target, entry.body));
    let stored = store.log().iter().map(|event| event.object.to_string());
    told_wrongly(sent.chain(stored), &said)
}

/// The secret key in one of these texts or in the log, or a panic or a reconcile without end in the log.
fn told_wrongly(texts: impl Iterator<Item = String>, log: &str) -> std::result::Result<(), Miss> {
    if log.contains(SECRET) || { texts }.any(|text| text.contains(SECRET)) {
        return Err(Miss::Foreign("a secret got out".to_owned()));
    }
    let bad = |line: &&str| line.contains("panicked") || line.contains("a pass was cut off");
    log.lines().find(bad).map_or(Ok(()), |line| Err(Miss::Unfinished(line.to_owned())))
}

/// The objects, the last calls, and what the operator said last.
fn state(scene: &Scene) -> String {
    // Writing to a string cannot fail.
    let mut text = String::new();
    for (key, object) in scene.users.mirror.store().all() {
        if key.name != "kube-root-ca.crt" {
            let _ = writeln!(text, "{key:?}: {}", object["status"]);
        }
    }
    let history = scene.history();
    for entry in history.iter().rev().take(20).rev() {
        let _ = writeln!(text, "{entry}");
    }
    text.push_str(&scene.keeper.log_tail(20));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_panics_and_endless_reconciles_are_noticed() {
        let told = |text: &str, log: &str| told_wrongly([text.to_owned()].into_iter(), log);
        assert_eq!(told("testAccessKeyId", "all is well"), Ok(()));
        assert!(told("?key=testAccessKeySecret", "").is_err() && told("", "key testAccessKeySecret").is_err());
        assert!(told("", "thread 'x' panicked at").is_err() && told("", "a pass was cut off").is_err());
    }
}
