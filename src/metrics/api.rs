//! Calls of the dataset API, by action and code, and how long permits are waited for.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Histograms;
use crate::cloud::{Lane, Operation};

/// Families of the dataset API.
#[derive(Debug)]
pub(super) struct Calls {
    requests: Family<Request, Counter>,
    time: Histograms<Action>,
    throttled: Family<Action, Counter>,
    waits: Histograms<InLane>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    action: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Action {
    action: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InLane {
    lane: &'static str,
}

fn of_a_call() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

fn of_a_wait() -> Histogram {
    Histogram::new([0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0])
}

impl Calls {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let calls = Self {
            requests: Family::default(),
            time: Family::new_with_constructor(of_a_call),
            throttled: Family::default(),
            waits: Family::new_with_constructor(of_a_wait),
        };
        registry.register("pai_api_requests", "Calls of the dataset API", calls.requests.clone());
        registry.register("pai_api_request_duration_seconds", "Length of a call", calls.time.clone());
        registry.register("pai_api_throttled", "Calls that the service throttled", calls.throttled.clone());
        registry.register("pai_api_rate_limiter_wait_seconds", "Waiting for a permit", calls.waits.clone());
        for lane in [Lane::UserChange, Lane::Create, Lane::Sweep] {
            let _ = calls.waits.get_or_create(&InLane { lane: lane.as_str() });
        }
        calls
    }

    pub(super) fn finished(&self, operation: Operation, code: &str, took: Duration) {
        let action = operation.as_str();
        self.requests.get_or_create(&Request { action, code: code.to_owned() }).inc();
        self.time.get_or_create(&Action { action }).observe(took.as_secs_f64());
    }

    pub(super) fn waited(&self, lane: Lane, time: Duration) {
        self.waits.get_or_create(&InLane { lane: lane.as_str() }).observe(time.as_secs_f64());
    }

    pub(super) fn throttled(&self, operation: Operation) {
        self.throttled.get_or_create(&Action { action: operation.as_str() }).inc();
    }
}
