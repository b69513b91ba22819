//! The flags and the environment of `run`, checked once: [`Settings::new`] refuses everything that cannot work.

mod outbound;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cloud::{self, EndpointForm, Operation, Product, Secret};
use crate::plan::desired::Deletion;
pub use values::{OperationQps, address};
use values::{deletion_policy, duration, namespace, operation_qps, qps, secret, shown, workspace_id};

pub use outbound::{Outbound, OutboundError};

/// The value of an endpoint flag that means "no endpoint".
const NO_ENDPOINT: &str = "none";

/// Where health is served by default.
pub const HEALTH_ADDR: &str = "[::]:8081";

/// What `dataset-operator run` can be told. Each flag has the environment variable `DATASET_OPERATOR_<FLAG>`.
#[allow(clippy::doc_markdown, reason = "`--help` shows these texts as they are")]
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// URL of the dataset API. Default: the public endpoint of the region
    #[arg(long, env = "DATASET_OPERATOR_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Alibaba Cloud region, such as cn-hangzhou
    #[arg(long, env = "DATASET_OPERATOR_REGION")]
    pub region: Option<String>,
    /// URL of the Security Token Service, which says whose the credentials are, or none: then the access key id counts
    /// as the identity, and a new key as another one. Default: its public endpoint in the region; none if --endpoint is
    /// set
    #[arg(long, env = "DATASET_OPERATOR_STS_ENDPOINT")]
    pub sts_endpoint: Option<String>,
    /// URL of Intelligent Media Management (IMM), which serves media datasets, or none: then they cannot be managed.
    /// Default: its public endpoint in the region; none if --endpoint is set, as that host need not serve IMM too
    #[arg(long, env = "DATASET_OPERATOR_IMM_ENDPOINT")]
    pub imm_endpoint: Option<String>,
    /// PAI workspace of the objects that do not set spec.workspaceId: its number, such as 12345
    #[arg(long, env = "DATASET_OPERATOR_WORKSPACE_ID", value_parser = workspace_id)]
    pub workspace_id: Option<String>,
    /// Name of the owner in the ownership labels of the datasets. A list: the operator writes the first entry and
    /// recognises all. Default: the uid of the namespace kube-system
    #[arg(long, env = "DATASET_OPERATOR_OWNER_DOMAIN", value_delimiter = ',')]
    pub owner_domain: Vec<String>,
    /// Secret key that signs the ownership labels. A list: the operator signs with the first entry and accepts all.
    /// Default: the owner domain
    #[arg(long, env = "DATASET_OPERATOR_OWNER_KEY", value_delimiter = ',', value_parser = secret, hide_env_values = true)]
    pub owner_key: Vec<Secret>,
    /// Calls per second that the account may make (the vendor's figure). The operator uses 98 % of it
    #[arg(long, env = "DATASET_OPERATOR_QPS", default_value_t = 100.0, value_parser = qps)]
    pub qps: f64,
    /// Reconciles of one kind that may run at the same time. Default: --qps × 0.64, at least 8 and at most 256; 64 at
    /// 100 calls per second
    #[arg(long, env = "DATASET_OPERATOR_CONCURRENCY", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: Option<u16>,
    /// Limits of single operations in calls per second, such as CreateDataset=20,GetDataset=50. documented stands for
    /// the limits that the vendor publishes; documented,CreateDataset=40 changes one of them. An operation without a
    /// limit is called as fast as --qps allows, and more slowly after the service throttled it
    #[arg(long, env = "DATASET_OPERATOR_OPERATION_QPS", value_delimiter = ',', value_parser = operation_qps)]
    pub operation_qps: Vec<OperationQps>,
    /// API calls that the operator may make per UTC day. At 90 % of this number resyncs stop, at 100 % creates stop
    /// too. Edits and deletions never stop. Default: no limit
    #[arg(long, env = "DATASET_OPERATOR_DAILY_BUDGET", value_parser = clap::value_parser!(u64).range(1..))]
    pub daily_budget: Option<u64>,
    /// How the endpoint expects requests to name the operation. With gateway the operator also sends a bearer token in
    /// the header Authorization
    #[arg(long, env = "DATASET_OPERATOR_ENDPOINT_FORM", value_enum, default_value_t)]
    pub endpoint_form: EndpointForm,
    /// Time between two comparisons of all objects with the cloud
    #[arg(long, env = "DATASET_OPERATOR_RESYNC", default_value = "10m", value_parser = duration)]
    pub resync: Duration,
    /// Grace period after a create request without an answer: the service may still carry out the request during this
    /// time, so the operator does not send it again before
    #[arg(long, env = "DATASET_OPERATOR_SETTLE_TIME", default_value = "120s", value_parser = duration)]
    pub settle_time: Duration,
    /// Longest time between storing the intent to create on the object and sending the create request
    #[arg(long, env = "DATASET_OPERATOR_SEND_DEADLINE", default_value = "10s", value_parser = duration)]
    pub send_deadline: Duration,
    /// Longest time that one API call may take
    #[arg(long, env = "DATASET_OPERATOR_REQUEST_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub request_timeout: Duration,
    /// How old a list of the service may be: a change may be missing in lists for this long
    #[arg(long, env = "DATASET_OPERATOR_LIST_LAG", default_value = "5s", value_parser = duration)]
    pub list_lag: Duration,
    /// What an absent spec.deletionPolicy means, Delete or Retain. Default: Delete for what the operator created,
    /// Retain for what it adopted
    #[arg(long, env = "DATASET_OPERATOR_DEFAULT_DELETION_POLICY", value_parser = deletion_policy)]
    pub default_deletion_policy: Option<Deletion>,
    /// Time after the deletion of a namespace in which its objects wait for the credentials of their account. Then they are
    /// let go, and what stays in the cloud is written to the ConfigMap dataset-operator-left-behind
    #[arg(long, env = "DATASET_OPERATOR_LEFT_BEHIND_AFTER", default_value = "10m", value_parser = duration)]
    pub left_behind_after: Duration,
    /// Namespaces whose objects the operator manages, such as team-a,team-b. Default: all namespaces
    #[arg(long, env = "DATASET_OPERATOR_NAMESPACES", value_delimiter = ',', value_parser = namespace)]
    pub namespaces: Vec<String>,
    /// Of several replicas only the one that holds the Lease dataset-operator works. The Lease is in the namespace of the
    /// Pod (POD_NAMESPACE), otherwise in that of the kubeconfig
    #[arg(long, env = "DATASET_OPERATOR_LEADER_ELECT", default_value_t = true, num_args = 0..=1,
        default_missing_value = "true", action = clap::ArgAction::Set)]
    pub leader_elect: bool,
    /// Time after which another replica takes a Lease that was not renewed, in whole seconds. The holder begins no call
    /// that changes something in its last part, which is as long as --send-deadline
    #[arg(long, env = "DATASET_OPERATOR_LEADER_ELECT_LEASE_DURATION", default_value = "15s", value_parser = duration)]
    pub leader_elect_lease_duration: Duration,
    /// Time after which the holder ends if it cannot renew the Lease
    #[arg(long, env = "DATASET_OPERATOR_LEADER_ELECT_RENEW_DEADLINE", default_value = "10s", value_parser = duration)]
    pub leader_elect_renew_deadline: Duration,
    /// Time between two renewals of the Lease
    #[arg(long, env = "DATASET_OPERATOR_LEADER_ELECT_RETRY_PERIOD", default_value = "2s", value_parser = duration)]
    pub leader_elect_retry_period: Duration,
    /// HTTP proxy for the calls to the dataset API, such as http://proxy.example.com:3128. Default: HTTPS_PROXY (for an
    /// endpoint with http, HTTP_PROXY)
    #[arg(long, env = "DATASET_OPERATOR_HTTPS_PROXY", value_parser = secret, hide_env_values = true)]
    pub https_proxy: Option<Secret>,
    /// Hosts that the operator calls without the proxy, such as 10.0.0.0/8,.example.com. Loopback and the cluster's own
    /// addresses never go through it. Default: NO_PROXY
    #[arg(long, env = "DATASET_OPERATOR_NO_PROXY")]
    pub no_proxy: Option<String>,
    /// PEM file of certificate authorities that the operator trusts for the dataset API, besides those of the system
    /// (SSL_CERT_FILE)
    #[arg(long, env = "DATASET_OPERATOR_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// Address on which the operator serves /metrics; a port alone means all addresses of IPv4 and IPv6
    #[arg(long, env = "DATASET_OPERATOR_METRICS_ADDR", default_value = "[::]:8080", value_parser = address)]
    pub metrics_addr: SocketAddr,
    /// Address on which the operator serves /healthz and /readyz
    #[arg(long, env = "DATASET_OPERATOR_HEALTH_ADDR", default_value = HEALTH_ADDR, value_parser = address)]
    pub health_addr: SocketAddr,
    /// Format of the log. Default: text on a terminal, JSON otherwise
    #[arg(long, env = "DATASET_OPERATOR_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// The least important lines that are logged. RUST_LOG, if it is set, says it instead, for each module
    #[arg(long, env = "DATASET_OPERATOR_LOG_LEVEL", value_enum, default_value_t)]
    pub log_level: LogLevel,
}

