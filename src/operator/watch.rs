//! Watches one kind: its store without members that nobody reads, its event handler, and its controller.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, Stream, StreamExt, TryStreamExt};
use kube::core::NamespaceResourceScope;
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, Resource, ResourceExt};
use tokio::sync::{mpsc, oneshot};

use super::handler::EventHandler;
use super::{merged, rewind, rights, signal, unparsable};
use crate::inventory::ObjectName;
use crate::reconcile::context::Context;
use crate::reconcile::kind::{AnyKind, Managed};
use crate::reconcile::parsed::{Parsed, Unparsable};
use crate::reconcile::pass::reconcile;
use crate::reconcile::stored::StoredObject;

/// Lists are paged if the server's version is not known within this time.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// A watched kind: its store, the objects that were applied, and those of them that do not parse.
pub(super) struct Watched<O: Managed> {
    pub(super) store: Store<StoredObject<O>>,
    broken: mpsc::UnboundedReceiver<Box<Unparsable>>,
    events: BoxStream<'static, Result<StoredObject<O>, watcher::Error>>,
}

/// How to list: streamed if the server can (its `WatchList` feature is on by default since 1.34), so that neither side
/// holds the list as a whole.
pub(super) async fn config(client: &Client) -> watcher::Config {
    let config = watcher::Config::default();
    let version = tokio::time::timeout(VERSION_TIMEOUT, client.apiserver_version()).await;
    let Ok(Ok(version)) = version else { return config };
    let number = |text: &str| text.trim_end_matches('+').parse::<u32>().unwrap_or_default();
    if (number(&version.major), number(&version.minor)) >= (1, 34) { config.streaming_lists() } else { config }
}

/// Watches the objects of these namespaces, each there; without any, those of the whole cluster.
pub(super) fn watch<K: AnyKind>(
    client: &Client,
    namespaces: &[String],
    config: watcher::Config,
    resync: Duration,
    handler: Arc<EventHandler<K>>,
    writer: Writer<StoredObject<K::Object>>,
) -> Watched<K::Object> {
    let (before, failing) = (handler.clone(), handler.clone());
    let store = handler.store.clone();
    let (found, broken) = mpsc::unbounded_channel();
    let events = everywhere(client, namespaces, config, resync)
        .inspect_ok(move |event| {
            before.on_event(event);
            if let Event::Apply(Parsed::Unparsable(object)) | Event::InitApply(Parsed::Unparsable(object)) = event {
                // The receiver is dropped only while the process ends.
                let _ = found.send(object.clone());
            }
        })
        .inspect_err(move |error| failing.on_error(error))
        .map_ok(held)
        .reflect(writer)
        .inspect_ok(move |event| {
            if let Event::InitDone = event {
                handler.on_list();
            }
        });
    let listed = store.clone();
    let events = events.flat_map(move |event| applied(event, &listed));
    Watched { store, broken, events: events.boxed() }
}

/// Watches the objects of these namespaces, each there; without any, those of the whole cluster. If the API server was put back to an
/// older state, it lists them again.
pub(super) fn everywhere<O: rewind::Watchable + Resource<Scope = NamespaceResourceScope>>(
    client: &Client,
    namespaces: &[String],
    config: watcher::Config,
    resync: Duration,
) -> BoxStream<'static, Result<Event<O>, watcher::Error>> {
    let apis: Vec<Api<O>> = match namespaces {
        [] => vec![Api::all(client.clone())],
        some => some.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect(),
    };
    merged::watch(move || apis.iter().map(|api| rewind::watch(api.clone(), config.clone(), resync).boxed()).collect())
}

/// The objects that an event is about. Objects of a list are passed on only once the whole list is in the store: a
/// reconcile takes its object from the store, so it would otherwise see the old copy, and never the new one.
fn applied<O: Managed, E>(
    event: Result<Event<StoredObject<O>>, E>,
    store: &Store<StoredObject<O>>,
) -> impl Stream<Item = Result<StoredObject<O>, E>> + use<O, E> {
    let (one, all) = match event {
        Ok(Event::Apply(object)) => (Some(Ok(object)), Vec::new()),
        Ok(Event::InitDone) => (None, store.state()),
        Ok(Event::Init | Event::InitApply(_) | Event::Delete(_)) => (None, Vec::new()),
        Err(error) => (Some(Err(error)), Vec::new()),
    };
    stream::iter(one).chain(stream::iter(all).map(|object| Ok((*object).clone())))
}

