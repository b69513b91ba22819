//! The ProviderConfigs and ClusterProviderConfigs: watched from the beginning, and kept by the [`keeper`] once this replica
//! works.
//!
//! A cluster without these kinds, or a Role that does not name them, means that there are none. The API server is asked again all
//! the time. An operator of some namespaces (`--namespaces`) uses no ClusterProviderConfig: several such operators would write
//! its status in turn.

mod credentials;
mod keeper;
mod secret;
mod status;
mod token;

use std::fmt::Debug;
use std::hash::Hash;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::rewind;
use super::watch::everywhere;
use crate::accounts::Stores;
use crate::admin::{self, Readiness};
use crate::api::{ClusterProviderConfig, ProviderConfigKind};
use crate::inventory::ObjectName;
use crate::reconcile::named::status_of;

pub(super) use keeper::Keeper;

/// Whether each kind was listed, or cannot be.
pub(super) type Listed = [watch::Receiver<bool>; 3];

/// Begins to watch both kinds, and the labels of namespaces, which ClusterProviderConfigs may ask for. What comes, changes or
/// goes is sent to `changed`.
pub(super) fn watch(
    client: &Client,
    namespaces: &[String],
    (config, resync): (&watcher::Config, std::time::Duration),
    changed: &UnboundedSender<ObjectName>,
    ready: &Readiness,
    tasks: &mut JoinSet<()>,
) -> (Stores, Listed) {
    let own = everywhere(client, namespaces, config.clone(), resync);
    let (of_cluster, labels): (Events<ClusterProviderConfig>, Events<PartialObjectMeta<Namespace>>) =
        if namespaces.is_empty() {
            let of_cluster = rewind::watch(Api::all(client.clone()), config.clone(), resync);
            (of_cluster.boxed(), rewind::watch(Api::all(client.clone()), config.clone(), resync).boxed())
        } else {
            (none().boxed(), none().boxed())
        };
    let (of_namespaces, first) = follow(own, "ProviderConfig", (changed, ready), tasks);
    let (of_cluster, second) = follow(of_cluster, "ClusterProviderConfig", (changed, ready), tasks);
    let (namespaces, third) = follow(labels, Namespace::KIND, (changed, ready), tasks);
    (Stores { of_namespaces, of_cluster, namespaces }, [first, second, third])
}

/// The events of a watch that shows nothing.
fn none<O>() -> impl Stream<Item = Result<Event<O>, watcher::Error>> {
    stream::iter([Ok(Event::Init), Ok(Event::InitDone)]).chain(stream::pending())
}

/// Is this a config?
pub(super) fn is_one(object: &ObjectName) -> bool {
    ProviderConfigKind::ALL.iter().any(|kind| kind.as_str() == object.kind)
}

/// Waits until all were listed, or cannot be.
pub(super) async fn listed(listed: &mut Listed) {
    for kind in listed {
        // An error means that the process ends.
        let _ = kind.wait_for(|listed| *listed).await;
    }
}

type Events<O> = BoxStream<'static, Result<Event<O>, watcher::Error>>;

fn follow<O>(
    events: Events<O>,
    kind: &'static str,
    (changed, ready): (&UnboundedSender<ObjectName>, &Readiness),
    tasks: &mut JoinSet<()>,
) -> (Store<O>, watch::Receiver<bool>)
where
    O: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    O::DynamicType: Hash + Eq + Clone,
{
    let (store, writer) = reflector::store();
    let (done, is_listed) = watch::channel(false);
    let (changed, ready, known) = (changed.clone(), ready.clone(), store.clone());
    ready.missing(kind, admin::LISTING);
    let listed = move || {
        ready.met(kind);
        done.send_replace(true)
    };
    let name =
        move |object: &O| ObjectName::new(kind, object.namespace().as_deref().unwrap_or_default(), &object.name_any());
    let events = events.reflect(writer);
    tasks.spawn(async move {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            // The receiver is dropped only while the process ends.
            match event {
                Ok(Event::Apply(object) | Event::Delete(object)) => drop(changed.send(name(&object))),
                Ok(Event::InitDone) => {
                    known.state().iter().for_each(|object| drop(changed.send(name(object))));
                    listed();
                }
                Ok(Event::Init | Event::InitApply(_)) => {}
                Err(error) => {
                    if cannot_be_listed(&error) && !listed() {
                        tracing::info!(kind, %error, "there are no objects of this kind, or they may not be listed; it is tried again");
                    }
                }
            }
        }
    });
    (store, is_listed)
}

/// Does the cluster not know the kind, or may the operator not list it?
fn cannot_be_listed(error: &watcher::Error) -> bool {
    matches!(status_of(error), Some(403 | 404))
}
