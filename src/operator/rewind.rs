//! Time that runs backwards. When etcd is put back to an older snapshot, the API server counts its versions from there
//! again, and whoever watches on from a later one is told nothing until they have caught up, however long that takes. So
//! the server is asked now and then which version it is at; if that is an earlier one than it ever told, everything is
//! listed anew.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use kube::api::ListParams;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_events};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

/// Time between two questions, unless everything is compared more often than that.
const EVERY: Duration = Duration::from_secs(60);
/// Without an answer within this time it is asked again the next time.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What can be watched.
pub(super) trait Watchable:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl<O: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static> Watchable for O {}

/// Watches, and begins anew when time ran backwards.
pub(super) fn watch<O: Watchable>(
    api: Api<O>,
    config: watcher::Config,
    resync: Duration,
) -> impl Stream<Item = Result<Event<O>, watcher::Error>> {
    let every = EVERY.min(resync);
    stream::repeat_with(move || {
        let newest = Arc::new(AtomicU64::new(0));
        let seen = newest.clone();
        watch_events(api.clone(), config.clone())
            .default_backoff()
            .inspect_ok(move |event| {
                if let Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) = event
                    && let Some(version) = number(object.resource_version())
                {
                    seen.fetch_max(version, Ordering::Relaxed);
                }
            })
            .take_until(rewound(api.clone(), newest, every))
    })
    .flatten()
}

/// Ends when the server is at an earlier version than the newest one that it told.
async fn rewound<O: Watchable>(api: Api<O>, newest: Arc<AtomicU64>, every: Duration) {
    let (mut ticks, least) = (tokio::time::interval(every), ListParams::default().limit(1));
    loop {
        ticks.tick().await;
        let told = newest.load(Ordering::Relaxed);
        let list = tokio::time::timeout(TIMEOUT, api.list_metadata(&least)).await;
        // A failure is the watch's to tell.
        let Ok(Ok(list)) = list else { continue };
        let Some(now) = number(list.metadata.resource_version) else { continue };
        if now < told {
            tracing::warn!(told, now, "the API server was restored to an earlier state: everything is listed again");
            return;
        }
        newest.fetch_max(now, Ordering::Relaxed);
    }
}

/// Versions are numbers that grow; nothing follows from one that is none.
fn number(version: Option<String>) -> Option<u64> {
    version?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::future::ready;
    use std::sync::Mutex;

    use axum::http::{Request, Response};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::api::Dataset;

    /// Whether that is noticed: the server is at these versions, one after another and then at the last one for ever,
    /// after the watch has shown an object of version `shown`.
    async fn noticed(shown: u64, versions: &[&str]) -> bool {
        let versions = Mutex::new(versions.iter().map(|version| (*version).to_owned()).collect::<VecDeque<_>>());
        let versions = Arc::new(versions);
        let server = tower::service_fn(move |_: Request<Body>| {
            let mut versions = versions.lock().unwrap();
            let version = if versions.len() > 1 { versions.pop_front() } else { versions.front().cloned() };
            let list = json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": [],
                "metadata": {"resourceVersion": version},
            });
            ready(Ok::<_, Infallible>(Response::new(Body::from(list.to_string().into_bytes()))))
        });
        let api: Api<Dataset> = Api::all(Client::new(server, "default"));
        let end = rewound(api, Arc::new(AtomicU64::new(shown)), Duration::from_secs(1));
        tokio::time::timeout(Duration::from_secs(60), end).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_version_that_is_earlier_than_one_that_was_told_is_a_rewind() {
        assert!(!noticed(0, &["10", "10", "12"]).await);
        assert!(!noticed(12, &["12", "13"]).await);
        assert!(noticed(0, &["10", "12", "11"]).await);
        assert!(noticed(12, &["11"]).await, "the watch has shown more");
        assert!(!noticed(12, &["", "no number", "12"]).await);
    }
}
