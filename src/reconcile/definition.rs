//! The `CustomResourceDefinition` of a kind: is it being deleted? Its objects are then deleted with it, although nobody
//! asked to delete their remotes (protocol 6.7).
//!
//! Promises: the answer is from a read with quorum that began after the deletion of the object was seen, so a deletion
//! that the definition causes is never taken for one of the object alone. The answer is at most 5 s old. However many
//! objects are deleted, the operator makes at most four such reads a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::controller::Action;
use kube::{Api, Client, CustomResourceExt};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::plan::report::{Next, Report};
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::Pass;

/// The answer of a read is used for this long.
const FRESH: Duration = Duration::from_secs(5);
/// Time between the beginnings of two reads.
const BETWEEN: Duration = Duration::from_millis(250);
const TIMEOUT: Duration = Duration::from_secs(10);

/// The definition of one kind, as this process sees it.
pub struct Definition {
    definitions: Api<CustomResourceDefinition>,
    name: &'static str,
    last: Mutex<Option<Reading>>,
    /// The log has said that the operator may not read the definition.
    said: AtomicBool,
}

struct Reading {
    began: Instant,
    /// Is the definition being deleted? An error says why that is not known.
    going: Result<bool, String>,
}

impl Definition {
    /// The definition of the kind `O`.
    pub fn of<O: CustomResourceExt>(client: Client) -> Self {
        Self {
            definitions: Api::all(client),
            name: O::crd_name(),
            last: Mutex::new(None),
            said: AtomicBool::new(false),
        }
    }

    /// Is it being deleted, for an object whose deletion was seen at `since`? An error says why that is not known.
    async fn is_going(&self, since: Instant) -> Result<bool, String> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(look) = &*last {
            match &look.going {
                Ok(going) if look.began >= since && look.began.elapsed() <= FRESH => return Ok(*going),
                // A caller that waited for a read that failed does not wait for another one.
                Err(why) if look.began >= asked => return Err(why.clone()),
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep_until(look.began + BETWEEN).await;
        }
        let began = Instant::now();
        let going = self.read().await;
        *last = Some(Reading { began, going: going.clone() });
        going
    }

    async fn read(&self) -> Result<bool, String> {
        let read = tokio::time::timeout(TIMEOUT, self.definitions.get_metadata(self.name));
        match read.await {
            Ok(Ok(definition)) => Ok(definition.metadata.deletion_timestamp.is_some()),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(true),
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        definition = self.name,
                        "this ServiceAccount may not get its CustomResourceDefinition: if that is deleted, the objects \
                         of this kind are deleted like any others, and their datasets with them; grant it as \
                         deploy/kustomize/base/rbac.yaml does"
                    );
                }
                Ok(false)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        }
    }
}

impl<K: AnyKind> Pass<'_, K> {
    /// Finds out, before anything is decided for an object that is being deleted, whether its definition goes too.
    /// `Some` ends the reconcile, because that is not known.
    pub(super) async fn look_at_definition(&mut self) -> Option<Action> {
        if !self.facts.deleting || !self.facts.finalizer {
            return None;
        }
        let now = Instant::now();
        let since = self.ctx.states.with(&self.facts.uid, |state| *state.deleting_since.get_or_insert(now));
        match self.ctx.definition.is_going(since).await {
            Ok(going) => {
                self.observed.definition_going = going;
                None
            }
            Err(why) => {
                let name = self.ctx.definition.name;
                let message = format!("cannot tell whether CustomResourceDefinition {name} is being deleted: {why}");
                Some(self.finish(Report::working(Reason::Deleting, message, Next::Backoff)).await)
            }
        }
    }

    /// Was the object of a remote in hand deleted with its definition? If that is not known, its policy decides.
    pub(super) async fn definition_took_it(&self) -> bool {
        self.ctx.definition.is_going(Instant::now()).await.unwrap_or(false)
    }

    /// The finalizer was removed because the definition is being deleted. The same manifests shall take the remote back
    /// later, so the next object of the name inherits a create in doubt.
    pub(super) fn left_with_definition(&self) {
        let (namespace, name) = (&self.facts.namespace, &self.facts.name);
        let definition = self.ctx.definition.name;
        let remote = self.recorded.id.as_ref().map(ToString::to_string);
        tracing::info!(
            controller = K::NAME,
            namespace,
            name,
            reconcileID = self.journal.id,
            remote,
            definition,
            "the object goes because its CustomResourceDefinition does: it is let go, and nothing is sent to the cloud"
        );
        let what = remote.unwrap_or_else(|| "what may have been made for it".to_owned());
        let note = format!(
            "CustomResourceDefinition {definition} is being deleted, so {what} stays in the cloud as it is; apply the \
             definition and this object again to take it back"
        );
        self.tell(EventReason::LeftInCloud, &note);
        self.ctx.states.lost(&self.facts, &self.recorded);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use axum::http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::api::Dataset;

    /// A definition on a server that answers with this status and body, and the number of its requests.
    fn definition(code: u16, body: serde_json::Value) -> (Definition, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let server = tower::service_fn(move |request: Request<Body>| {
            assert!(request.uri().path().ends_with("/customresourcedefinitions/datasets.pai.dataset-operator.dev"));
            assert_eq!(request.uri().query().unwrap_or_default(), "", "a read from a cache");
            count.fetch_add(1, Ordering::Relaxed);
            let answer = Response::builder().status(code).body(Body::from(body.to_string().into_bytes()));
            std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
        });
        (Definition::of::<Dataset>(Client::new(server, "default")), asked)
    }

    fn metadata(deleting: bool) -> serde_json::Value {
        let mut metadata = json!({"name": "datasets.pai.dataset-operator.dev"});
        if deleting {
            metadata["deletionTimestamp"] = json!("2026-07-01T08:30:00Z");
        }
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
    }

    fn failure(code: u16) -> serde_json::Value {
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "R", "message": "m", "code": code})
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_if_it_is_being_deleted_or_gone_and_not_if_that_may_not_be_known() {
        for (code, body, going) in [
            (200, metadata(false), Ok(false)),
            (200, metadata(true), Ok(true)),
            (404, failure(404), Ok(true)),
            (403, failure(403), Ok(false)),
        ] {
            assert_eq!(definition(code, body).0.is_going(Instant::now()).await, going, "{code}");
        }
        assert!(definition(500, failure(500)).0.is_going(Instant::now()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_serves_those_whose_deletion_was_seen_before_it_for_five_seconds() {
        let (definition, asked) = definition(200, metadata(false));
        let since = Instant::now();
        for reads in [1, 1] {
            assert_eq!(definition.is_going(since).await, Ok(false));
            assert_eq!(asked.load(Ordering::Relaxed), reads);
        }
        tokio::time::advance(Duration::from_millis(1)).await;
        let later = Instant::now();
        let _ = definition.is_going(later).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2, "the deletion of its definition may have come in between");
        assert!(later.elapsed() >= BETWEEN / 2, "not all at once");
        tokio::time::advance(FRESH + Duration::from_millis(1)).await;
        let _ = definition.is_going(since).await;
        assert_eq!(asked.load(Ordering::Relaxed), 3, "too old");
    }

    #[tokio::test(start_paused = true)]
    async fn many_deletions_at_once_share_a_read() {
        let (definition, asked) = definition(200, metadata(true));
        let since = Instant::now();
        let all = futures::future::join_all((0..500).map(|_| definition.is_going(since))).await;
        assert!(all.into_iter().all(|going| going == Ok(true)));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
