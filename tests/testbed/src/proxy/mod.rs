//! The fault proxy: an HTTP/1.1 proxy, with or without TLS on both sides, that follows a script of rules.
//!
//! Promises: without a rule the proxy changes no byte, except that a watch is the last request of its connection; a
//! rule applies to exactly the requests that it names, in the order in which they come; every request is in the
//! [`Log`]; everything ends when the proxy is dropped.

mod answer;
mod connection;
mod log;
mod message;
mod rule;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Context, Result};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use answer::{Answer, Body};
pub use log::{Entry, Given, Log, Side};
pub use rule::{Act, End, Match, Part, Rule};
pub use stream::{Certificate, Upstream};

/// What all connections of a proxy share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) side: Side,
    pub(crate) upstream: Upstream,
    pub(crate) log: Log,
    rules: Arc<Mutex<Vec<Rule>>>,
    shut: Arc<AtomicU32>,
}

impl Shared {
    /// The rule for this request, if there is one.
    pub(crate) fn act(&self, method: &str, target: &str, operation: &str, body: &str) -> Option<Act> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter_mut().find_map(|rule| rule.strikes(method, target, operation, body).then(|| rule.act.clone()))
    }

    /// The next connections do not get beyond their first bytes.
    pub(crate) fn shut(&self, connections: u32) {
        self.shut.store(connections, Ordering::Release);
    }

    fn is_shut(&self) -> bool {
        self.shut.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
    }
}

/// A running proxy.
pub struct Proxy {
    address: SocketAddr,
    shared: Shared,
    /// All connections end when this is gone.
    _stop: watch::Sender<()>,
}

impl Proxy {
    /// Starts one on a free loopback port, with TLS if there is a certificate.
    pub async fn start(side: Side, upstream: Upstream, certificate: Option<Certificate>, log: Log) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("starting a proxy")?;
        let address = listener.local_addr().context("starting a proxy")?;
        let shared = Shared { side, upstream, log, rules: Arc::default(), shut: Arc::default() };
        let (stop, mut stopped) = watch::channel(());
        let serving = shared.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = serve(listener, certificate, serving) => {}
                _ = stopped.changed() => {}
            }
        });
        Ok(Self { address, shared, _stop: stop })
    }

    /// Starts one before a service without TLS, for a test that needs its rules and not its log.
    pub async fn before(service: SocketAddr) -> Result<Self> {
        Self::start(Side::Cloud, Upstream::plain(service), None, Log::default()).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a rule behind those that are there.
    pub fn add(&self, rule: Rule) {
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.shut(0);
    }

    /// The next connections do not get beyond their first bytes.
    pub fn shut(&self, connections: u32) {
        self.shared.shut(connections);
    }
}

/// Serves until it is dropped, and all connections with it.
async fn serve(listener: TcpListener, certificate: Option<Certificate>, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((tcp, _)) = accepted {
                    connections.spawn(welcome(tcp, certificate.clone(), shared.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn welcome(mut tcp: TcpStream, certificate: Option<Certificate>, shared: Shared) {
    let _ = tcp.set_nodelay(true);
    if shared.is_shut() {
        // Within the handshake, if there is one.
        let mut first = [0; 16];
        let _ = tcp.read(&mut first).await;
        let _ = tcp.set_zero_linger();
        return;
    }
    // A client that closes the connection early has ended the conversation.
    let _ = match certificate {
        None => connection::converse(Box::new(tcp), shared).await,
        Some(certificate) => match certificate.acceptor.accept(tcp).await {
            Ok(stream) => connection::converse(Box::new(stream), shared).await,
            Err(error) => Err(error),
        },
    };
}
