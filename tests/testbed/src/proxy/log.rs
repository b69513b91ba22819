//! The requests and answers of the proxies of a cell, in one order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The length of an answer that the log keeps: long enough for the marks.
const KEPT: usize = 64 << 10;

/// Which server a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The dataset API.
    Cloud,
    /// The API server.
    Kubernetes,
    /// Intelligent Media Management, whose operations have the names of those of the dataset API.
    Imm,
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
    /// The body.
    pub body: String,
    /// The answers of the server: a request that is delivered twice has two.
    pub answers: Vec<Given>,
    /// Which of them came back to the operator whole, if one did.
    pub heard: Option<usize>,
    /// A rule was applied to it.
    pub struck: bool,
}

/// An answer of the server, wherever it went.
#[derive(Clone, Debug)]
pub struct Given {
    /// When the server gave it.
    pub at: Instant,
    /// Its status.
    pub status: u16,
    /// The beginning of its body.
    pub body: String,
}

impl Entry {
    /// The answer that the operator has, as far as the network is concerned.
    pub fn heard(&self) -> Option<&Given> {
        self.answers.get(self.heard?)
    }

    /// The server had carried the request out by then, whether or not its answer arrived. For a request that was delivered
    /// twice one delivery is enough.
    pub fn was_done_by(&self, then: Instant) -> bool {
        self.answers.iter().any(|answer| answer.status < 300 && answer.at <= then)
    }

    /// Whether it changes nothing. IMM reads with POST too.
    pub fn reads(&self) -> bool {
        self.method == "GET"
            || self.side == Side::Imm && ["Get", "List"].iter().any(|verb| self.operation.starts_with(verb))
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

    /// The server has answered; returns the number of the answer.
    pub(crate) fn answered(&self, number: usize, status: u16, body: &str) -> usize {
        let mut all = self.lock();
        let Some(entry) = all.get_mut(number) else { return 0 };
        let body = body.chars().take(KEPT).collect();
        entry.answers.push(Given { at: Instant::now(), status, body });
        entry.answers.len() - 1
    }

    /// This answer was handed on whole.
    pub(crate) fn handed_on(&self, number: usize, answer: usize) {
        if let Some(entry) = self.lock().get_mut(number) {
            entry.heard = Some(answer);
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

    /// When a rule was last applied.
    pub fn last_strike(&self) -> Option<Instant> {
        self.lock().iter().rev().find(|entry| entry.struck).map(|entry| entry.at)
    }

    /// The number of requests to which a rule was applied.
    pub fn strikes(&self) -> usize {
        self.lock().iter().filter(|entry| entry.struck).count()
    }
}
