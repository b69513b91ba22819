//! Counters under the names that controller dashboards already query, and our own under `pai_`. No object name, id
//! or RequestId is ever a label.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::cloud::{Lane, Observer, Operation};

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: Family<Pass, Counter>,
    pass_time: Family<Controller, Histogram, fn() -> Histogram>,
    panics: Family<Controller, Counter>,
    timeouts: Family<Controller, Counter>,
    drifts: Family<Kind, Counter>,
    requests: Family<Request, Counter>,
    request_time: Family<Action, Histogram, fn() -> Histogram>,
    throttled: Counter,
    waits: Family<InLane, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pass {
    controller: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
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
    lane: String,
}

fn seconds() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            passes: Family::default(),
            pass_time: Family::new_with_constructor(seconds),
            panics: Family::default(),
            timeouts: Family::default(),
            drifts: Family::default(),
            requests: Family::default(),
            request_time: Family::new_with_constructor(seconds),
            throttled: Counter::default(),
            waits: Family::new_with_constructor(seconds),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("controller_runtime_reconcile", "Passes by result", self.passes.clone());
        registry.register("controller_runtime_reconcile_time_seconds", "Length of a pass", self.pass_time.clone());
        registry.register("controller_runtime_reconcile_panics", "Passes that panicked", self.panics.clone());
        registry.register("controller_runtime_reconcile_timeouts", "Passes that took too long", self.timeouts.clone());
        registry.register(
            "pai_dataset_managed_resource_drifts",
            "Remotes found changed by others",
            self.drifts.clone(),
        );
        registry.register("pai_api_requests", "Calls of the dataset API", self.requests.clone());
        registry.register("pai_api_request_duration_seconds", "Length of a call", self.request_time.clone());
        registry.register("pai_api_throttled", "Calls that the service throttled", self.throttled.clone());
        registry.register("pai_api_rate_limiter_wait_seconds", "Waiting for a permit", self.waits.clone());
    }

    /// A pass ended.
    pub fn passed(&self, controller: &'static str, result: &'static str, took: Duration) {
        self.passes
            .get_or_create(&Pass { controller, result: if result == "success" { result } else { "error" } })
            .inc();
        self.pass_time.get_or_create(&Controller { controller }).observe(took.as_secs_f64());
        match result {
            "panic" => drop(self.panics.get_or_create(&Controller { controller }).inc()),
            "timeout" => drop(self.timeouts.get_or_create(&Controller { controller }).inc()),
            _ => {}
        }
    }

    /// A remote was found changed by others.
    pub fn drifted(&self, kind: &'static str) {
        self.drifts.get_or_create(&Kind { kind }).inc();
    }

    /// The text that is scraped.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

impl Observer for Metrics {
    fn call_finished(&self, operation: Operation, code: &str, took: Duration) {
        let action = operation.as_str();
        self.requests.get_or_create(&Request { action, code: code.to_owned() }).inc();
        self.request_time.get_or_create(&Action { action }).observe(took.as_secs_f64());
    }

    fn waited(&self, lane: Lane, time: Duration) {
        self.waits.get_or_create(&InLane { lane: format!("{lane:?}") }).observe(time.as_secs_f64());
    }

    fn throttled(&self, _: Operation) {
        self.throttled.inc();
    }
}
