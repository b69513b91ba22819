//! Flags and environment of `run`, checked once: after [`Settings::new`] nothing about them can be wrong.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cloud::{self, EndpointForm, Operation};
use crate::engine::desired::Deletion;
use crate::levers;

/// What `dataset-operator run` can be told. Each flag has the environment variable `DATASET_OPERATOR_<FLAG>`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// URL of the dataset API; overrides the region's public endpoint
    #[arg(long, env = "DATASET_OPERATOR_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Alibaba Cloud region, such as cn-hangzhou
    #[arg(long, env = "DATASET_OPERATOR_REGION")]
    pub region: Option<String>,
    /// Workspace of objects that name none
    #[arg(long, env = "DATASET_OPERATOR_WORKSPACE_ID")]
    pub workspace_id: Option<String>,
    /// Who owns what this operator creates; a list, the first writes and all are recognised. Default: the uid of kube-system
    #[arg(long, env = "DATASET_OPERATOR_OWNER_DOMAIN", value_delimiter = ',')]
    pub owner_domain: Vec<String>,
    /// Secret that signs ownership marks; a list, the first signs and all verify. Default: the owner domain
    #[arg(long, env = "DATASET_OPERATOR_OWNER_KEY", value_delimiter = ',', hide_env_values = true)]
    pub owner_key: Vec<String>,
    /// Calls per second that the account may make (the vendor's figure); 98 % of it is used
    #[arg(long, env = "DATASET_OPERATOR_QPS", default_value_t = 100.0)]
    pub qps: f64,
    /// Passes at the same time, of one kind. Default: as many as keep the limit busy if a pass takes 0.64 s, from 8 to
    /// 256; 64 at 100 calls per second
    #[arg(long, env = "DATASET_OPERATOR_CONCURRENCY", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: Option<u16>,
    /// Calls per second that single operations may be called, such as CreateDataset=20,GetDataset=50; others are learnt
    #[arg(long, env = "DATASET_OPERATOR_OPERATION_QPS", value_delimiter = ',', value_parser = operation_qps)]
    pub operation_qps: Vec<(Operation, f64)>,
    /// Calls per day of UTC; at 90 % of them sweeps stop, at 100 % creates, never edits and deletions. Default: no limit
    #[arg(long, env = "DATASET_OPERATOR_DAILY_BUDGET", value_parser = clap::value_parser!(u64).range(1..))]
    pub daily_budget: Option<u64>,
    /// How the endpoint wants operations to be addressed; gateway sends bearer tokens as Authorization
    #[arg(long, env = "DATASET_OPERATOR_ENDPOINT_FORM", value_enum, default_value_t)]
    pub endpoint_form: EndpointForm,
    /// Time between comparisons of everything with the cloud
    #[arg(long, env = "DATASET_OPERATOR_RESYNC", default_value = "10m", value_parser = duration)]
    pub resync: Duration,
    /// How long after an unanswered create the service may still carry it out
    #[arg(long, env = "DATASET_OPERATOR_SETTLE_TIME", default_value = "120s", value_parser = duration)]
    pub settle_time: Duration,
    /// A create is sent no later than this after it was announced on the object
    #[arg(long, env = "DATASET_OPERATOR_SEND_DEADLINE", default_value = "10s", value_parser = duration)]
    pub send_deadline: Duration,
    /// Longest time one API call may take
    #[arg(long, env = "DATASET_OPERATOR_REQUEST_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub request_timeout: Duration,
    /// Lists of the service may be this old
    #[arg(long, env = "DATASET_OPERATOR_LIST_LAG", default_value = "5s", value_parser = duration)]
    pub list_lag: Duration,
    /// What an absent spec.deletionPolicy means, Delete or Retain. Default: Delete for what was created, Retain for what was
    /// adopted
    #[arg(long, env = "DATASET_OPERATOR_DEFAULT_DELETION_POLICY", value_parser = deletion_policy)]
    pub default_deletion_policy: Option<Deletion>,
    /// Namespaces to look after; all if empty
    #[arg(long, env = "DATASET_OPERATOR_NAMESPACES", value_delimiter = ',')]
    pub namespaces: Vec<String>,
    /// Where /metrics is served
    #[arg(long, env = "DATASET_OPERATOR_METRICS_ADDR", default_value = "0.0.0.0:8080")]
    pub metrics_addr: SocketAddr,
    /// Where /healthz and /readyz are served
    #[arg(long, env = "DATASET_OPERATOR_HEALTH_ADDR", default_value = "0.0.0.0:8081")]
    pub health_addr: SocketAddr,
    /// Default: text on a terminal, JSON otherwise
    #[arg(long, env = "DATASET_OPERATOR_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Flags that cannot work together.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Neither says where the API is.
    #[error("set --region (DATASET_OPERATOR_REGION) or --endpoint (DATASET_OPERATOR_ENDPOINT)")]
    NoEndpoint,
    /// Endpoint or region cannot be used.
    #[error(transparent)]
    Cloud(#[from] cloud::ClientError),
    /// The limit cannot be used.
    #[error(transparent)]
    Qps(#[from] cloud::QpsError),
    /// An operation has two limits.
    #[error("--operation-qps names {0} twice")]
    Twice(Operation),
    /// A create could be answered after it was given up for lost, and be made twice.
    #[error(
        "--settle-time {settle:?} is too short: it must be at least --send-deadline + --request-timeout + --list-lag \
         = {least:?}, or a create that is answered late would be made twice"
    )]
    SettleTime {
        /// As given.
        settle: Duration,
        /// The shortest that is safe.
        least: Duration,
    },
    /// A duration that must not be zero.
    #[error("--{0} must be longer than zero")]
    Zero(&'static str),
    /// An owner domain or key is empty.
    #[error("--{0} has an empty entry")]
    Empty(&'static str),
}

/// Flags that were checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The flags.
    pub flags: Flags,
    /// Where and how patiently the API is called.
    pub cloud: cloud::Settings,
}

