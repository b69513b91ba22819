//! Detects that the API server was restored to an earlier state. After etcd is restored from a snapshot, the API server
//! counts resource versions from there again. A watch that has seen a later version then shows nothing until the server
//! has caught up, however long that takes. So the server is asked regularly for its version; if that is lower than one
//! that it showed before, everything is listed again.

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

/// Time between two checks, unless the resync is more frequent.
const EVERY: Duration = Duration::from_secs(60);
/// If there is no answer within this time, the next check asks again.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A kind that can be watched.
pub(super) trait Watchable:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl<O: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static> Watchable for O {}

/// Watches, and starts again when the server was restored to an earlier state.
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

/// Ends when the server is at an earlier version than the newest one that it showed.
async fn rewound<O: Watchable>(api: Api<O>, newest: Arc<AtomicU64>, every: Duration) {
    let (mut ticks, least) = (tokio::time::interval(every), ListParams::default().limit(1));
    loop {
        ticks.tick().await;
        let told = newest.load(Ordering::Relaxed);
        let list = tokio::time::timeout(TIMEOUT, api.list_metadata(&least)).await;
        // The watch reports failures.
        let Ok(Ok(list)) = list else { continue };
        let Some(now) = number(list.metadata.resource_version) else { continue };
        if now < told {
            tracing::warn!(told, now, "the API server was restored to an earlier state: everything is listed again");
            return;
        }
        newest.fetch_max(now, Ordering::Relaxed);
    }
}

/// The version as a number, if it is one: only then does it grow.
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

    /// Whether a rewind is noticed, after the watch has shown an object of version `shown`: the server answers with
    /// these versions, then with the last one again and again.
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
