//! The bench itself: run after run, each with a hard end, progress shown, every result kept at once.

use std::path::Path;
use std::time::Duration;

use testbed::{Error, Result};
use tokio::time::{Instant, timeout};

use crate::case::Case;
use crate::machine::{self, Machine};
use crate::record::{self, Figures, Line, Run};
use crate::rig::{Programs, Rig};
use crate::scenarios::{self, Outcome};

/// What setting up and taking down may take besides the run itself.
const AROUND: Duration = Duration::from_secs(90);

/// Makes all `cases`, appending to the raw results in `out`. A run that fails is recorded as not finished; the others go on.
pub(crate) async fn run(cases: &[Case], programs: &Programs, out: &Path) -> Result<()> {
    let began = Instant::now();
    record::append(out, &Line::Machine(Machine::here()))?;
    let most: Duration = cases.iter().map(|case| case.deadline).sum();
    println!("{} runs, {} min at most if every one meets its deadline", cases.len(), most.as_secs().div_ceil(60));
    let mut rig = Rig::start(programs).await?;
    for (place, case) in cases.iter().enumerate() {
        rig = rig.ready_for(case.parameters.n).await?;
        print!("[{:>3}/{} {:>5.1} min] {:<48} ", place + 1, cases.len(), minutes(began), case.title());
        flush();
        let run = one(&rig, case).await;
        println!("{}", summary(&run));
        let lost = !run.finished && run.note.contains(LOST);
        record::append(out, &Line::Run(run))?;
        if lost {
            // What it left behind on the rig is unknown.
            drop(rig);
            rig = Rig::start(programs).await?;
        }
    }
    println!("{} runs in {:.1} min; nothing is left running", cases.len(), minutes(began));
    Ok(())
}

const LOST: &str = "cut off";

async fn one(rig: &Rig, case: &Case) -> Run {
    let mut figures = Figures::new();
    let (load_before, date, began) = (machine::load(), jiff::Timestamp::now().to_string(), Instant::now());
    let ended = timeout(case.deadline + AROUND, scenarios::run(rig, case, &mut figures)).await;
    let ended = ended.unwrap_or_else(|_| Err(Error::new(LOST)));
    let Outcome { finished, note } = ended.unwrap_or_else(|error| Outcome { finished: false, note: error.to_string() });
    Run {
        scenario: case.scenario.name().to_owned(),
        candidate: case.candidate.name().to_owned(),
        parameters: case.parameters.clone(),
        repeat: case.repeat,
        began: date,
        took_seconds: began.elapsed().as_secs_f64(),
        load_before,
        finished,
        note,
        figures,
    }
}

/// The most telling figures of a run in one line.
fn summary(run: &Run) -> String {
    const TELLING: [&str; 12] = [
        "seconds",
        "ratio",
        "callsPerCreate",
        "writesPerCreate",
        "rejectedPer1000",
        "operatorCpuPer1000",
        "p50Ms",
        "p99Ms",
        "calls",
        "writes",
        "rejected",
        "operatorRssMb",
    ];
    let shown = TELLING.iter().filter_map(|name| Some(format!("{name} {}", short(*run.figures.get(*name)?))));
    let shown: Vec<String> = shown.collect();
    let end = if run.finished { String::new() } else { format!(" NOT FINISHED {}", run.note) };
    format!("{}{end}", shown.join(", "))
}

/// Four figures are enough.
fn short(value: f64) -> String {
    if value.abs() >= 1000.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn minutes(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() / 60.0
}

fn flush() {
    // Progress that cannot be shown is no reason to stop.
    let _ = std::io::Write::flush(&mut std::io::stdout());
}
