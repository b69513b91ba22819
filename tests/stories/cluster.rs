//! A separate cluster: a control plane that can be restored or lost, and an operator for all its namespaces, because
//! only such an operator reports orphans.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use pai_emulator::{Emulator, Knobs, NameScope, Options};
use serde_json::{Value, json};
use testbed::{ControlPlane, Filter, Operator, OperatorOptions, Session, Wait};

use crate::scene::WORKSPACE;

pub(crate) struct Cluster {
    pub(crate) plane: ControlPlane,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    options: OperatorOptions,
    operator: Option<Operator>,
    dir: tempfile::TempDir,
}

/// A cloud in which names may repeat, so that a duplicate could be seen.
pub(crate) async fn cloud() -> Emulator {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    Emulator::start(Options { knobs, ..Options::default() }).await.unwrap()
}

/// Calls by operation since line `after` of the log; reads and lists are left out.
pub(crate) fn changes_after(cloud: &Emulator, after: u64) -> Value {
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    let reads = |operation: &str| operation.starts_with("List") || operation.starts_with("Get");
    for line in cloud.log_after(after).into_iter().filter(|line| !reads(&line.operation)) {
        *calls.entry(line.operation).or_default() += 1;
    }
    json!(calls)
}

pub(crate) fn last_call(cloud: &Emulator) -> u64 {
    cloud.log().last().map_or(0, |line| line.seq)
}

