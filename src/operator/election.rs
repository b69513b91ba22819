//! Leader election: of several replicas one works, and the others wait with their caches filled. The holder of the Lease
//! `dataset-operator` renews it; whoever sees that it does not is the next one.
//!
//! Promises: a replica that does not surely hold the lease begins no call that changes something ([`Fence`]); one that
//! loses the lease ends; one that is asked to end gives the lease back.

mod lease;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Api, PostParams};
use tokio::time::{sleep, timeout};

use crate::api::EventReason;
use crate::environment::{self, variable};
use crate::events::EventRecorder;
use crate::fence::Fence;
use crate::metrics::Metrics;
use crate::settings::Flags;
use crate::words;
use lease::{Election, Times};

/// The name of the Lease.
pub(super) const LEASE: &str = "dataset-operator";

/// A replica that takes part in the election.
pub(super) struct Candidate {
    api: Api<Lease>,
    namespace: String,
    me: String,
    election: Election,
    /// Time between two renewals; a candidate that waits looks twice as often.
    retry: Duration,
    /// The longest time of one call.
    call: Duration,
    fence: Fence,
}

impl Candidate {
    /// A candidate for the Lease in this namespace. `kube` sends even while `fence` does not hold.
    pub(super) fn new(kube: kube::Client, namespace: String, flags: &Flags, fence: Fence) -> Self {
        let me = identity();
        let times = Times {
            duration: flags.leader_elect_lease_duration,
            renew: flags.leader_elect_renew_deadline,
            margin: flags.send_deadline,
        };
        let election = Election::new(me.clone(), times);
        let api = Api::namespaced(kube, &namespace);
        let (retry, call) = (flags.leader_elect_retry_period, times.renew / 2);
        Self { api, namespace, me, election, retry, call, fence }
    }

    /// Ready once this replica holds the lease.
    pub(super) async fn acquire(&mut self, recorder: &EventRecorder, metrics: &Metrics) {
        let mut told = None;
        metrics.leads(LEASE, false);
        loop {
            if let Err(error) = self.look_and_write().await {
                tracing::warn!(error, lease = LEASE, namespace = self.namespace, "the lease could not be taken");
            }
            if self.election.gives_up_at().is_some() {
                break;
            }
            let holder = self.election.other_holder();
            if holder != told.as_deref() {
                told = holder.map(str::to_owned);
                if let Some(holder) = holder {
                    tracing::info!(holder, lease = LEASE, "another replica works; this one waits for the lease");
                }
            }
            sleep(self.retry / 2).await;
        }
        metrics.leads(LEASE, true);
        tracing::info!(identity = self.me, lease = LEASE, namespace = self.namespace, "this replica holds the lease");
        let lease = ObjectReference {
            api_version: Some("coordination.k8s.io/v1".to_owned()),
            kind: Some("Lease".to_owned()),
            name: Some(LEASE.to_owned()),
            namespace: Some(self.namespace.clone()),
            ..ObjectReference::default()
        };
        recorder.tell(lease, EventReason::LeaderElection, &format!("{} became leader", self.me));
    }

    /// Renews the lease until it is lost.
    pub(super) async fn keep(&mut self, metrics: &Metrics) {
        while let Some(end) = self.election.gives_up_at() {
            let left = end.saturating_sub(environment::since_boot());
            let (retry, renewal) = (self.retry, self.renew(metrics));
            let renewed = timeout(left, async {
                sleep(retry).await;
                renewal.await
            });
            match renewed.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(error, lease = LEASE, "the lease could not be renewed"),
                Err(_) => break,
            }
        }
        self.fence.close();
        metrics.leads(LEASE, false);
    }

    /// Gives the lease back, if this replica holds it. Nothing may be under way any more that changes something. A renewal that
    /// was broken off may have gone through, so a refused write is made once more after a look.
    pub(super) async fn release(mut self, metrics: &Metrics) {
        self.fence.close();
        metrics.leads(LEASE, false);
        let mut released = self.give_back().await;
        if released.is_err() {
            released = match self.look().await {
                Ok(()) => self.give_back().await,
                Err(error) => Err(error),
            };
        }
        match released {
            Ok(true) => tracing::info!(lease = LEASE, "the lease is given back"),
            Ok(false) => {}
            Err(error) => tracing::warn!(error, "the lease was not given back"),
        }
    }

    /// Returns whether there was something to give back.
    async fn give_back(&mut self) -> Result<bool, String> {
        let Some(lease) = self.election.released(environment::now()) else { return Ok(false) };
        let params = PostParams::default();
        let write = self.api.replace(LEASE, &params, &lease);
        let written = timeout(self.call, write).await.map_err(|_| "no answer in time".to_owned())?;
        let lease = written.map_err(|error| words::error(&error))?;
        self.election.sees(Some(lease), environment::since_boot());
        Ok(true)
    }

    /// Writes the lease as it was seen last; reads it first only if that write was refused.
    async fn renew(&mut self, metrics: &Metrics) -> Result<(), String> {
        if self.write().await.is_ok() {
            return Ok(());
        }
        metrics.renewed_slowly(LEASE);
        self.look_and_write().await
    }

    async fn look_and_write(&mut self) -> Result<(), String> {
        self.look().await?;
        self.write().await
    }

    async fn look(&mut self) -> Result<(), String> {
        let read = timeout(self.call, self.api.get_opt(LEASE)).await.map_err(|_| "no answer in time".to_owned())?;
        self.election.sees(read.map_err(|error| words::error(&error))?, environment::since_boot());
        Ok(())
    }

    /// Takes or renews the lease, unless somebody else holds it.
    async fn write(&mut self) -> Result<(), String> {
        let begun = environment::since_boot();
        let Some(wanted) = self.election.wanted(begun, environment::now()) else { return Ok(()) };
        let params = PostParams::default();
        let is_new = wanted.metadata.resource_version.is_none();
        let written = timeout(self.call, async {
            if is_new {
                let mut wanted = wanted;
                wanted.metadata.name = Some(LEASE.to_owned());
                self.api.create(&params, &wanted).await
            } else {
                self.api.replace(LEASE, &params, &wanted).await
            }
        });
        let written = written.await.map_err(|_| "no answer in time".to_owned())?;
        self.election.wrote(written.map_err(|error| words::error(&error))?, begun);
        self.fence.set(self.election.holds_until());
        Ok(())
    }
}

/// The namespace of the Lease: that of the Pod, otherwise that of the kubeconfig.
pub(super) fn namespace(kube: &kube::Client) -> String {
    variable("POD_NAMESPACE").unwrap_or_else(|| kube.default_namespace().to_owned())
}

/// A name that no other process has: the Pod's or the machine's, and a random number.
fn identity() -> String {
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = variable("POD_NAME").or_else(host);
    let random = environment::random::<8>().map_or(0, u64::from_be_bytes);
    format!("{}_{random:016x}", name.as_deref().map_or("dataset-operator", str::trim))
}
