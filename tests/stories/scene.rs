//! A scene: a namespace on the shared apiserver, an emulator, and an operator process for this namespace that runs as the
//! ServiceAccount we ship. No other scene shares them.

use std::path::PathBuf;
use std::time::Duration;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use pai_emulator::{Emulator, Knobs, NameScope};
use serde_json::{Value, json};
use testbed::{Audit, ControlPlane, Filter, Kubectl, Operator, OperatorOptions, Session, Wait};

/// The operator's default workspace in all scenes.
pub(crate) const WORKSPACE: &str = "478";

pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) emulator: Option<Emulator>,
    operator: Option<Operator>,
    options: OperatorOptions,
    plane: &'static ControlPlane,
    dir: tempfile::TempDir,
}

/// How a scene differs from the usual one.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) knobs: Knobs,
    pub(crate) env: Vec<(&'static str, String)>,
    /// The story starts the operator itself.
    pub(crate) without_operator: bool,
}

impl Scene {
    pub(crate) async fn new(name: &str) -> Self {
        Self::with(name, Setting::default()).await
    }

    /// A scene in which names may repeat, so that a duplicate could be seen, or must be unique in a workspace.
    pub(crate) async fn with_names(name: &str, scope: NameScope) -> Self {
        let knobs = Knobs { name_scope: scope, ..Knobs::default() };
        Self::with(name, Setting { knobs, ..Setting::default() }).await
    }

