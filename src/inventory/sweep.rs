//! The sweep: every workspace that is wanted is listed by domain mark, as fast as the limiter lets it before the first
//! create of a term, and from then on a page at a time, spread over the resync: it *is* the resync.
//!
//! Offset paging is no snapshot (`list_progress.rs` says when a list counts as whole). What a list did not show and
//! somebody recorded is asked for by id, a hundred at a time; and what that does not show either is only a reason for its
//! objects to look for themselves.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::list_progress::ListProgress;
use super::row::{Source, owner_hash};
use super::rows::CHILD_RESYNCS;
use super::{Inventory, ListError, listing};
use crate::cloud::codec::{self, NESTED, Nested, Next, PAGE, Root, Select, Start};
use crate::cloud::{CallError, Client, ErrorClass, Lane, Permit};
use crate::remote::id::RemoteId;

/// Pages under way at a time when nothing is known yet: they are worth more than the wait for each.
const AHEAD: usize = 8;

/// Sweeps whatever is wanted, for ever.
pub(super) async fn run(inventory: Arc<Inventory>, client: Client, mut wanted: mpsc::UnboundedReceiver<Arc<str>>) {
    let mut tasks = JoinSet::new();
    while let Some(workspace) = wanted.recv().await {
        let (inventory, client) = (inventory.clone(), client.clone());
        tasks.spawn(async move {
            let root = codec::root(&workspace);
            let sweep = Sweep { inventory: &inventory, client: &client, root, workspace: &workspace };
            let mut failures = 0;
            while !sweep.round(Pace::Fast).await {
                failures += 1;
                sleep(inventory.failed(&workspace, ListError::Unsteady, failures)).await;
            }
            inventory.finished(&workspace);
            loop {
                sweep.round(Pace::Spread).await;
                sweep.list_children().await;
                inventory.finished(&workspace);
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
    inventory: &'a Inventory,
    client: &'a Client,
    root: &'a dyn Root,
    workspace: &'a str,
}

/// A page, as of this time.
type Page = (codec::Page, Instant);

impl Sweep<'_> {
    /// Lists the workspace once. Returns whether the list was whole.
    async fn round(&self, pace: Pace) -> bool {
        let since = self.inventory.lagged(Instant::now());
        let (mut first, mut whole, mut pages) = (None, true, 0);
        for select in self.root.marked(&self.inventory.settings.domains) {
            let number = self.inventory.next_list(self.workspace);
            first.get_or_insert(number);
            let progress = self.list(select, number, pace).await;
            whole &= progress.is_whole();
            pages += progress.pages;
        }
        self.inventory.listed(self.workspace, pages);
        self.confirm(first.unwrap_or_default(), since, whole).await;
        whole
    }

    async fn list(&self, select: Select<'_>, number: u32, pace: Pace) -> ListProgress {
        let mut progress = ListProgress::new(number);
        self.pause(pace, &progress).await;
        let mut next = self.take(self.page(select, &Start::Number(1)).await, &mut progress);
        if pace == Pace::Fast && next == Next::Number {
            let pages = progress.pages_expected();
            let read = async |number| self.page(select, &Start::Number(number)).await;
            let rest = futures::stream::iter(2..=pages).map(read).buffer_unordered(AHEAD);
            let mut rest = std::pin::pin!(rest);
            while let Some(page) = rest.next().await {
                self.take(page, &mut progress);
                if !progress.wants_more() {
                    break;
                }
            }
        }
        // The rest, or all of it: pages may come out smaller than the first one.
        while progress.wants_more() {
            self.pause(pace, &progress).await;
            let start = next.start(progress.pages);
            next = self.take(self.page(select, &start).await, &mut progress);
        }
        progress
    }

    /// Waits for the time of the next page: the resync, divided evenly among all pages, give or take a tenth so that
    /// workspaces drift apart. Who has been blind does not wait.
    async fn pause(&self, pace: Pace, progress: &ListProgress) {
        let pages = self.inventory.pages(self.workspace).max(progress.pages_expected());
        if pace == Pace::Fast || self.inventory.is_blind(self.workspace) {
            return;
        }
        let seed = u64::from(progress.number.wrapping_mul(31).wrapping_add(progress.pages));
        let noise = owner_hash(self.workspace).wrapping_mul(seed | 1).rotate_left(17) % 21;
        let percent = 90 + u32::try_from(noise).unwrap_or_default();
        // From page to page, not from one's end to the next one's begin: calls that take their time make no round longer.
        sleep_until(self.inventory.next_page(self.workspace, self.inventory.settings.resync / pages * percent / 100))
            .await;
    }

    /// One page, tried until it comes. `None`: the service says that there is none of this number.
    async fn page(&self, select: Select<'_>, start: &Start) -> Option<Page> {
        let request = self.root.list(self.workspace, select, start);
        let mut failures = 0;
        loop {
            let since = self.inventory.lagged(Instant::now());
            let answer = self.client.call(Lane::Sweep, &request).await.and_then(|answer| {
                self.root.listed(&answer).map_err(|malformed| CallError::malformed(request.operation(), malformed))
            });
            match answer {
                Ok(page) => {
                    self.inventory.reached(self.workspace);
                    return Some((page, since));
                }
                // The list became shorter meanwhile, or it has no count and the page before was the last one.
                Err(error) if *start != Start::Number(1) && error.class == ErrorClass::Unexplained => return None,
                Err(error) => {
                    failures += 1;
                    sleep(self.inventory.failed(self.workspace, ListError::Call(error), failures)).await;
                }
            }
        }
    }

    /// Puts what a page shows into the rows and wakes whom it concerns. Returns what comes after the page.
    fn take(&self, page: Option<Page>, progress: &mut ListProgress) -> Next {
        let Some((page, since)) = page else {
            progress.end();
            return Next::End;
        };
        progress.page(page.remotes.len(), page.total, &page.next);
        let (mut keys, known) = (Vec::new(), self.inventory.is_swept(self.workspace));
        {
            let mut state = self.inventory.state();
            for remote in &page.remotes {
                let id = remote.id.root();
                let ours = remote.mark.as_ref().is_some_and(|mark| mark.may_be_under(&self.inventory.settings.domains));
                if !ours && !state.rows.is_recorded(id) && !state.rows.watches.has(id) {
                    progress.other(id);
                    continue;
                }
                let fresh = !state.rows.is_shown(id);
                if state.rows.put(remote, since, Source::Shown) {
                    keys.extend(state.rows.recorders_of(id));
                }
                if known {
                    keys.extend(state.rows.outlived(remote, since));
                }
                match state.rows.seen_by(id, progress.number) {
                    Some(first) => progress.known(first, fresh),
                    None => progress.other(id),
                }
            }
        }
        self.inventory.shown(self.workspace, keys);
        page.next
    }

    /// Asks by id for what somebody recorded, or waits for, and the lists since number `first` did not show. What nobody
    /// asks for is dropped if the lists were whole.
    async fn confirm(&self, first: u32, since: Instant, whole: bool) {
        let mut missing = Vec::new();
        {
            let mut state = self.inventory.state();
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
        if self.root.marked(&self.inventory.settings.domains) == [Select::All] {
            // The list would have shown them.
            let nothing = listing::Listing { remotes: Vec::new(), complete: whole };
            return self.confirmed(&missing, &nothing, since);
        }
        for ids in missing.chunks(PAGE as usize) {
            let since = self.inventory.lagged(Instant::now());
            let mut permit = Permit::wait(Lane::Sweep);
            match listing::place(self.client, &mut permit, self.workspace, Select::Ids(ids)).await {
                Ok(listing) => self.confirmed(ids, &listing, since),
                // They are asked for again after the next round; until then what was believed becomes too old.
                Err(error) => tracing::warn!(workspace = self.workspace, %error, "datasets could not be confirmed"),
            }
        }
    }

    fn confirmed(&self, ids: &[String], listing: &listing::Listing, since: Instant) {
        let (mut keys, known) = (Vec::new(), self.inventory.is_swept(self.workspace));
        {
            let mut state = self.inventory.state();
            let mut shown = HashSet::new();
            for remote in listing.remotes.iter().filter(|remote| ids.iter().any(|id| id == remote.id.root())) {
                shown.insert(remote.id.root());
                if state.rows.put(remote, since, Source::Shown) {
                    keys.extend(state.rows.recorders_of(remote.id.root()));
                }
                if known {
                    keys.extend(state.rows.outlived(remote, since));
                }
            }
            for id in ids.iter().filter(|id| listing.complete && !shown.contains(id.as_str())) {
                // Whoever knows that already is not told again: of what we deleted, those who recorded it. And those of a
                // workspace that is not known have not looked yet.
                let dataset = RemoteId::new(id);
                if known && !state.rows.has_left(&dataset) {
                    keys.extend(state.rows.missing(&dataset, Instant::now()));
                } else if state.rows.is_shown(id) {
                    state.rows.drop_row(id);
                    keys.extend(state.rows.recorders_of(id));
                }
            }
        }
        self.inventory.shown(self.workspace, keys);
    }

    /// What somebody recorded in a dataset is listed once in so many resyncs, unless it is the newest version: that
    /// comes with the sweep.
    async fn list_children(&self) {
        let Some(then) = Instant::now().checked_sub(self.inventory.settings.resync * CHILD_RESYNCS) else { return };
        for codec in NESTED.iter().filter(|codec| codec.is_swept()) {
            let collection = codec.collection();
            let due = self.inventory.state().rows.unlisted(self.workspace, collection, then);
            for dataset in due {
                self.list_in(&dataset, *codec).await;
            }
        }
    }

    async fn list_in(&self, dataset: &str, codec: &dyn Nested) {
        let (since, collection) = (Instant::now(), codec.collection());
        match listing::children(self.client, &mut Permit::wait(Lane::Sweep), codec, dataset).await {
            Ok(listing) => {
                if let Some(remotes) = listing.whole()
                    && self.inventory.put_children((dataset, collection), &remotes, since)
                {
                    self.inventory.wake_recorders(dataset);
                }
            }
            Err(error) => {
                tracing::warn!(datasetId = dataset, %error, "the {collection} of a dataset could not be listed");
            }
        }
    }
}
