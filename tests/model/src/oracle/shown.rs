//! The index of a process, as production asks it.

use std::sync::Arc;

use dataset_operator::plan::index::Index;
use dataset_operator::remote::Remote;
use dataset_operator::remote::id::RemoteId;

use super::Oracle;
use crate::question::Question;
use crate::rows::DATASET_GONE;
use crate::words;
use crate::world::{each, index};

/// What the index has shown the pass that asks.
pub(super) struct Shown<'a> {
    pub(super) oracle: &'a Oracle,
    pub(super) question: &'a Question,
}

impl Index for Shown<'_> {
    fn is_swept(&self, _: &str) -> bool {
        self.question.swept
    }

    fn children_known(&self, _: &str, _: &str) -> bool {
        self.question.versions_known
    }

    fn is_gone(&self, id: &RemoteId) -> bool {
        let dataset = words::is_dataset_of_versions(id) && self.question.gone & DATASET_GONE > 0;
        let known = |id: &RemoteId| self.oracle.words.of_id(id).is_some_and(|id| self.question.is_gone(id));
        dataset || known(id) || (id.child().is_some() && known(&RemoteId::new(id.root())))
    }

    fn get(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        let id = self.oracle.words.of_id(id)?;
        let row = self.question.rows[index(id)?].filter(|row| !row.doubtful)?;
        Some(self.oracle.remote(self.question, id, &row.look))
    }

    fn owned(&self, owners: &[String], _: Option<(&str, &str)>) -> Vec<Arc<Remote>> {
        let rows = each(&self.question.rows).map(|(id, row)| self.oracle.remote(self.question, id, &row.look));
        rows.filter(|remote| remote.mark.as_ref().is_some_and(|mark| mark.is_of(owners))).collect()
    }

    fn is_refused(&self, _: &str) -> bool {
        self.question.delete_refused
    }

    fn recorded_elsewhere(&self, id: &RemoteId, _: &str) -> bool {
        self.oracle.words.of_id(id).is_some_and(|id| self.question.elsewhere & (1 << id) > 0)
    }

    fn can_see(&self, _: &str) -> bool {
        false
    }

    fn lives_here(&self, uid: &str) -> bool {
        words::of_uid(uid).is_some_and(|uid| self.question.live_here & (1 << uid) > 0)
    }
}
