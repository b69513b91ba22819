//! Runs that go on: the jobs of a dataset are followed by one list per interval, however many objects wait for one.
//!
//! Promises: an object is woken when the state of its run changes, or a list that shows all does not show the run any
//! more; for its progress at most once in 30 s. A dataset in which nothing runs is not listed. If the lists fail, the
//! objects read for themselves and report that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::object::ObjectKey;
use super::row::Source;
use super::{Inventory, Rows};
use crate::cloud::codec::{Jobs, Nested};
use crate::cloud::{CallError, Client, ErrorClass, Lane};
use crate::plan::run::{RunState, word};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::RawMark;
use crate::remote::uid::Uid;

/// Time between two lists: at first, and at most.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);
/// An object is woken for progress alone at most once in this time.
const PROGRESS: Duration = Duration::from_secs(30);
/// A list longer than this is not read to its end.
const MOST_PAGES: u32 = 1000;
/// After so many failed lists in a row the objects read for themselves.
const PATIENCE: u32 = 3;

/// Which objects wait for which runs, by dataset.
#[derive(Debug, Default)]
pub(super) struct Runs(HashMap<Arc<str>, Followed>);

/// The runs of one dataset that are followed.
#[derive(Debug, Default)]
struct Followed {
    jobs: HashMap<Uid, Follower>,
    /// Time until the next list; `None` until the first.
    interval: Option<Duration>,
}

#[derive(Debug)]
struct Follower {
    id: RemoteId,
    key: ObjectKey,
    /// What it was last woken for, or saw itself.
    state: String,
    progress: Progress,
    told: Instant,
}

/// The three numbers of files.
type Progress = [Option<u64>; 3];

fn progress(remote: &Remote) -> Progress {
    ["TotalFileCount", "CompletedFileCount", "FailedFileCount"]
        .map(|name| remote.fields.get(name).and_then(serde_json::Value::as_u64))
}

impl Runs {
    /// The object waits for this run, as `shown`. Returns whether the dataset must be listed from now on.
    fn follow(&mut self, id: &RemoteId, key: &ObjectKey, shown: Option<&Remote>, now: Instant) -> bool {
        let begins = !self.0.contains_key(id.root());
        let dataset = self.0.entry(id.root().into()).or_default();
        let state = shown.map(word).unwrap_or_default().to_owned();
        let progress = shown.map(progress).unwrap_or_default();
        let known = dataset.jobs.get(&key.uid).is_some_and(|known| known.id == *id && known.state == state);
        if !known {
            // It has just begun, or something has changed, so more may change soon.
            dataset.interval = None;
        }
        let follower = Follower { id: id.clone(), key: key.clone(), state, progress, told: now };
        dataset.jobs.insert(key.uid, follower);
        begins
    }

    /// The object waits for no run.
    pub(super) fn unfollow(&mut self, uid: Uid) {
        for followed in self.0.values_mut() {
            followed.jobs.remove(&uid);
        }
    }

    /// Only these objects still exist.
    pub(super) fn forget_others(&mut self, lives: impl Fn(Uid) -> bool) {
        for followed in self.0.values_mut() {
            followed.jobs.retain(|uid, _| lives(*uid));
        }
    }

    /// How long to wait before the next list of this dataset; `None` ends the lists, as nothing runs there.
    fn next(&mut self, dataset: &str) -> Option<Duration> {
        let followed = self.0.get_mut(dataset)?;
        if followed.jobs.is_empty() {
            self.0.remove(dataset);
            return None;
        }
        let interval = followed.interval.map_or(FIRST, |last| (last * 3 / 2).min(LONGEST));
        followed.interval = Some(interval);
        Some(interval)
    }

    /// Has something begun or changed since the last list of this dataset?
    fn is_hurried(&self, dataset: &str) -> bool {
        self.0.get(dataset).is_none_or(|followed| followed.interval.is_none())
    }

    /// The ids that are followed in this dataset.
    fn ids(&self, dataset: &str) -> Vec<RemoteId> {
        let all = self.0.get(dataset).into_iter().flat_map(|followed| followed.jobs.values());
        all.map(|follower| follower.id.clone()).collect()
    }