impl Settings {
    /// Checks the flags.
    pub fn new(flags: Flags) -> Result<Self, SettingsError> {
        let least = flags.send_deadline + flags.request_timeout + flags.list_lag;
        if flags.settle_time < least && !may_be_too_short() {
            return Err(SettingsError::SettleTime { settle: flags.settle_time, least });
        }
        for (name, value) in [("send-deadline", flags.send_deadline), ("resync", flags.resync)] {
            if value.is_zero() {
                return Err(SettingsError::Zero(name));
            }
        }
        for (name, list) in [("owner-domain", &flags.owner_domain), ("owner-key", &flags.owner_key)] {
            if list.iter().any(String::is_empty) {
                return Err(SettingsError::Empty(name));
            }
        }
        let operations: Vec<_> = flags.operation_qps.iter().map(|(operation, _)| *operation).collect();
        let twice = |(place, operation): &(usize, &Operation)| operations[..*place].contains(operation);
        if let Some((_, operation)) = operations.iter().enumerate().find(twice) {
            return Err(SettingsError::Twice(*operation));
        }
        let cloud = match (&flags.endpoint, &flags.region) {
            (Some(endpoint), _) => cloud::Settings::for_endpoint(endpoint, flags.request_timeout)?,
            (None, Some(region)) => cloud::Settings::for_region(region, flags.request_timeout)?,
            (None, None) => return Err(SettingsError::NoEndpoint),
        };
        let cloud = cloud.with_form(flags.endpoint_form);
        Ok(Self { flags, cloud })
    }

    /// Passes at the same time, of one kind; 0 is any number (a lever of the bench).
    #[must_use]
    pub fn concurrency(&self) -> u16 {
        if levers::unbounded() {
            return 0;
        }
        self.flags.concurrency.unwrap_or_else(|| busy(self.flags.qps))
    }
}

/// Passes that keep a limit busy. A create takes some 0.3 s with its two writes to an API server that is busy with ten
/// thousand objects; twice that is allowed for, because a permit that nobody is there to take is lost. What waits for its turn
/// is no pass.
fn busy(qps: f64) -> u16 {
    const PASS: f64 = 0.64;
    let passes = (qps * PASS).ceil().clamp(8.0, 256.0);
    // In range, so exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let passes = passes as u16;
    passes
}

