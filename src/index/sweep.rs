//! The sweep: every workspace that is wanted is listed by domain mark, as fast as the limiter lets it before the first
//! create of a term, and from then on a page at a time, spread over the resync: it *is* the resync.
//!
//! Offset paging is no snapshot (`tally.rs` says when a list counts as whole). What a list did not show and somebody recorded is asked for by id, a hundred at a time; and what that
//! does not show either is only a reason for its objects to look for themselves.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::row::{Source, owner_hash};
use super::rows::VERSION_RESYNCS;
use super::tally::Tally;
use super::{Index, Trouble, listing};
use crate::api::names::MARK_DOMAIN;
use crate::cloud::{CallError, Client, ErrorClass, Lane, ListDatasets, Request, Turn};
use crate::engine::recorded::RemoteId;
use crate::engine::view::Remote;
use crate::levers;

const PAGE: u32 = 100;
/// Pages under way at a time when nothing is known yet: they are worth more than the wait for each.
const AHEAD: usize = 8;

/// Sweeps whatever is wanted, for ever.
pub(super) async fn run(index: Arc<Index>, client: Client, mut wanted: mpsc::UnboundedReceiver<Arc<str>>) {
    let mut tasks = JoinSet::new();
    while let Some(workspace) = wanted.recv().await {
        let (index, client) = (index.clone(), client.clone());
        tasks.spawn(async move {
            let sweep = Sweep { index: &index, client: &client, workspace: &workspace };
            let mut failures = 0;
            while !sweep.round(Pace::Fast).await {
                failures += 1;
                sleep(index.failed(&workspace, Trouble::Unsteady, failures)).await;
            }
            index.finished(&workspace);
            loop {
                if levers::get_resync() {
                    sweep.get_each().await;
                } else {
                    sweep.round(Pace::Spread).await;
                }
                sweep.list_versions().await;
                index.finished(&workspace);
            }
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Several pages at a time.
    Fast,
    /// One page after another, evenly over the resync.
    Spread,
}

struct Sweep<'a> {
    index: &'a Index,
    client: &'a Client,
    workspace: &'a str,
}

struct Page {
    remotes: Vec<Remote>,
    total: Option<u64>,
    since: Instant,
}

impl Sweep<'_> {
    /// Lists the workspace once. Returns whether the list was whole.
    async fn round(&self, pace: Pace) -> bool {
        let since = self.index.lagged(Instant::now());
        let (mut first, mut whole, mut pages) = (None, true, 0);
        for domain in &self.index.settings.domains {
            let number = self.index.next_list(self.workspace);
            first.get_or_insert(number);
            let tally = self.list(domain, number, pace).await;
            whole &= tally.is_whole();
            pages += tally.pages;
        }
        self.index.listed(self.workspace, pages);
        self.confirm(first.unwrap_or_default(), since, whole).await;
        whole
    }

    async fn list(&self, domain: &str, number: u32, pace: Pace) -> Tally {
        let mut tally = Tally::new(number, self.index.count(self.workspace));
        self.pause(pace, &tally).await;
        self.take(self.page(domain, 1).await, &mut tally);
        let mut next = 2;
        if pace == Pace::Fast {
            let pages = tally.pages_expected();
            let rest = futures::stream::iter(2..=pages).map(|page| self.page(domain, page)).buffer_unordered(AHEAD);
            let mut rest = std::pin::pin!(rest);
            while let Some(page) = rest.next().await {
                self.take(page, &mut tally);
                if !tally.wants_more() {
                    break;
                }
            }
            next = pages + 1;
        }
        // The rest, or all of it: pages may come out smaller than the first one.
        while tally.wants_more() {
            if !tally.is_proving() {
                self.pause(pace, &tally).await;
            }
            self.take(self.page(domain, next).await, &mut tally);
            next += 1;
        }
        self.index.counts(self.workspace, tally.count);
        tally
    }

    /// Waits for the time of the next page: the resync, divided evenly among all pages, give or take a tenth so that
    /// workspaces drift apart. Who has been blind does not wait.
    async fn pause(&self, pace: Pace, tally: &Tally) {
        let pages = self.index.pages(self.workspace).max(tally.pages_expected());
        if pace == Pace::Fast || self.index.is_blind(self.workspace) {
            return;
        }
        let seed = u64::from(tally.number.wrapping_mul(31).wrapping_add(tally.pages));
        let noise = owner_hash(self.workspace).wrapping_mul(seed | 1).rotate_left(17) % 21;
        let percent = 90 + u32::try_from(noise).unwrap_or_default();
        // From page to page, not from one's end to the next one's begin: calls that take their time make no round longer.
        sleep_until(self.index.next_page(self.workspace, self.index.settings.resync / pages * percent / 100)).await;
    }

    /// One page, tried until it comes. `None`: the service says that there is none of this number.
    async fn page(&self, domain: &str, number: u32) -> Option<Page> {
        let query = ListDatasets {
            workspace_id: Some(self.workspace.to_owned()),
            label: Some(domain.to_owned()),
            page_number: number,
            page_size: PAGE,
            ..ListDatasets::default()
        };
        let request = Request::list_datasets(&query);
        let mut failures = 0;
        loop {
            let since = self.index.lagged(Instant::now());
            let answer = self.client.call(Lane::Sweep, &request).await.and_then(|answer| {
                answer.datasets().map_err(|malformed| CallError::malformed(request.operation(), malformed))
            });
            match answer {
                Ok((items, total)) => {
                    self.index.reached(self.workspace);
                    return Some(Page { remotes: items.into_iter().map(listing::dataset).collect(), total, since });
                }
                // The list became shorter meanwhile, or it has no count and the page before was the last one.
                Err(error) if number > 1 && error.class == ErrorClass::Unexplained => return None,
                Err(error) => {
                    failures += 1;
                    sleep(self.index.failed(self.workspace, Trouble::Call(error), failures)).await;
                }
            }
        }
    }

    /// Puts what a page shows into the rows and wakes whom it concerns.
    fn take(&self, page: Option<Page>, tally: &mut Tally) {
        let Some(page) = page else { return tally.end() };
        tally.page(page.remotes.len(), page.total);
        let (mut keys, known) = (Vec::new(), self.index.is_swept(self.workspace));
        {
            let mut state = self.index.state();
            for remote in &page.remotes {
                let id = remote.id.dataset.as_str();
                let ours = remote.labels.get(MARK_DOMAIN).is_some_and(|d| self.index.settings.domains.contains(d));
                if !ours && !state.rows.is_recorded(id) {
                    tally.other(id);
                    continue;
                }
                let fresh = !state.rows.is_shown(id);
                if state.rows.put(remote, page.since, Source::Shown) {
                    keys.extend(state.rows.recorders_of(id));
                }
                if known {
                    keys.extend(state.rows.outlived(remote, page.since));
                }
                match state.rows.seen_by(id, tally.number) {
                    Some(first) => tally.known(first, fresh),
                    None => tally.other(id),
                }
            }
        }
        self.index.shown(self.workspace, keys);
    }

    /// Asks by id for what somebody recorded, or waits for, and the lists since number `first` did not show. What nobody
    /// asks for is dropped if the lists were whole.
    async fn confirm(&self, first: u32, since: Instant, whole: bool) {
        let mut missing = Vec::new();
        {
            let mut state = self.index.state();
            for id in state.rows.unseen(self.workspace, first, since) {
                if state.rows.is_recorded(&id) || state.rows.watches.has(&id) {
                    missing.push(id);
                } else if whole {
                    state.rows.drop_row(&id);
                }
            }
            for id in state.rows.watches.datasets(self.workspace) {
                if !state.rows.is_shown(&id) && !missing.contains(&id) {
                    missing.push(id);
                }
            }
        }
        for ids in missing.chunks(PAGE as usize) {
            let query = ListDatasets {
                workspace_id: Some(self.workspace.to_owned()),
                dataset_ids: ids.to_vec(),
                ..ListDatasets::default()
            };
            let since = self.index.lagged(Instant::now());
            match listing::datasets(self.client, &mut Turn::wait(Lane::Sweep), &query).await {
                Ok(listing) => self.confirmed(ids, &listing, since),
                // They are asked for again after the next round; until then what was believed becomes too old.
                Err(error) => tracing::warn!(workspace = self.workspace, %error, "datasets could not be confirmed"),
            }
        }
    }

    fn confirmed(&self, ids: &[String], listing: &listing::Listing, since: Instant) {
        let (mut keys, known) = (Vec::new(), self.index.is_swept(self.workspace));
        {
            let mut state = self.index.state();
            let mut shown = HashSet::new();
            for remote in listing.remotes.iter().filter(|remote| ids.contains(&remote.id.dataset)) {
                shown.insert(remote.id.dataset.as_str());
                if state.rows.put(remote, since, Source::Shown) {
                    keys.extend(state.rows.recorders_of(&remote.id.dataset));
                }
                if known {
                    keys.extend(state.rows.outlived(remote, since));
                }
            }
            for id in ids.iter().filter(|id| listing.complete && !shown.contains(id.as_str())) {
                // Whoever knows that already is not told again: of what we deleted, those who recorded it. And those of a
                // workspace that is not known have not looked yet.
                let dataset = RemoteId::dataset(id);
                if known && !state.rows.is_gone(&dataset) {
                    keys.extend(state.rows.missing(&dataset, Instant::now()));
                } else if state.rows.is_shown(id) {
                    state.rows.drop_row(id);
                    keys.extend(state.rows.recorders_of(id));
                }
            }
        }
        self.index.shown(self.workspace, keys);
    }

    /// Older versions that somebody recorded are listed once in so many resyncs; the newest ones come with the sweep.
    async fn list_versions(&self) {
        let Some(then) = Instant::now().checked_sub(self.index.settings.resync * VERSION_RESYNCS) else { return };
        let due = self.index.state().rows.unlisted(self.workspace, then);
        for dataset in due {
            let since = Instant::now();
            match listing::versions(self.client, &mut Turn::wait(Lane::Sweep), &dataset).await {
                Ok(listing) => {
                    if let Some(versions) = listing.whole()
                        && self.index.put_versions(&dataset, &versions, since)
                    {
                        self.index.wake_recorders(&dataset);
                    }
                }
                Err(error) => {
                    tracing::warn!(datasetId = dataset, %error, "the versions of a dataset could not be listed");
                }
            }
        }
    }
}

/// What most operators do instead, for comparison (a lever of the bench).
impl Sweep<'_> {
    /// Reads every recorded dataset by itself, evenly over the resync.
    async fn get_each(&self) {
        let ids = self.index.state().rows.recorded_in(self.workspace);
        let gap = self.index.settings.resync / u32::try_from(ids.len()).unwrap_or(u32::MAX).max(1);
        if ids.is_empty() {
            sleep(gap).await;
        }
        for id in &ids {
            let since = Instant::now();
            let answer = self.client.call(Lane::Sweep, &Request::get_dataset(id)).await;
            if let Some(Ok(item)) = answer.ok().map(|answer| answer.dataset()) {
                let changed = self.index.state().rows.put(&listing::dataset(item), since, Source::Shown);
                if changed {
                    self.index.wake_recorders(id);
                }
            }
            sleep_until(since + gap).await;
        }
    }
}
