//! The loader: a user who creates (or deletes) many objects at a steady pace over a few connections.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use kube::Client;
use testbed::{Context as _, Error, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::objects::{self, Kind};
use crate::stats::count;

/// Requests under way at the same time.
const CONNECTIONS: usize = 8;
/// Twice what the cloud takes, so that there is always a backlog, and no more than one user would send.
pub(crate) const PACE: f64 = 200.0;

/// What the loader does with each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Creates it.
    Create,
    /// Deletes it; whether it is gone then is the candidate's work.
    Delete,
}

/// A load under way; dropping it ends it.
pub(crate) struct Load {
    began: Instant,
    length: usize,
    workers: JoinSet<Result<Vec<(usize, Instant)>>>,
}

/// Begins to act on the objects of this kind and these numbers, `per_second` of them.
pub(crate) fn begin(
    client: &Client,
    kind: Kind,
    namespace: &str,
    act: Act,
    range: Range<usize>,
    per_second: f64,
) -> Load {
    let (began, length) = (Instant::now(), range.len());
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, next) = (client.clone(), next.clone());
        let (path, range) = (kind.path(namespace), range.clone());
        workers.spawn(async move {
            let mut answered = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= length {
                    return Ok(answered);
                }
                sleep_until(began + Duration::from_secs_f64(count(place) / per_second)).await;
                one(&client, kind, &path, act, range.start + place).await?;
                answered.push((place, Instant::now()));
            }
        });
    }
    Load { began, length, workers }
}

async fn one(client: &Client, kind: Kind, path: &str, act: Act, index: usize) -> Result<()> {
    let request = match act {
        Act::Create => objects::send(Method::POST, path, "application/json", kind.manifest(index))?,
        Act::Delete => {
            let path = format!("{path}/{}", objects::name(index));
            objects::send(Method::DELETE, &path, "application/json", String::new())?
        }
    };
    client.request_text(request).await.map(drop).context(format!("{act:?} of object {index}"))
}

impl Load {
    /// When the first request was sent.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Waits until all were answered; tells when each was, by its place in the range.
    pub(crate) async fn finish(mut self) -> Result<Vec<Instant>> {
        let mut answered = vec![self.began; self.length];
        while let Some(joined) = self.workers.join_next().await {
            for (place, at) in joined.map_err(|error| Error::new(format!("the loader: {error}")))?? {
                if let Some(slot) = answered.get_mut(place) {
                    *slot = at;
                }
            }
        }
        Ok(answered)
    }
}
