//! Numbers of objects and remotes, counted from the stores and the inventory at each scrape. Nothing is kept up to date
//! in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};

use super::{Kind, counter, gauge, gauges};

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
pub(super) struct Source(pub(super) OnceLock<Counting>);

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
        let (census, e) = (count(), &mut encoder);
        for (name, help, number) in GAUGES {
            let rows = census.kinds.iter().map(|(kind, count)| (Kind { kind }, number(count)));
            gauges(e, name, help, rows)?;
        }
        let not_ready = census.kinds.iter().flat_map(|(kind, count)| {
            count.not_ready.iter().map(move |(reason, number)| (NotReady { kind, reason }, *number))
        });
        let help = "Objects that are not Ready in their present generation, by reason";
        gauges(e, "pai_resources_not_ready", help, not_ready)?;
        let listed = census.workspaces.into_iter();
        let listed = listed.map(|(workspace, listed)| (InWorkspace { workspace }, u64::from(listed)));
        let help = "1 if the workspace was listed as a whole and can be seen, else 0";
        gauges(e, "pai_workspace_listed", help, listed)?;
        gauge(e, "pai_index_remotes", "Datasets and versions in PAI that the operator knows", census.remotes)?;
        if let Some(orphans) = census.orphans {
            let help =
                "Datasets and newest versions with this operator's ownership labels whose object does not exist here";
            gauge(e, "pai_index_orphans", help, orphans)?;
        }
        counter(e, "pai_index_sweeps", "Resyncs of a workspace that read all pages", census.sweeps)
    }
}
