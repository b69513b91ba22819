//! What this process remembers of one set. Losing it costs a walk and, at a deletion, the grace period.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::item::Wanted;
use super::pack::{Limits, UNLISTED};
use super::refusals::Refusals;
use super::run::Came;
use super::shown::Shown;
use super::tags::SetTags;
use super::walk::Walk;
use crate::cloud::{FilesOf, Statistics};

/// A version of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Id of the dataset.
    pub dataset: String,
    /// Name of the version.
    pub version: String,
    /// The workspace that holds the dataset.
    pub workspace: String,
}

impl Place {
    /// The same for a call.
    #[must_use]
    pub fn files(&self) -> FilesOf<'_> {
        FilesOf { dataset: &self.dataset, version: &self.version, workspace: &self.workspace }
    }
}

/// What files were counted by, when, and how many have which value.
pub type Counts = (&'static str, Instant, Vec<(String, u64)>);

/// What an object listed when its sources were read.
#[derive(Debug, Default)]
pub struct Listed {
    /// The generation of the object.
    pub generation: i64,
    /// The versions of its sources.
    pub versions: Vec<String>,
    /// The files.
    pub wanted: Wanted,
}

/// What is remembered of a set.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Where the rest was seen.
    pub place: Option<Place>,
    /// What the last walk showed, and what was done since.
    pub shown: Option<Shown>,
    /// The last walk was complete.
    pub complete: bool,
    /// The list that the last walk compared the files with, by its hash, and whether files of others were to be taken.
    pub compared: (String, bool),
    /// A walk that has begun.
    pub walk: Option<Walk>,
    /// When it began.
    pub began: Option<Instant>,
    /// When the last walk ended.
    pub walked: Option<Instant>,
    /// When the last walk ended, by the clock.
    pub checked: Option<jiff::Timestamp>,
    /// When the files were last counted.
    pub counted: Option<Instant>,
    /// The service counts other files than are known.
    pub differs: bool,
    /// The list that is being worked on; `None` between two works.
    pub listed: Option<Arc<Listed>>,
    /// What was shown may not be what is there.
    pub unsure: bool,
    /// The last batch that may take effect, or may have done so, without this process knowing; a batch of an earlier process
    /// counts from the time when this one first saw the set.
    pub unanswered: Option<Instant>,
    /// When a walk shows what the last batch without an answer has done at the latest.
    pub recheck: Option<Instant>,
    /// When the service last said that it carried out a batch.
    pub answered: Option<Instant>,
    /// The value of `reconcile-requested-at` for which the last walk was made.
    pub asked: Option<String>,
    /// Refused items.
    pub refusals: Refusals,
    /// How large batches may be.
    pub limits: Limits,
    /// Items in a row that were refused as batches of their own.
    pub refused_alone: u32,
    /// What came of the batches since the last report.
    pub came: Came,
    /// What people asked to count by, when that was counted last, and the counts.
    pub statistics: Option<Counts>,
    /// The `resourceVersion` of the object, and the versions of its sources, for which all was said that can be said.
    pub settled: Option<(String, Vec<String>)>,
}

/// The most tags that statistics tell.
const MOST_TAGS: usize = 100;
/// A difference in the counts causes a walk no sooner than after so many resyncs: hourly with the default of 10 minutes.
const BETWEEN_WALKS: u32 = 6;
/// Without any difference there is a walk after so many resyncs: daily.
const FULL_CHECK: u32 = 144;

