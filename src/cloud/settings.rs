//! Which endpoints the client calls, how, and with which timeout; checked once.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use reqwest::Url;

use super::authorities::Authorities;
use super::product::Product;
use super::proxy::Proxy;

/// The longest time to make a connection (the official SDK's default).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of a [`super::Client`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The endpoint of the dataset API.
    pub(super) endpoint: Url,
    /// The endpoints of the other products, as far as they are known.
    pub(super) others: BTreeMap<Product, Url>,
    pub(super) request_timeout: Duration,
    /// The HTTP proxy that calls go through. Without it none is used, even if the environment names one.
    pub proxy: Option<Proxy>,
    /// Trusted in addition to those of the system.
    pub authorities: Authorities,
    /// How operations are addressed.
    pub form: EndpointForm,
}

/// The form in which the endpoint expects operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum EndpointForm {
    /// By the paths of the product's own endpoints, as the official SDKs do: `/api/v1/datasets/…`
    #[default]
    Roa,
    /// By name, as the API's page describes it: `/api/AIWorkSpace/2021-02-04/GetDataset/…`
    Gateway,
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The endpoint is not of the form `https://host` or `http://host:port`.
    #[error("endpoint {0:?} must be http:// or https:// with a host, and without user, path or query")]
    Endpoint(String),
    /// The region is not a name such as `cn-hangzhou`.
    #[error("region {0:?} must consist of lower-case letters, digits and hyphens")]
    Region(String),
    /// The request timeout is zero.
    #[error("the request timeout must be longer than zero")]
    Timeout,
    /// The proxy is not a URL of a proxy.
    #[error("the HTTP proxy is not a valid URL")]
    Proxy,
    /// The HTTP library cannot start, for instance without root certificates.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(String),
}

impl Settings {
    /// Calls the dataset API at `endpoint`, a URL with only a scheme and a host, and waits at most `request_timeout`
    /// for the complete answer of one call. The other products have no endpoint then, as they need not be served at the
    /// same one.
    pub fn for_endpoint(endpoint: &str, request_timeout: Duration) -> Result<Self, ClientError> {
        let url = bare_url(endpoint)?;
        if request_timeout.is_zero() {
            return Err(ClientError::Timeout);
        }
        Ok(Self {
            endpoint: url,
            others: BTreeMap::new(),
            request_timeout,
            proxy: None,
            authorities: Authorities::default(),
            form: EndpointForm::Roa,
        })
    }

    /// Calls the public endpoints of `region`, such as `cn-hangzhou`.
    pub fn for_region(region: &str, request_timeout: Duration) -> Result<Self, ClientError> {
        let of_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(of_region) {
            return Err(ClientError::Region(region.to_owned()));
        }
        let mut settings = Self::for_endpoint(&Product::AiWorkSpace.endpoint(region), request_timeout)?;
        for product in Product::ALL {
            settings = settings.with_endpoint(product, &product.endpoint(region))?;
        }
        Ok(settings)
    }

    /// Calls this product at `endpoint`, a URL with only a scheme and a host.
    pub fn with_endpoint(mut self, product: Product, endpoint: &str) -> Result<Self, ClientError> {
        let url = bare_url(endpoint)?;
        if product == Product::AiWorkSpace {
            self.endpoint = url;
        } else {
            self.others.insert(product, url);
        }
        Ok(self)
    }

    /// Never calls this product.
    #[must_use]
    pub fn without_endpoint(mut self, product: Product) -> Self {
        self.others.remove(&product);
        self
    }

    /// The endpoint's host and port, and whether it is reached by `https`.
    pub fn place(&self) -> (&str, u16, bool) {
        let port = self.endpoint.port_or_known_default().unwrap_or_default();
        (self.endpoint.host_str().unwrap_or_default(), port, self.endpoint.scheme() == "https")
    }

    /// The same without a proxy, for what is near.
    pub(super) fn nearby(&self) -> Self {
        Self { proxy: None, ..self.clone() }
    }

    /// Short enough that a connection that cannot be made fails before the deadline.
    pub(super) fn connect_timeout(&self) -> Duration {
        CONNECT_TIMEOUT.min(self.request_timeout / 2)
    }

