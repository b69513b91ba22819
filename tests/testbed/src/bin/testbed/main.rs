//! The `testbed` program: real parts for local use. The Makefile calls it.

mod cluster;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
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
    /// Runs a control plane with the CRDs and RBAC until Ctrl-C
    Cluster,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command, or is told to end: what the command holds is then dropped, and so stopped in
/// order.
async fn run(command: Command) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        result = dispatch(command) => result,
        _ = interrupt.recv() => Err(Error::new("interrupted; all that was started is stopped")),
        _ = terminate.recv() => Err(Error::new("terminated; all that was started is stopped")),
    }
}

async fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Cluster => cluster::run().await,
    }
}
