//! Flags and environment of `run`, checked once: after [`Settings::new`] nothing about them can be wrong.

mod outbound;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cloud::{self, EndpointForm, Operation, Secret};
use crate::levers;
use values::{address, duration, namespace, operation_qps, qps, secret, shown, workspace_id};

pub use outbound::{Outbound, OutboundError};

/// What `dataset-operator run` can be told. Each flag has the environment variable `DATASET_OPERATOR_<FLAG>`.
#[allow(clippy::doc_markdown, reason = "`--help` shows these texts as they are")]
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// URL of the dataset API; overrides the region's public endpoint
    #[arg(long, env = "DATASET_OPERATOR_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Alibaba Cloud region, such as cn-hangzhou
    #[arg(long, env = "DATASET_OPERATOR_REGION")]
    pub region: Option<String>,
    /// Workspace of objects that name none: its number, such as 12345
    #[arg(long, env = "DATASET_OPERATOR_WORKSPACE_ID", value_parser = workspace_id)]
    pub workspace_id: Option<String>,
    /// Who owns what this operator creates; a list, the first writes and all are recognised. Default: the uid of kube-system
    #[arg(long, env = "DATASET_OPERATOR_OWNER_DOMAIN", value_delimiter = ',')]
    pub owner_domain: Vec<String>,
    /// Secret that signs ownership marks; a list, the first signs and all verify. Default: the owner domain
    #[arg(long, env = "DATASET_OPERATOR_OWNER_KEY", value_delimiter = ',', hide_env_values = true)]
    pub owner_key: Vec<String>,
    /// Calls per second that the account may make (the vendor's figure); 98 % of it is used
    #[arg(long, env = "DATASET_OPERATOR_QPS", default_value_t = 100.0, value_parser = qps)]
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
    /// Namespaces to look after, such as team-a,team-b; all if empty
    #[arg(long, env = "DATASET_OPERATOR_NAMESPACES", value_delimiter = ',', value_parser = namespace)]
    pub namespaces: Vec<String>,
    /// HTTP proxy for the calls to the dataset API, such as http://proxy.example.com:3128. Default: HTTPS_PROXY (for an
    /// endpoint with http, HTTP_PROXY)
    #[arg(long, env = "DATASET_OPERATOR_HTTPS_PROXY", value_parser = secret, hide_env_values = true)]
    pub https_proxy: Option<Secret>,
    /// Hosts that are called without the proxy, such as 10.0.0.0/8,.example.com; loopback and the cluster's own addresses
    /// always are. Default: NO_PROXY
    #[arg(long, env = "DATASET_OPERATOR_NO_PROXY")]
    pub no_proxy: Option<String>,
    /// PEM file of certificate authorities that are trusted for the dataset API, besides those of the system (SSL_CERT_FILE)
    #[arg(long, env = "DATASET_OPERATOR_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// Where /metrics is served: address and port; without an address on all of IPv4 and IPv6
    #[arg(long, env = "DATASET_OPERATOR_METRICS_ADDR", default_value = "[::]:8080", value_parser = address)]
    pub metrics_addr: SocketAddr,
    /// Where /healthz and /readyz are served, likewise
    #[arg(long, env = "DATASET_OPERATOR_HEALTH_ADDR", default_value = "[::]:8081", value_parser = address)]
    pub health_addr: SocketAddr,
    /// Default: text on a terminal, JSON otherwise
    #[arg(long, env = "DATASET_OPERATOR_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// The least important lines that are logged. RUST_LOG, if it is set, says it instead, for each module
    #[arg(long, env = "DATASET_OPERATOR_LOG_LEVEL", value_enum, default_value_t)]
    pub log_level: LogLevel,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// How important a log line is; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogLevel {
    /// The operator cannot go on.
    Error,
    /// A person should look at it.
    Warn,
    /// What was done.
    #[default]
    Info,
    /// Why it was done.
    Debug,
    /// Everything.
    Trace,
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
    /// Proxy or authorities cannot be used.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// An operation has two limits.
    #[error("--operation-qps names {0} twice")]
    Twice(Operation),
    /// A create could be answered after it was given up for lost, and be made twice.
    #[error(
        "--settle-time {} is too short: it must be at least --send-deadline + --request-timeout + --list-lag \
         = {}, or a create that is answered late would be made twice", shown(*.settle), shown(*.least)
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
    /// An entry of a list is empty.
    #[error("--{0} has an empty entry")]
    Empty(&'static str),
}

/// Flags that were checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The flags.
    pub flags: Flags,
    /// Where and how patiently the API is called, and through which proxy.
    pub cloud: cloud::Settings,
    /// What the environment says about proxies, for who calls something else.
    pub outbound: Outbound,
}

