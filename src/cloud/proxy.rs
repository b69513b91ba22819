//! HTTP proxies: reading the setting that names one, and the hosts that are reached without it. The user and password
//! of a proxy are never shown: not by `Debug`, not in an error, not in [`Proxy::shown`].

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::secret::Secret;

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Secret,
    shown: String,
}

/// A text that names no proxy. The error does not repeat it, as it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be the URL of an HTTP proxy, such as http://proxy.example.com:3128 (its value is not shown here)")]
pub struct ProxyError;

impl Proxy {
    /// `http://proxy.example.com:3128`, also `https`, with or without `user:password@`; without a scheme it is `http`.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|_| ProxyError)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ProxyError)?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(ProxyError);
        }
        let user = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{user}{host}{port}", url.scheme());
        Ok(Self { url: Secret::new(url.as_str()), shown })
    }

    /// The whole URL, with user and password, for the HTTP library.
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// The URL for people to read: `***` in place of user and password.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// Hosts that are reached without a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoProxy(Vec<Rule>);

/// An entry of the list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither a host, an address nor a network; write them with commas between them, such as \
     10.0.0.0/8,registry.example.com,.internal.example.com"
)]
pub struct NoProxyError(String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    All,
    Network { address: IpAddr, bits: u32 },
    Host { name: String, itself: bool, port: Option<u16> },
}

impl NoProxy {
    /// Reads a list as in `NO_PROXY`: host names (with all names below them), `.example.com` and `*.example.com` (only
    /// the names below), addresses, networks, each host also with a port; `*` is everything. Loopback is always
    /// included.
    pub fn parse(list: &str) -> Result<Self, NoProxyError> {
        let entries = list.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| rule(entry).ok_or_else(|| NoProxyError(entry.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// This list together with `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether `host` (a name or an address, IPv6 with or without brackets) is reached without a proxy.
    pub fn excepts(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
        let address = IpAddr::from_str(&host).ok().map(plain);
        let loopback = address.is_some_and(|address| address.is_loopback());
        if loopback || host == "localhost" || host.ends_with(".localhost") {
            return true;
        }
        self.0.iter().any(|rule| match rule {
            Rule::All => true,
            Rule::Network { address: network, bits } => address.is_some_and(|address| within(address, *network, *bits)),
            Rule::Host { name, itself, port: only } => {
                let below = || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                only.is_none_or(|only| only == port) && ((*itself && host == *name) || below())
            }
        })
    }
}

fn rule(entry: &str) -> Option<Rule> {
    if entry == "*" {
        return Some(Rule::All);
    }
    if let Some((address, bits)) = entry.split_once('/') {
        let (address, bits) = (plain(address.parse().ok()?), bits.parse().ok()?);
        return (bits <= width(address)).then_some(Rule::Network { address, bits });
    }
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port.parse().ok()?)),
        Some(_) | None => (entry, None),
    };
    let name = name.trim_start_matches('[').trim_end_matches([']', '.']);
    if let (Ok(address), None) = (name.parse(), port) {
        let address = plain(address);
        return Some(Rule::Network { address, bits: width(address) });
    }
    let below = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
    let (name, itself) = below.map_or((name, true), |name| (name, false));
    (!name.is_empty()).then(|| Rule::Host { name: name.to_ascii_lowercase(), itself, port })
}

/// An IPv4 address that is written as IPv6 becomes IPv4.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let left = |address: IpAddr| match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    };
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or_default();
    width(address) == width(network) && (left(address) ^ left(network)) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_user_and_password() {
        for (text, shown) in [
            ("http://proxy.example.com:3128", "http://proxy.example.com:3128"),
            ("proxy.example.com:3128", "http://proxy.example.com:3128"),
            ("https://proxy.example.com", "https://proxy.example.com"),
            (" http://canary:canary@[fd00::1]:3128/ ", "http://***@[fd00::1]:3128"),
            ("canary@proxy:3128", "http://***@proxy:3128"),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.shown(), shown, "{text}");
            assert!(!format!("{proxy:?}").contains("canary"), "{proxy:?}");
        }
        for text in ["", "http://", "socks5://canary@proxy", "http://canary@proxy/path", "ftp://proxy", "http://a b"] {
            let error = Proxy::parse(text).unwrap_err();
            assert!(error.to_string().contains("such as http://") && !error.to_string().contains("canary"), "{text}");
        }
    }

    #[test]
    fn hosts_are_excepted_as_in_no_proxy() {
        let list = "10.0.0.0/8, example.com,.internal *.corp ,one.test:8443,192.0.2.7,fd00::/8,[2001:db8::1],::2";
        let list = NoProxy::parse(list).unwrap();
        for (host, port) in [
            ("10.1.2.3", 443),
            ("example.com", 443),
            ("a.example.com", 80),
            ("EXAMPLE.com.", 443),
            ("a.internal", 443),
            ("a.b.corp", 443),
            ("one.test", 8443),
            ("192.0.2.7", 1),
            ("fd12::1", 443),
            ("[fd12::1]", 443),
            ("2001:db8::1", 443),
            ("::2", 443),
            ("::ffff:10.1.2.3", 443),
            ("localhost", 443),
            ("127.0.0.9", 443),
            ("[::1]", 443),
            ("a.localhost", 443),
        ] {
            assert!(list.excepts(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("11.1.2.3", 443),
            ("notexample.com", 443),
            ("internal", 443),
            ("corp", 443),
            ("one.test", 443),
            ("192.0.2.8", 1),
            ("fe00::1", 443),
            ("aiworkspace.cn-hangzhou.aliyuncs.com", 443),
        ] {
            assert!(!list.excepts(host, port), "{host}:{port}");
        }
        assert!(NoProxy::parse("*").unwrap().excepts("anything", 1));
        assert!(NoProxy::parse("0.0.0.0/0").unwrap().excepts("8.8.8.8", 1));
        assert!(!NoProxy::parse("0.0.0.0/0").unwrap().excepts("fd00::1", 1));
        assert!(!NoProxy::default().excepts("10.0.0.1", 443));
        for wrong in ["10.0.0.0/33", "10.0.0/8", "example.com/8", "host:port", ":80"] {
            let error = NoProxy::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("10.0.0.0/8"), "{error}");
        }
    }
}
