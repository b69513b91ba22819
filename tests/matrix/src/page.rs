//! The page: the run, its results, and the rows.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use simulation::{Kind, Miss};

use crate::named::NAMED;
use crate::run::{Done, Task};

/// Where and how it was run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// When it began.
    pub(crate) date: String,
    /// Of the repository.
    pub(crate) commit: String,
    /// The command.
    pub(crate) command: String,
    /// Cores, memory, processor.
    pub(crate) machine: String,
    /// How long it took.
    pub(crate) took: Duration,
    /// How many cells at a time.
    pub(crate) width: usize,
}

/// The summary.
pub(crate) fn summary(done: &[Done]) -> String {
    let count = |of: fn(&Miss) -> bool| done.iter().filter(|done| done.outcome.miss.as_ref().is_some_and(of)).count();
    let longest = done.iter().max_by_key(|done| done.outcome.recovery);
    let (name, recovery) =
        longest.map(|done| (done.task.id(), done.outcome.recovery.as_secs_f64())).unwrap_or_default();
    let cells = done.iter().filter(|done| matches!(done.task, Task::Cell(_))).count();
    let duplicates = count(|miss| matches!(miss, Miss::Duplicate(_)));
    let orphans = count(|miss| matches!(miss, Miss::Orphan(_) | Miss::Foreign(_)));
    let stuck = count(|miss| matches!(miss, Miss::Unfinished(_) | Miss::Restless(_)));
    let failed = done.iter().filter(|done| !done.is_ok()).count();
    format!(
        "cells: {cells}\nnamed rows: {}\nduplicates: {duplicates}\norphans: {orphans}\nstuck: {stuck}\n\
         other promises broken: {}\nlongest recovery: {recovery:.1} s ({name})\n",
        done.len() - cells,
        failed - duplicates - orphans - stuck,
    )
}

/// The whole page.
pub(crate) fn page(run: &Run, done: &[Done]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "# The crash matrix\n\n\
         Every call of the operator under every fault of a connection, and every create and start under every fault, on a real \
         API server and the emulator, through a fault proxy before each.\n\
         Made by `make matrix`; [tests/matrix](../../tests/matrix/README.md) says how.\n\n\
         | | |\n| --- | --- |\n| date | {} |\n| commit | `{}` |\n| command | `{}` |\n| machine | {} |\n| took | {} s, {} cells at a time |\n\n\
         ```\n{}```\n\n",
        run.date,
        run.commit,
        run.command,
        run.machine,
        run.took.as_secs(),
        run.width,
        summary(done)
    );
    let failed: Vec<_> = done.iter().filter_map(|done| Some((done.task.id(), done.outcome.miss.as_ref()?))).collect();
    if !failed.is_empty() {
        text.push_str("## What failed\n\n");
        for (id, miss) in failed {
            let _ = writeln!(text, "* `{id}` {}", miss.to_string().lines().next().unwrap_or_default());
        }
        text.push('\n');
    }
    rows(&mut text, done);
    named(&mut text, done);
    text
}

/// A line for each row, and what faults there are.
fn rows(text: &mut String, done: &[Done]) {
    let cells =
        || done.iter().filter_map(|done| if let Task::Cell(cell) = &done.task { Some((cell, done)) } else { None });
    let mut rows: Vec<_> = cells().map(|(cell, _)| &cell.row).collect();
    rows.sort_by_key(|row| (row.class as u8, &row.name));
    rows.dedup();
    let connections: BTreeSet<Kind> =
        cells().flat_map(|(cell, _)| Kind::of_connections(cell.row.class, true)).collect();
    text.push_str(
        "## Rows\n\nA row is a call, by the job of the simulation that makes it first (`cells.rs`). The numbers say how many faults \
         of the connection ran and kept every promise, and how many of the faults that simulated time plays for every call.\n\n\
         | call | job | of the connection | others |\n| --- | --- | --- | --- |\n",
    );
    for row in rows {
        let field = |of_connection: bool| {
            let here =
                cells().filter(|(cell, _)| cell.row == *row && connections.contains(&cell.kind) == of_connection);
            let (ran, good) = here.fold((0, 0), |(ran, good), (_, done)| (ran + 1, good + usize::from(done.is_ok())));
            if ran == good { ran.to_string() } else { format!("**{} of {ran} failed**", ran - good) }
        };
        let doubt = if row.doubt.is_some() { ", whose create loses its answer" } else { "" };
        let _ = writeln!(text, "| `{}` | {}{doubt} | {} | {} |", row.name, row.job, field(true), field(false));
    }
    let kinds: BTreeSet<Kind> = cells().map(|(cell, _)| cell.kind).collect();
    let words = |of_connection: bool| {
        let such = kinds.iter().filter(|kind| connections.contains(kind) == of_connection);
        such.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "\nOf the connection: {}. Others: {}.\n", words(true), words(false));
}

fn named(text: &mut String, done: &[Done]) {
    text.push_str("## Rows with a name\n\n| row | what | |\n| --- | --- | --- |\n");
    for named in NAMED {
        let ran = done.iter().find(|done| matches!(&done.task, Task::Named(other) if *other == named));
        let how = ran.map_or("not run", |done| if done.is_ok() { "ok" } else { "**failed**" });
        let _ = writeln!(text, "| {} | {} | {how} |", named.id, named.what);
    }
}