    pub(crate) async fn with(name: &str, setting: Setting) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plane = ControlPlane::shared().await.unwrap();
        let client = plane.client().await.unwrap();
        let namespace = testbed::new_namespace(&client, name).await.unwrap();
        let options = pai_emulator::Options { knobs: setting.knobs, ..pai_emulator::Options::default() };
        let emulator = Emulator::start(options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut env: Vec<(String, String)> = [
            ("DATASET_OPERATOR_ENDPOINT", emulator.url()),
            ("DATASET_OPERATOR_IMM_ENDPOINT", emulator.url()),
            ("DATASET_OPERATOR_WORKSPACE_ID", WORKSPACE.to_owned()),
            ("DATASET_OPERATOR_NAMESPACES", namespace.clone()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "testAccessKeyId".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testAccessKeySecret".to_owned()),
            ("RUST_LOG", "info,dataset_operator=debug".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec();
        env.extend(setting.env.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let kubeconfig = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await.unwrap();
        let options = OperatorOptions {
            bin: PathBuf::from(env!("CARGO_BIN_EXE_dataset-operator")),
            kubeconfig,
            env,
            log: dir.path().join("operator.log"),
            session: Session::Shared,
        };
        let mut scene = Self { client, namespace, emulator: Some(emulator), operator: None, options, plane, dir };
        if !setting.without_operator {
            scene.start_operator().await;
        }
        scene
    }

    // --- the operator ---

    pub(crate) async fn start_operator(&mut self) {
        assert!(self.operator.is_none(), "an operator runs already");
        self.operator = Some(Operator::start(&self.options).await.unwrap());
    }

    /// Starts it without waiting until it is ready.
    pub(crate) fn launch_operator(&mut self) {
        assert!(self.operator.is_none(), "an operator runs already");
        self.operator = Some(Operator::launch(&self.options, testbed::Ports::free().unwrap()).unwrap());
    }

    /// Operators that are started from now on act as this `ServiceAccount` of the operator's namespace.
    pub(crate) async fn act_as(&mut self, account: &str) {
        self.options.kubeconfig = self.plane.kubeconfig_for(testbed::NAMESPACE, account).await.unwrap();
    }

    /// Operators that are started from now on have this kubeconfig.
    pub(crate) fn use_kubeconfig(&mut self, kubeconfig: &Value) {
        self.options.kubeconfig = self.dir.path().join("kubeconfig");
        // JSON is YAML too.
        std::fs::write(&self.options.kubeconfig, kubeconfig.to_string()).unwrap();
    }

    /// The kubeconfig of the operators that are started from now on.
    pub(crate) fn kubeconfig(&self) -> String {
        std::fs::read_to_string(&self.options.kubeconfig).unwrap()
    }

    /// What `/healthz` or `/readyz` answers; nothing while nobody listens.
    pub(crate) async fn health(&self, path: &str) -> Option<(u16, String)> {
        let url = format!("{}{path}", self.health_url());
        let answer = reqwest::get(url).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Where `/healthz` and `/readyz` are.
    pub(crate) fn health_url(&self) -> String {
        self.operator.as_ref().expect("an operator runs").health_url()
    }

    /// SIGTERM, and the clean end.
    pub(crate) async fn stop_operator(&mut self) {
        let status = self.operator.take().expect("an operator runs").stop().await.unwrap();
        assert!(status.success(), "the operator ended with {status}\n{}", self.log_tail());
    }

    /// SIGKILL.
    pub(crate) fn kill_operator(&mut self) {
        self.operator.take().expect("an operator runs").kill().unwrap();
    }

    /// Runs the operator until it dies at this point (`before Claim`, `after Create`): work must wait for it already.
    pub(crate) async fn crash_at(&mut self, point: &str) {
        let mut operator = self.launch_replica(&[("DATASET_OPERATOR_CRASH", point)]);
        let what = format!("a crash {point}");
        let wait = self.wait_for(Duration::from_secs(60));
        let ended = wait.until(&what, async || operator.exited()).await.unwrap();
        assert!(!ended.success(), "{ended}");
    }

    /// Starts one of several operators, with these variables; the log is that of the scene.
    pub(crate) async fn replica(&self, env: &[(&str, &str)]) -> Operator {
        Operator::start(&self.options_with(env)).await.unwrap()
    }

    /// The same without waiting until it has started.
    pub(crate) fn launch_replica(&self, env: &[(&str, &str)]) -> Operator {
        Operator::launch(&self.options_with(env), testbed::Ports::free().unwrap()).unwrap()
    }

    fn options_with(&self, env: &[(&str, &str)]) -> OperatorOptions {
        let mut options = self.options.clone();
        options.env.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        options
    }

    /// A path of a file of the scene, which goes with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sets a variable of the operators that are started from now on.
    pub(crate) fn set(&mut self, variable: &str, value: String) {
        self.options.env.push((variable.to_owned(), value));
    }

    /// Operators that are started from now on do not have this variable.
    pub(crate) fn unset(&mut self, variable: &str) {
        self.options.env.retain(|(name, _)| name != variable);
    }

    /// The most memory that the operator has had in use, in MiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let pid = self.operator.as_ref().expect("an operator runs").process().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak.unwrap().parse::<u64>().unwrap() / 1024
    }

    /// The arguments that everybody on its machine can see.
    pub(crate) fn arguments(&self) -> String {
        let pid = self.operator.as_ref().expect("an operator runs").process().id();
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap()
    }

    pub(crate) async fn metrics(&self) -> String {
        let url = self.operator.as_ref().expect("an operator runs").metrics_url();
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    /// What `/readyz` answers: status and text.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let (status, body) = self.operator.as_ref().expect("an operator runs").readiness().await.unwrap();
        (status.as_u16(), body)
    }

    /// The operator's log so far, as it is.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.options.log).unwrap()
    }

    /// Writes something into the operator's log, as if it had said that.
    pub(crate) fn append_to_log(&self, text: &str) {
        use std::io::Write as _;
        let file = std::fs::OpenOptions::new().append(true).open(&self.options.log);
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The lines of the operator's log so far.
    pub(crate) fn log_lines(&self) -> Vec<Value> {
        let log = self.log_text();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(crate) fn log_tail(&self) -> String {
        testbed::tail(&self.options.log, 40)
    }

    // --- the cloud ---

    pub(crate) fn cloud(&self) -> &Emulator {
        self.emulator.as_ref().expect("the emulator runs")
    }

    /// Calls of an operation that were committed, and that failed.
    pub(crate) fn calls(&self, operation: &str) -> (u64, u64) {
        self.cloud().stats().calls.get(operation).map_or((0, 0), |count| (count.ok, count.failed))
    }

    /// All calls so far, by operation, sweeps (lists by our domain mark) left out.
    pub(crate) fn calls_without_sweeps(&self) -> std::collections::BTreeMap<String, u64> {
        let calls = self.cloud().stats().calls;
        calls.into_iter().filter(|(name, _)| name != "ListDatasets").map(|(name, n)| (name, n.ok + n.failed)).collect()
    }

    /// Another person's call, with the rights of the console.
    pub(crate) fn console(&self, method: &str, path: &str, body: Value) -> Value {
        self.cloud().console(method, path, &body).unwrap()
    }

    /// Stops the emulator and starts it again at the same address with the same content, after `meanwhile`.
    pub(crate) async fn without_cloud(&mut self, meanwhile: impl AsyncFnOnce(&Self)) {
        let emulator = self.emulator.take().expect("the emulator runs");
        let (state, address) = (emulator.state(), emulator.address());
        emulator.stop().await;
        meanwhile(self).await;
        let options = pai_emulator::Options {
            host: address.ip(),
            port: address.port(),
            state: Some(state),
            ..pai_emulator::Options::default()
        };
        self.emulator = Some(Emulator::start(options).await.unwrap());
    }

    // --- Kubernetes ---

    pub(crate) fn datasets(&self) -> Api<DynamicObject> {
        testbed::datasets(&self.client, &self.namespace)
    }

    pub(crate) fn versions(&self) -> Api<DynamicObject> {
        testbed::dataset_versions(&self.client, &self.namespace)
    }

    pub(crate) fn api(&self, kind: &str) -> Api<DynamicObject> {
        testbed::objects(&self.client, &self.namespace, kind)
    }

    pub(crate) fn kubectl(&self) -> Kubectl {
        self.plane.kubectl()
    }

    /// `kubectl apply` of one object.
    pub(crate) async fn apply(&self, kind: &str, name: &str, spec: Value) {
        let result = self.try_apply(kind, name, spec).await;
        result.unwrap();
    }

    pub(crate) async fn try_apply(&self, kind: &str, name: &str, spec: Value) -> testbed::Result<String> {
        let manifest = self.manifest(kind, name, spec);
        self.kubectl().run_with(&["apply", "-n", &self.namespace, "-f", "-"], &manifest.to_string()).await
    }

    pub(crate) fn manifest(&self, kind: &str, name: &str, spec: Value) -> Value {
        json!({
            "apiVersion": testbed::api_version(kind), "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        })
    }

    /// A create without kubectl's annotations: fewer writes to tell apart.
    pub(crate) async fn create(&self, kind: &str, name: &str, spec: Value) -> DynamicObject {
        let object = serde_json::from_value(self.manifest(kind, name, spec)).unwrap();
        self.api(kind).create(&PostParams::default(), &object).await.unwrap()
    }

    /// A merge patch by the user.
    pub(crate) async fn patch(&self, kind: &str, name: &str, patch: Value) -> DynamicObject {
        self.api(kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap()
    }

    pub(crate) async fn annotate(&self, kind: &str, name: &str, key: &str, value: Value) {
        let key = format!("dataset-operator.dev/{key}");
        self.patch(kind, name, json!({"metadata": {"annotations": {key: value}}})).await;
    }

    pub(crate) async fn delete(&self, kind: &str, name: &str) {
        self.api(kind).delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) fn wait(&self) -> Wait {
        self.wait_for(Duration::from_secs(20))
    }

    pub(crate) fn wait_for(&self, time: Duration) -> Wait {
        Wait::new(time).explained_by(&self.options.log)
    }

    pub(crate) async fn ready(&self, kind: &str, name: &str) -> DynamicObject {
        self.wait().ready(&self.api(kind), name).await.unwrap()
    }

    /// Waits for `Ready` with this reason; returns its message.
    pub(crate) async fn reason(&self, kind: &str, name: &str, reason: &str) -> String {
        let what = format!("Ready with reason {reason}");
        let has =
            |object: &DynamicObject| testbed::condition(object, "Ready").is_some_and(|ready| ready.reason == reason);
        let object = self.wait().object(&self.api(kind), name, &what, has).await.unwrap();
        testbed::condition(&object, "Ready").unwrap().message
    }

    pub(crate) async fn gone(&self, kind: &str, name: &str) {
        self.wait().gone(&self.api(kind), name).await.unwrap();
    }

    /// Waits until `done`.
    pub(crate) async fn until(&self, what: &str, done: impl AsyncFn(&Self) -> bool) {
        self.wait().until(what, async || Ok(done(self).await.then_some(()))).await.unwrap();
    }

    /// The operator's writes to objects of a resource, by name if one is given. Events are not among them.
    pub(crate) async fn writes(&self, resource: &str, name: Option<&str>) -> usize {
        let mut filter = Filter::operator_in(&self.namespace).resource(resource);
        if let Some(name) = name {
            filter = filter.name(name);
        }
        self.audit().settled_writes(&filter).await.unwrap().len()
    }

    /// The lines of the audit log about the scene's namespace, if there is one.
    pub(crate) fn audited(&self) -> Option<Vec<String>> {
        let text = std::fs::read_to_string(self.plane.audit()?.path()).unwrap();
        Some(text.lines().filter(|line| line.contains(&self.namespace)).map(str::to_owned).collect())
    }

    fn audit(&self) -> Audit {
        self.plane.audit().expect("this control plane keeps an audit log")
    }
}

/// The `status.datasetId` of an object.
pub(crate) fn dataset_id(object: &DynamicObject) -> String {
    status(object, "datasetId")
}

/// A text in status.
pub(crate) fn status(object: &DynamicObject, key: &str) -> String {
    let value = &object.data["status"][key];
    value.as_str().unwrap_or_else(|| panic!("{} has no status.{key}: {}", object.name_any(), object.data)).to_owned()
}

/// A small valid Dataset.
pub(crate) fn oss(name: &str) -> Value {
    json!({
        "name": name, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/",
    })
}
