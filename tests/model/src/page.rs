//! The output of the program, and the page `docs/results/model.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::check::Outcome;
use crate::coverage;

/// One scenario in one line.
#[must_use]
pub fn line(outcome: &Outcome) -> String {
    let verdict = match (outcome.cut, outcome.is_good()) {
        (_, false) => "WRONG",
        (true, true) => "CUT",
        (false, true) if outcome.known.is_empty() => "ok",
        (false, true) => "known",
    };
    format!(
        "{verdict:<5} {:>9} states {:>10} edges {:>4} stuck {:>6.1} s  {}",
        outcome.states, outcome.edges, outcome.stuck, outcome.seconds, outcome.name
    )
}

/// The sums.
#[must_use]
pub fn totals(outcomes: &[Outcome]) -> String {
    let states: usize = outcomes.iter().map(|outcome| outcome.states).sum();
    let edges: u64 = outcomes.iter().map(|outcome| outcome.edges).sum();
    let stuck: usize = outcomes.iter().map(|outcome| outcome.stuck).sum();
    let violations: usize = outcomes.iter().map(|outcome| outcome.violations.len()).sum();
    let known: usize = outcomes.iter().map(|outcome| outcome.known.len()).sum();
    let mut text = String::new();
    let _ = writeln!(text, "scenarios: {}", outcomes.len());
    let _ = writeln!(text, "states: {states}");
    let _ = writeln!(text, "edges: {edges}");
    let _ = writeln!(text, "stuck: {stuck}");
    let cut = outcomes.iter().filter(|outcome| outcome.cut).count();
    let _ = writeln!(text, "violations: {violations}");
    let _ = writeln!(text, "known violations: {known}");
    let _ = writeln!(text, "scenarios explored in part: {cut}");
    let (arms, missing) = (arms(outcomes), coverage::missing(&arms(outcomes)));
    let _ = writeln!(text, "arms of plan: {} of {}", coverage::ARMS.len() - missing.len(), coverage::ARMS.len());
    for arm in missing {
        let _ = writeln!(text, "not taken: {arm}");
    }
    for arm in coverage::unlisted(&arms) {
        let _ = writeln!(text, "not listed: {arm}");
    }
    text
}

/// The arms that all scenarios took together.
#[must_use]
pub fn arms(outcomes: &[Outcome]) -> BTreeMap<String, u64> {
    sum(outcomes.iter().map(|outcome| &outcome.arms))
}

fn sum<'a>(all: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (name, count) in all.flatten() {
        *sums.entry(name.clone()).or_default() += count;
    }
    sums
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// The page.
#[must_use]
pub fn page(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "# The model: the decisions, explored exhaustively\n\n\
         This page is made by `make model`. The production `plan` and the production memory of doubts run unchanged in a \
         small world of objects, remotes, requests under way and operator processes; every order of steps, faults and \
         doings of people is explored within the budgets of a scenario. \"Exhaustively\" means within these budgets, and no \
         more than that. What is not in the model is said in `tests/model/src/lib.rs`.\n\n\
         A state is *stuck* if nothing but further faults or people could lead from it to a state of rest: every object \
         carried out or told why not, nothing left over, for good. A *violation* is a broken promise \
         (`tests/model/src/properties.rs`), a circle of steps that write without end (in which no watch is withheld for \
         ever), or a fault that a scenario names \
         and that never happened in it. Two explorations, one by stateright and one by the graph that looks for stuck \
         states, count the same states. A scenario explored *in part* was cut off: every state up to a certain number of \
         steps from the beginning was looked at and breaks no promise; what comes after more steps was not, and whether \
         everything comes to rest was not asked.\n\n",
    );
    let commit = said_by("git", &["rev-parse", "--short=12", "HEAD"]);
    let changed = if said_by("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { "+" };
    let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%MZ");
    let _ = writeln!(text, "{date}, commit `{commit}{changed}`\n\n```text\n{}```\n", totals(outcomes));
    text.push_str("## Scenarios\n\n| scenario | states | edges | stuck | violations | seconds |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for outcome in outcomes {
        let _ = writeln!(
            text,
            "| {}{} | {} | {} | {} | {} | {:.1} |",
            outcome.name,
            if outcome.cut { " (in part)" } else { "" },
            outcome.states,
            outcome.edges,
            outcome.stuck,
            outcome.violations.len(),
            outcome.seconds
        );
    }
    text.push_str(
        "\n## Known violations\n\nOf the scenario, these promises are known to be broken (`docs/protocol.md`, section 10). \
         Whatever else were wrong there is counted above.\n\n",
    );
    for outcome in outcomes {
        for (states, how) in &outcome.known {
            let _ = writeln!(text, "* {}: {how} ({states} states)", outcome.name);
        }
    }
    text.push_str("\n## Arms of `plan`\n\nThe number of different questions that were answered so, over all scenarios.\n\n| arm | questions |\n| --- | ---: |\n");
    for (arm, count) in arms(outcomes) {
        let _ = writeln!(text, "| {arm} | {count} |");
    }
    text.push_str("\nNot in the model:\n\n");
    for (arm, why) in coverage::LEFT_OUT {
        let _ = writeln!(text, "* {arm}: {why}");
    }
    text.push_str("\n## Actions\n\n| action | times |\n| --- | ---: |\n");
    for (action, count) in sum(outcomes.iter().map(|outcome| &outcome.actions)) {
        let _ = writeln!(text, "| {action} | {count} |");
    }
    text.push_str("\n## Events\n\n| event | times |\n| --- | ---: |\n");
    let mut events = BTreeMap::new();
    for (event, count) in outcomes.iter().flat_map(|outcome| &outcome.events) {
        *events.entry(format!("{event:?}")).or_insert(0) += count;
    }
    for (event, count) in events {
        let _ = writeln!(text, "| {event} | {count} |");
    }
    text
}
