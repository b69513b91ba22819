//! The ports for Kubernetes and Prometheus: `/healthz`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// The part that is missing until the others are known.
const START: &str = "operator";

/// What the operator still lacks before it can do all of its work, part by part, in words. It is ready while nothing is
/// missing. A new one is not ready until [`Readiness::needs`] was called. Clones share what they hold.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Mutex<BTreeMap<String, String>>>);

impl Default for Readiness {
    fn default() -> Self {
        let starting = BTreeMap::from([(START.to_owned(), "it is starting".to_owned())]);
        Self(Arc::new(Mutex::new(starting)))
    }
}

impl Readiness {
    /// The first parts, each with what is missing; from now on the operator is ready once they are met.
    pub fn needs<'a>(&self, parts: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (part, text) in parts {
            self.missing(part, text);
        }
        self.met(START);
    }

    /// Says what is missing of `part`, which a person reads: one line that says what to do. True if that is news.
    pub fn missing(&self, part: &str, text: &str) -> bool {
        // The line is the unit of what is served.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = self.parts();
        parts.insert(part.to_owned(), text.clone()).is_none_or(|before| before != text)
    }

    /// Nothing of `part` is missing any more. True if that is news.
    pub fn met(&self, part: &str) -> bool {
        self.parts().remove(part).is_some()
    }

    /// What is missing, one part a line; empty if the operator is ready.
    #[must_use]
    pub fn lacks(&self) -> String {
        self.parts().iter().flat_map(|(part, text)| [part, ": ", text, "\n"]).collect()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves health on one address and metrics on the other, until the process ends.
pub async fn serve(
    health: SocketAddr,
    metrics_at: SocketAddr,
    ready: Readiness,
    metrics: Arc<Metrics>,
) -> std::io::Result<()> {
    let health_routes = Router::new().route("/healthz", get(async || "ok\n")).route(
        "/readyz",
        get(async move || match ready.lacks() {
            lacks if lacks.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
            lacks => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{lacks}")),
        }),
    );
    let metrics_routes = Router::new().route(
        "/metrics",
        get(async move || {
            let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
            (kind, metrics.encode()).into_response()
        }),
    );
    let (health, metrics_at) = (TcpListener::bind(health).await?, TcpListener::bind(metrics_at).await?);
    let served = tokio::try_join!(axum::serve(health, health_routes), axum::serve(metrics_at, metrics_routes));
    served.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_while_nothing_is_missing() {
        let ready = Readiness::default();
        assert_eq!(ready.lacks(), "operator: it is starting\n");
        ready.needs([("Dataset", "not listed yet"), ("DatasetVersion", "not listed yet")]);
        assert_eq!(ready.lacks(), "Dataset: not listed yet\nDatasetVersion: not listed yet\n");
        assert!(ready.met("Dataset"));
        assert!(!ready.met("Dataset"), "it was met before");
        ready.met("DatasetVersion");
        assert_eq!(ready.lacks(), "");
        assert!(ready.missing("rights", "no\n  list"));
        assert!(!ready.missing("rights", "no list"), "that was said before");
        assert!(ready.missing("rights", "no watch"));
        assert_eq!(ready.clone().lacks(), "rights: no watch\n");
    }
}
