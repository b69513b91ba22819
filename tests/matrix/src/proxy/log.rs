//! What went through the proxies of a cell, in one order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// So much of an answer is kept: an id is among it.
const KEPT: usize = 400;

/// Which server a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The dataset API.
    Cloud,
    /// The API server.
    Kubernetes,
}

/// One request of the operator.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it came.
    pub at: Instant,
    /// For whom.
    pub side: Side,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// `x-acs-action`.
    pub operation: String,
    /// What it says.
    pub body: String,
    /// The beginning of what the server answered.
    pub answer: String,
    /// The status that the server gave, if it was asked and has answered.
    pub status: Option<u16>,
    /// A rule struck it.
    pub struck: bool,
}

impl Entry {
    /// Whether it changes nothing.
    pub fn reads(&self) -> bool {
        self.method == "GET"
    }
}

/// The log that the proxies of a cell share.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<Entry>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, entry: Entry) -> usize {
        let mut all = self.lock();
        all.push(entry);
        all.len() - 1
    }

    pub(crate) fn answered(&self, number: usize, status: u16, answer: &str) {
        if let Some(entry) = self.lock().get_mut(number) {
            // Of two answers to one request, as it was delivered twice, the good one counts.
            if entry.status.is_some_and(|known| known < 300) {
                return;
            }
            entry.status = Some(status);
            entry.answer = answer.chars().take(KEPT).collect();
        }
    }

    /// All of it.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// How many are such.
    pub fn count(&self, such: impl Fn(&Entry) -> bool) -> usize {
        self.lock().iter().filter(|entry| such(entry)).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// When a rule last struck.
    pub fn last_strike(&self) -> Option<Instant> {
        self.lock().iter().rev().find(|entry| entry.struck).map(|entry| entry.at)
    }

    /// How many requests were struck.
    pub fn strikes(&self) -> usize {
        self.lock().iter().filter(|entry| entry.struck).count()
    }
}
