//! Numbers of objects and remotes, counted from the stores and the inventory at each scrape. Nothing is kept up to date
//! in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Kind;

/// Objects and remotes at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects by kind.
    pub kinds: Vec<(&'static str, Count)>,
    /// Workspaces that are wanted, and whether each was listed and can be seen.
    pub workspaces: Vec<(String, bool)>,
    /// Datasets and versions that the inventory holds.
    pub remotes: u64,
    /// Sweeps of workspaces that ended well.
    pub sweeps: u64,
    /// Datasets and newest versions with this operator's mark that are not released and whose object does not exist
    /// here. `None` as long as not all objects are seen.
    pub orphans: Option<u64>,
}

/// Objects of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// All objects.
    pub exists: u64,
    /// With Ready=True for their present generation.
    pub ready: u64,
    /// With Stalled=True.
    pub stalled: u64,
    /// With DuplicatesFound=True.
    pub duplicates: u64,
    /// Those that are not ready, by the reason of `Ready`; `none` if nothing was written yet.
    pub not_ready: BTreeMap<&'static str, u64>,
}

type Counting = Box<dyn Fn() -> Counts + Send + Sync>;

/// The function that counts, once it is known.
#[derive(Default)]
pub(super) struct Source(OnceLock<Counting>);

impl Source {
    pub(super) fn set(&self, count: Counting) {
        // A second call changes nothing.
        let _ = self.0.set(count);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotReady {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InWorkspace {
    workspace: String,
}

/// The name of the metric, its help, and its number in [`Count`].
type Gauge = (&'static str, &'static str, fn(&Count) -> u64);

const GAUGES: [Gauge; 4] = [
    ("pai_dataset_managed_resource_exists", "Objects", |count| count.exists),
    ("pai_dataset_managed_resource_ready", "Objects that are Ready in their current generation", |count| count.ready),
    ("pai_dataset_managed_resource_stalled", "Objects that wait for a person", |count| count.stalled),
    (
        "pai_dataset_managed_resource_duplicates",
        "Objects whose ownership labels more than one cloud dataset carries",
        |count| count.duplicates,
    ),
];

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Some(count) = self.0.get() else { return Ok(()) };
        let census = count();
        for (name, help, number) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, ConstGauge::new(0_u64).metric_type())?;
            for (kind, count) in &census.kinds {
                ConstGauge::new(number(count)).encode(family.encode_family(&Kind { kind })?)?;
            }
        }
        let gauge = ConstGauge::new(0_u64).metric_type();
        let help = "Objects that are not Ready in their present generation, by reason";
        let mut family = encoder.encode_descriptor("pai_resources_not_ready", help, None, gauge)?;
        for (kind, count) in &census.kinds {
            for (reason, number) in &count.not_ready {
                ConstGauge::new(*number).encode(family.encode_family(&NotReady { kind, reason })?)?;
            }
        }
        let help = "1 if the workspace was listed as a whole and can be seen, else 0";
        let mut family = encoder.encode_descriptor("pai_workspace_listed", help, None, gauge)?;
        for (workspace, listed) in &census.workspaces {
            let label = InWorkspace { workspace: workspace.clone() };
            ConstGauge::new(u64::from(*listed)).encode(family.encode_family(&label)?)?;
        }
        let remotes = ConstGauge::new(census.remotes);
        let help = "Datasets and versions in PAI that the operator knows";
        remotes.encode(encoder.encode_descriptor("pai_index_remotes", help, None, remotes.metric_type())?)?;
        if let Some(orphans) = census.orphans {
            let orphans = ConstGauge::new(orphans);
            let help =
                "Datasets and newest versions with this operator's ownership labels whose object does not exist here";
            orphans.encode(encoder.encode_descriptor("pai_index_orphans", help, None, orphans.metric_type())?)?;
        }
        let sweeps = ConstCounter::new(census.sweeps);
        let help = "Resyncs of a workspace that read all pages";
        sweeps.encode(encoder.encode_descriptor("pai_index_sweeps", help, None, sweeps.metric_type())?)
    }
}
