//! Remembers what the last lists of file metadata found, so that the pages of one walk cost one search and not one each.
//!
//! A change of any file metadata makes all of it void.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::store::Text;
use crate::store::file_meta::FileMeta;

/// Lists that are remembered; walks of different clients take turns.
const KEPT: usize = 4;

/// A file that was found: its sort key, its place in the order of creation, and its likeness.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Text,
    pub(super) place: u64,
    pub(super) meta: Arc<FileMeta>,
    pub(super) score: Option<f32>,
}

/// All that the finds of a list depend on, besides the file metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The version whose files are listed.
    pub(super) owner: Text,
    /// The query without the page.
    pub(super) query: Vec<(String, String)>,
    /// How many files it finds at most.
    pub(super) limit: Option<usize>,
}

/// The last lists, the latest asked last.
#[derive(Debug, Default)]
pub(in crate::actions) struct Walks {
    known: VecDeque<(Question, u64, Arc<[Found]>)>,
}

impl Walks {
    /// What a question found, if nothing has changed since.
    pub(super) fn known(&self, question: &Question, revision: u64) -> Option<Arc<[Found]>> {
        let same = |known: &&(Question, u64, Arc<[Found]>)| known.1 == revision && known.0 == *question;
        self.known.iter().find(same).map(|known| Arc::clone(&known.2))
    }

    pub(super) fn remember(&mut self, question: Question, revision: u64, found: Arc<[Found]>) {
        self.known.retain(|known| known.1 == revision && known.0 != question);
        if self.known.len() == KEPT {
            self.known.pop_front();
        }
        self.known.push_back((question, revision, found));
    }
}
