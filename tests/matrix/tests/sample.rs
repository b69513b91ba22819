//! A sample of the matrix that changes with the day. `MATRIX_SEED=7` chooses another one, `MATRIX_CELL=CreateDataset=` runs
//! the cells whose names begin so.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use matrix::bed::Bed;
use matrix::run::{Task, run, sample, tasks};
use tokio::time::Instant;

/// Cells and named rows of a sample.
const CELLS: usize = 40;
/// No cell starts after this time.
const LIMIT: Duration = Duration::from_secs(60);

fn seed() -> u64 {
    let days = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    std::env::var("MATRIX_SEED").ok().map_or_else(days, |seed| seed.parse().expect("MATRIX_SEED is a number"))
}

fn chosen() -> Vec<Task> {
    if let Ok(only) = std::env::var("MATRIX_CELL") {
        return tasks(&only);
    }
    let seed = seed();
    println!("MATRIX_SEED={seed}");
    sample(tasks(""), seed, CELLS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_of_the_matrix_keeps_every_promise() {
    let bed = Arc::new(Bed::shared(Path::new(env!("CARGO_BIN_EXE_matrix"))).await.unwrap());
    let tasks = chosen();
    assert!(!tasks.is_empty(), "no cell has such a name");
    let until = std::env::var("MATRIX_CELL").is_err().then(|| Instant::now() + LIMIT);
    let done = run(&bed, tasks, 10, until).await;
    let failed: Vec<_> = done.iter().filter(|done| !done.is_ok()).map(|done| done.task.id()).collect();
    assert!(failed.is_empty(), "{failed:?}; run one with MATRIX_CELL={}", failed[0]);
    println!("{} cells", done.len());
}
