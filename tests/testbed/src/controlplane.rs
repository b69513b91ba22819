//! A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager on
//! free loopback ports, with certificates of their own, RBAC and an audit log.
//!
//! Everything it started is stopped when it is dropped, in the order that does not hang, and by the
//! leash if the process ends without dropping it.

mod snapshot;

use std::env;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use kube::Client;
use kube::config::Kubeconfig;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::audit::Audit;
use crate::binaries::Binaries;
use crate::components::{self, HOST, file};
use crate::error::{Context, Error, Result};
use crate::kubectl::Kubectl;
use crate::process::{Process, Session};
use crate::rights::AUDIT_LOGS;
use crate::{files, install, kubeconfig, leash, ports};

/// Names the kubeconfig of a cluster that exists and shall be used instead, for example kind's.
pub const TEST_KUBECONFIG: &str = "DATASET_OPERATOR_TEST_KUBECONFIG";

/// Long enough for slow machines that build and test at the same time.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Short: an apiserver with open watches ends slowly, and tests need nothing of it any more.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Another process may take a port first.
const ATTEMPTS: u32 = 3;

/// The options of a control plane.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where its files go; it must not exist or be empty. `None`: a temporary directory, removed
    /// at the end.
    pub dir: Option<PathBuf>,
    /// Whether its processes can stay when the terminal goes.
    pub own_session: bool,
    /// No audit log: writing it costs the apiserver CPU, which would be measured.
    pub without_audit: bool,
}

/// A running control plane, or an existing cluster that stands in for one.
#[derive(Debug)]
pub struct ControlPlane {
    dir: Directory,
    admin: PathBuf,
    kubectl: PathBuf,
    /// In the order in which they are stopped. None in an existing cluster.
    processes: Vec<Process>,
    /// `None` in an existing cluster.
    parts: Option<Parts>,
    /// Its audit log, if it writes one that the harness knows.
    audit: Option<PathBuf>,
}

/// What a control plane is started from, and again after a restore.
#[derive(Clone, Debug)]
struct Parts {
    binaries: Binaries,
    session: Session,
    etcd_port: u16,
    port: u16,
}

#[derive(Debug)]
enum Directory {
    Temporary(TempDir),
    Given(PathBuf),
}

impl Directory {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Given(dir) => dir,
        }
    }
}

impl ControlPlane {
    /// Starts one and waits until the apiserver is ready (about 3 seconds), or takes the cluster
    /// that [`TEST_KUBECONFIG`] names.
    pub async fn start(options: Options) -> Result<Self> {
        install_tls_provider();
        match env::var_os(TEST_KUBECONFIG) {
            Some(path) if !path.is_empty() => {
                let what = format!("reading {}", Path::new(&path).display());
                // Relative paths in it become absolute here.
                Self::existing(&Kubeconfig::read_from(path).context(what)?)
            }
            Some(_) | None => Self::local(&options).await,
        }
    }

