//! Remembers what the last lists found, so that the pages of one sweep cost one search and not one each.
//!
//! An answer counts only for the same question over an unchanged store, so nobody can tell it from a search. Lists
//! that lag change with time alone and are never remembered.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Context;
use crate::auth::Caller;
use crate::knobs::Knobs;
use crate::store::{Dataset, Store};

/// Lists that are remembered; sweeps of different clients take turns.
const KEPT: usize = 8;

/// All that the finds of a list depend on, besides the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    caller: Caller,
    knobs: Knobs,
    /// The query without the page.
    query: Vec<(String, String)>,
}

impl Question {
    pub(super) fn of(context: &Context) -> Self {
        let mut query = context.request.query.clone();
        query.retain(|(name, _)| name != "PageNumber" && name != "PageSize");
        Self { caller: Arc::clone(context.caller), knobs: context.knobs.clone(), query }
    }
}

/// The last lists.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// What they found, oldest first, all in the store of this revision.
    answers: VecDeque<(Question, Arc<Vec<Arc<Dataset>>>)>,
    revision: u64,
}

impl Recall {
    /// What a search would find, if it is known.
    pub(super) fn answer(&self, question: &Question, store: &Store) -> Option<Arc<Vec<Arc<Dataset>>>> {
        let known = self.answers.iter().filter(|_| self.revision == store.revision());
        known.into_iter().find(|(known, _)| known == question).map(|(_, found)| Arc::clone(found))
    }

    /// Remembers what a search found.
    pub(super) fn keep(&mut self, question: Question, store: &Store, found: &Arc<Vec<Arc<Dataset>>>) {
        if self.revision != store.revision() {
            self.answers.clear();
            self.revision = store.revision();
        }
        if question.knobs.list_lag_ms > 0 {
            return;
        }
        if self.answers.len() == KEPT {
            self.answers.pop_front();
        }
        self.answers.push_back((question, Arc::clone(found)));
    }
}
