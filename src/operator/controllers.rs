//! The controllers of all kinds. The parts of each kind are created first, then the parts that all share, then the
//! controllers.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::runtime::{reflector, watcher};

use super::handler::{EventHandler, Shared, Wakers};
use super::{Parts, context, signal, watch};
use crate::inventory::inventories::Inventories;
use crate::kinds::ForEachKind;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::object_states::ObjectStates;

/// The parts that each kind has of its own.
#[derive(Default)]
pub(super) struct Controllers {
    pub(super) live: LiveObjects,
    pub(super) wakers: Wakers,
    pub(super) states: Vec<Arc<ObjectStates>>,
    pub(super) starts: Vec<Start>,
}

/// Runs the controller of one kind: reconciles begin with the term; when the receiver says so, those under
/// way end, and then the controller.
type Start = Box<
    dyn FnOnce(&Parts, &Shared, watcher::Config, watch::Term, signal::Receiver<bool>) -> BoxFuture<'static, ()> + Send,
>;

impl ForEachKind for Controllers {
    fn visit<K: AnyKind>(&mut self) {
        let (store, writer) = reflector::store();
        let (states, woken) = (Arc::<ObjectStates>::default(), self.wakers.add(K::NAME));
        self.live.add::<K>(store.clone());
        self.states.push(states.clone());
        self.starts.push(Box::new(|parts, shared, config, term, stopped| {
            let flags = &parts.settings.flags;
            let context = context::<K::Object>(parts, shared, states.clone(), stopped);
            let handler = Arc::new(EventHandler::<K> { shared: shared.clone(), states, store });
            let watched = watch::watch::<K>(&parts.kube, &flags.namespaces, config, flags.resync, handler, writer);
            watch::drive::<K>(watched, context, woken, parts.settings.concurrency(), term).boxed()
        }));
    }
}

/// Every 15 seconds, drops memory that is not needed any more.
pub(super) async fn tidy(states: Vec<Arc<ObjectStates>>, inventories: Arc<Inventories>, list_lag: Duration) {
    let mut ticks = tokio::time::interval(Duration::from_secs(15));
    loop {
        ticks.tick().await;
        for states in &states {
            states.tidy(list_lag);
        }
        inventories.tidy();
    }
}