    /// The control plane that all tests of one test binary share, each in a namespace of its own,
    /// with CRDs and RBAC installed. It ends with the test process.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                let plane = Self::start(Options::default()).await?;
                install::install(&plane.client().await?).await?;
                Ok(plane)
            })
            .await
    }

    /// The cluster of this kubeconfig: nothing is started, nothing is stopped, no audit log is known.
    pub fn existing(kubeconfig: &Kubeconfig) -> Result<Self> {
        install_tls_provider();
        let dir = temporary()?;
        let admin = dir.path().join(file::ADMIN);
        kubeconfig::write(&admin, &serde_json::to_value(kubeconfig).context("writing the kubeconfig")?)?;
        let kubectl = PathBuf::from("kubectl");
        let processes = Vec::new();
        Ok(Self { dir: Directory::Temporary(dir), admin, kubectl, processes, parts: None, audit: None })
    }

    async fn local(options: &Options) -> Result<Self> {
        let binaries = Binaries::find()?;
        let mut attempt = 1;
        loop {
            let dir = match &options.dir {
                Some(dir) => Directory::Given(dir.clone()),
                None => Directory::Temporary(temporary()?),
            };
            match Self::launch(&binaries, dir, options).await {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn launch(binaries: &Binaries, dir: Directory, options: &Options) -> Result<Self> {
        let session = if options.own_session { Session::Own } else { Session::Shared };
        let admin = dir.path().join(file::ADMIN);
        let (etcd_port, port) = (ports::free()?, ports::free()?);
        files::prepare(dir.path(), port)?;
        // From here on an error drops this value, and so stops all processes that were started.
        let (kubectl, processes) = (binaries.kubectl.clone(), Vec::new());
        let parts = Some(Parts { binaries: binaries.clone(), session, etcd_port, port });
        let audit = (!options.without_audit).then(|| audit_log(dir.path()));
        let mut plane = Self { dir, admin, kubectl, processes, parts, audit };
        plane.start_processes(0).await?;
        Ok(plane)
    }

    /// `ahead`: so many revisions are skipped before the API server starts.
    async fn start_processes(&mut self, ahead: u32) -> Result<()> {
        let Some(Parts { binaries, session, etcd_port, port }) = self.parts.clone() else { return Ok(()) };
        let arguments = components::etcd(self.dir(), etcd_port);
        self.run("etcd", &binaries.etcd, &arguments, session)?;
        self.until_listening(etcd_port)?;
        if ahead > 0 {
            snapshot::skip(&format!("http://{HOST}:{etcd_port}"), ahead).await?;
        }
        let arguments = components::apiserver(self.dir(), etcd_port, port, self.audit.as_deref());
        self.run("apiserver", &binaries.apiserver, &arguments, session)?;
        self.until_listening(port)?;
        self.until_ready().await?;
        if let Some(program) = &binaries.controller_manager {
            let arguments = components::controller_manager(self.dir());
            self.run("controller-manager", program, &arguments, session)?;
        }
        Ok(())
    }

    fn run(&mut self, name: &str, program: &Path, args: &[String], session: Session) -> Result<()> {
        let log = self.dir().join(format!("{name}.log"));
        let process = Process::spawn(name, program, args, &[], &log, session)?;
        self.processes.insert(0, process);
        Ok(())
    }

    /// Waits without a runtime: nothing of a test depends on it yet.
    fn until_listening(&mut self, port: u16) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect((HOST, port)).is_err() {
            self.check_alive(deadline)?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    async fn until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        let client = self.client().await?;
        loop {
            let request = http_get("/readyz")?;
            if client.request_text(request).await.is_ok() {
                return Ok(());
            }
            self.check_alive(deadline)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn check_alive(&mut self, deadline: Instant) -> Result<()> {
        for process in &mut self.processes {
            let ended = process.exited()?;
            if ended.is_some() || Instant::now() >= deadline {
                let how = ended.map_or("is not ready".to_owned(), |status| format!("{status}"));
                let said = process.log_tail(20);
                return Err(Error::new(format!("{} {how}:\n{said}", process.name())));
            }
        }
        Ok(())
    }

    /// The directory with its files and logs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The administrator's kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// A client with the administrator's rights, for the calling runtime.
    pub async fn client(&self) -> Result<Client> {
        kubeconfig::client(&self.admin).await
    }

    /// A kubeconfig file that acts as a `ServiceAccount` for the next 24 hours.
    pub async fn kubeconfig_for(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let into = self.dir().join(format!("{namespace}.{name}.kubeconfig"));
        kubeconfig::for_service_account(&self.admin, namespace, name, &into).await
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(&self.kubectl, &self.admin)
    }

    /// The audit log; `None` without one, and in an existing cluster, where the harness does not know the log.
    pub fn audit(&self) -> Option<Audit> {
        self.audit.clone().map(Audit::new)
    }

    /// Where its etcd takes requests, without a password; `None` in an existing cluster.
    pub fn etcd_url(&self) -> Option<String> {
        self.parts.as_ref().map(|parts| format!("http://{HOST}:{}", parts.etcd_port))
    }

    /// Stops everything in order and waits: controller-manager, apiserver, etcd. An apiserver whose
    /// etcd went first would hang for a minute and keep its port.
    pub fn stop(mut self) -> Result<()> {
        self.stop_processes()
    }

    fn stop_processes(&mut self) -> Result<()> {
        let mut result = Ok(());
        for mut process in self.processes.drain(..) {
            // If one process cannot be stopped, the others are stopped all the same.
            result = result.and(process.end(STOP_PATIENCE).map(drop));
        }
        result
    }

    /// Names and process ids of what it started, in the order in which they must be stopped.
    pub fn processes(&self) -> Vec<(String, u32)> {
        self.processes.iter().map(Process::named_id).collect()
    }

    /// Lets its processes stay when this process ends.
    pub fn detach(mut self) -> Result<()> {
        self.processes.drain(..).try_for_each(Process::detach)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        let _ = self.stop_processes(); // The leash tries again at the end.
    }
}

/// A temporary directory that goes even if the process is killed.
fn temporary() -> Result<TempDir> {
    let dir = tempfile::Builder::new().prefix("dataset-operator-").tempdir();
    let dir = dir.context("making a temporary directory")?;
    leash::directory(dir.path())?;
    Ok(dir)
}

/// Where a control plane in this directory writes its audit log: there, or where those of all go.
fn audit_log(dir: &Path) -> PathBuf {
    match env::var_os(AUDIT_LOGS) {
        Some(logs) if !logs.is_empty() => Path::new(&logs).join(dir.file_name().unwrap_or_default()),
        Some(_) | None => dir.join(file::AUDIT_LOG),
    }
}

fn http_get(path: &str) -> Result<http::Request<Vec<u8>>> {
    http::Request::get(path).body(Vec::new()).context("asking")
}

/// Several TLS providers are in the tree: one must be named before the first client is made.
pub(crate) fn install_tls_provider() {
    // The error means that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
