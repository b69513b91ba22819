//! `bench`: measures the operator beside its peers on a real control plane. `benches/README.md` explains it.

mod bench;
mod candidate;
mod case;
mod counters;
mod etcd;
mod light;
mod loader;
mod machine;
mod objects;
mod observer;
mod plan;
mod preload;
mod record;
mod rig;
mod scenarios;
mod stage;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testbed::Result;

use crate::rig::Programs;

/// The performance bench of dataset-operator.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the runs and appends their raw results to DIR/bench.jsonl
    Run(RunArguments),
    /// The bare loop (started by `run`)
    #[command(hide = true)]
    Light(light::Arguments),
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// A selection that takes at most ten minutes
    #[arg(long)]
    quick: bool,
    /// Only these scenarios, such as S1,S6
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these candidates, such as ours,go-best
    #[arg(long, value_delimiter = ',')]
    candidates: Vec<String>,
    /// Where the raw results go
    #[arg(long, default_value = "target/bench/results")]
    out: PathBuf,
    /// Where the measured programs are
    #[arg(long, default_value = "target/bench")]
    programs: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(command(&arguments.command)),
        Err(error) => Err(testbed::Error::new(format!("no runtime: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: &Command) -> Result<()> {
    match command {
        Command::Run(arguments) => {
            let mut cases = if arguments.quick { plan::quick() } else { plan::full() };
            let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|wanted| wanted == name);
            cases.retain(|case| {
                named(&arguments.only, case.scenario.name()) && named(&arguments.candidates, case.candidate.name())
            });
            let programs = std::path::absolute(&arguments.programs).unwrap_or_else(|_| arguments.programs.clone());
            bench::run(&cases, &Programs::new(&programs), &arguments.out).await
        }
        Command::Light(arguments) => light::run(arguments).await,
    }
}