impl Memory {
    /// A set that this process sees for the first time.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            place: None,
            shown: None,
            complete: false,
            compared: (String::new(), false),
            walk: None,
            began: None,
            walked: None,
            checked: None,
            counted: None,
            differs: false,
            listed: None,
            unsure: false,
            unanswered: Some(now),
            recheck: None,
            answered: None,
            asked: None,
            refusals: Refusals::default(),
            limits: Limits::default(),
            refused_alone: 0,
            came: Came::default(),
            statistics: None,
            settled: None,
        }
    }

    /// The set is here from now on. What was seen elsewhere does not count.
    pub fn go_to(&mut self, place: &Place) {
        if self.place.as_ref() != Some(place) {
            *self = Self { place: Some(place.clone()), unanswered: self.unanswered, ..Self::new(Instant::now()) };
        }
    }

    /// Must all files be looked at before anything else? `requested`: the value of the annotation that asks for it; `spread`:
    /// 0 to 255, by which the full checks of many sets are spread.
    #[must_use]
    pub fn walk_is_due(
        &self,
        (hash, adopt): (&str, bool),
        requested: Option<&str>,
        resync: Duration,
        spread: u8,
        now: Instant,
    ) -> bool {
        let Some(shown) = &self.shown else { return true };
        let since = self.walked.map_or(Duration::MAX, |walked| now.saturating_duration_since(walked));
        let asked = requested.is_some() && requested != self.asked.as_deref();
        let judged_otherwise = self.compared.1 != adopt || (self.compared.0 != hash && !shown.conflicts.is_empty());
        let full = (resync * FULL_CHECK).mul_f64(0.75 + f64::from(spread) / 255.0 / 4.0);
        let late = self.recheck.is_some_and(|at| now >= at);
        self.unsure
            || late
            || asked
            || judged_otherwise
            || since >= full
            || (self.differs && since >= resync * BETWEEN_WALKS)
    }

    /// When the set must be looked at again at the latest, if nothing happens.
    #[must_use]
    pub fn next_look(&self, interval: Duration, resync: Duration, now: Instant) -> Duration {
        let last = self.counted.max(self.walked);
        let count = last.map_or(Duration::ZERO, |last| (last + interval).saturating_duration_since(now));
        let walk = self.walked.filter(|_| self.differs).map(|walked| walked + resync * BETWEEN_WALKS);
        let walk = walk.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
        let late = self.recheck.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
        count.min(walk).min(late).max(Duration::from_millis(100))
    }

    /// Is it time to count the files? Timers may be a little early.
    #[must_use]
    pub fn count_is_due(&self, interval: Duration, now: Instant) -> bool {
        let last = self.counted.max(self.walked);
        last.is_none_or(|last| now.saturating_duration_since(last) >= interval.mul_f64(0.95))
    }

    /// Is it time to count by this, for people? That is as seldom as a walk.
    #[must_use]
    pub fn statistics_are_due(&self, by: Option<&str>, resync: Duration, now: Instant) -> bool {
        let Some(by) = by else { return false };
        let last = self.statistics.as_ref().filter(|(counted, _, _)| *counted == by);
        last.is_none_or(|(_, at, _)| now.saturating_duration_since(*at) >= resync * BETWEEN_WALKS)
    }

    /// The walk has ended.
    pub fn walked(&mut self, shown: Shown, complete: bool, compared: (&str, bool), now: Instant) {
        self.shown = Some(shown);
        self.complete = complete;
        self.compared = (compared.0.to_owned(), compared.1);
        (self.walk, self.differs, self.unsure) = (None, false, false);
        (self.walked, self.counted) = (Some(now), Some(now));
        let began = self.began;
        self.recheck.take_if(|at| began.is_some_and(|began| began >= *at));
    }

    /// The service counted the files by their user tags: does that differ from what is known?
    pub fn counted(&mut self, counted: &Statistics, tags: &SetTags, now: Instant) {
        self.counted = Some(now);
        let Some(shown) = &self.shown else { return };
        let known = |created: bool| shown.own().iter().filter(|known| known.is_created() == created).count();
        let count = |created: bool| {
            let own = tags.written(created);
            let shown = counted.counts.iter().filter(|(tag, _)| own.contains(tag));
            shown.map(|(_, count)| *count).reduce(|sum, count| sum + count)
        };
        // The service tells the 100 most frequent tags. Where ours are not among them, the total must do.
        let cut = counted.counts.len() >= MOST_TAGS;
        let compared: Vec<bool> = [true, false]
            .into_iter()
            .filter_map(|created| {
                let shown = count(created).or((!cut).then_some(0))?;
                Some(shown != u64::try_from(known(created)).unwrap_or(u64::MAX))
            })
            .collect();
        self.differs = if compared.is_empty() { counted.total != shown.total() } else { compared.contains(&true) };
    }

    /// Forgets refusals that do not matter any more: the item is as it should be, was listed otherwise, or is another's.
    pub fn settle_refusals(&mut self, wanted: &Wanted) {
        let shown = self.shown.as_ref();
        self.refusals.retain(|key, content| {
            let known = shown.and_then(|shown| shown.get(key));
            match wanted.get(key) {
                Some(row) => {
                    let conflict = shown.and_then(|shown| shown.conflict(key));
                    row.content == content && !known.is_some_and(|known| known.is(content)) && conflict.is_none()
                }
                None => content == UNLISTED && (known.is_some() || shown.is_some_and(|shown| shown.must_yield(key))),
            }
        });
    }

    /// Lists may be this old: the time until a walk shows the last batch, if the last walk began too early for that.
    #[must_use]
    pub fn is_old(&self, list_lag: Duration, now: Instant) -> Option<Duration> {
        let shows = self.answered? + list_lag;
        self.began.is_some_and(|began| began < shows).then(|| shows.saturating_duration_since(now))
    }

    /// A batch was sent whose outcome is not known. It may take effect within the grace period, after newer ones.
    pub fn lost(&mut self, now: Instant, settle: Duration) {
        (self.unanswered, self.unsure) = (Some(now), true);
        self.recheck = Some(now + settle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::item::{Item, key_of};
    use crate::batch::tags::tests::set;

    const RESYNC: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn a_walk_is_due_at_first_when_something_differs_and_once_a_day() {
        let now = Instant::now();
        let mut memory = Memory::new(now);
        let due = |memory: &Memory, hash: &str, adopt: bool, requested: Option<&str>, hours: f64| {
            let at = now + Duration::from_secs(3600).mul_f64(hours);
            memory.walk_is_due((hash, adopt), requested, RESYNC, 0, at)
        };
        assert!(due(&memory, "h", false, None, 0.0), "nothing is known");
        memory.walked(Shown::default(), true, ("h", false), now);
        assert!(!due(&memory, "h", false, None, 0.0) && !due(&memory, "other", false, None, 0.0));
        assert!(due(&memory, "h", true, None, 0.0), "files of others are judged otherwise now");
        assert!(due(&memory, "h", false, Some("now"), 0.0), "somebody asks");
        memory.asked = Some("now".to_owned());
        assert!(!due(&memory, "h", false, Some("now"), 0.0) && due(&memory, "h", false, Some("again"), 0.0));
        assert!(!due(&memory, "h", false, None, 17.9) && due(&memory, "h", false, None, 18.0));
        assert!(!memory.walk_is_due(("h", false), None, RESYNC, 255, now + RESYNC * 143), "spread over six hours");
        memory.differs = true;
        assert!(!due(&memory, "h", false, None, 0.9) && due(&memory, "h", false, None, 1.0), "hourly at most");
        memory.differs = false;
        memory.lost(now, RESYNC / 5);
        assert!(due(&memory, "h", false, None, 0.0), "a lost answer is answered by a walk");
        memory.began = Some(now);
        memory.walked(Shown::default(), true, ("h", false), now);
        assert_eq!(memory.next_look(RESYNC, RESYNC, now), RESYNC / 5, "it may take effect until then");
        assert!(!due(&memory, "h", false, None, 0.01) && due(&memory, "h", false, None, 0.04));
        memory.began = Some(now + RESYNC / 5);
        memory.walked(Shown::default(), true, ("h", false), now);
        assert!(!due(&memory, "h", false, None, 0.04));
        let mut conflict = Shown::default();
        conflict.conflicts.insert(1, "others".to_owned());
        memory.walked(conflict, true, ("h", false), now);
        assert!(!due(&memory, "h", false, None, 0.0) && due(&memory, "edited", false, None, 0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_soon_after_a_batch_may_be_old() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut memory = Memory::new(now);
        memory.began = Some(now + second * 3);
        assert_eq!(memory.is_old(second * 5, now + second * 4), None, "nothing was sent");
        memory.answered = Some(now);
        assert_eq!(memory.is_old(second * 5, now + second * 4), Some(second));
        assert_eq!(memory.is_old(second * 5, now + second * 6), Some(Duration::ZERO), "its pages took long");
        assert_eq!(memory.is_old(second * 3, now + second * 4), None);
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_counted_once_a_resync_and_another_place_is_another_matter() {
        let now = Instant::now();
        let mut memory = Memory::new(now);
        assert!(memory.count_is_due(RESYNC, now));
        memory.walked(Shown::default(), true, ("h", false), now);
        assert!(!memory.count_is_due(RESYNC, now + RESYNC / 2) && memory.count_is_due(RESYNC, now + RESYNC));
        assert_eq!(memory.next_look(RESYNC, RESYNC, now), RESYNC);
        memory.differs = true;
        memory.counted = Some(now + RESYNC * 5);
        assert_eq!(memory.next_look(RESYNC * 9, RESYNC, now + RESYNC * 5), RESYNC, "the walk is due then");
        let place = |dataset: &str| Place { dataset: dataset.into(), version: "v1".into(), workspace: "478".into() };
        memory.go_to(&place("d-1"));
        assert!(memory.shown.is_none());
        memory.walked(Shown::default(), true, ("h", false), now);
        memory.go_to(&place("d-1"));
        assert!(memory.shown.is_some());
        memory.unanswered = None;
        memory.go_to(&place("d-2"));
        assert!(memory.shown.is_none() && memory.unanswered.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn counts_are_compared_by_our_tags_and_by_the_total_where_those_are_not_told() {
        let (tags, now) = (set("us"), Instant::now());
        let mut shown = Shown::default();
        for (key, created) in [(1, true), (2, true), (3, false)] {
            shown.put(key, "", None, created);
        }
        shown.total = 9;
        let differs = |created: Option<u64>, adopted: Option<u64>, others: usize, total: u64| {
            let mut memory = Memory::new(now);
            memory.walked(shown.clone(), true, ("h", false), now);
            let ours = [(tags.own(true), created), (tags.own(false), adopted)];
            let ours = ours.into_iter().filter_map(|(tag, count)| Some((tag, count?)));
            let counts = ours.chain((0..others).map(|number| (format!("t{number}"), 1))).collect();
            memory.counted(&Statistics { total, counts }, &tags, now);
            memory.differs
        };
        for (created, adopted, others, total, expected) in [
            (Some(2), Some(1), 0, 9, false),
            (Some(2), Some(1), 0, 8, false),
            (Some(1), Some(1), 0, 9, true),
            (Some(2), None, 0, 9, true),
            (None, None, 0, 9, true),
            (Some(2), None, 99, 9, false),
            (Some(3), None, 99, 9, true),
            (None, None, 100, 9, false),
            (None, None, 100, 8, true),
        ] {
            assert_eq!(differs(created, adopted, others, total), expected, "{created:?} {adopted:?} {others} {total}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_kept_only_for_what_is_still_to_be_done() {
        let now = Instant::now();
        let item = |uri: &str| Item { uri: uri.to_owned(), ..Item::default() };
        let wanted = Wanted::new(["done", "open", "other", "edited"].map(item).to_vec()).unwrap();
        let content = item("x").content();
        let mut memory = Memory::new(now);
        let mut shown = Shown::default();
        shown.put(key_of("done"), "", Some(content), true);
        shown.put(key_of("old"), "", None, true);
        shown.conflicts.insert(key_of("other"), "no".to_owned());
        memory.walked(shown, true, ("h", false), now);
        for (uri, content) in [
            ("done", content),
            ("open", content),
            ("other", content),
            ("edited", content + 2),
            ("old", UNLISTED),
            ("gone", UNLISTED),
        ] {
            memory.refusals.refused((key_of(uri), content), uri, "Busy", now);
        }
        memory.settle_refusals(&wanted);
        let mut left: Vec<&str> = memory.refusals.all().map(|(what, _)| what).collect();
        left.sort_unstable();
        assert_eq!(left, ["old", "open"]);
    }
}
