//! The `testbed` program: real parts for local use. The Makefile calls it.

mod cluster;
mod demo;
mod down;
mod record;
mod rights;
mod stack;
mod tell;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use testbed::{Context, Error, Result};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Leaves control plane, emulator and operator running, and writes target/up/env
    Up {
        /// Whether the operator is started; CRDs, RBAC and its account are there in any case
        #[arg(long, value_name = "YES|NO", default_value = "yes")]
        operator: Answer,
    },
    /// Ends what `up` started
    Down,
    /// Shows the operator at work, and checks everything it shows
    Demo {
        /// Use the cluster of KUBECONFIG instead of a control plane of its own
        #[arg(long, value_name = "YES|NO", default_value = "no")]
        cluster: Answer,
    },
    /// Runs a control plane with the CRDs and RBAC until Ctrl-C
    Cluster,
    /// Compares the operator's rights with the requests in these audit logs
    Rights {
        /// The directory of the logs, as the variable for it named it while the tests ran
        logs: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Answer {
    Yes,
    No,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Up { operator } => unless_interrupted(up::run(operator == Answer::Yes)).await,
        Command::Down => down::run(),
        Command::Demo { cluster } => demo::run(cluster == Answer::Yes).await,
        Command::Cluster => unless_interrupted(cluster::run()).await,
        Command::Rights { logs } => rights::run(&logs),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does the work, or is told to end: what the work holds is then dropped, and so stopped in order.
async fn unless_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(Error::new("interrupted; all that was started is stopped")),
        _ = terminate.recv() => Err(Error::new("terminated; all that was started is stopped")),
    }
}
