//! The `pai-emulator` program: one emulator until SIGINT or SIGTERM. Prints client settings to stdout when asked,
//! logs to stderr, exits 0 when it was told to stop and 1 when it could not start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use pai_emulator::{Credential, Emulator, Knobs, Options, State};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A local PAI dataset API for demos and tests. In memory; without --data-dir everything is gone when it ends.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "PAI_EMULATOR_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Makes dataset ids the same in each run.
    #[arg(long, env = "PAI_EMULATOR_SEED")]
    seed: Option<u64>,
    /// Whether requests must be signed.
    #[arg(long, env = "PAI_EMULATOR_AUTH", default_value = "strict")]
    auth: AuthArgument,
    /// Access key id that is taken.
    #[arg(long, env = "PAI_EMULATOR_ACCESS_KEY_ID", default_value = "testAccessKeyId")]
    access_key_id: String,
    /// Its secret.
    #[arg(long, env = "PAI_EMULATOR_ACCESS_KEY_SECRET", default_value = "testAccessKeySecret", hide_env_values = true)]
    access_key_secret: String,
    /// Access key id of the STS credential that is taken.
    #[arg(long, env = "PAI_EMULATOR_STS_ACCESS_KEY_ID", default_value = "STS.testAccessKeyId")]
    sts_access_key_id: String,
    /// Its secret.
    #[arg(
        long,
        env = "PAI_EMULATOR_STS_ACCESS_KEY_SECRET",
        default_value = "testStsAccessKeySecret",
        hide_env_values = true
    )]
    sts_access_key_secret: String,
    /// Its security token.
    #[arg(long, env = "PAI_EMULATOR_SECURITY_TOKEN", default_value = "testSecurityToken", hide_env_values = true)]
    security_token: String,
    /// Bearer token that is taken.
    #[arg(long, env = "PAI_EMULATOR_BEARER_TOKEN", default_value = "testBearerToken", hide_env_values = true)]
    bearer_token: String,
    /// Workspace of calls that name none; without it such calls are refused.
    #[arg(long, env = "PAI_EMULATOR_DEFAULT_WORKSPACE")]
    default_workspace: Option<String>,
    /// Turns a knob, as NAME=VALUE (docs/emulator.md lists them); in the environment separated by semicolons.
    #[arg(long = "knob", env = "PAI_EMULATOR_KNOBS", value_name = "NAME=VALUE", value_delimiter = ';')]
    knobs: Vec<String>,
    /// Starts from a state that `GET /_emulator/state` gave.
    #[arg(long, env = "PAI_EMULATOR_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
    /// Keeps datasets, versions and ids in this directory, across ends of any kind.
    #[arg(long, env = "PAI_EMULATOR_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Prints what a client needs as shell variables to stdout, then serves.
    #[arg(long)]
    print_env: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AuthArgument {
    Strict,
    Off,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match serve(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    // Before the first answer, so that no early signal is lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let emulator = Emulator::start(options(arguments)?).await?;
    if !emulator.address().ip().is_loopback() {
        tracing::warn!("listening beyond loopback: everyone who reaches this address controls the emulator");
    }
    if arguments.print_env {
        print!("{}", client_settings(arguments, &emulator));
        std::io::Write::flush(&mut std::io::stdout())?;
    }
    tracing::info!("serving the PAI dataset API on {}, control API on {}/_emulator", emulator.url(), emulator.url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = emulator.disk_failed() => return Err("the data directory failed".into()),
    }
    emulator.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn options(arguments: &Arguments) -> Result<Options, Failure> {
    let mut turned = Map::new();
    for setting in &arguments.knobs {
        let (name, value) = setting.split_once('=').ok_or_else(|| format!("--knob {setting}: want NAME=VALUE"))?;
        turned.insert(name.to_owned(), knob_value(name, value)?);
    }
    if let AuthArgument::Off = arguments.auth {
        turned.insert("auth".to_owned(), Value::from("off"));
    }
    if let Some(workspace) = &arguments.default_workspace {
        turned.insert("defaultWorkspace".to_owned(), Value::from(workspace.as_str()));
    }
    let state = match &arguments.state {
        None => None,
        Some(path) => {
            let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let state =
                serde_json::from_slice::<State>(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            Some(state)
        }
    };
    Ok(Options {
        host: arguments.listen.ip(),
        port: arguments.listen.port(),
        seed: arguments.seed,
        credentials: vec![
            Credential::access_key(&arguments.access_key_id, &arguments.access_key_secret),
            Credential::sts(&arguments.sts_access_key_id, &arguments.sts_access_key_secret, &arguments.security_token),
            Credential::bearer("bearer", &arguments.bearer_token),
        ],
        knobs: Knobs::default().merged(turned)?,
        state,
        data_dir: arguments.data_dir.clone(),
        ..Options::default()
    })
}

/// The value of a knob in the type that the knob has: `478` is a text for `defaultWorkspace`, a number for `latencyMs`.
fn knob_value(name: &str, value: &str) -> Result<Value, serde_json::Error> {
    let knobs = serde_json::to_value(Knobs::default())?;
    let is_text = knobs.get(name).is_some_and(Value::is_string);
    if is_text {
        Ok(Value::from(value))
    } else {
        Ok(serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)))
    }
}

/// Shell assignments for a client of this emulator.
fn client_settings(arguments: &Arguments, emulator: &Emulator) -> String {
    let url = emulator.url();
    let Knobs { default_workspace: workspace, imm_projects: projects, .. } = emulator.knobs();
    let project = projects.split(',').next().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("test-project");
    let settings = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", arguments.access_key_id.as_str()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &arguments.access_key_secret),
        ("PAI_ENDPOINT", &url),
        ("PAI_WORKSPACE_ID", &workspace),
        ("EMULATOR_URL", &url),
        ("IMM_ENDPOINT", &url),
        ("IMM_PROJECT", project),
    ];
    let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
    let shown = settings.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> = shown.map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, Failure> {
        options(&Arguments::try_parse_from(std::iter::once("pai-emulator").chain(arguments.iter().copied()))?)
    }

    #[test]
    fn knobs_are_read_in_their_own_type() {
        let options = read(&["--knob", "latencyMs=50;nameScope=none", "--knob", "defaultWorkspace=478"]).unwrap();
        assert_eq!((options.knobs.latency_ms, options.knobs.default_workspace.as_str()), (50, "478"));
        assert_eq!(options.host.to_string(), "127.0.0.1");
        for wrong in ["latencyMs", "latency=5", "latencyMs=x"] {
            assert!(read(&["--knob", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_come_before_knobs() {
        let options = read(&["--auth", "off", "--default-workspace", "9", "--knob", "auth=strict"]).unwrap();
        assert_eq!(options.knobs.auth, pai_emulator::knobs::Auth::Off);
        assert_eq!(options.knobs.default_workspace, "9");
    }
}
