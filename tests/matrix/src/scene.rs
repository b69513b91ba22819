//! The scene of one cell: a namespace, an emulator, a proxy before each of its two services and one before the API server,
//! and an operator that knows only the proxies.

mod cloud;

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use pai_emulator::{Dataset, Emulator, Knobs};
use serde_json::{Value, json};
use testbed::proxy::{Log, Proxy, Side, Upstream};
use testbed::{Context, Result, Wait};
use tokio::task::JoinSet;

use crate::bed::{Bed, DOMAIN, domain_mark};
use crate::history::History;
use crate::keeper::Keeper;
pub use cloud::Theirs;
use cloud::strangers;

/// The operator's default workspace.
pub const WORKSPACE: &str = "478";
/// The kinds.
pub const DATASET: &str = "Dataset";
/// The kinds.
pub const VERSION: &str = "DatasetVersion";
/// The kinds.
pub const JOB: &str = "DatasetJob";
/// The kinds.
pub const FILES: &str = "DatasetFileSet";
/// The kinds.
pub const MEDIA: &str = "MediaDataset";
/// Long enough for everything that is not under test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Times short enough for a thousand cells; the operator's own check holds: 1 + 2 + 0.5 is below 4.
const TIMES: [(&str, &str); 5] = [
    ("DATASET_OPERATOR_SETTLE_TIME", "4s"),
    ("DATASET_OPERATOR_SEND_DEADLINE", "1s"),
    ("DATASET_OPERATOR_REQUEST_TIMEOUT", "2s"),
    ("DATASET_OPERATOR_LIST_LAG", "500ms"),
    ("DATASET_OPERATOR_RESYNC", "1s"),
];

/// How a scene differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The emulator's.
    pub knobs: Knobs,
    /// The operator's, behind the usual ones.
    pub env: Vec<(&'static str, &'static str)>,
    /// The operator looks after all namespaces.
    pub everywhere: bool,
    /// Kinds that it has besides Datasets and versions.
    pub kinds: &'static [&'static str],
}

/// The scene of one cell.
pub struct Scene {
    /// The parts that it shares with other scenes.
    pub bed: Arc<Bed>,
    /// Its own.
    pub namespace: String,
    /// The cloud.
    pub emulator: Emulator,
    /// Before the dataset API.
    pub cloud: Proxy,
    /// Before IMM.
    pub imm: Proxy,
    /// Before the API server.
    pub kube: Proxy,
    /// The traffic through the proxies.
    pub log: Log,
    /// The operator.
    pub keeper: Keeper,
    /// The history of the objects.
    pub history: History,
    /// The datasets of others in the cloud, as they were at the start.
    pub strangers: Vec<Dataset>,
    theirs: Mutex<Theirs>,
    _tasks: JoinSet<()>,
    _dir: tempfile::TempDir,
}

