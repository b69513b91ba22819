//! The scene of one cell: a namespace, an emulator, a proxy before each of its two services and one before the API server,
//! an operator that knows only the proxies, and the evidence by which the goal judges.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pai_emulator::{Emulator, Knobs, Options};
use serde_json::Value;
use simulation::apiserver::store::Resource;
use simulation::evidence::knobs;
use simulation::{Entry, Evidence, Kind, Miss, Scenario, WORKSPACE, goal};
use testbed::proxy::{Log, Match, Proxy, Rule, Side, Upstream};
use testbed::{Context, Error, Result, Wait};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bed::{Bed, DOMAIN, domain_mark};
use crate::calls::Told;
use crate::keeper::Keeper;
use crate::mirror::Mirror;
use crate::strike::act;
use crate::users::Users;

/// Long enough for everything that is not under test.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often things are looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Times short enough for a thousand cells; the operator's own check holds: 1 + 2 + 0.5 is below 4.
const TIMES: [(&str, &str); 5] = [
    ("DATASET_OPERATOR_SETTLE_TIME", "4s"),
    ("DATASET_OPERATOR_SEND_DEADLINE", "1s"),
    ("DATASET_OPERATOR_REQUEST_TIMEOUT", "2s"),
    ("DATASET_OPERATOR_LIST_LAG", "500ms"),
    ("DATASET_OPERATOR_RESYNC", "1s"),
];

/// The scene of one cell.
pub(crate) struct Scene {
    /// The parts that it shares with other scenes.
    pub(crate) bed: Arc<Bed>,
    /// What the goal judges by, with the service.
    pub(crate) evidence: Arc<Evidence>,
    /// Those who want something.
    pub(crate) users: Users,
    /// Before the dataset API.
    pub(crate) cloud: Proxy,
    /// Before IMM.
    pub(crate) imm: Proxy,
    /// Before the API server.
    pub(crate) kube: Proxy,
    /// The traffic through the proxies.
    pub(crate) log: Log,
    /// The operator.
    pub(crate) keeper: Keeper,
    /// The faults that were set up, in order.
    faults: Mutex<Vec<Kind>>,
    begun: Instant,
    _tasks: JoinSet<()>,
    _dir: tempfile::TempDir,
}

impl Scene {
    /// Sets the scene of a scenario up; the operator does not run yet.
    pub(crate) async fn new(bed: &Arc<Bed>, scenario: &Scenario) -> Result<Self> {
        let namespace = testbed::new_namespace(&bed.client, "cell").await?;
        // The service is as quick as the operator.
        let usual = knobs(scenario);
        let quick = Knobs { list_lag_ms: Knobs::default().list_lag_ms, job_pending_ms: 200, ..usual.clone() };
        let knobs = Knobs { job_run_ms: usual.job_run_ms / 10, ..quick };
        let emulator =
            Emulator::start(Options { knobs, ..Options::default() }).await.context("starting an emulator")?;
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
            ("DATASET_OPERATOR_NAMESPACES".to_owned(), namespace.clone()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), "testAccessKeyId".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), "testAccessKeySecret".to_owned()),
            ("RUST_LOG".to_owned(), "info,dataset_operator=debug".to_owned()),
        ]);
        let keeper = Keeper::new(bed.operator.clone(), kubeconfig, env, dir.path().join("operator.log"));
        let (mirror, mut tasks) = (Mirror::default(), JoinSet::new());
        mirror.watch(&bed.client, &namespace, &mut tasks);
        let evidence = Arc::new(Evidence::new(scenario, emulator));
        let seen = evidence.clone();
        tasks.spawn(async move {
            loop {
                seen.look_at_remotes();
                sleep(LOOK).await;
            }
        });
        Ok(Self {
            users: Users { client: bed.client.clone(), namespace, mirror, evidence: evidence.clone() },
            bed: bed.clone(),
            evidence,
            cloud,
            imm,
            kube,
            log,
            keeper,
            faults: Mutex::default(),
            begun: Instant::now(),
            _tasks: tasks,
            _dir: dir,
        })
    }

    /// Starts the operator and waits until it has listed the workspace.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let before = self.sweeps();
        self.keeper.launch(None)?;
        self.until("the first sweep", PATIENCE, |scene| Ok(scene.sweeps() > before)).await
    }

    /// Whole lists by our domain so far.
    pub(crate) fn sweeps(&self) -> usize {
        let mark = domain_mark();
        self.log.count(|entry| {
            let whole = entry.heard().is_some_and(|answer| answer.status == 200);
            entry.operation == "ListDatasets" && whole && entry.target.contains(&mark)
        })
    }

    /// The next call of this kind meets this fault.
    pub(crate) fn arm(&self, side: Side, of: Match, kind: Kind) -> Result<()> {
        let act = act(kind, side).ok_or_else(|| Error::new(format!("{kind} is no fault of a real call")))?;
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
        let proxy = match side {
            Side::Cloud => &self.cloud,
            Side::Imm => &self.imm,
            Side::Kubernetes => &self.kube,
        };
        proxy.add(Rule::once(of, act));
        Ok(())
    }

    /// Nothing goes wrong any more.
    pub(crate) fn disarm(&self) {
        for proxy in [&self.cloud, &self.imm, &self.kube] {
            proxy.clear();
        }
    }

    /// The calls so far.
    pub(crate) fn history(&self) -> Vec<Entry> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (lives, namespace) = (&self.keeper.lives, &self.users.namespace);
        Told { begun: self.begun, lives, namespace, faults: &faults }.history(&self.log.entries())
    }

    /// Is all as it must be?
    pub(crate) fn look(&self) -> std::result::Result<(), Miss> {
        self.evidence.set_history(self.history());
        goal::look(&self.evidence, &self.users.mirror.store())
    }

    /// Waits until an object has this condition with this value or reason.
    pub(crate) async fn says(&self, resource: Resource, name: &str, kind: &str, word: &str) -> Result<()> {
        let says = || {
            let object = self.users.mirror.get(resource, name)?;
            let seen = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let conditions = object["status"]["conditions"].as_array()?;
            let is = |one: &&Value| one["type"] == kind && (one["status"] == word || one["reason"] == word);
            conditions.iter().find(is).filter(|_| seen).map(drop)
        };
        let wait = Wait::new(PATIENCE);
        let said = wait.until(&format!("{name} to say {kind} {word}"), async || Ok(says())).await;
        said.map_err(|error| Error::new(format!("{error}\n{}", self.keeper.log_tail(25))))
    }

    /// Waits until `done`, and keeps the operator running meanwhile.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !done(self)? {
            self.keeper.look()?;
            if Instant::now() >= deadline {
                let miss = self.look().err().map(|miss| miss.to_string()).unwrap_or_default();
                return Err(Error::new(format!("waited {limit:?} in vain for {what}\n{miss}")));
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}
