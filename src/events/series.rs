//! What to write for an event note: a new event, or one more occurrence of an event with the same text. Pure: it gets
//! the times as values.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use tokio::time::Instant;

use super::EventNote;
use crate::words::cut_bytes;

const CONTROLLER: &str = "dataset-operator";
/// A repeated text is counted on the event if it comes within this time after the last one.
const WINDOW: Duration = Duration::from_secs(360);
/// How many events are remembered. If there are more, all are forgotten, and a repeated text is a new event.
const MOST: usize = 4096;
/// The longest note that Kubernetes accepts, in bytes.
const NOTE: usize = 1024;
/// The longest name that Kubernetes accepts, in bytes.
const NAME: usize = 253;

/// Events that may still be repeated.
#[derive(Debug)]
pub(super) struct Series {
    instance: String,
    told: HashMap<u64, Repeated>,
    number: i128,
}

#[derive(Debug)]
struct Repeated {
    name: String,
    count: i32,
    last: Instant,
}

/// One write to the API server.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) event: Event,
    /// If the event exists already: the only part of it that changes.
    pub(super) series: Option<EventSeries>,
}

impl Series {
    /// `instance`: which of the operators with this name reports the event.
    pub(super) fn new(instance: Option<String>) -> Self {
        Self { instance: instance.unwrap_or_else(|| CONTROLLER.to_owned()), told: HashMap::new(), number: 0 }
    }

    /// The write for this note.
    pub(super) fn write(&mut self, told: &EventNote, now: Instant, time: Timestamp) -> Write {
        let key = key(told);
        let fresh = |repeated: &Repeated| now.saturating_duration_since(repeated.last) < WINDOW;
        if let Some(repeated) = self.told.get_mut(&key).filter(|repeated| fresh(repeated)) {
            repeated.count = repeated.count.saturating_add(1);
            repeated.last = now;
            let series = EventSeries { count: repeated.count, last_observed_time: MicroTime(time) };
            let event = event(told, repeated.name.clone(), &self.instance, time);
            return Write { event, series: Some(series) };
        }
        if self.told.len() >= MOST {
            self.told.retain(|_, repeated| fresh(repeated));
        }
        if self.told.len() >= MOST {
            self.told.clear();
        }
        // The number makes names unique within one moment.
        self.number += 1;
        let name = name(told.object.name.as_deref().unwrap_or(CONTROLLER), time.as_nanosecond() + self.number);
        self.told.insert(key, Repeated { name: name.clone(), count: 1, last: now });
        Write { event: event(told, name, &self.instance, time), series: None }
    }
}

/// Two notes with the same key are occurrences of one event.
fn key(EventNote { object, news, note }: &EventNote) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&object.kind, &object.namespace, &object.name, &object.uid, news, note).hash(&mut hasher);
    hasher.finish()
}

/// The name of an event: the name of its object, as far as there is room, and a number.
fn name(object: &str, number: i128) -> String {
    let number = format!("{number:x}");
    let room = NAME.saturating_sub(number.len() + 1);
    // Object names are ASCII.
    let object = object.get(..room).unwrap_or(object);
    format!("{}.{number}", object.trim_end_matches(['-', '.']))
}

fn event(EventNote { object, news, note }: &EventNote, name: String, instance: &str, time: Timestamp) -> Event {
    let ObjectReference { namespace, .. } = object;
    Event {
        metadata: ObjectMeta { name: Some(name), namespace: namespace.clone(), ..ObjectMeta::default() },
        event_time: Some(MicroTime(time)),
        type_: Some(if news.is_warning() { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(news.as_str().to_owned()),
        action: Some(news.action().to_owned()),
        note: Some(cut_bytes(note, NOTE)),
        regarding: Some(object.clone()),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::EventReason;

    fn told(name: &str, uid: &str, note: &str) -> EventNote {
        let object = ObjectReference {
            kind: Some("Dataset".into()),
            name: Some(name.into()),
            namespace: Some("ns".into()),
            uid: Some(uid.into()),
            ..ObjectReference::default()
        };
        EventNote { object, news: EventReason::Created.into(), note: note.into() }
    }

    fn name_of(write: &Write) -> &str {
        write.event.metadata.name.as_deref().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_text_is_a_new_event_and_the_same_one_is_counted_for_a_while() {
        let (mut series, time) = (Series::new(None), Timestamp::UNIX_EPOCH);
        let mut write = |told: &EventNote| series.write(told, Instant::now(), time);
        let first = write(&told("one", "u1", "d-1 was created"));
        assert!(first.series.is_none());
        let again = write(&told("one", "u1", "d-1 was created"));
        assert_eq!((again.series.as_ref().map(|series| series.count), name_of(&again)), (Some(2), name_of(&first)));
        for other in [told("one", "u1", "d-2 was created"), told("one", "u2", "d-1 was created")] {
            let write = write(&other);
            assert!(write.series.is_none() && name_of(&write) != name_of(&first), "{other:?}");
        }
        tokio::time::advance(WINDOW * 9 / 10).await;
        assert_eq!(write(&told("one", "u1", "d-1 was created")).series.unwrap().count, 3);
        tokio::time::advance(WINDOW).await;
        assert!(write(&told("one", "u1", "d-1 was created")).series.is_none(), "that was long ago");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_name_and_a_long_note_are_cut_to_what_kubernetes_takes() {
        let (mut series, time) = (Series::new(Some("pod-1".into())), "2026-11-29T00:00:00Z".parse().unwrap());
        for object in
            ["a".repeat(253), format!("{}-.b", "a".repeat(235)), format!("{}.{}", "a".repeat(200), "-".repeat(40))]
        {
            let write = series.write(&told(&object, "u", &"数".repeat(1000)), Instant::now(), time);
            let (name, note) = (name_of(&write).to_owned(), write.event.note.clone().unwrap());
            assert!(name.len() <= 253 && name.starts_with("aaa"), "{name}");
            let end = name.rsplit_once('.').unwrap().0;
            assert!(end.ends_with('a'), "{name}");
            assert!((1020..=1024).contains(&note.len()) && note.ends_with('…'), "{}", note.len());
            assert_eq!(write.event.reporting_instance.as_deref(), Some("pod-1"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded() {
        let mut series = Series::new(None);
        for number in 0..3 * MOST {
            series.write(&told("one", "u", &number.to_string()), Instant::now(), Timestamp::UNIX_EPOCH);
        }
        assert!(series.told.len() <= MOST);
    }
}
