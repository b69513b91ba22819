//! Outgoing calls: which of them go through a proxy, and which certificate authorities are trusted for the service. The
//! operator's flags go before the variables that other programs read too.

use std::path::Path;

use super::Flags;
use crate::cloud::{self, Authorities, AuthoritiesError, NoProxy, NoProxyError, Proxy, ProxyError};

/// Returns the value of an environment variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Names that exist only inside a cluster.
const CLUSTER: &str = ".svc,.svc.cluster.local,.cluster.local";

/// A proxy or a file of authorities that cannot be used; the message begins with its flag or variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The proxy cannot be read.
    #[error("{0}: {1}")]
    Proxy(String, ProxyError),
    /// The list of hosts without a proxy cannot be read.
    #[error("{0}: {1}")]
    NoProxy(String, NoProxyError),
    /// The file of authorities cannot be used.
    #[error("{0}: {1}")]
    Authorities(String, AuthoritiesError),
}

/// A proxy, and the flag or variable that named it.
#[derive(Debug, Clone)]
struct Named {
    by: String,
    proxy: Proxy,
}

/// The proxies and authorities for outgoing calls.
#[derive(Debug, Clone)]
pub struct Outbound {
    service: Option<Named>,
    usual: Option<Named>,
    except: NoProxy,
    authorities: Authorities,
}

impl Outbound {
    /// From an environment alone.
    #[cfg(test)]
    pub(crate) fn of_environment(environment: &[(&str, &str)]) -> Self {
        tests::settings(&["--region", "cn-hangzhou"], environment).unwrap().outbound
    }

    /// For calls to the service at `cloud`. A wrong flag is always refused, a wrong variable only if it would be used.
    pub(super) fn new(flags: &Flags, cloud: &cloud::Settings, variable: Lookup<'_>) -> Result<Self, OutboundError> {
        let (host, port, tls) = cloud.place();
        let told = flags.https_proxy.as_ref().map(|secret| ("--https-proxy".to_owned(), secret.expose().to_owned()));
        let told = named(filled(told))?;
        let usual = named(first(variable, ["HTTPS_PROXY", "https_proxy"]))?;
        let service = match &told {
            None if tls => usual.clone(),
            None => named(first(variable, ["HTTP_PROXY", "http_proxy"]))?,
            Some(_) => told,
        };
        let except = match filled(flags.no_proxy.clone().map(|list| ("--no-proxy".to_owned(), list))) {
            Some(list) => Some(list),
            None => first(variable, ["NO_PROXY", "no_proxy"]).filter(|_| service.is_some() || usual.is_some()),
        };
        let except = match except {
            Some((by, list)) => NoProxy::parse(&list).map_err(|error| OutboundError::NoProxy(by, error))?,
            None => NoProxy::default(),
        };
        let own = variable("KUBERNETES_SERVICE_HOST").unwrap_or_default();
        let except = except.and(NoProxy::parse(&format!("{CLUSTER},{own}")).unwrap_or_default());
        let service = service.filter(|_| !except.excepts(host, port));
        Ok(Self { service, usual, except, authorities: authorities(flags.ca_file.as_deref(), variable)? })
    }

    /// Adds the proxy and the authorities to the settings of the service's client.
    pub(super) fn apply(&self, settings: &mut cloud::Settings) {
        settings.authorities = self.authorities.clone();
        settings.proxy = self.service.as_ref().map(|named| named.proxy.clone());
    }

    /// The way to the service in words, for the log.
    #[must_use]
    pub fn way_to_service(&self) -> String {
        let named = self.service.as_ref();
        named.map_or_else(|| "direct".to_owned(), |named| format!("{} ({})", named.proxy.shown(), named.by))
    }

    /// The proxy of the usual variables for a host that the operator's flags are not about, such as the API server.
    #[must_use]
    pub fn usual_proxy(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.usual.as_ref().filter(|_| !self.except.excepts(host, port)).map(|named| &named.proxy)
    }

