//! Folds warnings: the first warning of a cause is logged at once, and those that follow within a minute become one
//! line with a count. So one wrong key is one warning a minute, however many objects it stops.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::lock;
use crate::remote::uid::Uid;

/// The shortest time between two lines about one cause.
const EVERY: Duration = Duration::from_secs(60);
/// More causes than an operator has; if there are more, each warning of the others is logged by itself.
const MOST: usize = 256;

/// Causes that were logged lately.
#[derive(Debug, Default)]
pub struct Folded(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    /// When it was logged last.
    logged: Instant,
    count: u64,
    objects: HashSet<Uid>,
    error: String,
}

/// The failures of one cause since it was logged last.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    cause: String,
    error: String,
    count: u64,
    objects: usize,
}

impl Folded {
    /// Notes a failure with a `cause` that is the same for all objects (a code of the service). Returns whether to log
    /// it now; otherwise it is counted, for `object` if it is about one.
    pub fn is_news(&self, cause: &str, error: &str, object: Option<&str>) -> bool {
        let mut entries = lock(&self.0);
        if let Some(entry) = entries.get_mut(cause) {
            entry.count += 1;
            entry.objects.extend(object.map(Uid::of));
            error.clone_into(&mut entry.error);
            return false;
        }
        if entries.len() < MOST {
            let entry = Entry { logged: Instant::now(), count: 0, objects: HashSet::new(), error: String::new() };
            entries.insert(cause.to_owned(), entry);
        }
        true
    }

    /// Logs the counts. Never ends.
    pub async fn log(&self) {
        let mut ticks = tokio::time::interval(EVERY / 4);
        loop {
            ticks.tick().await;
            for Line { cause, error, count, objects } in self.due() {
                tracing::warn!(cause, error, count, objects, "the same failure again since it was logged last");
            }
        }
    }

    /// The lines that are due. A cause without new failures is forgotten, so its next one is logged at once.
    fn due(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        lock(&self.0).retain(|cause, entry| {
            if entry.logged.elapsed() < EVERY {
                return true;
            }
            if entry.count == 0 {
                return false;
            }
            entry.logged = Instant::now();
            lines.push(Line {
                cause: cause.clone(),
                error: std::mem::take(&mut entry.error),
                count: std::mem::take(&mut entry.count),
                objects: std::mem::take(&mut entry.objects).len(),
            });
            true
        });
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_cause_is_one_line_a_minute_with_a_count() {
        let folded = Folded::default();
        let mut logged = 0;
        let mut lines = Vec::new();
        // Sixty objects fail every ten seconds, for five minutes.
        for _ in 0..30 {
            for object in 0..60 {
                logged += u32::from(folded.is_news("SignatureDoesNotMatch", "wrong", Some(&object.to_string())));
            }
            tokio::time::advance(Duration::from_secs(10)).await;
            lines.extend(folded.due());
        }
        assert_eq!(logged, 1, "the first one");
        assert_eq!(lines.len(), 5);
        let all: u64 = lines.iter().map(|line| line.count).sum();
        assert_eq!(all, 30 * 60 - 1);
        assert!(lines.iter().all(|line| line.objects == 60 && line.error == "wrong"), "{lines:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_cause_is_news_and_so_is_one_that_comes_back() {
        let folded = Folded::default();
        assert!(folded.is_news("a", "", None) && folded.is_news("b", "", None) && !folded.is_news("a", "", None));
        tokio::time::advance(EVERY).await;
        let causes: Vec<_> = folded.due().into_iter().map(|line| line.cause).collect();
        assert_eq!(causes, ["a"], "b did not come again");
        tokio::time::advance(EVERY).await;
        assert_eq!(folded.due(), []);
        assert!(folded.is_news("a", "", None));
    }

    #[tokio::test(start_paused = true)]
    async fn causes_without_end_take_no_room() {
        let folded = Folded::default();
        for number in 0..3 * MOST {
            assert!(folded.is_news(&number.to_string(), "", None));
        }
        assert_eq!(lock(&folded.0).len(), MOST);
    }
}
