//! Many cells at a time.

use std::sync::Arc;

use futures::StreamExt;
use tokio::time::Instant;

use crate::bed::Bed;
use crate::cells::{self, Cell};
use crate::named::{NAMED, Named, play_named};
use crate::play::{Outcome, play};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// A cell of the matrix.
    Cell(Cell),
    /// A row with a name.
    Named(Named),
}

impl Task {
    /// Its name.
    pub fn id(&self) -> String {
        match self {
            Self::Cell(cell) => cell.id(),
            Self::Named(named) => named.id.to_owned(),
        }
    }
}

/// A task that was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// Which.
    pub task: Task,
    /// How it went.
    pub outcome: Outcome,
}

impl Done {
    /// Nothing was wrong.
    pub fn is_ok(&self) -> bool {
        self.outcome.miss.is_none()
    }
}

/// All cells and named rows whose names begin with one of these, divided by commas.
pub fn tasks(only: &str) -> Vec<Task> {
    let cells = cells::all().into_iter().map(Task::Cell);
    let all = NAMED.into_iter().map(Task::Named).chain(cells);
    all.filter(|task| only.split(',').any(|begin| task.id().starts_with(begin))).collect()
}

/// Does all tasks, so many at a time; says how it goes. No task is begun after `until`.
pub async fn run(bed: &Arc<Bed>, tasks: Vec<Task>, width: usize, until: Option<Instant>) -> Vec<Done> {
    let (total, begun) = (tasks.len(), Instant::now());
    let mut running = futures::stream::iter(tasks)
        .map(|task| async move {
            if until.is_some_and(|until| Instant::now() > until) {
                return None;
            }
            let outcome = match &task {
                Task::Cell(cell) => play(bed, cell).await,
                Task::Named(named) => play_named(bed, *named).await,
            };
            Some(Done { task, outcome })
        })
        .buffer_unordered(width);
    let mut all = Vec::new();
    while let Some(done) = running.next().await {
        let Some(done) = done else { continue };
        all.push(done);
        if let Some(done) = all.last() {
            tell(done, all.len(), total, begun);
        }
    }
    all
}

fn tell(done: &Done, number: usize, total: usize, begun: Instant) {
    let (outcome, seconds) = (&done.outcome, begun.elapsed().as_secs());
    let how = if done.is_ok() { "ok" } else { "FAILED" };
    println!(
        "[{seconds:>4} s {number:>4}/{total}] {how} {} ({:.1} s, recovered in {:.1} s)",
        done.task.id(),
        outcome.took.as_secs_f64(),
        outcome.recovery.as_secs_f64(),
    );
    if let Some(miss) = &outcome.miss {
        println!("    {}", miss.to_string().replace('\n', "\n    "));
    }
}

/// Chooses so many of the tasks, the same ones for the same seed.
pub fn sample(tasks: Vec<Task>, seed: u64, count: usize) -> Vec<Task> {
    let mut keyed: Vec<_> = tasks.into_iter().map(|task| (mix(seed, &task.id()), task)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().take(count).map(|(_, task)| task).collect()
}

/// FNV-1a over seed and name.
fn mix(seed: u64, name: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_decided_by_its_seed() {
        let ids = |seed| {
            let ids: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].into();
            let tasks = ids.into_iter().map(|id| Task::Named(Named { id, what: "" })).collect();
            sample(tasks, seed, 5).iter().map(Task::id).collect::<Vec<_>>()
        };
        assert_eq!(ids(7), ids(7));
        assert_eq!(ids(7).len(), 5);
        assert!((0..20).any(|seed| ids(seed) != ids(7)));
    }
}
