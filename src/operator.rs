//! The running operator: clients, index and controllers, wired together, started and stopped in order.

mod clients;
mod counts;
mod health;
mod identity;
mod kinship;
mod orphans;
mod rewind;
mod rights;
mod unparsable;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt};
use kube::runtime::watcher;
use tokio::sync::{Notify, mpsc, watch as signal};
use tokio::task::JoinSet;

use crate::accounts::{self, Account, Accounts};
use crate::admin::{self, Readiness};
use crate::api::{Dataset, DatasetVersion};
use crate::cloud::{self, CredentialSource, Environment, Limiters, Transport};
use crate::events::{self, EventRecorder};
use crate::inventory::{self, Inventory, InventoryTasks, ObjectKey};
use crate::kinds::{Around, DatasetVersions, Datasets, Defaults};
use crate::metrics::Metrics;
use crate::plan::view::OperatorConfig;
use crate::reconcile::context::{Context, Limits};
use crate::reconcile::definition::Definition;
use crate::reconcile::kind::Kind;
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::queued::Slots;
use crate::remote::uid::Uid;
use crate::settings::Settings;
use kinship::Kinship;

pub use clients::patience;

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No runtime, or a port that is taken.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The API server cannot be found or does not let us in.
    #[error("Kubernetes: {}", crate::words::error(.0))]
    Kube(#[from] kube::Error),
    /// Nothing says who owns what is made here.
    #[error(
        "the uid of the namespace kube-system, which is the owner domain unless another one is given, cannot be read: {0}; \
         let the operator get that namespace (deploy/kustomize/base/rbac.yaml), or set --owner-domain \
         (DATASET_OPERATOR_OWNER_DOMAIN): to that uid if the operator worked here before, otherwise to a name that no \
         other cluster has, such as a UUID"
    )]
    NoDomain(String),
    /// The API server's proxy cannot be used.
    #[error("proxy-url of the kubeconfig, or HTTPS_PROXY: {0}")]
    Proxy(cloud::ProxyError),
    /// No usable kubeconfig and not in a cluster.
    #[error("no Kubernetes configuration: {0}")]
    Config(#[from] kube::config::InferConfigError),
    /// The credentials are missing or unusable.
    #[error("{0}")]
    Credentials(#[from] cloud::CallError),
    /// The client cannot be set up.
    #[error("{0}")]
    Client(#[from] cloud::ClientError),
    /// The limit cannot be used.
    #[error("{0}")]
    Qps(#[from] cloud::QpsError),
}

/// Runs until SIGTERM or SIGINT, then finishes the passes that are under way.
///
/// One thread does it all: the account's limit keeps it busy for a small part of the time, and with more of them most
/// of what is spent is spent on waking each other.
pub fn run(settings: Settings) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve(settings));
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
    result
}

async fn serve(settings: Settings) -> Result<(), RunError> {
    let flags = &settings.flags;
    let asked = shutdown_signal()?;
    let stop = async {
        asked.await;
        tracing::info!("stopping: passes under way are finished first");
    };
    let metrics = Arc::new(Metrics::default());
    let ready = Readiness::default();
    let refused = Arc::new(Notify::new());
    let admin = tokio::spawn(admin::serve(flags.health_addr, flags.metrics_addr, ready.clone(), metrics.clone()));
    let outside = Outside {
        kube: clients::kube_client(&settings, &metrics, &refused).await?,
        transport: cloud::network(&settings.cloud)?,
        credentials: Arc::new(Environment::of_process(clients::bearer_style(flags.endpoint_form))),
        metrics,
        ready,
        refused,
    };
    tokio::select! {
        result = operate(settings, outside, stop) => result,
        failed = admin => failed.unwrap_or_else(|gone| Err(std::io::Error::other(gone))).map_err(Into::into),
    }
}

/// What an operator works with and did not make itself.
pub struct Outside {
    /// The API server.
    pub kube: kube::Client,
    /// The way to the service.
    pub transport: Arc<dyn Transport>,
    /// Who it is to the service.
    pub credentials: Arc<dyn CredentialSource>,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Where it says that it is ready.
    pub ready: Readiness,
    /// Told of each call that the API server answered with 403.
    pub refused: Arc<Notify>,
}

/// Runs until `stop` is ready, then finishes the passes that are under way. Dropping it ends everything at once.
pub async fn operate(
    settings: Settings,
    outside: Outside,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let flags = &settings.flags;
    let stop = stop.boxed().shared();
    let Outside { kube, transport, credentials, metrics, ready, refused } = outside;
    let limiters = Arc::new(Limiters::default());
    metrics.limited_by(limiters.clone());
    let limiter = Arc::new(clients::limiter(flags)?);
    let cloud = cloud::Client::over(transport, settings.cloud.clone(), credentials, limiter, metrics.clone());
    // Without credentials nothing can be done, in Kubernetes neither.
    cloud.key().await?;
    let begun = async { Ok::<_, RunError>((identity::identity(&kube, flags).await?, watch::config(&kube).await)) };
    // An API server that does not answer is waited for, but not by who asks the operator to end.
    let begun = tokio::select! {
        biased;
        () = stop.clone() => None,
        begun = begun => Some(begun?),
    };
    let Some((identity, config)) = begun else {
        tracing::info!("dataset-operator stopped");
        return Ok(());
    };
    let common = Arc::new(OperatorConfig {
        settle: flags.settle_time,
        list_lag: flags.list_lag,
        default_deletion: flags.default_deletion_policy,
        identity,
    });
    let index_settings = inventory::Settings {
        domains: common.identity.domains().to_vec(),
        resync: flags.resync,
        list_lag: flags.list_lag,
    };
    let (inventory, ends) = Inventory::new(index_settings);
    if let Some(workspace) = &flags.workspace_id {
        inventory.want(workspace, None);
    }
    let name = (accounts::DEFAULT, flags.region.as_deref().unwrap_or_default());
    tracing::info!(endpoint = cloud.endpoint(), account = name.0, "the dataset API is called here");
    let account = Account::open(name, cloud, inventory, limiters, flags.list_lag).await?;
    // Who is told to end does not wait for the name of the caller.
    tokio::select! {
        biased;
        () = stop.clone() => {}
        _ = account.ask() => {}
    }
    let (recorder, telling) =
        EventRecorder::new(kube.clone(), events::own_object(kube.default_namespace()), metrics.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(telling);
    tasks.spawn(rights::watch(kube.clone(), flags.namespaces.clone(), ready.clone(), refused));
    let slots = Arc::default();
    tasks.spawn(account.clone().identify());
    let accounts = Arc::new(Accounts::new(account.clone()));
    let parts = Parts { settings: settings.clone(), kube, account, accounts, config: common, slots, recorder, metrics };
    control(parts, config, ends, ready, stop).await;
    // The tasks end with their set.
    drop(tasks);
    tracing::info!("dataset-operator stopped");
    Ok(())
}

/// What the controllers are made of.
#[derive(Clone)]
struct Parts {
    settings: Settings,
    kube: kube::Client,
    /// That of the flags.
    account: Arc<Account>,
    accounts: Arc<Accounts>,
    config: Arc<OperatorConfig>,
    slots: Arc<Slots>,
    recorder: EventRecorder,
    metrics: Arc<Metrics>,
}

/// Runs both controllers until `asked` is ready and the passes under way have ended.
async fn control(
    parts: Parts,
    config: watcher::Config,
    ends: InventoryTasks,
    ready: Readiness,
    asked: impl Future<Output = ()> + Send + 'static,
) {
    let namespaces = parts.settings.flags.namespaces.clone();
    let (stop, stopped) = signal::channel(false);
    let (wake_datasets, datasets_woken) = mpsc::unbounded_channel();
    let (wake_versions, versions_woken) = mpsc::unbounded_channel();
    let workspace = parts.settings.flags.workspace_id.clone();
    health::begin(&ready, workspace.as_deref());
    let watched =
        health::watch(parts.account.inventory.clone(), ready.clone(), workspace, parts.account.inventory.turns());
    let kinship = Arc::new(Kinship::new(wake_datasets, wake_versions, parts.account.inventory.clone(), ready));
    let resync = parts.settings.flags.resync;
    let datasets = watch::watch::<Dataset>(&parts.kube, &namespaces, config.clone(), resync, kinship.clone());
    let versions = watch::watch::<DatasetVersion>(&parts.kube, &namespaces, config, resync, kinship.clone());
    let around = Arc::new(Around {
        datasets: datasets.store.clone(),
        versions: versions.store.clone(),
        family: kinship.family.clone(),
        inventory: parts.account.inventory.clone(),
        defaults: Defaults {
            workspace: parts.settings.flags.workspace_id.clone(),
            deletion: parts.settings.flags.default_deletion_policy,
        },
    });
    kinship.knows(&around);
    let (counted, relatives, everywhere) = (around.clone(), kinship.clone(), namespaces.is_empty());
    parts.metrics.count_with(move || counts::counts(&counted, &relatives, everywhere));
    let dataset_context = context::<Datasets>(&parts, &around, &kinship);
    let version_context = context::<DatasetVersions>(&parts, &around, &kinship);
    kinship.on_gone(&dataset_context, &version_context);
    let mut tasks = JoinSet::new();
    let lag = parts.settings.flags.list_lag;
    tasks.spawn(tidy(parts.accounts.clone(), dataset_context.clone(), version_context.clone(), lag));
    let inventory = parts.account.inventory.clone();
    tasks.spawn(async move { inventory.folded().log().await });
    tasks.spawn(watched);
    let (sweeps, woken, rounds) = ends.run(parts.account.inventory.clone(), parts.account.client.clone());
    tasks.spawn(sweeps);
    tasks.spawn(relay(woken, kinship.clone()));
    if everywhere {
        let namespace = parts.kube.default_namespace().to_owned();
        tasks.spawn(orphans::watch(
            parts.account.inventory.clone(),
            kinship.clone(),
            parts.recorder.clone(),
            namespace,
            rounds,
        ));
    }
    tasks.spawn(async move {
        asked.await;
        let _ = stop.send(true);
    });
    let concurrency = parts.settings.concurrency();
    tokio::join!(
        watch::drive(datasets, dataset_context, datasets_woken, concurrency, stopped.clone()),
        watch::drive(versions, version_context, versions_woken, concurrency, stopped),
    );
    // The tasks end with their set.
    drop(tasks);
}

fn context<K: Kind<Around = Around>>(parts: &Parts, around: &Arc<Around>, kinship: &Arc<Kinship>) -> Arc<Context<K>> {
    let (lives, neighbours) = (kinship.clone(), kinship.clone());
    let flags = &parts.settings.flags;
    Arc::new(Context {
        kube: parts.kube.clone(),
        accounts: parts.accounts.clone(),
        config: parts.config.clone(),
        states: ObjectStates::default(),
        around: around.clone(),
        lives_here: Arc::new(move |uid| lives.lives_here(Uid::of(uid))),
        definition: Definition::of::<K::Object>(parts.kube.clone()),
        neighbour: Arc::new(move |uid| neighbours.neighbour(uid)),
        slots: parts.slots.clone(),
        recorder: parts.recorder.clone(),
        metrics: parts.metrics.clone(),
        limits: Limits {
            send_deadline: flags.send_deadline,
            kube_call: Duration::from_secs(10),
            pass: Duration::from_secs(60) + flags.request_timeout * 4,
            resync: flags.resync,
        },
    })
}

/// Now and then, what need not be remembered is forgotten.
async fn tidy(
    accounts: Arc<Accounts>,
    datasets: Arc<Context<Datasets>>,
    versions: Arc<Context<DatasetVersions>>,
    list_lag: Duration,
) {
    let mut ticks = tokio::time::interval(Duration::from_secs(15));
    loop {
        ticks.tick().await;
        datasets.states.tidy(list_lag);
        versions.states.tidy(list_lag);
        accounts.iter().for_each(|account| account.inventory.tidy());
    }
}

/// What the inventory wants looked at goes to the controller of its kind.
async fn relay(mut woken: mpsc::UnboundedReceiver<ObjectKey>, kinship: Arc<Kinship>) {
    while let Some(key) = woken.recv().await {
        kinship.wake(&key);
    }
}

async fn until(mut stopped: signal::Receiver<bool>) {
    // An error means that nobody can ask any more, which is the end as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Ready once somebody asks the process to end. From now on that does not end it by itself.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Drains a stream of wake-ups into object references.
fn stream<T: Send + 'static>(receiver: mpsc::UnboundedReceiver<T>) -> impl futures::Stream<Item = T> + Send + 'static {
    futures::stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|item| (item, receiver))).boxed()
}
