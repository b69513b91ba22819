//! Whole lists, page by page. Believes the number of items returned and `TotalCount`, never the page size asked
//! for; a list that changed under paging is read again, and said to be incomplete if it keeps changing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cloud::{self, Answer, CallError, ListDatasets, Malformed, Request, Turn};
use crate::engine::recorded::RemoteId;
use crate::engine::view::Remote;

const PAGE: u32 = 100;
const TRIES: u32 = 3;
/// A list longer than this is not believed: the service would be repeating itself.
const MOST_PAGES: u32 = 100_000;

/// A list as read.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The items, by id.
    pub remotes: Vec<Arc<Remote>>,
    /// It did not change while it was read: what is not in it was not there.
    pub complete: bool,
}

/// All datasets that the query selects. Its page members are set here.
pub async fn datasets(client: &cloud::Client, turn: &mut Turn, query: &ListDatasets) -> Result<Listing, CallError> {
    whole(client, turn, &Query::Datasets(query)).await
}

/// All versions of a dataset.
pub async fn versions(client: &cloud::Client, turn: &mut Turn, id: &str) -> Result<Listing, CallError> {
    whole(client, turn, &Query::Versions(id)).await
}

enum Query<'a> {
    Datasets(&'a ListDatasets),
    Versions(&'a str),
}

impl Query<'_> {
    fn request(&self, page: u32) -> Request {
        match self {
            Self::Datasets(query) => {
                Request::list_datasets(&ListDatasets { page_number: page, page_size: PAGE, ..(*query).clone() })
            }
            Self::Versions(id) => Request::list_dataset_versions(id, page, PAGE, None),
        }
    }

    fn read(&self, answer: &Answer) -> Result<(Vec<Remote>, Option<u64>), Malformed> {
        match self {
            Self::Datasets(_) => {
                answer.datasets().map(|(items, total)| (items.into_iter().map(dataset).collect(), total))
            }
            Self::Versions(id) => answer
                .versions()
                .map(|(items, total)| (items.into_iter().map(|item| version(id, item)).collect(), total)),
        }
    }
}

async fn whole(client: &cloud::Client, turn: &mut Turn, query: &Query<'_>) -> Result<Listing, CallError> {
    let mut remotes = Found::new();
    for _ in 0..TRIES {
        let (found, steady) = once(client, turn, query).await?;
        remotes = found;
        if steady {
            return Ok(Listing { remotes: remotes.into_values().collect(), complete: true });
        }
    }
    Ok(Listing { remotes: remotes.into_values().collect(), complete: false })
}

type Found = BTreeMap<RemoteId, Arc<Remote>>;

/// Reads the list once; says whether it held still meanwhile.
async fn once(client: &cloud::Client, turn: &mut Turn, query: &Query<'_>) -> Result<(Found, bool), CallError> {
    let (mut found, mut items, mut first_total) = (Found::new(), 0_u64, None);
    for number in 1..=MOST_PAGES {
        let request = query.request(number);
        let answer = client.call_in(turn, &request).await?;
        let read = query.read(&answer);
        let (page, total) = read.map_err(|malformed| CallError::malformed(request.operation(), malformed))?;
        let first_total = *first_total.get_or_insert(total);
        let empty = page.is_empty();
        items += page.len() as u64;
        found.extend(page.into_iter().map(|remote| (remote.id.clone(), Arc::new(remote))));
        if empty || total.is_some_and(|total| items >= total) {
            let distinct = found.len() as u64 == items;
            let counted = total.is_none_or(|total| items == total);
            return Ok((found, distinct && counted && total == first_total));
        }
    }
    Ok((found, false))
}

/// A dataset as the engine sees it.
#[must_use]
pub fn dataset(dataset: cloud::Dataset) -> Remote {
    let latest = dataset.latest_version.map(|latest| Box::new(version(&dataset.id, latest)));
    Remote { id: RemoteId::dataset(dataset.id), labels: dataset.labels, fields: dataset.fields, latest }
}

/// A version as the engine sees it.
#[must_use]
pub fn version(dataset: &str, version: cloud::Version) -> Remote {
    Remote {
        id: RemoteId::version(dataset, version.name),
        labels: version.labels,
        fields: version.fields,
        latest: None,
    }
}