impl Flags {
    /// The operations with a limit of their own, in calls per second: as stated, otherwise as documented if
    /// `documented` is in the flag.
    pub fn operation_limits(&self) -> impl Iterator<Item = (Operation, f64)> {
        let documented = self.operation_qps.contains(&OperationQps::Documented);
        Operation::ALL.into_iter().filter_map(move |operation| {
            let stated = self.stated_limits().find(|(named, _)| *named == operation);
            let published = || operation.documented_qps().filter(|_| documented).map(|qps| (operation, qps));
            stated.or_else(published)
        })
    }

    fn stated_limits(&self) -> impl Iterator<Item = (Operation, f64)> {
        self.operation_qps.iter().filter_map(|entry| match entry {
            OperationQps::Documented => None,
            OperationQps::Stated(operation, qps) => Some((*operation, *qps)),
        })
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
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
    /// Neither an endpoint nor a region is set.
    #[error("set --region (DATASET_OPERATOR_REGION) or --endpoint (DATASET_OPERATOR_ENDPOINT)")]
    NoEndpoint,
    /// The endpoint or the region cannot be used.
    #[error(transparent)]
    Cloud(#[from] cloud::ClientError),
    /// The proxy or the authorities cannot be used.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// An operation has two limits.
    #[error("--operation-qps names {0} twice")]
    Twice(Operation),
    /// The grace period is too short: a create whose answer comes late could be repeated.
    #[error(
        "--settle-time {} is too short: it must be at least --send-deadline + --request-timeout + --list-lag \
         = {}, or a create that is answered late would be made twice", shown(*.settle), shown(*.least)
    )]
    SettleTime {
        /// The grace period as given.
        settle: Duration,
        /// The shortest safe grace period.
        least: Duration,
    },
    /// The times of the leader election do not fit together.
    #[error(
        "--leader-elect-retry-period {} must be shorter than --leader-elect-renew-deadline {}, that shorter than \
         --leader-elect-lease-duration {}, and --send-deadline {} shorter than the lease; the lease takes whole seconds",
        shown(*.retry), shown(*.renew), shown(*.lease), shown(*.margin)
    )]
    Election {
        /// The time between two renewals as given.
        retry: Duration,
        /// The renew deadline as given.
        renew: Duration,
        /// The lease duration as given.
        lease: Duration,
        /// The send deadline as given.
        margin: Duration,
    },
    /// A duration that must not be zero.
    #[error("--{0} must be longer than zero")]
    Zero(&'static str),
    /// An entry of a list is empty.
    #[error("--{0} has an empty entry")]
    Empty(&'static str),
}

/// Flags that were checked, and settings made from them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The flags.
    pub flags: Flags,
    /// The client's settings for the service: endpoints, timeout, proxy and authorities.
    pub cloud: cloud::Settings,
    /// The proxies of the environment, for calls to other servers.
    pub outbound: Outbound,
}

