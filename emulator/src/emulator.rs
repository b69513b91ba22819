//! A running emulator, to embed in tests: everything that the control API can do, as plain calls.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::bill::Bill;
use crate::clock::now_ms;
use crate::credentials::{Credential, DEFAULT_ACCOUNT};
use crate::disk::{Disk, DiskError};
use crate::faults::Fault;
use crate::knobs::{Knobs, Rule};
use crate::ledger::{Ledger, LogLine, Stats};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::route;
use crate::server::{Shared, called, connection, serve};
use crate::state::{State, StateError};
use crate::store::dataset::Dataset;
use crate::store::job::Said;
use crate::world::World;

/// How long [`Emulator::stop`] waits for connections to close.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How an emulator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on; loopback by default.
    pub host: IpAddr,
    /// The port to listen on; 0 = a free one.
    pub port: u16,
    /// What dataset ids are derived from; absent = random.
    pub seed: Option<u64>,
    /// Who may call.
    pub credentials: Vec<Credential>,
    /// The knobs at the start, among them `auth` and `default_workspace`.
    pub knobs: Knobs,
    /// A state to start from; its parts come before the other options.
    pub state: Option<State>,
    /// Where datasets, versions, seed and next id are kept; absent = nowhere. One that was used before comes before
    /// `seed` and the datasets of `state`.
    pub data_dir: Option<PathBuf>,
    /// The time of day, in milliseconds since 1970; by default the machine's. Delays follow the runtime's clock.
    pub clock: fn() -> i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            seed: None,
            credentials: Credential::defaults(),
            knobs: Knobs::default(),
            state: None,
            data_dir: None,
            clock: now_ms,
        }
    }
}

/// An emulator that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The state to start from cannot be.
    #[error(transparent)]
    State(#[from] StateError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A call of [`Emulator::console`] that was refused, as the service words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// `Code`.
    pub code: String,
    /// `Message`.
    pub message: String,
}

/// A running emulator. Dropping it stops it too, without waiting until it has.
#[derive(Debug)]
pub struct Emulator {
    /// Port 0 if no client can connect.
    address: SocketAddr,
    shared: Shared,
    /// All tasks of the emulator hold a receiver, and end when this says so or is gone.
    stop: watch::Sender<()>,
}

/// The world that the options describe.
fn world(options: Options) -> Result<World, StartError> {
    let Options { seed, credentials, knobs, state, data_dir, clock, .. } = options;
    let given = state.unwrap_or_default();
    let mut world = World::new(State {
        seed: given.seed.or(seed),
        credentials: given.credentials.or(Some(credentials)),
        knobs: given.knobs.or(Some(knobs)),
        ..given
    })?;
    world.clock = clock;
    if let Some(directory) = data_dir {
        let (disk, kept) = Disk::open(&directory)?;
        world.keep_on(disk, kept);
    }
    Ok(world)
}

