//! The files that ConfigMaps list. They are read when one of them changed, and not kept.

use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use super::{Batched, Source, Then};
use crate::api::condition::Reason;
use crate::batch::Item;
use crate::inventory::ObjectName;
use crate::plan::report::{Blocked, Next, Report};
use crate::reconcile::named::{Known, Version};
use crate::reconcile::pass::{Flow, Pass};

/// How long a reconcile waits until a watch that began with it shows something.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

impl<K: Batched> Pass<'_, K> {
    /// The versions of the ConfigMaps as their watches show them; `None` if one of them is not known to be there.
    pub(super) fn versions(&self, sources: &[Source]) -> Option<Vec<String>> {
        let names = names(sources);
        let version = |name: &str| match self.ctx.lookups.named.get(&self.config_map(name)) {
            Known::Present(version) => Some(text(&version)),
            Known::Nothing | Known::Absent | Known::Forbidden => None,
        };
        names.into_iter().map(version).collect()
    }

    /// Reads all files that the sources list, and returns the versions that were read.
    pub(super) async fn read_sources(&mut self, sources: &[Source], items: &mut Vec<Item>) -> Then<Vec<String>> {
        let mut versions = Vec::new();
        for name in names(sources) {
            let map = match self.read_map(name).await {
                Ok(map) => map,
                Err(ended) => return Then::End(ended),
            };
            versions.push(text(&Version::of(&map)));
            for source in sources.iter().filter(|source| source.config_map == name) {
                let text = map.data.as_ref().and_then(|data| data.get(&source.key));
                let Some(text) = text else {
                    let message = format!("ConfigMap {name} has no key {}", source.key);
                    return Then::End(self.waits(message, Next::Event).await);
                };
                match K::lines(source, text) {
                    Ok(more) => items.extend(more),
                    Err(blocked) => return Then::End(self.blocked(blocked).await),
                }
            }
        }
        Then::Go(versions)
    }

    async fn read_map(&mut self, name: &str) -> Result<ConfigMap, Flow> {
        match self.ctx.lookups.named.wait(&self.config_map(name), SHOWN_WITHIN).await {
            Known::Absent => {
                let message = format!("ConfigMap {name} does not exist in this namespace");
                return Err(self.waits(message, Next::Event).await);
            }
            Known::Forbidden => return Err(self.forbidden(name).await),
            Known::Nothing | Known::Present(_) => {}
        }
        let maps: Api<ConfigMap> = Api::namespaced(self.ctx.kube.clone(), &self.facts.namespace);
        match self.kube(maps.get_opt(name)).await {
            Ok(Some(map)) => Ok(map),
            Ok(None) => {
                let message = format!("ConfigMap {name} does not exist in this namespace");
                Err(self.waits(message, Next::Event).await)
            }
            Err(error) if error.is_forbidden() => Err(self.forbidden(name).await),
            Err(error) => Err(self.kube_failed(&error, "reading a ConfigMap")),
        }
    }

    async fn forbidden(&mut self, name: &str) -> Flow {
        let message = format!(
            "the operator may not read ConfigMap {name}: add to a Role in this namespace, and bind it to the operator's \
             ServiceAccount: apiGroups [\"\"], resources [configmaps], resourceNames [{name}], verbs [get, list, watch]"
        );
        // Nothing tells when the right is there.
        self.waits(message, Next::Backoff).await
    }

    async fn waits(&mut self, message: String, next: Next) -> Flow {
        Flow::End(self.finish(Report::working(Reason::DependencyNotReady, message, next)).await)
    }

    async fn blocked(&mut self, blocked: Blocked) -> Flow {
        Flow::End(self.finish(blocked.into()).await)
    }

    fn config_map(&self, name: &str) -> ObjectName {
        ObjectName::new(ConfigMap::KIND, &self.facts.namespace, name)
    }
}

/// Each name once, in the order of the sources.
fn names(sources: &[Source]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for source in sources {
        if !names.contains(&source.config_map.as_str()) {
            names.push(&source.config_map);
        }
    }
    names
}

fn text(version: &Version) -> String {
    format!("{} {}", version.uid, version.resource_version)
}
