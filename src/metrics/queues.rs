//! Objects that wait for a reconcile and reconciles that run, read at a scrape.
//!
//! kube's own queue has no metrics. So this module notes when an object was woken (by a watch event, a related object
//! or the inventory), when its reconcile began, and whether that ended for want of a permit. An object that comes back
//! by a timer for another reason never counts as waiting, as the delay of the timer is not known.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::time::Instant;

use super::{Controller, gauges, named, number};
use crate::lock::lock;

fn object(namespace: Option<&str>, name: &str) -> Object {
    (namespace.unwrap_or_default().to_owned(), name.to_owned())
}

type Object = (String, String);

/// The waiting objects and running reconciles of each controller.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<HashMap<&'static str, Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: HashMap<Object, Instant>,
    /// Objects whose last reconcile ended because they have no permit yet.
    in_line: HashSet<Object>,
    running: HashMap<u64, Instant>,
    last: u64,
}

impl Queues {
    /// Adds an empty queue.
    pub(super) fn add(&self, controller: &'static str) {
        lock(&self.0).entry(controller).or_default();
    }

    /// Notes that an object waits. Returns whether it did not wait before; one that waits already keeps its time.
    pub(super) fn woken(&self, controller: &'static str, namespace: Option<&str>, name: &str) -> bool {
        let mut queues = lock(&self.0);
        let waiting = &mut queues.entry(controller).or_default().waiting;
        let before = waiting.len();
        waiting.entry(object(namespace, name)).or_insert_with(Instant::now);
        waiting.len() > before
    }

    pub(super) fn vanished(&self, controller: &'static str, namespace: Option<&str>, name: &str) {
        let mut queues = lock(&self.0);
        let (queue, object) = (queues.entry(controller).or_default(), object(namespace, name));
        queue.waiting.remove(&object);
        queue.in_line.remove(&object);
    }

    /// The object waits for a permit of the rate limiter, until its next reconcile begins.
    pub(super) fn in_line(&self, controller: &'static str, namespace: &str, name: &str) {
        lock(&self.0).entry(controller).or_default().in_line.insert(object(Some(namespace), name));
    }

    /// The number of the reconcile, and how long its object has waited if it was woken.
    pub(super) fn begin(
        &self,
        controller: &'static str,
        namespace: &str,
        name: &str,
        now: Instant,
    ) -> (u64, Option<Duration>) {
        let mut queues = lock(&self.0);
        let queue = queues.entry(controller).or_default();
        queue.last += 1;
        queue.running.insert(queue.last, now);
        let object = object(Some(namespace), name);
        queue.in_line.remove(&object);
        let waited = queue.waiting.remove(&object);
        (queue.last, waited.map(|since| now.saturating_duration_since(since)))
    }

    pub(super) fn end(&self, controller: &'static str, number: u64) {
        if let Some(queue) = lock(&self.0).get_mut(controller) {
            queue.running.remove(&number);
        }
    }
}

impl Collector for Queues {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let now = Instant::now();
        let age = |since: &Instant| now.saturating_duration_since(*since).as_secs_f64();
        let mut rows: Vec<_> = lock(&self.0)
            .iter()
            .map(|(controller, queue)| {
                let ages: Vec<f64> = queue.running.values().map(age).collect();
                let in_line = queue.in_line.iter().filter(|object| !queue.waiting.contains_key(*object)).count();
                (*controller, queue.waiting.len() + in_line, ages)
            })
            .collect();
        rows.sort_by_key(|(controller, ..)| *controller);
        let e = &mut encoder;
        let running = rows.iter().map(|(controller, _, ages)| (Controller { controller }, number(ages.len())));
        gauges(e, "controller_runtime_active_workers", "Reconciles that run now", running)?;
        let depths = rows.iter().map(|(controller, waiting, _)| (named(controller), number(*waiting)));
        let help = "Objects woken whose pass has not begun, and objects that wait for a permit";
        gauges(e, "workqueue_depth", help, depths)?;
        let sum = |ages: &[f64]| ages.iter().fold(0.0, |sum, age| sum + age);
        let sums = rows.iter().map(|(controller, _, ages)| (named(controller), sum(ages)));
        let help = "Sum of the durations so far of the reconciles that run now";
        gauges(e, "workqueue_unfinished_work_seconds", help, sums)?;
        let oldest = |ages: &[f64]| ages.iter().copied().fold(0.0, f64::max);
        let oldest = rows.iter().map(|(controller, _, ages)| (named(controller), oldest(ages)));
        let help = "Duration so far of the oldest reconcile that runs now";
        gauges(e, "workqueue_longest_running_processor_seconds", help, oldest)
    }
}
