//! The running operator: clients, inventory and controllers, connected, started and stopped in order.

mod clients;
mod controllers;
mod counts;
mod election;
mod handler;
mod health;
mod identity;
mod merged;
mod orphans;
mod provider_configs;
mod rewind;
mod rights;
mod unparsable;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::watcher;
use tokio::sync::{Notify, mpsc, oneshot, watch as signal};
use tokio::task::JoinSet;

use crate::accounts::{self, Account, Accounts, Configs, Opened, Opener, Stores};
use crate::admin::{self, Readiness};
use crate::cloud::{self, CredentialError, CredentialSource, Limiters, Transport};
use crate::events::{self, EventRecorder};
use crate::fence::Fence;
use crate::inventory::inventories::Inventories;
use crate::inventory::{self, ObjectName};
use crate::kinds;
use crate::metrics::Metrics;
use crate::plan::view::OperatorConfig;
use crate::reconcile::context::{Context, Limits};
use crate::reconcile::definition::Definition;
use crate::reconcile::kind::Managed;
use crate::reconcile::left_behind::LeftBehind;
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::named::{self, NamedObjects};
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::queued::Slots;
use crate::reconcile::references::References;
use crate::reconcile::shares::Shares;
use crate::settings::Settings;
use clients::OfConfigs;
use controllers::{Controllers, tidy};
use election::Candidate;
use handler::{Shared, Wakers};
use provider_configs::Keeper;

