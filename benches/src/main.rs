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
mod report;
mod rig;
mod scenarios;
mod stage;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testbed::Result;

use crate::case::Case;
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
    /// Makes the page and the plots in DIR out of its raw results
    Report {
        /// Where bench.jsonl is
        dir: PathBuf,
    },
    /// The bare loop (started by `run`)
    #[command(hide = true)]
    Light(light::Arguments),
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// A selection that takes a quarter of an hour at most
    #[arg(long)]
    quick: bool,
    /// Only these scenarios, such as S1,S6
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these candidates, such as ours,go-best
    #[arg(long, value_delimiter = ',')]
    candidates: Vec<String>,
    /// Only runs with this many objects, such as 1000,10000
    #[arg(long, value_delimiter = ',')]
    n: Vec<usize>,
    /// Only runs with this latency in milliseconds, such as 0,50
    #[arg(long, value_delimiter = ',')]
    latency: Vec<u64>,
    /// At most so many repetitions of each
    #[arg(long, default_value_t = u32::MAX)]
    repeats: u32,
    /// Only show which runs would be made
    #[arg(long)]
    list: bool,
    /// Keep the raw results that are there, and make only the runs that are missing or did not finish
    #[arg(long)]
    resume: bool,
    /// Where the raw results go
    #[arg(long, default_value = "target/bench/results")]
    out: PathBuf,
    /// Where the measured programs are
    #[arg(long, default_value = "target/bench")]
    programs: PathBuf,
}

impl RunArguments {
    fn want(&self, case: &Case) -> bool {
        let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|wanted| wanted == name);
        named(&self.only, case.scenario.name())
            && named(&self.candidates, case.candidate.name())
            && (self.n.is_empty() || self.n.contains(&case.parameters.n))
            && (self.latency.is_empty() || self.latency.contains(&case.parameters.latency_ms))
            && case.repeat <= self.repeats
    }
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
            cases.retain(|case| arguments.want(case));
            if arguments.list {
                for case in &cases {
                    println!("{}", case.title());
                }
                return Ok(());
            }
            if arguments.resume {
                record::missing(&arguments.out, &mut cases)?;
            } else {
                record::clear(&arguments.out)?;
            }
            let programs = std::path::absolute(&arguments.programs).unwrap_or_else(|_| arguments.programs.clone());
            bench::run(&cases, &Programs::new(&programs), &arguments.out).await?;
            report::write(&arguments.out)
        }
        Command::Report { dir } => report::write(dir),
        Command::Light(arguments) => light::run(arguments).await,
    }
}
