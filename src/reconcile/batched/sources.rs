//! The files that ConfigMaps list. They are read when one of them changed, and not kept.

use std::time::Duration;

use futures::FutureExt as _;
use futures::stream::{self, StreamExt as _};
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
use crate::reconcile::write_errors::KubeError;

/// How long a reconcile waits until a watch that began with it shows something.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);
/// So many ConfigMaps are read at a time: the next ones come while the files of one are worked out.
const AT_A_TIME: usize = 3;

/// Why the files are not known.
enum Unread {
    /// Something is missing that an event tells of.
    Waits(String),
    /// The operator may not read the ConfigMap of this name.
    Forbidden(String),
    /// The API server did not answer as it should.
    Failed(KubeError),
    /// What is written there cannot be understood.
    Blocked(Blocked),
}

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
        let unread = match self.lines(sources, items).await {
            Ok(versions) => return Then::Go(versions),
            Err(unread) => unread,
        };
        Then::End(match unread {
            Unread::Waits(message) => self.waits(message, Next::Event).await,
            Unread::Forbidden(name) => self.forbidden(&name).await,
            Unread::Failed(error) => self.kube_failed(&error, "reading a ConfigMap"),
            Unread::Blocked(blocked) => Flow::End(self.finish(blocked.into()).await),
        })
    }

    async fn lines(&self, sources: &[Source], items: &mut Vec<Item>) -> Result<Vec<String>, Unread> {
        let names = names(sources);
        let absent = |name: &str| Unread::Waits(format!("ConfigMap {name} does not exist in this namespace"));
        for name in &names {
            match self.ctx.lookups.named.wait(&self.config_map(name), SHOWN_WITHIN).await {
                Known::Absent => return Err(absent(name)),
                Known::Forbidden => return Err(Unread::Forbidden((*name).to_owned())),
                Known::Nothing | Known::Present(_) => {}
            }
        }
        let maps: Api<ConfigMap> = Api::namespaced(self.ctx.kube.clone(), &self.facts.namespace);
        let read = |name| self.kube(maps.get_opt(name)).map(move |map| (name, map)).boxed();
        let reads: Vec<_> = names.into_iter().map(read).collect();
        let mut reads = stream::iter(reads).buffered(AT_A_TIME);
        let mut versions = Vec::new();
        while let Some((name, map)) = reads.next().await {
            let map = match map {
                Ok(map) => map.ok_or_else(|| absent(name))?,
                Err(error) if error.is_forbidden() => return Err(Unread::Forbidden(name.to_owned())),
                Err(error) => return Err(Unread::Failed(error)),
            };
            versions.push(text(&Version::of(&map)));
            for source in sources.iter().filter(|source| source.config_map == name) {
                let text = map.data.as_ref().and_then(|data| data.get(&source.key));
                let text = text.ok_or_else(|| Unread::Waits(format!("ConfigMap {name} has no key {}", source.key)))?;
                items.extend(K::lines(source, text).map_err(Unread::Blocked)?);
            }
        }
        Ok(versions)
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