    /// The objects to wake after these jobs were shown.
    fn shown(&mut self, dataset: &str, jobs: &[Remote], now: Instant) -> Vec<ObjectKey> {
        let Some(followed) = self.0.get_mut(dataset) else { return Vec::new() };
        let jobs: HashMap<&RemoteId, &Remote> = jobs.iter().map(|job| (&job.id, job)).collect();
        let mut keys = Vec::new();
        let mut changed = false;
        for follower in followed.jobs.values_mut() {
            let Some(job) = jobs.get(&follower.id) else { continue };
            let turned = follower.state != word(job);
            let went_on =
                follower.progress != progress(job) && now.saturating_duration_since(follower.told) >= PROGRESS;
            // A state that ends the run is told until the object does not follow it any more.
            if turned || went_on || RunState::of(job) != RunState::Running {
                changed |= turned;
                (follower.state, follower.progress, follower.told) = (word(job).to_owned(), progress(job), now);
                keys.push(follower.key.clone());
            }
        }
        if changed {
            followed.interval = None;
        }
        keys
    }

    /// The objects whose run carries a mark of the same owner.
    fn owners(&self, dataset: &str, mark: &RawMark, rows: &Rows) -> Vec<ObjectKey> {
        let same = |follower: &&Follower| {
            let own = rows.last(&follower.id);
            own.is_some_and(|own| own.mark.as_ref().is_some_and(|own| own.owner == mark.owner))
        };
        let all = self.0.get(dataset).into_iter().flat_map(|followed| followed.jobs.values());
        all.filter(same).map(|follower| follower.key.clone()).collect()
    }

    /// The objects whose run is one of these.
    fn of(&self, dataset: &str, ids: &[RemoteId]) -> Vec<ObjectKey> {
        let all = self.0.get(dataset).into_iter().flat_map(|followed| followed.jobs.values());
        all.filter(|follower| ids.contains(&follower.id)).map(|follower| follower.key.clone()).collect()
    }
}

impl Inventory {
    /// The object waits for this run: it is woken when the state of the run changes.
    pub fn follow(&self, id: &RemoteId, key: &ObjectKey) {
        let mut state = self.state();
        let shown = state.rows.last(id);
        if state.runs.follow(id, key, shown.as_deref(), Instant::now()) {
            // The receiver is dropped only while the process ends.
            let _ = self.followed.send(id.root().into());
        }
    }

    /// The object waits for no run any more.
    pub fn unfollow(&self, uid: &str) {
        self.state().runs.unfollow(Uid::of(uid));
    }

    /// Puts what a list as of `since` shows into the rows, and wakes whom it concerns.
    fn runs_shown(&self, dataset: &str, jobs: &[Remote], since: Instant) {
        let keys = {
            let mut state = self.state();
            let mut keys = Vec::new();
            for job in jobs {
                let owner = job.mark.as_ref().filter(|_| state.rows.as_of(&job.id).is_none());
                state.rows.put(job, since, Source::Shown);
                // A late attempt of an object, or a copy of its run.
                keys.extend(owner.into_iter().flat_map(|mark| state.runs.owners(dataset, mark, &state.rows)));
            }
            keys.extend(state.runs.shown(dataset, jobs, Instant::now()));
            keys
        };
        self.wake(keys);
    }

    /// A list as of `since` that shows all does not show these: their objects find out why.
    fn runs_missing(&self, dataset: &str, ids: &[RemoteId], since: Instant) {
        let keys = {
            let mut state = self.state();
            let old = |rows: &Rows, id: &RemoteId| rows.as_of(id).is_none_or(|as_of| as_of <= since);
            let missing: Vec<_> = ids.iter().filter(|id| old(&state.rows, id)).cloned().collect();
            for id in &missing {
                state.rows.drop_child(id);
            }
            state.runs.of(dataset, &missing)
        };
        self.wake(keys);
    }
}

/// Follows whatever runs, for ever.
pub(super) async fn run(inventory: Arc<Inventory>, client: Client, mut begun: mpsc::UnboundedReceiver<Arc<str>>) {
    let mut tasks = JoinSet::new();
    while let Some(dataset) = begun.recv().await {
        let (inventory, client) = (inventory.clone(), client.clone());
        tasks.spawn(async move { follow(&inventory, &client, &dataset).await });
        while tasks.try_join_next().is_some() {}
    }
}

