//! Metrics of the dataset API: results of calls, their cost, the waits for permits, and the state of the limiters at
//! the moment of a scrape.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, Metrics, family, gauges, number, times};
use crate::cloud::{Lane, Limiters, Observer, Operation, Price, Quota, UNSENT};

/// Families of the dataset API.
#[derive(Debug)]
pub(super) struct Calls {
    requests: Family<Request, Counter>,
    time: Histograms<Action>,
    throttled: Family<Action, Counter>,
    cost: Family<Share, Counter<f64, AtomicU64>>,
    waits: Histograms<InLane>,
    limiter: Arc<Source>,
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

/// A part of the cost. Each way to read the price list is a sum over some of these parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Share {
    action: &'static str,
    part: &'static str,
    outcome: &'static str,
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
        let r = registry;
        let calls = Self {
            requests: family(r, "pai_api_requests", "Calls of the dataset API"),
            time: times(r, "pai_api_request_duration_seconds", "Duration of a call", of_a_call),
            throttled: family(r, "pai_api_throttled", "Calls that the service throttled"),
            cost: family(r, "pai_api_cost_units", "Cost of calls by the vendor's price list"),
            waits: times(
                r,
                "pai_api_rate_limiter_wait_seconds",
                "Time that calls waited for the rate limiter",
                of_a_wait,
            ),
            limiter: Arc::default(),
        };
        r.register_collector(Box::new(calls.limiter.clone()));
        for lane in Lane::ALL {
            let _ = calls.waits.get_or_create(&InLane { lane: lane.as_str() });
        }
        for operation in Operation::ALL {
            calls.charge(operation, "ok", 0.0);
            calls.charge(operation, "failed", 0.0);
        }
        calls
    }

    /// Sets the limiters whose state is served. Only the first call counts.
    pub(super) fn limited_by(&self, limiters: Arc<Limiters>) {
        // A second call changes nothing.
        let _ = self.limiter.0.set(limiters);
    }

    /// Adds the price of this many calls, if they have one. A failed call has no output to pay for.
    fn charge(&self, operation: Operation, outcome: &'static str, calls: f64) {
        let Some(price) = Price::of(operation) else { return };
        let failed = outcome == "failed";
        if failed && !price.failures {
            return;
        }
        for (part, units) in [("input", price.input), ("output", price.output)] {
            if units > 0.0 && !(failed && part == "output") {
                let share = Share { action: operation.as_str(), part, outcome };
                self.cost.get_or_create(&share).inc_by(calls * units);
            }
        }
    }
}

impl Observer for Metrics {
    fn call_finished(&self, operation: Operation, code: &str, took: Duration) {
        let action = operation.as_str();
        self.api.requests.get_or_create(&Request { action, code: code.to_owned() }).inc();
        self.api.time.get_or_create(&Action { action }).observe(took.as_secs_f64());
        if !UNSENT.contains(&code) {
            self.api.charge(operation, if code == "OK" { "ok" } else { "failed" }, 1.0);
        }
    }

    fn waited(&self, lane: Lane, time: Duration) {
        self.api.waits.get_or_create(&InLane { lane: lane.as_str() }).observe(time.as_secs_f64());
    }

    fn throttled(&self, operation: Operation) {
        self.api.throttled.get_or_create(&Action { action: operation.as_str() }).inc();
    }
}

/// The limiters whose state is served, once they are known.
#[derive(Debug, Default)]
struct Source(OnceLock<Arc<Limiters>>);

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Some(limiters) = self.0.get() else { return Ok(()) };
        let all = limiters.snapshots();
        let labels = |quota: &Quota| [("account", quota.account.clone()), ("region", quota.region.clone())];
        let e = &mut encoder;
        let places = all.iter().flat_map(|(quota, state)| {
            state.waiting.map(|(lane, waiting)| ((labels(quota), InLane { lane: lane.as_str() }), number(waiting)))
        });
        gauges(e, "pai_api_rate_limiter_places", "Objects and calls that wait for the rate limiter", places)?;
        let rates = all.iter().flat_map(|(quota, state)| {
            let operations = state.operation_rates.iter().map(|(operation, rate)| (operation.as_str(), *rate));
            let scopes = std::iter::once(("account", state.rate)).chain(operations);
            scopes.map(|(scope, rate)| ((labels(quota), [("scope", scope)]), rate))
        });
        gauges(e, "pai_api_rate_limiter_rate", "Calls per second that are allowed now", rates)?;
        let budgets = || all.iter().filter_map(|(quota, state)| Some((labels(quota), state.budget?)));
        let allowed = budgets().map(|(labels, (calls, _))| (labels, calls));
        gauges(e, "pai_api_budget_calls", "Calls that may be made per UTC day", allowed)?;
        let spent = budgets().map(|(labels, (_, spent))| (labels, spent));
        gauges(e, "pai_api_budget_spent_calls", "Calls of the daily budget that today has used", spent)
    }
}