fn held<O: Managed>(event: Event<Parsed<O>>) -> Event<StoredObject<O>> {
    match event {
        Event::Apply(object) => Event::Apply(object.into()),
        Event::Delete(object) => Event::Delete(object.into()),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(object.into()),
        Event::InitDone => Event::InitDone,
    }
}

/// Ready once this replica works; never, if it does not. Whoever waits goes on in the order in which they came, so that a run of
/// the simulation can be repeated: the waiters of a `tokio::sync::watch` do not.
pub(super) type Term = Shared<BoxFuture<'static, ()>>;

/// The term that begins with this message.
pub(super) fn term(begun: oneshot::Receiver<()>) -> Term {
    let begins = async {
        if begun.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    begins.boxed().shared()
}

/// Runs the controller of one kind until [`Context::stopped`] says so and its reconciles have ended. It watches from the beginning, and
/// reconciles once `term` says so. Before the first list there is no reconcile, and a controller that waits for that list
/// does not end by itself.
pub(super) async fn drive<K: AnyKind>(
    watched: Watched<K::Object>,
    context: Arc<Context>,
    woken: mpsc::UnboundedReceiver<ObjectName>,
    concurrency: u16,
    term: Term,
) {
    let (metrics, stopped) = (context.metrics.clone(), context.stopped.clone());
    metrics.controller(K::NAME, concurrency);
    let (on_event, on_wake) = (metrics.clone(), metrics.clone());
    let shown = context.clone();
    let news = move |object: &StoredObject<K::Object>| {
        let (uid, version) = (object.uid().unwrap_or_default(), object.resource_version().unwrap_or_default());
        std::future::ready(shown.states.shown(&uid, &version))
    };
    let events = watched.events.try_filter(news).inspect_ok(move |object| {
        on_event.woken(K::NAME, object.namespace().as_deref(), &object.name_any());
    });
    let woken = stream::unfold(woken, async |mut woken| woken.recv().await.map(|object| (object, woken)));
    let woken = woken.map(move |object| {
        let (namespace, name) = object.place();
        on_wake.woken(K::NAME, Some(namespace), name);
        ObjectRef::new(name).within(namespace)
    });
    let (telling, begun) = (unparsable::tell::<K>(context.clone(), watched.broken), term.clone());
    let telling = begun.then(|()| telling);
    let store = watched.store.clone();
    let early = async {
        until(stopped.clone()).await;
        if store.wait_until_ready().now_or_never().is_some() {
            std::future::pending::<()>().await;
        }
    };
    let asked = stopped.clone();
    let passes = Controller::for_stream(events, watched.store)
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(woken)
        .graceful_shutdown_on(until(stopped.clone()))
        .run(
            move |object: Arc<StoredObject<K::Object>>, context| {
                let (term, stopped) = (term.clone(), asked.clone());
                async move {
                    tokio::select! {
                        biased;
                        () = term => {}
                        // This replica never began.
                        () = until(stopped) => return Ok(Action::await_change()),
                    }
                    // An object that does not parse reports that itself; nothing else is done for it until it changes.
                    let Some(object) = object.open() else {
                        context.metrics.vanished(K::NAME, object.namespace().as_deref(), &object.name_any());
                        return Ok(Action::await_change());
                    };
                    Ok::<Action, std::convert::Infallible>(reconcile::<K>(object, context).await)
                }
            },
            |_, error, _| match *error {},
            context,
        )
        .for_each(|result| async {
            match result {
                Ok(_) => {}
                // The object was deleted before its turn.
                Err(kube::runtime::controller::Error::ObjectNotFound(object)) => {
                    metrics.vanished(K::NAME, object.namespace.as_deref(), &object.name);
                    tracing::debug!(controller = K::NAME, "an object was gone before its turn");
                }
                Err(kube::runtime::controller::Error::QueueError(error)) => {
                    let error = rights::of_watch(&error);
                    tracing::warn!(
                        controller = K::NAME,
                        error,
                        "objects cannot be listed or watched; it is tried again"
                    );
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => {
                    tracing::warn!(
                        controller = K::NAME,
                        error = crate::words::error(&error),
                        "objects could not be watched; tried again"
                    );
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
    // The reports of objects that do not parse end together with the reconciles.
    let telling = telling.then(|()| std::future::pending::<()>());
    tokio::select! {
        biased;
        () = Box::pin(passes) => {}
        () = Box::pin(telling) => {}
        () = early => tracing::debug!(controller = K::NAME, "nothing was listed yet, so there is no pass to wait for"),
    }
}

async fn until(mut stopped: signal::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