impl Cluster {
    /// A new control plane with CRDs and RBAC; there is no namespace for objects yet, and no operator runs. `None` if an
    /// existing cluster stands in for it: that one cannot be lost.
    pub(crate) async fn start() -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plane = ControlPlane::start(testbed::Options::default()).await.unwrap();
        if plane.audit().is_none() {
            println!("an existing cluster is neither put back nor lost: not tried");
            return None;
        }
        let client = plane.client().await.unwrap();
        testbed::install(&client).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let options = OperatorOptions {
            bin: PathBuf::from(env!("CARGO_BIN_EXE_dataset-operator")),
            kubeconfig: in_its_namespace(&plane, dir.path()).await,
            env: Vec::new(),
            log: dir.path().join("operator.log"),
            session: Session::Shared,
        };
        Some(Self { plane, client, namespace: String::new(), options, operator: None, dir })
    }

    // --- the cluster ---

    /// Makes a namespace; from now on objects are in it.
    pub(crate) async fn in_namespace(&mut self, name: &str) {
        let object: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        Api::all(self.client.clone()).create(&PostParams::default(), &object).await.unwrap();
        name.clone_into(&mut self.namespace);
    }

    /// Where a snapshot may go.
    pub(crate) fn snapshot(&mut self) -> PathBuf {
        let into = self.dir.path().join("snapshot");
        self.plane.snapshot(&into).unwrap();
        into
    }

    /// Goes back to a snapshot; revisions go on as many further.
    pub(crate) async fn restore(&mut self, snapshot: &Path, ahead: u32) {
        self.plane.restore(snapshot, ahead).await.unwrap();
        self.client = self.plane.client().await.unwrap();
    }

    /// Becomes a copy of a cluster that continues to run.
    pub(crate) async fn copy(&mut self, original: &Self, snapshot: &Path) {
        self.restore(snapshot, 0).await;
        original.namespace.clone_into(&mut self.namespace);
        // The copy signs with keys of its own.
        self.options.kubeconfig = in_its_namespace(&self.plane, self.dir.path()).await;
    }

    /// The uid of `kube-system`, by which clusters are told apart.
    pub(crate) async fn uid(&self) -> String {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.get("kube-system").await.unwrap().metadata.uid.unwrap()
    }

    // --- the operator ---

    /// What operators that are started from now on work on.
    pub(crate) fn work_on(&mut self, cloud: &Emulator, more: &[(&str, &str)]) {
        let usual = [
            ("DATASET_OPERATOR_ENDPOINT", cloud.url()),
            ("DATASET_OPERATOR_WORKSPACE_ID", WORKSPACE.to_owned()),
            ("DATASET_OPERATOR_RESYNC", "1s".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "testAccessKeyId".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testAccessKeySecret".to_owned()),
            ("RUST_LOG", "info,dataset_operator=debug".to_owned()),
        ];
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        self.options.env = usual.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect();
    }

    pub(crate) async fn start_operator(&mut self) {
        assert!(self.operator.is_none(), "an operator runs already");
        self.operator = Some(Operator::start(&self.options).await.unwrap());
    }

    /// SIGKILL.
    pub(crate) fn kill_operator(&mut self) {
        self.operator.take().expect("an operator runs").kill().unwrap();
    }

    /// SIGTERM, and the clean end.
    pub(crate) async fn stop_operator(&mut self) {
        let status = self.operator.take().expect("an operator runs").stop().await.unwrap();
        assert!(status.success(), "the operator ended with {status}");
    }

    /// Runs the operator until it dies at this point: work must wait for it already.
    pub(crate) async fn crash_at(&mut self, point: &str) {
        let mut options = self.options.clone();
        options.env.push(("DATASET_OPERATOR_CRASH".to_owned(), point.to_owned()));
        let mut operator = Operator::launch(&options, testbed::Ports::free().unwrap()).unwrap();
        let ended = self.wait().until("a crash", async || operator.exited()).await.unwrap();
        assert!(!ended.success(), "{ended}");
    }

    pub(crate) async fn metric(&self, name: &str) -> Option<u64> {
        let url = self.operator.as_ref().expect("an operator runs").metrics_url();
        let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
        metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a metric has this value.
    pub(crate) async fn until_metric(&self, name: &str, value: u64) {
        let has = async || Ok((self.metric(name).await == Some(value)).then_some(()));
        self.wait().until(&format!("{name} {value}"), has).await.unwrap();
    }

    /// Waits until everything was compared so many times more.
    pub(crate) async fn rounds(&self, more: u64) {
        let swept = async || self.metric("pai_index_sweeps_total").await.unwrap_or_default();
        let wanted = swept().await + more;
        self.wait().until("rounds", async || Ok((swept().await >= wanted).then_some(()))).await.unwrap();
    }

    /// The operator's log.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.options.log).unwrap()
    }

    pub(crate) fn wait(&self) -> Wait {
        Wait::new(Duration::from_secs(40)).explained_by(&self.options.log)
    }

    // --- objects ---

    pub(crate) fn api(&self, kind: &str) -> Api<DynamicObject> {
        testbed::objects(&self.client, &self.namespace, kind)
    }

    pub(crate) async fn create(&self, kind: &str, name: &str, spec: Value) {
        let object = json!({
            "apiVersion": testbed::api_version(kind), "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let object = serde_json::from_value(object).unwrap();
        self.api(kind).create(&PostParams::default(), &object).await.unwrap();
    }

    pub(crate) async fn edit(&self, kind: &str, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.api(kind).patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Deletes objects and waits until they are gone.
    pub(crate) async fn delete(&self, kind: &str, names: &[&str]) {
        for name in names {
            self.api(kind).delete(name, &DeleteParams::default()).await.unwrap();
        }
        for name in names {
            self.wait().gone(&self.api(kind), name).await.unwrap();
        }
    }

    pub(crate) async fn ready(&self, kind: &str, name: &str) -> DynamicObject {
        self.wait().ready(&self.api(kind), name).await.unwrap()
    }

    /// Waits for `Ready` with this reason; returns its message.
    pub(crate) async fn reason(&self, kind: &str, name: &str, reason: &str) -> String {
        let ready = |object: &DynamicObject| testbed::condition(object, "Ready");
        let has = |object: &DynamicObject| ready(object).is_some_and(|ready| ready.reason == reason);
        let what = format!("Ready with reason {reason}");
        let object = self.wait().object(&self.api(kind), name, &what, has).await.unwrap();
        ready(&object).unwrap().message
    }

    /// Messages of the events with this reason in the operator's own namespace, and how often each was told.
    pub(crate) async fn told(&self, reason: &str) -> Vec<(String, i32)> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), testbed::NAMESPACE);
        let events = events.list(&ListParams::default()).await.unwrap();
        let told = events.items.into_iter().filter(|event| event.reason.as_deref() == Some(reason));
        let mut told: Vec<_> = told
            .map(|event| {
                let times = event.series.and_then(|series| series.count).unwrap_or(1);
                (event.message.unwrap_or_default(), times)
            })
            .collect();
        told.sort();
        told
    }

    /// The operator's writes to objects of a resource so far. Events are not among them.
    pub(crate) async fn writes(&self, resource: &str) -> usize {
        let filter = Filter::operator_in(&self.namespace).resource(resource);
        self.plane.audit().unwrap().settled_writes(&filter).await.unwrap().len()
    }
}

/// The operator's kubeconfig with its own namespace in it, as it has it in a cluster.
async fn in_its_namespace(plane: &ControlPlane, dir: &Path) -> PathBuf {
    let bare = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await.unwrap();
    let mut config = Kubeconfig::read_from(bare).unwrap();
    for context in config.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
        context.namespace = Some(testbed::NAMESPACE.to_owned());
    }
    let path = dir.join("kubeconfig");
    // JSON is YAML too.
    std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
    path
}
