//! Items that the service refused: when they are tried again, and when they count as failed.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// An item that was refused this often is failed until it changes.
pub const MOST: u32 = 5;

/// One refused item.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    content: u64,
    count: u32,
    until: Instant,
    what: String,
    result: String,
}

/// The refused items of a set, by the hash of their Uri.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    items: BTreeMap<u64, Refusal>,
    /// When the first one was refused. Items are tried again in whole seconds after it, so that those that were refused in one
    /// second share their calls.
    since: Option<Instant>,
}

/// May an item be sent?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Now.
    Due,
    /// Not before this time.
    Later(Instant),
    /// Not until it changes.
    Failed,
}

/// The shortest wait after so many refusals of an item: 1 s, 3 s, 9 s, 27 s.
#[must_use]
pub fn delay(count: u32) -> Duration {
    Duration::from_secs(3_u64.saturating_pow(count.saturating_sub(1).min(MOST)))
}

impl Refusals {
    /// The item `what` with this key and content was refused.
    pub fn refused(&mut self, (key, content): (u64, u64), what: &str, result: &str, now: Instant) {
        let before =
            self.items.get(&key).filter(|refusal| refusal.content == content).map_or(0, |refusal| refusal.count);
        let count = before.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        let wait = now.saturating_duration_since(since) + delay(count);
        let until = since + Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let (what, result) = (what.to_owned(), result.to_owned());
        self.items.insert(key, Refusal { content, count, until, what, result });
    }

    /// The item was not refused.
    pub fn accepted(&mut self, key: u64) {
        self.items.remove(&key);
    }

    /// May it be sent?
    #[must_use]
    pub fn standing(&self, key: u64, content: u64, now: Instant) -> Standing {
        match self.items.get(&key).filter(|refusal| refusal.content == content) {
            Some(refusal) if refusal.count >= MOST => Standing::Failed,
            Some(refusal) if refusal.until > now => Standing::Later(refusal.until),
            Some(_) | None => Standing::Due,
        }
    }

    /// Forgets the refusals of items that `still` does not name any more.
    pub fn retain(&mut self, still: impl Fn(u64, u64) -> bool) {
        self.items.retain(|key, refusal| still(*key, refusal.content));
    }

    /// Each refused item: its Uri or id, and the service's words.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.items.values().map(|refusal| (refusal.what.as_str(), refusal.result.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refused_item_waits_longer_each_time_and_fails_after_five_until_it_changes() {
        let mut refusals = Refusals::default();
        let mut waits = Vec::new();
        for _ in 0..MOST {
            let now = Instant::now();
            assert_eq!(refusals.standing(1, 8, now), Standing::Due);
            refusals.refused((1, 8), "oss://b/1", "Busy", now);
            if let Standing::Later(until) = refusals.standing(1, 8, now) {
                waits.push((until - now).as_secs());
                tokio::time::advance(until - now).await;
            }
        }
        assert_eq!(waits, [1, 3, 9, 27]);
        let now = Instant::now();
        assert_eq!(refusals.standing(1, 8, now), Standing::Failed);
        assert_eq!((refusals.standing(1, 10, now), refusals.standing(2, 8, now)), (Standing::Due, Standing::Due));
        assert_eq!(refusals.all().collect::<Vec<_>>(), [("oss://b/1", "Busy")]);
        refusals.refused((1, 10), "oss://b/1", "Busy", now);
        assert_eq!(refusals.standing(1, 10, now), Standing::Later(now + delay(1)), "a changed item starts anew");
        refusals.accepted(1);
        assert_eq!(refusals.standing(1, 10, now), Standing::Due);
    }

    #[tokio::test(start_paused = true)]
    async fn items_that_are_refused_in_one_second_are_tried_again_together() {
        let (mut refusals, first) = (Refusals::default(), Instant::now());
        for (key, after) in [(1, 0), (2, 1), (3, 999), (4, 1_000), (5, 1_001)] {
            refusals.refused((key, 8), "oss://b/1", "Busy", first + Duration::from_millis(after));
        }
        let due = |key| match refusals.standing(key, 8, first) {
            Standing::Later(until) => (until - first).as_secs(),
            Standing::Due | Standing::Failed => 0,
        };
        assert_eq!([1, 2, 3, 4, 5].map(due), [1, 2, 2, 2, 3]);
    }
}
