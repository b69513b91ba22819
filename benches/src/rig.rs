//! The rig: one real control plane that serves run after run, and the programs that are measured on it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kube::Client;
use kube::api::DynamicObject;
use serde::Deserialize as _;
use serde_json::json;
use testbed::{Context as _, ControlPlane, Error, NAMESPACE, Options, Result, SERVICE_ACCOUNT};
use tokio::time::{Instant, sleep};

use crate::counters::apiserver::Requests;
use crate::counters::proc::Usage;
use crate::etcd::Etcd;
use crate::loader::{self, Act};
use crate::objects::{self, Kind};

/// A plane that has seen this many objects is not used for another run: its history would be measured.
const WORN: usize = 20_000;
/// The control plane counts as calm below this share of a core, and is not waited for longer than this.
const CALM: (f64, Duration) = (0.15, Duration::from_secs(20));
/// Objects that a fresh control plane is given before it is measured.
const WARM_UP: usize = 400;
const PEER: &str = "peer";

/// Where the measured programs are.
#[derive(Clone, Debug)]
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Those in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// One of them; an error if it was not built.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        if path.exists() { Ok(path) } else { Err(Error::new(format!("{} is not built", path.display()))) }
    }
}

/// A control plane without audit log, whose etcd does not wait for the disk.
pub(crate) struct Rig {
    pub(crate) programs: Programs,
    pub(crate) client: Client,
    pub(crate) etcd: Etcd,
    /// As whom our operator acts.
    pub(crate) operator: PathBuf,
    /// As whom peers act: they also update, write events and take leases.
    pub(crate) peer: PathBuf,
    plane: ControlPlane,
    seen: AtomicUsize,
}

impl Rig {
    /// Starts one with CRDs and RBAC.
    pub(crate) async fn start(programs: &Programs) -> Result<Self> {
        let plane = ControlPlane::start(Options { without_audit: true, ..Options::default() }).await?;
        let client = plane.client().await?;
        testbed::install(&client).await?;
        for object in peers_rights() {
            let object = DynamicObject::deserialize(object).context("the rights of peers")?;
            testbed::apply(&client, &object).await?;
        }
        let operator = plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT).await?;
        let peer = plane.kubeconfig_for(NAMESPACE, PEER).await?;
        let etcd = plane.etcd_url().ok_or_else(|| Error::new("the bench needs a control plane of its own"))?;
        let (etcd, programs) = (Etcd::new(&etcd)?, programs.clone());
        let rig = Self { programs, client, etcd, operator, peer, plane, seen: AtomicUsize::new(0) };
        rig.warm_up().await?;
        Ok(rig)
    }

    /// A control plane is slow with the first objects of a kind; no candidate shall pay for that.
    async fn warm_up(&self) -> Result<()> {
        let namespace = testbed::new_namespace(&self.client, "warm").await?;
        let kind = Kind::Dataset;
        loader::begin(&self.client, kind, &namespace, Act::Create, 0..WARM_UP, loader::PACE).finish().await?;
        self.etcd.remove(&kind.key(&namespace, "")).await?;
        self.until_count(kind, &namespace, 0).await
    }

    /// The same one, or a fresh one if it has seen too much for a run with `n` objects.
    pub(crate) async fn ready_for(self, n: usize) -> Result<Self> {
        if self.seen.fetch_add(n, Ordering::Relaxed) + n <= WORN.max(n) {
            return Ok(self);
        }
        let programs = self.programs.clone();
        drop(self);
        let rig = Self::start(&programs).await?;
        rig.seen.store(n, Ordering::Relaxed);
        Ok(rig)
    }

    /// The directory for logs; it goes with the plane.
    pub(crate) fn dir(&self) -> &Path {
        self.plane.dir()
    }

    /// The id of a process of the control plane.
    pub(crate) fn process(&self, name: &str) -> Option<u32> {
        self.plane.processes().into_iter().find(|(known, _)| known == name).map(|(_, id)| id)
    }

    /// All requests to the API server so far.
    pub(crate) async fn requests(&self) -> Result<Requests> {
        let text = self.client.request_text(objects::get("/metrics")?).await.context("reading the metrics")?;
        Ok(Requests::parse(&text))
    }

    /// How many objects of a kind the API server has in a namespace, as of now.
    pub(crate) async fn count(&self, kind: Kind, namespace: &str) -> Result<usize> {
        let path = format!("{}?limit=1", kind.path(namespace));
        let text = self.client.request_text(objects::get(&path)?).await.context("counting objects")?;
        let list: serde_json::Value = serde_json::from_str(&text).context("counting objects")?;
        let shown = list.get("items").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        let rest = list.pointer("/metadata/remainingItemCount").and_then(serde_json::Value::as_u64).unwrap_or_default();
        Ok(shown + usize::try_from(rest).unwrap_or_default())
    }

    /// Waits until the API server shows exactly `n` objects of a kind in a namespace.
    pub(crate) async fn until_count(&self, kind: Kind, namespace: &str, n: usize) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.count(kind, namespace).await?;
            if now == n {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::new(format!("{n} {}s expected in {namespace}, {now} found", kind.name())));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the control plane has digested what was done to it.
    pub(crate) async fn calm(&self) {
        let pids: Vec<u32> = self.plane.processes().into_iter().map(|(_, id)| id).collect();
        let used = || pids.iter().filter_map(|&pid| Usage::of(pid)).map(|usage| usage.cpu_seconds).sum::<f64>();
        let (share, patience) = CALM;
        let deadline = Instant::now() + patience;
        let look = Duration::from_millis(500);
        loop {
            let before = used();
            sleep(look).await;
            if used() - before < share * look.as_secs_f64() || Instant::now() >= deadline {
                return;
            }
        }
    }
}

fn peers_rights() -> [serde_json::Value; 3] {
    let rbac = "rbac.authorization.k8s.io";
    let rule =
        |groups: &[&str], resources: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": ["*"]});
    [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": PEER, "namespace": NAMESPACE}}),
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": {"name": PEER},
            "rules": [
                rule(&["pai.dataset-operator.dev"], &["*"]),
                rule(&["", "events.k8s.io"], &["events", "namespaces"]),
                rule(&["coordination.k8s.io"], &["leases"]),
            ],
        }),
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": PEER},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": PEER},
            "subjects": [{"kind": "ServiceAccount", "name": PEER, "namespace": NAMESPACE}],
        }),
    ]
}
