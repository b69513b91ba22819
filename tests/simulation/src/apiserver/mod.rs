//! An API server in memory, for what the operator uses: our kinds with their status and definitions, ConfigMaps,
//! watches with bookmarks and streamed lists, events, `/version` and the namespace `kube-system`. The state is [`store`]; here it speaks
//! HTTP.

mod patch;
mod refusal;
mod route;
pub mod store;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use dataset_operator::operator;
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch as signal;
use tower::Layer as _;

pub use patch::Patch;
pub use refusal::Refusal;
use route::{Place, Route};
use store::{Deleted, Key, Part, Resource, Store};

/// The uid of `kube-system`.
pub const CLUSTER: &str = "6d5f1c3e-0000-4000-8000-00000000c1c1";

/// Lines of a watch as they come.
pub type Lines = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// A body of an answer.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// An answer.
pub enum Answer {
    /// All at once.
    Whole(Response<Bytes>),
    /// A watch.
    Watch(Lines),
}

/// A server. Clones are the same one.
#[derive(Clone)]
pub struct Apiserver(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    /// Moves with the store.
    revision: signal::Sender<u64>,
    minor: u32,
    clock: fn() -> Timestamp,
}

impl Apiserver {
    /// An empty server that says it is Kubernetes 1.`minor`, with this clock.
    pub fn new(minor: u32, clock: fn() -> Timestamp) -> Self {
        let store = Store::default();
        let revision = signal::Sender::new(store.revision());
        Self(Arc::new(Inner { store: Mutex::new(store), revision, minor, clock }))
    }

    /// The state, to look at.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state at the present time, and notifies the watches.
    pub fn change<T>(&self, act: impl FnOnce(&mut Store, &str) -> T) -> T {
        let now = (self.0.clock)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (done, revision) = {
            let mut store = self.store();
            let done = act(&mut store, &now);
            (done, store.revision())
        };
        self.0.revision.send_replace(revision);
        done
    }

