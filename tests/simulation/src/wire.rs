//! The connections between the operator and both servers, on which faults happen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dataset_operator::cloud::{Transport, Unanswered};
use dataset_operator::remote::mark::Identity;
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::apiserver::{Answer, CLUSTER, Lines, Refusal, client_over};
use crate::clock;
use crate::history::{Class, Entry, attempt_of};
use crate::kind::Kind;
use crate::life::Life;
use crate::refusal::{missing, refusal};
use crate::scenario::Side;
use crate::words::{cloud_call, kube_call, media_dataset};
use crate::world::World;

/// The delay of `late`: longer than the operator waits, and well before the settle time is over.
const LATE: Duration = Duration::from_secs(60);
/// How slow `slow` is.
const SLOW: Duration = Duration::from_secs(8);
/// When a copy of a request comes.
const COPY: Duration = Duration::from_secs(2);

/// What comes back.
enum Carried {
    Answer(Answer),
    Broken,
    Unconnected,
}

/// One call on its way.
#[derive(Clone)]
struct Call {
    world: Arc<World>,
    life: Life,
    side: Side,
    class: Class,
    request: Arc<Request<Bytes>>,
    /// Its place in the history.
    entry: usize,
}

/// An API server client of this life.
pub(crate) fn kube(world: &Arc<World>, life: &Life) -> kube::Client {
    let (world, life) = (world.clone(), life.clone());
    client_over(Arc::new(move |request| {
        let query = request.uri().query().unwrap_or_default();
        let (class, what) = kube_call(request.method().as_str(), request.uri().path(), query);
        let (world, life) = (world.clone(), life.clone());
        async move {
            match carry(world, life, Side::Kube, class, what, request).await {
                Carried::Answer(answer) => Ok(answer),
                Carried::Broken => Err(std::io::ErrorKind::ConnectionReset.into()),
                Carried::Unconnected => Err(std::io::ErrorKind::ConnectionRefused.into()),
            }
        }
        .boxed()
    }))
}

/// The domain of the simulated operator.
fn domain() -> String {
    Identity::new(&[], &[], CLUSTER).domains().first().cloned().unwrap_or_default()
}

/// The way to the service in this life.
pub(crate) struct Cloud {
    world: Arc<World>,
    life: Life,
}

impl Cloud {
    pub(crate) fn new(world: &Arc<World>, life: &Life) -> Self {
        Self { world: world.clone(), life: life.clone() }
    }
}