    /// Short enough that who waits for a session as long as for a call is told why there is none, and that the failure is
    /// remembered.
    pub(super) fn session_timeout(&self) -> Duration {
        self.request_timeout / 2
    }

    /// Whether the endpoint of this product is known.
    pub fn reaches(&self, product: Product) -> bool {
        self.endpoint_of(product).is_some()
    }

    /// The endpoint of this product, if it is known.
    pub(super) fn endpoint_of(&self, product: Product) -> Option<&Url> {
        if product == Product::AiWorkSpace { Some(&self.endpoint) } else { self.others.get(&product) }
    }
}

/// The value of the `Host` header: the port only if it is not the scheme's own.
pub(super) fn host(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or_default();
    match endpoint.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Reads a URL with only a scheme and a host.
pub(super) fn bare_url(endpoint: &str) -> Result<Url, ClientError> {
    let invalid = || ClientError::Endpoint(without_user(endpoint));
    let url = Url::parse(endpoint.trim()).map_err(|_| invalid())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(invalid());
    }
    Ok(url)
}

/// The endpoint for an error message, without a user and password before an `@`.
fn without_user(endpoint: &str) -> String {
    match endpoint.rsplit_once('@') {
        Some((_, rest)) => format!("***@{rest}"),
        None => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn the_region_gives_the_public_endpoint() {
        let settings = Settings::for_region("cn-hangzhou", TEN).unwrap();
        assert_eq!(settings.endpoint.as_str(), "https://aiworkspace.cn-hangzhou.aliyuncs.com/");
        assert_eq!(host(&settings.endpoint), "aiworkspace.cn-hangzhou.aliyuncs.com");
        let sts = settings.endpoint_of(Product::Sts).map(Url::as_str);
        assert_eq!(sts, Some("https://sts.cn-hangzhou.aliyuncs.com/"));
        let imm = settings.endpoint_of(Product::Imm).map(Url::as_str);
        assert_eq!(imm, Some("https://imm.cn-hangzhou.aliyuncs.com/"));
        for region in ["", "cn hangzhou", "evil.example/", "CN"] {
            let error = Settings::for_region(region, TEN).unwrap_err();
            assert_eq!(error, ClientError::Region(region.to_owned()));
        }
    }

    #[test]
    fn the_host_names_the_port_only_if_it_is_unusual() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:80/", "127.0.0.1"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("https://example.test:443", "example.test"),
        ] {
            let settings = Settings::for_endpoint(endpoint, TEN).unwrap();
            assert_eq!(host(&settings.endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn an_endpoint_is_scheme_and_host_only_and_its_password_is_not_repeated() {
        for endpoint in ["", "127.0.0.1:80", "ftp://a", "http://a/b", "http://a?b=c", "http://a#b"] {
            assert!(Settings::for_endpoint(endpoint, TEN).is_err(), "{endpoint}");
        }
        let error = Settings::for_endpoint("https://u:canary@host", TEN).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn another_product_is_not_guessed_at_an_endpoint_of_the_dataset_api() {
        let settings = Settings::for_endpoint("http://127.0.0.1:8080", TEN).unwrap();
        assert_eq!(settings.endpoint_of(Product::Sts), None);
        let told = settings.with_endpoint(Product::Sts, "http://127.0.0.1:8081").unwrap();
        assert_eq!(told.endpoint_of(Product::Sts).map(Url::as_str), Some("http://127.0.0.1:8081/"));
        assert_eq!(told.endpoint_of(Product::AiWorkSpace).map(Url::as_str), Some("http://127.0.0.1:8080/"));
        assert!(told.with_endpoint(Product::Sts, "http://a/b").is_err());
    }

    #[test]
    fn connecting_ends_before_the_deadline() {
        for seconds in [1, 3, 10, 600] {
            let timeout = Duration::from_secs(seconds);
            let settings = Settings::for_endpoint("http://a", timeout).unwrap();
            assert!(settings.connect_timeout() < timeout);
        }
        assert_eq!(Settings::for_endpoint("http://a", Duration::ZERO).unwrap_err(), ClientError::Timeout);
    }
}