    /// A client of it, with nothing in between.
    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        client_over(Arc::new(move |request| std::future::ready(Ok(server.answer(&request))).boxed()))
    }

    /// Answers a request.
    pub fn answer(&self, request: &Request<Bytes>) -> Answer {
        self.serve(request).unwrap_or_else(|refusal| Answer::refused(&refusal))
    }

    fn serve(&self, request: &Request<Bytes>) -> Result<Answer, Refusal> {
        let method = request.method().as_str();
        match (Route::of(request.uri().path()).ok_or_else(Refusal::no_path)?, method) {
            (Route::Version, "GET") => Ok(Answer::ok(&self.version())),
            (Route::System, "GET") => Ok(Answer::ok(&system())),
            (Route::Definition(name), "GET") => Ok(Answer::ok(&definition(name))),
            (Route::Events(name), "POST" | "PATCH") => self.event(method, name, request.body()),
            (Route::Objects(Place { resource, namespace, name: None, .. }), "GET") => {
                let query = watch::Query::of(request.uri().query().unwrap_or_default());
                if query.watch {
                    return watch::start(self, resource, namespace, &query).map(Answer::Watch);
                }
                Ok(Answer::ok(&self.list(resource, namespace, &query)))
            }
            (Route::Objects(Place { resource, namespace: Some(namespace), name: None, .. }), "POST") => {
                let object: Value = read(request.body())?;
                let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let key = Key { resource, namespace: namespace.to_owned(), name };
                let made = self.change(|store, now| store.create(&key, object, now))?;
                Ok(Answer::json(StatusCode::CREATED, &made))
            }
            (Route::Objects(Place { resource, namespace: Some(namespace), name: Some(name), part }), method) => {
                let key = Key { resource, namespace: namespace.to_owned(), name: name.to_owned() };
                self.one(&key, part, method, request)
            }
            _ => Err(Refusal::new(405, "MethodNotAllowed", "the server does not allow this method")),
        }
    }

    fn one(&self, key: &Key, part: Part, method: &str, request: &Request<Bytes>) -> Result<Answer, Refusal> {
        match method {
            "GET" => Ok(Answer::ok(self.store().get(key)?)),
            "PATCH" => {
                let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok());
                let patch = Patch::read(kind.unwrap_or_default(), request.body())?;
                Ok(Answer::ok(&self.change(|store, _| store.patch(key, part, &patch))?))
            }
            "DELETE" if part == Part::Main => Ok(match self.change(|store, now| store.delete(key, now))? {
                Deleted::Marked(object) => Answer::ok(&object),
                Deleted::Removed(object) => Answer::ok(&json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "details": {"name": key.name, "kind": key.resource.plural(), "uid": object["metadata"]["uid"]},
                })),
            }),
            _ => Err(Refusal::new(405, "MethodNotAllowed", "the server does not allow this method")),
        }
    }

    fn list(&self, resource: Resource, namespace: Option<&str>, query: &watch::Query) -> Value {
        let store = self.store();
        let items: Vec<&Value> = store.list(resource, namespace).filter(|object| query.takes(object)).collect();
        json!({
            "apiVersion": resource.api_version(), "kind": format!("{}List", resource.kind()),
            "metadata": {"resourceVersion": store.revision().to_string()}, "items": items,
        })
    }

    /// Stores an event; nothing reads it except the tests.
    fn event(&self, method: &str, name: Option<&str>, body: &[u8]) -> Result<Answer, Refusal> {
        let given: Value = read(body)?;
        let name = name.or_else(|| given["metadata"]["name"].as_str()).unwrap_or_default().to_owned();
        let events = &mut self.store().events;
        if method == "POST" {
            events.insert(name, given.clone());
            return Ok(Answer::json(StatusCode::CREATED, &given));
        }
        let event = events.get_mut(&name).ok_or_else(Refusal::no_path)?;
        json_patch::merge(event, &given);
        Ok(Answer::ok(event))
    }

    fn version(&self) -> Value {
        let minor = self.0.minor;
        json!({
            "major": "1", "minor": minor.to_string(), "gitVersion": format!("v1.{minor}.0"), "gitCommit": "",
            "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "",
            "platform": "memory",
        })
    }
}

fn system() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": CLUSTER}})
}

/// The metadata of a definition that stays.
fn definition(name: &str) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"name": name}})
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(&error.to_string()))
}

/// A request with its body.
async fn whole(request: Request<kube::client::Body>) -> Result<Request<Bytes>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
    Ok(Request::from_parts(parts, body))
}

impl Answer {
    fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    fn json(status: StatusCode, value: &Value) -> Self {
        let mut response = Response::new(Bytes::from(value.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        Self::Whole(response)
    }

    /// A refusal.
    pub fn refused(refusal: &Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::json(status, &refusal.status())
    }

    /// The same as HTTP libraries take it.
    pub fn into_response(self) -> Response<Body> {
        match self {
            Self::Whole(response) => {
                response.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
            }
            Self::Watch(lines) => {
                let frames = lines.map_ok(http_body::Frame::data);
                Response::new(StreamBody::new(frames).boxed_unsync())
            }
        }
    }
}

/// What carries requests to a server.
pub type Carrier = dyn Fn(Request<Bytes>) -> BoxFuture<'static, Result<Answer, std::io::Error>> + Send + Sync;

/// A client whose requests go through `carry`.
pub fn client_over(carry: Arc<Carrier>) -> kube::Client {
    let service = tower::service_fn(move |request| {
        let carry = carry.clone();
        async move { carry(whole(request).await?).await.map(Answer::into_response) }.boxed()
    });
    // As patient as the operator's own.
    kube::Client::new(operator::patience().layer(service), "default")
}

/// The lines and then nothing.
fn lines(lines: Vec<Bytes>) -> Lines {
    futures::stream::iter(lines.into_iter().map(Ok)).boxed()
}
