//! All metrics: under the names that controller dashboards already query, and our own under `pai_`.
//!
//! Promises: no object name, id or RequestId is ever a label, so the number of series does not grow with the number of
//! objects; counting never fails and never waits; numbers that can be read at a scrape (from stores, inventory, procfs)
//! are not counted all the time. Each metric is explained in `docs/metrics.md`, and a test compares the two.

mod api;
mod counts;
mod kube;
mod leader;
mod passes;
mod process;
mod queues;
mod resources;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, EncodeMetric,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::cloud::Limiters;

pub use self::kube::CountRequests;
pub use counts::{Count, Counts};
pub use passes::{Outcome, Running};

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    started: Timestamp,
    passes: passes::Passes,
    resources: resources::Resources,
    api: api::Calls,
    requests: kube::Requests,
    leader: leader::Leader,
    census: Arc<counts::Source>,
}

/// The labels of a controller.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// The labels of a queue, which has the name of its controller.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: &'static str,
    controller: &'static str,
}

const fn named(controller: &'static str) -> Named {
    Named { name: controller, controller }
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// A new family of counters or gauges.
fn family<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let family = M::default();
    registry.register(name, help, family.clone());
    family
}

/// A new family of histograms.
fn times<L: Clone + Eq + Hash>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    of_one: fn() -> Histogram,
) -> Histograms<L>
where
    Histograms<L>: Metric,
{
    let family = Family::new_with_constructor(of_one);
    registry.register(name, help, family.clone());
    family
}

/// Gauges that are read when somebody asks.
fn gauges<L: EncodeLabelSet, N: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (L, N)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    rows.into_iter().try_for_each(|(labels, value)| ConstGauge::new(value).encode(family.encode_family(&labels)?))
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: impl EncodeCounterValue) -> fmt::Result {
    ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let census = Arc::new(counts::Source::default());
        let passes = passes::Passes::new(&mut registry);
        let resources = resources::Resources::new(&mut registry);
        registry.register_collector(Box::new(census.clone()));
        let api = api::Calls::new(&mut registry);
        let requests = kube::Requests::new(&mut registry);
        let leader = leader::Leader::new(&mut registry);
        let started = Timestamp::now();
        registry.register_collector(Box::new(process::Process { started }));
        // Objects have creation times in whole seconds.
        let started = Timestamp::new(started.as_second(), 0).unwrap_or(started);
        Self { registry, started, passes, resources, api, requests, leader, census }
    }
}

impl Metrics {
    /// A controller starts, with at most `concurrency` reconciles at a time. Its counters exist from now on.
    pub fn controller(&self, controller: &'static str, concurrency: u16) {
        self.passes.controller(controller, concurrency);
        self.resources.kind(controller);
    }

    /// An object is queued because it, or something around it, changed.
    pub fn woken(&self, controller: &'static str, namespace: Option<&str>, name: &str) {
        if self.passes.queues.woken(controller, namespace, name) {
            self.passes.adds.get_or_create(&named(controller)).inc();
        }
    }

    /// An object was deleted before its turn.
    pub fn vanished(&self, controller: &'static str, namespace: Option<&str>, name: &str) {
        self.passes.queues.vanished(controller, namespace, name);
    }

    /// The reconcile of an object ended because it must wait for a permit of the rate limiter.
    pub fn in_line(&self, controller: &'static str, namespace: &str, name: &str) {
        self.passes.queues.in_line(controller, namespace, name);
    }

    /// A reconcile begins. It ends when [`Running::end`] is called; if that is dropped instead, it is not counted.
    pub fn begin(&self, controller: &'static str, namespace: &str, name: &str) -> Running {
        self.passes.begin(controller, namespace, name)
    }

    /// An object became Stalled.
    pub fn stalled(&self, controller: &'static str) {
        self.passes.terminal.get_or_create(&Controller { controller }).inc();
    }

    /// This process found an object Ready for the first time. Counts only objects that were created after the process
    /// started: an older one may have been Ready before.
    pub fn first_ready(&self, kind: &'static str, created: Timestamp, now: Timestamp) {
        if created >= self.started {
            self.resources.first_ready.get_or_create(&Kind { kind }).observe(since(created, now));
        }
    }

    /// An object whose deletion was asked for at `asked` lost its finalizer.
    pub fn let_go(&self, kind: &'static str, asked: Timestamp, now: Timestamp) {
        self.resources.deletion.get_or_create(&Kind { kind }).observe(since(asked, now));
    }

    /// The API server refused a write of ours with this HTTP status: a `write` to an object of this kind.
    pub fn write_refused(&self, kind: &'static str, write: &'static str, code: u16) {
        self.resources.write_refused(kind, write, code);
    }

    /// A remote was found changed by somebody else.
    pub fn drifted(&self, kind: &'static str) {
        self.resources.drifts.get_or_create(&Kind { kind }).inc();
    }

    /// An object went with its namespace, and its remote stays: there were no credentials.
    pub fn left_behind(&self, kind: &'static str) {
        self.resources.left_behind.get_or_create(&Kind { kind }).inc();
    }

    /// Sets the function that counts objects and remotes at a scrape. Only the first call counts.
    pub fn count_with(&self, count: impl Fn() -> Counts + Send + Sync + 'static) {
        let _ = self.census.0.set(Box::new(count));
    }

    /// Sets the limiters whose lanes, rates and budgets are served. Only the first call counts.
    pub fn limited_by(&self, limiters: Arc<Limiters>) {
        self.api.limited_by(limiters);
    }

    /// A layer around the Kubernetes client that counts its requests to `host` (requests do not name it yet at that
    /// layer).
    pub fn kube_layer(&self, host: &str) -> CountRequests {
        self.requests.layer(host)
    }

    /// Whether this replica holds this lease.
    pub fn leads(&self, name: &'static str, leads: bool) {
        self.leader.leads.get_or_create(&leader::Lease { name }).set(i64::from(leads));
        // Exists from now on.
        let _ = self.leader.slow.get_or_create(&leader::Lease { name });
    }

    /// A renewal of this lease had to read it first.
    pub fn renewed_slowly(&self, name: &'static str) {
        self.leader.slow.get_or_create(&leader::Lease { name }).inc();
    }

    /// The text of a scrape, in the `OpenMetrics` format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// The time since `then`, in seconds. Clocks differ, so a time in the future counts as now.
fn since(then: Timestamp, now: Timestamp) -> f64 {
    Duration::try_from(now.duration_since(then)).unwrap_or_default().as_secs_f64()
}
