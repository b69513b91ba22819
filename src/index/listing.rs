//! Whole lists, page by page. Believes the number of items returned and `TotalCount`, never the page size asked
//! for; a list that changed under paging is read again, and said to be incomplete if it keeps changing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cloud::{self, CallError, Lane, ListDatasets, Request};
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
pub async fn datasets(client: &cloud::Client, lane: Lane, query: &ListDatasets) -> Result<Listing, CallError> {
    whole(async |page| {
        let request = Request::list_datasets(&ListDatasets { page_number: page, page_size: PAGE, ..query.clone() });
        let answer = client.call(lane, &request).await?;
        let (items, total) = answer.datasets().map_err(|error| CallError::malformed(request.operation(), error))?;
        Ok((items.into_iter().map(dataset).collect(), total))
    })
    .await
}

/// All versions of a dataset.
pub async fn versions(client: &cloud::Client, lane: Lane, id: &str) -> Result<Listing, CallError> {
    whole(async |page| {
        let request = Request::list_dataset_versions(id, page, PAGE, None);
        let answer = client.call(lane, &request).await?;
        let (items, total) = answer.versions().map_err(|error| CallError::malformed(request.operation(), error))?;
        Ok((items.into_iter().map(|item| version(id, item)).collect(), total))
    })
    .await
}

async fn whole(page: impl AsyncFn(u32) -> Result<(Vec<Remote>, Option<u64>), CallError>) -> Result<Listing, CallError> {
    let mut remotes = BTreeMap::new();
    for _ in 0..TRIES {
        let (found, steady) = once(&page).await?;
        remotes = found;
        if steady {
            return Ok(Listing { remotes: remotes.into_values().collect(), complete: true });
        }
    }
    Ok(Listing { remotes: remotes.into_values().collect(), complete: false })
}

type Found = BTreeMap<RemoteId, Arc<Remote>>;

async fn once(page: &impl AsyncFn(u32) -> Result<(Vec<Remote>, Option<u64>), CallError>) -> Result<(Found, bool), CallError> {
    let (mut found, mut items, mut first_total) = (Found::new(), 0_u64, None);
    for number in 1..=MOST_PAGES {
        let (page, total) = page(number).await?;
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