/// Tests let the settle time be too short, to show what comes of it: `DATASET_OPERATOR_UNSAFE_SETTLE_TIME=yes`. Not in
/// release builds.
#[cfg(debug_assertions)]
fn may_be_too_short() -> bool {
    std::env::var("DATASET_OPERATOR_UNSAFE_SETTLE_TIME").is_ok_and(|value| value == "yes")
}

#[cfg(not(debug_assertions))]
const fn may_be_too_short() -> bool {
    false
}

/// `CreateDataset=20`
fn operation_qps(text: &str) -> Result<(Operation, f64), String> {
    let (operation, qps) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form CreateDataset=20"))?;
    let operation = operation.trim().parse().map_err(|error: cloud::UnknownOperation| error.to_string())?;
    let qps = qps.trim().parse().map_err(|_| format!("{qps:?} is not a number of calls per second"))?;
    Ok((operation, qps))
}

/// `Delete`, `Retain`
fn deletion_policy(text: &str) -> Result<Deletion, String> {
    match text {
        "Delete" => Ok(Deletion::Delete),
        "Retain" => Ok(Deletion::Retain),
        _ => Err("say Delete or Retain".to_owned()),
    }
}

/// `10m`, `90s`, `1h30m`, `500ms`
fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| format!("{text:?} is not a duration such as 10m, 90s or 1h30m"))?;
    Duration::try_from(parsed).map_err(|_| format!("{text:?} must not be negative"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        flags: Flags,
    }

    fn settings(arguments: &[&str]) -> Result<Settings, SettingsError> {
        let all = ["x", "--region", "cn-hangzhou"].iter().chain(arguments);
        Settings::new(Command::try_parse_from(all).unwrap().flags)
    }

    #[test]
    fn defaults_are_safe() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.flags.settle_time, Duration::from_secs(120));
    }

    #[test]
    fn a_settle_time_that_would_duplicate_is_refused() {
        let error = settings(&["--settle-time", "24s"]).unwrap_err().to_string();
        assert!(error.contains("25s"), "{error}");
        assert!(settings(&["--settle-time", "25s"]).is_ok());
    }

    #[test]
    fn operations_have_limits_of_their_own() {
        let given = settings(&["--operation-qps", "CreateDataset=20, GetDataset=0.5"]).unwrap().flags.operation_qps;
        assert_eq!(given, [(Operation::CreateDataset, 20.0), (Operation::GetDataset, 0.5)]);
        let error = settings(&["--operation-qps", "GetDataset=1,GetDataset=2"]).unwrap_err();
        assert_eq!(error.to_string(), "--operation-qps names GetDataset twice");
        for text in ["CreateDataset", "CreateDataset=", "CreateDataset=many", "createdataset=20", "=20"] {
            assert!(operation_qps(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_budget_of_nothing_is_refused() {
        let refused = |budget: &str| Command::try_parse_from(["x", "--daily-budget", budget]).is_err();
        assert!(refused("0") && refused("-1") && !refused("1"));
        assert_eq!(settings(&[]).unwrap().flags.daily_budget, None);
    }

    #[test]
    fn the_default_deletion_policy_is_one_of_two_or_todays_rule() {
        assert_eq!(settings(&[]).unwrap().flags.default_deletion_policy, None);
        for (text, policy) in [("Delete", Deletion::Delete), ("Retain", Deletion::Retain)] {
            let given = settings(&["--default-deletion-policy", text]).unwrap().flags.default_deletion_policy;
            assert_eq!(given, Some(policy));
        }
        for text in ["", "retain", "Keep"] {
            assert!(Command::try_parse_from(["x", "--default-deletion-policy", text]).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_read_as_in_go() {
        for (text, millis) in [("10m", 600_000), ("1h30m", 5_400_000), ("500ms", 500), ("90s", 90_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "-5s", "ten"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
