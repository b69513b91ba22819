//! Log lines: text on a terminal, JSON otherwise, filtered by `--log-level`, or by `RUST_LOG` if that is set. The level can
//! be changed while the process runs.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

use crate::settings::{LogFormat, LogLevel};

/// The filter of this process, with the type of its log lines hidden.
static FILTER: OnceLock<Box<dyn Filter>> = OnceLock::new();

trait Filter: Send + Sync {
    fn now(&self) -> Option<String>;
    fn replace(&self, filter: EnvFilter) -> bool;
}

impl<S: Subscriber> Filter for Handle<EnvFilter, S> {
    fn now(&self) -> Option<String> {
        self.with_current(ToString::to_string).ok()
    }

    fn replace(&self, filter: EnvFilter) -> bool {
        self.reload(filter).is_ok()
    }
}

/// Which lines are logged now, as in `RUST_LOG`. `None` if this process does not log by [`start`].
pub fn filter() -> Option<String> {
    FILTER.get()?.now()
}

/// Logs lines down to `level` from now on, whatever `RUST_LOG` said at the start. Returns whether this process logs by
/// [`start`].
pub fn set_level(level: LogLevel) -> bool {
    FILTER.get().is_some_and(|filter| filter.replace(EnvFilter::new(directives(level))))
}

/// Starts logging to standard error. Does nothing if something logs already.
pub fn start(format: Option<LogFormat>, level: LogLevel) {
    let filter = EnvFilter::try_from_default_env();
    let wrong = filter.as_ref().err().filter(|_| std::env::var("RUST_LOG").is_ok_and(|text| !text.is_empty()));
    let wrong = wrong.map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(directives(level)));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(terminal).with_env_filter(filter);
    let json = format.map_or(!terminal, |format| format == LogFormat::Json);
    let _ = if json {
        let builder = builder.json().flatten_event(true).with_filter_reloading();
        let handle = builder.reload_handle();
        builder.try_init().map(|()| FILTER.set(Box::new(handle)))
    } else {
        let builder = builder.with_filter_reloading();
        let handle = builder.reload_handle();
        builder.try_init().map(|()| FILTER.set(Box::new(handle)))
    };
    if let Some(error) = wrong {
        tracing::warn!(
            error,
            "RUST_LOG cannot be read, so --log-level counts; write it as in RUST_LOG=info,kube=debug"
        );
    }
}

/// The log filter. Libraries log only warnings. Those of kube's runtime are left out, as the operator words them
/// itself, and so are those of kube's client: such a line holds a whole answer that could not be read, however long it
/// is, and writing it delays everything else.
fn directives(level: LogLevel) -> String {
    let (ours, theirs) = match level {
        LogLevel::Error => ("error", "error"),
        LogLevel::Warn => ("warn", "warn"),
        LogLevel::Info => ("info", "warn"),
        LogLevel::Debug => ("debug", "warn"),
        LogLevel::Trace => ("trace", "info"),
    };
    format!("{theirs},kube_runtime=error,kube_client=error,dataset_operator={ours}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_one_that_the_filter_knows() {
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            let filter = EnvFilter::builder().parse(directives(level)).unwrap();
            let most = format!("{level:?}").to_lowercase();
            assert_eq!(filter.max_level_hint().map(|hint| hint.to_string()), Some(most));
            assert!(filter.to_string().contains("kube_client=error"), "an answer of 64 MiB is no log line");
        }
    }
}
