//! Log lines: text on a terminal, JSON otherwise, filtered by `RUST_LOG`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// Starts logging to standard error. Does nothing if something logs already.
pub fn start(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,kube=warn,kube_client=warn,kube_runtime=warn,hyper=warn"));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let json = format.map_or(!terminal, |format| format == LogFormat::Json);
    let _ = if json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
}
