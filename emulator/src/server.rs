//! The network side: accepts connections, hands requests to the gateway, and carries out what it says about time and
//! connections.
//!
//! A call that arrived whole is carried out even if the client hangs up, as at a real service. All tasks end when the
//! sender of their `stop` channel says so or is gone.

pub(crate) mod connection;

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use connection::{Bytes, Connection};

use crate::control;
use crate::disk::Saved;
use crate::gateway::{Reply, Spoil, Step};
use crate::knobs::Garble;
use crate::metadata;
use crate::request::Request;
use crate::world::World;

/// Largest body of an API call.
const API_BODY_MAX: usize = 4 << 20;
/// Largest body of a control call: a whole state.
const CONTROL_BODY_MAX: usize = 1 << 30;
const JSON: &str = "application/json;charset=utf-8";

/// The world, shared by all connections.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world for a moment; never held across a wait.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // Whole replacements leave no half-changed world behind, so a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the world; what its answer must wait for.
    fn then_save<T>(&self, act: impl FnOnce(&mut World) -> T) -> (T, Option<Saved>) {
        let mut world = self.world();
        let done = act(&mut world);
        (done, world.save())
    }
}

/// Resolves when the emulator stops.
async fn stopped(mut stop: watch::Receiver<()>) {
    // A value and a dropped sender mean the same.
    let _ = stop.changed().await;
}

/// Serves until it is told to stop.
pub(crate) async fn serve(listener: TcpListener, shared: Shared, stop: watch::Receiver<()>) {
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(converse(stream, shared.clone(), stop.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: others must close before it can go on.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped(stop.clone()) => {}
    }
}

/// Serves one connection.
async fn converse(stream: TcpStream, shared: Shared, stop: watch::Receiver<()>) {
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Connection::new(stream, Arc::clone(&reset)));
    let task_stop = stop.clone();
    let service = service_fn(move |request| answer(request, shared.clone(), Arc::clone(&reset), task_stop.clone()));
    tokio::select! {
        ended = http1::Builder::new().header_read_timeout(None).serve_connection(io, service) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended early");
            }
        }
        () = stopped(stop) => {}
    }
}

/// A connection that ends without an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// By a fault on order.
    #[error("connection reset")]
    Reset,
    /// Because the emulator ends.
    #[error("connection closed")]
    Closed,
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Shared,
    reset: Arc<AtomicBool>,
    stop: watch::Receiver<()>,
) -> Result<Response<Bytes>, NoAnswer> {
    let (parts, body) = request.into_parts();
    let control = parts.uri.path().starts_with(control::PREFIX);
    let limit = if control { CONTROL_BODY_MAX } else { API_BODY_MAX };
    let Ok(body) = Limited::new(body, limit).collect().await else {
        let reply = br#"{"Code":"RequestEntityTooLarge","Message":"The body is too large or broke off."}"#;
        return Ok(respond(413, JSON, reply.to_vec()));
    };
    let body = body.to_bytes();
    if control {
        let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let request = Request::direct(parts.method.as_str(), &target, body);
        let control::Answer { status, content_type, body } = control::answer(&shared, &request);
        let saved = shared.world().save();
        if !kept(saved).await {
            return Err(NoAnswer::Closed);
        }
        return Ok(respond(status, content_type, body));
    }
    let request = Request::new(&parts, body);
    if request.path.starts_with(metadata::PREFIX) {
        let answered = metadata::answer(&mut shared.world(), &request);
        if let Some(control::Answer { status, content_type, body }) = answered {
            return Ok(respond(status, content_type, body));
        }
    }
    let answered = called(request, shared, stop).await;
    if let Err(NoAnswer::Reset) = answered {
        reset.store(true, Ordering::Release);
    }
    answered
}

/// Answers a call that arrived whole.
pub(crate) async fn called(
    request: Request,
    shared: Shared,
    stop: watch::Receiver<()>,
) -> Result<Response<Bytes>, NoAnswer> {
    // In a task of its own: this future is dropped when the client hangs up, but the call goes on.
    let Ok(Some((reply, spoil))) = tokio::spawn(decide(request, shared, stop)).await else {
        return Err(NoAnswer::Closed);
    };
    match spoil {
        None => Ok(respond_to_call(reply)),
        Some(Spoil::Garble(garble)) => Ok(garbled(reply, garble)),
        Some(Spoil::Drop) => {
            pending::<Infallible>().await;
            Err(NoAnswer::Closed)
        }
        Some(Spoil::Reset) => Err(NoAnswer::Reset),
    }
}

/// Takes a call through the gateway, waits included; `None` when the emulator stops or its disk fails meanwhile.
async fn decide(request: Request, shared: Shared, mut stopping: watch::Receiver<()>) -> Option<(Reply, Option<Spoil>)> {
    let (mut step, mut saved) = shared.then_save(|world| {
        let now_ms = (world.clock)();
        world.arrive(&request, now_ms)
    });
    loop {
        let delay_ms = match &step {
            Step::Send { delay_ms, .. } | Step::Wait { delay_ms, .. } => *delay_ms,
        };
        if delay_ms > 0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
                _ = stopping.changed() => return None,
            }
        }
        match step {
            Step::Send { reply, spoil, .. } => return kept(saved).await.then_some((reply, spoil)),
            Step::Wait { ticket, .. } => {
                (step, saved) = shared.then_save(|world| {
                    let now_ms = (world.clock)();
                    world.resume(&request, ticket, now_ms)
                });
            }
        }
    }
}

/// Waits for the data directory, if there is one; false when it failed.
async fn kept(saved: Option<Saved>) -> bool {
    match saved {
        Some(saved) => saved.kept().await,
        None => true,
    }
}

fn respond(status: u16, content_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    response
}

fn respond_to_call(reply: Reply) -> Response<Bytes> {
    let mut response = respond(reply.status, JSON, reply.body);
    let request_id = reply.request_id.and_then(|id| HeaderValue::try_from(id).ok());
    if let Some(request_id) = request_id {
        response.headers_mut().insert("x-acs-request-id", request_id);
    }
    if reply.retry_after_ms > 0 {
        response.headers_mut().insert("x-acs-retry-after", HeaderValue::from(reply.retry_after_ms));
    }
    if reply.retry_after_s > 0 {
        response.headers_mut().insert("retry-after", HeaderValue::from(reply.retry_after_s));
    }
    response
}

/// Half of the body, under a fitting or a too large `Content-Length`.
fn garbled(mut reply: Reply, garble: Garble) -> Response<Bytes> {
    let promised = reply.body.len();
    reply.body.truncate(promised / 2);
    let mut response = respond_to_call(reply);
    if garble == Garble::Short {
        response.headers_mut().insert("content-length", HeaderValue::from(promised));
        response.body_mut().cut_short();
    }
    response
}