impl Emulator {
    /// Starts one; when this returns it takes connections.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let wanted = SocketAddr::new(options.host, options.port);
        let world = world(options)?;
        let listening = TcpListener::bind(wanted).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listening.map_err(|source| StartError::Listen { address: wanted, source })?;
        let shared = Shared::new(world);
        let (stop, stopped) = watch::channel(());
        tokio::spawn(serve(listener, shared.clone(), stopped));
        Ok(Self { address, shared, stop })
    }

    /// Starts one without a port: calls come by [`Emulator::call`] alone.
    pub fn without_port(options: Options) -> Result<Self, StartError> {
        let address = SocketAddr::new(options.host, 0);
        let shared = Shared::new(world(options)?);
        Ok(Self { address, shared, stop: watch::channel(()).0 })
    }

    /// Takes a request of the API as if it had come over a connection, and answers it in its time, from within a
    /// runtime. `None`: the connection ended without an answer. A call goes on when its future is dropped.
    pub async fn call(&self, request: hyper::Request<Bytes>) -> Option<hyper::Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let call = called(Request::new(&parts, body), self.shared.clone(), self.stop.subscribe());
        call.await.ok().map(|answer| answer.map(connection::Bytes::into_inner))
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`, what clients take as endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops: closes all connections, answered or not, frees the port and the data directory, and forgets delayed
    /// calls.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        // Resolves when the last receiver is gone, and with it the last task.
        if tokio::time::timeout(STOP_TIMEOUT, self.stop.closed()).await.is_err() {
            tracing::warn!("some connections did not close in time");
        }
        let disk = self.shared.world().disk.take();
        // Closing it waits for the last write.
        let _ = tokio::task::spawn_blocking(move || drop(disk)).await;
    }

    /// Resolves when the data directory cannot be written any more. The emulator answers no call from then on, because
    /// it could not keep what it says.
    pub async fn disk_failed(&self) {
        let watch = self.shared.world().disk.as_ref().map(Disk::watch);
        match watch {
            Some(watch) => drop(watch.kept().await),
            None => pending().await,
        }
    }

    /// Everything but log and counts. Starting with it goes on where this one is.
    pub fn state(&self) -> State {
        self.shared.world().state()
    }

    /// Puts the parts that are there in the place of the present ones; if one is wrong, none.
    pub fn set_state(&self, state: State) -> Result<(), StateError> {
        let mut world = self.shared.world();
        world.set_state(state)?;
        world.save();
        Ok(())
    }

    /// Replaces all credentials.
    pub fn set_credentials(&self, credentials: Vec<Credential>) {
        self.shared.world().credentials = credentials.into_iter().map(Arc::new).collect();
    }

    /// Adds a key.
    pub fn add_credential(&self, credential: Credential) {
        self.shared.world().credentials.push(Arc::new(credential));
    }

    /// From now on nobody has this key. Sessions that were made with it stay valid until their end, as those of STS do.
    pub fn revoke_key(&self, access_key_id: &str) {
        self.shared.world().credentials.retain(|known| known.access_key_id != access_key_id);
    }

    /// Back to how it started: state, log, counts, nonces.
    pub fn reset(&self) {
        let mut world = self.shared.world();
        world.reset();
        world.save();
    }

    /// The knobs.
    pub fn knobs(&self) -> Knobs {
        self.shared.world().knobs.clone()
    }

    /// Turns knobs.
    pub fn set_knobs(&self, turn: impl FnOnce(&mut Knobs)) {
        turn(&mut self.shared.world().knobs);
    }

    /// The faults on order.
    pub fn faults(&self) -> Vec<Fault> {
        self.shared.world().faults.list().to_vec()
    }

    /// Orders more faults, behind those on order.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.world().faults.append(faults.into_iter().collect());
    }

    /// Calls off all faults.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// The request log, oldest line first.
    pub fn log(&self) -> Vec<LogLine> {
        self.log_after(0)
    }

    /// The lines of the request log after this number.
    pub fn log_after(&self, seq: u64) -> Vec<LogLine> {
        self.shared.world().ledger.after(seq).collect()
    }

    /// Calls per operation.
    pub fn stats(&self) -> Stats {
        self.shared.world().ledger.stats().clone()
    }

    /// What the calls so far cost by the vendor's price list.
    pub fn bill(&self) -> Bill {
        Bill::of(self.shared.world().ledger.stats())
    }

    /// Empties log, stats and bill; everything else stays.
    pub fn clear_log(&self) {
        self.shared.world().ledger = Ledger::default();
    }

    /// All datasets in order of creation.
    pub fn datasets(&self) -> Vec<Dataset> {
        self.shared.world().store.all().iter().map(|dataset| dataset.plain()).collect()
    }

    /// One dataset.
    pub fn dataset(&self, id: &str) -> Option<Dataset> {
        self.shared.world().store.get(id).map(|dataset| dataset.plain())
    }

    /// Makes a job say this from now on, whatever its clock says; false when there is no such job.
    pub fn tell_job(&self, id: &str, said: Said) -> bool {
        let mut world = self.shared.world();
        let told = world.tell_job(id, said);
        world.save();
        told
    }

    /// Does what a person does in the vendor's console: carries out an operation at once as an administrator of the
    /// first credential's account. Not signed, not throttled, not hit by faults, neither logged nor counted.
    ///
    /// `target` is a path with its query such as `/api/v1/datasets/d-1`; `body` is not sent when it is `null`.
    pub fn console(&self, method: &str, target: &str, body: &Value) -> Result<Value, Refused> {
        let mut world = self.shared.world();
        let first = world.credentials.first();
        let account = first.map_or_else(|| DEFAULT_ACCOUNT.to_owned(), |known| known.account_id.clone());
        let admin =
            Credential { user_id: account.clone(), account_id: account, ..Credential::access_key("console", "") };
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request::direct(method, target, body);
        let call = route(&request, Rule::Accept).ok_or(Refusal::ApiNotFound);
        let done = call.and_then(|call| {
            let now_ms = (world.clock)();
            world.perform(&request, &call, &Arc::new(admin), now_ms)
        });
        world.save();
        done.map(|done| done.answer.tree()).map_err(|refusal| {
            let worded = refusal.worded(&world.knobs);
            Refused { status: worded.status, code: worded.code, message: worded.message }
        })
    }
}
