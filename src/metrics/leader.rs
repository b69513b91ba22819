//! Leader election, with the names of client-go.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::family;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Lease {
    pub(super) name: &'static str,
}

/// The lease.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) leads: Family<Lease, Gauge>,
    pub(super) slow: Family<Lease, Counter>,
}

impl Leader {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let leads = "1 if this replica holds the lease of this name, 0 if it waits for it";
        let slow = "Renewals of the lease that had to read it first";
        Self {
            leads: family(registry, "leader_election_master_status", leads),
            slow: family(registry, "leader_election_slowpath", slow),
        }
    }
}