impl Settings {
    /// Checks the flags. Reads the usual variables for proxies and authorities, and the files that they name.
    pub fn new(flags: Flags) -> Result<Self, SettingsError> {
        Self::in_environment(flags, &|name| std::env::var(name).ok())
    }

    /// The same with other variables.
    fn in_environment(mut flags: Flags, variable: outbound::Lookup<'_>) -> Result<Self, SettingsError> {
        if matches!(&flags.namespaces[..], [one] if one.is_empty()) {
            flags.namespaces.clear();
        }
        let least = flags.send_deadline + flags.request_timeout + flags.list_lag;
        if flags.settle_time < least && !may_be_too_short() {
            return Err(SettingsError::SettleTime { settle: flags.settle_time, least });
        }
        check_election(&flags)?;
        let retry = ("leader-elect-retry-period", flags.leader_elect_retry_period);
        for (name, value) in [("send-deadline", flags.send_deadline), ("resync", flags.resync), retry] {
            if value.is_zero() {
                return Err(SettingsError::Zero(name));
            }
        }
        let keys = flags.owner_key.iter().any(|key| key.expose().is_empty());
        let has_empty = |list: &[String]| list.iter().any(String::is_empty);
        let lists = [
            ("owner-domain", has_empty(&flags.owner_domain)),
            ("owner-key", keys),
            ("namespaces", has_empty(&flags.namespaces)),
        ];
        if let Some((name, _)) = lists.into_iter().find(|(_, empty)| *empty) {
            return Err(SettingsError::Empty(name));
        }
        let operations: Vec<_> = flags.stated_limits().map(|(operation, _)| operation).collect();
        let twice = |(place, operation): &(usize, &Operation)| operations[..*place].contains(operation);
        if let Some((_, operation)) = operations.iter().enumerate().find(twice) {
            return Err(SettingsError::Twice(*operation));
        }
        let cloud = match (&flags.endpoint, &flags.region) {
            (Some(endpoint), _) => cloud::Settings::for_endpoint(endpoint, flags.request_timeout)?,
            (None, Some(region)) => cloud::Settings::for_region(region, flags.request_timeout)?,
            (None, None) => return Err(SettingsError::NoEndpoint),
        };
        let others = [(Product::Sts, &flags.sts_endpoint), (Product::Imm, &flags.imm_endpoint)];
        let mut cloud = others.into_iter().try_fold(cloud, |cloud, (product, endpoint)| match endpoint {
            Some(endpoint) if endpoint == NO_ENDPOINT => Ok(cloud.without_endpoint(product)),
            Some(endpoint) => cloud.with_endpoint(product, endpoint),
            None => Ok(cloud),
        })?;
        cloud.form = flags.endpoint_form;
        let outbound = Outbound::new(&flags, &cloud, variable)?;
        outbound.apply(&mut cloud);
        Ok(Self { flags, cloud, outbound })
    }