impl Scene {
    /// Sets the scene up; the operator does not run yet.
    pub async fn new(bed: &Arc<Bed>, setting: Setting) -> Result<Self> {
        let namespace = testbed::new_namespace(&bed.client, "cell").await?;
        let options = pai_emulator::Options { knobs: setting.knobs, ..pai_emulator::Options::default() };
        let emulator = Emulator::start(options).await.context("starting an emulator")?;
        let strangers = strangers(&emulator)?;
        let log = Log::default();
        let upstream = Upstream::plain(emulator.address());
        let certificate = Some(bed.certificate.clone());
        let cloud = Proxy::start(Side::Cloud, upstream.clone(), certificate.clone(), log.clone()).await?;
        let imm = Proxy::start(Side::Imm, upstream, certificate.clone(), log.clone()).await?;
        let kube = Proxy::start(Side::Kubernetes, bed.upstream.clone(), certificate, log.clone()).await?;
        let dir = tempfile::tempdir().context("making a directory")?;
        let (kubeconfig, trusted) = (dir.path().join("kubeconfig"), dir.path().join("trusted.pem"));
        fs::write(&trusted, &bed.certificate.pem).context("writing a certificate")?;
        bed.kubeconfig_by(kube.address(), &kubeconfig)?;
        let mut env: Vec<(String, String)> = TIMES.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        env.extend([
            ("DATASET_OPERATOR_ENDPOINT".to_owned(), format!("https://{}", cloud.address())),
            ("DATASET_OPERATOR_IMM_ENDPOINT".to_owned(), format!("https://{}", imm.address())),
            ("SSL_CERT_FILE".to_owned(), trusted.display().to_string()),
            ("DATASET_OPERATOR_WORKSPACE_ID".to_owned(), WORKSPACE.to_owned()),
            ("DATASET_OPERATOR_OWNER_DOMAIN".to_owned(), DOMAIN.to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), "testAccessKeyId".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), "testAccessKeySecret".to_owned()),
            ("RUST_LOG".to_owned(), "info,dataset_operator=debug".to_owned()),
        ]);
        if !setting.everywhere {
            env.push(("DATASET_OPERATOR_NAMESPACES".to_owned(), namespace.clone()));
        }
        let mut keeper = Keeper::new(bed.operator.clone(), kubeconfig, env, dir.path().join("operator.log"));
        for (key, value) in setting.env {
            keeper.set(key, value);
        }
        let (history, mut tasks) = (History::default(), JoinSet::new());
        for kind in [DATASET, VERSION].iter().chain(setting.kinds) {
            tasks.spawn(history.clone().watch(kind, testbed::objects(&bed.client, &namespace, kind)));
        }
        let bed = bed.clone();
        Ok(Self {
            bed,
            namespace,
            emulator,
            cloud,
            imm,
            kube,
            log,
            keeper,
            history,
            strangers,
            theirs: Mutex::default(),
            _tasks: tasks,
            _dir: dir,
        })
    }

    /// Starts the operator and waits until it has listed the workspace.
    pub async fn start(&mut self) -> Result<()> {
        let before = self.sweeps();
        self.keeper.launch(None)?;
        self.until("the first sweep", PATIENCE, async |scene| Ok(scene.sweeps() > before)).await
    }

    /// Whole lists by our domain so far.
    pub fn sweeps(&self) -> usize {
        let mark = domain_mark();
        self.log.count(|entry| {
            let whole = entry.heard().is_some_and(|answer| answer.status == 200);
            entry.operation == "ListDatasets" && whole && entry.target.contains(&mark)
        })
    }

    // --- Kubernetes ---

    /// The objects of a kind.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        testbed::objects(&self.bed.client, &self.namespace, kind)
    }

    /// All objects, Datasets first.
    pub fn objects(&self) -> Vec<(&'static str, DynamicObject)> {
        self.history.objects()
    }

    /// An object, if it is there.
    pub fn get(&self, kind: &'static str, name: &str) -> Option<DynamicObject> {
        self.history.get(kind, name)
    }

    /// Makes an object.
    pub async fn create(&self, kind: &'static str, name: &str, spec: Value) -> Result<()> {
        let object = json!({
            "apiVersion": testbed::api_version(kind), "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let object = serde_json::from_value(object).context("writing an object")?;
        let made = self.api(kind).create(&PostParams::default(), &object).await.context("making an object")?;
        self.history.note(kind, made);
        Ok(())
    }

    /// A merge patch by a person.
    pub async fn patch(&self, kind: &'static str, name: &str, patch: Value) -> Result<()> {
        let patched = self.api(kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await;
        self.history.note(kind, patched.context("patching an object")?);
        Ok(())
    }

    /// Asks for the deletion of an object, if it is there.
    pub async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        match self.api(kind).delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => result.map(drop).context("deleting an object"),
        }
    }

    /// Waits until an object is Ready; returns it.
    pub async fn ready(&self, kind: &'static str, name: &str) -> Result<DynamicObject> {
        let ready = || self.get(kind, name).filter(testbed::is_ready);
        self.wait(&format!("{name} to be Ready"), ready).await
    }

    /// Waits until an object says this reason; returns its message.
    pub async fn reason(&self, kind: &'static str, name: &str, reason: &str) -> Result<String> {
        let ready = || testbed::condition(&self.get(kind, name)?, "Ready").filter(|ready| ready.reason == reason);
        Ok(self.wait(&format!("{name} to say {reason}"), ready).await?.message)
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, kind: &'static str, name: &str) -> Result<()> {
        self.wait(&format!("{name} to be gone"), || self.get(kind, name).is_none().then_some(())).await
    }

    async fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> Result<T> {
        let wait = Wait::new(PATIENCE);
        let found = wait.until(what, async || Ok(look())).await;
        found.map_err(|error| testbed::Error::new(format!("{error}\n{}", self.keeper.log_tail(25))))
    }

    /// Waits until `done`, and keeps the operator running meanwhile.
    pub async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut done: impl AsyncFnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let deadline = tokio::time::Instant::now() + limit;
        while !done(self).await? {
            self.keeper.look()?;
            if tokio::time::Instant::now() >= deadline {
                let said = self.keeper.log_tail(25);
                return Err(testbed::Error::new(format!("waited {limit:?} in vain for {what}\n{said}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// A label of a dataset or version.
pub fn label<'a>(labels: &'a [pai_emulator::Label], key: &str) -> Option<&'a str> {
    labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
}

/// A small valid Dataset.
pub fn dataset(name: &str) -> Value {
    json!({
        "name": name, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/",
    })
}

/// A small valid DatasetVersion of the Dataset `one`.
pub fn version(folder: &str) -> Value {
    json!({
        "datasetRef": {"name": "one"}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{folder}/"),
    })
}