pub use clients::patience;

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The runtime cannot start, or a port is taken.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The API server cannot be reached or refuses access.
    #[error("Kubernetes: {}", crate::words::error(.0))]
    Kube(#[from] kube::Error),
    /// The owner domain is not known.
    #[error(
        "the uid of the namespace kube-system, which is the owner domain unless another one is given, cannot be read: {0}; \
         let the operator get that namespace (deploy/kustomize/base/rbac.yaml), or set --owner-domain \
         (DATASET_OPERATOR_OWNER_DOMAIN): to that uid if the operator worked here before, otherwise to a name that no \
         other cluster has, such as a UUID"
    )]
    NoDomain(String),
    /// The proxy of the API server cannot be used.
    #[error("proxy-url of the kubeconfig, or HTTPS_PROXY: {0}")]
    Proxy(cloud::ProxyError),
    /// There is no usable kubeconfig, and the process is not in a cluster.
    #[error("no Kubernetes configuration: {0}")]
    Config(#[from] kube::config::InferConfigError),
    /// The credentials are missing or unusable.
    #[error("{0}")]
    Credentials(#[from] cloud::CallError),
    /// The variables for the credentials do not fit together.
    #[error("{0}")]
    Source(#[from] CredentialError),
    /// The client cannot be set up.
    #[error("{0}")]
    Client(#[from] cloud::ClientError),
    /// The limit cannot be used.
    #[error("{0}")]
    Qps(#[from] cloud::QpsError),
    /// Another replica has the lease, or it could not be renewed.
    #[error("the lease {} is lost; this process ends, so that only its holder works", election::LEASE)]
    LeaseLost,
}

/// Runs until SIGTERM or SIGINT, then finishes the reconciles that are under way.
///
/// One thread is enough: the account's rate limit keeps it busy for a small part of the time, and with more threads
/// most of the work would be to wake each other.
pub fn run(settings: Settings) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve(settings));
    // The process does not wait for a name lookup that is still running.
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
    let fence = if flags.leader_elect { Fence::closed() } else { Fence::open() };
    let transport = cloud::network(&settings.cloud, fence.clone())?;
    let style = clients::bearer_style(flags.endpoint_form);
    let dependencies = Dependencies {
        kube: clients::kube_client(&settings, &metrics, &refused, fence.clone()).await?,
        leases: clients::kube_client(&settings, &metrics, &refused, Fence::open()).await?,
        fence,
        credentials: cloud::credentials_of_process(style, &transport, &settings.cloud)?,
        transport,
        metrics,
        ready,
        refused,
    };
    tokio::select! {
        result = operate(settings, dependencies, stop) => result,
        failed = admin => failed.unwrap_or_else(|gone| Err(std::io::Error::other(gone))).map_err(Into::into),
    }
}

/// The dependencies of an operator, which its caller provides.
pub struct Dependencies {
    /// The API server. Sends nothing that changes something while `fence` does not hold.
    pub kube: kube::Client,
    /// The API server for the election alone.
    pub leases: kube::Client,
    /// Closed as long as this replica does not hold the lease; open without leader election.
    pub fence: Fence,
    /// The transport to the service.
    pub transport: Arc<dyn Transport>,
    /// The source of its credentials for the service.
    pub credentials: Arc<dyn CredentialSource>,
    /// The metrics that it updates.
    pub metrics: Arc<Metrics>,
    /// Its readiness.
    pub ready: Readiness,
    /// Notified of each call that the API server answered with 403.
    pub refused: Arc<Notify>,
}

/// Runs until `stop` is ready, then finishes the reconciles that are under way. Dropping the future ends everything at
/// once.
pub async fn operate(
    settings: Settings,
    dependencies: Dependencies,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let flags = &settings.flags;
    let stop = stop.boxed().shared();
    let Dependencies { kube, leases, fence, transport, credentials, metrics, ready, refused } = dependencies;
    let limiters = Arc::new(Limiters::default());
    metrics.limited_by(limiters.clone());
    let limits = clients::limits(flags)?;
    let limiter = clients::limiter(flags, &limits);
    let of_configs = Arc::new(clients::OfConfigs {
        settings: settings.clone(),
        transport: transport.clone(),
        fence: fence.clone(),
        metrics: metrics.clone(),
    });
    let (own, lacking) = (credentials.clone(), clients::lacking(&credentials).await);
    let used = lacking.clone().map_or(credentials, |lacking| lacking as Arc<dyn CredentialSource>);
    let cloud = cloud::Client::over(transport, fence.clone(), settings.cloud.clone(), used, limiter, metrics.clone());
    // Credentials that cannot be read are told before anything is done, even in Kubernetes.
    if lacking.is_none() {
        cloud.key().await?;
    }
    let begun = async { Ok::<_, RunError>((identity::identity(&kube, flags).await?, watch::config(&kube).await)) };
    // The operator waits for an API server that does not answer, but ends at once when asked to.
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
    let (inventories, ends) = Inventories::new(index_settings);
    if let Some(workspace) = &flags.workspace_id {
        inventories.flags().want(workspace, None);
    }
    let name = (accounts::DEFAULT, flags.region.as_deref().unwrap_or_default());
    tracing::info!(endpoint = cloud.endpoint(), account = name.0, "the dataset API is called here");
    let inventory = inventories.flags().clone();
    let account = Account::open(name, (cloud, limits), inventory, limiters.clone(), flags.list_lag, lacking).await?;
    let place = flags.leader_elect.then(|| election::namespace(&leases));
    let candidate = place.clone().map(|namespace| Candidate::new(leases, namespace, flags, fence));
    let (recorder, telling) =
        EventRecorder::new(kube.clone(), events::own_object(kube.default_namespace()), metrics.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(telling);
    tasks.spawn(rights::watch(kube.clone(), flags.namespaces.clone(), place, ready.clone(), refused));
    let slots = Arc::default();
    let (changed, configs_changed) = mpsc::unbounded_channel();
    let every = (&config, flags.resync);
    let (stores, listed) = provider_configs::watch(&kube, &flags.namespaces, every, &changed, &ready, &mut tasks);
    let configs = Arc::new(Configs::new(stores.clone(), flags.region.clone().unwrap_or_default()));
    let (opens, opening) = mpsc::unbounded_channel();
    // The receiver is there.
    let _ = opens.send((account.clone(), ends));
    let clients = of_configs.clone();
    let makes_accounts = Opener {
        configs: configs.clone(),
        client: Arc::new(move |spec, region, credentials| clients.client(spec, region, credentials)),
        inventories: inventories.clone(),
        limiters,
        list_lag: flags.list_lag,
        opened: opens,
    };
    let accounts = Arc::new(Accounts::new(account, Some(makes_accounts)));
    let known = Known { stores, listed, configs, changed: (changed, configs_changed), clients: of_configs, own };
    let parts =
        Parts { settings: settings.clone(), kube, inventories, accounts, config: common, slots, recorder, metrics };
    let result = control(parts, candidate, config, (opening, known), ready, stop).await;
    // Dropping the set ends its tasks.
    drop(tasks);
    tracing::info!("dataset-operator stopped");
    result
}

/// The parts that the controllers are built from.
#[derive(Clone)]
struct Parts {
    settings: Settings,
    kube: kube::Client,
    inventories: Arc<Inventories>,
    accounts: Arc<Accounts>,
    config: Arc<OperatorConfig>,
    slots: Arc<Slots>,
    recorder: EventRecorder,
    metrics: Arc<Metrics>,
}

/// What is known of the configs, and what it takes to keep them.
struct Known {
    stores: Stores,
    listed: provider_configs::Listed,
    configs: Arc<Configs>,
    changed: (mpsc::UnboundedSender<ObjectName>, mpsc::UnboundedReceiver<ObjectName>),
    clients: Arc<OfConfigs>,
    own: Arc<dyn CredentialSource>,
}

/// Runs all controllers until `asked` is ready and the reconciles under way have ended, or until the lease is lost. They
/// watch from the beginning; reconciles, and all other tasks that call the service or write, begin once this replica holds
/// the lease.
async fn control(
    parts: Parts,
    mut candidate: Option<Candidate>,
    config: watcher::Config,
    (mut opening, mut known): (mpsc::UnboundedReceiver<Opened>, Known),
    ready: Readiness,
    asked: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let flags = &parts.settings.flags;
    let (stop, stopped) = signal::channel(false);
    let (begin, beginning) = oneshot::channel();
    let term = watch::term(beginning);
    let workspace = flags.workspace_id.clone();
    let mut controllers = Controllers::default();
    kinds::for_each(&mut controllers);
    let Controllers { live, wakers, states, starts } = controllers;
    ready.needs(live.stores().map(|store| (store.kind(), admin::LISTING)));
    let lookups = Arc::new(Lookups {
        live,
        references: References::default(),
        named: NamedObjects::default(),
        inventories: parts.inventories.clone(),
        configs: known.configs.clone(),
        defaults: Defaults { workspace: workspace.clone(), deletion: flags.default_deletion_policy },
    });
    // Looked up each time, as an account gets another limiter once its id is known.
    let (wakers, accounts) = (Arc::new(wakers), parts.accounts.clone());
    let forget = Arc::new(move |uid: &str| accounts.forget(uid));
    let shared = Shared { lookups: lookups.clone(), wakers: wakers.clone(), forget, ready: ready.clone() };
    let (counted, everywhere) = (lookups.clone(), flags.namespaces.is_empty());
    parts.metrics.count_with(move || counts::counts(&counted, everywhere));
    let mut tasks = JoinSet::new();
    tasks.spawn(tidy(states, parts.inventories.clone(), flags.list_lag));
    let waker = wakers.clone();
    let to_keeper = known.changed.0.clone();
    let wake: Arc<dyn Fn(ObjectName) + Send + Sync> = Arc::new(move |object: ObjectName| {
        if provider_configs::is_one(&object) {
            // The receiver is dropped only while the process ends.
            let _ = to_keeper.send(object);
        } else {
            wakers.wake(object);
        }
    });
    let keeper_wakes = wake.clone();
    tasks.spawn(named::watch::<ConfigMap>(parts.kube.clone(), lookups.clone(), wake.clone()));
    tasks.spawn(named::watch::<Secret>(parts.kube.clone(), lookups.clone(), wake));
    tasks.spawn(async move {
        asked.await;
        let _ = stop.send(true);
    });
    let controllers: Vec<_> =
        starts.into_iter().map(|start| start(&parts, &shared, config.clone(), term.clone(), stopped.clone())).collect();
    let lead = async {
        if let Some(candidate) = &mut candidate {
            candidate.acquire(&parts.recorder, &parts.metrics).await;
        }
        health::begin(&ready, workspace.as_deref());
        let own = parts.inventories.flags().clone();
        tasks.spawn(health::watch(own.clone(), ready.clone(), workspace, own.turns()));
        provider_configs::listed(&mut known.listed).await;
        let keeper = Keeper {
            kube: parts.kube.clone(),
            stores: known.stores,
            lookups: lookups.clone(),
            accounts: parts.accounts.clone(),
            clients: known.clients,
            own: known.own,
            style: clients::bearer_style(flags.endpoint_form),
            namespace: parts.kube.default_namespace().to_owned(),
            resync: flags.resync,
            open: Mutex::default(),
            wake: keeper_wakes,
        };
        tasks.spawn(keeper.run(known.changed.1));
        let (recorder, namespace) = (parts.recorder.clone(), parts.kube.default_namespace().to_owned());
        let orphans = everywhere.then_some((lookups, recorder, namespace));
        tasks.spawn(async move {
            // The account of the flags comes first, and reconciles begin once its caller was asked for.
            let (mut tasks, mut begin) = (JoinSet::new(), Some(begin));
            while let Some(opened) = opening.recv().await {
                work_for(opened, &waker, orphans.as_ref(), begin.take(), &mut tasks);
            }
        });
        match &mut candidate {
            Some(candidate) => candidate.keep(&parts.metrics).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = join_all(controllers) => {}
        () = lead => return Err(RunError::LeaseLost),
    }
    // Nothing is under way any more: dropping the set ends its tasks.
    drop(tasks);
    if let Some(candidate) = candidate {
        candidate.release(&parts.metrics).await;
    }
    Ok(())
}

/// Begins what is always done for an account: lists, wake-ups, its caller, and the reports of its orphans.
fn work_for(
    (account, ends): Opened,
    wakers: &Arc<Wakers>,
    orphans: Option<&(Arc<Lookups>, EventRecorder, String)>,
    begin: Option<oneshot::Sender<()>>,
    tasks: &mut JoinSet<()>,
) {
    let inventory = account.inventory.clone();
    let (sweeps, woken, rounds) = ends.run(inventory.clone(), account.client.clone());
    tasks.spawn(sweeps);
    tasks.spawn(wakers.clone().relay(woken));
    if let Some((lookups, recorder, namespace)) = orphans.cloned() {
        tasks.spawn(orphans::watch(inventory.clone(), lookups, recorder, namespace, rounds));
    }
    tasks.spawn(async move { inventory.folded().log().await });
    tasks.spawn(async move {
        if let Some(begin) = begin {
            account.ask().await;
            // The receiver is dropped only while the process ends.
            let _ = begin.send(());
        }
        account.identify().await;
    });
}

fn context<O: Managed>(
    parts: &Parts,
    shared: &Shared,
    states: Arc<ObjectStates>,
    stopped: signal::Receiver<bool>,
) -> Arc<Context> {
    let flags = &parts.settings.flags;
    Arc::new(Context {
        kube: parts.kube.clone(),
        accounts: parts.accounts.clone(),
        config: parts.config.clone(),
        states,
        lookups: shared.lookups.clone(),
        definition: Definition::of::<O>(parts.kube.clone()),
        left_behind: LeftBehind::new(parts.kube.clone(), parts.kube.default_namespace(), flags.left_behind_after),
        shares: Shares::new(parts.settings.concurrency()),
        slots: parts.slots.clone(),
        recorder: parts.recorder.clone(),
        metrics: parts.metrics.clone(),
        everywhere: flags.namespaces.is_empty(),
        limits: Limits {
            send_deadline: flags.send_deadline,
            resync: flags.resync,
            kube_call: Duration::from_secs(10),
            pass: Duration::from_secs(60) + flags.request_timeout * 4,
        },
        stopped,
    })
}

/// Ready once somebody asks the process to end. From the call on, these signals do not end the process by themselves.
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
