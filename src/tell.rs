//! Events, told on transitions only and outside the critical path: a full queue or a refused event costs a log
//! line, never a pass.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;

/// Events waiting to be written; more than this are dropped.
const QUEUE: usize = 256;
/// The API server refuses longer notes.
const NOTE: usize = 1000;

/// Where passes leave their events.
#[derive(Clone, Debug)]
pub struct Teller(mpsc::Sender<(Event, ObjectReference)>);

impl Teller {
    /// A teller, and the task that writes what it is told.
    pub fn new(client: kube::Client) -> (Self, impl Future<Output = ()>) {
        let (sender, mut receiver) = mpsc::channel::<(Event, ObjectReference)>(QUEUE);
        let recorder = Recorder::new(client, Reporter::from("dataset-operator".to_owned()));
        let task = async move {
            while let Some((event, object)) = receiver.recv().await {
                let publish = recorder.publish(&event, &object);
                match tokio::time::timeout(std::time::Duration::from_secs(10), publish).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::debug!(error = crate::spell::error(&error), "an event could not be written");
                    }
                    Err(_) => tracing::debug!("writing an event took too long"),
                }
            }
        };
        (Self(sender), task)
    }

    /// Tells one thing. `warning` for what a human should look at; `reason` in past tense CamelCase.
    pub fn tell(&self, object: ObjectReference, warning: bool, reason: &str, action: &str, note: &str) {
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason: reason.to_owned(),
            note: Some(note.chars().take(NOTE).collect()),
            action: action.to_owned(),
            secondary: None,
        };
        if self.0.try_send((event, object)).is_err() {
            tracing::debug!(reason, "an event was dropped: too many are waiting");
        }
    }
}
