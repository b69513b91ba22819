//! The observer: one watch on the objects of a kind in a namespace that stamps when each became Ready (a job: Complete). It reads no more of an
//! object than that takes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use kube::Client;
use serde::Deserialize;
use testbed::{Context as _, Error, Result};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::objects::{self, Kind};

/// What was seen of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sight {
    /// When it first was Ready for its generation.
    pub(crate) ready: Option<Instant>,
    /// The newest generation for which it was Ready, and since when.
    pub(crate) settled: Option<(i64, Instant)>,
    /// When it was gone.
    pub(crate) gone: Option<Instant>,
}

/// What was seen of all.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// By number.
    pub(crate) objects: Vec<Sight>,
    /// How many were Ready at least once.
    pub(crate) ready: usize,
    /// How many are gone.
    pub(crate) gone: usize,
    /// Why the watch ended, if it did.
    broken: Option<Error>,
}

impl Seen {
    /// The object of this number.
    pub(crate) fn object(&self, index: usize) -> Sight {
        self.objects.get(index).copied().unwrap_or_default()
    }
}

struct Shared {
    /// The condition that makes an object count as Ready.
    reached: &'static str,
    seen: Mutex<Seen>,
    changed: Notify,
}

impl Shared {
    fn of(kind: Kind) -> Self {
        Self { reached: kind.reached(), seen: Mutex::default(), changed: Notify::new() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches until it is dropped.
pub(crate) struct Observer {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Observer {
    /// Watches from now on; what exists already is seen when it changes.
    pub(crate) async fn start(client: &Client, kind: Kind, namespace: &str) -> Result<Self> {
        let (path, listing) = (kind.path(namespace), format!("listing {}s", kind.name()));
        let first = client.request_text(objects::get(&format!("{path}?limit=1"))?).await.context(&listing)?;
        let first: List = serde_json::from_str(&first).context(&listing)?;
        let shared = Arc::new(Shared::of(kind));
        let (client, for_task) = (client.clone(), shared.clone());
        let task = tokio::spawn(async move {
            let ended = watch(&client, &path, first.metadata.resource_version, &for_task).await;
            for_task.seen().broken = ended.err();
            for_task.changed.notify_waiters();
        });
        Ok(Self { shared, task })
    }

    /// A look at what was seen so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen())
    }

    /// Waits until `done`, at most until `deadline`; says whether it was. Fails if the watch broke.
    pub(crate) async fn until(&self, deadline: Instant, done: impl Fn(&Seen) -> bool) -> Result<bool> {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let seen = self.shared.seen();
                if let Some(error) = &seen.broken {
                    return Err(error.clone());
                }
                if done(&seen) {
                    return Ok(true);
                }
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Ok(self.look(done));
            }
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches for ever, from one connection to the next.
async fn watch(client: &Client, path: &str, mut version: String, shared: &Shared) -> Result<()> {
    loop {
        let url = format!("{path}?watch=1&allowWatchBookmarks=true&resourceVersion={version}");
        let stream = client.request_stream(objects::get(&url)?).await.context("watching")?;
        let mut lines = stream.lines();
        // A connection that breaks is followed by the next one, which begins where this one ended.
        while let Ok(Some(line)) = lines.try_next().await {
            version = take(&line, shared)?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes down what an event shows; answers its resource version.
fn take(line: &str, shared: &Shared) -> Result<String> {
    let event: Event<'_> = serde_json::from_str(line).context("reading an event")?;
    if event.kind == "ERROR" {
        return Err(Error::new(format!("the watch ended: {line}")));
    }
    let metadata = event.object.metadata;
    if let Some(index) = metadata.name.and_then(objects::index) {
        let mut seen = shared.seen();
        if seen.objects.len() <= index {
            seen.objects.resize(index + 1, Sight::default());
        }
        let now = Instant::now();
        let settled =
            event.object.status.is_some_and(|status| status.is_ready_for(shared.reached, metadata.generation));
        let mut sight = seen.object(index);
        if event.kind == "DELETED" {
            seen.gone += usize::from(sight.gone.is_none());
            sight.gone = Some(now);
        } else if settled {
            seen.ready += usize::from(sight.ready.is_none());
            sight.ready.get_or_insert(now);
            if sight.settled.is_none_or(|(generation, _)| generation < metadata.generation) {
                sight.settled = Some((metadata.generation, now));
            }
        }
        if let Some(place) = seen.objects.get_mut(index) {
            *place = sight;
        }
        drop(seen);
        shared.changed.notify_waiters();
    }
    Ok(metadata.resource_version.to_owned())
}

#[derive(Deserialize)]
struct List {
    metadata: ListMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: Object<'a>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Option<&'a str>,
    generation: i64,
    resource_version: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    observed_generation: i64,
    #[serde(borrow)]
    conditions: Vec<Condition<'a>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    status: &'a str,
}

impl Status<'_> {
    fn is_ready_for(&self, reached: &str, generation: i64) -> bool {
        let ready = |condition: &Condition<'_>| condition.kind == reached && condition.status == "True";
        self.observed_generation == generation && self.conditions.iter().any(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, generation: i64, observed: i64, ready: &str) -> String {
        format!(
            r#"{{"type":"{kind}","object":{{"metadata":{{"name":"d-000001","generation":{generation},"resourceVersion":"7","uid":"u"}},
            "spec":{{"a":["\"x"]}},"status":{{"observedGeneration":{observed},"conditions":[{{"type":"Ready","status":"{ready}","message":"a \"b\""}}]}}}}}}"#
        )
    }

    #[test]
    fn stamps_the_first_ready_of_the_present_generation() {
        let shared = Shared::of(Kind::Dataset);
        // One lock at a time.
        let look = || {
            let seen = shared.seen();
            (seen.object(1), seen.ready, seen.gone)
        };
        let plain =
            r#"{"type":"ADDED","object":{"metadata":{"name":"d-000001","generation":1,"resourceVersion":"6"}}}"#;
        assert_eq!(take(plain, &shared).unwrap(), "6");
        assert_eq!(take(&event("MODIFIED", 1, 1, "False"), &shared).unwrap(), "7");
        take(&event("MODIFIED", 2, 1, "True"), &shared).unwrap();
        assert!(look().0.ready.is_none());
        take(&event("MODIFIED", 2, 2, "True"), &shared).unwrap();
        take(&event("MODIFIED", 3, 3, "True"), &shared).unwrap();
        let (sight, ready, gone) = look();
        let settled = sight.settled.unwrap();
        assert!(settled.0 == 3 && settled.1 >= sight.ready.unwrap());
        assert_eq!((ready, gone), (1, 0));
        take(&event("DELETED", 3, 3, "True"), &shared).unwrap();
        let (_, ready, gone) = look();
        assert_eq!((ready, gone), (1, 1));
    }

    #[test]
    fn bookmarks_move_on_and_errors_end() {
        let shared = Shared::of(Kind::Dataset);
        let bookmark = r#"{"type":"BOOKMARK","object":{"kind":"Dataset","metadata":{"resourceVersion":"99"}}}"#;
        assert_eq!(take(bookmark, &shared).unwrap(), "99");
        assert!(take(r#"{"type":"ERROR","object":{"code":410}}"#, &shared).is_err());
    }
}
