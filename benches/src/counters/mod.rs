//! What is counted besides time: requests to Kubernetes, calls to the cloud, processor time and memory.

pub(crate) mod apiserver;
pub(crate) mod cloud;
pub(crate) mod proc;

use testbed::Result;

use crate::record::Figures;
use crate::stage::Stage;
use apiserver::Requests;
use cloud::Calls;
use proc::Usage;

/// All counts at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) requests: Requests,
    pub(crate) calls: Calls,
    operator: Usage,
    apiserver: Usage,
    etcd: Usage,
    emulator: Usage,
    harness: Usage,
}

impl Snapshot {
    /// Counts now. Processes that do not run count as nothing.
    pub(crate) async fn take(stage: &Stage<'_>) -> Result<Self> {
        let usage = |pid: Option<u32>| pid.and_then(Usage::of).unwrap_or_default();
        Ok(Self {
            requests: stage.rig.requests().await?,
            calls: stage.cloud.calls().await?,
            operator: usage(stage.operator_id()),
            apiserver: usage(stage.rig.process("apiserver")),
            etcd: usage(stage.rig.process("etcd")),
            emulator: usage(Some(stage.emulator.process().id())),
            harness: usage(Some(std::process::id())),
        })
    }

    /// What was used and done since `before`. `own_patches`: those that the harness itself sent meanwhile.
    pub(crate) fn since(&self, before: &Self, own_patches: u64) -> Difference {
        Difference {
            requests: self.requests.since(&before.requests),
            calls: self.calls.since(&before.calls),
            own_patches,
            cpu: [
                ("operator", self.operator, before.operator),
                ("apiserver", self.apiserver, before.apiserver),
                ("etcd", self.etcd, before.etcd),
                ("emulator", self.emulator, before.emulator),
                ("harness", self.harness, before.harness),
            ]
            .map(|(name, now, then)| (name, (now.cpu_seconds - then.cpu_seconds).max(0.0))),
            rss_mb: self.operator.rss_mb,
            peak_mb: self.operator.peak_mb,
            memory: [("apiserver", self.apiserver), ("etcd", self.etcd), ("emulator", self.emulator)]
                .map(|(name, usage)| (name, usage.rss_mb)),
        }
    }
}

/// What happened between two moments.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) requests: Requests,
    pub(crate) calls: Calls,
    own_patches: u64,
    /// Seconds of processor time, user and system.
    cpu: [(&'static str, f64); 5],
    rss_mb: f64,
    peak_mb: f64,
    memory: [(&'static str, f64); 3],
}

impl Difference {
    /// Writes of the candidate to its kinds that were carried out.
    pub(crate) fn writes(&self) -> u64 {
        self.requests.writes().saturating_sub(self.own_patches)
    }

    /// Seconds of processor time that a process used.
    pub(crate) fn cpu(&self, name: &str) -> f64 {
        self.cpu.iter().find(|(key, _)| *key == name).map_or(0.0, |(_, seconds)| *seconds)
    }

    /// Adds everything to the figures of a run, under names that are the same in all scenarios.
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    pub(crate) fn tell(&self, figures: &mut Figures) {
        let mut put = |name: String, value: f64| {
            figures.insert(name, value);
        };
        put("calls".into(), self.calls.total() as f64);
        put("rejected".into(), self.calls.throttled as f64);
        for (operation, count) in &self.calls.by_operation {
            put(format!("calls{operation}"), (count.ok + count.failed) as f64);
        }
        if let Some(bill) = self.calls.bill {
            put("bill".into(), bill.failed_billed);
            put("billFailedFree".into(), bill.failed_free);
            put("billWithOutput".into(), bill.failed_billed_with_output);
        }
        put("writes".into(), self.writes() as f64);
        put("writesRefused".into(), self.requests.refused() as f64);
        put("kubeReads".into(), self.requests.reads() as f64);
        put("events".into(), self.requests.events() as f64);
        put("leases".into(), self.requests.leases() as f64);
        for (name, seconds) in self.cpu {
            put(format!("{name}CpuSeconds"), seconds);
        }
        put("operatorRssMb".into(), self.rss_mb);
        put("operatorPeakMb".into(), self.peak_mb);
        for (name, mb) in self.memory {
            put(format!("{name}RssMb"), mb);
        }
    }
}
