//! The ports for Kubernetes and Prometheus: `/healthz`, `/readyz`, `/metrics`. And `/log-level`, for people in the Pod.

mod log_level;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use rustix::io::Errno;
use tokio::net::TcpListener;

use crate::lock::lock;
use crate::metrics::Metrics;
pub use log_level::log_level;

/// The part that is missing until [`Readiness::needs`] names the others.
const START: &str = "operator";
/// What is missing of a kind at first.
pub const LISTING: &str = "the objects are still being listed";

/// The parts that the operator still lacks before it can do all of its work, each with a text for people. It is ready
/// while nothing is missing. A new one is not ready until [`Readiness::needs`] was called. Clones share their state.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Mutex<BTreeMap<String, String>>>);

impl Default for Readiness {
    fn default() -> Self {
        let starting = BTreeMap::from([(START.to_owned(), "it is starting".to_owned())]);
        Self(Arc::new(Mutex::new(starting)))
    }
}

impl Readiness {
    /// Sets the first parts, each with a text of what is missing. From now on the operator is ready once all parts are
    /// met.
    pub fn needs<'a>(&self, parts: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (part, text) in parts {
            self.missing(part, text);
        }
        self.met(START);
    }

    /// Sets what is missing of `part`: one line for a person that says what to do. Returns whether it differs from
    /// before.
    pub fn missing(&self, part: &str, text: &str) -> bool {
        // `/readyz` serves one line per part.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = lock(&self.0);
        parts.insert(part.to_owned(), text.clone()).is_none_or(|before| before != text)
    }

    /// Nothing of `part` is missing any more. Returns whether something was missing before.
    pub fn met(&self, part: &str) -> bool {
        lock(&self.0).remove(part).is_some()
    }

    /// What is missing, one line per part; empty if the operator is ready.
    #[must_use]
    pub fn lacks(&self) -> String {
        lock(&self.0).iter().flat_map(|(part, text)| [part, ": ", text, "\n"]).collect()
    }

    /// What `/readyz` answers.
    fn answer(&self) -> (StatusCode, String) {
        match self.lacks() {
            lacks if lacks.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
            lacks => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{lacks}")),
        }
    }
}

/// Serves health on one address and metrics on the other, until the process ends.
pub async fn serve(
    health: SocketAddr,
    metrics_at: SocketAddr,
    ready: Readiness,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let health_routes = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async move || ready.answer()))
        .route("/log-level", log_level::route())
        .into_make_service_with_connect_info::<SocketAddr>();
    let metrics_routes = Router::new().route(
        "/metrics",
        get(async move || {
            let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
            (kind, metrics.encode()).into_response()
        }),
    );
    let health = listen("health-addr", health, TcpListener::bind).await?;
    let metrics_at = listen("metrics-addr", metrics_at, TcpListener::bind).await?;
    let served = tokio::try_join!(axum::serve(health, health_routes), axum::serve(metrics_at, metrics_routes));
    served.map(|_| ())
}

/// Listens at the address of a flag. "All addresses" are only those of IPv4 if the kernel has no IPv6.
async fn listen<T>(flag: &str, address: SocketAddr, bind: impl AsyncFn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let result = match bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && has_no_ipv6(&error) => {
            bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()))).await
        }
        result => result,
    };
    result.map_err(|error| {
        io::Error::new(error.kind(), format!("--{flag} {address}: {error}; give another one, such as --{flag} :18080"))
    })
}

fn has_no_ipv6(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].iter().any(|none| errno == Some(none.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_addresses_are_those_of_ipv4_too_and_alone_without_ipv6() {
        let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let port = listen("health-addr", all, TcpListener::bind).await.unwrap();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port.local_addr().unwrap().port()));
        tokio::net::TcpStream::connect(here).await.unwrap();

        let without = async |address: SocketAddr| match address {
            SocketAddr::V4(_) => Ok(address.to_string()),
            SocketAddr::V6(_) => Err(Errno::AFNOSUPPORT.into()),
        };
        assert_eq!(listen("health-addr", all, without).await.unwrap(), "0.0.0.0:0");
        let one = "[::1]:0".parse().unwrap();
        listen("health-addr", one, without).await.expect_err("an address that somebody asked for is not another one");
        let taken = listen("metrics-addr", here, TcpListener::bind).await.unwrap_err().to_string();
        assert!(taken.starts_with(&format!("--metrics-addr {here}: ")) && taken.contains("in use"), "{taken}");
    }

    #[test]
    fn it_is_ready_while_nothing_is_missing() {
        let ready = Readiness::default();
        assert_eq!(ready.lacks(), "operator: it is starting\n");
        ready.needs([("Dataset", "not listed yet"), ("DatasetVersion", "not listed yet")]);
        assert_eq!(ready.lacks(), "Dataset: not listed yet\nDatasetVersion: not listed yet\n");
        assert!(ready.met("Dataset"));
        assert!(!ready.met("Dataset"), "it was met before");
        assert_eq!(
            ready.answer(),
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\nDatasetVersion: not listed yet\n".to_owned())
        );
        ready.met("DatasetVersion");
        assert_eq!((ready.lacks(), ready.answer()), (String::new(), (StatusCode::OK, "ok\n".to_owned())));
        assert!(ready.missing("rights", "no\n  list"));
        assert!(!ready.missing("rights", "no list"), "that was said before");
        assert!(ready.missing("rights", "no watch"));
        assert_eq!(ready.clone().lacks(), "rights: no watch\n");
    }
}
