//! The ports for Kubernetes and Prometheus: `/healthz`, `/readyz`, `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Ready once everything was listed and credentials were obtained.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
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
        get(async move || {
            if ready.0.load(Ordering::Relaxed) {
                (StatusCode::OK, "ok\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "objects are still being listed\n")
            }
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
