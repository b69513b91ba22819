//! `matrix all` runs every cell and writes the page; `matrix run` is the operator under test, so that one program is
//! all that must be built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use clap::{Parser, Subcommand};
use dataset_operator::settings::{Flags, Settings};
use dataset_operator::{operator, telemetry};
use tokio::time::Instant;

use crate::bed::Bed;
use crate::page::{Run, page, summary};
use crate::run::{Done, run, tasks};

type Failure = Box<dyn std::error::Error>;

/// The crash matrix
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run every cell
    All {
        /// Where the page goes
        #[arg(long)]
        out: PathBuf,
        /// Cells at the same time
        #[arg(long, default_value_t = 32)]
        width: usize,
        /// Only cells whose names begin so, for example `CreateDataset=`
        #[arg(long, env = "MATRIX_CELL", default_value = "")]
        only: String,
    },
    /// Print the names of all cells
    List,
    /// Run the operator
    Run(Box<Flags>),
}

/// What the program does.
pub fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match Arguments::parse().command {
        Action::All { out, width, only } => all(&out, width, &only),
        Action::List => {
            for task in tasks("") {
                println!("{}", task.id());
            }
            Ok(true)
        }
        Action::Run(flags) => {
            telemetry::start(flags.log_format, flags.log_level);
            Settings::new(*flags).map_err(Into::into).and_then(|settings| Ok(operator::run(settings).map(|()| true)?))
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(out: &Path, width: usize, only: &str) -> Result<bool, Failure> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%MZ").to_string();
    let commit = commit();
    let (begun, program) = (Instant::now(), std::env::current_exe()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done: Vec<Done> = runtime.block_on(async {
        let bed = Arc::new(Bed::shared(&program).await?);
        Ok::<_, Failure>(run(&bed, tasks(only), width, None).await)
    })?;
    let command = if only.is_empty() { "make matrix".to_owned() } else { format!("MATRIX_CELL={only} make matrix") };
    let about = Run { date, commit, command, machine: machine(), took: begun.elapsed(), width };
    fs::write(out, page(&about, &done))?;
    println!("\n{}page: {}", summary(&done), out.display());
    Ok(done.iter().all(Done::is_ok))
}

/// The commit, with a plus if files differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let changed = if git(&["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { "+" };
    format!("{}{changed}", git(&["rev-parse", "--short=12", "HEAD"]))
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let kilobytes = memory.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{cores} cores, {} MB, {}", kilobytes / 1024, model.map_or("", |(_, name)| name))
}
