//! Whole lists, page by page, never trusting the page size that was asked for. A list that changed under paging is read
//! again, and said to be incomplete if it keeps changing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::list_progress::ListProgress;
use crate::cloud::codec::{self, Nested, Page, Select, Start};
use crate::cloud::{self, Answer, CallError, ErrorClass, Malformed, Operation, Permit, Request};
use crate::remote::Remote;
use crate::remote::id::RemoteId;

const TRIES: u32 = 3;

/// A list as read.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The items, sorted by id. A caller that must know all of them uses [`Listing::whole`].
    pub remotes: Vec<Arc<Remote>>,
    /// The list did not change while it was read, so an item that is not in it did not exist.
    pub complete: bool,
}

impl Listing {
    /// All items there are. `None` if some may be missing.
    #[must_use]
    pub fn whole(self) -> Option<Vec<Arc<Remote>>> {
        self.complete.then_some(self.remotes)
    }

    /// Whether the list shows this remote. Fails if the list is incomplete and does not show it: such an answer of
    /// `operation` proves nothing.
    pub fn shows(&self, id: &RemoteId, operation: Operation) -> Result<bool, CallError> {
        let shown = self.remotes.iter().any(|remote| remote.id == *id);
        if !shown && !self.complete {
            let what = "the list kept changing while it was read".into();
            return Err(CallError::malformed(operation, Malformed { what, request_id: None }));
        }
        Ok(shown)
    }
}

/// All remotes of this place that are selected, and perhaps others.
pub async fn place(
    client: &cloud::Client,
    permit: &mut Permit,
    place: &str,
    select: Select<'_>,
) -> Result<Listing, CallError> {
    whole(client, permit, &Query::Place(place, select)).await
}

/// All remotes in one collection of a dataset.
pub async fn children(
    client: &cloud::Client,
    permit: &mut Permit,
    codec: &dyn Nested,
    dataset: &str,
) -> Result<Listing, CallError> {
    whole(client, permit, &Query::Children(codec, dataset)).await
}

enum Query<'a> {
    Place(&'a str, Select<'a>),
    Children(&'a dyn Nested, &'a str),
}

impl Query<'_> {
    fn request(&self, start: &Start) -> Request {
        match (self, start) {
            (Self::Place(place, select), _) => codec::root(place).list(place, *select, start),
            (Self::Children(codec, dataset), Start::Number(page)) => codec.list(dataset, *page),
            // No list of what is in a dataset has tokens.
            (Self::Children(codec, dataset), Start::Token(_)) => codec.list(dataset, 1),
        }
    }

    /// Everything that was asked for by id has been found.
    fn is_answered(&self, found: &Found) -> bool {
        match self {
            Self::Place(_, Select::Ids(ids)) => ids.iter().all(|id| found.contains_key(&RemoteId::new(id))),
            Self::Place(_, Select::All | Select::Labelled(_) | Select::Named(_)) | Self::Children(..) => false,
        }
    }

    fn read(&self, answer: &Answer) -> Result<Page, Malformed> {
        match self {
            Self::Place(place, _) => codec::root(place).listed(answer),
            Self::Children(codec, dataset) => codec.listed(dataset, answer),
        }
    }
}

async fn whole(client: &cloud::Client, permit: &mut Permit, query: &Query<'_>) -> Result<Listing, CallError> {
    let mut remotes = Found::new();
    for _ in 0..TRIES {
        let (found, steady) = once(client, permit, query).await?;
        remotes = found;
        if steady {
            return Ok(Listing { remotes: remotes.into_values().collect(), complete: true });
        }
    }
    Ok(Listing { remotes: remotes.into_values().collect(), complete: false })
}

type Found = BTreeMap<RemoteId, Arc<Remote>>;

/// Reads the list once, and says whether it stayed the same while it was read.
async fn once(client: &cloud::Client, permit: &mut Permit, query: &Query<'_>) -> Result<(Found, bool), CallError> {
    let (mut found, mut progress, mut start) = (Found::new(), ListProgress::new(0), Start::Number(1));
    while progress.wants_more() {
        let request = query.request(&start);
        let answer = match client.call_in(permit, &request).await {
            // The list became shorter meanwhile, or it has no count and the page before was the last one.
            Err(error) if progress.pages > 0 && error.class == ErrorClass::Unexplained => {
                progress.end();
                break;
            }
            answer => answer?,
        };
        let read = query.read(&answer);
        let page = read.map_err(|malformed| CallError::malformed(request.operation(), malformed))?;
        progress.page(page.remotes.len(), page.total, &page.next);
        for remote in page.remotes {
            let first = found.insert(remote.id.clone(), Arc::new(remote)).is_none();
            progress.known(first, false);
        }
        if query.is_answered(&found) {
            progress.end();
        }
        start = page.next.start(progress.pages);
    }
    Ok((found, progress.is_whole()))
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
