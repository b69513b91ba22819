//! The `dataset-operator` program: reads its arguments and runs the command that they name.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dataset_operator::settings::{self, Flags, LogLevel, Settings};
use dataset_operator::{admin, api, operator, started, telemetry};

/// It takes half of the processor time of a resync, and gives memory back after large works. Measured in
/// `docs/decisions/0021-allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Manages Alibaba Cloud PAI datasets from Kubernetes
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controller
    Run(Box<Flags>),
    /// Print the custom resource definitions
    Crds,
    /// Print the log filter of the operator that runs in this Pod or on this machine, or change its level until it ends
    LogLevel {
        /// The new level
        level: Option<LogLevel>,
        /// Address on which that operator serves /healthz and /readyz
        #[arg(long, env = "DATASET_OPERATOR_HEALTH_ADDR", default_value = settings::HEALTH_ADDR, value_parser = settings::address)]
        health_addr: SocketAddr,
    },
}

fn main() -> ExitCode {
    // Two TLS libraries are linked in, and either could be the default; the choice is made once, here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut command = Arguments::command();
    let matches = command.get_matches_mut();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match arguments.command {
        Command::Run(flags) => {
            let run_command = command.find_subcommand("run").zip(matches.subcommand());
            let settings = run_command.map(|(run, (_, matches))| started::settings(run, matches)).unwrap_or_default();
            run(*flags, &settings)
        }
        Command::Crds => end(api::crds::yaml().map_err(Into::into)),
        Command::LogLevel { level, health_addr } => end(admin::log_level(health_addr, level)),
    }
}

/// Prints what a command has to say, or why it failed.
fn end(said: Result<String, Box<dyn Error>>) -> ExitCode {
    match said.and_then(|text| Ok(std::io::stdout().write_all(text.as_bytes())?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Flags that cannot work together are reported like an invalid flag by clap, with the same exit code 2. A later
/// failure is a line of the log, with exit code 1. `given` has all settings, for the first line of the log.
fn run(flags: Flags, given: &str) -> ExitCode {
    let settings = match Settings::new(flags) {
        Ok(settings) => settings,
        Err(error) => Arguments::command().error(ErrorKind::ValueValidation, error).exit(),
    };
    telemetry::start(settings.flags.log_format, settings.flags.log_level);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), settings = given, "dataset-operator starts");
    match operator::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            ExitCode::FAILURE
        }
    }
}
