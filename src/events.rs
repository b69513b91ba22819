//! Events: written when something was done or found, or when `Ready` turns to another reason. They are written outside
//! of reconciles, which never wait for them: if the queue is full an event is only counted, and a refused event costs a
//! log line.
//!
//! * A new text is a new event. The same text about the same object within six minutes is counted on the first event
//!   ([`series`]).
//! * When many objects turn at once, as in an outage, ten events a second are written. One event on the operator's own
//!   object has the number of those that were left out ([`gate`]).

mod gate;
mod series;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use crate::api::{EventReason, News};
use crate::environment::{self, variable};
use crate::lock::lock;
use crate::metrics::Metrics;
use crate::refusals::refuses;
use gate::Gate;
use series::{Series, Write};

/// Events waiting to be written; more than this are only counted.
const QUEUE: usize = 256;
/// The longest time that the write of an event may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One event to write about an object.
#[derive(Debug)]
struct EventNote {
    object: ObjectReference,
    news: News,
    note: String,
}

/// Takes the events of reconciles.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    sender: mpsc::Sender<EventNote>,
    gate: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    gate: Mutex<Gate>,
    left_out: Notify,
}

impl EventRecorder {
    /// A recorder, and the task that writes its events. The events that were left out are summed up on `own`.
    pub fn new(client: kube::Client, own: ObjectReference, metrics: Arc<Metrics>) -> (Self, impl Future<Output = ()>) {
        let (sender, mut receiver) = mpsc::channel::<EventNote>(QUEUE);
        let gate = Arc::<Shared>::default();
        let shared = gate.clone();
        let task = async move {
            let mut series = Series::new(std::env::var("POD_NAME").ok());
            loop {
                let due = lock(&shared.gate).due();
                let told = tokio::select! {
                    told = receiver.recv() => match told {
                        Some(told) => told,
                        None => return,
                    },
                    () = shared.left_out.notified() => continue,
                    () = until(due) => match lock(&shared.gate).sum_up() {
                        Some(note) => EventNote { object: own.clone(), news: EventReason::EventsLeftOut.into(), note },
                        None => continue,
                    },
                };
                let write = series.write(&told, Instant::now(), environment::now());
                match timeout(PATIENCE, publish(&client, write)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        if let kube::Error::Api(status) = &error
                            && refuses(status)
                        {
                            metrics.write_refused("Event", "event", status.code);
                        }
                        tracing::debug!(error = crate::words::error(&error), "an event could not be written");
                    }
                    Err(error) => tracing::debug!(%error, "writing an event took too long"),
                }
            }
        };
        (Self { sender, gate }, task)
    }

    /// Queues an event about an object. The note is cut at Kubernetes' limit.
    pub fn tell(&self, object: ObjectReference, news: impl Into<News>, note: &str) {
        let news = news.into();
        let told = EventNote { object, news, note: note.to_owned() };
        let mut gate = lock(&self.gate.gate);
        if !gate.admits(news, Instant::now()) || self.sender.try_send(told).is_err() {
            gate.leave_out(news, Instant::now());
            self.gate.left_out.notify_one();
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn publish(client: &kube::Client, write: Write) -> kube::Result<()> {
    let Write { event, series } = write;
    let events = Api::<Event>::namespaced(client.clone(), event.metadata.namespace.as_deref().unwrap_or("default"));
    if let Some(series) = series {
        let name = event.metadata.name.as_deref().unwrap_or_default();
        let patch = Patch::Merge(json!({"series": series}));
        match events.patch(name, &PatchParams::default(), &patch).await {
            // The event expired, or somebody deleted it, so it is created again.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            result => return result.map(drop),
        }
    }
    events.create(&PostParams::default(), &event).await.map(drop)
}

/// The object of events about the operator itself: its Pod if that is known (`POD_NAME`, `POD_NAMESPACE`, `POD_UID`),
/// otherwise the namespace that it works from.
pub fn own_object(default_namespace: &str) -> ObjectReference {
    match variable("POD_NAME") {
        Some(name) => ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            name: Some(name),
            namespace: Some(variable("POD_NAMESPACE").unwrap_or_else(|| default_namespace.to_owned())),
            uid: variable("POD_UID"),
            ..ObjectReference::default()
        },
        None => namespace(default_namespace),
    }
}

/// A namespace as the object of an event.
pub fn namespace(name: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Namespace".to_owned()),
        name: Some(name.to_owned()),
        namespace: Some(name.to_owned()),
        ..ObjectReference::default()
    }
}
