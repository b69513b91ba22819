//! `make model`: every scenario, one line each, and the page of results.

use std::path::PathBuf;
use std::process::ExitCode;

use model::check::{Outcome, check};
use model::model::Model;
use model::properties::Breach;
use model::scenario::Scenario;
use model::{page, replay, scenarios, tell};

/// More states than that are not explored in one scenario.
const MOST: usize = 6_000_000;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (mut only, mut from, mut out, mut quick) = (None, None, None, false);
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--only" => only = rest.next(),
            "--from" => from = rest.next(),
            "--page" => out = rest.next().map(PathBuf::from),
            "--small" => quick = true,
            "--replay" => return step_through(rest.next().as_deref(), rest.next().as_deref()),
            _ => {
                eprintln!("usage: model [--small] [--only PART OF A NAME] [--from NAME] [--page FILE]");
                eprintln!("       model --replay SCENARIO FILE");
                return ExitCode::FAILURE;
            }
        }
    }
    let scenarios = if quick { scenarios::small() } else { scenarios::all() };
    let wanted = |name: &str| only.as_deref().is_none_or(|part| name.contains(part));
    let mut outcomes: Vec<Outcome> = Vec::new();
    let later = |scenario: &Scenario| from.as_deref().is_some_and(|name| name != scenario.name);
    for scenario in scenarios.into_iter().skip_while(later).filter(|scenario| wanted(scenario.name)) {
        let outcome = check(scenario, MOST);
        println!("{}", page::line(&outcome));
        for violation in &outcome.violations {
            println!("{violation}");
        }
        outcomes.push(outcome);
    }
    print!("{}", page::totals(&outcomes));
    if let Some(path) = out
        && let Err(error) = std::fs::write(&path, page::page(&outcomes))
    {
        eprintln!("{}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    if outcomes.iter().all(Outcome::is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints every state of a kept trace.
fn step_through(name: Option<&str>, file: Option<&str>) -> ExitCode {
    let scenario = scenarios::all().into_iter().find(|scenario| Some(scenario.name) == name);
    let text = file.map(std::fs::read_to_string);
    let (Some(scenario), Some(Ok(text))) = (scenario, text) else {
        eprintln!("usage: model --replay SCENARIO FILE; no such scenario, or no such file");
        return ExitCode::FAILURE;
    };
    let model = Model::new(scenario);
    let (way, refused) = match replay::replay(&model, &text) {
        Ok(way) => (way, None),
        Err((way, action)) => (way, Some(action)),
    };
    let mut before = model.start();
    println!("{}", tell::state("the beginning", &before));
    for (action, after) in way {
        println!("{}", tell::state(&tell::step(&model, &before, &action), &after));
        before = after;
    }
    if let Some(breach) = Breach::of(&before) {
        println!("breaks a promise: {breach:?}");
        return ExitCode::FAILURE;
    }
    match refused {
        Some(action) => {
            println!("not possible here: {action}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}
