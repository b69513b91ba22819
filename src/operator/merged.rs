//! Watches of one kind in several namespaces, as one watch: a Role in each namespace is enough for it. It shows one list of
//! all objects, and then their changes. If one of the watches has to list its namespace again, all of them do: the store
//! replaces its content with each list as a whole.

use std::collections::VecDeque;

use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, stream};
use kube::runtime::watcher::{self, Event};

type Shown<O> = Result<Event<O>, watcher::Error>;
type Watch<O> = BoxStream<'static, Shown<O>>;

/// One watch of all that `open` opens: one for each namespace, none of which ends. A single one is passed on as it is, so that
/// no list is held as a whole.
pub(super) fn watch<O: Send + 'static>(open: impl Fn() -> Vec<Watch<O>> + Send + Sync + 'static) -> Watch<O> {
    let mut watches = open();
    if watches.len() == 1 {
        return watches.remove(0);
    }
    stream::unfold((Round::of(watches), open), async |(mut round, open)| {
        let shown = round.next(&open).await;
        Some((shown, (round, open)))
    })
    .boxed()
}

/// The time from one list of all namespaces to the next.
struct Round<O> {
    /// What is shown next.
    due: VecDeque<Event<O>>,
    /// Namespaces that are not listed yet.
    waiting: VecDeque<Watch<O>>,
    /// What the first of them has listed so far.
    listed: Vec<O>,
    /// Namespaces that are listed.
    live: SelectAll<Watch<O>>,
}

impl<O: Send + 'static> Round<O> {
    fn of(watches: Vec<Watch<O>>) -> Self {
        Self { due: [Event::Init].into(), waiting: watches.into(), listed: Vec::new(), live: SelectAll::new() }
    }

    async fn next(&mut self, open: &impl Fn() -> Vec<Watch<O>>) -> Shown<O> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Ok(event);
            }
            let shown = match self.waiting.front_mut() {
                Some(first) => first.next().await,
                None => self.live.next().await,
            };
            match shown {
                Some(Ok(Event::Init)) if self.waiting.is_empty() => *self = Self::of(open()),
                // The list has failed, and begins again.
                Some(Ok(Event::Init)) => self.listed.clear(),
                Some(Ok(Event::InitApply(object))) => self.listed.push(object),
                Some(Ok(Event::InitDone)) => {
                    self.due.extend(self.listed.drain(..).map(Event::InitApply));
                    self.live.extend(self.waiting.pop_front());
                    if self.waiting.is_empty() {
                        self.due.push_back(Event::InitDone);
                    }
                }
                Some(shown) => return shown,
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::FutureExt as _;
    use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

    use super::*;

    /// The ends of the watches of both namespaces, opened again and again.
    #[derive(Default, Clone)]
    struct Servers(Arc<Mutex<Vec<UnboundedSender<Event<u8>>>>>);

    impl Servers {
        fn open(&self) -> Vec<Watch<u8>> {
            let (senders, receivers): (Vec<_>, Vec<UnboundedReceiver<_>>) = (0..2).map(|_| unbounded()).unzip();
            *self.0.lock().unwrap() = senders;
            receivers.into_iter().map(|receiver| receiver.map(Ok).boxed()).collect()
        }

        fn show(&self, namespace: usize, events: impl IntoIterator<Item = Event<u8>>) {
            let servers = self.0.lock().unwrap();
            events.into_iter().for_each(|event| servers[namespace].unbounded_send(event).unwrap());
        }
    }

    #[tokio::test]
    async fn two_namespaces_look_like_one() {
        let servers = Servers::default();
        let opened = servers.clone();
        let mut merged = Box::pin(watch(move || opened.open()));
        let mut shown = || {
            let mut words = Vec::new();
            while let Some(event) = merged.next().now_or_never() {
                words.push(match event.unwrap().unwrap() {
                    Event::Init => "init".to_owned(),
                    Event::InitApply(object) => format!("init {object}"),
                    Event::InitDone => "done".to_owned(),
                    Event::Apply(object) => format!("apply {object}"),
                    Event::Delete(object) => format!("delete {object}"),
                });
            }
            words.join(", ")
        };
        assert_eq!(shown(), "init");
        servers.show(1, [Event::Init, Event::InitApply(11), Event::InitDone, Event::Apply(12)]);
        assert_eq!(shown(), "", "the first comes first");
        servers.show(0, [Event::Init, Event::InitApply(1)]);
        assert_eq!(shown(), "", "this list may fail yet");
        servers.show(0, [Event::Init, Event::InitApply(2), Event::InitDone]);
        assert_eq!(shown(), "init 2, init 11, done, apply 12");
        servers.show(0, [Event::Apply(3), Event::Delete(2)]);
        servers.show(1, [Event::Delete(11)]);
        let changes = shown();
        assert!(["apply 3", "delete 2", "delete 11"].iter().all(|change| changes.contains(change)), "{changes}");

        // One lists again, so both do.
        servers.show(1, [Event::Init]);
        assert_eq!(shown(), "init");
        servers.show(0, [Event::Init, Event::InitDone]);
        servers.show(1, [Event::Init, Event::InitApply(12), Event::InitDone]);
        assert_eq!(shown(), "init 12, done");
    }
}