    /// The number of reconciles of one kind that may run at the same time.
    #[must_use]
    pub fn concurrency(&self) -> u16 {
        self.flags.concurrency.unwrap_or_else(|| busy(self.flags.qps))
    }
}

/// Checks the times of the leader election, if there is one.
fn check_election(flags: &Flags) -> Result<(), SettingsError> {
    let (retry, renew) = (flags.leader_elect_retry_period, flags.leader_elect_renew_deadline);
    let (lease, margin) = (flags.leader_elect_lease_duration, flags.send_deadline);
    let fits = retry < renew && renew < lease && margin < lease && lease.subsec_nanos() == 0;
    if flags.leader_elect && !fits { Err(SettingsError::Election { retry, renew, lease, margin }) } else { Ok(()) }
}

/// The number of reconciles that use up the rate limit. A create takes about 0.3 s, with its two writes to an API
/// server that is busy with ten thousand objects. The number allows for twice that, because a permit is lost if no
/// reconcile takes it. An object that waits for its permit does not count, as no reconcile of it runs.
fn busy(qps: f64) -> u16 {
    const PASS: f64 = 0.64;
    let passes = (qps * PASS).ceil().clamp(8.0, 256.0);
    // In range, so exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let passes = passes as u16;
    passes
}

/// Tests may set too short a grace period to show what happens then: `DATASET_OPERATOR_UNSAFE_SETTLE_TIME=yes`. Not in
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
    fn the_times_of_the_election_must_fit_together() {
        assert!(settings(&[]).unwrap().flags.leader_elect);
        assert!(settings(&["--leader-elect"]).unwrap().flags.leader_elect);
        let wrong = ["--leader-elect-retry-period=10s", "--leader-elect-renew-deadline=15s", "--send-deadline=15s"];
        for flag in wrong.into_iter().chain(["--leader-elect-lease-duration=15500ms"]) {
            let error = settings(&[flag]).unwrap_err().to_string();
            assert!(error.starts_with("--leader-elect-retry-period "), "{flag}: {error}");
            assert!(settings(&[flag, "--leader-elect=false"]).is_ok(), "{flag}");
        }
    }

    #[test]
    fn operations_have_limits_of_their_own() {
        let limits =
            |list: &str| -> Vec<_> { settings(&["--operation-qps", list]).unwrap().flags.operation_limits().collect() };
        let (create, get) = (Operation::CreateDataset, Operation::GetDataset);
        assert_eq!(limits("GetDataset=0.5, CreateDataset=20"), [(create, 20.0), (get, 0.5)]);
        let documented = limits("documented");
        assert_eq!(documented.len(), 11);
        assert!(documented.contains(&(create, 20.0)) && documented.contains(&(get, 50.0)), "{documented:?}");
        for list in ["documented,CreateDataset=40,ListDatasets=9", "ListDatasets=9, CreateDataset=40, documented"] {
            let both = limits(list);
            assert_eq!(both.len(), 12);
            assert!(
                [(create, 40.0), (get, 50.0), (Operation::ListDatasets, 9.0)].iter().all(|limit| both.contains(limit))
            );
        }
        let error = settings(&["--operation-qps", "GetDataset=1,GetDataset=2"]).unwrap_err();
        assert_eq!(error.to_string(), "--operation-qps names GetDataset twice");
    }

    #[test]
    fn the_other_products_may_have_endpoints_of_their_own() {
        let flags = [("--sts-endpoint", Product::Sts), ("--imm-endpoint", Product::Imm)];
        for ((flag, product), (_, other)) in flags.into_iter().zip([flags[1], flags[0]]) {
            let reached = |arguments: &[&str]| {
                let cloud = settings(arguments).unwrap().cloud;
                (cloud.reaches(product), cloud.reaches(other))
            };
            let elsewhere = ["--endpoint", "http://127.0.0.1:1", flag, "http://127.0.0.1:2"];
            assert_eq!(reached(&[]), (true, true));
            assert_eq!(reached(&[flag, "none"]), (false, true));
            assert_eq!(reached(&elsewhere[..2]), (false, false), "the region is known too, but not who serves there");
            assert_eq!(reached(&elsewhere), (true, false));
            let error = settings(&[flag, "http://127.0.0.1:2/x"]).unwrap_err().to_string();
            assert!(error.starts_with("endpoint \"http://127.0.0.1:2/x\" must be"), "{error}");
        }
    }

    #[test]
    fn passes_keep_the_limit_busy_and_are_bounded() {
        let passes = |arguments: &[&str]| settings(arguments).unwrap().concurrency();
        assert_eq!(passes(&[]), 64);
        for (qps, expected) in [("0.5", 8), ("12", 8), ("13", 9), ("50", 32), ("400", 256), ("100000", 256)] {
            assert_eq!(passes(&["--qps", qps]), expected, "--qps {qps}");
        }
        assert_eq!(passes(&["--qps", "400", "--concurrency", "3"]), 3);
    }

    #[test]
    fn each_time_limit_counts_towards_the_shortest_settle_time() {
        for flag in ["--send-deadline", "--request-timeout", "--list-lag"] {
            assert!(settings(&["--settle-time", "25s", flag, "11s"]).is_err(), "{flag}");
        }
        for flag in ["--send-deadline", "--resync"] {
            let error = settings(&[flag, "0s"]).unwrap_err().to_string();
            assert_eq!(error, format!("{flag} must be longer than zero"));
        }
    }

    #[test]
    fn a_budget_of_nothing_is_refused() {
        let refused = |budget: &str| Command::try_parse_from(["x", "--daily-budget", budget]).is_err();
        assert!(refused("0") && refused("-1") && !refused("1"));
        assert_eq!(settings(&[]).unwrap().flags.daily_budget, None);
    }

    /// The variable that `--help` shows for a flag is the documented one: `DATASET_OPERATOR_<FLAG>`.
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

    /// The settings of a ConfigMap take effect: the Deployment overrides none of them, and each name in it is that of a
    /// flag.
    #[test]
    fn the_deployment_has_its_settings_in_the_config_map_only() {
        use clap::CommandFactory as _;
        let read = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).unwrap();
        let deployment = read(include_str!("../deploy/kustomize/base/deployment.yaml"));
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        for variable in container["env"].as_array().unwrap() {
            assert!(!variable["name"].as_str().unwrap().starts_with("DATASET_OPERATOR_"), "{variable} is a setting");
        }
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
}
