//! Metrics of reconciles and of the queue before them, under the names of controller-runtime and client-go.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::queues::Queues;
use super::{Controller, Histograms, Named, family, named, times};

/// How a reconcile ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to do until something changes.
    Done,
    /// The object comes back after some time.
    Requeued,
    /// Something failed; it is tried again later.
    Failed,
    /// It took too long.
    TimedOut,
    /// It panicked.
    Panicked,
}

/// The values of `result` in controller-runtime. `requeue` (at once) does not occur here.
const RESULTS: [&str; 4] = ["success", "error", "requeue", "requeue_after"];

impl Outcome {
    const fn result(self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::Requeued => "requeue_after",
            Self::Failed | Self::TimedOut | Self::Panicked => "error",
        }
    }
}

/// The metrics of reconciles and queues.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    results: Family<Pass, Counter>,
    errors: Family<Controller, Counter>,
    pub(super) terminal: Family<Controller, Counter>,
    panics: Family<Controller, Counter>,
    timeouts: Family<Controller, Counter>,
    time: Histograms<Controller>,
    most: Family<Controller, Gauge>,
    pub(super) adds: Family<Named, Counter>,
    retries: Family<Named, Counter>,
    waits: Histograms<Named>,
    work: Histograms<Named>,
    pub(super) queues: Arc<Queues>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pass {
    controller: &'static str,
    result: &'static str,
}

/// The buckets of controller-runtime.
fn of_a_pass() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5,
        1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0,
    ])
}

/// The buckets of client-go.
fn of_a_queue() -> Histogram {
    Histogram::new(exponential_buckets(10e-9, 10.0, 12))
}

impl Passes {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let r = registry;
        let passes = Self {
            results: family(r, "controller_runtime_reconcile", "Reconciles by result"),
            errors: family(r, "controller_runtime_reconcile_errors", "Reconciles that failed"),
            terminal: family(r, "controller_runtime_terminal_reconcile_errors", "Objects that became Stalled"),
            panics: family(r, "controller_runtime_reconcile_panics", "Reconciles that panicked"),
            timeouts: family(r, "controller_runtime_reconcile_timeouts", "Reconciles that took too long"),
            time: times(r, "controller_runtime_reconcile_time_seconds", "Duration of a reconcile", of_a_pass),
            most: family(r, "controller_runtime_max_concurrent_reconciles", "Reconciles that may run at the same time"),
            adds: family(r, "workqueue_adds", "Objects added to the queue"),
            retries: family(r, "workqueue_retries", "Objects reconciled again after some time"),
            waits: times(
                r,
                "workqueue_queue_duration_seconds",
                "From a change to the start of its reconcile",
                of_a_queue,
            ),
            work: times(r, "workqueue_work_duration_seconds", "Duration of a reconcile", of_a_queue),
            queues: Arc::default(),
        };
        r.register_collector(Box::new(passes.queues.clone()));
        passes
    }

    pub(super) fn controller(&self, controller: &'static str, concurrency: u16) {
        for result in RESULTS {
            let _ = self.results.get_or_create(&Pass { controller, result });
        }
        for counters in [&self.errors, &self.terminal, &self.panics, &self.timeouts] {
            let _ = counters.get_or_create(&Controller { controller });
        }
        let _ = self.time.get_or_create(&Controller { controller });
        self.most.get_or_create(&Controller { controller }).set(i64::from(concurrency));
        for counters in [&self.adds, &self.retries] {
            let _ = counters.get_or_create(&named(controller));
        }
        for histograms in [&self.waits, &self.work] {
            let _ = histograms.get_or_create(&named(controller));
        }
        self.queues.add(controller);
    }

    pub(super) fn begin(&self, controller: &'static str, namespace: &str, name: &str) -> Running {
        let since = Instant::now();
        let (number, waited) = self.queues.begin(controller, namespace, name, since);
        match waited {
            Some(waited) => self.waits.get_or_create(&named(controller)).observe(waited.as_secs_f64()),
            None => drop(self.adds.get_or_create(&named(controller)).inc()),
        }
        Running { passes: self.clone(), controller, number, since }
    }

    fn ended(&self, controller: &'static str, outcome: Outcome, since: Instant) {
        let label = Controller { controller };
        let seconds = since.elapsed().as_secs_f64();
        self.results.get_or_create(&Pass { controller, result: outcome.result() }).inc();
        self.time.get_or_create(&label).observe(seconds);
        self.work.get_or_create(&named(controller)).observe(seconds);
        let failure = match outcome {
            Outcome::Done => return,
            Outcome::Requeued => None,
            Outcome::Failed => Some(None),
            Outcome::TimedOut => Some(Some(&self.timeouts)),
            Outcome::Panicked => Some(Some(&self.panics)),
        };
        self.retries.get_or_create(&named(controller)).inc();
        if let Some(special) = failure {
            self.errors.get_or_create(&label).inc();
            if let Some(counters) = special {
                counters.get_or_create(&label).inc();
            }
        }
    }
}

/// A reconcile under way.
#[derive(Debug)]
pub struct Running {
    passes: Passes,
    controller: &'static str,
    number: u64,
    since: Instant,
}

impl Running {
    /// The reconcile ended.
    pub fn end(self, outcome: Outcome) {
        self.passes.ended(self.controller, outcome, self.since);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.passes.queues.end(self.controller, self.number);
    }
}