    /// Whether this is the proxy of the usual variables.
    #[must_use]
    pub fn is_usual(&self, proxy: &Proxy) -> bool {
        self.usual.as_ref().is_some_and(|named| named.proxy == *proxy)
    }
}

fn named(text: Option<(String, String)>) -> Result<Option<Named>, OutboundError> {
    let proxy = |(by, text): (String, String)| match Proxy::parse(&text) {
        Ok(proxy) => Ok(Named { by, proxy }),
        Err(error) => Err(OutboundError::Proxy(by, error)),
    };
    text.map(proxy).transpose()
}

/// The first of these variables that is set and not empty: its name and value.
fn first(variable: Lookup<'_>, names: [&str; 2]) -> Option<(String, String)> {
    names.into_iter().find_map(|name| filled(Some((name.to_owned(), variable(name)?))))
}

/// An empty value counts as not set.
fn filled(text: Option<(String, String)>) -> Option<(String, String)> {
    text.filter(|(_, text)| !text.trim().is_empty())
}

/// The authorities of the flag, which are added to those of the system. Of these, only the bundle in `SSL_CERT_FILE` is
/// checked.
fn authorities(file: Option<&Path>, variable: Lookup<'_>) -> Result<Authorities, OutboundError> {
    let refused = |by: &'static str| move |error| OutboundError::Authorities(by.to_owned(), error);
    if let Some(path) = variable("SSL_CERT_FILE").filter(|path| !path.is_empty()) {
        Authorities::check_bundle(Path::new(&path)).map_err(refused("SSL_CERT_FILE"))?;
    }
    match file.filter(|file| !file.as_os_str().is_empty()) {
        Some(file) => Authorities::read(file).map_err(refused("--ca-file")),
        None => Ok(Authorities::default()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Settings, SettingsError};
    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        flags: Flags,
    }

    pub(super) fn settings(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let flags = Command::try_parse_from(["x"].iter().chain(arguments)).unwrap().flags;
        let find = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::in_environment(flags, &find)
    }

    /// The way to the service, with these arguments and variables.
    fn way(endpoint: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let all: Vec<_> = ["--endpoint", endpoint].iter().chain(arguments).copied().collect();
        let settings = settings(&all, environment).unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
        let way = settings.outbound.way_to_service();
        assert_eq!(settings.cloud.proxy.is_some(), way != "direct", "{way}");
        way
    }

    const CLOUD: &str = "https://aiworkspace.cn-hangzhou.aliyuncs.com";

    #[test]
    fn flags_go_before_the_usual_variables_and_nothing_shows_a_password() {
        let usual = [("HTTPS_PROXY", "http://u:canary@upper:1"), ("https_proxy", "lower:1"), ("HTTP_PROXY", "plain:1")];
        assert_eq!(way(CLOUD, &[], &[]), "direct");
        assert_eq!(way(CLOUD, &[], &usual), "http://***@upper:1 (HTTPS_PROXY)");
        assert_eq!(way(CLOUD, &[], &usual[1..]), "http://lower:1 (https_proxy)");
        assert_eq!(way(CLOUD, &[], &[("HTTPS_PROXY", " "), usual[1]]), "http://lower:1 (https_proxy)");
        assert_eq!(way(CLOUD, &["--https-proxy", "told:1"], &usual), "http://told:1 (--https-proxy)");
        assert_eq!(way(CLOUD, &["--https-proxy", ""], &usual), "http://***@upper:1 (HTTPS_PROXY)");
        assert_eq!(way("http://cloud.test", &[], &usual), "http://plain:1 (HTTP_PROXY)");
        assert_eq!(way("http://cloud.test", &[], &usual[..2]), "direct");
        assert_eq!(way("http://cloud.test", &["--https-proxy", "told:1"], &[]), "http://told:1 (--https-proxy)");
    }

    #[test]
    fn loopback_the_cluster_and_what_is_excepted_are_reached_directly() {
        let usual = [("HTTPS_PROXY", "p:1"), ("HTTP_PROXY", "p:1"), ("KUBERNETES_SERVICE_HOST", "10.96.0.1")];
        for endpoint in [
            "http://127.0.0.1:8080",
            "https://[::1]",
            "http://localhost:1",
            "http://pai-emulator.testing.svc:8080",
            "https://pai-emulator.testing.svc.cluster.local",
            "https://10.96.0.1",
        ] {
            assert_eq!(way(endpoint, &[], &usual), "direct", "{endpoint}");
            assert_eq!(way(endpoint, &["--https-proxy", "p:1"], &usual), "direct", "{endpoint}");
        }
        let except = [usual[0], ("NO_PROXY", ".aliyuncs.com")];
        assert_eq!(way(CLOUD, &[], &except), "direct");
        assert_eq!(way(CLOUD, &["--no-proxy", "example.com"], &except), "http://p:1 (HTTPS_PROXY)");
        assert_eq!(way(CLOUD, &["--no-proxy", "*"], &usual), "direct");
        assert_eq!(way(CLOUD, &[], &[usual[0], ("no_proxy", "aliyuncs.com")]), "direct");
    }

    #[test]
    fn the_api_server_has_the_usual_proxy_and_not_the_one_of_our_flag() {
        let proxy = |arguments: &[&str], environment: &[(&str, &str)], host| {
            let all: Vec<_> = ["--region", "cn-hangzhou"].iter().chain(arguments).copied().collect();
            let settings = settings(&all, environment).unwrap();
            settings.outbound.usual_proxy(host, 6443).map(|proxy| proxy.shown().to_owned())
        };
        assert_eq!(proxy(&["--https-proxy", "told:1"], &[], "api.test"), None);
        assert_eq!(proxy(&[], &[("HTTPS_PROXY", "p:1")], "api.test").as_deref(), Some("http://p:1"));
        assert_eq!(proxy(&[], &[("HTTPS_PROXY", "p:1")], "127.0.0.1"), None);
        assert_eq!(proxy(&[], &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "api.test")], "api.test"), None);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_without_its_password() {
        let refused = |arguments: &[&str], environment: &[(&str, &str)]| {
            let all: Vec<_> = ["--region", "cn-hangzhou"].iter().chain(arguments).copied().collect();
            let error = settings(&all, environment).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
            error.to_string()
        };
        let error = refused(&["--https-proxy", "socks5://u:canary@p"], &[]);
        assert!(error.starts_with("--https-proxy: it must be the URL of an HTTP proxy, such as http://"), "{error}");
        assert!(refused(&[], &[("HTTPS_PROXY", "http://u:canary@")]).starts_with("HTTPS_PROXY: "));
        assert!(refused(&["--no-proxy", "10.0.0.0/99"], &[]).starts_with("--no-proxy: \"10.0.0.0/99\""));
        assert!(refused(&[], &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "10.0.0.0/99")]).starts_with("NO_PROXY: "));
        for unused in [("NO_PROXY", "10.0.0.0/99"), ("HTTP_PROXY", "socks5://p")] {
            assert_eq!(way(CLOUD, &[], &[unused]), "direct");
        }
        let empty = tempfile::NamedTempFile::new().unwrap();
        let path = empty.path().to_str().unwrap();
        assert_eq!(
            refused(&["--ca-file", path], &[]),
            format!("--ca-file: {path} holds no certificate; it must be PEM, with -----BEGIN CERTIFICATE----- in it")
        );
        assert!(
            refused(&["--ca-file", "/nowhere/ca.pem"], &[]).starts_with("--ca-file: /nowhere/ca.pem cannot be read")
        );
        assert!(refused(&[], &[("SSL_CERT_FILE", path)]).starts_with(&format!("SSL_CERT_FILE: {path} holds no")));
    }
}
