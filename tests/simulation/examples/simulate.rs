//! `make simulate`: every single fault and every pair of faults of every job, and a page about it.
#![cfg_attr(not(debug_assertions), allow(unused))]

use std::error::Error;
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

#[cfg(debug_assertions)]
use simulation::{
    Job, Miss, Scenario,
    explore::{self, Tally},
};

#[cfg(not(debug_assertions))]
fn main() {
    eprintln!("a simulation needs a build with debug assertions: make simulate");
}

/// One world of each sort.
#[cfg(debug_assertions)]
const WORLDS: [u64; 4] = [1, 2, 3, 4];
/// The one in which duplicates can come about, and copies of a request are refused as the service does.
#[cfg(debug_assertions)]
const PLAIN: u64 = 3;

#[cfg(debug_assertions)]
fn main() -> Result<(), Box<dyn Error>> {
    // Counted on the way; only what is left of it in the end is told.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut all, mut rows) = (Tally::default(), String::new());
    let commit = said("git", &["describe", "--always", "--dirty"]);
    // One of so many pairs, if a number is given; all without.
    let every = std::env::var("PAIRS").ok().and_then(|every| every.parse().ok()).unwrap_or(1).max(1);
    for (job, word) in Job::asked_for() {
        let since = Instant::now();
        let single = explore::singles(&WORLDS.map(|seed| Scenario::calm(seed, job)), threads, 1);
        let pairs = explore::pairs(&[Scenario::calm(PLAIN, job)], threads, every);
        let counts = (single.runs, pairs.runs);
        let mut tally = single;
        tally.add(pairs);
        let row = format!(
            "| {word} | {} | {} | {} | {} | {} | {} | {} | {} |",
            counts.0,
            counts.1,
            tally.duplicates(),
            tally.orphans(),
            tally.stuck(),
            tally.human,
            slowest(&tally),
            since.elapsed().as_secs()
        );
        println!("{row}");
        // One of each sort.
        let sort = |scenario: &Scenario, miss: &Miss| {
            let kinds: Vec<_> = scenario.faults.iter().map(|fault| fault.kind.to_string()).collect();
            (std::mem::discriminant(miss), kinds)
        };
        for (at, (scenario, miss)) in tally.misses.iter().enumerate() {
            let alike = |(other, of): &&(Scenario, Miss)| sort(other, of) == sort(scenario, miss);
            if !tally.misses[..at].iter().any(|other| alike(&other)) {
                let count = tally.misses.iter().filter(alike).count();
                println!("SIMULATION=\"{scenario}\"   {miss}   ({count} alike)");
            }
        }
        writeln!(rows, "{row}")?;
        all.add(tally);
        let counts = format!(
            "runs: {}\nduplicates: {}\norphans: {}\nstuck: {}\nhuman-needed: {}\nseconds: {}",
            all.runs,
            all.duplicates(),
            all.orphans(),
            all.stuck(),
            all.human,
            begun.elapsed().as_secs()
        );
        println!("{counts}");
        if let Some(path) = std::env::args().nth(1) {
            std::fs::write(path, page(&commit, &counts, &rows, threads, every))?;
        }
    }
    if all.misses.is_empty() { Ok(()) } else { Err("not every run ended as it must".into()) }
}

#[cfg(debug_assertions)]
fn slowest(tally: &Tally) -> String {
    tally.slowest.as_ref().map_or_else(String::new, |(took, scenario)| {
        let faults: Vec<String> =
            scenario.faults.iter().map(|fault| format!("{}={}", fault.place, fault.kind)).collect();
        format!("{} s (`{}`)", Duration::as_secs(took), faults.join(" "))
    })
}

#[cfg(debug_assertions)]
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(debug_assertions)]
fn page(commit: &str, counts: &str, rows: &str, threads: usize, every: usize) -> String {
    let pairs = if every == 1 { "all pairs of faults".to_owned() } else { format!("one of {every} pairs of faults") };
    let date = said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    format!(
        "# Simulation\n\nMade by `make simulate` on {date}, commit {commit}, {threads} threads.\n\n```\n{counts}\n```\n\n\
         Each run is the operator's own code between an API server in memory and the emulator, in simulated time \
         (`tests/simulation`): a user's job, and one or two faults, one after the other, at every call to either \
         server and every step of a pass. *Single* counts all single faults in four sorts of world: names repeat; names \
         are unique, on a Kubernetes without streamed lists; the same, and copies of a request are not refused as \
         such; names repeat and copies are not refused. \
         *Pairs* counts {pairs} in the first. *Stuck* are runs that did not become and stay as they must within three hours of simulated time; what cannot be asked \
         (`docs/protocol.md`, section 10) is this: an object that was forced away and that nobody could look for may \
         leave its remote, if that is reported; and a person is asked (*human*) by an object whose attempt another identity made \
         (AccountMismatch), of a configuration whose create was carried out twice (NameTaken), and whose dataset in IMM got a \
         description late (OwnedByOther). The \
         slowest is the longest that a job took until all was as it must be.\n\n\
         | job | single | pairs | duplicates | orphans | stuck | human | slowest | seconds |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    )
}
