//! The life of managed resources: how long until they are ready, how long until they are gone, how often somebody
//! else changed them.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, Kind};

/// Families of managed resources.
#[derive(Debug)]
pub(super) struct Resources {
    first_ready: Histograms<Kind>,
    deletion: Histograms<Kind>,
    drifts: Family<Kind, Counter>,
}

/// Times of an object are whole seconds: nothing shorter can be told apart.
fn of_a_life() -> Histogram {
    Histogram::new([1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0])
}

impl Resources {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let resources = Self {
            first_ready: Family::new_with_constructor(of_a_life),
            deletion: Family::new_with_constructor(of_a_life),
            drifts: Family::default(),
        };
        registry.register(
            "pai_dataset_managed_resource_first_time_to_readiness_seconds",
            "From the creation of an object to its first Ready=True",
            resources.first_ready.clone(),
        );
        registry.register(
            "pai_dataset_managed_resource_deletion_seconds",
            "From the deletion of an object to the removal of its finalizer",
            resources.deletion.clone(),
        );
        registry.register(
            "pai_dataset_managed_resource_drifts",
            "Cloud datasets found changed by others",
            resources.drifts.clone(),
        );
        resources
    }

    pub(super) fn kind(&self, kind: &'static str) {
        let _ = self.first_ready.get_or_create(&Kind { kind });
        let _ = self.deletion.get_or_create(&Kind { kind });
        let _ = self.drifts.get_or_create(&Kind { kind });
    }

    pub(super) fn first_ready(&self, kind: &'static str, after: Duration) {
        self.first_ready.get_or_create(&Kind { kind }).observe(after.as_secs_f64());
    }

    pub(super) fn let_go(&self, kind: &'static str, after: Duration) {
        self.deletion.get_or_create(&Kind { kind }).observe(after.as_secs_f64());
    }

    pub(super) fn drifted(&self, kind: &'static str) {
        self.drifts.get_or_create(&Kind { kind }).inc();
    }
}
