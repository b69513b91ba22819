//! A remote in hand that its object cannot be told of: the object is gone, or another life of it is there.

use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::plan::aftermath::{Unrecorded, after_unrecorded, released};
use crate::plan::recorded::Recorded;
use crate::plan::step::Record;
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Flow, Pass};

impl<K: Kind> Pass<'_, K> {
    /// The id could not be recorded on this object. `None`: it is tried again.
    pub(super) async fn unrecorded(&mut self, record: &Record, before: &Recorded) -> Option<Flow> {
        let now = match self.kube(self.api().get_opt(&self.facts.name)).await {
            Ok(Some(object)) if object.uid().as_ref() == Some(&self.facts.uid) => {
                self.adopt_copy(object);
                Some(self.recorded.id.as_ref())
            }
            Ok(_) => None,
            Err(error) => return Some(self.kube_failed(&error, "reading the object")),
        };
        match after_unrecorded(&record.id, before.id.as_ref(), now) {
            Unrecorded::Retry => None,
            Unrecorded::Surplus => Some(self.later()),
            Unrecorded::Release => Some(self.release(record).await),
        }
    }

    /// From now on the pass is for the remote: it goes the way of an object that is being deleted, through the same
    /// rules, but for what is only for the object ([`in_hand`](crate::plan::aftermath::in_hand)).
    async fn release(&mut self, record: &Record) -> Flow {
        released(&mut self.facts, &mut self.recorded, record);
        self.in_hand = true;
        // It goes on with the calls that it began.
        self.admitted = true;
        self.wanted = None;
        self.observed.flight = None;
        self.observed.object_is_fresh = true;
        self.observed.remotes.remove(&record.id);
        self.observed.definition_going = self.definition_took_it().await;
        Flow::Again
    }

    /// The remote was let go.
    pub(super) fn let_go_in_hand(&mut self) -> Flow {
        self.in_hand = false;
        self.ctx.states.found(&self.facts);
        self.forget();
        Flow::End(Action::await_change())
    }

    /// The pass ends, and the remote is still there.
    pub(super) fn leave_in_hand(&self) -> Action {
        let id = self.recorded.id.as_ref();
        tracing::warn!(
            controller = K::PROFILE.name,
            namespace = self.facts.namespace,
            name = self.facts.name,
            reconcileID = self.journal.id,
            cloudId = id.map(tracing::field::display),
            "the object is gone and its cloud dataset could not be released; it stays as an orphan"
        );
        self.forget();
        Action::await_change()
    }
}
