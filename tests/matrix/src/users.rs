//! What users do, on a real API server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use simulation::apiserver::store::{Change, Resource};
use simulation::{Action, Evidence};
use testbed::{Context, Result};

use crate::mirror::{Mirror, api};

/// Simulated users have more time.
const QUICKER: u32 = 10;

/// The users of a scene.
#[derive(Clone)]
pub(crate) struct Users {
    /// The administrator's client, which goes through no proxy.
    pub(crate) client: Client,
    /// Where their objects are.
    pub(crate) namespace: String,
    /// What they see.
    pub(crate) mirror: Mirror,
    /// Where it is noted that they are not done yet.
    pub(crate) evidence: Arc<Evidence>,
}

impl Users {
    /// They do all of this.
    pub(crate) async fn perform(&self, actions: Vec<Action>) -> Result<()> {
        for action in actions {
            match action {
                Action::Create(resource, name, spec) => self.create(resource, name, &spec).await?,
                Action::Edit(resource, name, spec) => self.patch(resource, name, &json!({"spec": spec})).await?,
                Action::Delete(resource, name) => self.delete(resource, name).await?,
                Action::DeleteLater(resource, name, after) => {
                    let users = self.clone();
                    self.later(async move {
                        tokio::time::sleep(after / QUICKER).await;
                        users.delete(resource, name).await
                    });
                }
                Action::Recreate(resource, name, spec) => self.recreate(resource, name, spec),
                Action::Apply(name, data) => self.apply(name, data).await?,
            }
        }
        Ok(())
    }

    /// Does something meanwhile. What fails then is missing in the end.
    fn later(&self, act: impl Future<Output = Result<()>> + Send + 'static) {
        let evidence = self.evidence.clone();
        evidence.busy.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let _ = act.await;
            evidence.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    fn recreate(&self, resource: Resource, name: &'static str, spec: Value) {
        let uid = move |users: &Self| users.mirror.get(resource, name).map(|object| object["metadata"]["uid"].clone());
        let (users, old) = (self.clone(), uid(self));
        self.later(async move {
            while old.is_some() && uid(&users) == old {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            users.create(resource, name, &spec).await
        });
    }

    /// Makes an object.
    pub(crate) async fn create(&self, resource: Resource, name: &str, spec: &Value) -> Result<()> {
        let object = json!({
            "apiVersion": resource.api_version(), "kind": resource.kind(),
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let object = serde_json::from_value(object).context("writing an object")?;
        let api = api(&self.client, &self.namespace, resource);
        let made = api.create(&PostParams::default(), &object).await.context("making an object")?;
        self.mirror.note(resource, Change::Added, &made);
        Ok(())
    }

    /// A merge patch.
    pub(crate) async fn patch(&self, resource: Resource, name: &str, patch: &Value) -> Result<()> {
        let api = api(&self.client, &self.namespace, resource);
        let patched = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        self.mirror.note(resource, Change::Modified, &patched.context("patching an object")?);
        Ok(())
    }

    /// Asks for the deletion of an object, if it is there.
    pub(crate) async fn delete(&self, resource: Resource, name: &str) -> Result<()> {
        match api(&self.client, &self.namespace, resource).delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => {
                if let Some(marked) = result.context("deleting an object")?.left() {
                    self.mirror.note(resource, Change::Modified, &marked);
                }
                Ok(())
            }
        }
    }

    /// A ConfigMap with this data, and the right of the operator to read it.
    async fn apply(&self, name: &str, data: Value) -> Result<()> {
        let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name],
                          "verbs": ["get", "list", "watch"]});
        testbed::allow(&self.client, &self.namespace, name, json!([rule])).await?;
        let metadata = json!({"name": name, "namespace": self.namespace});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        let map = serde_json::from_value(map).context("writing a ConfigMap")?;
        let made = testbed::apply(&self.client, &map).await?;
        self.mirror.note(Resource::Maps, Change::Modified, &made);
        Ok(())
    }
}
