//! The `dataset-operator` program: reads its arguments and does what they say.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dataset_operator::settings::{Flags, Settings};
use dataset_operator::{api, operator, telemetry};

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
    let result: Result<(), Box<dyn std::error::Error>> = match Arguments::parse().command {
        Command::Run(flags) => {
            telemetry::start(flags.log_format);
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