/// Lists the jobs of a dataset as long as one is followed.
async fn follow(inventory: &Inventory, client: &Client, dataset: &str) {
    let mut failures = 0;
    loop {
        let interval = inventory.state().runs.next(dataset);
        let Some(interval) = interval else { return };
        let since = Instant::now();
        // A run that begins meanwhile does not wait for the end of a long interval.
        while since.elapsed() < interval && !inventory.state().runs.is_hurried(dataset) {
            sleep(FIRST.min(interval)).await;
        }
        match list(inventory, client, dataset).await {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::warn!(datasetId = dataset, %error, failures, "the jobs of a dataset could not be listed");
                if failures == PATIENCE {
                    let ids = inventory.state().runs.ids(dataset);
                    inventory.runs_missing(dataset, &ids, Instant::now());
                }
            }
        }
    }
}

/// Lists the newest jobs until all that are followed were shown, or there are no more.
async fn list(inventory: &Inventory, client: &Client, dataset: &str) -> Result<(), CallError> {
    let mut missing = inventory.state().runs.ids(dataset);
    let begin = inventory.lagged(Instant::now());
    let mut page = 1;
    while !missing.is_empty() {
        let since = inventory.lagged(Instant::now());
        let request = Jobs::list_newest(dataset, page);
        let answer = match client.call(Lane::Sweep, &request).await {
            // There is no page of this number.
            Err(error) if page > 1 && error.class == ErrorClass::Unexplained => break,
            answer => answer?,
        };
        let shown = Jobs.listed(dataset, &answer);
        let shown = shown.map_err(|malformed| CallError::malformed(request.operation(), malformed))?;
        inventory.runs_shown(dataset, &shown.remotes, since);
        missing.retain(|id| shown.remotes.iter().all(|job| job.id != *id));
        if shown.remotes.is_empty() || page == MOST_PAGES {
            break;
        }
        page += 1;
    }
    inventory.runs_missing(dataset, &missing, begin);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::remote::id::JOBS;

    fn job(name: &str, state: &str, completed: u64) -> Remote {
        let fields = json!({"Status": state, "TotalFileCount": 10, "CompletedFileCount": completed});
        Jobs::remote("d-1", name, serde_json::from_value(fields).unwrap())
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("DatasetJob", "ns", name, &format!("uid-{name}"))
    }

    fn id(name: &str) -> RemoteId {
        RemoteId::new("d-1").within(JOBS, name)
    }

    #[test]
    fn a_dataset_is_listed_as_long_as_something_runs_there_and_more_seldom_the_longer_nothing_changes() {
        let (mut runs, now) = (Runs::default(), Instant::now());
        assert_eq!(runs.next("d-1"), None);
        assert!(runs.follow(&id("j"), &key("a"), None, now), "the lists begin");
        assert!(!runs.follow(&id("k"), &key("b"), None, now), "they go on");
        let waits: Vec<_> = (0..10).map(|_| runs.next("d-1").unwrap().as_millis()).collect();
        assert_eq!(waits, [2000, 3000, 4500, 6750, 10125, 15187, 22781, 30000, 30000, 30000]);
        let running = job("j", "Running", 0);
        runs.follow(&id("j"), &key("a"), Some(&running), now);
        assert_eq!(runs.next("d-1"), Some(FIRST), "something has changed");
        runs.follow(&id("j"), &key("a"), Some(&running), now);
        assert_ne!(runs.next("d-1"), Some(FIRST));
        runs.unfollow(Uid::of("uid-a"));
        assert_eq!(runs.ids("d-1"), [id("k")]);
        runs.forget_others(|_| false);
        assert_eq!((runs.next("d-1"), runs.0.len()), (None, 0));
    }

    #[test]
    fn a_change_of_state_wakes_at_once_and_progress_now_and_then() {
        let (mut runs, now) = (Runs::default(), Instant::now());
        runs.follow(&id("j"), &key("a"), Some(&job("j", "Running", 1)), now);
        runs.follow(&id("k"), &key("b"), Some(&job("k", "Running", 1)), now);
        let mut shown = |jobs: &[Remote], seconds| {
            let keys = runs.shown("d-1", jobs, now + Duration::from_secs(seconds));
            keys.iter().map(|key| key.name.place().1.to_owned()).collect::<Vec<_>>()
        };
        assert!(shown(&[job("j", "Running", 2), job("other", "Running", 0)], 5).is_empty());
        assert_eq!(shown(&[job("j", "Running", 3)], 30), ["a"]);
        assert!(shown(&[job("j", "Running", 4)], 31).is_empty());
        assert_eq!(shown(&[job("k", "Succeeded", 10)], 32), ["b"]);
        assert_eq!(shown(&[job("k", "Succeeded", 10)], 33), ["b"], "until its object does not follow it any more");
    }
}
