//! Reads of single remotes. Two promises:
//!
//! * Lists decide about absence. A read by id that is refused with an unknown code says nothing. A remote does not
//!   exist if two complete lists, `--list-lag` apart, do not show it.
//! * Reads that precede a delete are shared: all that wait at the same moment are answered by one `DatasetIds=` page of
//!   up to 100 ids instead of one `GetDataset` each. A dataset that such a page does not show with a mark is read
//!   singly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::listing;
use crate::cloud::codec::{self, Codec, Datasets, Root, Select, Start};
use crate::cloud::{CallError, Client, ErrorClass, Lane, Permit};
use crate::lock::lock;
use crate::remote::Remote;
use crate::remote::id::RemoteId;

/// How long the first read waits for others.
const ALONE: Duration = Duration::from_millis(20);
/// How long it waits once others have come: at 100 deletes per second a page then answers about thirty reads.
const COMPANY: Duration = Duration::from_millis(300);
/// The most ids that `DatasetIds=` takes (a page holds 100).
const MOST: usize = 100;

type Answer = Option<Arc<Remote>>;
type Waiting = (String, oneshot::Sender<Answer>);

/// A remote, or `None` if it does not exist.
pub type Read = Result<Option<Arc<Remote>>, CallError>;

/// The shared reader of one account.
pub struct Reader {
    client: Client,
    /// The greatest age of the state that a list may show.
    list_lag: Duration,
    /// Reads that wait for others to share a page with, by workspace.
    queue: Mutex<HashMap<String, Vec<Waiting>>>,
}

impl Reader {
    /// Reads with this client; lists may be `list_lag` old.
    #[must_use]
    pub fn new(client: Client, list_lag: Duration) -> Self {
        Self { client, list_lag, queue: Mutex::default() }
    }

    /// Reads one remote, which `codec` knows, by itself; lists of `workspace` decide if the read is refused with an
    /// unknown code.
    pub async fn read(&self, permit: &mut Permit, codec: &dyn Codec, workspace: &str, id: &RemoteId) -> Read {
        match self.get(permit, codec, id).await {
            Err(error) if error.class == ErrorClass::Unexplained => {
                let exists = self.exists(permit, codec, workspace, id).await?;
                if exists { Err(error.though_listed()) } else { Ok(None) }
            }
            read => read,
        }
    }

    /// Whether lists show the remote. Two lists, `--list-lag` apart, must agree that it is absent. After an error
    /// nothing is known.
    pub async fn exists(
        &self,
        permit: &mut Permit,
        codec: &dyn Codec,
        workspace: &str,
        id: &RemoteId,
    ) -> Result<bool, CallError> {
        if self.is_listed(permit, codec, workspace, id).await? {
            return Ok(true);
        }
        tokio::time::sleep(self.list_lag).await;
        self.is_listed(permit, codec, workspace, id).await
    }

    /// What is in a dataset is listed there. If that list is refused with an unknown code, the list of datasets decides:
    /// a dataset that is gone has nothing in it.
    async fn is_listed(
        &self,
        permit: &mut Permit,
        codec: &dyn Codec,
        workspace: &str,
        id: &RemoteId,
    ) -> Result<bool, CallError> {
        let mut refused = None;
        if let Some(nested) = codec.nested() {
            match listing::children(&self.client, permit, nested, id.root()).await {
                Ok(listing) => return listing.shows(id, nested.lists()),
                Err(error) if error.class == ErrorClass::NotFound => return Ok(false),
                Err(error) if error.class != ErrorClass::Unexplained => return Err(error),
                Err(error) => refused = Some(error),
            }
        }
        let ids = [id.root().to_owned()];
        let listing = listing::place(&self.client, permit, workspace, Select::Ids(&ids)).await?;
        let shown = listing.shows(&RemoteId::new(id.root()), codec::root(workspace).lists())?;
        refused.filter(|_| shown).map_or(Ok(shown), Err)
    }

    async fn get(&self, permit: &mut Permit, codec: &dyn Codec, id: &RemoteId) -> Read {
        let request = codec.get(id);
        let answer = self.client.call_in(permit, &request).await.and_then(|answer| {
            codec.shown(id, &answer).map_err(|malformed| CallError::malformed(request.operation(), malformed))
        });
        match answer {
            Ok(remote) => Ok(Some(Arc::new(remote))),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a dataset, together with all others of this workspace that are wanted now.
    pub async fn read_shared(self: &Arc<Self>, workspace: &str, id: &RemoteId) -> Read {
        let (sender, receiver) = oneshot::channel();
        let leads = {
            let mut queue = lock(&self.queue);
            let waiting = queue.entry(workspace.to_owned()).or_default();
            waiting.push((id.root().to_owned(), sender));
            waiting.len() == 1
        };
        if leads {
            // A separate task, as the reconcile of the first reader may end while the others still wait.
            let (reader, workspace) = (self.clone(), workspace.to_owned());
            tokio::spawn(async move {
                reader.gather(&workspace).await;
                reader.serve(&workspace).await;
            });
        }
        match receiver.await {
            Ok(Some(remote)) => Ok(Some(remote)),
            // This read waits for a permit of its own: the caller's permit is for the call that follows the read.
            Ok(None) | Err(_) => self.read(&mut Permit::wait(Lane::UserChange), &Datasets, workspace, id).await,
        }
    }

    /// Waits until a page is full or [`COMPANY`] has passed; a single read waits only [`ALONE`].
    async fn gather(&self, workspace: &str) {
        let since = Instant::now();
        loop {
            tokio::time::sleep(ALONE).await;
            let waiting = lock(&self.queue).get(workspace).map_or(0, Vec::len);
            if !(2..MOST).contains(&waiting) || since.elapsed() >= COMPANY {
                return;
            }
        }
    }

    async fn serve(&self, workspace: &str) {
        let mut waiting = lock(&self.queue).remove(workspace).unwrap_or_default();
        while waiting.len() > 1 {
            let rest = waiting.split_off(waiting.len().min(MOST));
            let ids: Vec<_> = waiting.iter().map(|(id, _)| id.clone()).collect();
            let request = Datasets.list(workspace, Select::Ids(&ids), &Start::Number(1));
            let remotes = match self.client.call(Lane::UserChange, &request).await {
                Ok(answer) => Datasets.listed(&answer).map(|page| page.remotes).unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            let mut shown: HashMap<_, _> = remotes
                .into_iter()
                .filter(|remote| remote.mark.as_ref().is_some_and(|mark| mark.domain.is_some()))
                .map(|remote| (remote.id.root().to_owned(), Arc::new(remote)))
                .collect();
            for (id, sender) in waiting {
                let _ = sender.send(shown.remove(&id));
            }
            waiting = rest;
        }
        // A single remaining reader reads for itself: its sender is dropped here, which tells it so.
    }
}
