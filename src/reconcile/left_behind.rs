//! What an object leaves behind that must go without a call: its namespace is being deleted, and its account has no credentials
//! in this process. It waits for them for a time. Then the operator writes down what stays, in a ConfigMap of its own
//! namespace, and removes the finalizer. Rules: `docs/protocol.md`, 16.6.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::EventReason;
use crate::api::condition::Reason;
use crate::environment;
use crate::events;
use crate::plan::object::ObjectFacts;
use crate::plan::report::{Next, Ready, Report};
use crate::reconcile::kind::AnyKind;
use crate::reconcile::pass::Pass;

/// The ConfigMap that lists what was left behind, one key for each object: its uid.
pub const LEFT_BEHIND: &str = "dataset-operator-left-behind";

/// So long a process waits in any case: after its start the credentials must be found first.
const START: Duration = Duration::from_secs(60);

/// Where it is written down, and after which time.
pub struct LeftBehind {
    maps: Api<ConfigMap>,
    namespace: String,
    /// So long after the deletion of a namespace its objects wait for credentials.
    after: Duration,
}

impl LeftBehind {
    /// In this namespace, that of the operator.
    #[must_use]
    pub fn new(kube: Client, namespace: &str, after: Duration) -> Self {
        Self { maps: Api::namespaced(kube, namespace), namespace: namespace.to_owned(), after }
    }

    async fn write(&self, uid: &str, entry: &Value) -> kube::Result<()> {
        let data = json!({"data": {uid: entry.to_string()}});
        let patched = self.maps.patch(LEFT_BEHIND, &PatchParams::default(), &Patch::Merge(&data)).await;
        match patched {
            Err(kube::Error::Api(status)) if status.code == 404 => {
                let mut map = ConfigMap::default();
                map.metadata.name = Some(LEFT_BEHIND.to_owned());
                map.data = Some([(uid.to_owned(), entry.to_string())].into());
                self.maps.create(&PostParams::default(), &map).await.map(drop)
            }
            patched => patched.map(drop),
        }
    }
}

impl<K: AnyKind> Pass<'_, K> {
    /// Lets an object go that nothing can be done for any more. `Some` ends the reconcile.
    pub(super) async fn leave_behind(&mut self) -> Option<Action> {
        if !self.facts.deleting || !self.facts.finalizer || self.observed.definition_going || self.observed.abandoned {
            return None;
        }
        let why = self.account.lacks()?;
        let since = self.ctx.lookups.configs.going_since(&self.facts.namespace)?;
        let of = &self.ctx.left_behind;
        let waited = Duration::try_from(environment::now().duration_since(since)).unwrap_or_default();
        let now = Instant::now();
        let seen = self.ctx.states.with(&self.facts.uid, |state| *state.deleting_since.get_or_insert(now));
        let here = of.after.min(START).saturating_sub(now.saturating_duration_since(seen));
        let left = of.after.saturating_sub(waited).max(here);
        if !left.is_zero() {
            let message = format!(
                "namespace {} is being deleted, and there are no credentials to delete what the object made: {why}; in {} s it is \
                 let go, and what stays is written to ConfigMap {LEFT_BEHIND} in namespace {}",
                self.facts.namespace,
                left.as_secs().max(1),
                of.namespace
            );
            let report = Report::new(Ready::Stuck(Reason::CredentialsInvalid, message), Next::After(left));
            return Some(self.finish(report).await);
        }
        let remote = self.recorded.id.as_ref().map(ToString::to_string);
        if remote.is_some() || self.facts.intent.own().is_some() {
            let entry = entry(K::NAME, &self.facts, &self.account.alias, remote.as_deref());
            let limit = self.ctx.limits.kube_call;
            let written = tokio::time::timeout(limit, of.write(&self.facts.uid, &entry)).await;
            let failed = match written {
                Ok(Ok(())) => None,
                Ok(Err(kube::Error::Api(refused))) if refused.code == 403 => {
                    Some(crate::words::role_to_bind(&of.namespace, "configmaps", LEFT_BEHIND, "create, patch"))
                }
                Ok(Err(error)) => Some(crate::words::error(&error)),
                Err(_) => Some("the API server does not answer".to_owned()),
            };
            if let Some(why) = failed {
                let message = format!(
                    "what the object leaves behind cannot be written to ConfigMap {LEFT_BEHIND} in namespace {}: {why}",
                    of.namespace
                );
                return Some(self.finish(Report::working(Reason::Deleting, message, Next::Backoff)).await);
            }
            self.tell_left_behind(&entry);
        }
        self.observed.abandoned = true;
        None
    }

    /// In the namespace of the object no event can be written any more.
    fn tell_left_behind(&self, entry: &Value) {
        let of = &self.ctx.left_behind;
        tracing::warn!(controller = K::NAME, reconcileID = self.journal.id, %entry, "left behind without credentials");
        let stays = entry["remote"].as_str().unwrap_or("what may have been made for it");
        let note = format!(
            "{} {}/{} went with its namespace, and there were no credentials of {}: {stays} stays in PAI",
            K::NAME,
            self.facts.namespace,
            self.facts.name,
            self.account.alias
        );
        self.ctx.recorder.tell(events::namespace(&of.namespace), EventReason::LeftBehind, &note);
        self.ctx.metrics.left_behind(K::NAME);
    }
}

/// What is written down of an object.
fn entry(kind: &str, facts: &ObjectFacts, account: &str, remote: Option<&str>) -> Value {
    json!({
        "kind": kind, "namespace": facts.namespace, "name": facts.name, "account": account, "remote": remote,
        "time": environment::now().to_string(),
    })
}
