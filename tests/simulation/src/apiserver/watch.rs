//! Watches: the events since a revision and from now on, a line of JSON each, with bookmarks, and with the whole list
//! first if the request asks for it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep_until};

use super::refusal::Refusal;
use super::store::{Change, Event, Resource};
use super::{Apiserver, Lines, lines};

/// Time between bookmarks.
const BOOKMARKS: Duration = Duration::from_secs(60);
/// How long a watch lasts if the request has no timeout.
const LONG: u64 = 1800;
/// Says that the whole list was sent.
const END: &str = "k8s.io/initial-events-end";

/// What a list or a watch asks for.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "parameters of their own")]
pub(super) struct Query {
    pub(super) watch: bool,
    /// The revision to start after; 0 or none is "whatever you have".
    from: u64,
    timeout: Option<u64>,
    bookmarks: bool,
    initial: bool,
    not_older: bool,
    /// Only the object of this name.
    name: Option<String>,
}

impl Query {
    pub(super) fn of(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "watch" => asked.watch = value == "true",
                "resourceVersion" => asked.from = value.parse().unwrap_or_default(),
                "timeoutSeconds" => asked.timeout = value.parse().ok(),
                "allowWatchBookmarks" => asked.bookmarks = value == "true",
                "sendInitialEvents" => asked.initial = value == "true",
                "fieldSelector" => asked.name = value.strip_prefix("metadata.name%3D").map(str::to_owned),
                "resourceVersionMatch" => asked.not_older = value == "NotOlderThan",
                _ => {}
            }
        }
        asked
    }

    /// Does it ask for this object?
    pub(super) fn takes(&self, object: &Value) -> bool {
        self.name.as_deref().is_none_or(|name| object["metadata"]["name"] == name)
    }
}

/// A watch under way.
struct Watch {
    server: Apiserver,
    resource: Resource,
    namespace: Option<String>,
    query: Query,
    /// All up to here was sent.
    seen: u64,
    revision: signal::Receiver<u64>,
    next_bookmark: Instant,
    end: Instant,
    ready: VecDeque<Bytes>,
    over: bool,
}

/// Starts a watch.
pub(super) fn start(
    server: &Apiserver,
    resource: Resource,
    namespace: Option<&str>,
    query: &Query,
) -> Result<Lines, Refusal> {
    if query.initial && !query.not_older {
        let why =
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(Refusal::new(422, "Invalid", why));
    }
    let store = server.store();
    let now = store.revision();
    if let Err(refusal) = store.since(resource, namespace, query.from).map(drop)
        && query.from > 0
    {
        return Ok(lines(vec![line("ERROR", &refusal.status())]));
    }
    let mut ready = VecDeque::new();
    if query.from == 0 || query.initial {
        let listed = store.list(resource, namespace).filter(|object| query.takes(object));
        ready.extend(listed.map(|object| line("ADDED", object)));
    }
    // A watch from the beginning with bookmarks gets a mark where the initial list ends, even if it did not ask for one.
    if query.initial || (query.from == 0 && query.bookmarks) {
        let mut end = bookmark(resource, now);
        end["metadata"]["annotations"] = json!({END: "true"});
        ready.push_back(line("BOOKMARK", &end));
    }
    drop(store);
    let begun = Instant::now();
    let watch = Watch {
        resource,
        namespace: namespace.map(str::to_owned),
        seen: if query.from == 0 || query.initial { now } else { query.from },
        revision: server.0.revision.subscribe(),
        query: query.clone(),
        next_bookmark: begun + BOOKMARKS,
        end: begun + Duration::from_secs(query.timeout.unwrap_or(LONG)),
        ready,
        over: false,
        server: server.clone(),
    };
    Ok(futures::stream::unfold(watch, Watch::next).boxed())
}

impl Watch {
    async fn next(mut self) -> Option<(Result<Bytes, std::io::Error>, Self)> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some((Ok(line), self));
            }
            if self.over {
                return None;
            }
            self.catch_up();
            if self.ready.is_empty() {
                self.wait().await;
            }
        }
    }

    fn catch_up(&mut self) {
        let server = self.server.clone();
        let store = server.store();
        match store.since(self.resource, self.namespace.as_deref(), self.seen) {
            Ok(events) => self.ready.extend(events.filter(|event| self.query.takes(&event.object)).map(told)),
            Err(refusal) => {
                self.ready.push_back(line("ERROR", &refusal.status()));
                self.over = true;
            }
        }
        self.seen = store.revision();
        self.revision.mark_unchanged();
    }

    async fn wait(&mut self) {
        tokio::select! {
            biased;
            changed = self.revision.changed() => self.over = changed.is_err(),
            () = sleep_until(self.end) => {
                self.bookmark();
                self.over = true;
            }
            () = sleep_until(self.next_bookmark), if self.query.bookmarks => {
                self.bookmark();
                self.next_bookmark += BOOKMARKS;
            }
        }
    }

    fn bookmark(&mut self) {
        if self.query.bookmarks {
            self.ready.push_back(line("BOOKMARK", &bookmark(self.resource, self.seen)));
        }
    }
}

fn bookmark(resource: Resource, revision: u64) -> Value {
    json!({
        "apiVersion": resource.api_version(), "kind": resource.kind(),
        "metadata": {"resourceVersion": revision.to_string(), "creationTimestamp": null},
    })
}

fn told(event: &Event) -> Bytes {
    let change = match event.change {
        Change::Added => "ADDED",
        Change::Modified => "MODIFIED",
        Change::Deleted => "DELETED",
    };
    line(change, &event.object)
}

/// One line of a watch.
pub(super) fn line(kind: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{}\n", json!({"type": kind, "object": object})))
}