impl Settings {
    /// Checks the flags. Reads the usual variables for proxies and authorities, and the files that they name.
    pub fn new(flags: Flags) -> Result<Self, SettingsError> {
        Self::in_environment(flags, &|name| std::env::var(name).ok())
    }

    /// The same in another environment.
    fn in_environment(mut flags: Flags, variable: outbound::Lookup<'_>) -> Result<Self, SettingsError> {
        if matches!(&flags.namespaces[..], [one] if one.is_empty()) {
            flags.namespaces.clear();
        }
        let least = flags.send_deadline + flags.request_timeout + flags.list_lag;
        if flags.settle_time < least && !may_be_too_short() {
            return Err(SettingsError::SettleTime { settle: flags.settle_time, least });
        }
        for (name, value) in [("send-deadline", flags.send_deadline), ("resync", flags.resync)] {
            if value.is_zero() {
                return Err(SettingsError::Zero(name));
            }
        }
        let lists =
            [("owner-domain", &flags.owner_domain), ("owner-key", &flags.owner_key), ("namespaces", &flags.namespaces)];
        for (name, list) in lists {
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
        let outbound = Outbound::new(&flags, &cloud, variable)?;
        let cloud = outbound.apply(cloud);
        Ok(Self { flags, cloud, outbound })
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
        assert!(error.contains("--settle-time 24s") && error.contains("= 25s"), "{error}");
        assert!(settings(&["--settle-time", "25s"]).is_ok());
    }

    #[test]
    fn operations_have_limits_of_their_own() {
        let given = settings(&["--operation-qps", "CreateDataset=20, GetDataset=0.5"]).unwrap().flags.operation_qps;
        assert_eq!(given, [(Operation::CreateDataset, 20.0), (Operation::GetDataset, 0.5)]);
        let error = settings(&["--operation-qps", "GetDataset=1,GetDataset=2"]).unwrap_err();
        assert_eq!(error.to_string(), "--operation-qps names GetDataset twice");
    }

    #[test]
    fn a_budget_of_nothing_is_refused() {
        let refused = |budget: &str| Command::try_parse_from(["x", "--daily-budget", budget]).is_err();
        assert!(refused("0") && refused("-1") && !refused("1"));
        assert_eq!(settings(&[]).unwrap().flags.daily_budget, None);
    }

    /// What `--help` calls the variable of a flag is what the documents say: `DATASET_OPERATOR_<FLAG>`.
    #[test]
    fn every_flag_has_its_variable() {
        use clap::CommandFactory as _;
        let command = Command::command();
        let flags = command.get_arguments().filter(|flag| flag.get_id() != "help");
        let names: Vec<_> = flags
            .map(|flag| {
                let name = flag.get_long().unwrap();
                let variable = flag.get_env().and_then(|variable| variable.to_str()).unwrap_or_default();
                assert_eq!(variable, format!("DATASET_OPERATOR_{}", name.replace('-', "_").to_uppercase()), "--{name}");
                assert!(flag.get_help().is_some(), "--{name} says nothing in --help");
                name
            })
            .collect();
        assert!(names.len() >= 20 && names.contains(&"https-proxy"), "{names:?}");
    }

    /// What a ConfigMap says counts: nothing in the Deployment wins over it, and each name in it is a flag's.
    #[test]
    fn the_deployment_has_its_settings_in_the_config_map_only() {
        use clap::CommandFactory as _;
        let read = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).unwrap();
        let deployment = read(include_str!("../deploy/kustomize/base/deployment.yaml"));
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert!(container["env"].is_null(), "{}", container["env"]);
        let ports: Vec<_> = [0, 1].map(|port| container["ports"][port]["containerPort"].as_u64().unwrap()).into();
        let flags = settings(&[]).unwrap().flags;
        assert_eq!(ports, [flags.metrics_addr, flags.health_addr].map(|address| u64::from(address.port())));

        let kustomization = read(include_str!("../deploy/kustomize/base/kustomization.yaml"));
        let command = Command::command();
        for literal in kustomization["configMapGenerator"][0]["literals"].as_array().unwrap() {
            let (name, _) = literal.as_str().unwrap().split_once('=').unwrap();
            assert!(command.get_arguments().any(|flag| flag.get_env().is_some_and(|known| known == name)), "{name}");
        }
    }

    #[test]
    fn namespaces_are_a_list_without_holes() {
        let namespaces = |list: &str| settings(&["--namespaces", list]).map(|settings| settings.flags.namespaces);
        assert_eq!(namespaces("a, b").unwrap(), ["a", "b"]);
        assert_eq!(namespaces("").unwrap(), [""; 0], "all, as a variable says that is set to nothing");
        assert_eq!(namespaces("a,,b").unwrap_err().to_string(), "--namespaces has an empty entry");
        let all = ["x", "--region", "cn-hangzhou", "--namespaces", "A B"];
        assert!(Command::try_parse_from(all).is_err());
    }
}
