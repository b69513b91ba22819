//! The page: the run, its results, and the matrix.

use std::fmt::Write;
use std::time::Duration;

use crate::columns::{COLUMNS, variants};
use crate::named::NAMED;
use crate::oracle::Sort;
use crate::rows::{ROWS, Row};
use crate::run::{Done, Task};
use crate::steps::{STEPS, covered};

/// Where and how it was run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// When it began.
    pub date: String,
    /// Of the repository.
    pub commit: String,
    /// The command.
    pub command: String,
    /// Cores, memory, processor.
    pub machine: String,
    /// How long it took.
    pub took: Duration,
    /// How many cells at a time.
    pub width: usize,
}

/// The summary.
pub fn summary(done: &[Done]) -> String {
    let count = |sort| done.iter().filter(|done| done.has(sort)).count();
    let longest = done.iter().max_by_key(|done| done.outcome.recovery);
    let (name, recovery) =
        longest.map(|done| (done.task.id(), done.outcome.recovery.as_secs_f64())).unwrap_or_default();
    let cells = done.iter().filter(|done| matches!(done.task, Task::Cell(_))).count();
    let refused = done.iter().filter(|done| done.outcome.told).count();
    format!(
        "cells: {cells}\nnamed rows: {}\nduplicates: {}\norphans: {}\nstuck: {}\nhuman-needed: {}\nother promises broken: {}\n\
         refused by the service, told, and asked for again: {refused}\nlongest recovery: {recovery:.1} s ({name})\n",
        done.len() - cells,
        count(Sort::Duplicate),
        count(Sort::Orphan),
        count(Sort::Stuck),
        count(Sort::HumanNeeded),
        count(Sort::Broken),
    )
}

/// The whole page.
pub fn page(run: &Run, done: &[Done]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "# The crash matrix\n\n\
         Every effect of the operator under every fault, on a real API server and the emulator, through a fault proxy before each.\n\
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
    let failed: Vec<_> = done.iter().filter(|done| !done.is_ok()).collect();
    if !failed.is_empty() {
        text.push_str("## What failed\n\n");
        for done in failed {
            for violation in &done.outcome.violations {
                let first = violation.text.lines().next().unwrap_or_default();
                let _ = writeln!(text, "* `{}` {:?}: {first}", done.task.id(), violation.sort);
            }
        }
        text.push('\n');
    }
    matrix(&mut text, done);
    named(&mut text, done);
    steps(&mut text);
    text
}

fn matrix(text: &mut String, done: &[Done]) {
    text.push_str("## Rows and columns\n\nA number is how many variants ran and kept every promise, – has no cell (the reasons are in `columns.rs`).\n\n");
    for (column, what) in COLUMNS {
        let _ = write!(text, "{column} {what}{}", if column == 'm' { ".\n\n" } else { " · " });
    }
    text.push_str("| row | effect |");
    for (column, _) in COLUMNS {
        let _ = write!(text, " {column} |");
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" --- |".repeat(COLUMNS.len()));
    text.push('\n');
    for row in ROWS {
        let _ = write!(text, "| {} | {} |", row.id, row.what);
        for (column, _) in COLUMNS {
            let _ = write!(text, " {} |", field(row, column, done));
        }
        text.push('\n');
    }
    text.push('\n');
}

fn field(row: &Row, column: char, done: &[Done]) -> String {
    if variants(row, column).is_err() {
        return "–".to_owned();
    }
    let here = |done: &&Done| match &done.task {
        Task::Cell(cell) => cell.row.id == row.id && cell.variant.column == column,
        Task::Named(_) => false,
    };
    let all: Vec<_> = done.iter().filter(here).collect();
    let failed = all.iter().filter(|done| !done.is_ok()).count();
    match (all.len(), failed) {
        (0, _) => "not run".to_owned(),
        (ran, 0) => ran.to_string(),
        (ran, failed) => format!("**{failed} of {ran} failed**"),
    }
}

fn named(text: &mut String, done: &[Done]) {
    text.push_str("## Rows with a name\n\n| row | what | otherwise than in the study | |\n| --- | --- | --- | --- |\n");
    for named in NAMED {
        let ran = done.iter().find(|done| matches!(&done.task, Task::Named(other) if other.id == named.id));
        let how = ran.map_or("not run", |done| if done.is_ok() { "ok" } else { "**failed**" });
        let differs = if named.differs.is_empty() { "–" } else { named.differs };
        let _ = writeln!(text, "| {} | {} | {differs} | {how} |", named.id, named.what);
    }
    text.push('\n');
}

fn steps(text: &mut String) {
    let (here, absent) = covered();
    let _ = write!(
        text,
        "## The study's 41 steps and 13 faults\n\n\
         The study from which the matrix comes has {} cells that apply. {here} of them have cells here; {absent} belong to steps \
         that this protocol does not have: they are absent by design, for the reason that is given. A number is how many \
         variants run here, · is a cell that the study does not have.\n\n| step | there | here | rows |",
        here + absent
    );
    let letters = COLUMNS.map(|(column, _)| column);
    for column in letters {
        let _ = write!(text, " {column} |");
    }
    text.push_str("\n| --- | --- | --- | --- |");
    text.push_str(&" --- |".repeat(COLUMNS.len()));
    text.push('\n');
    for step in STEPS {
        let _ = write!(text, "| {} | {} | {} | {} |", step.id, step.what, step.here, step.rows.join(", "));
        for column in letters {
            let cells = match (step.columns.contains(column), step.is_absent()) {
                (false, _) => "·".to_owned(),
                (true, true) => "absent".to_owned(),
                (true, false) => step.cells(column).to_string(),
            };
            let _ = write!(text, " {cells} |");
        }
        text.push('\n');
    }
}
