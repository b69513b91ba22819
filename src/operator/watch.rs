//! Watching one kind: a store without what nobody reads, a look at every event for those related, and a controller.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;

use super::kinship::{Kin, Kinship};
use super::rewind;
use crate::engine::context::Context;
use crate::engine::held::Held;
use crate::engine::kind::{Kind, Root};
use crate::engine::pass::reconcile;

/// Without an answer within this time lists are paged.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// A watched kind: its store, and the objects that were applied.
pub(super) struct Watched<O: Root> {
    pub(super) store: Store<Held<O>>,
    events: BoxStream<'static, Result<Held<O>, watcher::Error>>,
}

/// How to list: streamed where the server can (it has the `WatchList` feature on by default since 1.34), so that
/// neither side holds the list as a whole.
pub(super) async fn config(client: &Client) -> watcher::Config {
    let config = watcher::Config::default();
    let version = tokio::time::timeout(VERSION_TIMEOUT, client.apiserver_version()).await;
    let Ok(Ok(version)) = version else { return config };
    let number = |text: &str| text.trim_end_matches('+').parse::<u32>().unwrap_or_default();
    if (number(&version.major), number(&version.minor)) >= (1, 34) { config.streaming_lists() } else { config }
}

/// Objects of one namespace are listed there; of several, everywhere, and the others are left out.
pub(super) fn watch<O: Kin>(
    client: &Client,
    namespaces: &[String],
    config: watcher::Config,
    resync: Duration,
    kinship: Arc<Kinship>,
) -> Watched<O> {
    let api = match namespaces {
        [one] => Api::<O>::namespaced(client.clone(), one),
        _ => Api::<O>::all(client.clone()),
    };
    let ours: Vec<String> = if namespaces.len() > 1 { namespaces.to_vec() } else { Vec::new() };
    let wanted = move |object: &O| ours.is_empty() || object.namespace().is_some_and(|name| ours.contains(&name));
    let (store, writer) = reflector::store();
    let before = kinship.clone();
    let events = rewind::watch(api, config, resync)
        .try_filter(move |event| {
            std::future::ready(match event {
                Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) => wanted(object),
                Event::Init | Event::InitDone => true,
            })
        })
        .inspect_ok(move |event| match event {
            Event::Apply(object) | Event::InitApply(object) => object.appeared(&before),
            Event::Delete(object) => object.vanished(&before),
            Event::Init | Event::InitDone => {}
        })
        .map_ok(held)
        .reflect(writer)
        .inspect_ok(move |event| {
            if let Event::InitDone = event {
                O::listed(&kinship);
            }
        });
    let listed = store.clone();
    let events = events.flat_map(move |event| applied(event, &listed));
    Watched { store, events: events.boxed() }
}

/// The objects that an event is about. What a list shows is passed on once the list is in the store as a whole: a pass
/// takes its object from there, and would look at the copy of before, and never at the new one.
fn applied<O: Root, E>(
    event: Result<Event<Held<O>>, E>,
    store: &Store<Held<O>>,
) -> impl Stream<Item = Result<Held<O>, E>> + use<O, E> {
    let (one, all) = match event {
        Ok(Event::Apply(object)) => (Some(Ok(object)), Vec::new()),
        Ok(Event::InitDone) => (None, store.state()),
        Ok(Event::Init | Event::InitApply(_) | Event::Delete(_)) => (None, Vec::new()),
        Err(error) => (Some(Err(error)), Vec::new()),
    };
    stream::iter(one).chain(stream::iter(all).map(|object| Ok((*object).clone())))
}

fn held<O: Root>(event: Event<O>) -> Event<Held<O>> {
    match event {
        Event::Apply(object) => Event::Apply(Held::new(object)),
        Event::Delete(object) => Event::Delete(Held::new(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(Held::new(object)),
        Event::InitDone => Event::InitDone,
    }
}

/// Runs the controller of one kind until `stop` is ready and its passes have ended.
pub(super) async fn drive<K: Kind>(
    watched: Watched<K::Object>,
    context: Arc<Context<K>>,
    woken: mpsc::UnboundedReceiver<ObjectRef<Held<K::Object>>>,
    concurrency: u16,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let metrics = context.metrics.clone();
    metrics.controller(K::NAME, concurrency);
    let (on_event, on_wake) = (metrics.clone(), metrics.clone());
    let memories = context.clone();
    let news = move |object: &Held<K::Object>| {
        let (uid, version) = (object.uid().unwrap_or_default(), object.resource_version().unwrap_or_default());
        std::future::ready(memories.memories.shown(&uid, &version))
    };
    let events = watched.events.try_filter(news).inspect_ok(move |object| {
        on_event.woken(K::NAME, object.namespace().as_deref(), &object.name_any());
    });
    let woken = super::stream(woken).inspect(move |object| {
        on_wake.woken(K::NAME, object.namespace.as_deref(), &object.name);
    });
    Controller::for_stream(events, watched.store)
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop)
        .run(
            |object: Arc<Held<K::Object>>, context| async move {
                // Only a defect makes an object that cannot be opened; it changes with the next event, if at all.
                let Some(object) = object.open() else { return Ok(Action::await_change()) };
                Ok::<Action, std::convert::Infallible>(reconcile::<K>(object, context).await)
            },
            |_, error, _| match *error {},
            context,
        )
        .for_each(|result| async {
            match result {
                Ok(_) => {}
                // An object that was deleted before its turn.
                Err(kube::runtime::controller::Error::ObjectNotFound(object)) => {
                    metrics.vanished(K::NAME, object.namespace.as_deref(), &object.name);
                    tracing::debug!(controller = K::NAME, "an object was gone before its turn");
                }
                Err(error) => {
                    tracing::warn!(controller = K::NAME, %error, "objects could not be watched; tried again");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        })
        .await;
}
