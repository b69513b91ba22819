//! The `dataset-operator` program: reads its arguments and does what they say.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dataset_operator::settings::{Flags, Settings};
use dataset_operator::{api, operator, started, telemetry};

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
}

fn main() -> ExitCode {
    // Two TLS libraries could claim to be the default; the choice is made once, here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut command = Arguments::command();
    let matches = command.get_matches_mut();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result: Result<(), Box<dyn std::error::Error>> = match arguments.command {
        Command::Run(flags) => {
            telemetry::start(flags.log_format);
            if let (Some(run), Some((_, matches))) = (command.find_subcommand("run"), matches.subcommand()) {
                let settings = started::settings(run, matches);
                tracing::info!(version = env!("CARGO_PKG_VERSION"), settings, "dataset-operator starts");
            }
            Settings::new(*flags).map_err(Into::into).and_then(|settings| Ok(operator::run(settings)?))
        }
        Command::Crds => print_crds(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_crds() -> Result<(), Box<dyn std::error::Error>> {
    use std::io::Write;
    let yaml = api::crds::yaml()?;
    Ok(std::io::stdout().write_all(yaml.as_bytes())?)
}
