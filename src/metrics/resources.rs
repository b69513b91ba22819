//! Metrics of the life of objects: the time until they are ready, the time until they are gone, and how often somebody
//! else changed their cloud dataset.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, Kind, family, times};

/// The metrics of objects.
#[derive(Debug)]
pub(super) struct Resources {
    pub(super) first_ready: Histograms<Kind>,
    pub(super) deletion: Histograms<Kind>,
    pub(super) drifts: Family<Kind, Counter>,
    pub(super) left_behind: Family<Kind, Counter>,
    refused: Family<Refused, Counter>,
}

/// The labels of a write that the API server refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    kind: &'static str,
    write: &'static str,
    code: &'static str,
}

/// The label for the code of a refusal. A webhook may answer with any code.
const fn code(status: u16) -> &'static str {
    match status {
        400 => "400",
        403 => "403",
        413 => "413",
        422 => "422",
        500 => "500",
        401..=499 => "4xx",
        _ => "other",
    }
}

/// The times in an object are whole seconds, so there are no smaller buckets.
fn of_a_life() -> Histogram {
    Histogram::new([1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0])
}

impl Resources {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            first_ready: times(
                registry,
                "pai_dataset_managed_resource_first_time_to_readiness_seconds",
                "From the creation of an object to its first Ready=True",
                of_a_life,
            ),
            deletion: times(
                registry,
                "pai_dataset_managed_resource_deletion_seconds",
                "From the deletion of an object to the removal of its finalizer",
                of_a_life,
            ),
            drifts: family(registry, "pai_dataset_managed_resource_drifts", "Cloud datasets found changed by others"),
            left_behind: family(
                registry,
                "pai_dataset_managed_resource_left_behind",
                "Objects that went without credentials",
            ),
            refused: family(registry, "pai_kubernetes_refused_writes", "Writes that the Kubernetes API refused"),
        }
    }

    pub(super) fn kind(&self, kind: &'static str) {
        let _ = self.first_ready.get_or_create(&Kind { kind });
        let _ = self.deletion.get_or_create(&Kind { kind });
        let _ = self.drifts.get_or_create(&Kind { kind });
        let _ = self.left_behind.get_or_create(&Kind { kind });
    }

    pub(super) fn write_refused(&self, kind: &'static str, write: &'static str, status: u16) {
        self.refused.get_or_create(&Refused { kind, write, code: code(status) }).inc();
    }
}
