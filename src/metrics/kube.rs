//! Requests to the Kubernetes API server, counted by a layer around the client. A watch counts when it is answered, not
//! when it ends.

use std::task::{Context, Poll};

use axum::http::{Request, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::{Histograms, family, times};

/// Families of the Kubernetes client.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    requests: Family<ToHost, Counter>,
    time: Histograms<Verb>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToHost {
    code: String,
    method: String,
    host: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verb {
    verb: String,
    host: String,
}

fn of_a_request() -> Histogram {
    Histogram::new([0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0])
}

impl Requests {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (name, help) = ("rest_client_request_duration_seconds", "Time until the Kubernetes API answered");
        Self {
            requests: family(registry, "rest_client_requests", "Requests to the Kubernetes API"),
            time: times(registry, name, help, of_a_request),
        }
    }

    pub(super) fn layer(&self, host: &str) -> CountRequests {
        CountRequests { requests: self.clone(), host: host.to_owned() }
    }

    fn finished(&self, code: String, method: String, host: String, since: Instant) {
        self.time
            .get_or_create(&Verb { verb: method.clone(), host: host.clone() })
            .observe(since.elapsed().as_secs_f64());
        self.requests.get_or_create(&ToHost { code, method, host }).inc();
    }
}

/// The layer that counts requests.
#[derive(Debug, Clone)]
pub struct CountRequests {
    requests: Requests,
    host: String,
}

impl<S> Layer<S> for CountRequests {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting { inner, requests: self.requests.clone(), host: self.host.clone() }
    }
}

/// A Kubernetes client whose requests are counted.
#[derive(Debug, Clone)]
pub struct Counting<S> {
    inner: S,
    requests: Requests,
    host: String,
}

impl<S, A, B> Service<Request<A>> for Counting<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let method = request.method().to_string();
        let (requests, host, since) = (self.requests.clone(), self.host.clone(), Instant::now());
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            let code =
                answer.as_ref().map_or_else(|_| "<error>".to_owned(), |answer| answer.status().as_str().to_owned());
            requests.finished(code, method, host, since);
            answer
        }
        .boxed()
    }
}