impl Transport for Cloud {
    fn execute(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, Unanswered>> {
        let (world, life) = (self.world.clone(), self.life.clone());
        async move {
            let request = plain(&request);
            let action = request.headers().get("x-acs-action").and_then(|action| action.to_str().ok());
            let action = action.unwrap_or_default();
            let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
            let (class, what) = cloud_call(action, path, query, &domain());
            match carry(world, life, Side::Cloud, class, what, request).await {
                Carried::Answer(Answer::Whole(response)) => Ok(reqwest::Response::from(response)),
                Carried::Answer(Answer::Watch(_)) => panic!("the service has no watches"),
                Carried::Broken => Err(Unanswered::Broken("connection reset".to_owned())),
                Carried::Unconnected => Err(Unanswered::NoConnection("connection refused".to_owned())),
            }
        }
        .boxed()
    }
}

/// The request as it would be on the wire.
fn plain(request: &reqwest::Request) -> Request<Bytes> {
    let url = request.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let body = request.body().and_then(|body| body.as_bytes()).map(Bytes::copy_from_slice).unwrap_or_default();
    let mut plain = Request::new(body);
    *plain.method_mut() = request.method().clone();
    *plain.uri_mut() = target.parse().unwrap();
    *plain.headers_mut() = request.headers().clone();
    plain
}

/// Carries a call to its server and the answer back. The server carries the call out even if the operator no longer waits.
async fn carry(
    world: Arc<World>,
    life: Life,
    side: Side,
    class: Class,
    what: String,
    request: Request<Bytes>,
) -> Carried {
    if !life.lives() {
        return std::future::pending().await;
    }
    let attempt = attempt_of(request.body()).filter(|_| class.writes());
    let (entry, fault) = world.begin(Entry { attempt, ..Entry::new(clock::elapsed(), life.number, class, what) }, side);
    let call = Call { world, life, side, class, request: Arc::new(request), entry };
    let (reply, replied) = oneshot::channel();
    tokio::spawn(async move {
        sleep(call.world.latency()).await;
        let carried = call.meet(fault).await;
        sleep(call.world.latency()).await;
        if let Some(carried) = carried {
            let _ = reply.send(carried);
        }
    });
    match replied.await {
        Ok(carried) => carried,
        // No answer ever comes.
        Err(_) => std::future::pending().await,
    }
}

impl Call {
    /// The answer with this fault; `None` is silence.
    async fn meet(&self, fault: Option<Kind>) -> Option<Carried> {
        let Some(fault) = fault.or_else(|| self.is_denied().then_some(Kind::Denied)) else {
            return Some(self.done().await);
        };
        match fault {
            Kind::Lost => Some(Carried::Broken),
            Kind::Silent => None,
            Kind::Unconnected => Some(Carried::Unconnected),
            Kind::AnswerLost => {
                self.done().await;
                Some(Carried::Broken)
            }
            Kind::AnswerSilent => {
                self.done().await;
                None
            }
            Kind::Late => {
                sleep(LATE).await;
                self.done().await;
                None
            }
            Kind::Slow => {
                sleep(SLOW).await;
                Some(self.done().await)
            }
            Kind::Twice => Some(self.copied().await),
            Kind::TwiceSecond => {
                self.done().await;
                Some(self.done().await)
            }
            Kind::Conflict
            | Kind::Throttled
            | Kind::ThrottledAfter
            | Kind::ThrottledDay
            | Kind::Forbidden
            | Kind::Unrouted
            | Kind::Unknown
            | Kind::Error
            | Kind::Unavailable => Some(Carried::Answer(refusal(self.side, fault, self.entry))),
            Kind::NotFound => {
                let (status, code) = match media_dataset(self.request.uri().query().unwrap_or_default()) {
                    Some(_) => (400, "ResourceNotFound"),
                    None => (404, "201300003"),
                };
                Some(Carried::Answer(missing(status, code)))
            }
            Kind::Denied => {
                if !self.is_denied() {
                    self.world.deny_writes();
                }
                Some(Carried::Answer(refusal(self.side, fault, self.entry)))
            }
            Kind::ErrorDone => {
                self.done().await;
                Some(Carried::Answer(refusal(self.side, Kind::Error, self.entry)))
            }
            Kind::Hollow => Some(match self.done().await {
                // A refusal stays a refusal: no fault turns it into a success.
                Carried::Answer(Answer::Whole(response)) if response.status().is_success() => {
                    Carried::Answer(Answer::Whole(Response::new(Bytes::from_static(b"{}"))))
                }
                other => other,
            }),
            Kind::Short => {
                self.world.shorten_lists();
                Some(self.done().await)
            }
            Kind::Garbled => Some(Carried::Answer(Answer::Whole(halved(Response::new(Bytes::from_static(WELL)))))),
            Kind::GarbledDone => Some(match self.done().await {
                Carried::Answer(Answer::Whole(response)) => Carried::Answer(Answer::Whole(halved(response))),
                other => other,
            }),
            Kind::CrashBefore => {
                self.life.end();
                None
            }
            Kind::CrashAfter => {
                self.done().await;
                self.life.end();
                None
            }
            Kind::Break => {
                self.cut(futures::stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]).boxed()).await
            }
            Kind::Expired => {
                let status = json!({"type": "ERROR", "object": Refusal::expired(1, 2).status()});
                self.cut(futures::stream::iter([Ok(Bytes::from(format!("{status}\n")))]).boxed()).await
            }
            other => panic!("{other} is no fault of a simulated call"),
        }
    }

    /// It is done, and a copy of it later. Nobody can know that a copy of an answered delete is still on its way, and a
    /// name may be used again by then, so the service refuses such copies in every world.
    async fn copied(&self) -> Carried {
        let answer = self.done().await;
        if !self.deletes_a_name() {
            let copy = self.clone();
            tokio::spawn(async move {
                sleep(COPY).await;
                copy.done().await;
            });
        }
        answer
    }

    /// A delete of a remote that is known by its name.
    fn deletes_a_name(&self) -> bool {
        let deletes = self.request.headers().get("x-acs-action").is_some_and(|action| action == "DeleteDataset");
        deletes && media_dataset(self.request.uri().query().unwrap_or_default()).is_some()
    }

    /// A write to an object while the API server refuses such writes.
    fn is_denied(&self) -> bool {
        let writes = self.class == Class::KubeWrite && !self.request.uri().path().ends_with("/status");
        writes && self.world.writes_are_denied()
    }

    /// The server carries it out.
    async fn done(&self) -> Carried {
        let answer = match self.side {
            Side::Kube => Some(self.world.apiserver.answer(&self.request)),
            Side::Cloud => self.world.evidence.cloud.call(Request::clone(&self.request)).await.map(Answer::Whole),
            Side::Seam => None,
        };
        let Some(mut answer) = answer else { return Carried::Broken };
        if let (Class::CloudRead, Answer::Whole(response)) = (self.class, &mut answer)
            && self.world.lists_are_short()
        {
            shorten(response);
        }
        let status = match &answer {
            Answer::Whole(response) => response.status().as_u16(),
            Answer::Watch(_) => 200,
        };
        self.world.evidence.said(self.entry, clock::elapsed(), status);
        if self.class == Class::CloudWrite {
            self.world.evidence.look_at_remotes();
        }
        Carried::Answer(answer)
    }

    /// A watch whose first line is followed by this.
    async fn cut(&self, rest: Lines) -> Option<Carried> {
        Some(match self.done().await {
            Carried::Answer(Answer::Watch(lines)) => Carried::Answer(Answer::Watch(lines.take(1).chain(rest).boxed())),
            other => other,
        })
    }
}

/// What half of is no answer of anybody.
const WELL: &[u8] =
    br#"{"DatasetId": "d-00000000", "kind": "Dataset", "apiVersion": "pai.dataset-operator.dev/v1alpha1"}"#;

/// The same list without its first item.
fn shorten(response: &mut Response<Bytes>) {
    let mut body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    for list in ["Datasets", "DatasetVersions", "DatasetFileMetas"] {
        if let Some(items) = body[list].as_array_mut().filter(|items| !items.is_empty()) {
            items.remove(0);
            *response.body_mut() = Bytes::from(body.to_string());
            return;
        }
    }
}

/// The same with half its body.
fn halved(response: Response<Bytes>) -> Response<Bytes> {
    response.map(|body| body.slice(..body.len() / 2))
}
