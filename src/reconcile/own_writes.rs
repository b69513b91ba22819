//! Our own writes to one object: when the watch shows them, no reconcile is needed, and an older copy is stale.

/// How many copies that we wrote are remembered until the watch shows them.
const OWN: usize = 4;

/// Copies of one object that we wrote and the watch has not shown yet, by `resourceVersion`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct OwnWrites {
    /// Our own last write, or a newer copy that we read.
    newest: Option<String>,
    /// Copies that we wrote and have already decided from: they are no news when the watch shows them.
    own: Vec<String>,
    /// A write of ours is under way. What the watch shows meanwhile may be that very write, before its answer is here.
    writing: bool,
    /// Copies that were shown while a write was under way.
    early: Vec<String>,
    /// One of them was not ours: the object needs another reconcile.
    missed: bool,
}

impl OwnWrites {
    /// A write of ours begins.
    pub const fn write(&mut self) {
        self.writing = true;
    }

    /// We wrote this copy. `ours`: nobody else changed anything since the copy before it.
    pub fn wrote(&mut self, version: Option<String>, ours: bool) {
        self.writing = false;
        let early = self.early.iter().position(|early| Some(early) == version.as_ref());
        if let Some(at) = early {
            self.early.remove(at);
            self.missed |= !ours;
            self.newest = None;
        } else {
            self.own.extend(version.clone().filter(|_| ours));
            let surplus = self.own.len().saturating_sub(OWN);
            self.own.drain(..surplus);
            self.newest = version;
        }
        self.missed |= !self.early.is_empty();
        self.early.clear();
    }

    /// We read this copy, which is newer than all that the watch has shown.
    pub fn read(&mut self, version: Option<String>) {
        self.newest = version;
    }

    /// The watch shows this copy. Returns whether it is news.
    pub fn shown(&mut self, version: &str) -> bool {
        if self.newest.as_deref() == Some(version) {
            self.newest = None;
        }
        if let Some(at) = self.own.iter().position(|own| own == version) {
            self.own.remove(at);
            return false;
        }
        if self.writing {
            self.early.push(version.to_owned());
        }
        !self.writing
    }

    /// The reconcile is over. Returns whether the watch showed a copy during it that needs another reconcile.
    pub fn end(&mut self) -> bool {
        self.writing = false;
        let missed = std::mem::take(&mut self.missed) || !self.early.is_empty();
        self.early.clear();
        missed
    }

    /// Is this copy of the object older than our own last write?
    #[must_use]
    pub fn is_stale(&self, version: &str) -> bool {
        match (&self.newest, version.parse::<u64>()) {
            (Some(newest), Ok(seen)) => newest.parse::<u64>().is_ok_and(|newest| seen < newest),
            (Some(newest), Err(_)) => newest != version,
            (None, _) => false,
        }
    }

    /// The watch has shown all that we wrote.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.newest.is_none() && self.own.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_copy_than_our_own_write_is_stale() {
        let mut echo = OwnWrites::default();
        assert!(!echo.is_stale("5"));
        echo.read(Some("10".into()));
        assert!(echo.is_stale("9"));
        assert!(!echo.is_stale("10"));
        assert!(!echo.is_stale("11"));
    }

    #[test]
    fn our_own_writes_are_no_news_but_everybody_elses_are() {
        let mut echo = OwnWrites::default();
        echo.wrote(Some("8".into()), true);
        echo.wrote(Some("10".into()), false);
        assert!(!echo.shown("8"));
        assert!(echo.shown("8"), "shown a second time, after a relist");
        assert!(echo.shown("9"), "somebody else's");
        assert!(echo.is_stale("9") && !echo.is_silent());
        assert!(echo.shown("10"), "ours, on top of somebody else's");
        assert!(!echo.is_stale("9") && echo.is_silent(), "the watch has caught up");
    }

    #[test]
    fn what_is_shown_during_a_write_is_news_only_if_it_was_not_that_write() {
        let mut echo = OwnWrites::default();
        let mut during = |shown: &[&str], answer: Option<&str>, ours: bool| {
            echo.write();
            assert!(shown.iter().all(|version| !echo.shown(version)), "not told yet");
            if let Some(answer) = answer {
                echo.wrote(Some(answer.to_owned()), ours);
            }
            echo.end()
        };
        assert!(!during(&["8"], Some("8"), true));
        assert!(during(&["9"], Some("9"), false), "ours, on top of somebody else's");
        assert!(during(&["10", "11"], Some("11"), true), "somebody else's before it");
        assert!(during(&["12"], None, true), "the write failed");
        assert!(!during(&[], Some("13"), true));
        assert!(echo.shown("8"), "shown a second time");
        assert!(!echo.shown("13") && echo.shown("14"));
    }
}
